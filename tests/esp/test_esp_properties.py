"""What holds for every packet: what goes in comes out, and nothing else is let in."""

from __future__ import annotations

from itertools import pairwise

import pytest
from esp_packets import (
    HOSTS,
    INNER,
    association,
    encryptions,
    everything,
    families,
    integrities,
    ip,
    modes,
    packed,
    payloads,
    randomness,
    rejection,
    udp,
    words_sum,
)
from hypothesis import given, settings
from hypothesis import strategies as st

from ipsecmig.esp.association import SecurityAssociation, UdpEncapsulation
from ipsecmig.esp.bundle import InboundBundle, OutboundBundle, Receiver
from ipsecmig.esp.encapsulation import EspSealer
from ipsecmig.esp.errors import PacketRejected, Reason
from ipsecmig.esp.headers import checksum
from ipsecmig.esp.replay import WINDOW, ReplayWindow
from ipsecmig.model.algorithms import Encryption, Integrity
from ipsecmig.model.treatment import Mode


def clear_packet(mode: Mode, family: int, inner_family: int, data: bytes) -> bytes:
    """Return a packet between the ends of an association, or through its tunnel."""
    ends = HOSTS[family] if mode is Mode.TRANSPORT else INNER[inner_family]
    return ip(*ends, 17, udp(data))


def there_and_back(outbound: OutboundBundle, inbound: InboundBundle, clear: bytes) -> bytes:
    return inbound.unprotect(outbound.protect(clear, randomness(outbound.random_octets)))


@settings(max_examples=150)
@given(
    encryptions,
    st.none() | integrities,
    modes,
    families,
    families,
    st.none() | st.builds(UdpEncapsulation),
    st.lists(payloads, min_size=1, max_size=3),
)
def test_esp_returns_what_it_was_given(
    encryption: Encryption,
    integrity: Integrity | None,
    mode: Mode,
    family: int,
    inner_family: int,
    udp_encapsulation: UdpEncapsulation | None,
    data: list[bytes],
) -> None:
    if encryption is Encryption.NULL:
        integrity = integrity or Integrity.SHA1
    sas = (association(encryption, integrity, mode, family, udp=udp_encapsulation),)
    outbound, inbound = OutboundBundle(sas, everything()), InboundBundle(sas, everything())
    for each in data:
        clear = clear_packet(mode, family, inner_family, each)
        assert there_and_back(outbound, inbound, clear) == clear


@settings(max_examples=80)
@given(integrities, modes, families, families, payloads)
def test_ah_returns_what_it_was_given(
    integrity: Integrity, mode: Mode, family: int, inner_family: int, data: bytes
) -> None:
    sas = (association(None, integrity, mode, family),)
    clear = clear_packet(mode, family, inner_family, data)
    assert there_and_back(OutboundBundle(sas, everything()), InboundBundle(sas, everything()), clear) == clear


@settings(max_examples=80)
@given(integrities, encryptions, modes, families, payloads)
def test_ah_around_esp_returns_what_it_was_given(
    integrity: Integrity, encryption: Encryption, mode: Mode, family: int, data: bytes
) -> None:
    sas = (
        association(None, integrity, Mode.TRANSPORT, family, spi=0x2000),
        association(encryption, Integrity.SHA1, mode, family),
    )
    clear = clear_packet(mode, family, 4, data)
    outbound = OutboundBundle(sas, everything())
    protected = outbound.protect(clear, randomness(outbound.random_octets))
    assert protected[9 if family == 4 else 6] == 51
    assert InboundBundle(sas, everything()).unprotect(protected) == clear


SHAPES = [
    (association(),),
    (association(Encryption.TRIPLE_DES, Integrity.MD5, Mode.TUNNEL, 6),),
    (association(udp=UdpEncapsulation()),),
    (association(None, Integrity.SHA256, Mode.TUNNEL),),
    (association(None, Integrity.SHA1, family=6),),
    (association(None, Integrity.MD5, spi=0x2000), association(Encryption.DES, Integrity.MD5)),
]
shapes = pytest.mark.parametrize("sas", SHAPES)


def protected_by(sas: tuple[SecurityAssociation, ...]) -> tuple[bytes, bytes]:
    """Return a clear packet and the same packet protected."""
    bundle = OutboundBundle(sas, everything())
    sa = bundle.senders[-1].sa
    clear = clear_packet(sa.mode, 4 if len(sa.source) == 4 else 6, 4, b"some octets")
    return clear, bundle.protect(clear, randomness(bundle.random_octets))


