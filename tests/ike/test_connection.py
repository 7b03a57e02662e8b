"""Two connections over time: renewal, deletion, silence, and wires that are bad."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from ipaddress import IPv4Network

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from ike_ends import ARRIVING, DES, ESP_3DES, A, B, ends, few_losses, octets

from ipsecmig.ike import phase1, quick_mode
from ipsecmig.ike.configuration import Configuration
from ipsecmig.ike.connection import DEFAULT_CHILD_SECONDS, MAX_CHILDREN, MAX_IKE_SAS, Connection
from ipsecmig.ike.events import (
    ChildEstablished,
    ChildRetired,
    Discarded,
    Established,
    Event,
    Failed,
    IkeRetired,
    PeerSilent,
)
from ipsecmig.ike.life import Moment, Renewal, Stage
from ipsecmig.ike.lifetimes import Lifetimes
from ipsecmig.ike.members import Child, succession
from ipsecmig.ike.run import TIMEOUTS
from ipsecmig.ike.wire.identification import host, subnet
from ipsecmig.model.policy import MainMode
from ipsecmig.model.treatment import Mode
from ipsecmig.model.windows import WindowsVersion
from ipsecmig.udp import Datagram

SECONDS, KILOBYTES = 1_000, 50


def configurations(
    main_seconds: int = 28_800, limit: int = 0, *, pfs: bool = False, windows: WindowsVersion | None = None
) -> tuple[Configuration, Configuration]:
    """Return two ends whose children live for `SECONDS` and `KILOBYTES`."""
    one, other = ends(quick=(replace(ESP_3DES, lifetime_seconds=SECONDS, lifetime_kilobytes=KILOBYTES),))
    main_mode = MainMode((DES,), main_seconds, limit, pfs)
    return (
        replace(one, main_mode=main_mode, windows=windows),
        replace(other, main_mode=main_mode, windows=windows),
    )


@dataclass
class Line:
    """Two connections and the wire between them; a fate for each datagram, then all arrive at once."""

    one: Connection
    other: Connection
    fates: Iterator[str] = field(default_factory=lambda: iter(()))
    now: float = 0.0
    carried: int = 0
    told: tuple[list[tuple[float, Event]], list[tuple[float, Event]]] = field(default_factory=lambda: ([], []))

    def random(self) -> bytes:
        self.carried += 1
        return octets(("line", self.carried))

    def run(self, until: float) -> None:
        """Carry, and let time pass, until that time."""
        late: list[tuple[Connection, Datagram]] = []
        while self.carried < 4_000:
            behind, late, arriving = late, [], []
            for target, datagram in self.sent():
                fate = next(self.fates, "arrive")
                late += [(target, datagram)] if fate == "late" else []
                arriving += [(target, copy) for copy in ([] if fate == "late" else ARRIVING[fate](datagram))]
            for target, datagram in arriving + behind:
                target.receive(datagram, self.now, self.random())
            self.listen()
            if not arriving and not behind and not late and not self.time_passes(until):
                return
        raise AssertionError("the two ends do not come to rest")

    def sent(self) -> list[tuple[Connection, Datagram]]:
        under_way = [(self.other, datagram) for datagram in self.one.to_send()]
        return under_way + [(self.one, datagram) for datagram in self.other.to_send()]

    def listen(self) -> None:
        for connection, told in zip((self.one, self.other), self.told, strict=True):
            while (event := connection.next_event()) is not None:
                told.append((self.now, event))

    def time_passes(self, until: float) -> bool:
        timers = [timer for end in (self.one, self.other) if (timer := end.timer()) is not None and timer <= until]
        if not timers:
            return False
        self.now = max(self.now, min(timers))
        for end in (self.one, self.other):
            end.on_timer(self.now, self.random())
        return True

    def when(self, end: int, kind: type[Event], reason: Moment | None = None) -> list[float]:
        """Return when an end told of events of that kind."""
        return [
            round(now, 3)
            for now, event in self.told[end]
            if isinstance(event, kind) and (reason is None or getattr(event, "reason", None) is reason)
        ]


def line(
    both: tuple[Configuration, Configuration], renewal: Renewal | None = None, fates: tuple[str, ...] = ()
) -> Line:
    """Return two connections of which the first has begun."""
    found = Line(Connection(both[0], renewal), Connection(both[1], renewal), iter(fates))
    found.one.start(0.0, found.random())
    return found


def assert_same_children(found: Line) -> None:
    mine = {
        tuple((row.inbound_spi, row.outbound_spi, row.inbound_key) for row in child.associations)
        for child in found.one.children
    }
    theirs = {
        tuple((row.outbound_spi, row.inbound_spi, row.outbound_key) for row in child.associations)
        for child in found.other.children
    }
    assert mine == theirs


def test_a_child_is_renewed_before_it_expires_and_deleted_after_the_overlap() -> None:
    found = line(configurations())
    found.run(2_500)
    assert found.when(0, ChildEstablished) == found.when(1, ChildEstablished) == [0, 900, 1_800]
    for end in (0, 1):
        assert found.when(end, ChildRetired) == [905, 1_805]
    assert found.when(0, ChildRetired, Moment.OVERLAP) == [905, 1_805]
    assert found.when(1, ChildRetired, Moment.DELETED) == [905, 1_805]
    assert len(found.when(0, Established)) == 1
    assert_same_children(found)
    assert len(found.one.children) == 1


@pytest.mark.parametrize("end", [0, 1])
def test_octets_renew_a_child_too(end: int) -> None:
    found = line(configurations())
    found.run(10)
    user = (found.one, found.other)[end]
    (association,) = user.children[0].associations
    for spi in (association.inbound_spi, association.outbound_spi):
        user.used(spi, 40 * 1024, found.now, found.random())
    found.run(20)
    assert len(found.when(0, ChildEstablished)) == 1
    user.used(association.outbound_spi, 9 * 1024, found.now, found.random())
    found.run(30)
    assert len(found.when(0, ChildEstablished)) == len(found.when(1, ChildEstablished)) == 2
    assert_same_children(found)


def test_a_child_that_has_carried_all_it_may_is_gone_at_once() -> None:
    found = line(configurations())
    found.run(10)
    (association,) = found.one.children[0].associations
    found.one.used(association.inbound_spi, KILOBYTES * 1024, found.now, found.random())
    assert found.one.children == ()
    found.run(20)
    assert found.other.children == ()
    assert len(found.when(0, ChildRetired, Moment.HARD)) == len(found.when(1, ChildRetired, Moment.DELETED)) == 1


def test_octets_of_an_unknown_spi_are_a_mistake() -> None:
    with pytest.raises(ValueError, match="no child"):
        Connection(configurations()[0]).used(b"none", 1, 0.0, octets(1))


def test_the_ike_sa_is_renewed_by_a_new_main_mode() -> None:
    found = line(configurations(main_seconds=2_000))
    found.run(2_600)
    assert found.when(0, Established) == found.when(1, Established) == [0, 1_800]
    assert found.when(0, IkeRetired, Moment.OVERLAP) == [1_805]
    assert found.when(1, IkeRetired, Moment.DELETED) == [1_805]
    assert found.when(0, ChildEstablished) == [0, 900, 1_800]
    assert_same_children(found)


@pytest.mark.parametrize(("limit", "pfs", "mains"), [(0, True, 3), (1, False, 3), (2, False, 2), (0, False, 1)])
def test_a_quick_mode_begins_with_a_main_mode_where_the_policy_says_so(limit: int, pfs: bool, mains: int) -> None:
    found = line(configurations(limit=limit, pfs=pfs))
    found.run(2_500)
    assert found.when(0, ChildEstablished) == [0, 900, 1_800]
    assert len(found.when(0, Established)) == len(found.when(1, Established)) == mains
    assert_same_children(found)
    assert len(found.one.children) == 1


def test_an_ike_sa_without_children_is_not_renewed() -> None:
    found = line(configurations(main_seconds=100))
    found.run(1)
    (association,) = found.one.children[0].associations
    found.one.used(association.inbound_spi, KILOBYTES * 1024, found.now, found.random())
    found.run(500)
    for end in (0, 1):
        assert len(found.when(end, Established)) == len(found.when(end, IkeRetired)) == 1
    assert found.one.timer() is found.other.timer() is None


def test_several_children_of_both_ends() -> None:
    one, other = configurations()
    more = replace(one.traffic, local=host(A, 17), remote=host(B, 17, 53))
    mirrored = replace(more, local=more.remote, remote=more.local)
    found = line((replace(one, further=(more,)), replace(other, further=(mirrored,))))
    found.one.protect(more, 0.0, found.random())
    found.run(10)
    found.other.protect(mirrored, found.now, found.random())
    found.run(20)
    assert len(found.one.children) == 3
    assert_same_children(found)
    found.run(1_500)
    assert_same_children(found)
    assert {child.remote for child in found.one.children} == {host(B, 6, 80), host(B, 17, 53)}


def test_both_ends_begin_at_once() -> None:
    found = line(configurations(main_seconds=1_500))
    found.other.start(0.0, found.random())
    found.run(6_000)
    assert_same_children(found)
    assert len(found.one.children) == 1
    assert len(found.when(0, Established)) == 2 + 4
    assert not found.when(0, Failed) + found.when(1, Failed)


def test_a_peer_that_begins_anew_is_believed_to_have_nothing_left() -> None:
    one, other = configurations(main_seconds=1_500)
    one = replace(one, initial_contact=True)
    found = line((one, other))
    found.run(1_400)
    assert len(found.when(1, Established)) == 2
    assert found.when(1, ChildRetired, Moment.DELETED) == [905]
    found.one = Connection(one)
    found.one.start(found.now, found.random())
    found.run(1_401)
    assert_same_children(found)
    assert len(found.other.children) == 1


@pytest.mark.parametrize("windows", [None, WindowsVersion.SERVER_2003])
def test_closing_ends_everything_at_both_ends(windows: WindowsVersion | None) -> None:
    found = line(configurations(windows=windows))
    found.run(10)
    found.one.close(found.now, found.random())
    found.run(200)
    assert found.one.children == found.other.children == ()
    for end, reason in ((0, Moment.CLOSED), (1, Moment.DELETED)):
        assert len(found.when(end, ChildRetired, reason)) == len(found.when(end, IkeRetired, reason)) == 1
    assert found.one.timer() is found.other.timer() is None
    with pytest.raises(ValueError, match="closed"):
        found.one.start(found.now, found.random())


def test_closing_before_anything_stands() -> None:
    found = line(configurations())
    found.one.close(0.0, found.random())
    found.run(200)
    assert found.one.timer() is None
    assert len(found.when(0, Failed)) == 1


def test_a_peer_that_is_silent_is_asked_then_given_up() -> None:
    found = line(configurations(), Renewal(idle=60))
    found.run(10)
    found.fates = iter(["drop"] * 1_000)
    found.run(400)
    assert found.when(0, PeerSilent) == [60 + sum(TIMEOUTS)]
    assert found.one.children == ()
    assert len(found.when(0, ChildRetired, Moment.SILENT)) == len(found.when(0, IkeRetired, Moment.SILENT)) == 1


def test_a_peer_that_answers_lives_on() -> None:
    found = line(configurations(), Renewal(idle=60))
    found.run(500)
    assert found.when(0, PeerSilent) == found.when(1, PeerSilent) == []
    assert len(found.one.children) == 1


def test_traffic_that_comes_in_is_a_sign_of_life() -> None:
    found = line(configurations(), Renewal(idle=60))
    found.run(1)
    (association,) = found.one.children[0].associations
    found.now = 50.0
    found.one.used(association.inbound_spi, 1, found.now, found.random())
    assert found.one.timer() == 110
    found.one.used(association.outbound_spi, 1, 60.0, found.random())
    assert found.one.timer() == 110


def test_a_renewal_that_fails_leaves_the_child_to_its_end() -> None:
    found = line(configurations())
    found.run(10)
    found.fates = iter(["drop"] * 1_000)
    found.run(3_000)
    assert found.when(0, ChildRetired, Moment.HARD) == [SECONDS]
    assert found.when(0, Failed)
    assert len(found.when(0, ChildEstablished)) == 1


@pytest.mark.parametrize("pfs", [False, True])
def test_a_failed_renewal_is_not_tried_again(pfs: bool) -> None:
    found = line(configurations(pfs=pfs))
    found.run(10)
    found.fates = iter(["drop"] * 1_000)
    found.run(990)
    assert [one.life.stage for one in found.one._children] == [Stage.PASSIVE]
    assert len(found.when(0, Failed)) == 1


def test_a_failed_renewal_of_the_ike_sa_is_not_tried_again() -> None:
    found = line(configurations(main_seconds=800))
    found.run(10)
    found.fates = iter(["drop"] * 1_000)
    found.run(850)
    assert found.when(0, Failed) == [720 + sum(TIMEOUTS)]
    assert found.when(0, IkeRetired, Moment.HARD) == [800]


def test_a_replaced_ike_sa_begins_nothing_more() -> None:
    found = line(configurations(main_seconds=2_000))
    found.run(1_801)
    old, new = found.one._ikes
    assert (old.is_usable(0), new.is_usable(0)) == (False, True)
    new.quick_modes = 1
    assert (new.is_usable(2), new.is_usable(1)) == (True, False)


def test_the_newest_ike_sa_is_used_whoever_made_it() -> None:
    one, other = configurations(main_seconds=2_000)
    found = Line(Connection(one, Renewal(margin=0)), Connection(other, Renewal(margin=0.2)))
    found.one.start(0.0, found.random())
    found.run(1_801)
    assert found.when(0, Established) == [0, 1_800]
    old, new = found.one._ikes
    assert old.is_usable(0)
    before = old.quick_modes, new.quick_modes
    found.one.protect(one.traffic, found.now, found.random())
    found.run(1_802)
    assert (old.quick_modes, new.quick_modes) == (before[0], before[1] + 1)
    assert found.one._asking() is new


@pytest.mark.parametrize(
    ("stage", "own", "apart", "greater", "succeeded", "moment"),
    [
        (Stage.REPLACING, True, 0, True, "older", Moment.SUCCEEDED),
        (Stage.REPLACING, False, 0, False, "older", Moment.SUPERSEDED),
        (Stage.REPLACING, False, 0, True, "new", Moment.SUPERSEDED),
        (Stage.FRESH, True, 5, True, "new", Moment.SUPERSEDED),
        (Stage.FRESH, True, 6, True, "older", Moment.SUPERSEDED),
        (Stage.FRESH, False, 5, False, "older", Moment.SUPERSEDED),
    ],
)
def test_which_of_two_is_succeeded(
    stage: Stage, own: bool, apart: float, greater: bool, succeeded: str, moment: Moment
) -> None:
    found = line(configurations())
    found.run(1)
    (template,) = found.one._children
    (row,) = template.child.associations
    spis = (b"\xff\xff\xff\xff", b"\0\0\1\0")
    both = {}
    for name, spi, begun in (("older", spis[not greater], 0.0), ("new", spis[greater], apart)):
        child = replace(template.child, associations=(replace(row, inbound_spi=spi, outbound_spi=spis[1]),))
        both[name] = Child(child, template.traffic, replace(template.life, begun=begun))
    both["older"].life.stage = stage
    assert succession(both["older"], both["new"], 5.0, own=own) == (both[succeeded], moment)


def test_deletes_that_nobody_acknowledges_are_given_up() -> None:
    found = line(configurations(windows=WindowsVersion.XP))
    found.run(10)
    found.fates = iter(["drop"] * 1_000)
    found.one.close(found.now, found.random())
    found.run(200)
    assert len(found.when(0, Failed)) == 2
    assert found.one.timer() is None


def test_what_nobody_limits_lives_as_long_as_the_documents_and_the_policy_say(monkeypatch: pytest.MonkeyPatch) -> None:
    for module, reader in ((quick_mode, "read_phase_2"), (phase1, "read_phase_1")):
        monkeypatch.setattr(module, reader, lambda _: Lifetimes())
    found = line(configurations(main_seconds=7_000))
    found.run(10)
    assert [one.life.hard for one in found.one._children] == [DEFAULT_CHILD_SECONDS]
    assert [ike.life.hard for ike in found.one._ikes if ike.life] == [7_000]


def test_a_responder_renews_what_the_peer_had_proposed() -> None:
    one, other = configurations()
    some, wide = (subnet(IPv4Network(text)) for text in ("10.9.0.0/24", "10.0.0.0/8"))
    narrow = replace(one.traffic, local=some, remote=some, mode=Mode.TUNNEL)
    one, other = replace(one, traffic=narrow), replace(other, traffic=replace(narrow, local=wide, remote=wide))
    found = Line(Connection(one, Renewal(margin=0)), Connection(other, Renewal(margin=0.2)))
    found.one.start(0.0, found.random())
    found.run(950)
    assert found.when(0, ChildEstablished) == found.when(1, ChildEstablished) == [0, 900]
    assert {(child.local, child.remote) for child in found.other.children} == {(some, some)}


def test_main_modes_that_strangers_begin_are_bounded_and_do_not_keep_the_peer_out() -> None:
    both = configurations()
    responder = Connection(both[1])
    for number in range(MAX_IKE_SAS + 5):
        stranger = Connection(both[0])
        stranger.start(0.0, octets(("stranger", number)))
        (first,) = stranger.to_send()
        responder.receive(first, 0.0, octets(("answer", number)))
    assert len(responder._ikes) == MAX_IKE_SAS
    responder.to_send()
    found = Line(Connection(both[0]), responder)
    found.one.start(0.0, found.random())
    found.run(10)
    assert_same_children(found)
    assert len(found.one.children) == 1


def test_children_are_bounded() -> None:
    found = line(configurations())
    for _ in range(MAX_CHILDREN + 5):
        found.one.protect(configurations()[0].traffic, 0.0, found.random())
    found.run(10)
    assert len(found.one.children) == len(found.other.children) == MAX_CHILDREN
    assert_same_children(found)


def test_messages_of_no_ike_sa_are_discarded() -> None:
    found = line(configurations())
    (first,) = found.one.to_send()
    found.other.receive(first._replace(data=first.data[:8] + bytes(7) + b"\1" + first.data[16:]), 0.0, octets(1))
    found.listen()
    assert [type(event) for _, event in found.told[1]] == [Discarded]
    assert found.other.timer() is None


@given(
    st.lists(st.sampled_from(["arrive", "drop", "twice", "late", "cut", "flip"]), max_size=80).map(tuple),
    st.sampled_from([(28_800, False), (1_300, False), (28_800, True)]),
    st.sampled_from([None, WindowsVersion.SERVER_2003]),
)
@settings(max_examples=40, deadline=None)
def test_whatever_the_wire_does_both_ends_agree_or_say_why(
    fates: tuple[str, ...], policy: tuple[int, bool], windows: WindowsVersion | None
) -> None:
    seconds, pfs = policy
    found = line(configurations(seconds, pfs=pfs, windows=windows), Renewal(idle=200), fates)
    found.run(2_950)
    for connection, told in zip((found.one, found.other), found.told, strict=True):
        assert len(connection._ikes) <= MAX_IKE_SAS
        assert len(connection.children) <= 4
        established = sum(isinstance(event, ChildEstablished) for _, event in told)
        retired = sum(isinstance(event, ChildRetired) for _, event in told)
        assert established - retired == len(connection.children)
    if found.one.children and found.other.children:
        assert_some_child_in_common(found)
    elif not found.one.children:
        assert any(isinstance(event, Failed | PeerSilent | ChildRetired) for _, event in found.told[0])
    if few_losses(fates) and "flip" not in fates:
        assert_some_child_in_common(found)
    found.one.close(found.now, found.random())
    found.run(found.now + 20_000)
    assert found.one.children == found.other.children == ()


def assert_some_child_in_common(found: Line) -> None:
    mine = {row.inbound_spi for child in found.one.children for row in child.associations}
    theirs = {row.outbound_spi for child in found.other.children for row in child.associations}
    assert mine & theirs
