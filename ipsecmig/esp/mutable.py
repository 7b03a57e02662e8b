"""The IP header as AH authenticates it: what routers change is zeroed or predicted. RFC 2402 section 3.3.3.1."""

from __future__ import annotations

from typing import Final

from ipsecmig.esp.errors import PacketRejected, Reason
from ipsecmig.esp.headers import ROUTING, Parts

# RFC 2402 appendix A1. The option's whole octet stands here: copy flag, class and number.
_END_OF_OPTIONS: Final = 0
_NO_OPERATION: Final = 1
_IMMUTABLE_OPTIONS: Final = frozenset({130, 133, 134, 148, 149})
_SOURCE_ROUTES: Final = frozenset({131, 137})
_MUTABLE_OPTIONS: Final = frozenset({7, 68, 82, 136, 11, 12, 145, 10, 205, 142, 15, 144, 147}) | _SOURCE_ROUTES

_MAY_CHANGE: Final = 0x20
_PAD1: Final = 0


def immutable(parts: Parts) -> bytes:
    """Return the header in front of AH as it enters the ICV.

    Raises PacketRejected(UNSUPPORTED) for options and extension headers that RFC 2402 does not classify.
    """
    return _immutable_ipv6(parts.header) if parts.is_ipv6 else _immutable_ipv4(parts.header)


def _immutable_ipv4(header: bytes) -> bytes:
    if len(header) == 20:
        return header[:1] + b"\0" + header[2:6] + b"\0\0\0" + header[9:10] + b"\0\0" + header[12:]
    options, destination = _ipv4_options(header[20:], header[16:20])
    fixed = _immutable_ipv4(header[:16] + destination)
    return fixed + options


def _ipv4_options(options: bytes, destination: bytes) -> tuple[bytes, bytes]:
    """Return the options with the mutable ones zeroed, and the address where a source route ends."""
    out = bytearray(options)
    at = 0
    while at < len(options) and options[at] != _END_OF_OPTIONS:
        if options[at] == _NO_OPERATION:
            at += 1
            continue
        end = _option_end(options, at)
        if options[at] in _SOURCE_ROUTES:
            destination = _end_of_route(options[at:end], destination)
        if options[at] in _MUTABLE_OPTIONS:
            out[at:end] = bytes(end - at)
        elif options[at] not in _IMMUTABLE_OPTIONS:
            raise PacketRejected(Reason.UNSUPPORTED, f"IPv4 option {options[at]}")
        at = end
    return bytes(out), destination


def _option_end(options: bytes, at: int) -> int:
    if at + 2 > len(options) or options[at + 1] < 2 or (end := at + options[at + 1]) > len(options):
        raise PacketRejected(Reason.MALFORMED, "IPv4 option")
    return end


def _end_of_route(option: bytes, destination: bytes) -> bytes:
    """Return the last address of a source route that is not yet used up; it is the destination at the receiver."""
    if len(option) < 3 or (len(option) - 3) % 4:
        raise PacketRejected(Reason.MALFORMED, "source route")
    return option[-4:] if option[2] <= len(option) - 3 else destination


def _immutable_ipv6(header: bytes) -> bytes:
    """Zero class, flow label, hop limit and options that may change; set routing headers as the receiver sees them."""
    destination = header[24:40]
    extensions = []
    at, protocol = 40, header[6]
    while at < len(header):
        end = at + 8 + header[at + 1] * 8
        if protocol == ROUTING:
            extension, destination = _routed(header[at:end], destination)
        else:
            extension = _ipv6_options(header[at:end])
        extensions.append(extension)
        at, protocol = end, header[at]
    return b"\x60\0\0\0" + header[4:7] + b"\0" + header[8:24] + destination + b"".join(extensions)


def _ipv6_options(extension: bytes) -> bytes:
    out = bytearray(extension)
    at = 2
    while at < len(extension):
        if extension[at] == _PAD1:
            at += 1
            continue
        if at + 2 > len(extension) or (end := at + 2 + extension[at + 1]) > len(extension):
            raise PacketRejected(Reason.MALFORMED, "IPv6 option")
        if extension[at] & _MAY_CHANGE:
            out[at + 2 : end] = bytes(end - at - 2)
        at = end
    return bytes(out)


def _routed(extension: bytes, destination: bytes) -> tuple[bytes, bytes]:
    """Return a routing header of type 0 and the destination as they are when no segments are left (RFC 2460 4.4)."""
    count, odd = divmod(extension[1], 2)
    left = extension[3]
    if extension[2] != 0:
        raise PacketRejected(Reason.UNSUPPORTED, f"routing header of type {extension[2]}")
    if odd or left > count:
        raise PacketRejected(Reason.MALFORMED, "routing header")
    # Each hop left exchanges the destination with its entry of the list: they all move on by one.
    visited = count - left
    hops = [extension[8 + 16 * i : 24 + 16 * i] for i in range(count)]
    ahead = [destination, *hops[visited:]]
    return extension[:3] + b"\0" + extension[4:8] + b"".join([*hops[:visited], *ahead[:-1]]), ahead[-1]
