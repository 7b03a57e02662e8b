"""Which traffic quick mode means: made narrow by who initiates, compared with the policy by who responds.

Version 1 of IKE has no words for "less than that": the responder takes the identities as proposed or refuses them
(RFC 2409 section 5.5).
"""

from __future__ import annotations

from dataclasses import replace
from ipaddress import IPv4Address, IPv6Address
from typing import Final, NamedTuple

from ipsecmig.ike.configuration import Configuration, Traffic
from ipsecmig.ike.errors import Refused
from ipsecmig.ike.wire.identification import Identification, host
from ipsecmig.ike.wire.numbers import IdNumber, NotifyNumber
from ipsecmig.model.treatment import Mode
from ipsecmig.udp import Endpoint, Path

_SUBNETS: Final = frozenset({IdNumber.IPV4_SUBNET, IdNumber.IPV6_SUBNET})
_HOSTS: Final = frozenset({IdNumber.IPV4, IdNumber.IPV6})
_ANY: Final = 0


class _Span(NamedTuple):
    """Consecutive addresses of one IP version, as numbers."""

    version: int
    first: int
    last: int


def narrowed(traffic: Traffic, local: IPv4Address | IPv6Address, remote: IPv4Address | IPv6Address) -> Traffic:
    """Return what an initiator with these addresses proposes for the traffic.

    In transport mode Windows makes an SA for two hosts, with the protocol and ports of the filter, however many hosts
    the filter is for. A tunnel is for all of its traffic. Raises Refused if the addresses are not in the traffic.
    """
    if traffic.mode is Mode.TUNNEL or not (traffic.local.has_addresses and traffic.remote.has_addresses):
        return traffic
    mine = host(local, traffic.local.protocol, traffic.local.port)
    theirs = host(remote, traffic.remote.protocol, traffic.remote.port)
    if (mine, theirs) == (traffic.local, traffic.remote):
        return traffic
    if not (inside(mine, traffic.local) and inside(theirs, traffic.remote)):
        detail = f"{local} to {remote} is not in the traffic from {text(traffic.local)} to {text(traffic.remote)}"
        raise Refused(NotifyNumber.INVALID_ID_INFORMATION, detail)
    return replace(traffic, local=mine, remote=theirs)


def implied(configuration: Configuration) -> tuple[Identification, Identification]:
    """Return what is meant by an initiator who names no traffic: all between the two hosts (RFC 2409 section 5.5)."""
    return host(configuration.remote), host(configuration.local)


def permitted(
    configuration: Configuration, initiator: Identification, responder: Identification, outside: Path | None = None
) -> Traffic:
    """Return the proposed traffic, as the responder sees it, with the offers of the policy that it lies in.

    `outside` is the path where a NAT stands between. In transport mode the packets then bear its addresses, not those
    that the peer knows of: hosts are taken for those. Raises Refused if the traffic lies in none of the policy.
    """
    for traffic in (configuration.traffic, *configuration.further):
        remote, local = initiator, responder
        if outside is not None and traffic.mode is Mode.TRANSPORT:
            remote, local = as_seen(initiator, outside.remote), as_seen(responder, outside.local)
        if (local, remote) == (traffic.local, traffic.remote):
            return traffic
        if inside(remote, traffic.remote) and inside(local, traffic.local):
            return replace(traffic, local=local, remote=remote)
    known = " or ".join(
        f"{text(traffic.remote)} to {text(traffic.local)}"
        for traffic in (configuration.traffic, *configuration.further)
    )
    detail = f"the peer wants {text(initiator)} to {text(responder)}; the policy has {known}"
    raise Refused(NotifyNumber.INVALID_ID_INFORMATION, detail)


def as_seen(one: Identification, end: Endpoint) -> Identification:
    """Return what a host with a NAT before it is taken for: the address of its packets. Networks stay what they are."""
    return host(end.address, one.protocol, one.port) if one.kind in _HOSTS else one


def inside(part: Identification, whole: Identification) -> bool:
    """Tell whether everything that `part` means is meant by `whole`. Names only lie inside equal names."""
    if part == whole:
        return True
    if whole.protocol not in (_ANY, part.protocol) or whole.port not in (_ANY, part.port):
        return False
    inner, outer = _span(part), _span(whole)
    if inner is None or outer is None:
        return (part.kind, part.data) == (whole.kind, whole.data)
    return inner.version == outer.version and outer.first <= inner.first and inner.last <= outer.last


def _span(one: Identification) -> _Span | None:
    """Return which addresses are meant; None for names, for masks with holes and for ranges that end before them."""
    addresses = one.addresses()
    if not addresses:
        return None
    first, last = int(addresses[0]), int(addresses[-1])
    if one.kind in _SUBNETS:
        free = last ^ ((1 << addresses[0].max_prefixlen) - 1)
        if free & (free + 1) or first & free:
            return None
        last = first | free
    return _Span(addresses[0].version, first, last) if first <= last else None


def text(one: Identification) -> str:
    """Return the traffic of one end in words, such as `10.1.0.0/255.255.0.0 protocol 6 port 80`."""
    joint = "/" if one.kind in _SUBNETS else "-"
    who = joint.join(map(str, one.addresses())) or f"identification {one.kind} of {len(one.data)} octets"
    protocol = f" protocol {one.protocol}" if one.protocol else ""
    return who + protocol + (f" port {one.port}" if one.port else "")
