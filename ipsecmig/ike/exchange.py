"""What the steps of all exchanges share: their inputs, their outcome, and how they look at messages."""

from __future__ import annotations

from typing import Final, NamedTuple, TypeVar

from ipsecmig.ike.configuration import Configuration
from ipsecmig.ike.crypto.ciphers import Cbc
from ipsecmig.ike.errors import Malformed, Refused
from ipsecmig.ike.events import Event
from ipsecmig.ike.keymat import Cookies, Prf, SessionKeys
from ipsecmig.ike.natt import NatTraversal
from ipsecmig.ike.phase1 import Phase1Suite
from ipsecmig.ike.wire.generic import Payload
from ipsecmig.ike.wire.message import HEADER, Message, SealedMessage
from ipsecmig.udp import Path

T = TypeVar("T")

NONCE_OCTETS: Final = 32
"""RFC 2409 section 5 allows 8 to 256."""

MIN_NONCE, MAX_NONCE = 8, 256

RANDOM_OCTETS: Final = 256
"""How many random octets a verb of the engine needs at most."""


class Randomness:
    """Random octets to take from, each once. Raises ValueError when there are fewer than `RANDOM_OCTETS`."""

    __slots__ = ("_octets", "_taken")

    def __init__(self, octets: bytes) -> None:
        if len(octets) < RANDOM_OCTETS:
            raise ValueError(f"{RANDOM_OCTETS} random octets are needed, not {len(octets)}")
        self._octets = octets
        self._taken = 0

    def take(self, count: int) -> bytes:
        """Return the next octets. Raises ValueError when there are no more."""
        start = self._taken
        if start + count > len(self._octets):
            raise ValueError("the random octets are used up")
        self._taken = start + count
        return self._octets[start : self._taken]

    def message_id(self) -> int:
        """Return a message ID, which is never 0."""
        return int.from_bytes(self.take(4), "big") | 1


class Secured(NamedTuple):
    """Phase 1 once its keys are known. `iv` is the last block of ciphertext, first of all that of RFC 2409's IV.

    `with_skeyid_a` is the prf that authenticates what follows phase 1. `nat` is what both ends found out about NATs,
    None where one of them does not know NAT traversal.
    """

    cookies: Cookies
    suite: Phase1Suite
    keys: SessionKeys
    with_skeyid_a: Prf
    cbc: Cbc
    iv: bytes
    nat: NatTraversal | None = None

    def followed_by(self, iv: bytes) -> Secured:
        """Return the same with the IV of the next message."""
        return Secured(self.cookies, self.suite, self.keys, self.with_skeyid_a, self.cbc, iv, self.nat)


class Situation(NamedTuple):
    """What a step may look at: `context` is what the step before left, None at the beginning.

    `path` is the one that the message came on, or on which the exchange begins.
    """

    configuration: Configuration
    context: object
    secured: Secured | None
    message: Message | SealedMessage | None
    random: Randomness
    path: Path


class Step(NamedTuple):
    """What a step leaves, sends and tells; `floats` says that from this reply on a NAT makes port 4500 necessary.

    With a `refusal` only the events count: the peer is refused as if that had been raised.
    """

    context: object
    reply: Message | SealedMessage | None = None
    events: tuple[Event, ...] = ()
    floats: bool = False
    refusal: Refused | None = None


def expect(value: object, kind: type[T]) -> T:
    """Return the value, which the state table says is of that kind. Raises TypeError if it is not, a defect."""
    if not isinstance(value, kind):
        raise TypeError(f"the state table led to a step that needs {kind.__name__}, not {type(value).__name__}")
    return value


def clear(message: Message | SealedMessage | None) -> Message:
    """Return a message that must not be encrypted. Raises Malformed if it is."""
    if not isinstance(message, Message):
        raise Malformed(HEADER, "a message in the clear")
    return message


def sealed(message: Message | SealedMessage | None) -> SealedMessage:
    """Return a message that must be encrypted. Raises Malformed if it is not."""
    if not isinstance(message, SealedMessage):
        raise Malformed(HEADER, "an encrypted message")
    return message


def only(payloads: tuple[Payload, ...], kind: type[T]) -> T:
    """Return the one payload of that kind. Raises Malformed for none or several."""
    found: T | None = None
    for payload in payloads:
        if isinstance(payload, kind):
            if found is not None:
                raise Malformed(HEADER, f"one {kind.__name__} payload, not several")
            found = payload
    if found is None:
        raise Malformed(HEADER, f"one {kind.__name__} payload, not none")
    return found


def nonce_of(data: bytes) -> bytes:
    """Return a peer's nonce. Raises Malformed if it is too short or too long (RFC 2409 section 5)."""
    if not MIN_NONCE <= len(data) <= MAX_NONCE:
        raise Malformed(HEADER, f"a nonce of {MIN_NONCE} to {MAX_NONCE} octets, not {len(data)}")
    return data
