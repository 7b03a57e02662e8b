r"""Connection security rules in the registry, from whatever registry keys a reader found.

Rules stand in the values of `ConSecRules` and `MainModeRules`, sets in keys named by their identifiers with one subkey
for each suite (`0000`), below `...\Policies\Microsoft\WindowsFirewall` of group policy and below
`...\SharedAccess\Parameters\FirewallPolicy` of the host. In group policy a value named by the identifier of a default
set, on the key above the sets, names the set that stands in its place. Source: [MS-GPFAS] 2.2.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Final

from ipsecmig.consec import sets
from ipsecmig.consec.defaults import DEFAULT_SETS
from ipsecmig.consec.objects import (
    AuthenticationSet,
    ConnectionSecurityRule,
    ConsecStore,
    MainModeRule,
    Refused,
    Token,
)
from ipsecmig.diagnostics import Diagnostic, Origin
from ipsecmig.dialects.base import Reading
from ipsecmig.dialects.consec import messages
from ipsecmig.dialects.consec.policy import convert
from ipsecmig.dialects.consec.protection import AnySet
from ipsecmig.dialects.consec.strings import read_string
from ipsecmig.model.policy import NotUnderstood, PolicyStore, StoreKind, StoreLocation
from ipsecmig.stored.registry import RegistryKey, RegistryValue

_BASE: Final = re.compile(
    r"(?P<base>.*\\(?P<kind>Policies\\Microsoft\\WindowsFirewall|Parameters\\FirewallPolicy))(?:\\(?P<rest>.*))?",
    re.IGNORECASE,
)
_FIRST: Final = frozenset({"phase1authenticationset", "phase1authenticationsets"})
_SECOND: Final = frozenset({"phase2authenticationset", "phase2authenticationsets"})
_MAIN: Final = frozenset({"phase1cryptoset", "phase1cryptosets"})
_QUICK: Final = frozenset({"phase2cryptoset", "phase2cryptosets"})
_SETS: Final = _FIRST | _SECOND | _MAIN | _QUICK
_SETTINGS: Final = frozenset({"ipsecexempt", "strongcrlcheck", "ipsecthroughnat", "saidltime"})
_AUTHORIZATION: Final = re.compile(r"ipsec.*authoriz", re.IGNORECASE)
_SUITE: Final = re.compile(r"\d{4}")


@dataclass(slots=True)
class _Set:
    """One set while its keys are gathered."""

    id: str
    origin: Origin
    tokens: tuple[Token, ...] = ()
    suites: dict[str, tuple[Token, ...]] = field(default_factory=dict)

    def in_order(self) -> list[tuple[str, tuple[Token, ...]]]:
        """Return the suites in order of preference."""
        return sorted(self.suites.items())


@dataclass(slots=True)
class _Base:
    """What one base key holds, while it is gathered."""

    path: str
    rules: list[ConnectionSecurityRule] = field(default_factory=list)
    main_mode_rules: list[MainModeRule] = field(default_factory=list)
    sets: dict[tuple[str, str], _Set] = field(default_factory=dict)
    settings: list[Token] = field(default_factory=list)
    substitutes: list[Token] = field(default_factory=list)
    refused: list[Refused] = field(default_factory=list)

    def of(self, kind: frozenset[str]) -> Iterator[_Set]:
        """Yield the sets below the keys of `kind`."""
        return (each for (parent, _), each in self.sets.items() if parent in kind)


def stores(keys: Iterable[RegistryKey], sources: tuple[str, ...] = ()) -> tuple[tuple[str, ConsecStore], ...]:
    """Return the stores among `keys`, each with its base key: that of the host, those of group policy."""
    bases: dict[str, _Base] = {}
    for key in keys:
        match = _BASE.fullmatch(key.path.rstrip("\\"))
        if match is None:
            continue
        base = bases.setdefault(match["base"].lower(), _Base(match["base"]))
        _read_key(base, key, [part for part in (match["rest"] or "").split("\\") if part])
    return tuple((base.path, _store(base, sources)) for base in bases.values())


def _read_key(base: _Base, key: RegistryKey, below: Sequence[str]) -> None:
    words = [part.lower() for part in below]
    if not words:
        base.settings += [Token(v.name, _text(v)) for v in key.values.values() if _bears_on_ipsec(v)]
    elif words[0] in {"consecrules", "mainmoderules"} and len(words) == 1:
        for value in key.values.values():
            _read_rule(base, value, key.origin)
    elif words[0] in _SETS and len(words) == 1:
        base.substitutes += [Token(value.name, _text(value)) for value in key.values.values() if value.name]
    elif words[0] in _SETS and len(words) == 2:
        _set(base, below, key.origin).tokens = _tokens(key.values)
    elif words[0] in _SETS and len(words) == 3 and _SUITE.fullmatch(words[2]):
        _set(base, below, key.origin).suites[words[2]] = _tokens(key.values)
    elif words[0] in _SETS:
        base.refused.append(Refused("\\".join(below), "is no key that a set has", key.origin))


def _bears_on_ipsec(value: RegistryValue) -> bool:
    name = value.name.lower()
    return name in _SETTINGS or (bool(_AUTHORIZATION.search(name)) and bool(value.data))


def _read_rule(base: _Base, value: RegistryValue, where: Origin) -> None:
    origin = value.origin if value.origin.file != "<none>" else where
    if not isinstance(value.data, str):
        if value.name:
            base.refused.append(Refused(f'value "{value.name}"', "a rule is text, and this is not", origin))
        return
    if not value.name and not value.data:
        return
    found = read_string(value.data, value.name, origin)
    if isinstance(found, ConnectionSecurityRule):
        base.rules.append(found)
    elif isinstance(found, MainModeRule):
        base.main_mode_rules.append(found)
    elif found is not None:
        base.refused.append(found)


def _set(base: _Base, below: Sequence[str], origin: Origin) -> _Set:
    return base.sets.setdefault((below[0].lower(), below[1].lower()), _Set(below[1], origin))


def _tokens(values: Mapping[str, RegistryValue]) -> tuple[Token, ...]:
    return tuple(Token(value.name, _text(value)) for value in values.values() if value.name)


def _text(value: RegistryValue) -> str:
    """Return the data as text; what is neither text nor a number is no value that a set has."""
    return str(value.data) if isinstance(value.data, str | int) else "(binary)"


def _store(base: _Base, sources: tuple[str, ...]) -> ConsecStore:
    authentication: list[AuthenticationSet] = []
    for phase, kind in ((1, _FIRST), (2, _SECOND)):
        authentication += [
            sets.authentication_set(s.id, phase, s.tokens, s.in_order(), s.origin) for s in base.of(kind)
        ]
    return ConsecStore(
        tuple(base.rules),
        tuple(base.main_mode_rules),
        tuple(authentication),
        tuple(sets.main_mode_set(s.id, s.tokens, s.in_order(), s.origin) for s in base.of(_MAIN)),
        tuple(sets.quick_mode_set(s.id, s.tokens, s.in_order(), s.origin) for s in base.of(_QUICK)),
        sets.global_settings(base.settings),
        tuple(base.substitutes),
        tuple(base.refused),
        sources,
    )


def read_keys(
    keys: Iterable[RegistryKey], assumptions: frozenset[str] = frozenset(), sources: tuple[str, ...] = ()
) -> Reading:
    """Return the policies of the connection security rules among `keys`; an empty store where there are none.

    Rules of group policy become a policy of the store `domain`. Where both it and the host have rules, both are in
    force at once, and every answer about one of them is undecided. What group policy leaves open, its exemptions and
    what the default sets are, is what the host has.
    """
    found = stores(keys, sources)
    hosts = [store for path, store in found if not _is_group_policy(path)]
    whole = [(path, _completed(path, store, hosts)) for path, store in found]
    readings = [_read_store(path, store, assumptions) for path, store in whole]
    policies = tuple(policy for reading in readings for policy in reading.store.policies)
    not_understood = [each for reading in readings for each in reading.store.not_understood]
    diagnostics: list[Diagnostic] = [said for reading in readings for said in reading.diagnostics]
    for (_, before), (_, after) in zip(found, whole, strict=True):
        if after.rules and after != before:
            diagnostics.append(messages.COMPLETED.say(after.rules[0].origin))
    if len(policies) > 1:
        for policy in policies:
            said = messages.BOTH_STORES.say(policy.origin, policy.name)
            diagnostics.append(said)
            not_understood.append(NotUnderstood(f'policy "{policy.name}"', said.message, policy.origin))
    joined = PolicyStore(
        policies,
        tuple(each for reading in readings for each in reading.store.filter_lists),
        tuple(each for reading in readings for each in reading.store.filter_actions),
        not_understood=tuple(not_understood),
        sources=sources,
    )
    return Reading(joined, tuple(diagnostics))


def _is_group_policy(path: str) -> bool:
    return path.lower().endswith("windowsfirewall")


def _completed(path: str, store: ConsecStore, hosts: Sequence[ConsecStore]) -> ConsecStore:
    """Return a store of group policy with what the only store of the host beside it says of what it leaves open."""
    if not _is_group_policy(path) or len(hosts) != 1:
        return store
    host, own = hosts[0], store.settings
    defined = {name.lower() for name, _ in store.substitutes}
    exemptions = host.settings.exemptions if own.exemptions is None else own.exemptions
    return replace(
        store,
        settings=replace(own, exemptions=exemptions),
        authentication_sets=(*_defaults(host.authentication_sets, defined), *store.authentication_sets),
        main_mode_sets=(*_defaults(host.main_mode_sets, defined), *store.main_mode_sets),
        quick_mode_sets=(*_defaults(host.quick_mode_sets, defined), *store.quick_mode_sets),
    )


def _defaults(found: Iterable[AnySet], defined: Collection[str]) -> Iterator[AnySet]:
    """Yield the default sets among `found`, without those in whose place another stands."""
    return (each for each in found if each.id.lower() in DEFAULT_SETS and each.id.lower() not in defined)


def _read_store(path: str, store: ConsecStore, assumptions: frozenset[str]) -> Reading:
    """Return the policy of one store. Every Windows has the keys: settings without rules are no policy."""
    if not (store.rules or store.main_mode_rules):
        store = replace(store, main_mode_sets=(), settings=replace(store.settings, exemptions=None))
    if not _is_group_policy(path):
        return convert(store, assumptions)
    reading = convert(store, assumptions, StoreLocation(StoreKind.DOMAIN))
    named = tuple(replace(policy, name=f"{policy.name} (group policy)") for policy in reading.store.policies)
    return Reading(replace(reading.store, policies=named), reading.diagnostics)
