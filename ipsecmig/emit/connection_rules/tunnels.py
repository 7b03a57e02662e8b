"""The two rules of each tunnel, which are one connection security rule."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import NamedTuple

from ipsecmig.consec.objects import TunnelEnds
from ipsecmig.model.flatten import FlatPolicy
from ipsecmig.model.policy import Filter, FilterAction, FilterList, Rule
from ipsecmig.model.treatment import Protect, TunnelSense

Used = tuple[Rule, FilterList, FilterAction]


class Planned(NamedTuple):
    """The ends where a rule is to be made; else the reason why none can be, or neither: the other half makes it."""

    ends: TunnelEnds | None = None
    reason: str = ""


def pairs(used: Sequence[Used], flat: FlatPolicy) -> Mapping[int, Planned]:
    """Return by identity of each tunnel rule what is to be made of it."""
    halves = [one for one in used if one[0].tunnel_endpoint is not None]
    treatments = {id(f.rule): f.treatment for f in flat.filters if isinstance(f.treatment, Protect)}
    found: dict[int, Planned] = {}
    for rule, filters, _ in halves:
        treatment = treatments.get(id(rule))
        if id(rule) in found:
            continue
        if treatment is None or treatment.tunnel is None:
            found[id(rule)] = Planned(reason="the ends of the tunnel are not known")
            continue
        partner = next(
            (other for other in halves if _answers(rule, filters, other, treatment, treatments, found)), None
        )
        reason = _why_not(treatment, filters, flat) if partner else "the tunnel has no other half that is its reverse"
        if partner is None or reason:
            found[id(rule)] = Planned(reason=reason)
            continue
        first = treatment.tunnel.sense is TunnelSense.ENCAPSULATE
        ends = _ends(treatment)
        found[id(rule)] = Planned(ends if first else None)
        found[id(partner[0])] = Planned(None if first else ends)
    return found


def _answers(
    rule: Rule,
    filters: FilterList,
    other: Used,
    treatment: Protect,
    treatments: Mapping[int, Protect],
    found: Mapping[int, Planned],
) -> bool:
    """Whether `other` is the half of the same tunnel for the other direction, and not yet taken."""
    partner = treatments.get(id(other[0]))
    if partner is None or partner.tunnel is None or treatment.tunnel is None or id(other[0]) in found:
        return False
    alike = replace(partner, tunnel=treatment.tunnel) == treatment and partner.tunnel.sense != treatment.tunnel.sense
    ends = (partner.tunnel.local, partner.tunnel.remote) == (treatment.tunnel.local, treatment.tunnel.remote)
    same_links = rule.connection_type is other[0].connection_type
    return alike and ends and same_links and set(map(_key, filters.filters)) == set(map(_reverse, other[1].filters))


def _why_not(treatment: Protect, filters: FilterList, flat: FlatPolicy) -> str:
    tunnel = treatment.tunnel
    local, remote = (tunnel.local, tunnel.remote) if tunnel else (None, None)
    if local is None or remote is None or not local.is_host or not remote.is_host:
        return "the ends of the tunnel are not known, or not one address each"
    if local.family is not remote.family or local not in flat.site.addresses:
        return "the local end of the tunnel is not known to be this host's; give its addresses (--me or --site)"
    if any(f.mirrored or f.protocol for f in filters.filters):
        return "the filters of a tunnel are for one direction, and for all protocols"
    return ""


def _ends(treatment: Protect) -> TunnelEnds | None:
    tunnel = treatment.tunnel
    if tunnel is None or tunnel.local is None or tunnel.remote is None:
        return None
    return TunnelEnds((tunnel.local,), (tunnel.remote,))


def _key(filter_: Filter) -> tuple[object, ...]:
    return filter_.source, filter_.destination, filter_.protocol, filter_.source_port, filter_.destination_port


def _reverse(filter_: Filter) -> tuple[object, ...]:
    return filter_.destination, filter_.source, filter_.protocol, filter_.destination_port, filter_.source_port
