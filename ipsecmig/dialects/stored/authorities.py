"""The names of certification authorities as blobs hold them: text, or an X.500 Name in DER (X.501, X.690)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from ipsecmig.dialects.stored import messages
from ipsecmig.dialects.stored.findings import NotUnderstoodError
from ipsecmig.model.authorities import canonical_name, name_parts
from ipsecmig.stored.blobs.text import WideString

_SEQUENCE: Final = 0x30
_SET: Final = 0x31
_OBJECT_IDENTIFIER: Final = 0x06
_CODECS: Final = {
    0x0C: "utf-8",
    0x12: "ascii",
    0x13: "ascii",
    0x14: "latin-1",
    0x16: "ascii",
    0x1A: "ascii",
    0x1C: "utf-32-be",
    0x1E: "utf-16-be",
}
"""The kinds of strings by their tags: UTF8, numeric, printable, teletex, IA5, visible, universal, BMP."""

_KEYWORDS: Final = {
    "2.5.4.3": "CN",
    "2.5.4.4": "SN",
    "2.5.4.5": "SERIALNUMBER",
    "2.5.4.6": "C",
    "2.5.4.7": "L",
    "2.5.4.8": "S",
    "2.5.4.9": "STREET",
    "2.5.4.10": "O",
    "2.5.4.11": "OU",
    "2.5.4.12": "T",
    "2.5.4.42": "G",
    "2.5.4.43": "I",
    "0.9.2342.19200300.100.1.25": "DC",
    "1.2.840.113549.1.9.1": "E",
}


def read_authority(data: bytes) -> str:
    """Return the name in `data`. Raises NotUnderstoodError."""
    if _is_der(data):
        return _der_name(data)
    stored = WideString(data)
    if not stored.is_sound or not stored.text:
        raise NotUnderstoodError(messages.AUTHORITY)
    return stored.text


def same_authority(one: str, other: str) -> bool:
    """Whether two texts name one authority; the parts of a name stand in either order."""
    parts, others = name_parts(canonical_name(one)), name_parts(canonical_name(other))
    if parts is None or others is None:
        return canonical_name(one) == canonical_name(other)
    return others in (parts, parts[::-1])


def _is_der(data: bytes) -> bool:
    """Whether `data` are one sequence; a text that begins with the character 0 is longer than that would be."""
    try:
        elements = list(_elements(data))
    except ValueError:
        return False
    return len(elements) == 1 and elements[0][0] == _SEQUENCE


def _elements(data: bytes) -> Iterator[tuple[int, bytes]]:
    """Yield tag and content of each element. Raises ValueError where a length goes beyond the end."""
    place = 0
    while place < len(data):
        if place + 2 > len(data):
            raise ValueError("an element without a length")
        tag, length, place = data[place], data[place + 1], place + 2
        if length & 0x80:
            octets = length & 0x7F
            length, place = int.from_bytes(data[place : place + octets], "big"), place + octets
        if place + length > len(data):
            raise ValueError("an element beyond the end")
        yield tag, data[place : place + length]
        place += length


def _der_name(data: bytes) -> str:
    """Return the name, the most specific part first, as Windows writes it into blobs."""
    try:
        parts = [_attribute(content) for tag, content in _elements(next(_elements(data))[1]) if _must(tag, _SET)]
    except (ValueError, StopIteration) as error:
        raise NotUnderstoodError(messages.AUTHORITY) from error
    if not parts:
        raise NotUnderstoodError(messages.AUTHORITY)
    return ", ".join(reversed(parts))


def _must(tag: int, expected: int) -> bool:
    if tag != expected:
        raise ValueError(f"the tag {tag:#x} instead of {expected:#x}")
    return True


def _attribute(content: bytes) -> str:
    """Return the one attribute of a relative name."""
    ((tag, pair),) = _elements(content)
    _must(tag, _SEQUENCE)
    (kind, oid), (string, value) = _elements(pair)
    _must(kind, _OBJECT_IDENTIFIER)
    if string not in _CODECS:
        raise ValueError(f"the tag {string:#x} is no string's")
    dotted = _dotted(oid)
    return f"{_KEYWORDS.get(dotted, f'OID.{dotted}')}={_quoted(value.decode(_CODECS[string]))}"


def _dotted(oid: bytes) -> str:
    numbers, number = [], 0
    for octet in oid:
        number = number << 7 | octet & 0x7F
        if not octet & 0x80:
            numbers.append(number)
            number = 0
    if not numbers:
        raise ValueError("an empty object identifier")
    first = min(numbers[0] // 40, 2)
    return ".".join(map(str, (first, numbers[0] - 40 * first, *numbers[1:])))


def _quoted(value: str) -> str:
    if value != value.strip() or any(c in ',+="\n<>#;' for c in value):
        return '"' + value.replace('"', '""') + '"'
    return value
