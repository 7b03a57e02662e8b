"""What happens to a packet: permit, block or protect, with everything that protection depends on."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from ipsecmig.model.algorithms import DhGroup
from ipsecmig.model.policy import AuthenticationMethod, MainMode, QuickModeOffer
from ipsecmig.model.selectors import AddressRange


class Mode(Enum):
    """The encapsulation mode, RFC 2401 4.1."""

    TRANSPORT = "transport"
    TUNNEL = "tunnel"


class TunnelSense(Enum):
    """Which half of a tunnel a filter is: the rule that wraps packets up or the one that unwraps them."""

    ENCAPSULATE = "encapsulate"
    DECAPSULATE = "decapsulate"


@dataclass(frozen=True, slots=True)
class Tunnel:
    """The ends of a tunnel; an end is None where it is not known (this host's own address, or no paired rule)."""

    sense: TunnelSense
    local: AddressRange | None
    remote: AddressRange | None


@dataclass(frozen=True, slots=True)
class Permit:
    """The packet passes as it is."""


@dataclass(frozen=True, slots=True)
class Block:
    """The packet is discarded."""


@dataclass(frozen=True, slots=True)
class Protect:
    """The packet passes only inside ESP or AH.

    `accept_clear_inbound` (netsh's inpass) lets a clear packet in; `fallback_to_clear` (soft) lets traffic go clear
    when the peer does not answer IKE. `responder_only` marks the default response rule. `pfs_group` is None for the
    group of main mode. Offers and authentication methods stand in order of preference.
    """

    offers: tuple[QuickModeOffer, ...]
    authentication: tuple[AuthenticationMethod, ...]
    main_mode: MainMode
    pfs: bool = False
    pfs_group: DhGroup | None = None
    tunnel: Tunnel | None = None
    accept_clear_inbound: bool = False
    fallback_to_clear: bool = False
    responder_only: bool = False

    @property
    def mode(self) -> Mode:
        """Tunnel mode when there is a tunnel, else transport mode."""
        return Mode.TRANSPORT if self.tunnel is None else Mode.TUNNEL


@dataclass(frozen=True, slots=True)
class Conflict:
    """Which treatment wins is not documented: overlapping filters, neither inside the other, that differ.

    `candidates` are the treatments that may win. Nothing is claimed about such packets.
    """

    candidates: frozenset[Permit | Block | Protect]


Treatment = Permit | Block | Protect | Conflict

PERMIT = Permit()
BLOCK = Block()
