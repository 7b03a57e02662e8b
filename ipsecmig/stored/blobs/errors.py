"""What is wrong with a blob. The message never holds bytes of the blob, which may be those of a preshared key."""

from __future__ import annotations

from ipsecmig.errors import IpsecmigError


class MalformedBlob(IpsecmigError):  # noqa: N818  it names what was read, as the engine's `Malformed` does
    """Bytes that are no blob of the kind that was asked for.

    `offset` counts in bytes from the start of the blob; `found` and `expected` say in words what stands there and what
    should.
    """

    def __init__(self, offset: int, found: str, expected: str) -> None:
        self.offset = offset
        self.found = found
        self.expected = expected
        super().__init__(f"byte {offset}: {found} instead of {expected}")
