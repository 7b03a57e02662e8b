"""Each payload of a message in one line, without anything secret: values of keys, hashes and nonces are not shown."""

from __future__ import annotations

from typing import Final, NamedTuple

from ipsecmig.ike import narrowing
from ipsecmig.ike.errors import Malformed
from ipsecmig.ike.lifetimes import Lifetimes, read_phase_1, read_phase_2
from ipsecmig.ike.wire.association import SecurityAssociation
from ipsecmig.ike.wire.attributes import decode_attributes
from ipsecmig.ike.wire.certificate import Certificate, CertificateRequest
from ipsecmig.ike.wire.cursor import Cursor
from ipsecmig.ike.wire.fragment import Fragment
from ipsecmig.ike.wire.generic import Payload
from ipsecmig.ike.wire.identification import Identification
from ipsecmig.ike.wire.nat import NatDetection, NatOriginalAddress
from ipsecmig.ike.wire.notification import Delete, Notify
from ipsecmig.ike.wire.numbers import IdNumber, NotifyNumber, PayloadNumber, Protocol
from ipsecmig.ike.wire.opaque import VendorId
from ipsecmig.ike.wire.vendor import WINDOWS, identify, windows_version
from ipsecmig.probe.terms import offered_in_phase_1, offered_in_phase_2

_SHOWN_OCTETS: Final = 16
_SHOWN_OFFERS: Final = 8


class PayloadLine(NamedTuple):
    """A payload's name and what it says."""

    name: str
    text: str


def payload_line(payload: Payload) -> PayloadLine:
    """Return the payload in words."""
    number = payload.number
    known = number in PayloadNumber.__members__.values()
    name = PayloadNumber(number).name.replace("_", "-") if known else f"type {number}"
    return PayloadLine(name, _text(payload))


def _text(payload: Payload) -> str:
    match payload:
        case SecurityAssociation():
            return _association(payload)
        case Identification():
            return identification_text(payload)
        case Notify():
            return _notify(payload)
        case Delete():
            return f"{_protocol(payload.protocol)} {', '.join(spi.hex() for spi in payload.spis)}"
        case VendorId():
            return vendor_text(payload.data)
        case Certificate() | CertificateRequest():
            octets = payload.data if isinstance(payload, Certificate) else payload.authority
            return f"encoding {payload.encoding}, {len(octets)} octets"
        case Fragment():
            last = ", the last" if payload.last else ""
            return f"{payload.position} of message {payload.identifier}{last}, {len(payload.data)} octets"
        case NatDetection():
            return f"{len(payload.digest)} octets"
        case NatOriginalAddress():
            return str(payload.address)
        case _:
            return f"{len(payload.encode())} octets"


def _association(payload: SecurityAssociation) -> str:
    if all(proposal.protocol == Protocol.ISAKMP for proposal in payload.proposals):
        offers = [terms.text() for terms in offered_in_phase_1(payload)]
        read = read_phase_1
    else:
        offers = [terms.text() for terms in offered_in_phase_2(payload)]
        read = read_phase_2
    transforms = [transform for proposal in payload.proposals for transform in proposal.transforms]
    lifetimes = dict.fromkeys(lifetimes_text(read(transform.attributes)) for transform in transforms)
    more = f" and {len(offers) - _SHOWN_OFFERS} more" if len(offers) > _SHOWN_OFFERS else ""
    return f"{'; '.join(offers[:_SHOWN_OFFERS])}{more} ({' or '.join(lifetimes)})"


def lifetimes_text(lifetimes: Lifetimes) -> str:
    """Return lifetimes as in `3,600 s, 100,000 kB`."""
    seconds = [] if lifetimes.seconds is None else [f"{lifetimes.seconds:,} s"]
    kilobytes = [] if lifetimes.kilobytes is None else [f"{lifetimes.kilobytes:,} kB"]
    return ", ".join(seconds + kilobytes) or "no lifetime"


def identification_text(payload: Identification) -> str:
    """Return who or what is meant, as in `10.9.0.1 protocol 6 port 80`."""
    if payload.addresses():
        return narrowing.text(payload)
    if payload.kind in {IdNumber.FQDN, IdNumber.USER_FQDN}:
        return payload.data.decode("ascii", "backslashreplace")
    known = payload.kind in IdNumber.__members__.values()
    name = IdNumber(payload.kind).name if known else f"identification type {payload.kind}"
    return f"{name} {_hex(payload.data)}"


def notify_name(kind: int) -> str:
    """Return a notify as RFC 2408 writes it, `NO-PROPOSAL-CHOSEN (14)`, or its number alone."""
    known = kind in NotifyNumber.__members__.values()
    return f"{NotifyNumber(kind).name.replace('_', '-')} ({kind})" if known else f"notify {kind}"


def _notify(payload: Notify) -> str:
    data = f", {_notify_data(payload)}" if payload.data else ""
    return f"{notify_name(payload.kind)} about {_protocol(payload.protocol)}{data}"


def _notify_data(payload: Notify) -> str:
    """Return what a notify carries: lifetimes of RESPONDER-LIFETIME (RFC 2407 section 4.6.3.1), else octets."""
    if payload.kind == NotifyNumber.RESPONDER_LIFETIME:
        read = read_phase_1 if payload.protocol == Protocol.ISAKMP else read_phase_2
        try:
            return lifetimes_text(read(decode_attributes(Cursor(payload.data))))
        except Malformed:
            return f"malformed lifetimes {_hex(payload.data)}"
    return f"data {_hex(payload.data)}"


def _protocol(number: int) -> str:
    known = number in Protocol.__members__.values()
    return Protocol(number).name if known else f"protocol {number}"


def vendor_text(data: bytes) -> str:
    """Return whose vendor ID it is, with the Windows version in Microsoft's."""
    known = identify(data)
    if known is None:
        return f"unknown, {_hex(data)}"
    version = windows_version(data)
    return known.name if version is None else f"{known.name}: {WINDOWS.get(version, f'version {version}')}"


def _hex(data: bytes) -> str:
    return data[:_SHOWN_OCTETS].hex() + ("..." if len(data) > _SHOWN_OCTETS else "")
