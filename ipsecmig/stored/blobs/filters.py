"""The blob of an ipsecFilter, which is a filter list ([MS-GPIPSEC] 2.2.1.5), and its filters of the first version."""

from __future__ import annotations

from dataclasses import dataclass
from struct import Struct
from typing import Final, NamedTuple

from ipsecmig.stored.blobs.cursor import DWORD, Cursor
from ipsecmig.stored.blobs.errors import MalformedBlob
from ipsecmig.stored.blobs.filters_v2 import SECTION_TYPE, FilterSection
from ipsecmig.stored.blobs.text import EMPTY, WideString, guid_bytes

FILTER_TYPE: Final = guid_bytes("{80DC20B5-2EC8-11D1-A89E-00A0248D3021}")

FILTERS_OFFSET: Final = len(FILTER_TYPE) + 2 * DWORD.size
"""Where the filters begin in the blob."""

_ADDRESSES: Final = Struct(">5I")
_FIELDS: Final = Struct(f"<16sI{_ADDRESSES.size}sIHHBBH")
_NO_NAMES: Final = EMPTY.write() * 2
_LEAST: Final = 3 * DWORD.size + _FIELDS.size
_NAMES: Final = "the DNS names of a filter"


class FilterSpec(NamedTuple):
    """One filter. Addresses and masks are numbers; a port of 0 is any.

    `special` 1 to 4 makes the source DNS, WINS, DHCP or gateway servers, with 0x80 the destination. A tuple, because
    lists have thousands of them.
    """

    source_name: WideString = EMPTY
    destination_name: WideString = EMPTY
    description: WideString = EMPTY
    guid: bytes = bytes(16)
    mirrored: int = 0
    source: int = 0
    source_mask: int = 0
    destination: int = 0
    destination_mask: int = 0
    tunnel: int = 0
    protocol: int = 0
    source_port: int = 0
    destination_port: int = 0
    is_tunnel: int = 0
    special: int = 0
    options: int = 0

    @property
    def size(self) -> int:
        """How many bytes it takes in a blob."""
        return _LEAST + len(self.source_name.raw) + len(self.destination_name.raw) + len(self.description.raw)


@dataclass(frozen=True, slots=True)
class FilterBlob:
    """Filters of the first version, and the section of those that need the second (Windows Vista and later).

    `declared` is the number of `filters` as stored, where the section makes it another. `rest` is what follows:
    nothing, or one zero byte from Windows 2000 to 2003.
    """

    filters: tuple[FilterSpec, ...] = ()
    section: FilterSection | None = None
    declared: int = 0
    data_length: int = 0
    rest: bytes = b""

    @classmethod
    def parse(cls, data: bytes) -> FilterBlob:
        """Return the blob; raises MalformedBlob.

        The filters of the first version end where their number or the mark of the section says.
        """
        cursor = Cursor(data)
        length = cursor.header(FILTER_TYPE, "a filter list")
        start = cursor.offset
        declared = cursor.number("the number of filters")
        if declared * _LEAST > cursor.remaining and cursor.find(SECTION_TYPE) < 0:
            room = f"one of at most {cursor.remaining // _LEAST:,}, for which there is room"
            raise MalformedBlob(start, f"a number of {declared:,} filters", room)
        filters = _parse_filters(cursor, declared)
        section = FilterSection.parse(cursor) if cursor.skip(SECTION_TYPE) else None
        return cls(tuple(filters), section, declared, length, cursor.rest())

    @property
    def usual_length(self) -> int:
        """The Data-Length that Windows Vista and later write: the filters alone."""
        return sum(spec.size for spec in self.filters)

    def write(self) -> bytes:
        """Return its bytes."""
        parts = [FILTER_TYPE, DWORD.pack(self.data_length), DWORD.pack(self.declared), *map(_write, self.filters)]
        if self.section is not None:
            parts += (SECTION_TYPE, self.section.write())
        parts.append(self.rest)
        return b"".join(parts)


def _parse_filters(cursor: Cursor, declared: int) -> list[FilterSpec]:
    """Return `declared` filters, or as many as stand before the section if there is one."""
    filters: list[FilterSpec] = []
    while len(filters) < declared and not cursor.at(SECTION_TYPE):
        filters.append(_parse(cursor))
    section = cursor.find(SECTION_TYPE)
    while cursor.offset < section:
        filters.append(_parse(cursor))
    return filters


def _parse(cursor: Cursor) -> FilterSpec:
    if cursor.skip(_NO_NAMES):
        source = destination = EMPTY
    else:
        source, destination = cursor.string(_NAMES), cursor.string(_NAMES)
    description = cursor.string("the description of a filter")
    guid, mirrored, addresses, *rest = cursor.fields(_FIELDS, "a filter")
    return FilterSpec._make((source, destination, description, guid, mirrored, *_ADDRESSES.unpack(addresses), *rest))


def _write(spec: FilterSpec) -> bytes:
    source, destination, description, guid, mirrored = spec[:5]
    fields = _FIELDS.pack(guid, mirrored, _ADDRESSES.pack(*spec[5:10]), *spec[10:])
    return source.write() + destination.write() + description.write() + fields
