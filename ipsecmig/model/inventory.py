"""The surroundings of a policy's host: other hosts and their roles, ranges, gateways, NATs, and what is sensitive.

`Site` is what flattening needs; the rules of lint become certain with the rest. Everything has a safe unknown: an empty
tuple or None means *not known*, never *there is none*.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from enum import Enum

from ipsecmig.model.selectors import ANY_PORT, ANY_PROTOCOL, AddressRange, PortRange
from ipsecmig.model.site import UNKNOWN_SITE, Site
from ipsecmig.model.windows import WindowsVersion


class HostRole(Enum):
    """What a host is there for."""

    DOMAIN_CONTROLLER = "dc"
    DNS = "dns"
    DHCP = "dhcp"
    WINS = "wins"
    BACKUP = "backup"
    CERTIFICATION_AUTHORITY = "ca"
    RADIUS = "radius"
    MANAGEMENT = "mgmt"
    INTRUSION_DETECTION = "nids"
    QUALITY_OF_SERVICE = "qos"
    SNMP = "snmp"


class RangeKind(Enum):
    """What kind of hosts a range of addresses is for."""

    DYNAMIC = "dynamic"
    WIRELESS = "wireless"
    HOME = "home"
    VPN_POOL = "vpn-pool"
    INTERNET = "internet"
    PERIMETER = "perimeter"
    INTERNAL = "internal"


class FirewallKind(Enum):
    """The host firewall beside the policy."""

    NONE = "none"
    ICF = "icf"
    WINDOWS_FIREWALL = "windows-firewall"
    OTHER = "other"


@dataclass(frozen=True, slots=True)
class Host:
    """Another host, or this one. `domain` and `forest` are DNS names, "" for a workgroup, None where not known.

    `ipsec` tells whether it can do IPsec at all, `nat_traversal` whether it can across a NAT.
    """

    name: str
    addresses: tuple[AddressRange, ...] = ()
    roles: frozenset[HostRole] = frozenset()
    ipsec: bool | None = None
    windows: WindowsVersion | None = None
    domain: str | None = None
    forest: str | None = None
    nat_traversal: bool | None = None


@dataclass(frozen=True, slots=True)
class AddressPool:
    """A range of addresses and what it is for."""

    network: AddressRange
    kind: RangeKind


@dataclass(frozen=True, slots=True)
class Gateway:
    """A gateway that may end tunnels. `l2tp` tells whether it can do L2TP/IPsec."""

    address: AddressRange
    microsoft: bool | None = None
    l2tp: bool | None = None


@dataclass(frozen=True, slots=True)
class Nat:
    """An address translator: hosts of `inside` are seen as `outside`."""

    outside: AddressRange
    inside: AddressRange


@dataclass(frozen=True, slots=True)
class Sensitive:
    """A service whose data must be encrypted on the wire."""

    address: AddressRange
    protocol: int = ANY_PROTOCOL
    port: PortRange = ANY_PORT


@dataclass(frozen=True, slots=True)
class Inventory:
    """Everything known besides the policy.

    `this` is the host that the policy is assigned to, with its own roles and domain. `policies` names the policy that
    each other host uses. `firewall_admits_ike` tells whether the firewall lets in UDP 500 and 4500. `boot_mode` is
    `permit`, `block` or `stateful`; `simple_policy_update` whether KB914841 is in use; `third_party_client` whether
    another vendor's VPN client or firewall is installed.
    """

    site: Site = UNKNOWN_SITE
    this: Host = field(default_factory=lambda: Host("this host"))
    hosts: tuple[Host, ...] = ()
    pools: tuple[AddressPool, ...] = ()
    gateways: tuple[Gateway, ...] = ()
    nats: tuple[Nat, ...] = ()
    sensitive: tuple[Sensitive, ...] = ()
    policies: dict[str, str] = field(default_factory=dict)
    firewall: FirewallKind | None = None
    firewall_admits_ike: bool | None = None
    boot_mode: str | None = None
    simple_policy_update: bool | None = None
    third_party_client: bool | None = None

    def with_role(self, *roles: HostRole) -> Iterator[Host]:
        """Yield the other hosts that have one of `roles`."""
        wanted = frozenset(roles)
        return (host for host in self.hosts if host.roles & wanted)

    def pools_of(self, *kinds: RangeKind) -> Iterator[AddressPool]:
        """Yield the ranges of one of `kinds`."""
        return (pool for pool in self.pools if pool.kind in kinds)


UNKNOWN_SURROUNDINGS = Inventory()
