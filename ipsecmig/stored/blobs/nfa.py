"""The blob of an ipsecNFA, which is a rule: authentication, interface and tunnel ([MS-GPIPSEC] 2.2.1.4)."""

from __future__ import annotations

from dataclasses import dataclass, field
from struct import Struct
from typing import Final

from ipsecmig.stored.blobs.cursor import DWORD, Cursor
from ipsecmig.stored.blobs.text import EMPTY, WideString, guid_bytes

NFA_TYPE: Final = guid_bytes("{11BBAC00-498D-11D1-8639-00A0248D3021}")
VERSION_TYPE: Final = guid_bytes("{6A1F5C6F-72B7-11D2-ACF0-0060B0ECCA17}")

ALTERNATIVES_MARK: Final = b"\1" * 16
FLAGS_MARK: Final = b"\1" * 15 + b"\2"
TUNNEL_MARK: Final = b"\1" * 15 + b"\3"
"""What announces each section of the extension of Windows Vista."""

METHODS_OFFSET: Final = len(NFA_TYPE) + 2 * DWORD.size
"""Where the authentication methods begin in the blob."""

_METHOD: Final = Struct("<II")
_TUNNEL: Final = Struct(">I")
_FLAGS: Final = Struct("<II")
_ADDRESS: Final = 16


@dataclass(frozen=True, slots=True)
class AuthMethod:
    """One authentication method. `data` may be a preshared key in clear, so `repr` does not show it."""

    type: int
    data: bytes = field(repr=False)

    @property
    def size(self) -> int:
        """How many bytes it takes in a blob."""
        return _METHOD.size + len(self.data)


@dataclass(frozen=True, slots=True)
class MethodFlags:
    """The flags of each method: 1 maps certificates to accounts, 2 leaves out the authority's name.

    `declared` is their number as stored, which is documented as a zero.
    """

    flags: tuple[int, ...]
    declared: int


@dataclass(frozen=True, slots=True)
class Extension:
    """What Windows Vista added after the counted part: a second list of methods, their flags, an IPv6 tunnel.

    Each is None where its section is missing; only its end can be.
    """

    alternatives: tuple[AuthMethod, ...] | None = None
    flags: MethodFlags | None = None
    tunnel_ipv6: bytes | None = None


@dataclass(frozen=True, slots=True)
class NfaBlob:
    """`tunnel` is an IPv4 address as a number; `endpoint_name` its DNS name. `rest` is one zero byte from Windows."""

    methods: tuple[AuthMethod, ...] = ()
    interface_type: int = 0
    interface_name: WideString = EMPTY
    tunnel: int = 0
    is_tunnel: int = 0
    is_active: int = 0
    endpoint_name: WideString = EMPTY
    extension: Extension = Extension()
    data_length: int = 0
    rest: bytes = field(default=b"\0", repr=False)

    @classmethod
    def parse(cls, data: bytes) -> NfaBlob:
        """Return the blob; raises MalformedBlob."""
        cursor = Cursor(data)
        length = cursor.header(NFA_TYPE, "a rule")
        methods = _parse_methods(cursor, "authentication methods")
        interface_type, interface_name = cursor.number("the interface type"), cursor.string("the interface name")
        (tunnel,) = cursor.fields(_TUNNEL, "the tunnel address")
        is_tunnel, is_active = cursor.fields(_FLAGS, "the flags of the rule")
        name = cursor.string("the name of the tunnel endpoint")
        extension = _parse_extension(cursor)
        return cls(
            methods,
            interface_type,
            interface_name,
            tunnel,
            is_tunnel,
            is_active,
            name,
            extension,
            length,
            cursor.rest(),
        )

    @property
    def usual_length(self) -> int:
        """The Data-Length that Windows writes: up to the name of the tunnel endpoint."""
        return len(self._counted())

    def write(self) -> bytes:
        """Return its bytes, which hold preshared keys."""
        return NFA_TYPE + DWORD.pack(self.data_length) + self._counted() + _write_extension(self.extension) + self.rest

    def _counted(self) -> bytes:
        return b"".join(
            (
                _write_methods(self.methods),
                DWORD.pack(self.interface_type),
                self.interface_name.write(),
                _TUNNEL.pack(self.tunnel),
                _FLAGS.pack(self.is_tunnel, self.is_active),
                self.endpoint_name.write(),
            )
        )


@dataclass(frozen=True, slots=True)
class VersionBlob:
    """The version of a store, for which Windows keeps an ipsecNFA that is no rule. Its layout is not documented."""

    content: bytes

    @classmethod
    def parse(cls, data: bytes) -> VersionBlob:
        """Return the blob; raises MalformedBlob."""
        cursor = Cursor(data)
        cursor.type(VERSION_TYPE, "the version of a store")
        return cls(cursor.rest())

    def write(self) -> bytes:
        """Return its bytes."""
        return VERSION_TYPE + self.content


def parse_nfa(data: bytes) -> NfaBlob | VersionBlob:
    """Return the blob of an ipsecNFA; raises MalformedBlob."""
    return VersionBlob.parse(data) if data.startswith(VERSION_TYPE) else NfaBlob.parse(data)


def _parse_methods(cursor: Cursor, what: str) -> tuple[AuthMethod, ...]:
    count = cursor.count(_METHOD.size, what)
    return tuple(AuthMethod(cursor.number("the type of a method"), cursor.counted("a method")) for _ in range(count))


def _write_methods(methods: tuple[AuthMethod, ...]) -> bytes:
    return DWORD.pack(len(methods)) + b"".join(
        _METHOD.pack(method.type, len(method.data)) + method.data for method in methods
    )


def _parse_extension(cursor: Cursor) -> Extension:
    alternatives = flags = tunnel = None
    if cursor.skip(ALTERNATIVES_MARK):
        alternatives = _parse_methods(cursor, "alternative authentication methods")
    if cursor.skip(FLAGS_MARK):
        flags = _parse_flags(cursor, len(alternatives or ()))
    if cursor.skip(TUNNEL_MARK):
        tunnel = cursor.take(_ADDRESS, "the IPv6 tunnel address")
    return Extension(alternatives, flags, tunnel)


def _parse_flags(cursor: Cursor, methods: int) -> MethodFlags:
    """Return the flags. Windows counts them; by the documentation a zero comes first, then one for each method."""
    declared = cursor.count(DWORD.size, "flags")
    follow = declared == 0 and cursor.remaining >= methods * DWORD.size and not cursor.at(TUNNEL_MARK)
    count = methods if follow else declared
    return MethodFlags(tuple(cursor.number("the flags of a method") for _ in range(count)), declared)


def _write_extension(extension: Extension) -> bytes:
    parts = []
    if extension.alternatives is not None:
        parts.append(ALTERNATIVES_MARK + _write_methods(extension.alternatives))
    if extension.flags is not None:
        numbers = (extension.flags.declared, *extension.flags.flags)
        parts.append(FLAGS_MARK + b"".join(map(DWORD.pack, numbers)))
    if extension.tunnel_ipv6 is not None:
        parts.append(TUNNEL_MARK + extension.tunnel_ipv6)
    return b"".join(parts)
