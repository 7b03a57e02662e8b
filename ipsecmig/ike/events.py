"""What an engine has to tell."""

from __future__ import annotations

from dataclasses import dataclass, field

from ipsecmig.ike.keymat import Cookies
from ipsecmig.ike.life import Moment
from ipsecmig.ike.lifetimes import Lifetimes
from ipsecmig.ike.natt import NatTraversal, Originals
from ipsecmig.ike.phase1 import Phase1Suite
from ipsecmig.ike.phase2 import Phase2Suite
from ipsecmig.ike.wire.identification import Identification
from ipsecmig.udp import Path


@dataclass(frozen=True, slots=True)
class PeerAnnounced:
    """The peer's first message bore vendor IDs. Anyone may have sent them.

    `names` are those of `vendor_ids`, one by one, None where unknown. `windows` is the version in Microsoft's, which
    `wire.vendor.WINDOWS` explains if known; None without it.
    """

    vendor_ids: tuple[bytes, ...]
    names: tuple[str | None, ...]
    windows: int | None


@dataclass(frozen=True, slots=True)
class KerberosOffered:
    """Among the peer's offers are some with Microsoft's Kerberos authentication, which the engine does not do.

    `identity` is the principal by which the peer names itself, such as `host$@DOMAIN`, None if it does not. Anyone may
    have sent this.
    """

    identity: str | None


@dataclass(frozen=True, slots=True)
class Established:
    """Main mode succeeded: the peer has proved to be `peer`. `suite.offer` is what was agreed in terms of the model.

    `nat` is what was found out about NATs, None where one of the ends does not know NAT traversal. `initial_contact`:
    the peer says that it has no other SA with this end.
    """

    cookies: Cookies
    suite: Phase1Suite
    lifetimes: Lifetimes
    peer: Identification
    nat: NatTraversal | None = None
    initial_contact: bool = False


@dataclass(frozen=True, slots=True)
class ProtocolSa:
    """AH or ESP in both directions. Packets that come in bear `inbound_spi`, which this end chose.

    A key is the encryption key followed by the integrity key, as long as the algorithms need.
    """

    protocol: int
    inbound_spi: bytes
    outbound_spi: bytes
    inbound_key: bytes = field(repr=False)
    outbound_key: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class ChildEstablished:
    """Quick mode succeeded. `associations` stand in the order of `suite.transforms`.

    With a NAT between, ESP goes in UDP on `path`, until `PeerMoved` says otherwise, and `originals` are the addresses
    that the peer computes checksums with, in transport mode. Without a NAT both are None.
    """

    message_id: int
    suite: Phase2Suite
    lifetimes: Lifetimes
    local: Identification
    remote: Identification
    associations: tuple[ProtocolSa, ...]
    path: Path | None = None
    originals: Originals | None = None


@dataclass(frozen=True, slots=True)
class PeerMoved:
    """From now on the way to the peer is `path`, for ESP in UDP too; a NAT gave it another endpoint.

    A message showed it that was protected and cannot be an old one.
    """

    path: Path


@dataclass(frozen=True, slots=True)
class Discarded:
    """A datagram was not used, and nothing changed by it. `reason` says why."""

    reason: str


@dataclass(frozen=True, slots=True)
class PeerNotified:
    """The peer sent a notify; `kind` is its `NotifyNumber`. Unless `protected`, anyone may have sent it."""

    kind: int
    data: bytes
    protected: bool


@dataclass(frozen=True, slots=True)
class PeerDeleted:
    """The peer deleted its SAs with these SPIs, to which packets went out (for ISAKMP: both cookies).

    This was protected. The SAs of the other direction have no use any more either.
    """

    protocol: int
    spis: tuple[bytes, ...]


@dataclass(frozen=True, slots=True)
class PeerAlive:
    """The peer answered R-U-THERE, whose sequence number this is."""

    sequence: int


@dataclass(frozen=True, slots=True)
class PeerSilent:
    """The peer did not answer R-U-THERE, however often it was asked: its SAs are of no use any more (RFC 3706)."""

    sequence: int


@dataclass(frozen=True, slots=True)
class ChildRetired:
    """A child is gone and so are its keys, as a `Connection` tells; `reason` is `OVERLAP` for one that was renewed."""

    child: ChildEstablished
    reason: Moment


@dataclass(frozen=True, slots=True)
class IkeRetired:
    """An IKE SA is gone; children stay, as a `Connection` tells; `reason` is as for `ChildRetired`."""

    cookies: Cookies
    reason: Moment


@dataclass(frozen=True, slots=True)
class Failed:
    """An exchange came to nothing; `message_id` is 0 for main mode.

    `notify` is the `NotifyNumber` that one end sent the other, None if time ran out.
    """

    message_id: int
    notify: int | None
    reason: str


Event = (
    PeerAnnounced
    | KerberosOffered
    | Established
    | ChildEstablished
    | PeerMoved
    | Discarded
    | PeerNotified
    | PeerDeleted
    | PeerAlive
    | PeerSilent
    | ChildRetired
    | IkeRetired
    | Failed
)
