"""Verifies what a conversion is about to write: each target by itself, and together those that a packet meets."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Final

from ipsecmig.dialects.base import ReadOptions, Source
from ipsecmig.model.flatten import FlatPolicy
from ipsecmig.model.targets import Emission
from ipsecmig.verify.compare import Comparison, compare_each
from ipsecmig.verify.readback.registry import is_configuration, read_targets
from ipsecmig.verify.target import ReadTarget

_FILTER: Final = "nftables"
_KERNEL: Final = ("strongswan", "xfrm")
"""Targets whose policies a packet meets in the kernel, besides the packet filter; they replace each other."""


@dataclass(frozen=True, slots=True)
class VerifiedBundle:
    """The comparison of the policy with some targets that a packet meets one after another."""

    targets: tuple[str, ...]
    comparison: Comparison


def verify_emissions(flat: FlatPolicy, emissions: Sequence[Emission]) -> tuple[VerifiedBundle, ...]:
    """Return the comparison for every target and bundle of `emissions`, whose losses are forgiven by name."""
    read = {e.target: _read(flat, e) for e in emissions}
    losses = {e.target: e.losses for e in emissions}
    wanted = list(_bundles(tuple(read)))
    bundles = [([t for name in names for t in read[name]], [losses[name] for name in names]) for names in wanted]
    return tuple(map(VerifiedBundle, wanted, compare_each(flat, bundles)))


def _bundles(names: tuple[str, ...]) -> Iterator[tuple[str, ...]]:
    for name in names:
        yield (name,)
    if _FILTER in names:
        for name in names:
            if name in _KERNEL:
                yield _FILTER, name


def _read(flat: FlatPolicy, emission: Emission) -> tuple[ReadTarget, ...]:
    files = [Source(f.path, f.content) for f in emission.files if is_configuration(f.path)]
    site = flat.site if emission.holds_settings else replace(flat.site, exemptions=flat.exemption_value)
    return read_targets(files, site, ReadOptions(encoding="utf-8", assumptions=emission.assumptions))
