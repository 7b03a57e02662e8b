"""Which packets a filter selects, as the two endpoints of a connection security rule."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import product
from typing import Final, NamedTuple

from ipsecmig.consec.objects import EndpointAddress, KeywordAddress
from ipsecmig.consec.vocabulary import AddressKeyword, InterfaceType
from ipsecmig.emit.common import is_known
from ipsecmig.model.attributes import AttributeKind
from ipsecmig.model.expansion import expand, families_of
from ipsecmig.model.policy import ConnectionType, Filter
from ipsecmig.model.selectors import Address, AddressRange, AnyAddress, DnsName, Family, Me, ServerAddress, ServerRole
from ipsecmig.model.site import Site

Endpoint = tuple[EndpointAddress, ...]
"""The addresses of one end; none for all."""

_KEYWORDS: Final[Mapping[ServerRole, AddressKeyword]] = {
    ServerRole.DNS: AddressKeyword.DNS,
    ServerRole.DHCP: AddressKeyword.DHCP,
    ServerRole.WINS: AddressKeyword.WINS,
    ServerRole.GATEWAY: AddressKeyword.DEFAULT_GATEWAY,
}
INTERFACES: Final[Mapping[ConnectionType, tuple[InterfaceType, ...]]] = {
    ConnectionType.ALL: (),
    ConnectionType.LAN: (InterfaceType.LAN, InterfaceType.WIRELESS),
    ConnectionType.DIALUP: (InterfaceType.REMOTE_ACCESS,),
}
_HOST: Final = (
    "connection security rules have no word for this host, and its addresses are not known",
    "give this host's addresses (--me or --site) and convert again",
)


class Selected(NamedTuple):
    """The two ends; `is_empty` where no packet of the host can match."""

    endpoint1: Endpoint = ()
    endpoint2: Endpoint = ()
    is_empty: bool = False


class Unsayable(NamedTuple):
    """The attribute that cannot be said, why, and what would settle it."""

    about: AttributeKind
    reason: str
    advice: str


def select(filter_: Filter, site: Site, *, me_is_any: bool) -> Selected | Unsayable:
    """Return the ends of `filter_`. `me_is_any` says that `me` may be said as `any` where the two select alike."""
    sides = (
        (AttributeKind.FILTER_SOURCE, filter_.source),
        (AttributeKind.FILTER_DESTINATION, filter_.destination),
    )
    for about, address in sides:
        known = not isinstance(address, ServerAddress | DnsName) or any(is_known(address, f, site) for f in Family)
        if not known:
            reason = "the addresses behind it are not known"
            return Unsayable(about, reason, "name them in the site inventory (--site) and convert again")
        if isinstance(address, Me) and not site.addresses and not (me_is_any and _is_like_any(filter_)):
            return Unsayable(about, *_HOST)
    families = families_of(filter_, site)
    ends = [_endpoint(address, families, site) for _, address in sides]
    pairs = [(a, b) for a, b in product(*(end or (None,) for end in ends)) if _alike(a, b)]
    if [] in ends or not pairs:
        return Selected(is_empty=True)
    if ends == [None, None] and len(families) < len(Family):
        ends[0] = [AddressRange.whole(family) for family in families]
    return Selected(tuple(ends[0] or ()), tuple(ends[1] or ()))


def _is_like_any(filter_: Filter) -> bool:
    """Whether `me` on one side is the same as `any`: the other side is `any`, and nothing tells the ends apart."""
    kinds = {type(filter_.source), type(filter_.destination)}
    return kinds == {Me, AnyAddress} and filter_.source_port == filter_.destination_port


def _endpoint(address: Address, families: tuple[Family, ...], site: Site) -> list[EndpointAddress] | None:
    """Return the addresses of one side, None for all."""
    if isinstance(address, AnyAddress) or (isinstance(address, Me) and not site.addresses):
        return None
    if isinstance(address, AddressRange):
        return [address]
    if isinstance(address, ServerAddress):
        return [KeywordAddress(_KEYWORDS[address.role], family) for family in Family]
    return [term.range for family in families for term in expand(address, family, site)]


def _alike(one: EndpointAddress | None, other: EndpointAddress | None) -> bool:
    return one is None or other is None or one.family is other.family
