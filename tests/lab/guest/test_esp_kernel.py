"""ESP and AH against the kernel: it opens what we protect and answers, and we open its answer.

States and policies of the kernel are set by hand, with fixed keys.
"""

from __future__ import annotations

import socket
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from ipaddress import ip_address
from pathlib import Path
from typing import Final

import pytest
from esp_packets import association, everything, randomness, rejection

from ipsecmig.esp.association import SecurityAssociation, SecurityProtocol, UdpEncapsulation
from ipsecmig.esp.bundle import InboundBundle, OutboundBundle
from ipsecmig.esp.errors import Reason
from ipsecmig.model.algorithms import Encryption, Integrity
from ipsecmig.model.selectors import AH, ESP, UDP
from ipsecmig.model.treatment import Mode
from ipsecmig.udp import NAT_T_PORT
from lab.guest.echoes import echo, reply_number
from lab.guest.states import state
from lab.guest.wire import OUR_INNER, OURS, THEIR_INNER, THEIRS, Wire, open_wire
from lab.harness import Machine
from lab.sockets import inside

pytestmark = pytest.mark.lab

REQID: Final = 7
LAST: Final = 0xFFFF
UDP_ENCAP: Final = 100
UDP_ENCAP_ESPINUDP: Final = 2
TRANSPORT, TUNNEL = Mode.TRANSPORT, Mode.TUNNEL
ESP_SUITES: Final = {
    "3des-sha1": (Encryption.TRIPLE_DES, Integrity.SHA1),
    "des-md5": (Encryption.DES, Integrity.MD5),
    "null-md5": (Encryption.NULL, Integrity.MD5),
    "des": (Encryption.DES, None),
    "aes128-sha256": (Encryption.AES128, Integrity.SHA256),
    "aes192-sha384": (Encryption.AES192, Integrity.SHA384),
    "aes256-sha512": (Encryption.AES256, Integrity.SHA512),
}


def esp(suite: str, mode: Mode, family: int, udp: UdpEncapsulation | None = None) -> SecurityAssociation:
    encryption, integrity = ESP_SUITES[suite]
    return association(encryption, integrity, mode, family, udp=udp)


def ah(integrity: Integrity, mode: Mode, family: int) -> SecurityAssociation:
    return association(None, integrity, mode, family, spi=0x3000)


def shapes() -> Iterator[tuple[str, tuple[SecurityAssociation, ...]]]:
    """Give everything that is to be spoken with the kernel: our outbound associations, outermost first."""
    for family in (4, 6):
        for mode in Mode:
            where = f"{mode.name.lower()}-ipv{family}"
            for suite in ESP_SUITES:
                yield f"esp-{suite}-{where}", (esp(suite, mode, family),)
            for integrity in Integrity:
                yield f"ah-{integrity.value}-{where}", (ah(integrity, mode, family),)
            bundle = (ah(Integrity.MD5, TRANSPORT, family), esp("3des-sha1", mode, family))
            yield f"ah-around-esp-{where}", bundle
            yield f"udp-{where}", (esp("3des-sha1", mode, family, UdpEncapsulation()),)


SHAPES: Final = dict(shapes())
AUTHENTICATED: Final = {name: shape for name, shape in SHAPES.items() if shape[-1].integrity is not None}
every_shape = pytest.mark.parametrize("shape", SHAPES.values(), ids=SHAPES)
every_authenticated_shape = pytest.mark.parametrize("shape", AUTHENTICATED.values(), ids=AUTHENTICATED)


@dataclass
class Conversation:
    """The kernel and we, with the same associations. `peek` is a second receiving end, to look into packets with."""

    machine: Machine
    wire: Wire
    family: int
    ends: tuple[str, str]
    out: OutboundBundle
    back: InboundBundle
    peek: InboundBundle
    before: Counter[str] = field(default_factory=Counter)

    def __post_init__(self) -> None:
        self.before = counters(self.machine)

    def protected(self, number: int) -> bytes:
        """Return our echo request of this number, protected."""
        return self.out.protect(echo(self.family, self.ends, number), randomness(self.out.random_octets))

    def answers(self, *packets: bytes) -> list[bytes]:
        """Send packets; return what the kernel sends until it answers a last request, which comes after them."""
        for packet in (*packets, self.protected(LAST)):
            self.wire.send(packet)
        found = []
        while (packet := self.wire.awaited()) and self.number(self.peek.unprotect(packet)) != LAST:
            found.append(packet)
        return found

    def opened(self, packet: bytes) -> int:
        """Return the number of the echo reply that a packet protects."""
        return self.number(self.back.unprotect(packet))

    def number(self, reply: bytes) -> int:
        """Return the number of an echo reply."""
        return reply_number(self.family, self.ends, reply)

    def counted(self) -> Counter[str]:
        """Return what the kernel has counted against packets."""
        return counters(self.machine) - self.before


def counters(machine: Machine) -> Counter[str]:
    with inside(machine):
        lines = Path("/proc/net/xfrm_stat").read_text().splitlines()
    return Counter({name: int(count) for name, count in map(str.split, lines)})


