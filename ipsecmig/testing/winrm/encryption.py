"""Messages encrypted by the security context of their connection ([MS-WSMV] 2.2.9.1)."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from spnego import ContextProxy

_BOUNDARY: Final = b"--Encrypted Boundary"
_CONTENT_TYPE: Final = re.compile(r'multipart/(?:x-multi-)?encrypted;.*protocol="([^"]+)"', re.IGNORECASE)
_LENGTH: Final = re.compile(rb"OriginalContent:[^\r\n]*;\s*Length=(\d+)", re.IGNORECASE)
_OCTETS: Final = re.compile(rb"\r\n\s*Content-Type:\s*application/octet-stream\r\n", re.IGNORECASE)
_ENDING: Final = b"--\r\n"
_CREDSSP: Final = "application/HTTP-CredSSP-session-encrypted"
_PIECE: Final = 1 << 14  # of CredSSP, whose TLS seals no more at once


class Garbled(Exception):  # noqa: N818  what arrived, not a mistake of ours
    """The body is no encrypted message, or not one of this context."""


def protocol_of(content_type: str) -> str | None:
    """Return the protocol of an encrypted body as its content type names it, None for a body in the clear."""
    found = _CONTENT_TYPE.match(content_type)
    return None if found is None else found[1]


def opened(context: ContextProxy, body: bytes, protocol: str) -> bytes:
    """Return the message in an encrypted body. Raises Garbled."""
    from spnego.exceptions import SpnegoError

    parts = body.split(_BOUNDARY)
    if (protocol == _CREDSSP) != (context.protocol == "credssp"):
        raise Garbled
    if parts[0] or parts[-1] != _ENDING or len(parts) % 2 or len(parts) < 4:
        raise Garbled
    try:
        return b"".join(
            _opened(context, head, sealed) for head, sealed in zip(parts[1:-1:2], parts[2:-1:2], strict=True)
        )
    except SpnegoError:
        raise Garbled from None


def _opened(context: ContextProxy, head: bytes, sealed: bytes) -> bytes:
    length, begin = _LENGTH.search(head), _OCTETS.match(sealed)
    if length is None or begin is None:
        raise Garbled
    octets = sealed[begin.end() :]
    end = 4 + int.from_bytes(octets[:4], "little")
    plain = context.unwrap_winrm(octets[4:end], octets[end:])
    if len(plain) != int(length[1]):
        raise Garbled
    return plain


def sealed(context: ContextProxy, message: bytes, protocol: str) -> tuple[str, bytes]:
    """Return the content type and the body of a message, encrypted: with CredSSP in pieces of 16 KiB."""
    size = _PIECE if protocol == _CREDSSP else len(message)
    pieces = [message[begin : begin + size] for begin in range(0, len(message), size)]
    kind = "encrypted" if len(pieces) == 1 else "x-multi-encrypted"
    body = b"".join(_sealed(context, piece, protocol) for piece in pieces)
    return f'multipart/{kind};protocol="{protocol}";boundary="Encrypted Boundary"', body + _BOUNDARY + _ENDING


def _sealed(context: ContextProxy, message: bytes, protocol: str) -> bytes:
    wrapped = context.wrap_winrm(message)
    return (
        _BOUNDARY
        + f"\r\n\tContent-Type: {protocol}\r\n\tOriginalContent: type=application/soap+xml;charset=UTF-8;"
        f"Length={len(message) + wrapped.padding_length}\r\n".encode()
        + _BOUNDARY
        + b"\r\n\tContent-Type: application/octet-stream\r\n"
        + len(wrapped.header).to_bytes(4, "little")
        + wrapped.header
        + wrapped.data
    )
