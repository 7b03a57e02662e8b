"""AH: what may change on the way and what may not, by option and extension header."""

from __future__ import annotations

import hashlib
import hmac
import struct

import pytest
from esp_packets import HOSTS, association, ip, packed, rejection, udp, words_sum

from ipsecmig.esp.bundle import Receiver, Sender
from ipsecmig.esp.errors import PacketRejected, Reason
from ipsecmig.esp.headers import split_received
from ipsecmig.esp.mutable import immutable
from ipsecmig.model.algorithms import Integrity

FINAL = packed("10.9.0.2")
HOP = packed("10.9.9.9")
ROUTER_ALERT = bytes.fromhex("94040000")
RECORD_ROUTE = bytes.fromhex("0707040a090001") + b"\0"
LOOSE_ROUTE = b"\x83\x07\x04" + FINAL + b"\0"
USED_ROUTE = b"\x83\x07\x08" + HOP + b"\0"


def with_ipv4_fields(packet: bytes, **fields: int) -> bytes:
    """Return an IPv4 packet with other octets at offsets named `at1`, `at6` .., and its checksum right."""
    changed = bytearray(packet)
    for name, value in fields.items():
        changed[int(name[2:])] = value
    end = (packet[0] & 15) * 4
    changed[10:12] = b"\0\0"
    changed[10:12] = words_sum(bytes(changed[:end])).to_bytes(2, "big")
    return bytes(changed)


def test_the_icv_is_the_hmac_of_the_zeroed_packet() -> None:
    packet = Sender(association(None, Integrity.SHA1)).protect(ip(*HOSTS[4], 17, udp(b"x"), tos=8))
    zeroed = bytearray(packet)
    for at in (1, 6, 7, 8, 10, 11, *range(32, 44)):
        zeroed[at] = 0
    assert packet[20:32] == struct.pack("!BBHII", 17, 4, 0, 0x1000, 1)
    assert packet[32:44] == hmac.digest(bytes(range(20)), zeroed, hashlib.sha1)[:12]


@pytest.mark.parametrize(
    ("integrity", "family", "words"),
    [
        (Integrity.MD5, 4, 6),
        (Integrity.SHA1, 6, 6),
        (Integrity.SHA256, 4, 7),
        (Integrity.SHA256, 6, 8),
        (Integrity.SHA384, 4, 9),
        (Integrity.SHA384, 6, 10),
        (Integrity.SHA512, 4, 11),
        (Integrity.SHA512, 6, 12),
    ],
)
def test_ah_is_whole_words_and_in_ipv6_pairs_of_them(integrity: Integrity, family: int, words: int) -> None:
    clear = ip(*HOSTS[family], 17, udp(b""))
    protected = Sender(association(None, integrity, family=family)).protect(clear)
    assert len(protected) - len(clear) == words * 4
    assert protected[len(clear) - 8 + 1] == words - 2


def test_the_padding_of_linux_in_ipv4_is_taken_too() -> None:
    sa = association(None, Integrity.SHA256)
    key = sa.integrity_key
    header = ip(*HOSTS[4], 51, bytes(32 + 8))[:20]
    fixed = struct.pack("!BBHII", 17, 6, 0, 0x1000, 1)
    blanked = header[:1] + b"\0" + header[2:6] + bytes(3) + header[9:10] + bytes(2) + header[12:]
    icv = hmac.digest(key, blanked + fixed + bytes(16 + 4) + udp(b""), hashlib.sha256)[:16]
    assert Receiver(sa).unprotect(header + fixed + icv + bytes(4) + udp(b"")) == ip(*HOSTS[4], 17, udp(b""))


@pytest.mark.parametrize("options", [b"", ROUTER_ALERT, RECORD_ROUTE, b"\x01" * 3 + b"\0"])
def test_what_routers_change_is_not_noticed_and_the_rest_is(options: bytes) -> None:
    sa = association(None)
    protected = Sender(sa).protect(ip(*HOSTS[4], 17, udp(b"x"), options=options))
    changed = with_ipv4_fields(protected, at1=0x20, at6=0x40, at8=3)
    assert Receiver(sa).unprotect(changed)[20 + len(options) :] == udp(b"x")
    for at in (4, 5, 13, 15):
        with pytest.raises(PacketRejected) as caught:
            Receiver(sa).unprotect(with_ipv4_fields(protected, **{f"at{at}": protected[at] ^ 1}))
        assert caught.value.reason is Reason.BAD_ICV


def test_a_recorded_route_may_fill_up_and_a_router_alert_may_not() -> None:
    sa = association(None)
    recorded = Sender(sa).protect(ip(*HOSTS[4], 17, udp(b"x"), options=RECORD_ROUTE))
    assert Receiver(sa).unprotect(with_ipv4_fields(recorded, at22=8, at24=99))[-1:] == b"x"
    alerted = Sender(sa).protect(ip(*HOSTS[4], 17, udp(b"x"), options=ROUTER_ALERT))
    with pytest.raises(PacketRejected) as caught:
        Receiver(sa).unprotect(with_ipv4_fields(alerted, at23=1))
    assert caught.value.reason is Reason.BAD_ICV


def test_a_source_route_is_signed_with_the_destination_at_its_end() -> None:
    sa = association(None)
    sent = Sender(sa).protect(ip(HOSTS[4][0], "10.9.9.9", 17, udp(b"x"), options=LOOSE_ROUTE))
    arrived = bytearray(sent)
    arrived[16:20], arrived[20:28] = FINAL, USED_ROUTE
    assert Receiver(sa).unprotect(with_ipv4_fields(bytes(arrived)))[-1:] == b"x"


