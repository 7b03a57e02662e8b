"""From a policy to what a packet meets: every rule's filters poured into one list, most specific first.

Windows gives no way to order filters; it prefers the more specific one. How it weighs two filters of which neither
contains the other is not documented, so such pairs are conflicts wherever their treatments differ (see `conflicts`).
Source: TechNet "IPSec driver", HP-UX IPSec manual p. 18, [MS-GPIPSEC] (mirror flags), TechNet "IPSec policy rules".
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

from ipsecmig.errors import UsageError
from ipsecmig.model.collector import collector_paused
from ipsecmig.model.exemptions import NEIGHBOUR_DISCOVERY, ROUTER_DISCOVERY, Exemption, exemption_value, exemptions
from ipsecmig.model.expansion import Term, expand, families_of
from ipsecmig.model.policy import (
    Action,
    ConnectionSecurity,
    ConnectionType,
    Filter,
    FilterAction,
    FilterList,
    NotUnderstood,
    Policy,
    PolicyStore,
    Rule,
)
from ipsecmig.model.selectors import AddressRange, Family, PortRange
from ipsecmig.model.site import UNKNOWN_SITE, Site
from ipsecmig.model.space import ALL_LINKS, Box, Direction, Link, Span, box
from ipsecmig.model.treatment import BLOCK, PERMIT, Block, Permit, Protect, TunnelSense
from ipsecmig.model.tunnels import TunnelPlan, plan_tunnels
from ipsecmig.model.windows import ASSUMED, WindowsVersion

_LINKS: dict[ConnectionType, Span] = {
    ConnectionType.ALL: ALL_LINKS,
    ConnectionType.LAN: (Link.LAN, Link.LAN),
    ConnectionType.DIALUP: (Link.DIALUP, Link.DIALUP),
}

_CLOSED_FIRST: dict[type, int] = {Block: 0, Protect: 1, Permit: 2}
"""Among equals the treatment that lets less through comes first."""


class Weight(NamedTuple):
    """How specific a filter is: the sizes of its parts, compared in this order, smaller first.

    A filter inside another has no larger part, so this order never contradicts containment. `me` counts as a host.
    """

    source: int
    destination: int
    protocol: int
    source_port: int
    destination_port: int


class SpecificFilter(NamedTuple):
    """One filter as it is matched: keywords replaced, one direction of a mirrored pair.

    `source` and `destination` keep whether they stand for `me`; `boxes` are the packets it selects, one box for each
    direction in which it can match. `mirror` marks the reverse half of a mirrored filter.
    """

    weight: Weight
    source: Term
    destination: Term
    boxes: tuple[Box, ...]
    treatment: Permit | Block | Protect
    rule: Rule
    filter_list: FilterList
    filter: Filter
    mirror: bool


@dataclass(frozen=True, slots=True)
class FlatPolicy:
    """What packets meet under one policy, most specific filter first.

    `filters` decide by first match, after `exemptions`; a packet that nothing matches passes. `default_response` is
    what answers an IKE offer that no filter covers. `assumptions` are statements in plain words on which everything
    said from here on rests; `not_understood` makes it undecided.
    """

    policy: Policy
    site: Site
    exemption_value: int
    exemptions: tuple[Exemption, ...]
    filters: tuple[SpecificFilter, ...]
    default_response: Protect | None
    assumptions: tuple[str, ...]
    not_understood: tuple[NotUnderstood, ...]

    def layers(self) -> Iterator[tuple[Box, Permit | Block | Protect]]:
        """Yield every box with its treatment in the order of decision: the first that holds a packet decides it."""
        for exemption in self.exemptions:
            for exempt in exemption.boxes:
                yield exempt, PERMIT
        for specific in self.filters:
            for selected in specific.boxes:
                yield selected, specific.treatment


def select_policy(store: PolicyStore, name: str | None = None) -> Policy:
    """Return the policy called `name`; without a name the assigned one, else the only one.

    Raises UsageError, listing the policies, when that does not single one out.
    """
    names = ", ".join(f'"{p.name}"' for p in store.policies) or "none"
    if name is not None:
        for policy in store.policies:
            if policy.name.casefold() == name.casefold():
                return policy
        raise UsageError(f'there is no policy "{name}"; the source has: {names}')
    assigned = [p for p in store.policies if p.assigned]
    candidates = assigned or list(store.policies)
    if len(candidates) == 1:
        return candidates[0]
    if not candidates:
        raise UsageError("the source defines no policy")
    which = "assigns several policies" if assigned else "has several policies and assigns none"
    raise UsageError(f"the source {which}; choose one with --policy: {names}")


@collector_paused()
def flatten(store: PolicyStore, policy: Policy, site: Site = UNKNOWN_SITE) -> FlatPolicy:
    """Return what packets meet under `policy` of `store` on the host that `site` describes.

    The host runs the Windows that `site` names, else the one that the source states, else the assumed one; the site of
    the result names it. Connection security rules came with Vista: for a policy of them it runs that or later.
    """
    windows = site.windows or store.settings.windows
    if policy.connection_security is not None:
        windows = WindowsVersion.VISTA
    site = replace(site, windows=windows or ASSUMED)
    unknown: list[NotUnderstood] = list(store.not_understood)
    bound = list(_bind(store, policy, unknown))
    tunnels = plan_tunnels([(rule, filters) for rule, filters, _ in bound], site)
    unknown.extend(tunnels.not_understood)
    halves: list[_Half] = []
    for rule, filter_list, action in bound:
        treatment = _treatment(policy, rule, action, tunnels)
        halves.extend(_halves_of(_Bound(rule, filter_list, action, treatment), policy, site, unknown))
    halves.sort(key=lambda half: (half.weight, _CLOSED_FIRST[type(half.bound.treatment)]))
    # Made in the order of decision, they stand in memory as they are gone through: a fifth of the time of a proof.
    specific = tuple(map(_specific, halves))
    value = exemption_value(site, store.settings.exemptions)
    response = _default_response(policy, site)
    negotiates = response is not None or any(type(f.treatment) is Protect for f in specific)
    return FlatPolicy(
        policy,
        site,
        value,
        exemptions(site, value, negotiates=negotiates, firewall=policy.connection_security),
        specific,
        response,
        tuple(_assumptions(specific, site, value, policy.connection_security, stated=windows is not None)),
        tuple(unknown),
    )


def host_of(stores: Iterable[PolicyStore], site: Site = UNKNOWN_SITE) -> Site:
    """Return `site` with what `stores`, sources about one host, state of it and `site` does not.

    NoDefaultExempt and the version of Windows belong to the host, and many formats cannot say them: what one source
    states counts for all. Where they contradict each other, each keeps its own.
    """
    settings = [store.settings for store in stores]
    windows = {one.windows for one in settings} - {None}
    exempt = {one.exemptions for one in settings} - {None}
    if site.windows is None and len(windows) == 1:
        site = replace(site, windows=windows.pop())
    if site.exemptions is None and len(exempt) == 1:
        site = replace(site, exemptions=exempt.pop())
    return site


def _bind(
    store: PolicyStore, policy: Policy, unknown: list[NotUnderstood]
) -> Iterator[tuple[Rule, FilterList, FilterAction]]:
    """Yield the active rules with what they refer to; a rule that refers to nothing is not understood."""
    lists, actions = store.defined_in(policy.store)
    for rule in policy.rules:
        if not rule.active:
            continue
        filter_list = lists.get(rule.filter_list.casefold())
        action = actions.get(rule.filter_action.casefold())
        if filter_list is None or action is None:
            kind, name = (
                ("filter list", rule.filter_list) if filter_list is None else ("filter action", rule.filter_action)
            )
            reason = f'the rule names the {kind} "{name}", which the source does not define'
            unknown.append(NotUnderstood(f'rule "{rule.name}"', reason, rule.origin))
            continue
        yield rule, filter_list, action


def _treatment(policy: Policy, rule: Rule, action: FilterAction, plan: TunnelPlan) -> Permit | Block | Protect:
    if action.action is Action.PERMIT:
        return PERMIT
    if action.action is Action.BLOCK:
        return BLOCK
    return Protect(
        offers=action.offers,
        authentication=rule.authentication,
        main_mode=policy.main_mode,
        pfs=action.pfs,
        pfs_group=action.pfs_group,
        tunnel=plan.of(rule),
        accept_clear_inbound=action.inbound_passthrough,
        fallback_to_clear=action.soft,
    )


def _default_response(policy: Policy, site: Site) -> Protect | None:
    rule = policy.default_response
    if rule is None or not rule.active or not site.traits.default_response:
        return None
    return Protect(rule.offers, rule.authentication, policy.main_mode, pfs=rule.pfs, responder_only=True)


class _Bound(NamedTuple):
    """A rule with what it refers to, and what its packets meet."""

    rule: Rule
    filter_list: FilterList
    action: FilterAction
    treatment: Permit | Block | Protect


class _Half(NamedTuple):
    """A specific filter to be; `directions`, at least one, are those of its boxes."""

    weight: Weight
    source: Term
    destination: Term
    directions: tuple[Direction, ...]
    bound: _Bound
    filter: Filter
    mirror: bool


def _halves_of(bound: _Bound, policy: Policy, site: Site, unknown: list[NotUnderstood]) -> Iterator[_Half]:
    rule, filter_list, action, treatment = bound
    forwards = policy.connection_security is None or rule.tunnel_endpoint is not None
    traits = site.traits
    weights: dict[Weight, Weight] = {}
    for filter_ in filter_list.filters:
        try:
            halves = list(_halves(filter_, site))
        except LookupError as unresolved:
            reason = f"{unresolved.args[0]}; name its addresses in the site inventory"
            text = f'filter list "{filter_list.name}": {action.action.value}'
            unknown.append(NotUnderstood(text, reason, filter_.origin))
            continue
        if not traits.ipv6_in_policy and any(source.range.family is Family.IPV6 for source, _, _ in halves):
            reason = f"{traits.title} does not filter IPv6; state the Windows version that the policy is for"
            unknown.append(NotUnderstood(f'filter list "{filter_list.name}": an IPv6 filter', reason, filter_.origin))
        for source, destination, reverse in halves:
            directions = tuple(_directions(source, destination, treatment, site, forwards=forwards))
            if directions:
                weight = _weight(filter_, source, destination, reverse=reverse)
                weight = weights.setdefault(weight, weight)
                yield _Half(weight, source, destination, directions, bound, filter_, reverse)


def _specific(half: _Half) -> SpecificFilter:
    weight, source, destination, directions, (rule, filter_list, _, treatment), filter_, mirror = half
    link = _LINKS[rule.connection_type]
    boxes = _boxes(filter_, source, destination, directions, reverse=mirror, link=link)
    return SpecificFilter(weight, source, destination, boxes, treatment, rule, filter_list, filter_, mirror)


def _halves(filter_: Filter, site: Site) -> Iterator[tuple[Term, Term, bool]]:
    """Yield source, destination and whether it is the reverse; raises LookupError for an unknown name or server."""
    for family in families_of(filter_, site):
        for source in expand(filter_.source, family, site):
            for destination in expand(filter_.destination, family, site):
                yield source, destination, False
                if filter_.mirrored and (source != destination or filter_.source_port != filter_.destination_port):
                    yield destination, source, True


def _boxes(
    filter_: Filter,
    source: Term,
    destination: Term,
    directions: Iterable[Direction],
    *,
    reverse: bool,
    link: Span,
) -> tuple[Box, ...]:
    source_port, destination_port = filter_.source_port, filter_.destination_port
    if reverse:
        source_port, destination_port = destination_port, source_port
    found = []
    protocol = filter_.protocol
    for direction in directions:
        if direction is Direction.IN:
            found.append(box(direction, destination.range, source.range, protocol, destination_port, source_port, link))
        else:
            found.append(box(direction, source.range, destination.range, protocol, source_port, destination_port, link))
    return tuple(found)


def _directions(
    source: Term, destination: Term, treatment: Permit | Block | Protect, site: Site, *, forwards: bool
) -> Iterator[Direction]:
    """Yield the directions in which packets from `source` to `destination` can meet this host.

    A packet from this host goes out and one to it comes in; what is neither is forwarded, if the rule `forwards` at
    all. Packets between two addresses of this host never leave it and are not IPsec's business.
    """
    sense = treatment.tunnel.sense if type(treatment) is Protect and treatment.tunnel is not None else None
    own = site.addresses
    from_me = source.me or not own or any(_covers(source.range, a) for a in own)
    to_me = destination.me or not own or any(_covers(destination.range, a) for a in own)
    if from_me and not destination.me and sense is not TunnelSense.DECAPSULATE:
        yield Direction.OUT
    if to_me and not source.me and sense is not TunnelSense.ENCAPSULATE:
        yield Direction.IN
    if forwards and not source.me and not destination.me:
        yield Direction.FORWARD


def _covers(outer: AddressRange, inner: AddressRange) -> bool:
    return outer.family == inner.family and outer.first <= inner.first and inner.last <= outer.last


def _weight(filter_: Filter, source: Term, destination: Term, *, reverse: bool) -> Weight:
    source_port, destination_port = filter_.source_port, filter_.destination_port
    if reverse:
        source_port, destination_port = destination_port, source_port
    return Weight(
        source.size,
        destination.size,
        1 if filter_.protocol else 256,
        _ports(source_port),
        _ports(destination_port),
    )


def _ports(ports: PortRange) -> int:
    return ports.last - ports.first + 1


def _assumptions(
    specific: Sequence[SpecificFilter], site: Site, value: int, firewall: ConnectionSecurity | None, *, stated: bool
) -> Iterator[str]:
    """Yield what the answers rest on; `stated` is whether anything states the version of Windows."""
    traits = site.traits
    exempt = f"NoDefaultExempt = {value}" if firewall is None else f"IPsecExempt = {firewall.exemptions}"
    yield f"the source is {traits.title}, with {exempt}"
    if not stated:
        yield f"the source's version of Windows is not known: it is taken as {traits.title}"
    if not site.addresses and any(f.source.me or f.destination.me for f in specific):
        yield (
            "this host's addresses are not known: `me` is taken as every source of what goes out"
            " and every destination of what comes in, multicast and broadcast included"
        )
    if not traits.ipv6_in_policy:
        yield f"{traits.title} does not filter IPv6: IPv6 packets pass"
    yield "UDP 4500 is exempt as UDP 500 is"
    if firewall is not None:
        yield "connection security rules in transport mode do not apply to what this host forwards"
    if firewall is not None and firewall.exemptions & ROUTER_DISCOVERY:
        yield "router discovery is exempt, and with it all of ICMP and ICMPv6"
    if site.windows is WindowsVersion.VISTA and (firewall is None or firewall.exemptions & NEIGHBOUR_DISCOVERY):
        yield "neighbour discovery is exempt, and with it all of ICMPv6"
    if value in {0, 1} and not site.broadcasts:
        yield "the directed broadcast addresses of this host's networks are not known"
