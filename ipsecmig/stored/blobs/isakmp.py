"""The blob of an ipsecISAKMPPolicy: main mode ([MS-GPIPSEC] 2.2.1.2)."""

from __future__ import annotations

from dataclasses import dataclass
from struct import Struct
from typing import Final, NamedTuple

from ipsecmig.stored.blobs.cursor import DWORD, Cursor
from ipsecmig.stored.blobs.text import guid_bytes

ISAKMP_TYPE: Final = guid_bytes("{80DC20B8-2EC8-11D1-A89E-00A0248D3021}")

_HEAD: Final = Struct("<16sIII4sII20s")
_METHOD: Final = Struct("<BB2sI8sI16sB7s5I")

NEW_DH_OFFSET: Final = 48
METHODS_OFFSET: Final = len(ISAKMP_TYPE) + DWORD.size + _HEAD.size + DWORD.size
METHOD_SIZE: Final = _METHOD.size
"""Where the four bytes and the methods begin in the blob, and how many bytes each method takes."""


class IsakmpMethod(NamedTuple):
    """One offer of main mode. `group` is overridden by `random_function` (1 to 4, as New-DH) where that is not 0.

    Of algorithms that the documentation has as 8 bytes Windows uses 4; what follows them is kept as `reserved...`, as
    Windows 2000 leaves key lengths and rounds there. Lifetimes are in seconds and kilobytes.
    """

    major: int = 0
    minor: int = 0
    reserved: bytes = bytes(2)
    encryption: int = 0
    reserved_encryption: bytes = bytes(8)
    hash: int = 0
    reserved_hash: bytes = bytes(16)
    random_function: int = 0
    reserved_random: bytes = bytes(7)
    group: int = 0
    quick_mode_limit: int = 0
    lifetime_kilobytes: int = 0
    lifetime_seconds: int = 0
    pfs_identity: int = 0


@dataclass(frozen=True, slots=True)
class IsakmpBlob:
    """`new_dh` are four bytes, each an offer with group 14 that goes before `methods`; the first 0 ends them.

    `options` has 1 for the mapping of certificates to accounts, 2 for certificate requests without names. `lifetime`
    is in seconds, 0 meaning Windows' 28,800; `quick_mode_limit` 0 means none.
    """

    instance: bytes = bytes(16)
    reserved: int = 0
    pfs: int = 0
    options: int = 0
    new_dh: bytes = bytes(4)
    quick_mode_limit: int = 0
    lifetime: int = 0
    reserved_tail: bytes = bytes(20)
    methods: tuple[IsakmpMethod, ...] = ()
    data_length: int = 0
    rest: bytes = b"\0"

    @classmethod
    def parse(cls, data: bytes) -> IsakmpBlob:
        """Return the blob; raises MalformedBlob."""
        cursor = Cursor(data)
        length = cursor.header(ISAKMP_TYPE, "an ISAKMP policy")
        instance, reserved, pfs, options, new_dh, limit, lifetime, tail = cursor.fields(_HEAD, "main mode settings")
        count = cursor.count(_METHOD.size, "main mode methods")
        methods = tuple(IsakmpMethod._make(cursor.fields(_METHOD, "a main mode method")) for _ in range(count))
        return cls(instance, reserved, pfs, options, new_dh, limit, lifetime, tail, methods, length, cursor.rest())

    @property
    def usual_length(self) -> int:
        """The Data-Length that Windows writes: everything after it but the last byte."""
        return _HEAD.size + DWORD.size + _METHOD.size * len(self.methods)

    def write(self) -> bytes:
        """Return its bytes."""
        head = _HEAD.pack(
            self.instance,
            self.reserved,
            self.pfs,
            self.options,
            self.new_dh,
            self.quick_mode_limit,
            self.lifetime,
            self.reserved_tail,
        )
        methods = b"".join(_METHOD.pack(*method) for method in self.methods)
        return ISAKMP_TYPE + DWORD.pack(self.data_length) + head + DWORD.pack(len(self.methods)) + methods + self.rest