@pytest.mark.parametrize(
    ("options", "reason"),
    [
        (b"\x99\x04\0\0", Reason.UNSUPPORTED),
        (b"\x94\x01\0\0", Reason.MALFORMED),
        (b"\x94\x05\0\0", Reason.MALFORMED),
        (b"\x01\x01\x01\x94", Reason.MALFORMED),
        (b"\x83\x04\x04\0", Reason.MALFORMED),
    ],
)
def test_odd_ipv4_options_are_refused(options: bytes, reason: Reason) -> None:
    packet = ip(*HOSTS[4], 17, b"", options=options)
    assert rejection(Sender(association(None)).protect, packet) is reason
    received = ip(*HOSTS[4], 51, SIGNED_BODY, options=options)
    assert rejection(Receiver(association(None)).unprotect, received) is reason


SIGNED_BODY = Sender(association(None)).protect(ip(*HOSTS[4], 17, b""))[20:]

# An option that may change en route (type 0x3e), one that may not (0x05: router alert, RFC 2711), and Pad1.
HOP_BY_HOP = bytes([17, 1]) + b"\x3e\x02\xaa\xbb" + b"\x05\x02\0\0" + b"\x01\x04\0\0\0\0"
FAR = packed("2001:db8::2")
NEAR = packed("2001:db8::77")


def test_ipv6_options_that_may_change_are_zeroed() -> None:
    sa = association(None, family=6)
    clear = ip(*HOSTS[6], 17, udp(b"x"), options=HOP_BY_HOP)
    protected = bytearray(Sender(sa).protect(clear))
    assert Receiver(sa).unprotect(bytes(protected)) == clear
    protected[1] ^= 0xFF  # traffic class and flow label
    protected[3] ^= 0xFF
    protected[7] = 1  # hop limit
    protected[44] ^= 0xFF  # data of the option that may change
    assert Receiver(sa).unprotect(bytes(protected))[-1:] == b"x"
    protected[48] ^= 1
    with pytest.raises(PacketRejected) as caught:
        Receiver(sa).unprotect(bytes(protected))
    assert caught.value.reason is Reason.BAD_ICV


def routing(next_header: int, left: int, *addresses: bytes, kind: int = 0, length: int | None = None) -> bytes:
    octets = len(addresses) * 2 if length is None else length
    return bytes([next_header, octets, kind, left]) + bytes(4) + b"".join(addresses)


def ipv6_with_extension(destination: bytes, first: int, extension: bytes, payload: bytes) -> bytes:
    head = struct.pack("!IHBB", 6 << 28, len(extension) + len(payload), first, 64)
    return head + packed(HOSTS[6][0]) + destination + extension + payload


def test_a_routing_header_is_signed_as_it_arrives() -> None:
    sa = association(None, family=6)
    sent = Sender(sa).protect(ipv6_with_extension(NEAR, 43, routing(17, 1, FAR), udp(b"x")))
    assert sent[40] == 51
    arrived = ipv6_with_extension(FAR, 43, routing(51, 0, NEAR), sent[64:])
    assert Receiver(sa).unprotect(arrived)[-1:] == b"x"


def test_routes_of_several_hops_end_in_the_same_header() -> None:
    a, b, c = (packed(f"2001:db8::{n}") for n in (1, 2, 3))
    stages = [
        (a, routing(59, 2, b, c)),
        (b, routing(59, 1, a, c)),
        (c, routing(59, 0, a, b)),
    ]
    seen = {immutable(split_received(ipv6_with_extension(at, 43, header, b""))) for at, header in stages}
    assert len(seen) == 1


@pytest.mark.parametrize(
    ("first", "extension", "reason"),
    [
        (43, routing(17, 0, NEAR, kind=2), Reason.UNSUPPORTED),
        (43, routing(17, 2, NEAR), Reason.MALFORMED),
        (43, routing(17, 0, b"", length=0)[:8] + b"", None),
        (43, routing(17, 0, NEAR[:8], length=1), Reason.MALFORMED),
        (0, bytes([17, 0]) + b"\x05\x09\0\0\0\0", Reason.MALFORMED),
        (0, bytes([17, 0]) + b"\0\0\0\0\0\x05", Reason.MALFORMED),
    ],
)
def test_odd_ipv6_headers_are_refused(first: int, extension: bytes, reason: Reason | None) -> None:
    sender = Sender(association(None, family=6))
    packet = ipv6_with_extension(FAR, first, extension, udp(b""))
    if reason is None:
        assert Receiver(sender.sa).unprotect(sender.protect(packet)) == packet
        return
    with pytest.raises(PacketRejected) as caught:
        sender.protect(packet)
    assert caught.value.reason is reason


@pytest.mark.parametrize(
    ("chain", "covered"),
    [
        ([(0, 8)], True),
        ([(60, 8)], False),
        ([(60, 8), (43, 8)], True),
        ([(43, 8), (60, 8)], False),
    ],
)
def test_destination_options_stay_outside_only_before_a_routing_header(
    chain: list[tuple[int, int]], covered: bool
) -> None:
    """Whether the last extension header stands before AH, as RFC 2402 section 3.1.1 draws it."""
    kinds = [kind for kind, _ in chain] + [17]
    filler = {0: b"\0\1\4\0\0\0\0", 60: b"\0\1\4\0\0\0\0", 43: b"\0\0\0\0\0\0\0"}
    extension = b"".join(bytes([kinds[n + 1]]) + filler[kind] for n, kind in enumerate(kinds[:-1]))
    clear = ipv6_with_extension(FAR, kinds[0], extension, udp(b"x"))
    sa = association(None, family=6)
    protected = Sender(sa).protect(clear)
    at = 40 + len(extension) - (0 if covered else 8)
    assert protected[at] == (17 if covered else 60)
    assert protected[at + 1] == 4  # AH with 12 octets of ICV
    assert Receiver(sa).unprotect(protected) == clear
