"""The samples and what they must do: the packets beside each sample, and a slow decision by definition.

`NAME.packets.tsv` was written from the meaning of the scenario, never from the program's output. Its columns: a packet
in the command line's notation; `permit`, `block`, `protect` or `conflict`; what decides (`default`, `conflict`,
`exemption NAME` or `filter LIST`); for `protect` the parameters as `parameters_of` writes them; a remark.
"""

from __future__ import annotations

import csv
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Final, NamedTuple

from ipsecmig.cli.site import read_site
from ipsecmig.diagnostics import Severity
from ipsecmig.dialects.base import Reading, ReadOptions, Source
from ipsecmig.dialects.registry import read
from ipsecmig.model.flatten import FlatPolicy, SpecificFilter, flatten, select_policy
from ipsecmig.model.packets import parse_packet
from ipsecmig.model.policy import (
    AhTransform,
    AuthenticationMethod,
    Kerberos,
    PresharedKey,
    QuickModeOffer,
    Transform,
)
from ipsecmig.model.site import UNKNOWN_SITE, Site
from ipsecmig.model.space import Box, Packet
from ipsecmig.model.targets import EmissionRequest
from ipsecmig.model.treatment import Block, Permit, Protect

ROOT: Final = Path(__file__).parent.parent
SAMPLES: Final = ROOT / "samples"
HANDMADE: Final = SAMPLES / "handmade"
FORMS: Final = SAMPLES / "forms"
"""Other forms of some of the samples."""
SUFFIXES: Final = frozenset({".cmd", ".bat", ".netsh", ".ps1"})


class Decision(NamedTuple):
    """What happens to a packet, by what, and with which parameters."""

    treatment: str
    decided_by: str
    parameters: str


class Row(NamedTuple):
    """One line of a table of packets."""

    line: int
    packet: Packet
    expected: Decision
    remark: str


@dataclass(frozen=True, slots=True)
class Sample:
    """One script; its inventory and its table of packets stand beside it, where there are any."""

    path: Path

    @property
    def name(self) -> str:
        """The name of the file with its folder."""
        return self.path.relative_to(SAMPLES).as_posix()

    @property
    def site(self) -> Site:
        """The host that the script was written for."""
        file = self.path.with_suffix(".site.yaml")
        return read_site(file) if file.exists() else UNKNOWN_SITE

    @property
    def table(self) -> Path:
        """The file of packets; a sample whose result is undecided or refused has none."""
        return self.path.with_suffix(".packets.tsv")

    def rows(self) -> tuple[Row, ...]:
        """Return the lines of the table."""
        with self.table.open(encoding="utf-8", newline="") as file:
            lines = csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE, strict=True)
            return tuple(_row(number, line) for number, line in enumerate(lines, 2))


def _row(number: int, line: dict[str, str]) -> Row:
    expected = Decision(line["treatment"], line["decided_by"], line["parameters"])
    return Row(number, parse_packet(line["packet"]), expected, line["remark"])


def every_sample() -> tuple[Sample, ...]:
    """Return all samples, by name; the conversions by hand are none."""
    return tuple(
        Sample(path) for path in sorted(SAMPLES.rglob("*")) if path.suffix in SUFFIXES and path.parent != HANDMADE
    )


def decided_samples() -> tuple[Sample, ...]:
    """Return the samples of which every packet's treatment is known."""
    return tuple(sample for sample in every_sample() if sample.table.exists())


@cache
def reading_of(sample: Sample) -> Reading:
    """Return what the dialect makes of the script."""
    return read(Source(str(sample.path), sample.path.read_bytes()), ReadOptions())


@cache
def flat_policy(sample: Sample) -> FlatPolicy:
    """Return what packets meet under the sample's policy on its own host."""
    return flat_policy_at(sample, sample.site)


def flat_policy_at(sample: Sample, site: Site) -> FlatPolicy:
    """Return what packets meet under the sample's policy on the host of `site`."""
    reading = reading_of(sample)
    errors = [d for d in reading.diagnostics if d.severity is Severity.ERROR]
    assert not errors, errors
    return flatten(reading.store, select_policy(reading.store), site)


def emission_request(sample: Sample) -> EmissionRequest:
    """Return the request that makes an emitter write the sample."""
    flat = flat_policy(sample)
    return EmissionRequest(reading_of(sample).store, flat.policy, flat, (sample.name,))


def decide(flat: FlatPolicy, packet: Packet) -> Decision:
    """Return what happens to `packet`: exemptions first, then the most specific of the filters that select it.

    More specific means strictly inside. When several filters have no other inside them, they must agree.
    """
    for exemption in flat.exemptions:
        if any(holds(box, packet) for box in exemption.boxes):
            return Decision("permit", f"exemption {exemption.name}", "")
    matching = [(box, filter_) for filter_ in flat.filters for box in filter_.boxes if holds(box, packet)]
    best = [filter_ for box, filter_ in matching if not any(_inside(other, box) for other, _ in matching)]
    if not best:
        return Decision("permit", "default", "")
    if len({filter_.treatment for filter_ in best}) > 1:
        return Decision("conflict", "conflict", "")
    return _decision(best[0])


def holds(box: Box, packet: Packet) -> bool:
    """Whether `packet` is in `box`."""
    return all(low <= coordinate <= high for (low, high), coordinate in zip(box, packet, strict=True))


def _inside(inner: Box, outer: Box) -> bool:
    return inner != outer and outer.contains(inner)


def _decision(filter_: SpecificFilter) -> Decision:
    by = f"filter {filter_.filter_list.name}"
    treatment = filter_.treatment
    if isinstance(treatment, Permit):
        return Decision("permit", by, "")
    if isinstance(treatment, Block):
        return Decision("block", by, "")
    return Decision("protect", by, parameters_of(treatment))


def parameters_of(protect: Protect) -> str:
    """Return mode, offers in netsh's spelling, authentication and flags, separated by `; `."""
    parts = [
        _mode(protect),
        " ".join(_offer(offer) for offer in protect.offers),
        " ".join(_method(method) for method in protect.authentication),
    ]
    flags = {"pfs": protect.pfs, "inpass": protect.accept_clear_inbound, "soft": protect.fallback_to_clear}
    return "; ".join((*parts, *(flag for flag, is_set in flags.items() if is_set)))


def _mode(protect: Protect) -> str:
    if protect.tunnel is None:
        return "transport"
    ends = (protect.tunnel.local, protect.tunnel.remote)
    return "tunnel " + " > ".join("?" if end is None else end.text() for end in ends)


def _offer(offer: QuickModeOffer) -> str:
    lifetimes = [
        f"{offer.lifetime_kilobytes}k" if offer.lifetime_kilobytes else "",
        f"{offer.lifetime_seconds}s" if offer.lifetime_seconds else "",
    ]
    lifetime = "/".join(part for part in lifetimes if part)
    transforms = "+".join(_transform(transform) for transform in offer.transforms)
    return f"{transforms}:{lifetime}" if lifetime else transforms


def _transform(transform: Transform) -> str:
    if isinstance(transform, AhTransform):
        return f"AH[{transform.integrity.name}]"
    cipher = {"TRIPLE_DES": "3DES", "NULL": "None"}.get(transform.encryption.name, transform.encryption.name)
    return f"ESP[{cipher},{'None' if transform.integrity is None else transform.integrity.name}]"


def _method(method: AuthenticationMethod) -> str:
    if isinstance(method, Kerberos):
        return "kerberos"
    return "psk" if isinstance(method, PresharedKey) else "rootca"
