"""A listener, honest peers, and floods."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from ipaddress import IPv4Address, IPv6Address

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from ike_ends import A, B, Nat, ends, octets

from ipsecmig.ike.configuration import Configuration
from ipsecmig.ike.engine import Engine
from ipsecmig.ike.events import ChildEstablished, Discarded, Established, Event, Failed, PeerAnnounced, PeerNotified
from ipsecmig.ike.exchange import RANDOM_OCTETS
from ipsecmig.ike.listener import MAX_EVENTS, MIN_SECRET, Limits, Listener
from ipsecmig.ike.wire.identification import host
from ipsecmig.udp import Datagram, Endpoint

SECRET = bytes(range(MIN_SECRET))
SMALL = Limits(half_open=8, half_open_per_source=3, half_open_seconds=30.0, established=4)
OURS = Endpoint(B)
UNKNOWN = IPv4Address("192.0.2.1")


def configuration_for(address: IPv4Address | IPv6Address) -> Configuration | None:
    """Return the configuration for a peer at that address, except for one."""
    _, other = ends()
    if address == UNKNOWN:
        return None
    return replace(other, remote=address, traffic=replace(other.traffic, remote=host(address, 6, 0)))


def peer_at(address: IPv4Address) -> Engine:
    one, _ = ends()
    return Engine(replace(one, local=address, traffic=replace(one.traffic, local=host(address, 6, 0))))


def told(listener: Listener) -> list[Event]:
    found = []
    while (one := listener.next_event()) is not None:
        found.append(one.event)
    return found


def types_told(listener: Listener) -> list[type[Event]]:
    return [type(event) for event in told(listener)]


def first_of(seed: object, source: Endpoint) -> Datagram:
    """Return a first message, with cookies by the seed, that bears the source."""
    engine = Engine(ends()[0])
    engine.start(0.0, octets(seed))
    return engine.to_send()[0]._replace(source=source)


FLOOD = [first_of(("flood", number), Endpoint(A)) for number in range(40)]


@dataclass
class Honest:
    """A peer that negotiates with a listener, message by message."""

    listener: Listener
    engine: Engine = field(default_factory=lambda: peer_at(A))
    seed: str = "honest"

    def begin(self) -> None:
        self.engine.start(0.0, octets(self.seed))

    def exchange(self, now: float = 0.0) -> None:
        """Carry what the peer has to say, and what the listener has to say to it."""
        for datagram in self.engine.to_send():
            self.listener.receive(datagram, now, octets((self.seed, datagram)))
        for datagram in self.listener.to_send():
            if datagram.destination.address == self.engine.path.local.address:
                self.engine.receive(datagram, now, octets((self.seed, datagram)))

    def children(self) -> int:
        return len(self.engine.children)


def test_many_peers_at_once() -> None:
    listener = Listener(configuration_for, SECRET)
    peers = [Honest(listener, peer_at(IPv4Address(f"10.9.0.{number}")), str(number)) for number in range(10, 20)]
    for peer in peers:
        peer.begin()
    for _ in range(6):
        for peer in peers:
            peer.exchange()
    assert [peer.children() for peer in peers] == [1] * len(peers)
    assert types_told(listener).count(ChildEstablished) == len(peers)
    assert len(listener.established) == len(peers)
    assert listener.half_open == ()


def test_peers_behind_one_nat_are_kept_apart() -> None:
    outside = IPv4Address("198.51.100.1")
    listener = Listener(
        lambda address: None if (found := configuration_for(address)) is None else replace(found, peer_identity=A),
        SECRET,
    )
    for number in range(3):
        peer, nat = peer_at(A), Nat(A, outside, next_port=50_000 + 10 * number)
        peer.start(0.0, octets(number))
        for turn in range(12):
            for datagram in peer.to_send():
                through = nat.pass_on(datagram)
                assert through is not None
                listener.receive(through, 0.0, octets((number, turn, datagram)))
            for datagram in listener.to_send():
                back = nat.pass_on(datagram)
                assert back is not None
                peer.receive(back, 0.0, octets((number, turn, datagram)))
        assert len(peer.children) == 1
    assert sorted(engine.path.remote.port for engine in listener.established) == [50_001, 50_011, 50_021]


def test_who_is_not_configured_gets_no_answer() -> None:
    listener = Listener(configuration_for, SECRET)
    listener.receive(first_of(1, Endpoint(UNKNOWN)), 0.0, octets(1))
    assert (listener.to_send(), listener.half_open) == ((), ())
    assert types_told(listener) == [Discarded]


def test_a_first_message_that_comes_again_is_answered_alike_and_makes_no_second_entry() -> None:
    listener = Listener(configuration_for, SECRET)
    first = first_of(1, Endpoint(A))
    listener.receive(first, 0.0, octets(1))
    (answer,) = listener.to_send()
    listener.receive(first, 1.0, octets(2))
    assert listener.to_send() == (answer,)
    assert [source.address for source in listener.half_open] == [A]
    listener.on_timer(31.0)
    assert not listener.half_open
    listener.receive(first, 32.0, octets(3))
    (again,) = listener.to_send()
    assert again.data[:16] == answer.data[:16]


def test_a_first_message_replayed_beside_its_sa_changes_nothing() -> None:
    listener = Listener(configuration_for, SECRET)
    peer = Honest(listener)
    peer.begin()
    (first,) = peer.engine.to_send()
    listener.receive(first, 0.0, octets(1))
    for datagram in listener.to_send():
        peer.engine.receive(datagram, 0.0, octets(2))
    for _ in range(5):
        peer.exchange()
    assert peer.children() == 1
    told(listener)
    listener.receive(first, 1.0, octets(3))
    assert types_told(listener) == [Discarded]
    assert (listener.to_send(), listener.half_open, len(listener.established)) == ((), (), 1)


def test_a_cookie_counts_only_at_the_address_that_it_was_sent_to() -> None:
    listener = Listener(configuration_for, SECRET)
    peer = Honest(listener)
    peer.begin()
    peer.exchange()
    (third,) = peer.engine.to_send()
    told(listener)
    listener.receive(third._replace(source=Endpoint(IPv4Address("10.9.0.66"))), 0.0, octets(1))
    assert types_told(listener) == [Discarded]
    assert listener.to_send() == ()
    listener.receive(third, 0.0, octets(2))
    assert len(listener.to_send()) == 1


def test_other_secrets_and_addresses_make_other_cookies() -> None:
    seen = set()
    for secret in (SECRET, SECRET[::-1]):
        for address in (A, IPv4Address("10.9.0.66")):
            listener = Listener(configuration_for, secret)
            listener.receive(first_of(1, Endpoint(address)), 0.0, octets(1))
            seen.add(listener.to_send()[0].data[8:16])
    assert len(seen) == 4


def test_half_open_negotiations_expire_in_their_order() -> None:
    listener = Listener(configuration_for, SECRET, SMALL)
    for number in range(3):
        listener.receive(first_of(number, Endpoint(IPv4Address(f"10.9.1.{number}"))), float(number), octets(number))
    assert listener.timer() == 30.0
    listener.on_timer(31.0)
    assert [str(source.address) for source in listener.half_open] == ["10.9.1.2"]
    assert [event.reason for event in told(listener) if isinstance(event, Failed)] == [
        "the negotiation was half open for too long"
    ] * 2
    listener.receive(first_of(9, Endpoint(A)), 32.0, octets(9))
    assert [source.address for source in listener.half_open] == [A]


def test_no_room_is_made_by_those_who_showed_to_be_at_their_address() -> None:
    listener = Listener(configuration_for, SECRET, SMALL)
    lazy = [Honest(listener, peer_at(A), str(number)) for number in range(SMALL.half_open_per_source)]
    for peer in lazy:
        peer.begin()
        peer.exchange()
        peer.exchange()
    told(listener)
    listener.receive(first_of("one more", Endpoint(A)), 0.0, octets(1))
    assert types_told(listener) == [Discarded]
    assert len(listener.half_open) == len(lazy)
    other = Honest(listener, peer_at(IPv4Address("10.9.0.77")), "elsewhere")
    other.begin()
    for _ in range(6):
        other.exchange()
    assert other.children() == 1


def test_established_peers_are_bounded_and_the_oldest_goes_first() -> None:
    listener = Listener(configuration_for, SECRET, SMALL)
    for number in range(SMALL.established + 2):
        peer = Honest(listener, peer_at(IPv4Address(f"10.9.0.{100 + number}")), str(number))
        peer.begin()
        for _ in range(6):
            peer.exchange()
    assert [str(engine.path.remote.address) for engine in listener.established] == [
        f"10.9.0.{102 + number}" for number in range(SMALL.established)
    ]


@pytest.mark.parametrize(("says", "left"), [(True, 1), (False, 2)])
def test_a_peer_that_says_it_is_new_makes_its_old_negotiations_forgotten(says: bool, left: int) -> None:
    listener = Listener(configuration_for, SECRET)
    for number in range(2):
        one, _ = ends()
        peer = Honest(listener, Engine(replace(one, initial_contact=says)), str(number))
        peer.begin()
        for _ in range(6):
            peer.exchange()
    assert len(listener.established) == left


def test_a_peer_that_deletes_is_forgotten() -> None:
    listener = Listener(configuration_for, SECRET)
    peer = Honest(listener)
    peer.begin()
    for _ in range(6):
        peer.exchange()
    peer.engine.close(1.0, octets("close"))
    peer.exchange(1.0)
    assert listener.established == ()


@pytest.mark.parametrize("data", [b"", b"short", bytes(27), b"\1" * 16 + bytes(12), b"\1" * 40])
def test_noise_leaves_nothing(data: bytes) -> None:
    listener = Listener(configuration_for, SECRET)
    listener.receive(Datagram(data, Endpoint(A), OURS), 0.0, octets(data))
    assert (listener.half_open, listener.to_send(), listener.timer()) == ((), (), None)
    assert types_told(listener) == [Discarded]


@given(st.lists(st.tuples(st.integers(0, 400), st.integers(0, 255), st.booleans()), min_size=1, max_size=8))
@settings(max_examples=60, deadline=None)
def test_changed_first_messages_do_no_harm(changes: list[tuple[int, int, bool]]) -> None:
    listener, data = Listener(configuration_for, SECRET), bytearray(FLOOD[0].data)
    for at, value, cut in changes:
        data[at % len(data)] = value
        listener.receive(Datagram(bytes(data[: at if cut else None]), Endpoint(A), OURS), 0.0, octets(changes))
    assert all(isinstance(event, Discarded | Failed | PeerAnnounced | PeerNotified) for event in told(listener))
    listener.on_timer(30.0)
    assert (listener.half_open, listener.established) == ((), ())


def test_what_is_needed_to_run_it() -> None:
    with pytest.raises(ValueError, match=str(MIN_SECRET)):
        Listener(configuration_for, b"short")
    with pytest.raises(ValueError, match=str(RANDOM_OCTETS)):
        Listener(configuration_for, SECRET).receive(Datagram(b"", Endpoint(A), OURS), 0.0, b"few")


SOURCES = [Endpoint(IPv4Address(f"10.66.0.{number}")) for number in range(6)]
"""The flood comes from anywhere but the honest peer's address, of which it is told below."""


