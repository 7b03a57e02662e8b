"""Fragmentation: what is split comes together again, in any order, and state stays bounded."""

from __future__ import annotations

from dataclasses import replace
from random import Random

import pytest
import strategies.isakmp as some
from hypothesis import given
from hypothesis import strategies as st

from ipsecmig.ike import fragments
from ipsecmig.ike.errors import Malformed
from ipsecmig.ike.fragments import DATA_OCTETS, LIFETIME, MAX_MESSAGE, Reassembly, split
from ipsecmig.ike.wire.fragment import Fragment
from ipsecmig.ike.wire.message import Header, Message, SealedMessage, decode_message, encode_message
from ipsecmig.ike.wire.numbers import Flag, PayloadNumber
from ipsecmig.ike.wire.opaque import Nonce

HEADER = Header(b"initiatr", b"respondr", 2, Flag.ENCRYPTED | Flag.COMMIT, 7)
SEALED = encode_message(SealedMessage(HEADER, PayloadNumber.ID, bytes(range(256)) * 8))


def fragment_of(datagram: bytes) -> Fragment:
    message = decode_message(datagram)
    assert isinstance(message, Message)
    (payload,) = message.payloads
    assert isinstance(payload, Fragment)
    return payload


def together(parts: list[Fragment], now: float = 0.0) -> tuple[Reassembly, list[bytes]]:
    """Feed all fragments; return the state in the end and the messages that came out."""
    state, complete = Reassembly(), []
    for part in parts:
        state, datagram = state.accept(part, now)
        if datagram is not None:
            complete.append(datagram)
    return state, complete


@given(some.messages, st.integers(10, 60), st.randoms(use_true_random=False))
def test_a_message_comes_together_from_its_fragments_in_any_order(message: Message, size: int, order: Random) -> None:
    datagram = encode_message(message)
    parts = [fragment_of(part) for part in split(datagram, 1, size)]
    order.shuffle(parts)
    assert together(parts) == (Reassembly(), [datagram])


def test_a_fragment_travels_alone_under_the_header_of_its_message_in_the_clear() -> None:
    for number, datagram in enumerate(split(SEALED, 0x1234), 1):
        message = decode_message(datagram)
        assert message.header == HEADER._replace(flags=Flag.COMMIT)
        assert fragment_of(datagram).identifier == 0x1234
        assert fragment_of(datagram).position == number
        assert 28 + 8 + 4 + 20 + 8 <= len(datagram) + 4 + 20 + 8 <= 576


def test_only_the_last_fragment_is_marked_and_only_it_is_short() -> None:
    parts = [fragment_of(datagram) for datagram in split(SEALED, 1)]
    assert [part.last for part in parts] == [False] * (len(parts) - 1) + [True]
    assert {len(part.data) for part in parts[:-1]} == {DATA_OCTETS}


PARTS = [fragment_of(datagram) for datagram in split(SEALED, 1, 600)]


def test_a_repeated_fragment_changes_nothing() -> None:
    forged = replace(PARTS[0], data=b"other")
    assert together([PARTS[0], forged, *PARTS[1:3], PARTS[1], PARTS[3]]) == (Reassembly(), [SEALED])


def test_a_missing_fragment_leaves_the_message_incomplete() -> None:
    for missing in range(len(PARTS)):
        assert together(PARTS[:missing] + PARTS[missing + 1 :])[1] == []


def test_a_fragment_of_another_message_takes_the_place_of_all_before() -> None:
    other = replace(PARTS[0], identifier=2)
    state, complete = together([*PARTS[:3], other])
    assert complete == []
    assert state.parts == (other,)


@pytest.mark.parametrize(("now", "kept"), [(LIFETIME - 0.1, 2), (LIFETIME, 1)])
def test_what_is_incomplete_for_too_long_is_forgotten(now: float, kept: int) -> None:
    state, _ = Reassembly().accept(PARTS[0], 0.0)
    state, _ = state.accept(PARTS[1], now)
    assert len(state.parts) == kept


def test_fragments_behind_the_last_never_complete() -> None:
    marked = replace(PARTS[1], last=True)
    assert together([PARTS[2], PARTS[0], marked])[1] == []


def test_a_message_that_grows_too_large_is_refused() -> None:
    huge = [Fragment(1, number, False, bytes(16_000)) for number in range(1, 7)]
    with pytest.raises(Malformed, match=str(MAX_MESSAGE)):
        together(huge)


@given(
    st.lists(
        st.builds(Fragment, st.integers(0, 2), st.integers(1, 4), st.booleans(), st.binary(max_size=4)), max_size=30
    )
)
def test_state_is_bounded_and_what_comes_out_is_of_one_message(parts: list[Fragment]) -> None:
    state, complete = together(parts)
    assert len({part.position for part in state.parts}) == len(state.parts)
    assert len({part.identifier for part in state.parts}) <= 1
    assert len(complete) <= sum(part.last for part in parts)


def test_what_cannot_be_split_is_refused() -> None:
    with pytest.raises(Malformed):
        split(b"no message", 1)
    with pytest.raises(ValueError):
        split(encode_message(Message(HEADER._replace(flags=0), (Nonce(bytes(300)),))), 1, 1)


def test_the_size_is_what_fits_576_octets_with_a_non_esp_marker() -> None:
    assert fragments.DATA_OCTETS == 508
