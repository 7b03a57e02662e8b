"""The parts of a policy in words: tables, messages and the names of things."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from ipsecmig.model.exemptions import ALL_ICMP, DHCP, NEIGHBOUR_DISCOVERY, ROUTER_DISCOVERY
from ipsecmig.model.policy import (
    AhTransform,
    AuthenticationMethod,
    Certificate,
    ConnectionSecurity,
    Filter,
    Kerberos,
    MainMode,
    MainModeOffer,
    PresharedKey,
    QuickModeOffer,
    StoreLocation,
    Transform,
)
from ipsecmig.model.selectors import (
    Address,
    AddressRange,
    AnyAddress,
    DnsName,
    Me,
    PortRange,
    ServerAddress,
    format_protocol,
)

_EXEMPT: Final[Mapping[int, str]] = {
    NEIGHBOUR_DISCOVERY: "neighbour discovery",
    ALL_ICMP: "ICMP",
    ROUTER_DISCOVERY: "router discovery",
    DHCP: "DHCP",
}


def yes_no(value: bool) -> str:
    """Return `yes` or `no`."""
    return "yes" if value else "no"


def address(value: Address) -> str:
    """Return one side of a filter, without its port."""
    if isinstance(value, AddressRange):
        return value.text()
    if isinstance(value, DnsName):
        return value.name
    if isinstance(value, ServerAddress):
        return value.role.value
    return "me" if isinstance(value, Me) else _any(value)


def _any(value: AnyAddress) -> str:
    return "any"


def side(text: str, port: PortRange) -> str:
    """Return one side of a filter as `address:port`; a port of any is left out."""
    if port.is_any:
        return text
    return f"[{text}]:{port.text()}" if ":" in text else f"{text}:{port.text()}"


def filter_(value: Filter) -> str:
    """Return what a filter selects, for example `tcp me > 10.1.0.0/16:445, mirrored`."""
    protocol = format_protocol(value.protocol)
    ends = side(address(value.source), value.source_port), side(address(value.destination), value.destination_port)
    return f"{protocol} {ends[0]} > {ends[1]}{', mirrored' if value.mirrored else ''}"


def endpoint(value: AddressRange | DnsName | None) -> str:
    """Return the end of a tunnel; empty for transport mode."""
    return "" if value is None else address(value)


def store(location: StoreLocation) -> str:
    """Return where a policy is kept."""
    return f"{location.kind.value} {location.domain}".rstrip()


def firewall_exemptions(security: ConnectionSecurity) -> str:
    """Return what is exempt from connection security rules."""
    named = (name for bit, name in _EXEMPT.items() if security.exemptions & bit)
    return ", ".join(named) or "nothing"


def authentication(methods: tuple[AuthenticationMethod, ...], *, with_secrets: bool) -> str:
    """Return the methods in order of preference."""
    return ", ".join(_method(method, with_secrets=with_secrets) for method in methods) or "none"


def _method(method: AuthenticationMethod, *, with_secrets: bool) -> str:
    if isinstance(method, Kerberos):
        return "Kerberos"
    if isinstance(method, Certificate):
        return f'certificate of "{method.authority}"'
    return _preshared_key(method, with_secrets=with_secrets)


def _preshared_key(method: PresharedKey, *, with_secrets: bool) -> str:
    if method.secret is None:
        return "preshared key (not in the source)"
    return f'preshared key "{method.secret.reveal()}"' if with_secrets else "preshared key"


def quick_mode_offers(offers: tuple[QuickModeOffer, ...]) -> str:
    """Return the offers in order of preference."""
    return "; ".join(_quick_mode_offer(offer) for offer in offers)


def _quick_mode_offer(offer: QuickModeOffer) -> str:
    limits = [f"{offer.lifetime_seconds} s"] if offer.lifetime_seconds else []
    limits += [f"{offer.lifetime_kilobytes} kB"] if offer.lifetime_kilobytes else []
    text = " + ".join(_transform(transform) for transform in offer.transforms)
    return f"{text} ({', '.join(limits)})" if limits else text


def _transform(transform: Transform) -> str:
    if isinstance(transform, AhTransform):
        return f"AH {transform.integrity.value}"
    integrity = "none" if transform.integrity is None else transform.integrity.value
    return f"ESP {transform.encryption.value}-{integrity}"


def main_mode_offers(offers: tuple[MainModeOffer, ...]) -> str:
    """Return the offers of main mode in order of preference."""
    return "; ".join(f"{o.encryption.value}-{o.integrity.value}-{o.group.name.lower()}" for o in offers)


def main_mode(value: MainMode) -> str:
    """Return how long a main mode lasts and how many quick modes it may carry."""
    limit = str(value.quick_mode_limit) if value.quick_mode_limit else "any number of"
    pfs = ", master key PFS" if value.perfect_forward_secrecy else ""
    return f"{value.lifetime_seconds} s, {limit} quick modes{pfs}"
