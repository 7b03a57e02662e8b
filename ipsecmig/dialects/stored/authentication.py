"""The authentication methods of a rule, in both of their lists ([MS-GPIPSEC] 2.2.1.4)."""

from __future__ import annotations

from ipsecmig.dialects.stored import messages
from ipsecmig.dialects.stored.authorities import read_authority, same_authority
from ipsecmig.dialects.stored.findings import About, NotUnderstoodError
from ipsecmig.model.policy import AuthenticationMethod, Certificate, Kerberos, PresharedKey, Secret
from ipsecmig.stored import numbers
from ipsecmig.stored.blobs import NfaBlob
from ipsecmig.stored.blobs.nfa import METHODS_OFFSET, AuthMethod
from ipsecmig.stored.blobs.text import WideString
from ipsecmig.stored.numbers import CERTIFICATE, EXCLUDE_AUTHORITY, MAP_TO_ACCOUNT


def read_authentication(about: About, blob: NfaBlob, options: int) -> tuple[AuthenticationMethod, ...]:
    """Return the methods in order of preference; what is not understood is said and left out.

    `options` are those of the policy's main mode, which hold for certificates where the rule has no flags of its own.
    """
    flags = _flags(about, blob, options)
    methods: list[AuthenticationMethod] = []
    offset = METHODS_OFFSET
    for place, method in enumerate(blob.methods):
        try:
            methods.append(_method(method, flags[place] if place < len(flags) else options))
        except NotUnderstoodError as refused:
            about.at(offset).refuse(refused)
        offset += method.size
    alternatives = blob.extension.alternatives
    if alternatives is not None and not _same_methods(blob.methods, alternatives):
        about.doubt(messages.METHODS_DIFFER)
    return tuple(methods)


def _flags(about: About, blob: NfaBlob, options: int) -> tuple[int, ...]:
    """Return the flags of each method; empty where the rule has none."""
    stored = blob.extension.flags
    if stored is None or not stored.flags:
        return ()
    certificates = [f for f, method in zip(stored.flags, blob.methods, strict=False) if method.type == CERTIFICATE]
    if (
        len(stored.flags) != len(blob.methods)
        or any(f & ~(MAP_TO_ACCOUNT | EXCLUDE_AUTHORITY) for f in stored.flags)
        or any(options & ~f for f in certificates)
    ):
        about.doubt(messages.METHOD_FLAGS)
    return stored.flags


def _method(method: AuthMethod, flags: int) -> AuthenticationMethod:
    """Return one method. Raises NotUnderstoodError, which holds nothing of a preshared key."""
    match method.type:
        case numbers.PRESHARED_KEY:
            return PresharedKey(Secret(_key(method.data)))
        case numbers.CERTIFICATE:
            return Certificate(
                read_authority(method.data),
                bool(flags & MAP_TO_ACCOUNT),
                bool(flags & EXCLUDE_AUTHORITY),
            )
        case numbers.KERBEROS:
            if any(method.data):
                raise NotUnderstoodError(messages.METHOD_DATA)
            return Kerberos()
        case _:
            raise NotUnderstoodError(messages.METHOD_TYPE, number=method.type)


def _key(data: bytes) -> str:
    stored = WideString(data)
    if not stored.is_sound:
        raise NotUnderstoodError(messages.METHOD_DATA)
    return stored.text


def _same_methods(first: tuple[AuthMethod, ...], second: tuple[AuthMethod, ...]) -> bool:
    return len(first) == len(second) and all(map(_same_method, first, second))


def _same_method(one: AuthMethod, other: AuthMethod) -> bool:
    """Whether two methods are the same; Windows stores Kerberos with and without data, authorities in two forms."""
    if one.type != other.type:
        return False
    if one.type == CERTIFICATE and one.data != other.data:
        try:
            return same_authority(read_authority(one.data), read_authority(other.data))
        except NotUnderstoodError:
            return False
    return _without_nul(one.data) == _without_nul(other.data)


def _without_nul(data: bytes) -> bytes:
    return data[:-2] if len(data) % 2 == 0 and data.endswith(b"\0\0") else data
