"""Large messages between two engines: in fragments if both ends announced it, else whole."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from ike_ends import (
    ESP_3DES,
    Wire,
    advance,
    assert_agreed,
    changed,
    ends,
    events,
    few_losses,
    negotiate,
    next_datagram,
    octets,
    to_other,
)

from ipsecmig.ike.configuration import Configuration
from ipsecmig.ike.engine import Engine
from ipsecmig.ike.events import ChildEstablished, Discarded
from ipsecmig.ike.fragments import WHOLE_OCTETS, fragment_in, split
from ipsecmig.ike.wire.message import decode_message
from ipsecmig.model.windows import WindowsVersion
from ipsecmig.udp import Datagram

XP, SERVER_2003 = WindowsVersion.XP, WindowsVersion.SERVER_2003


def large(
    mine: WindowsVersion | None = None, theirs: WindowsVersion | None = None
) -> tuple[Configuration, Configuration]:
    """Return two ends that agree, with so many offers that the first message of quick mode is large."""
    quick = tuple(replace(ESP_3DES, lifetime_seconds=900 + number) for number in range(40))
    one, other = ends(quick=quick)
    return replace(one, windows=mine), replace(other, windows=theirs)


def all_datagrams(configurations: tuple[Configuration, Configuration]) -> list[Datagram]:
    """Return what two ends send each other, and check that they agree."""
    one, other = (Engine(configuration) for configuration in configurations)
    wire, carried = Wire(one, other, iter(())), list[Datagram]()
    one.start(0.0, octets("start"))
    while sent := wire.sent():
        for target, datagram in sent:
            carried.append(datagram)
            target.receive(datagram, 0.0, octets((len(carried), datagram)))
    assert_agreed(events(one), events(other))
    return carried


def first_of_quick_mode(one: Engine, other: Engine) -> tuple[Datagram, ...]:
    """Establish main mode; return the datagrams of the message behind it, from one to other."""
    _, _, last_of_main_mode = advance(one, other, 5)
    one.receive(last_of_main_mode, 0.0, octets(5))
    return one.to_send()


@pytest.mark.parametrize(
    ("mine", "theirs", "split"),
    [
        (None, None, True),
        (SERVER_2003, None, True),
        (SERVER_2003, SERVER_2003, True),
        (XP, None, False),
        (SERVER_2003, XP, False),
    ],
)
def test_what_is_large_is_split_if_both_ends_announced_it(
    mine: WindowsVersion | None, theirs: WindowsVersion | None, split: bool
) -> None:
    sent = all_datagrams(large(mine, theirs))
    assert any(fragment_in(decode_message(datagram.data)) for datagram in sent) is split
    assert any(len(datagram.data) > WHOLE_OCTETS for datagram in sent) is not split


def test_what_is_small_is_never_split() -> None:
    assert not any(fragment_in(decode_message(datagram.data)) for datagram in all_datagrams(ends()))


@given(st.lists(st.sampled_from(["arrive", "drop", "twice", "late", "cut"]), max_size=16).map(tuple).filter(few_losses))
@settings(max_examples=30)
def test_a_wire_that_loses_fragments_changes_nothing(fates: tuple[str, ...]) -> None:
    assert_agreed(*negotiate(large(), fates))


def test_fragments_of_another_negotiation_are_discarded_and_the_true_ones_still_count() -> None:
    one, other = (Engine(configuration) for configuration in large())
    first, *rest = under_way = first_of_quick_mode(one, other)
    assert rest
    events(other)
    for datagram in under_way:
        other.receive(changed(datagram, b"stranger" + datagram.data[8:]), 0.0, octets(datagram))
    assert [type(event) for event in events(other)] == [Discarded] * len(under_way)
    for datagram in (*rest, first):
        other.receive(datagram, 0.0, octets(datagram))
    one.receive(next_datagram(other), 0.0, octets("answer"))
    assert ChildEstablished in [type(event) for event in events(one)]


def test_a_fragment_in_a_fragment_is_discarded() -> None:
    one, other = (Engine(configuration) for configuration in large())
    first, *_ = first_of_quick_mode(one, other)
    events(other)
    for datagram in split(first.data, 1, 200):
        other.receive(to_other(datagram), 0.0, octets(datagram))
    assert [type(event) for event in events(other)] == [Discarded]
    assert other.to_send() == ()
