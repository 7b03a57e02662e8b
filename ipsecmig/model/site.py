"""What is known of the host and its surroundings besides the policy: the site inventory, as data.

Everything has a safe unknown: `None` or an empty tuple means *not known*, and flattening then says what it assumed.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from ipsecmig.model.selectors import AddressRange, ServerRole
from ipsecmig.model.windows import WindowsVersion


@dataclass(frozen=True, slots=True)
class Site:
    """The inventory that flattening uses.

    `addresses` are this host's own addresses (each a single address). `servers` gives the servers behind the keywords
    `wins`, `dns`, `dhcp` and `gateway`. `names` resolves DNS names of filters. `exemptions` is NoDefaultExempt.
    `broadcasts` are the directed broadcast addresses of the host's networks.
    """

    addresses: tuple[AddressRange, ...] = ()
    servers: Mapping[ServerRole, tuple[AddressRange, ...]] = field(default_factory=dict)
    names: Mapping[str, tuple[AddressRange, ...]] = field(default_factory=dict)
    broadcasts: tuple[AddressRange, ...] = ()
    windows: WindowsVersion = WindowsVersion.SERVER_2003
    exemptions: int | None = None


UNKNOWN_SITE = Site()
