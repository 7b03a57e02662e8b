"""Which packets a connection security rule selects: its endpoints and ports as filters, its interfaces and networks."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import product
from math import prod
from typing import Final

from ipsecmig.consec.objects import ConnectionSecurityRule, EndpointAddress, KeywordAddress, MainModeRule, RuleScope
from ipsecmig.consec.vocabulary import AddressKeyword, InterfaceType, Profile
from ipsecmig.dialects.consec import messages
from ipsecmig.dialects.consec.draft import PLATFORMS, PROFILE, Draft
from ipsecmig.model.policy import ConnectionType, Filter
from ipsecmig.model.selectors import (
    ANY,
    ANY_PORT,
    ANY_PROTOCOL,
    PORT_PROTOCOLS,
    Address,
    AddressRange,
    Family,
    PortRange,
    ServerAddress,
    ServerRole,
)

MOST_FILTERS: Final = 100_000
"""How many filters the rules of a store may have together, as every pair of addresses and ports makes one."""

_ROLES: Final[Mapping[AddressKeyword, ServerRole]] = {
    AddressKeyword.DNS: ServerRole.DNS,
    AddressKeyword.DHCP: ServerRole.DHCP,
    AddressKeyword.WINS: ServerRole.WINS,
    AddressKeyword.DEFAULT_GATEWAY: ServerRole.GATEWAY,
}
_WIRED: Final = frozenset({InterfaceType.LAN, InterfaceType.WIRELESS})
_CONNECTIONS: Final[Mapping[frozenset[InterfaceType], ConnectionType]] = {
    frozenset(): ConnectionType.ALL,
    frozenset(InterfaceType): ConnectionType.ALL,
    _WIRED: ConnectionType.LAN,
    frozenset({InterfaceType.REMOTE_ACCESS}): ConnectionType.DIALUP,
}


def is_for_this_host(rule: ConnectionSecurityRule | MainModeRule, owner: str, draft: Draft) -> bool:
    """Whether the rule applies in the networks that the host is said to have; doubts are noted."""
    _platforms(rule.scope, rule, owner, draft)
    profiles = frozenset(rule.scope.profiles)
    if not profiles or profiles == frozenset(Profile):
        return True
    stated = {p for p in Profile if f"{PROFILE}{p.value}" in draft.assumptions}
    condition = " or ".join(p.value for p in Profile if p in profiles)
    if stated and not stated & profiles:
        draft.tell(messages.OTHER_PROFILE, rule.origin, owner, condition=condition)
        return False
    if not stated or stated - profiles:
        draft.doubt(messages.PROFILES, rule.origin, owner, condition=condition)
    return True


def _platforms(scope: RuleScope, rule: ConnectionSecurityRule | MainModeRule, owner: str, draft: Draft) -> None:
    stated = [*scope.platforms, *filter(None, (scope.platform_operator, scope.skip_version))]
    if stated and PLATFORMS not in draft.assumptions:
        draft.doubt(messages.PLATFORM, rule.origin, owner, condition=", ".join(stated))


def connection_type(rule: ConnectionSecurityRule, owner: str, draft: Draft) -> ConnectionType:
    """Return the kind of interface; where it cannot be said exactly, the next wider one."""
    kinds = frozenset(rule.interface_types)
    if rule.interfaces:
        draft.doubt(messages.INTERFACE, rule.origin, owner, condition="certain interfaces")
    if kinds in _CONNECTIONS:
        return _CONNECTIONS[kinds]
    condition = " and ".join(kind.value for kind in InterfaceType if kind in kinds)
    draft.doubt(messages.INTERFACE, rule.origin, owner, condition=f"interfaces of the kind {condition}")
    return ConnectionType.LAN if kinds <= _WIRED else ConnectionType.ALL


def filters(rule: ConnectionSecurityRule, owner: str, draft: Draft, room: int = MOST_FILTERS) -> tuple[Filter, ...]:
    """Return the filters of `rule`: every pair of addresses, with every pair of ports.

    What stands on one side only is symmetric: the filters are mirrored, endpoint 1 is their source. A rule that would
    need more than `room` is doubted, and gets one filter of all its protocol's packets.
    """
    protocol = ANY_PROTOCOL if rule.protocol is None else rule.protocol
    if (rule.ports1 or rule.ports2) and protocol not in PORT_PROTOCOLS:
        draft.doubt(messages.PORTS, rule.origin, owner, protocol=protocol or "any")
    sources = tuple(_addresses(rule.scope.endpoint1, rule, owner, draft))
    destinations = tuple(_addresses(rule.scope.endpoint2, rule, owner, draft))
    sides = _ports(rule.ports1), _ports(rule.ports2)
    if prod(map(len, (sources, destinations, *sides))) > max(room, 1):
        draft.doubt(messages.TOO_MANY_FILTERS, rule.origin, owner, limit=MOST_FILTERS)
        return (Filter(ANY, ANY, protocol, origin=rule.origin),)
    pairs = [pair for pair in product(sources, destinations) if _alike(*pair)]
    if not pairs:
        draft.doubt(messages.FAMILIES, rule.origin, owner)
    ports = list(product(*sides))
    return tuple(
        Filter(source, destination, protocol, *both, origin=rule.origin)
        for source, destination in pairs
        for both in ports
    )


def _ports(ports: Sequence[PortRange]) -> tuple[PortRange, ...]:
    return tuple(dict.fromkeys(ports)) or (ANY_PORT,)


def _alike(one: Address, other: Address) -> bool:
    """Whether the two can be ends of one packet."""
    families = {address.family for address in (one, other) if isinstance(address, AddressRange)}
    return len(families) < 2


def _addresses(
    endpoint: Sequence[EndpointAddress], rule: ConnectionSecurityRule, owner: str, draft: Draft
) -> Iterator[Address]:
    """Yield the addresses of one end; what they are is known only for some keywords, and later."""
    if not endpoint:
        yield ANY
    keywords = {each.keyword for each in endpoint if isinstance(each, KeywordAddress)}
    yield from dict.fromkeys(each for each in endpoint if isinstance(each, AddressRange))
    for keyword in (k for k in AddressKeyword if k in keywords):
        families = {e.family for e in endpoint if isinstance(e, KeywordAddress) and e.keyword is keyword}
        if keyword in _ROLES and families == set(Family):
            yield ServerAddress(_ROLES[keyword])
        else:
            of = "" if families == set(Family) else f" of IPv{next(iter(families)).value}"
            draft.doubt(messages.KEYWORD, rule.origin, owner, keyword=f"{keyword.value}{of}")
            yield from (AddressRange.whole(family) for family in sorted(families))
