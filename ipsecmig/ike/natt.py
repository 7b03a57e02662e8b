"""NAT traversal: RFC 3947, and draft-ietf-ipsec-nat-t-ike-02, which Windows before Vista knows alone.

Each end says which endpoints it sees; where the other sees different ones, a NAT stands between. From there on both
meet at port 4500, ESP travels in UDP, and in transport mode they tell each other the addresses that the NAT hides.
"""

from __future__ import annotations

from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address
from typing import Final, NamedTuple

from ipsecmig.ike import keymat
from ipsecmig.ike.configuration import Configuration
from ipsecmig.ike.crypto import hashes
from ipsecmig.ike.keymat import Cookies
from ipsecmig.ike.wire import vendor
from ipsecmig.ike.wire.generic import Payload
from ipsecmig.ike.wire.nat import NatDetection, NatOriginalAddress
from ipsecmig.ike.wire.numbers import Encapsulation, PayloadNumber
from ipsecmig.ike.wire.opaque import VendorId
from ipsecmig.model.algorithms import Integrity
from ipsecmig.model.treatment import Mode
from ipsecmig.model.windows import WindowsVersion
from ipsecmig.udp import NAT_T_PORT, Endpoint, Path

KEEPALIVE_SECONDS: Final = 20.0
"""How often an end behind a NAT reminds it of the way (RFC 3948 section 4; Windows does the same)."""


@dataclass(frozen=True, slots=True)
class Variant:
    """One of the two ways, which differ in their numbers and in what is told of hidden addresses.

    `vendor_ids` are those that announce it, this end's own first; draft 03 has the numbers of draft 02.
    """

    name: str
    vendor_ids: tuple[vendor.KnownVendorId, ...]
    nat_d: int
    nat_oa: int
    encapsulation: tuple[tuple[Mode, Encapsulation], ...]


RFC_3947: Final = Variant(
    "RFC 3947",
    (vendor.NAT_T_RFC,),
    PayloadNumber.NAT_D,
    PayloadNumber.NAT_OA,
    ((Mode.TUNNEL, Encapsulation.UDP_TUNNEL), (Mode.TRANSPORT, Encapsulation.UDP_TRANSPORT)),
)
DRAFT_02: Final = Variant(
    "draft-ietf-ipsec-nat-t-ike-02",
    (vendor.NAT_T_DRAFT_02_NEWLINE, vendor.NAT_T_DRAFT_02, vendor.NAT_T_DRAFT_03),
    PayloadNumber.NAT_D_DRAFT,
    PayloadNumber.NAT_OA_DRAFT,
    ((Mode.TUNNEL, Encapsulation.UDP_TUNNEL_DRAFT), (Mode.TRANSPORT, Encapsulation.UDP_TRANSPORT_DRAFT)),
)

_BARE: Final = {Mode.TUNNEL: Encapsulation.TUNNEL, Mode.TRANSPORT: Encapsulation.TRANSPORT}
_DRAFT_ALONE: Final = frozenset({WindowsVersion.WINDOWS_2000, WindowsVersion.XP, WindowsVersion.SERVER_2003})


@dataclass(frozen=True, slots=True)
class NatTraversal:
    """What two ends that know NAT traversal found out: whether a NAT stands before this end, and before the peer."""

    variant: Variant
    here: bool
    there: bool

    @property
    def found(self) -> bool:
        """Whether a NAT stands before either end."""
        return self.here or self.there


class Originals(NamedTuple):
    """The addresses that the peer sees where a NAT hides them: its own, and what it takes for that of this end.

    None is one that a NAT hides and the peer did not tell, as by the draft it need not. Then checksums cannot be
    corrected but only be computed anew (RFC 3948 section 3.1.2).
    """

    remote: IPv4Address | IPv6Address | None
    local: IPv4Address | IPv6Address | None


