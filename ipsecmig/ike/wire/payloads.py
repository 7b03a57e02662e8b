"""The registry of payload types, and the chain of payloads that a message consists of."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Final

from ipsecmig.ike.wire import generic
from ipsecmig.ike.wire.association import SecurityAssociation
from ipsecmig.ike.wire.attributes import AttributePayload
from ipsecmig.ike.wire.certificate import Certificate, CertificateRequest
from ipsecmig.ike.wire.cursor import Cursor
from ipsecmig.ike.wire.fragment import Fragment
from ipsecmig.ike.wire.generic import Payload
from ipsecmig.ike.wire.identification import Identification
from ipsecmig.ike.wire.nat import NatDetection, NatOriginalAddress
from ipsecmig.ike.wire.notification import Delete, Notify
from ipsecmig.ike.wire.numbers import PayloadNumber
from ipsecmig.ike.wire.opaque import (
    GssToken,
    Hash,
    KeyExchange,
    Nonce,
    Signature,
    Uninterpreted,
    VendorId,
)

MAX_PAYLOADS: Final = 128
"""How many payloads a message may have; one with many certificates and requests has about thirty."""

Decoder = Callable[[Cursor], Payload]

DECODERS: Final[dict[int, Decoder]] = {
    PayloadNumber.SA: SecurityAssociation.decode,
    PayloadNumber.KE: KeyExchange.decode,
    PayloadNumber.ID: Identification.decode,
    PayloadNumber.CERT: Certificate.decode,
    PayloadNumber.CR: CertificateRequest.decode,
    PayloadNumber.HASH: Hash.decode,
    PayloadNumber.SIG: Signature.decode,
    PayloadNumber.NONCE: Nonce.decode,
    PayloadNumber.NOTIFY: Notify.decode,
    PayloadNumber.DELETE: Delete.decode,
    PayloadNumber.VENDOR_ID: VendorId.decode,
    PayloadNumber.ATTRIBUTES: AttributePayload.decode,
    PayloadNumber.NAT_D: partial(NatDetection.decode, PayloadNumber.NAT_D),
    PayloadNumber.NAT_OA: partial(NatOriginalAddress.decode, PayloadNumber.NAT_OA),
    PayloadNumber.GSS: GssToken.decode,
    PayloadNumber.NAT_D_DRAFT: partial(NatDetection.decode, PayloadNumber.NAT_D_DRAFT),
    PayloadNumber.NAT_OA_DRAFT: partial(NatOriginalAddress.decode, PayloadNumber.NAT_OA_DRAFT),
    PayloadNumber.FRAGMENT: Fragment.decode,
}
"""How the body of each payload type is read. Proposals and transforms occur inside of an SA only."""


def decode_payloads(cursor: Cursor, first: int) -> tuple[Payload, ...]:
    """Return the payloads from the cursor on, the first of type `first`; what follows the last stays unread.

    Payloads of other types come back `Uninterpreted`. Raises Malformed.
    """
    return cursor.chain(first, MAX_PAYLOADS, DECODERS, _uninterpreted)


def _uninterpreted(number: int, _: Cursor) -> Decoder:
    return lambda cursor: Uninterpreted(number, cursor.rest())


encode_payloads: Final = generic.encode_chain
"""Returns the type of the first payload (0 for none) and the bytes of all. Raises OverflowError or ValueError."""
