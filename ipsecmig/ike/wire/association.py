"""The security association payload with its proposals and transforms (RFC 2408 sections 3.4 to 3.6, RFC 2407 4.6.1)."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import lru_cache, partial
from struct import Struct
from typing import ClassVar, Final, NamedTuple, NoReturn

from ipsecmig.ike.errors import Malformed
from ipsecmig.ike.wire.attributes import Attribute, decode_attributes, encode_attributes
from ipsecmig.ike.wire.cursor import Cursor
from ipsecmig.ike.wire.generic import encode_chain
from ipsecmig.ike.wire.numbers import DOI_IPSEC, SITUATION_IDENTITY_ONLY, PayloadNumber
from ipsecmig.ike.wire.opaque import Uninterpreted

_TRANSFORM_HEAD: Final = Struct("!BBH")
_PROPOSAL_HEAD: Final = Struct("!BBBB")
_TRANSFORM: Final = int(PayloadNumber.TRANSFORM)
_PROPOSAL: Final = int(PayloadNumber.PROPOSAL)

MAX_PROPOSALS: Final = 64
MAX_TRANSFORMS: Final = 255
"""The transforms of a proposal are counted in one octet."""

REMEMBERED: Final = 128
"""Of how many transforms it is remembered what they are on the wire, alone or together, and what they mean."""


class Transform(NamedTuple):
    """One way to protect: `transform` is the identifier (KEY_IKE, an ESP or an AH transform)."""

    position: int
    transform: int
    attributes: tuple[Attribute, ...]

    @property
    def number(self) -> int:
        """The payload type."""
        return _TRANSFORM

    @classmethod
    def decode(cls, cursor: Cursor) -> Transform:
        """Return the transform whose body the cursor holds. Raises Malformed."""
        position, transform, reserved = cursor.numbers(_TRANSFORM_HEAD, "the transform")
        if reserved:
            raise Malformed(cursor.offset - 2, "2 reserved octets that are zero")
        return cls(position, transform, decode_attributes(cursor))

    def encode(self) -> bytes:
        """Return the body. Raises OverflowError or ValueError like `Attribute.encode`."""
        return bytes((self.position, self.transform, 0, 0)) + encode_attributes(self.attributes)

    def amounts(self) -> dict[int, int]:
        """Return the number in the first attribute of each type."""
        return {found.number: found.amount for found in reversed(self.attributes)}

    def amount(self, attribute: int) -> int | None:
        """Return the number in the first attribute of that type, None without one."""
        return next((found.amount for found in self.attributes if found.number == attribute), None)


_USUAL_OCTETS: Final = 256
"""Proposals of more are rare. Hosts of one policy send the same others, but for the SPI, which are remembered."""


def _decode_transforms(cursor: Cursor, count: int) -> tuple[Transform, ...]:
    """Return `count` transforms that end with the block of the cursor. Raises Malformed."""
    transforms = cursor.chain(_TRANSFORM if cursor.remaining else 0, count, *_TRANSFORMS)
    cursor.finish("the payload")
    return transforms


@lru_cache(maxsize=REMEMBERED)
def _known_transforms(count: int, body: bytes) -> tuple[Transform, ...]:
    return _decode_transforms(Cursor(body), count)


@lru_cache(maxsize=REMEMBERED)
def _encode_transforms(transforms: tuple[Transform, ...]) -> bytes:
    return encode_chain(transforms)[1]


class Proposal(NamedTuple):
    """Transforms to choose one of, for one protocol. Proposals of equal `position` are meant together (AH and ESP)."""

    position: int
    protocol: int
    spi: bytes
    transforms: tuple[Transform, ...]

    @property
    def number(self) -> int:
        """The payload type."""
        return _PROPOSAL

    @classmethod
    def decode(cls, cursor: Cursor) -> Proposal:
        """Return the proposal whose body the cursor holds.

        Raises Malformed, also when the transforms are not as many as their count says.
        """
        position, protocol, spi_size, count = cursor.numbers(_PROPOSAL_HEAD, "the proposal")
        place = cursor.offset - 1
        spi = cursor.octets(spi_size, "the SPI")
        if cursor.remaining > _USUAL_OCTETS:
            transforms = _decode_transforms(cursor, count)
        else:
            transforms = cursor.apart(partial(_known_transforms, count))
        if len(transforms) != count:
            raise Malformed(place, f"{len(transforms)} as the number of transforms, not {count}")
        return cls(position, protocol, spi, transforms)

    def encode(self) -> bytes:
        """Return the body. Raises OverflowError or ValueError if a field does not fit."""
        head = bytes((self.position, self.protocol, len(self.spi), len(self.transforms)))
        return head + self.spi + _encode_transforms(self.transforms)


@dataclass(frozen=True, slots=True)
class SecurityAssociation:
    """An offer or, with a single transform in it, a choice; of the IPsec DOI and situation identity-only."""

    number: ClassVar[int] = PayloadNumber.SA

    proposals: tuple[Proposal, ...]
    _body: bytes = field(default=b"", init=False, repr=False, compare=False)

    @classmethod
    def decode(cls, cursor: Cursor) -> SecurityAssociation | Uninterpreted:
        """Return the payload whose body the cursor holds. Raises Malformed.

        What follows another DOI or situation has a form of its own: such a payload comes back uninterpreted.
        """
        head = cursor.octets(len(_HEAD), "the DOI and situation")
        if head != _HEAD:
            return Uninterpreted(cls.number, head + cursor.rest())
        return cls(cursor.chain(_PROPOSAL if cursor.remaining else 0, MAX_PROPOSALS, *_PROPOSALS))

    def encode(self) -> bytes:
        """Return the body. Raises OverflowError or ValueError if a field does not fit."""
        if not self._body:
            # The first message of main mode and its hashes take it several times, for every peer of a policy.
            object.__setattr__(self, "_body", _HEAD + encode_chain(self.proposals)[1])
        return self._body


_HEAD: Final = DOI_IPSEC.to_bytes(4, "big") + SITUATION_IDENTITY_ONLY.to_bytes(4, "big")


def _misplaced(wanted: PayloadNumber, number: int, cursor: Cursor) -> NoReturn:
    raise Malformed(cursor.offset, f"a {wanted.name.lower()} here, not payload type {number}")


_TRANSFORMS: Final = {_TRANSFORM: Transform.decode}, partial(_misplaced, PayloadNumber.TRANSFORM)
_PROPOSALS: Final = {_PROPOSAL: Proposal.decode}, partial(_misplaced, PayloadNumber.PROPOSAL)
"""The only payloads that may stand in a proposal and in an SA, and what others are."""
