"""What an engine is told to negotiate, in the terms of the policy model."""

from __future__ import annotations

from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address

from ipsecmig.ike.wire.identification import Identification
from ipsecmig.model.algorithms import DhGroup
from ipsecmig.model.policy import MainMode, QuickModeOffer, Secret
from ipsecmig.model.treatment import Mode
from ipsecmig.model.windows import WindowsVersion


@dataclass(frozen=True, slots=True)
class Traffic:
    """What quick mode is about. `pfs_group` is None without PFS; identifications are seen from this end."""

    local: Identification
    remote: Identification
    mode: Mode
    offers: tuple[QuickModeOffer, ...]
    pfs_group: DhGroup | None = None


@dataclass(frozen=True, slots=True)
class Configuration:
    """One end of a negotiation with one peer, both known by their addresses as main mode with preshared keys needs.

    The octets of the preshared key are its text in UTF-8. `windows` is the version that this end passes for by its
    vendor IDs; None is a present peer of no name.
    """

    local: IPv4Address | IPv6Address
    remote: IPv4Address | IPv6Address
    preshared_key: Secret
    main_mode: MainMode
    traffic: Traffic
    windows: WindowsVersion | None = None
