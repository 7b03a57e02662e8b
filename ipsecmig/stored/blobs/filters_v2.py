"""The section of a filter list for filters of the second version: ranges, IPv6 (Vista; [MS-GPIPSEC] 2.2.1.5)."""

from __future__ import annotations

from dataclasses import dataclass
from struct import Struct
from typing import Final, NamedTuple

from ipsecmig.stored.blobs.cursor import DWORD, Cursor
from ipsecmig.stored.blobs.text import EMPTY, WideString, guid_bytes

SECTION_TYPE: Final = guid_bytes("{35FECD3D-AE29-4373-8A6A-C5D8FAB2FB08}")

_HEAD: Final = Struct("<II")
_FIELDS: Final = Struct("<16sI II16s16s II16s16s IHH IHH II")
_LEAST: Final = 3 * DWORD.size + _FIELDS.size

SECTION_OVERHEAD: Final = len(SECTION_TYPE) + _HEAD.size + DWORD.size
"""How many bytes of the section stand before its filters."""


class AddressSpec(NamedTuple):
    """One side of a filter.

    `type` is 0 any, 1 single, 2 range, 4 subnet, 8 me, 0x10 DNS, 0x20 WINS, 0x40 DHCP, 0x80 gateway; `version` 1 IPv4,
    2 IPv6, 3 both. `second` is the end of a range or the mask: of IPv6 the length of its prefix in one byte.
    """

    type: int = 0
    version: int = 0
    first: bytes = bytes(16)
    second: bytes = bytes(16)


class PortSpec(NamedTuple):
    """The ports of one side: `type` is 0 any, 1 single, 2 the range from `first` to `last`."""

    type: int = 0
    first: int = 0
    last: int = 0


class FilterSpecV2(NamedTuple):
    """One filter; `flags` 8 says that the filters of the first version are its expansion and count for nothing."""

    source_name: WideString = EMPTY
    destination_name: WideString = EMPTY
    description: WideString = EMPTY
    guid: bytes = bytes(16)
    mirrored: int = 0
    source: AddressSpec = AddressSpec()
    destination: AddressSpec = AddressSpec()
    source_ports: PortSpec = PortSpec()
    destination_ports: PortSpec = PortSpec()
    protocol: int = 0
    flags: int = 0

    @property
    def size(self) -> int:
        """How many bytes it takes in a blob."""
        return _LEAST + len(self.source_name.raw) + len(self.destination_name.raw) + len(self.description.raw)


@dataclass(frozen=True, slots=True)
class FilterSection:
    """The section after its mark. `first_version` is the number of filters of the first version, if not 0."""

    filters: tuple[FilterSpecV2, ...] = ()
    first_version: int = 0
    data_length: int = 0

    @classmethod
    def parse(cls, cursor: Cursor) -> FilterSection:
        """Return the section that comes next; raises MalformedBlob."""
        length, first_version = cursor.fields(_HEAD, "the head of the second section")
        count = cursor.count(_LEAST, "filters of the second version")
        return cls(tuple(_parse(cursor) for _ in range(count)), first_version, length)

    @property
    def usual_length(self) -> int:
        """The bytes of its filters."""
        return sum(spec.size for spec in self.filters)

    def write(self) -> bytes:
        """Return its bytes, without its mark."""
        head = _HEAD.pack(self.data_length, self.first_version) + DWORD.pack(len(self.filters))
        return head + b"".join(map(_write, self.filters))


def _parse(cursor: Cursor) -> FilterSpecV2:
    texts = [cursor.string("the texts of a filter") for _ in range(3)]
    f = cursor.fields(_FIELDS, "a filter of the second version")
    addresses = AddressSpec._make(f[2:6]), AddressSpec._make(f[6:10])
    ports = PortSpec._make(f[10:13]), PortSpec._make(f[13:16])
    return FilterSpecV2._make((*texts, *f[:2], *addresses, *ports, *f[16:]))


def _write(spec: FilterSpecV2) -> bytes:
    texts = spec.source_name.write() + spec.destination_name.write() + spec.description.write()
    sides = (*spec.source, *spec.destination, *spec.source_ports, *spec.destination_ports)
    return texts + _FIELDS.pack(spec.guid, spec.mirrored, *sides, spec.protocol, spec.flags)
