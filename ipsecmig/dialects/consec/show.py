"""The dialect `netsh-consec-show`: what `netsh advfirewall consec show rule name=all verbose` prints.

A rule begins with its name, a colon and a line of dashes below; each line then is a label and a value. Labels follow
the language of the system (see `labels`); one that no table has makes everything undecided. Preshared keys stand in it
in clear: a value whose label is not known is never shown.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Final

from ipsecmig.consec.defaults import DEFAULT_MAIN_MODE
from ipsecmig.consec.objects import ConsecStore, MainModeCryptoSet, Refused
from ipsecmig.diagnostics import Origin
from ipsecmig.dialects import decoding
from ipsecmig.dialects.base import Reading, ReadOptions, Source
from ipsecmig.dialects.consec import messages
from ipsecmig.dialects.consec.labels import Field, meaning
from ipsecmig.dialects.consec.parameters import main_mode_of, rule_of
from ipsecmig.dialects.consec.policy import convert

_DASHES: Final = re.compile(r"-{10,}")
_FIELD: Final = re.compile(r"([^:]{1,80}?)[ \t]*[:\uff1a][ \t]*(.*)")
_ANY: Final = frozenset({"any", "none", ""})
_NO_TUNNEL: Final = ("localtunnelendpoint", "remotetunnelendpoint")


@dataclass(slots=True)
class _Block:
    """One rule while it is read: parameters by tag, and the certificates that it details, in their order."""

    origin: Origin
    values: dict[str, str] = field(default_factory=dict)
    certificates: dict[str, list[dict[str, str]]] = field(default_factory=dict)
    main_mode: dict[Field, str] = field(default_factory=dict)

    def parameters(self) -> Mapping[str, str]:
        """Return the parameters as `add rule` has them."""
        values = dict(self.values)
        if values.get("mode", "").lower() != "tunnel":
            for tag in _NO_TUNNEL:
                if values.get(tag, "any").lower() in _ANY:
                    values.pop(tag, None)
        for tag in ("auth1", "auth2"):
            if values.get(tag, "").lower() == "none":
                del values[tag]
        for before, found in self.certificates.items():
            values[f"{before}ca"] = "|".join(map(_authority, found))
            if any(each.get("healthcert", "no").lower() != "no" for each in found):
                values[f"{before}healthcert"] = "yes"
        return values


def _authority(details: Mapping[str, str]) -> str:
    options = (f"{name}:{details[name]}" for name in ("certmapping", "excludecaname", "catype") if name in details)
    return " ".join([details.get("ca", ""), *options])


class _Reader:
    """Reads the lines of one listing."""

    def __init__(self, file: str) -> None:
        self._file = file
        self.blocks: list[_Block] = []
        self.refused: list[Refused] = []

    def read(self, lines: Sequence[str]) -> None:
        """Read `lines`: fields, the dashes below names, and what ends the listing."""
        for number, (line, after) in enumerate(pairwise([*lines, ""]), start=1):
            stripped = line.strip()
            if not stripped or _DASHES.fullmatch(stripped) or (stripped.lower() == "ok." and self.blocks):
                continue
            origin = Origin(self._file, number, 1 + len(line) - len(line.lstrip()), len(line.rstrip()) + 1)
            match = _FIELD.fullmatch(stripped)
            if match is None:
                self._refuse(f"line {number}", "the line has no label", origin)
                continue
            if _DASHES.fullmatch(after.strip()):
                self.blocks.append(_Block(origin))
            self._field(match[1], match[2].strip(), origin)

    def _field(self, label: str, value: str, origin: Origin) -> None:
        tag = meaning(label)
        if tag is None:
            self._refuse(f'field "{label}"', f'the label "{label}" is in no table of labels', origin)
        elif not self.blocks:
            self._refuse(f'field "{label}"', "it belongs to no rule", origin)
        elif isinstance(tag, Field):
            self.blocks[-1].main_mode[tag] = value
        elif "." in tag:
            before, _, part = tag.partition(".")
            self._detail(before, part, value)
        elif tag in self.blocks[-1].values:
            self._refuse(f'field "{label}"', "the rule has it twice", origin)
        else:
            self.blocks[-1].values[tag] = value

    def _detail(self, before: str, part: str, value: str) -> None:
        found = self.blocks[-1].certificates.setdefault(before, [])
        if not found or part in found[-1]:
            found.append({})
        found[-1][part] = value

    def _refuse(self, text: str, reason: str, origin: Origin) -> None:
        self.refused.append(Refused(text, reason, origin))


def read_text(text: str, file: str) -> ConsecStore:
    """Return the store that the listing `text` shows."""
    reader = _Reader(file)
    reader.read(text.split("\n"))
    stated = [rule_of(block.parameters(), f"rule {n}", block.origin) for n, block in enumerate(reader.blocks, 1)]
    main = tuple(_main_mode(reader.blocks))
    refused = list(reader.refused)
    if len(main) > 1:
        refused.append(Refused("main mode", "the rules show different main modes", main[1].origin))
    return ConsecStore(
        tuple(each.rule for each in stated),
        authentication_sets=tuple(found for each in stated for found in each.authentication),
        main_mode_sets=main[:1],
        quick_mode_sets=tuple(found for each in stated for found in each.quick_mode),
        refused=tuple(refused),
        sources=(file,),
    )


def _main_mode(blocks: Sequence[_Block]) -> Iterator[MainModeCryptoSet]:
    """Yield the main modes that the rules show; all rules share one."""
    seen: set[tuple[str, str]] = set()
    for block in blocks:
        methods, lifetime = (block.main_mode.get(f, "") for f in (Field.MAIN_MODE_METHODS, Field.MAIN_MODE_LIFETIME))
        if (methods or lifetime) and (methods, lifetime) not in seen:
            seen.add((methods, lifetime))
            yield main_mode_of(methods, lifetime, "", DEFAULT_MAIN_MODE, block.origin)


def read(source: Source, options: ReadOptions) -> Reading:
    """Return the policy that the listing `source` shows.

    Raises InputError for what is no text and UsageError for an unknown encoding.
    """
    decoded = decoding.decode(source, options)
    store = read_text(decoded.text, source.name)
    reading = convert(store, options.assumptions)
    unchecked = tuple(messages.UNCHECKED_LISTING.say(at, what=what) for what, at in _unchecked(store))
    return Reading(reading.store, (*decoded.diagnostics, *unchecked, *reading.diagnostics))


def _unchecked(store: ConsecStore) -> Iterator[tuple[str, Origin]]:
    """Yield which parts of the listing no real one confirmed, each with the first place."""
    tunnel = next((rule for rule in store.rules if rule.tunnel.is_tunnel), None)
    if tunnel is not None:
        yield "the fields of a tunnel", tunnel.origin
    several = next(
        (one for one in store.authentication_sets if sum(bool(suite.authority) for suite in one.suites) > 1), None
    )
    if several is not None:
        yield "a list of several certification authorities", several.origin
    if len(store.rules) > 1:
        yield "the layout of several rules", store.rules[1].origin
