"""Two engines that agree, and the wires between them."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from ipaddress import IPv4Address

from ipsecmig.ike.configuration import Configuration, Traffic
from ipsecmig.ike.engine import Engine
from ipsecmig.ike.events import ChildEstablished, Established, Event
from ipsecmig.ike.exchange import RANDOM_OCTETS
from ipsecmig.ike.run import TIMEOUTS
from ipsecmig.ike.wire.identification import host
from ipsecmig.model.algorithms import DhGroup, Encryption, Integrity
from ipsecmig.model.policy import AhTransform, EspTransform, MainMode, MainModeOffer, QuickModeOffer, Secret
from ipsecmig.model.treatment import Mode
from ipsecmig.udp import Datagram, Endpoint

A, B = IPv4Address("10.9.0.1"), IPv4Address("10.9.0.2")

TRIPLE_DES = MainModeOffer(Encryption.TRIPLE_DES, Integrity.SHA1, DhGroup.MODP1024)
DES = MainModeOffer(Encryption.DES, Integrity.MD5, DhGroup.MODP768)
AES = MainModeOffer(Encryption.AES256, Integrity.SHA256, DhGroup.MODP2048)

ESP_3DES = QuickModeOffer((EspTransform(Encryption.TRIPLE_DES, Integrity.SHA1),))
ESP_AES = QuickModeOffer((EspTransform(Encryption.AES256, Integrity.SHA256),))
ESP_NULL = QuickModeOffer((EspTransform(Encryption.NULL, Integrity.MD5),))
ESP_BARE = QuickModeOffer((EspTransform(Encryption.DES, None),))
AH = QuickModeOffer((AhTransform(Integrity.SHA1),))
AH_ESP = QuickModeOffer((AhTransform(Integrity.MD5), EspTransform(Encryption.DES, Integrity.SHA1)))


def ends(
    offers: tuple[MainModeOffer, ...] = (DES,),
    quick: tuple[QuickModeOffer, ...] = (ESP_3DES,),
    mode: Mode = Mode.TRANSPORT,
    pfs: DhGroup | None = None,
) -> tuple[Configuration, Configuration]:
    """Return the configurations of two ends that agree."""
    traffic = Traffic(host(A, 6, 0), host(B, 6, 80), mode, quick, pfs)
    one = Configuration(A, B, Secret("Open-Sesame"), MainMode(offers), traffic)
    mirrored = replace(traffic, local=traffic.remote, remote=traffic.local)
    return one, replace(one, local=B, remote=A, traffic=mirrored)


def octets(seed: object) -> bytes:
    return hashlib.shake_128(repr(seed).encode()).digest(RANDOM_OCTETS)


def changed(datagram: Datagram, data: bytes) -> Datagram:
    return datagram._replace(data=data)


def to_one(data: bytes) -> Datagram:
    """Return the datagram from the second end to the first."""
    return Datagram(data, Endpoint(B), Endpoint(A))


def to_other(data: bytes) -> Datagram:
    """Return the datagram from the first end to the second."""
    return Datagram(data, Endpoint(A), Endpoint(B))


def flipped(datagram: Datagram, back: int | None = None) -> Datagram:
    """Return the datagram with a bit changed: in the octet so far from the end, or after two thirds."""
    data = datagram.data
    at = len(data) * 2 // 3 if back is None else len(data) - back
    return changed(datagram, data[:at] + bytes((data[at] ^ 0x40,)) + data[at + 1 :])


ARRIVING: dict[str, Callable[[Datagram], list[Datagram]]] = {
    "arrive": lambda datagram: [datagram],
    "drop": lambda _: [],
    "twice": lambda datagram: [datagram, datagram],
    "cut": lambda datagram: [changed(datagram, datagram.data[:-1])],
    "flip": lambda datagram: [flipped(datagram)],
}
"""What of a datagram arrives at once, by its fate; one that is late arrives behind the next ones."""


LAST_MOMENT = 2 * sum(TIMEOUTS)
"""When everything has been said and only keepalives are left."""


@dataclass
class Nat:
    """A NAT before the host of address `inside`, whom the world knows by `outside`.

    Ports 500 and 4500 are open from outside if `opened`; else the host has to begin, and gets other ports.
    """

    inside: IPv4Address
    outside: IPv4Address
    opened: bool = False
    ports: dict[int, int] = field(default_factory=dict)
    next_port: int = 61_000

    def rebind(self) -> None:
        """Forget who had which port."""
        self.ports.clear()

    def pass_on(self, datagram: Datagram) -> Datagram | None:
        """Return the datagram as it goes on, None if it does not."""
        if datagram.source.address == self.inside:
            return datagram._replace(source=Endpoint(self.outside, self._port(datagram.source.port)))
        if datagram.destination.address != self.outside:
            return datagram
        if self.opened:
            return datagram._replace(destination=Endpoint(self.inside, datagram.destination.port))
        owners = {port: owner for owner, port in self.ports.items()}
        owner = owners.get(datagram.destination.port)
        return None if owner is None else datagram._replace(destination=Endpoint(self.inside, owner))

    def _port(self, port: int) -> int:
        if self.opened:
            return port
        if port not in self.ports:
            self.ports[port], self.next_port = self.next_port, self.next_port + 1
        return self.ports[port]


@dataclass
class Wire:
    """Carries datagrams between two engines; `fates` says of each what becomes of it, then all arrive."""

    one: Engine
    other: Engine
    fates: Iterator[str]
    now: float = 0.0
    carried: int = 0
    nats: tuple[Nat, ...] = ()

    def run(self) -> None:
        """Let the first end begin, and carry to the end."""
        self.one.start(self.now, octets("start"))
        self.carry()

    def carry(self) -> None:
        """Carry what the ends send until nothing is under way and nobody waits any more."""
        late: list[tuple[Engine, Datagram]] = []
        while self.carried < 500:
            behind, late, arriving = late, [], []
            for target, datagram in self.sent():
                fate = next(self.fates, "arrive")
                if fate == "late":
                    late.append((target, datagram))
                else:
                    arriving += [(target, copy) for copy in ARRIVING[fate](datagram)]
            for target, datagram in arriving + behind:
                self.carried += 1
                target.receive(datagram, self.now, octets((self.carried, datagram)))
            if not arriving and not behind and not late and not self.time_passes():
                return
        raise AssertionError("the two ends do not come to rest")

    def sent(self) -> list[tuple[Engine, Datagram]]:
        under_way = [(self.other, self.through(datagram)) for datagram in self.one.to_send()]
        under_way += [(self.one, self.through(datagram)) for datagram in self.other.to_send()]
        return [(target, datagram) for target, datagram in under_way if datagram is not None]

    def through(self, datagram: Datagram | None) -> Datagram | None:
        for nat in self.nats:
            datagram = datagram and nat.pass_on(datagram)
        return datagram

    def time_passes(self) -> bool:
        """Go to the next timer; tell whether there is one."""
        timers = [timer for engine in (self.one, self.other) if (timer := engine.timer()) is not None]
        timers = [timer for timer in timers if timer < LAST_MOMENT]
        self.now = max(self.now, min(timers, default=self.now))
        for engine in (self.one, self.other):
            engine.on_timer(self.now)
        return bool(timers)


def events(engine: Engine) -> list[Event]:
    found = []
    while (event := engine.next_event()) is not None:
        found.append(event)
    return found


def negotiate(
    configurations: tuple[Configuration, Configuration], fates: tuple[str, ...] = (), nats: tuple[Nat, ...] = ()
) -> tuple[list[Event], list[Event]]:
    one, other = (Engine(configuration) for configuration in configurations)
    Wire(one, other, iter(fates), nats=nats).run()
    return events(one), events(other)


def of_kind(found: list[Event], kind: type[Event]) -> list[Event]:
    return [event for event in found if isinstance(event, kind)]


def assert_agreed(one: list[Event], other: list[Event]) -> ChildEstablished:
    """Check that both ends hold the same phase 1, with addresses as identities, and fitting keys; return the child."""
    assert [event.peer.addresses() for event in one + other if isinstance(event, Established)] == [(B,), (A,)]
    return assert_child_agreed(one, other)


def assert_child_agreed(one: list[Event], other: list[Event]) -> ChildEstablished:
    """Check that both ends hold the same phase 1 and fitting keys; return the initiator's child."""
    (mine,), (theirs,) = of_kind(one, Established), of_kind(other, Established)
    assert isinstance(mine, Established)
    assert isinstance(theirs, Established)
    assert (mine.cookies, mine.suite, mine.lifetimes) == (theirs.cookies, theirs.suite, theirs.lifetimes)
    (child,), (peer,) = of_kind(one, ChildEstablished), of_kind(other, ChildEstablished)
    assert isinstance(child, ChildEstablished)
    assert isinstance(peer, ChildEstablished)
    assert (child.suite, child.lifetimes) == (peer.suite, peer.lifetimes)
    assert (child.local, child.remote) == (peer.remote, peer.local)
    for ours, yours in zip(child.associations, peer.associations, strict=True):
        assert (ours.inbound_spi, ours.outbound_spi) == (yours.outbound_spi, yours.inbound_spi)
        assert (ours.inbound_key, ours.outbound_key) == (yours.outbound_key, yours.inbound_key)
        assert ours.inbound_spi != ours.outbound_spi
        assert ours.inbound_key != ours.outbound_key
    return child


def next_datagram(sender: Engine) -> Datagram:
    (datagram,) = sender.to_send()
    return datagram


def advance(one: Engine, other: Engine, messages: int) -> tuple[Engine, Engine, Datagram]:
    """Carry that many messages; return who sends the next one, who receives it, and it."""
    one.start(0.0, octets("start"))
    sender, receiver = one, other
    for number in range(messages):
        receiver.receive(next_datagram(sender), 0.0, octets(number))
        # Message 6 is followed by message 1 of quick mode, from the same end that it went to.
        sender, receiver = receiver, sender
    return sender, receiver, next_datagram(sender)


def few_losses(fates: tuple[str, ...]) -> bool:
    """Tell whether not everything that a retransmission repeats can be lost."""
    return fates.count("drop") + fates.count("cut") < len(TIMEOUTS)