# Left out is what routers change or what says nothing of the packet, so that a flipped bit there is not noticed: TOS,
# flags, TTL and checksum, or class, flow label and hop limit; under ESP the whole header but for length, protocol and
# destination; the source port and checksum of UDP.
def _authenticated(position: int, packet: bytes, *, ah: bool, udp: bool) -> bool:
    if packet[0] >> 4 == 4:
        immutable = {0, 2, 3, 4, 5, 9, *range(12, 20)} if ah else {9, *range(16, 20)}
        return position in immutable or (position >= 20 and not (udp and position in {20, 21, 26, 27}))
    immutable = {4, 5, 6, *range(8, 40)} if ah else {6, *range(24, 40)}
    return position in immutable or position >= 40


@shapes
def test_every_flipped_bit_is_rejected(sas: tuple[SecurityAssociation, ...]) -> None:
    _, protected = protected_by(sas)
    first = sas[0]
    ah, in_udp = first.encryption is None, first.udp is not None
    for bit in range(len(protected) * 8):
        position = bit // 8
        damaged = bytearray(protected)
        damaged[position] ^= 1 << bit % 8
        if _authenticated(position, protected, ah=ah, udp=in_udp):
            with pytest.raises(PacketRejected):
                InboundBundle(sas, everything()).unprotect(bytes(damaged))


@shapes
def test_every_truncation_is_rejected(sas: tuple[SecurityAssociation, ...]) -> None:
    _, protected = protected_by(sas)
    for length in range(len(protected)):
        with pytest.raises(PacketRejected):
            InboundBundle(sas, everything()).unprotect(protected[:length])


@settings(max_examples=200)
@given(st.integers(0, len(SHAPES) - 1), st.binary(max_size=120), st.data())
def test_hostile_octets_only_ever_raise_our_own_rejection(shape: int, octets: bytes, data: st.DataObject) -> None:
    bundle = InboundBundle(SHAPES[shape], everything())
    _, protected = protected_by(SHAPES[shape])
    start = data.draw(st.integers(0, len(protected)))
    with pytest.raises(PacketRejected):
        bundle.unprotect(octets)
    spliced = protected[:start] + octets
    if spliced[: len(protected)] != protected:
        # Let in only when nothing but fields that routers may change was replaced.
        assert rejection(bundle.unprotect, spliced) is not None or start < 40


@settings(max_examples=200)
@given(st.binary(min_size=16, max_size=64), st.sampled_from([0, 4, 6, 17, 41, 59, 255]), families, modes)
def test_whatever_an_authentic_peer_sends_is_a_packet_or_a_rejection(
    data: bytes, protocol: int, family: int, mode: Mode
) -> None:
    sa = association(Encryption.NULL, Integrity.MD5, mode, family)
    body = EspSealer(sa).seal(protocol, data, b"")
    reason = rejection(InboundBundle((sa,), everything()).unprotect, ip(*HOSTS[family], 50, body))
    assert reason not in (Reason.BAD_ICV, Reason.BAD_PADDING, Reason.REPLAYED)


class SetOfNumbers:
    """The slow oracle of the window: every number ever received."""

    def __init__(self) -> None:
        self.received: set[int] = set()

    def refuses(self, sequence: int) -> bool:
        highest = max(self.received, default=0)
        return sequence == 0 or sequence in self.received or sequence <= highest - WINDOW


@settings(max_examples=200)
@given(st.lists(st.integers(-70, 70), max_size=100), st.integers(0, 200))
def test_the_window_against_a_set_of_all_numbers(steps: list[int], start: int) -> None:
    window, oracle = ReplayWindow(), SetOfNumbers()
    sequence = start
    for step in steps:
        sequence = min(max(sequence + step, 0), 0xFFFFFFFF)
        assert window.refuses(sequence) == oracle.refuses(sequence)
        if not window.refuses(sequence):
            window.record(sequence)
            oracle.received.add(sequence)


@given(st.binary(max_size=64))
def test_the_checksum_is_that_of_the_words(data: bytes) -> None:
    assert checksum(data) == words_sum(data)


@given(st.permutations(range(8)))
def test_packets_in_any_order_come_in_once(order: list[int]) -> None:
    sa = association()
    outbound, receiver = OutboundBundle((sa,), everything()), Receiver(sa)
    clear = [ip(*HOSTS[4], 17, udp(bytes([number]))) for number in range(8)]
    protected = [outbound.protect(each, randomness(16)) for each in clear]
    assert [receiver.unprotect(protected[number]) for number in order] == [clear[number] for number in order]
    for number in order:
        with pytest.raises(PacketRejected) as caught:
            receiver.unprotect(protected[number])
        assert caught.value.reason is Reason.REPLAYED
    assert all(a != b for a, b in pairwise(protected))


def test_the_source_of_a_tunnel_does_not_matter_but_the_destination_does() -> None:
    sas = (association(mode=Mode.TUNNEL),)
    clear, protected = protected_by(sas)
    moved = protected[:12] + packed("10.9.0.77") + protected[16:]
    assert InboundBundle(sas, everything()).unprotect(moved) == clear