def understood(configuration: Configuration) -> tuple[Variant, ...]:
    """Return the variants that this end knows, the better first."""
    if not configuration.nat_traversal:
        return ()
    return (DRAFT_02,) if configuration.windows in _DRAFT_ALONE else (RFC_3947, DRAFT_02)


def agreed(configuration: Configuration, payloads: tuple[Payload, ...]) -> Variant | None:
    """Return the best variant that the vendor IDs of the peer announce too, None if there is none."""
    for variant in understood(configuration):
        if any(VendorId(known.value) in payloads for known in variant.vendor_ids):
            return variant
    return None


def endpoints_seen(variant: Variant | None, hash_: Integrity, cookies: Cookies, path: Path) -> tuple[NatDetection, ...]:
    """Return the payloads that say which endpoints this end sees, the peer's first (RFC 3947 section 3.2)."""
    if variant is None:
        return ()
    digests = (keymat.nat_detection(hash_, cookies, *end) for end in (path.remote, path.local))
    return tuple(NatDetection(digest, variant.nat_d) for digest in digests)


def detect(
    variant: Variant | None, hash_: Integrity, cookies: Cookies, path: Path, payloads: tuple[Payload, ...]
) -> NatTraversal | None:
    """Return what the peer's payloads tell of NATs; None where no variant was agreed on or the peer says nothing.

    A peer with several addresses sends several for its own end, of which one has to fit.
    """
    if variant is None:
        return None
    first, *others = [found.digest for found in payloads if isinstance(found, NatDetection)] or [b""]
    if not others:
        return None
    local, remote = (keymat.nat_detection(hash_, cookies, *end) for end in path)
    there = not any(hashes.equal(other, remote) for other in others)
    return NatTraversal(variant, not hashes.equal(first, local), there)


def floated(path: Path) -> Path:
    """Return the path between the same addresses where IKE goes on behind a NAT (RFC 3947 section 4)."""
    return Path(Endpoint(path.local.address, NAT_T_PORT), Endpoint(path.remote.address, NAT_T_PORT))


def encapsulation(mode: Mode, nat: NatTraversal | None) -> Encapsulation:
    """Return the encapsulation mode to negotiate: in UDP where a NAT was found."""
    return dict(nat.variant.encapsulation)[mode] if nat is not None and nat.found else _BARE[mode]


def originals_to_tell(
    mode: Mode, nat: NatTraversal | None, path: Path, *, initiator: bool
) -> tuple[NatOriginalAddress, ...]:
    """Return the payloads with the addresses that a NAT hides, for transport mode in UDP.

    By the RFC both are told, that of the initiator first (section 5.2). By the draft an end tells its own, and Windows
    does so if it is behind a NAT ([MS-IKEE] 3.1.5).
    """
    if mode is not Mode.TRANSPORT or nat is None or not nat.found:
        return ()
    if nat.variant is DRAFT_02:
        return (NatOriginalAddress(path.local.address, nat.variant.nat_oa),) if nat.here else ()
    ends = (path.local, path.remote) if initiator else (path.remote, path.local)
    return tuple(NatOriginalAddress(end.address, nat.variant.nat_oa) for end in ends)


def originals_told(
    mode: Mode, nat: NatTraversal | None, path: Path, payloads: tuple[Payload, ...], *, initiator: bool
) -> Originals | None:
    """Return the addresses as the peer sees them; what no NAT hides is as this end sees it.

    `initiator` says whether this end is. None where there is nothing to repair: in tunnel mode and without a NAT.
    """
    if mode is not Mode.TRANSPORT or nat is None or not nat.found:
        return None
    version = path.local.address.version
    found = (payload.address for payload in payloads if isinstance(payload, NatOriginalAddress))
    told = [address for address in found if address.version == version]
    if len(told) < 2:
        remote = None if nat.there else path.remote.address
        return Originals(told[0] if told else remote, None if nat.here else path.local.address)
    return Originals(told[1], told[0]) if initiator else Originals(told[0], told[1])