@given(
    st.lists(st.tuples(st.integers(0, len(FLOOD) - 1), st.sampled_from(SOURCES)), max_size=60),
    st.lists(st.integers(0, 60), min_size=3, max_size=3).map(sorted),
)
@settings(max_examples=60, deadline=None)
def test_a_flood_keeps_its_bounds_and_an_honest_peer_gets_through_as_promised(
    flood: list[tuple[int, Endpoint]], moments: list[int]
) -> None:
    listener, promised = Listener(configuration_for, SECRET, SMALL), moments[1] - moments[0] < SMALL.half_open
    peer = Honest(listener)
    peer.begin()
    for number in range(61):
        for _ in range(moments.count(number)):
            peer.exchange()
        if number < len(flood):
            which, source = flood[number]
            listener.receive(FLOOD[which]._replace(source=source), 0.0, octets(number))
            listener.to_send()
        assert len(listener.half_open) <= SMALL.half_open
        for source in SOURCES:
            assert listener.half_open.count(source) <= SMALL.half_open_per_source
    for _ in range(4):
        peer.exchange()
    if promised:
        assert peer.children() == 1
        assert Established in types_told(listener)


def test_a_large_flood_leaves_little_and_is_forgotten() -> None:
    listener = Listener(configuration_for, SECRET, SMALL)
    sources = [Endpoint(IPv4Address(f"10.77.{number // 250}.{number % 250 + 1}")) for number in range(1_500)]
    for number, source in enumerate(sources):
        listener.receive(FLOOD[number % len(FLOOD)]._replace(source=source), 0.0, octets(number))
        listener.to_send()
    assert len(listener.half_open) == SMALL.half_open
    assert len(types_told(listener)) <= MAX_EVENTS
    listener.on_timer(SMALL.half_open_seconds)
    assert (listener.half_open, listener.timer()) == ((), None)
