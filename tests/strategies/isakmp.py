"""Hypothesis strategies for messages of ISAKMP."""

from __future__ import annotations

from hypothesis import strategies as st

from ipsecmig.ike.wire.association import Proposal, SecurityAssociation, Transform
from ipsecmig.ike.wire.attributes import Attribute, AttributePayload
from ipsecmig.ike.wire.certificate import Certificate, CertificateRequest
from ipsecmig.ike.wire.fragment import Fragment
from ipsecmig.ike.wire.generic import Payload
from ipsecmig.ike.wire.identification import Identification
from ipsecmig.ike.wire.message import Header, Message
from ipsecmig.ike.wire.nat import NatDetection, NatOriginalAddress
from ipsecmig.ike.wire.notification import Delete, Notify
from ipsecmig.ike.wire.numbers import IdNumber, PayloadNumber
from ipsecmig.ike.wire.opaque import GssToken, Hash, KeyExchange, Nonce, Signature, Uninterpreted, VendorId
from ipsecmig.ike.wire.payloads import DECODERS

octet = st.integers(0, 0xFF)
short = st.integers(0, 0xFFFF)
long = st.integers(0, 0xFFFF_FFFF)
data = st.binary(max_size=40)

attributes = st.lists(st.builds(Attribute, st.integers(0, 0x7FFF), short | data), max_size=5).map(tuple)
transforms = st.builds(Transform, octet, octet, attributes)
proposals = st.builds(Proposal, octet, octet, st.binary(max_size=8), st.lists(transforms, max_size=3).map(tuple))

ADDRESS_KINDS = {
    IdNumber.IPV4: 4,
    IdNumber.IPV4_SUBNET: 8,
    IdNumber.IPV4_RANGE: 8,
    IdNumber.IPV6: 16,
    IdNumber.IPV6_SUBNET: 32,
    IdNumber.IPV6_RANGE: 32,
}


@st.composite
def identifications(draw: st.DrawFn) -> Identification:
    kind = draw(octet)
    length = next((size for known, size in ADDRESS_KINDS.items() if known == kind), None)
    body = draw(data if length is None else st.binary(min_size=length, max_size=length))
    return Identification(kind, draw(octet), draw(short), body)


@st.composite
def deletes(draw: st.DrawFn) -> Delete:
    size = draw(st.integers(1, 16))
    spis = draw(st.lists(st.binary(min_size=size, max_size=size), min_size=1, max_size=4))
    return Delete(draw(long), draw(octet), tuple(spis))


unknown_types = octet.filter(lambda number: number != PayloadNumber.NONE and number not in DECODERS)
foreign_associations = st.binary(min_size=8, max_size=40).filter(lambda body: body[:8] != b"\0\0\0\1\0\0\0\1")

PAYLOADS: tuple[st.SearchStrategy[Payload], ...] = (
    st.builds(SecurityAssociation, st.lists(proposals, max_size=3).map(tuple)),
    st.builds(KeyExchange, data),
    identifications(),
    st.builds(Certificate, octet, data),
    st.builds(CertificateRequest, octet, data),
    st.builds(Hash, data),
    st.builds(Signature, data),
    st.builds(Nonce, data),
    st.builds(Notify, long, octet, short, st.binary(max_size=16), data),
    deletes(),
    st.builds(VendorId, data),
    st.builds(AttributePayload, octet, short, attributes),
    st.builds(NatDetection, data, st.sampled_from([PayloadNumber.NAT_D, PayloadNumber.NAT_D_DRAFT])),
    st.builds(
        NatOriginalAddress, st.ip_addresses(), st.sampled_from([PayloadNumber.NAT_OA, PayloadNumber.NAT_OA_DRAFT])
    ),
    st.builds(GssToken, data),
    st.builds(Fragment, short, st.integers(1, 0xFF), st.booleans(), data),
    st.builds(Uninterpreted, unknown_types, data),
    st.builds(Uninterpreted, st.just(int(PayloadNumber.SA)), foreign_associations),
)

payloads = st.one_of(PAYLOADS)
payload_lists = st.lists(payloads, max_size=6).map(tuple)
cookies = st.binary(min_size=8, max_size=8)
clear_flags = octet.map(lambda flags: flags & 0xFE)
headers = st.builds(Header, cookies, cookies, octet, clear_flags, long, st.integers(0x10, 0x1F))
messages = st.builds(Message, headers, payload_lists)
