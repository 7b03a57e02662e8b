"""The blob of an ipsecPolicy: how often the policy is fetched anew ([MS-GPIPSEC] 2.2.1.1)."""

from __future__ import annotations

from dataclasses import dataclass
from struct import Struct
from typing import Final

from ipsecmig.stored.blobs.cursor import Cursor
from ipsecmig.stored.blobs.text import guid_bytes

POLICY_TYPE: Final = guid_bytes("{22202163-4F4C-11D1-863B-00A0248D3021}")

_BODY: Final = Struct("<II")


@dataclass(frozen=True, slots=True)
class PolicyBlob:
    """`polling_interval` is in seconds, 0 meaning Windows' 10,800; `rest` is one zero byte as Windows writes it."""

    polling_interval: int
    data_length: int = 4
    rest: bytes = b"\0"

    @classmethod
    def parse(cls, data: bytes) -> PolicyBlob:
        """Return the blob; raises MalformedBlob."""
        cursor = Cursor(data)
        length = cursor.header(POLICY_TYPE, "a policy")
        return cls(cursor.number("the polling interval"), length, cursor.rest())

    def write(self) -> bytes:
        """Return its bytes."""
        return POLICY_TYPE + _BODY.pack(self.data_length, self.polling_interval) + self.rest
