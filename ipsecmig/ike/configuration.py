"""What an engine is told to negotiate, in the terms of the policy model."""

from __future__ import annotations

from dataclasses import dataclass, field
from ipaddress import IPv4Address, IPv6Address
from typing import TYPE_CHECKING

from ipsecmig.ike.wire.identification import Identification
from ipsecmig.model.algorithms import DhGroup
from ipsecmig.model.policy import Kerberos, MainMode, QuickModeOffer, Secret
from ipsecmig.model.treatment import Mode
from ipsecmig.model.windows import WindowsVersion

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey


@dataclass(frozen=True, slots=True)
class Traffic:
    """What quick mode is about. `pfs_group` is None without PFS; identifications are seen from this end."""

    local: Identification
    remote: Identification
    mode: Mode
    offers: tuple[QuickModeOffer, ...]
    pfs_group: DhGroup | None = None


@dataclass(frozen=True, slots=True)
class RsaCredentials:
    """Authentication by RSA signatures. Certificates are DER: `chain` begins with that of `private_key`, then issuers.

    The peer's certificate must lead to `root` and be valid `at` this time, in seconds since 1970. `peer` is the DER of
    the subject that it must have; None takes any under the root, as Windows does.
    """

    chain: tuple[bytes, ...]
    private_key: RSAPrivateKey = field(repr=False)
    root: bytes
    at: float
    peer: bytes | None = None


@dataclass(frozen=True, slots=True)
class Configuration:
    """One end of a negotiation with one peer. The addresses are also the identities where a preshared key is used.

    `local` is the address of this host itself, `remote` the one to reach the peer by. Where those differ, because the
    peer is behind a NAT, `peer_identity` is the peer's own address, by which it names itself. Without
    `nat_traversal` this end does not know any, like Windows before the update of KB 818043.

    `authentication` is the preshared key, whose octets are its text in UTF-8, or what RSA needs. An engine whose policy
    knows only `Kerberos` begins nothing and refuses everything, and says so. A responder takes `aggressive_mode` only
    if told to: it shows a hash of the preshared key to whoever asks. With `initial_contact` it tells the peer to forget
    what it agreed with this identity before: nothing for a probe, that may borrow the identity. `windows` is the
    version that this end passes for by its vendor IDs; None is a present peer of no name. `further` is what the peer
    may negotiate besides `traffic`; of several that contain what it proposes, the first holds.
    """

    local: IPv4Address | IPv6Address
    remote: IPv4Address | IPv6Address
    authentication: Secret | RsaCredentials | Kerberos
    main_mode: MainMode
    traffic: Traffic
    windows: WindowsVersion | None = None
    peer_identity: IPv4Address | IPv6Address | None = None
    further: tuple[Traffic, ...] = ()
    nat_traversal: bool = True
    aggressive_mode: bool = False
    initial_contact: bool = False
