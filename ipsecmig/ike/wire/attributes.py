"""Data attributes (RFC 2408 section 3.3), and the payload of the transaction exchange that consists of them."""

from __future__ import annotations

from dataclasses import dataclass
from struct import Struct
from typing import ClassVar, Final, NamedTuple

from ipsecmig.ike.errors import Malformed
from ipsecmig.ike.wire.cursor import Cursor
from ipsecmig.ike.wire.numbers import PayloadNumber

MAX_ATTRIBUTES: Final = 64
"""How many attributes a list may have. The longest sensible transform has about ten."""

_BASIC: Final = 0x8000
"""The attribute format bit: set for a value of two octets, clear for a length and a value."""

_HEAD: Final = Struct("!HH")


class Attribute(NamedTuple):
    """One attribute. `number` is its type below 0x8000.

    An integer `value` is the basic form, two octets; bytes are the variable form. They are kept apart because a
    lifetime may come in either, and hashes cover the form in which it came.
    """

    number: int
    value: int | bytes

    @property
    def amount(self) -> int:
        """The value as an unsigned number, whichever form it came in."""
        return self.value if isinstance(self.value, int) else int.from_bytes(self.value, "big")

    def encode(self) -> bytes:
        """Return the attribute's bytes. Raises OverflowError for a value that is too long, ValueError for the type."""
        if not 0 <= self.number < _BASIC:
            raise ValueError(f"no attribute type: {self.number}")
        if isinstance(self.value, int):
            return (_BASIC | self.number).to_bytes(2, "big") + self.value.to_bytes(2, "big")
        return self.number.to_bytes(2, "big") + len(self.value).to_bytes(2, "big") + self.value


def decode_attributes(cursor: Cursor) -> tuple[Attribute, ...]:
    """Return the attributes up to the end of the block. Raises Malformed, also for more than `MAX_ATTRIBUTES`."""
    found: list[Attribute] = []
    while cursor.remaining:
        if len(found) == MAX_ATTRIBUTES:
            raise Malformed(cursor.offset, f"at most {MAX_ATTRIBUTES} attributes")
        found.append(_decode(cursor))
    return tuple(found)


def _decode(cursor: Cursor) -> Attribute:
    number, value = cursor.numbers(_HEAD, "an attribute")
    if number & _BASIC:
        return Attribute(number ^ _BASIC, value)
    return Attribute(number, cursor.octets(value, "an attribute value"))


def encode_attributes(attributes: tuple[Attribute, ...]) -> bytes:
    """Return the bytes of all the attributes. Raises like `Attribute.encode`."""
    return b"".join(attribute.encode() for attribute in attributes)


@dataclass(frozen=True, slots=True)
class AttributePayload:
    """The attribute payload of draft-ietf-ipsec-isakmp-mode-cfg: message type, identifier, attributes."""

    number: ClassVar[int] = PayloadNumber.ATTRIBUTES

    message: int
    identifier: int
    attributes: tuple[Attribute, ...]

    @classmethod
    def decode(cls, cursor: Cursor) -> AttributePayload:
        """Return the payload whose body the cursor holds. Raises Malformed."""
        message = cursor.number(1, "the message type")
        cursor.reserved(1)
        return cls(message, cursor.number(2, "the identifier"), decode_attributes(cursor))

    def encode(self) -> bytes:
        """Return the body. Raises OverflowError or ValueError like `Attribute.encode`."""
        head = self.message.to_bytes(1, "big") + b"\0" + self.identifier.to_bytes(2, "big")
        return head + encode_attributes(self.attributes)
