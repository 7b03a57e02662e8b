"""Echo requests and replies of both versions of IP, with known octets."""

from __future__ import annotations

import struct
from ipaddress import ip_address
from typing import Final

from esp_packets import ip, packed, words_sum

REQUESTS: Final = {4: (1, 8, 0), 6: (58, 128, 129)}
"""Protocol of ICMP, its echo request and echo reply, by version of IP."""


def echo(family: int, ends: tuple[str, str], number: int) -> bytes:
    """Return an echo request from the first end to the second."""
    protocol, kind, _ = REQUESTS[family]
    return ip(*ends, protocol, icmp(family, ends, kind, number))


def icmp(family: int, ends: tuple[str, str], kind: int, number: int) -> bytes:
    message = struct.pack("!BBHHH", kind, 0, 0, 77, number) + bytes(range(57))
    pseudo = b"".join(map(packed, ends)) + struct.pack("!II", len(message), 58) if family == 6 else b""
    return message[:2] + words_sum(pseudo + message).to_bytes(2, "big") + message[4:]


def reply_number(family: int, ends: tuple[str, str], packet: bytes) -> int:
    """Return the number of an echo reply, after checking every octet but those that its sender was free in."""
    header = 20 if family == 4 else 40
    protocol, _, kind = REQUESTS[family]
    addresses = (packet[12:16], packet[16:20]) if family == 4 else (packet[8:24], packet[24:40])
    assert tuple(str(ip_address(address)) for address in addresses) == (ends[1], ends[0])
    assert packet[9 if family == 4 else 6] == protocol
    (number,) = struct.unpack_from("!H", packet, header + 6)
    assert packet[header:] == icmp(family, (ends[1], ends[0]), kind, number)
    return int(number)
