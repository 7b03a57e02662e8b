"""What a peer can do wrong. A mistake of the caller is a ValueError or an OverflowError instead, never one of these."""

from __future__ import annotations

from ipsecmig.errors import IpsecmigError


class Malformed(IpsecmigError):  # noqa: N818  named after the notify message that answers it, PAYLOAD-MALFORMED
    """Bytes that are not what the protocol says.

    `offset` is where, in octets from the start of what was being decoded: the datagram for a clear message, the
    plaintext for the payloads of an encrypted one. `expected` is what should have been there.
    """

    def __init__(self, offset: int, expected: str) -> None:
        self.offset = offset
        self.expected = expected
        super().__init__(f"octet {offset}: expected {expected}")


class InvalidKey(IpsecmigError):  # noqa: N818  named after INVALID-KEY-INFORMATION, which answers it
    """A public value or a derived key that must not be used. The message says which and why, never the key."""


class Refused(IpsecmigError):  # noqa: N818  it is an outcome of the negotiation, which the peer is told
    """What the peer wants cannot be agreed to.

    `notify` is the `NotifyNumber` that says so; `detail` says what was wanted and what could have been had.
    """

    def __init__(self, notify: int, detail: str) -> None:
        self.notify = notify
        self.detail = detail
        super().__init__(detail)