def reverse(sa: SecurityAssociation) -> SecurityAssociation:
    return replace(sa, source=sa.destination, destination=sa.source, spi=sa.spi + 1)


def policies(shape: tuple[SecurityAssociation, ...], ends: tuple[str, str]) -> Iterator[str]:
    """Give the lines that let the kernel protect, and want protected, what the two ends say to each other."""
    for direction, (source, destination), outward in (("in", ends, False), ("out", ends[::-1], True)):
        templates = " ".join(template(reverse(sa) if outward else sa) for sa in reversed(shape))
        yield f"xfrm policy add src {source} dst {destination} dir {direction} priority 2 {templates}"
    # ESP in UDP itself comes in clear.
    source, destination = (str(ip_address(end)) for end in (shape[-1].source, shape[-1].destination))
    yield f"xfrm policy add src {source} dst {destination} proto udp dport {NAT_T_PORT} dir in priority 1"


def template(sa: SecurityAssociation) -> str:
    ends = f"src {ip_address(sa.source)} dst {ip_address(sa.destination)} " if sa.mode is TUNNEL else ""
    return f"tmpl {ends}proto {sa.protocol.name.lower()} reqid {REQID} mode {sa.mode.name.lower()}"


@pytest.fixture(scope="module")
def machine_and_wire() -> Iterator[tuple[Machine, Wire]]:
    machine = Machine("kernel")
    with open_wire(machine) as wire:
        yield machine, wire


@pytest.fixture
def conversation(
    machine_and_wire: tuple[Machine, Wire], shape: tuple[SecurityAssociation, ...]
) -> Iterator[Conversation]:
    machine, wire = machine_and_wire
    family = 4 if len(shape[0].source) == 4 else 6
    is_tunnel = shape[-1].mode is TUNNEL
    ends = (OUR_INNER[family], THEIR_INNER[family]) if is_tunnel else (OURS[family], THEIRS[family])
    returning = tuple(map(reverse, shape))
    lines = ["xfrm policy flush", "xfrm state flush", *(state(sa, REQID) for sa in shape + returning)]
    machine.batch("\n".join([*lines, *policies(shape, ends), ""]))
    with nat_t_socket(machine, family):
        back, peek = (InboundBundle(returning, everything()) for _ in range(2))
        yield Conversation(machine, wire, family, ends, OutboundBundle(shape, everything()), back, peek)


@contextmanager
def nat_t_socket(machine: Machine, family: int) -> Iterator[None]:
    """Hold the socket that a key manager would have at port 4500; without it the kernel opens no ESP in UDP."""
    with inside(machine):
        held = socket.socket(socket.AF_INET if family == 4 else socket.AF_INET6, socket.SOCK_DGRAM)
    with held:
        held.setsockopt(socket.IPPROTO_UDP, UDP_ENCAP, UDP_ENCAP_ESPINUDP)
        held.bind((THEIRS[family], NAT_T_PORT))
        yield


@every_shape
def test_the_kernel_answers_what_we_protect_and_we_open_its_answer(
    conversation: Conversation, shape: tuple[SecurityAssociation, ...]
) -> None:
    (answer,) = conversation.answers(conversation.protected(1))
    outermost = UDP if shape[0].udp else {SecurityProtocol.ESP: ESP, SecurityProtocol.AH: AH}[shape[0].protocol]
    assert answer[9 if conversation.family == 4 else 6] == outermost
    assert conversation.opened(answer) == 1
    assert not conversation.counted()


@every_shape
def test_order_does_not_matter(conversation: Conversation) -> None:
    requests = [conversation.protected(number) for number in range(5)]
    answers = conversation.answers(*(requests[number] for number in (3, 0, 4, 2, 1)))
    assert [conversation.opened(packet) for packet in reversed(answers)] == [1, 2, 4, 0, 3]
    assert not conversation.counted()


@every_authenticated_shape
def test_either_side_refuses_what_it_has_had(conversation: Conversation) -> None:
    first, second = conversation.protected(1), conversation.protected(2)
    answers = conversation.answers(first, first, second, first)
    assert [conversation.opened(packet) for packet in answers] == [1, 2]
    assert conversation.counted() == {"XfrmInStateSeqError": 2}
    assert {rejection(conversation.back.unprotect, packet) for packet in answers} == {Reason.REPLAYED}


@every_authenticated_shape
def test_either_side_refuses_what_was_changed(conversation: Conversation) -> None:
    (answer,) = conversation.answers(changed(conversation.protected(1)), conversation.protected(2))
    assert conversation.counted() == {"XfrmInStateProtoError": 1}
    assert rejection(conversation.back.unprotect, changed(answer)) is Reason.BAD_ICV
    assert conversation.opened(answer) == 2


def changed(packet: bytes) -> bytes:
    """Return the packet with an ICV of which two words are exchanged, so that the checksum of UDP still fits."""
    return packet[:-4] + packet[-2:] + packet[-4:-2]


@every_shape
def test_the_kernel_refuses_what_is_not_protected(conversation: Conversation) -> None:
    assert conversation.answers(echo(conversation.family, conversation.ends, 1)) == []
    assert conversation.counted() == {"XfrmInTmplMismatch": 1}
