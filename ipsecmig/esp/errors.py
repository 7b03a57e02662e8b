"""Why a packet was not protected or not accepted."""

from __future__ import annotations

from enum import Enum

from ipsecmig.errors import IpsecmigError


class Reason(Enum):
    """What is wrong with a packet, or with using its association once more. The value is a phrase for messages."""

    TRUNCATED = "shorter than its headers say"
    MALFORMED = "not a well-formed IP packet"
    UNSUPPORTED = "an option or extension header whose changes on the way are not known"
    FRAGMENT = "a fragment, where only whole packets are processed"
    TOO_LONG = "longer than an IP packet can be"
    WRONG_PROTOCOL = "not of the association's protocol"
    WRONG_SPI = "not of the association's SPI"
    WRONG_ENDPOINT = "not addressed to the association's destination"
    REPLAYED = "received before, or older than the replay window"
    BAD_ICV = "the integrity check value does not fit"
    BAD_PADDING = "the padding is not 1, 2, 3 and so on"
    DUMMY = "a dummy packet, sent to be discarded"
    SEQUENCE_OVERFLOW = "the association has used its last sequence number"
    LIFETIME_EXCEEDED = "the association has protected as many octets as it may"
    SELECTOR_MISMATCH = "outside of what the association was negotiated for"


class PacketRejected(IpsecmigError):  # noqa: N818  a verdict on the packet, not a mistake of the program
    """The packet is discarded, for `reason`; `detail` may say which field."""

    def __init__(self, reason: Reason, detail: str = "") -> None:
        self.reason = reason
        self.detail = detail
        super().__init__(f"{reason.value}: {detail}" if detail else reason.value)
