"""IP packets as a capture file that Wireshark and its kin read.

The format is that of libpcap (pcap-savefile(5)), with packets that begin at the IP header (LINKTYPE_RAW, 101).
"""

from __future__ import annotations

import struct
from collections.abc import Iterable
from typing import Final

_MAGIC: Final = 0xA1B2C3D4
_VERSION: Final = (2, 4)
_SNAPSHOT: Final = 0x40000
_LINKTYPE_RAW: Final = 101
_FILE_HEADER: Final = struct.Struct("!IHHiIII")
_RECORD_HEADER: Final = struct.Struct("!IIII")
_MICROSECONDS: Final = 1_000_000


def capture(packets: Iterable[tuple[float, bytes]]) -> bytes:
    """Return the content of a capture file of IP packets, each with its time in seconds since 1970."""
    header = _FILE_HEADER.pack(_MAGIC, *_VERSION, 0, 0, _SNAPSHOT, _LINKTYPE_RAW)
    return header + b"".join(_record(at, packet) for at, packet in packets)


def _record(at: float, packet: bytes) -> bytes:
    seconds, microseconds = divmod(round(at * _MICROSECONDS), _MICROSECONDS)
    return _RECORD_HEADER.pack(seconds, microseconds, len(packet), len(packet)) + packet
