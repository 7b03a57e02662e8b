"""From the keywords of a filter's addresses to ranges of addresses.

Source: TechNet "IP Security Monitor" help for generic and specific filters; "IPSec filters" for `me`.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from ipsecmig.model.policy import Filter
from ipsecmig.model.selectors import (
    Address,
    AddressRange,
    AnyAddress,
    DnsName,
    Family,
    Me,
    ServerAddress,
)
from ipsecmig.model.site import Site


class Term(NamedTuple):
    """One side of a specific filter.

    `me` says that it stands for this host; its range is then the host's address, or all addresses when that is not
    known. `size` is the number of addresses that the side counts as: one for `me`.
    """

    me: bool
    range: AddressRange

    @property
    def size(self) -> int:
        """How many addresses it counts as in the order of filters."""
        return 1 if self.me else self.range.last - self.range.first + 1


def families_of(filter_: Filter, site: Site) -> tuple[Family, ...]:
    """Return the IP versions that `filter_` speaks of: that of its addresses, else all that the version filters."""
    stated = {
        address_range.family
        for address in (filter_.source, filter_.destination)
        for address_range in _stated(address, site)
    }
    if stated:
        return tuple(sorted(stated))
    return (Family.IPV4, Family.IPV6) if site.traits.ipv6_in_policy else (Family.IPV4,)


def expand(address: Address, family: Family, site: Site) -> Iterator[Term]:
    """Yield what `address` stands for in `family`.

    Raises LookupError, with a message, for a name or a server that neither the source nor the inventory resolves, and
    for the keywords of servers under a version that has none.
    """
    if isinstance(address, ServerAddress) and not site.traits.server_addresses:
        raise LookupError(f"{site.traits.title} does not know the keyword {address.role.value}")
    if isinstance(address, AnyAddress):
        yield Term(False, AddressRange.whole(family))
    elif isinstance(address, Me):
        own = [a for a in site.addresses if a.family == family]
        if site.addresses:
            yield from (Term(True, a) for a in own)
        else:
            yield Term(True, AddressRange.whole(family))
    else:
        ranges = _stated(address, site)
        if not ranges:
            raise LookupError(_unresolved(address))
        yield from (Term(r.is_host and r in site.addresses, r) for r in ranges if r.family == family)


def _stated(address: Address, site: Site) -> tuple[AddressRange, ...]:
    if isinstance(address, AddressRange):
        return (address,)
    if isinstance(address, DnsName):
        return site.names.get(address.name.casefold(), address.resolved)
    if isinstance(address, ServerAddress):
        return site.servers.get(address.role, ())
    return ()


def _unresolved(address: Address) -> str:
    if isinstance(address, ServerAddress):
        return f"the {address.role.value} servers of this host are not known"
    if isinstance(address, DnsName):
        return f'the address behind "{address.name}" is not known (Windows froze it when the filter was created)'
    return "the address is not known"
