"""What is known of the host and its surroundings besides the policy: the site inventory, as data.

Everything has a safe unknown: `None` or an empty tuple means *not known*, and flattening then says what it assumed.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from ipsecmig.model.selectors import AddressRange, ServerRole
from ipsecmig.model.windows import ASSUMED, TRAITS, WindowsTraits, WindowsVersion


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
    windows: WindowsVersion | None = None
    exemptions: int | None = None

    @property
    def traits(self) -> WindowsTraits:
        """What its version of Windows has; where that is not known, what the assumed one has."""
        return TRAITS[self.windows or ASSUMED]


UNKNOWN_SITE = Site()
