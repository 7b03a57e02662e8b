"""What an engine does once main mode stands: more quick modes, deletes, dead peer detection."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from ike_ends import (
    AH_ESP,
    A,
    B,
    Wire,
    changed,
    ends,
    events,
    few_losses,
    flipped,
    next_datagram,
    octets,
    of_kind,
    to_one,
)

from ipsecmig.ike import dpd, informational
from ipsecmig.ike.children import is_meant
from ipsecmig.ike.configuration import Configuration
from ipsecmig.ike.engine import Engine
from ipsecmig.ike.events import (
    ChildEstablished,
    Discarded,
    Event,
    Failed,
    PeerAlive,
    PeerDeleted,
    PeerNotified,
    PeerSilent,
)
from ipsecmig.ike.exchange import NONCE_OCTETS
from ipsecmig.ike.run import DELETE_TIMEOUTS, MAX_EXCHANGES, TIMEOUTS, Run, Runs
from ipsecmig.ike.states import INFORMATIONAL, QUICK_MODE, State
from ipsecmig.ike.wire.identification import host
from ipsecmig.ike.wire.message import encode_message
from ipsecmig.ike.wire.notification import Delete
from ipsecmig.ike.wire.numbers import NotifyNumber, Protocol
from ipsecmig.model.treatment import Mode
from ipsecmig.model.windows import WindowsVersion


class Pair:
    """Two engines with an IKE SA and a child, and the wire between them."""

    def __init__(self, configurations: tuple[Configuration, Configuration] | None = None) -> None:
        self.one, self.other = (Engine(configuration) for configuration in configurations or ends())
        self.wire = Wire(self.one, self.other, iter(()))
        self.wire.run()
        events(self.one)
        events(self.other)

    def told(self, fates: tuple[str, ...] = ()) -> tuple[list[Event], list[Event]]:
        """Carry what is under way; return what both ends tell."""
        self.wire.fates = iter(fates)
        self.wire.carry()
        return events(self.one), events(self.other)


def windows(version: WindowsVersion, theirs: WindowsVersion | None = None) -> tuple[Configuration, Configuration]:
    one, other = ends()
    return replace(one, windows=version), replace(other, windows=theirs or version)


def test_more_children_under_one_ike_sa() -> None:
    one, other = ends(quick=(AH_ESP,))
    more = replace(one.traffic, local=host(A, 17), remote=host(B, 17, 53))
    mirrored = replace(more, local=more.remote, remote=more.local)
    pair = Pair((one, replace(other, further=(mirrored,))))
    pair.one.begin(more, 0.0, octets("more"))
    mine, theirs = pair.told()
    (child,), (peer,) = of_kind(mine, ChildEstablished), of_kind(theirs, ChildEstablished)
    assert isinstance(child, ChildEstablished)
    assert isinstance(peer, ChildEstablished)
    assert child.remote == host(B, 17, 53)
    assert [row.outbound_key for row in child.associations] == [row.inbound_key for row in peer.associations]
    spis = [row.inbound_spi for known in pair.one.children for row in known.associations]
    assert len(set(spis)) == 4


@pytest.mark.parametrize("deleter", ["one", "other"])
def test_a_deleted_child_is_forgotten_by_both(deleter: str) -> None:
    pair = Pair(ends(quick=(AH_ESP,)))
    near, far = (pair.one, pair.other) if deleter == "one" else (pair.other, pair.one)
    (child,) = near.children
    near.delete((child,), 0.0, octets("delete"))
    assert near.children == ()
    heard = [event for found in pair.told() for event in found]
    assert heard == [PeerDeleted(row.protocol, (row.inbound_spi,)) for row in child.associations]
    assert far.children == ()
    assert near.is_established
    assert far.is_established


def test_a_delete_means_the_spi_of_its_protocol_alone() -> None:
    (child,) = Pair().one.children
    (row,) = child.associations
    assert is_meant(child, PeerDeleted(Protocol.ESP, (b"else", row.outbound_spi)))
    assert not is_meant(child, PeerDeleted(Protocol.AH, (row.outbound_spi,)))
    assert not is_meant(child, PeerDeleted(Protocol.ESP, (row.inbound_spi,)))


def test_what_waits_is_remembered_longer_than_what_is_over() -> None:
    path = Pair().one.path
    runs = Runs(Run(0, QUICK_MODE, path))
    waiting = Run(1, QUICK_MODE, path, State.QUICK_OFFERED)
    runs.remember(waiting)
    for number in range(MAX_EXCHANGES + 5):
        runs.remember(Run(number + 2, INFORMATIONAL, path, State.INFORMED))
    assert runs.find(*waiting.key) is waiting
    assert len(list(runs)) == 1 + MAX_EXCHANGES


def test_closing_deletes_the_children_then_the_ike_sa() -> None:
    pair = Pair()
    (child,) = pair.one.children
    pair.one.close(0.0, octets("close"))
    mine, theirs = pair.told()
    assert mine == []
    assert [event.protocol for event in theirs if isinstance(event, PeerDeleted)] == [Protocol.ESP, Protocol.ISAKMP]
    for engine in (pair.one, pair.other):
        assert (engine.is_established, engine.children, engine.timer()) == (False, (), None)
        with pytest.raises(ValueError, match="no IKE SA"):
            engine.begin(ends()[0].traffic, 0.0, octets("too late"))
    assert child not in pair.other.children


def test_the_ike_sa_alone_can_be_deleted() -> None:
    pair = Pair()
    pair.one.close(0.0, octets("close"), with_children=False)
    _, theirs = pair.told()
    assert [event.protocol for event in theirs if isinstance(event, PeerDeleted)] == [Protocol.ISAKMP]
    assert len(pair.one.children) == len(pair.other.children) == 1


def test_closing_gives_up_what_has_not_ended() -> None:
    engine = Engine(ends()[0])
    engine.start(0.0, octets("start"))
    engine.close(0.0, octets("close"))
    assert [type(event) for event in events(engine)] == [Failed]
    assert engine.timer() is None


def test_no_quick_mode_begins_under_a_deleted_ike_sa() -> None:
    pair = Pair()
    pair.other.begin(ends()[1].traffic, 0.0, octets("late"))
    late = next_datagram(pair.other)
    pair.one.close(0.0, octets("close"))
    pair.one.receive(late, 0.0, octets("received"))
    assert [type(event) for event in events(pair.one)] == [Discarded]
    _, theirs = pair.told()
    assert [event.reason for event in theirs if isinstance(event, Failed)] == ["the peer has deleted the IKE SA"]


def test_a_delete_of_other_sas_changes_nothing() -> None:
    pair = Pair()
    secured = pair.one._machine.secured
    assert secured is not None
    for number, payload in enumerate((Delete(1, Protocol.ESP, (b"what",)), Delete(1, Protocol.ISAKMP, (bytes(16),)))):
        message = informational.sealed_delete(secured, payload, number + 5)
        pair.one.receive(to_one(encode_message(message)), 0.0, octets(number))
    assert [type(event) for event in events(pair.one)] == [PeerDeleted, PeerDeleted]
    assert pair.one.is_established
    assert len(pair.one.children) == 1


# Windows 2000 has no nonces in deletes, and others do not wait for its answer.
@pytest.mark.parametrize(
    ("mine", "theirs", "acknowledged"),
    [
        (WindowsVersion.SERVER_2003, WindowsVersion.XP, True),
        (WindowsVersion.SERVER_2003, WindowsVersion.WINDOWS_2000, False),
        (WindowsVersion.WINDOWS_2000, WindowsVersion.SERVER_2003, False),
    ],
)
def test_two_windows_acknowledge_deletes(mine: WindowsVersion, theirs: WindowsVersion, acknowledged: bool) -> None:
    pair = Pair(windows(mine, theirs))
    pair.one.close(0.0, octets("close"))
    assert (pair.one.timer() is not None) is acknowledged
    told, heard = pair.told()
    assert told == []
    assert [type(event) for event in heard] == [PeerDeleted, PeerDeleted]
    assert pair.one.timer() is None


def test_a_delete_that_is_not_acknowledged_is_sent_again_and_given_up() -> None:
    pair = Pair(windows(WindowsVersion.SERVER_2003))
    pair.one.delete(pair.one.children, 0.0, octets("delete"))
    sent = list(pair.one.to_send())
    while (timer := pair.one.timer()) is not None:
        pair.one.on_timer(timer)
        sent += pair.one.to_send()
    assert timer is None
    assert sent == sent[:1] * len(DELETE_TIMEOUTS)
    assert [type(event) for event in events(pair.one)] == [Failed]


def test_the_hash_of_an_acknowledgement_has_the_nonce_before_the_message_id() -> None:
    pair = Pair(windows(WindowsVersion.SERVER_2003))
    pair.one.delete(pair.one.children, 0.0, octets("delete"))
    request = next_datagram(pair.one)
    pair.other.receive(request, 0.0, octets("answer"))
    answer = next_datagram(pair.other)
    assert answer.data[20:24] == request.data[20:24]
    pair.one.receive(flipped(answer, back=40), 0.0, octets("forged"))
    assert [type(event) for event in events(pair.one)] == [Discarded]
    assert pair.one.timer() is not None
    pair.one.receive(answer, 0.0, octets("true"))
    assert pair.one.timer() is None
    pair.other.receive(request, 0.0, octets("again"))
    assert pair.other.to_send() == (answer,)
    assert NONCE_OCTETS == 32


@given(st.lists(st.sampled_from(["arrive", "drop", "twice", "late", "cut", "flip"]), max_size=12).map(tuple))
@settings(max_examples=40, deadline=None)
def test_acknowledged_deletes_survive_a_bad_wire(fates: tuple[str, ...]) -> None:
    pair = Pair(windows(WindowsVersion.SERVER_2003))
    pair.one.close(pair.wire.now, octets("close"))
    told, _ = pair.told(fates)
    assert of_kind(told, Failed) or (pair.other.children == () and not pair.other.is_established)
    if few_losses(fates) and "flip" not in fates:
        assert of_kind(told, Failed) == []


def test_both_ends_are_asked_and_answer() -> None:
    pair = Pair()
    for turn, number in enumerate((0, 1, 0)):
        asking = (pair.one, pair.other)[number]
        assert asking.ask(pair.wire.now, octets(("ask", turn)))
        told = pair.told()
        kinds = [[type(event) for event in found] for found in told]
        assert kinds[number] == [PeerNotified, PeerAlive]
        assert kinds[1 - number] == [PeerNotified]
        assert asking.timer() is None


def test_sequence_numbers_begin_small_and_follow_each_other() -> None:
    pair, found = Pair(), list[int]()
    for number in range(3):
        pair.one.ask(0.0, b"\xff" * 4 + octets(number))
        told, _ = pair.told()
        found += [event.sequence for event in told if isinstance(event, PeerAlive)]
        assert len(found) == number + 1
    assert found == [0x7FFFFFFF, 0x80000000, 0x80000001]


def test_one_question_at_a_time() -> None:
    pair = Pair()
    assert pair.one.ask(0.0, octets(1))
    assert not pair.one.ask(0.0, octets(2))
    assert len(pair.one.to_send()) == 1


@pytest.mark.parametrize("configurations", [windows(WindowsVersion.XP), (ends()[0], windows(WindowsVersion.XP)[1])])
def test_windows_is_not_asked(configurations: tuple[Configuration, Configuration]) -> None:
    assert not Pair(configurations).one.ask(0.0, octets("ask"))


def test_windows_does_not_answer() -> None:
    one, other = ends()
    pair = Pair((one, replace(other, windows=WindowsVersion.XP)))
    secured = pair.one._machine.secured
    assert secured is not None
    question = dpd.question(secured.cookies, 1)
    message = informational._seal(secured, 7, (question,))[0]
    pair.other.receive(pair.one.path.carry(encode_message(message)), 0.0, octets("asked"))
    assert [event.kind for event in events(pair.other) if isinstance(event, PeerNotified)] == [NotifyNumber.R_U_THERE]
    assert pair.other.to_send() == ()


def test_a_silent_peer_is_told_of() -> None:
    pair = Pair()
    pair.one.ask(0.0, octets("ask"))
    sent = list(pair.one.to_send())
    last = 0.0
    while (timer := pair.one.timer()) is not None:
        last = timer
        pair.one.on_timer(timer)
        sent += pair.one.to_send()
    assert sent == sent[:1] * len(TIMEOUTS)
    assert last == sum(TIMEOUTS)
    assert [type(event) for event in events(pair.one)] == [PeerSilent]


Spoil = Callable[[bytes], bytes]


@pytest.mark.parametrize("change", ["sequence", "cookies", "width"])
def test_an_answer_to_something_else_does_not_count(change: str, monkeypatch: pytest.MonkeyPatch) -> None:
    pair = Pair()
    true = dpd.answer
    changes = {
        "sequence": lambda cookies, sequence: true(cookies, sequence + 1),
        "cookies": lambda cookies, sequence: replace(true(cookies, sequence), spi=bytes(16)),
        "width": lambda cookies, sequence: replace(true(cookies, sequence), data=bytes(5)),
    }
    monkeypatch.setattr(dpd, "answer", changes[change])
    pair.one.ask(0.0, octets("ask"))
    pair.other.receive(next_datagram(pair.one), 0.0, octets("asked"))
    pair.one.receive(next_datagram(pair.other), 0.0, octets("answered"))
    assert [type(event) for event in events(pair.one)] == [PeerNotified, Discarded]
    assert pair.one.timer() is not None


@pytest.mark.parametrize(
    ("sequence", "last", "fresh"),
    [
        (7, None, True),
        (7, 7, True),
        (8, 7, True),
        (7 + dpd.WINDOW, 7, True),
        (8 + dpd.WINDOW, 7, False),
        (6, 7, False),
        (0, 0xFFFFFFFF, True),
    ],
)
def test_which_questions_deserve_an_answer(sequence: int, last: int | None, fresh: bool) -> None:
    assert dpd.is_fresh(sequence, last) is fresh


def test_an_old_question_is_not_answered() -> None:
    pair = Pair()
    secured = pair.one._machine.secured
    assert secured is not None
    answered: list[int] = []
    for number in (5, 6, 5, 4, 6):
        message = informational._seal(secured, 100 + len(answered), (dpd.question(secured.cookies, number),))[0]
        pair.other.receive(pair.one.path.carry(encode_message(message)), 0.0, octets(len(answered)))
        answered.append(len(pair.other.to_send()))
    assert answered == [1, 1, 0, 0, 1]


def test_a_repeated_question_gets_the_same_answer() -> None:
    pair = Pair()
    pair.one.ask(0.0, octets("ask"))
    question = next_datagram(pair.one)
    pair.other.receive(question, 0.0, octets("asked"))
    answer = next_datagram(pair.other)
    pair.other.receive(question, 0.0, octets("asked again"))
    assert pair.other.to_send() == (answer,)
    pair.other.receive(changed(question, question.data[:-1]), 0.0, octets("cut"))
    assert pair.other.to_send() == ()


def test_tunnels_are_deleted_like_the_rest() -> None:
    pair = Pair(ends(mode=Mode.TUNNEL))
    pair.other.close(0.0, octets("close"))
    pair.told()
    assert pair.one.children == ()
