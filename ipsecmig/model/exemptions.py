"""The traffic that Windows lets pass before it looks at any filter.

Source: TechNet "Specifying Default Exemptions to IPSec Filtering", KB811832, KB253169. The value is that of the
registry's NoDefaultExempt; its default depends on the version. RFC 2401 4.4.1 has no such notion.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from ipsecmig.model import selectors
from ipsecmig.model.policy import ConnectionSecurity
from ipsecmig.model.selectors import AddressRange, Family, PortRange
from ipsecmig.model.site import Site
from ipsecmig.model.space import Box, Direction, box
from ipsecmig.model.windows import WindowsVersion

KERBEROS_PORT: Final = PortRange(88, 88)
ISAKMP_PORTS: Final = (PortRange(500, 500), PortRange(4500, 4500))
MULTICAST: Final = AddressRange.parse("224.0.0.0/4")
LIMITED_BROADCAST: Final = AddressRange.parse("255.255.255.255")
GROUPS: Final = (MULTICAST, LIMITED_BROADCAST, AddressRange.parse("ff00::/8"))
"""The destinations that stand for many hosts, whatever the host's networks are."""

_KERBEROS_AND_RSVP: Final = frozenset({0, 2})
_MULTICAST_AND_BROADCAST: Final = frozenset({0, 1})

_NEVER_FILTERS_MULTICAST: Final = frozenset({WindowsVersion.WINDOWS_2000, WindowsVersion.XP})
"""The versions that cannot classify multicast and broadcast at all; they also know no value above 1."""

NEIGHBOUR_DISCOVERY: Final = 1
ALL_ICMP: Final = 2
ROUTER_DISCOVERY: Final = 4
DHCP: Final = 8
"""The bits of IPsecExempt, the setting of Windows Firewall."""

_DHCP_PORTS: Final = (PortRange(68, 68), PortRange(67, 67))
_DHCPV6_PORTS: Final = (PortRange(546, 546), PortRange(547, 547))

ESP_AND_AH: Final = "esp-ah"
"""The exemption that stands only while the policy negotiates."""


@dataclass(frozen=True, slots=True)
class Exemption:
    """One named kind of exempt traffic and the packets that it lets pass."""

    name: str
    boxes: tuple[Box, ...]


def to_groups(box: Box) -> Iterator[Box]:
    """Yield the parts of `box` whose local end is a group: of packets that come in, those that are for one."""
    for group in GROUPS:
        low, high = max(box.local[0], group.first), min(box.local[1], group.last)
        if group.family == box.family[0] and low <= high:
            yield box._replace(local=(low, high))


def exemption_value(site: Site, stated: int | None) -> int:
    """Return the NoDefaultExempt in force: the inventory's, else the one the source states, else the default.

    Windows 2000 and XP know 0 and 1 only; what is not 0 counts as 1 there.
    """
    value = stated if site.exemptions is None else site.exemptions
    if value is None:
        return site.traits.default_exemptions
    return min(value, 1) if site.windows in _NEVER_FILTERS_MULTICAST else value


def exemptions(
    site: Site, value: int, *, negotiates: bool, firewall: ConnectionSecurity | None = None
) -> tuple[Exemption, ...]:
    """Return what is exempt under the NoDefaultExempt `value`, for a policy that negotiates or does not.

    A policy of connection security rules has the exemptions of the `firewall` instead. ESP and AH are exempt where this
    host ends them: they are what protection makes of other packets. Of neighbour discovery the space of packets sees no
    more than that it is ICMPv6.
    """
    families = (Family.IPV4, Family.IPV6) if site.traits.ipv6_in_policy else (Family.IPV4,)
    found = [Exemption("isakmp", tuple(_isakmp(families)))]
    if negotiates:
        protected = [_at_this_host(f, protocol) for f in families for protocol in (selectors.ESP, selectors.AH)]
        found.append(Exemption(ESP_AND_AH, tuple(b for boxes in protected for b in boxes)))
    if firewall is not None:
        return (*found, *_of_firewall(firewall.exemptions))
    if value in _KERBEROS_AND_RSVP:
        found.append(Exemption("kerberos", tuple(_kerberos(families))))
        found.append(Exemption("rsvp", tuple(b for f in families for b in _everywhere(f, selectors.RSVP))))
    if value in _MULTICAST_AND_BROADCAST:
        found.append(Exemption("multicast", tuple(_to(MULTICAST))))
        broadcast = [_to(address) for address in (LIMITED_BROADCAST, *site.broadcasts)]
        found.append(Exemption("broadcast", tuple(b for boxes in broadcast for b in boxes)))
    if site.windows is WindowsVersion.VISTA:
        found.append(Exemption("neighbour-discovery", _at_this_host(Family.IPV6, selectors.ICMPV6)))
    return tuple(found)


def _of_firewall(value: int) -> Iterator[Exemption]:
    """Yield what IPsecExempt exempts ([MS-FASP]). Kinds of ICMP messages are no part of the space of packets."""
    icmp = _at_this_host(Family.IPV4, selectors.ICMP)
    icmpv6 = _at_this_host(Family.IPV6, selectors.ICMPV6)
    if value & NEIGHBOUR_DISCOVERY:
        yield Exemption("neighbour-discovery", icmpv6)
    if value & ALL_ICMP:
        yield Exemption("icmp", (*icmp, *icmpv6))
    if value & ROUTER_DISCOVERY:
        yield Exemption("router-discovery", (*icmp, *icmpv6))
    if value & DHCP:
        yield Exemption("dhcp", tuple(_dhcp()))


def _dhcp() -> Iterator[Box]:
    for family, ports in ((Family.IPV4, _DHCP_PORTS), (Family.IPV6, _DHCPV6_PORTS)):
        everything = AddressRange.whole(family)
        for direction in (Direction.OUT, Direction.IN):
            for local, remote in (ports, ports[::-1]):
                yield box(direction, everything, everything, selectors.UDP, local, remote)


def _isakmp(families: tuple[Family, ...]) -> Iterator[Box]:
    for family in families:
        everything = AddressRange.whole(family)
        for direction in (Direction.OUT, Direction.IN):
            for port in ISAKMP_PORTS:
                yield box(direction, everything, everything, selectors.UDP, local_port=port)


def _kerberos(families: tuple[Family, ...]) -> Iterator[Box]:
    for family in families:
        everything = AddressRange.whole(family)
        for direction in Direction:
            for protocol in (selectors.TCP, selectors.UDP):
                yield box(direction, everything, everything, protocol, local_port=KERBEROS_PORT)
                yield box(direction, everything, everything, protocol, remote_port=KERBEROS_PORT)


def _everywhere(family: Family, protocol: int) -> tuple[Box, ...]:
    everything = AddressRange.whole(family)
    return tuple(box(direction, everything, everything, protocol) for direction in Direction)


def _at_this_host(family: Family, protocol: int) -> tuple[Box, ...]:
    return tuple(b for b in _everywhere(family, protocol) if b.direction[0] != Direction.FORWARD)


def _to(destination: AddressRange) -> Iterator[Box]:
    everything = AddressRange.whole(destination.family)
    yield box(Direction.OUT, everything, destination)
    yield box(Direction.IN, destination, everything)
    yield box(Direction.FORWARD, everything, destination)
