"""ESP at 1,400 octets and whole negotiations, beside the bare operations that they consist of, and ESP beside scapy.

ESP: packets per second. scapy runs in a process of its own; it gets packets that are parsed already and checks
neither selectors nor replay, which ours does.

Negotiation: main mode and quick mode with a preshared key, both ends in one process, 3DES with SHA-1 for both phases,
without NAT traversal, which is no part of RFC 2409.
The bare side is every power, prf, hash and cipher call that RFC 2409 asks of the two ends, listed in `_prf_inputs` and
the functions after it, on as many octets, each a call of the standard library, gmpy2 or `cryptography`; neither side
draws its random octets there. That ours hashes some HMAC keys once for several calls, keeps its cipher contexts and
remembers what a policy offers counts for it, as it does for a host that negotiates with many.

Seconds are those of the processor, the best of many short rounds that alternate, since other load slows them all. A
negotiation wants more rounds: half of its time is Python's, which other load slows more than it does the bare powers.
"""

from __future__ import annotations

import hashlib
import hmac
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from ipsecmig.esp.association import SecurityAssociation
    from ipsecmig.ike.configuration import Configuration
    from ipsecmig.model.algorithms import DhGroup

OCTETS: Final = 1400
ROUNDS: Final = 500
NEGOTIATING_ROUNDS: Final = 2500
SUITES: Final = {"AES-128-CBC/SHA-1": ("AES-CBC", 16, 500), "3DES/SHA-1": ("3DES", 24, 100)}
SCAPY_PACKETS: Final = 10
AUTHENTICATION_KEY: Final = bytes(range(20))
SPI: Final = 0x1000
ENDS: Final = ("10.9.0.1", "10.9.0.2")
GROUPS: Final = (1, 2, 14)
NEGOTIATIONS: Final = 2

Prepare = Callable[[], Callable[[], None]]
"""Makes the work of a round anew, with fresh associations."""


def _key(octets: int) -> bytes:
    return bytes(range(1, octets + 1))


def clear_packet() -> bytes:
    """Return an IPv4 packet of 1,400 octets with UDP in it."""
    import ipaddress

    ends = b"".join(ipaddress.ip_address(end).packed for end in ENDS)
    datagram = bytes.fromhex("0400003505640000") + bytes(OCTETS - 28)
    header = bytes.fromhex("4500") + OCTETS.to_bytes(2, "big") + bytes.fromhex("00000000401100 00") + ends
    total = sum(int.from_bytes(header[at : at + 2], "big") for at in range(0, 20, 2))
    folded = ~((total & 0xFFFF) + (total >> 16)) & 0xFFFF
    return header[:10] + folded.to_bytes(2, "big") + header[12:] + datagram


def _rates(count: int, ways: tuple[Prepare, ...], rounds: int = ROUNDS) -> Iterator[float]:
    """Yield for each way how many packets per second it takes; their rounds alternate, as the machine is shared."""
    best = [float("inf")] * len(ways)
    for _ in range(rounds):
        for index, prepare in enumerate(ways):
            work = prepare()
            start = time.process_time()
            work()
            best[index] = min(best[index], time.process_time() - start)
    for seconds in best:
        yield count / seconds


def _association(suite: str) -> SecurityAssociation:
    import ipaddress

    from ipsecmig.esp.association import SecurityAssociation, SecurityProtocol
    from ipsecmig.model.algorithms import Encryption, Integrity
    from ipsecmig.model.treatment import Mode

    name, octets, _ = SUITES[suite]
    return SecurityAssociation(
        SPI,
        SecurityProtocol.ESP,
        Mode.TRANSPORT,
        ipaddress.ip_address(ENDS[0]).packed,
        ipaddress.ip_address(ENDS[1]).packed,
        Integrity.SHA1,
        AUTHENTICATION_KEY,
        Encryption.AES128 if name == "AES-CBC" else Encryption.TRIPLE_DES,
        _key(octets),
    )


def _ours(suite: str) -> tuple[Prepare, Prepare]:
    from ipsecmig.esp.bundle import InboundBundle, OutboundBundle
    from ipsecmig.model.selectors import AddressRange
    from ipsecmig.model.space import Direction, box

    sa, count = _association(suite), SUITES[suite][2]
    local, remote = map(AddressRange.parse, ENDS)
    out_boxes, in_boxes = (box(Direction.OUT, local, remote, 17),), (box(Direction.IN, remote, local, 17),)
    clear = clear_packet()

    def protecting() -> Callable[[], None]:
        bundle = OutboundBundle((sa,), out_boxes)
        needed = bundle.random_octets

        def work() -> None:
            for _ in range(count):
                bundle.protect(clear, os.urandom(needed))

        return work

    sender = OutboundBundle((sa,), out_boxes)
    protected = [sender.protect(clear, os.urandom(sender.random_octets)) for _ in range(count)]

    def unprotecting() -> Callable[[], None]:
        bundle = InboundBundle((sa,), in_boxes)

        def work() -> None:
            for packet in protected:
                bundle.unprotect(packet)

        return work

    if InboundBundle((sa,), in_boxes).unprotect(protected[0]) != clear:
        raise SystemExit("the packet did not come back")
    return protecting, unprotecting


def _bare(suite: str) -> tuple[Prepare, Prepare]:
    """Only the cipher and HMAC calls of `cryptography` on as many octets, with one live cipher context.

    What comes in is as many different packets of random octets, as ciphertext is.
    """
    from cryptography.hazmat.decrepit.ciphers.algorithms import TripleDES
    from cryptography.hazmat.primitives.ciphers import Cipher, modes
    from cryptography.hazmat.primitives.ciphers.algorithms import AES
    from cryptography.hazmat.primitives.hashes import SHA1
    from cryptography.hazmat.primitives.hmac import HMAC

    name, octets, count = SUITES[suite]
    block = 16 if name == "AES-CBC" else 8
    algorithm = AES(_key(octets)) if name == "AES-CBC" else TripleDES(_key(octets))
    cipher = Cipher(algorithm, modes.CBC(bytes(block)))
    data = bytes(block + (OCTETS - 20 + 2 + block - 1) // block * block)
    head = bytes(8)
    keyed = HMAC(AUTHENTICATION_KEY, SHA1())

    def protecting() -> Callable[[], None]:
        context = cipher.encryptor()

        def work() -> None:
            for _ in range(count):
                secret = context.update(data)
                mac = keyed.copy()
                mac.update(head + secret)
                mac.finalize()

        return work

    def unprotecting() -> Callable[[], None]:
        context = cipher.decryptor()
        bodies = [head + os.urandom(len(data)) for _ in range(count)]
        packets = [(body, memoryview(body)[len(head) :]) for body in bodies]

        def work() -> None:
            for body, secret in packets:
                mac = keyed.copy()
                mac.update(body)
                mac.finalize()
                context.update(secret)

        return work

    return protecting, unprotecting


def _scapy(suite: str) -> tuple[Prepare, Prepare]:
    from scapy.layers.inet import IP
    from scapy.layers.ipsec import ESP, SecurityAssociation

    name, octets, _ = SUITES[suite]
    sa = SecurityAssociation(
        ESP,
        spi=SPI,
        crypt_algo=name,
        crypt_key=_key(octets),
        auth_algo="HMAC-SHA1-96",
        auth_key=AUTHENTICATION_KEY,
    )
    clear = clear_packet()
    protected = [bytes(sa.encrypt(IP(clear))) for _ in range(SCAPY_PACKETS)]
    if bytes(sa.decrypt(IP(protected[0]))) != clear:
        raise SystemExit("scapy did not return the packet")

    def protecting() -> Callable[[], None]:
        packets = [IP(clear) for _ in range(SCAPY_PACKETS)]

        def work() -> None:
            for packet in packets:
                sa.encrypt(packet)

        return work

    def unprotecting() -> Callable[[], None]:
        packets = [IP(each) for each in protected]

        def work() -> None:
            for packet in packets:
                sa.decrypt(packet)

        return work

    return protecting, unprotecting


def _configurations(group: DhGroup) -> tuple[Configuration, Configuration]:
    import ipaddress

    from ipsecmig.ike.configuration import Configuration, Traffic
    from ipsecmig.ike.wire.identification import host
    from ipsecmig.model.algorithms import Encryption, Integrity
    from ipsecmig.model.policy import EspTransform, MainMode, MainModeOffer, QuickModeOffer, Secret
    from ipsecmig.model.treatment import Mode

    one, other = map(ipaddress.IPv4Address, ENDS)
    esp = QuickModeOffer((EspTransform(Encryption.TRIPLE_DES, Integrity.SHA1),))
    main_mode = MainMode((MainModeOffer(Encryption.TRIPLE_DES, Integrity.SHA1, group),))

    def end(local: ipaddress.IPv4Address, remote: ipaddress.IPv4Address) -> Configuration:
        traffic = Traffic(host(local), host(remote), Mode.TRANSPORT, (esp,))
        return Configuration(local, remote, Secret("Open-Sesame"), main_mode, traffic, nat_traversal=False)

    return end(one, other), end(other, one)


def _negotiating(group: DhGroup) -> Prepare:
    from ipsecmig.ike.engine import Engine
    from ipsecmig.ike.events import ChildEstablished
    from ipsecmig.ike.exchange import RANDOM_OCTETS

    ends = _configurations(group)

    def prepare() -> Callable[[], None]:
        random = [os.urandom(RANDOM_OCTETS) for _ in range(10)]

        def negotiate() -> tuple[Engine, Engine]:
            one, other = Engine(ends[0]), Engine(ends[1])
            one.start(0.0, random[0])
            sender, receiver = one, other
            for octets in random[1:]:
                (datagram,) = sender.to_send()
                receiver.receive(datagram, 0.0, octets)
                sender, receiver = receiver, sender
            return one, other

        def work() -> None:
            for _ in range(NEGOTIATIONS):
                agreed = negotiate()
            for engine in agreed:
                if not any(isinstance(event, ChildEstablished) for event in iter(engine.next_event, None)):
                    raise SystemExit("the two ends do not agree")

        return work

    return prepare


def _prf_inputs(public: int) -> tuple[bytes, ...]:
    """Return what each end applies the prf to, for public values of that many octets (RFC 2409 section 5)."""
    g, key, cookies, nonce, message_id = bytes(public), bytes(20), bytes(16), bytes(32), bytes(4)
    sa_b, id_b, quick_sa, quick_ids = bytes(48), bytes(8), bytes(60), bytes(24)
    rest = quick_sa + bytes(4) + nonce + quick_ids
    seed = bytes(1 + 4) + nonce + nonce
    return (
        nonce + nonce,  # SKEYID
        g + cookies + bytes(1),  # SKEYID_d
        key + g + cookies + bytes(1),  # SKEYID_a
        key + g + cookies + bytes(1),  # SKEYID_e
        bytes(1),  # K1 of Ka, which has 24 octets
        key,  # K2 of Ka
        g + g + cookies + sa_b + id_b,  # HASH_I
        g + g + cookies + sa_b + id_b,  # HASH_R
        message_id + rest,  # HASH(1)
        message_id + nonce + rest,  # HASH(2)
        bytes(1) + message_id + nonce + nonce,  # HASH(3)
        *(seed, key + seed, key + seed),  # K1, K2 and K3 of KEYMAT, 44 octets, inbound
        *(seed, key + seed, key + seed),  # and outbound
    )


def _hash_inputs(public: int) -> tuple[bytes, ...]:
    """Return what each end hashes: for the first IV, and for that of quick mode (RFC 2409 appendix B)."""
    return bytes(2 * public), bytes(8 + 4)


ENCRYPTED: Final = (40, 40, 144, 144, 24)
"""The octets of ciphertext of messages 5 and 6 of main mode, and of the three of quick mode."""


def _bare_negotiating(group: DhGroup) -> Prepare:
    from cryptography.hazmat.decrepit.ciphers.algorithms import TripleDES
    from cryptography.hazmat.primitives.ciphers import Cipher, modes

    from ipsecmig.ike.crypto.groups import EXPONENT_OCTETS, GENERATOR, octets, prime
    from ipsecmig.ike.crypto.modular import power

    modulus, key = prime(group), _key(20)
    covered, hashed = _prf_inputs(octets(group)), _hash_inputs(octets(group))
    iv, messages = bytes(8), tuple(map(bytes, ENCRYPTED))

    def one_end(private: int, peer: int, *, initiator: bool) -> None:
        power(GENERATOR, private, modulus)
        power(peer, private, modulus)
        for data in covered:
            hmac.digest(key, data, "sha1")
        for data in hashed:
            hashlib.sha1(data, usedforsecurity=False).digest()
        cipher = TripleDES(_key(24))
        for number, data in enumerate(messages):
            mode = Cipher(cipher, modes.CBC(iv))
            # The ends take turns, message 5 and message 1 of quick mode are the initiator's.
            context = mode.encryptor() if initiator is (number in (0, 2, 4)) else mode.decryptor()
            context.update(data)

    def prepare() -> Callable[[], None]:
        privates = [int.from_bytes(os.urandom(EXPONENT_OCTETS[group]), "big") for _ in range(2)]
        peer = power(GENERATOR, privates[1], modulus)

        def work() -> None:
            for _ in range(NEGOTIATIONS):
                one_end(privates[0], peer, initiator=True)
                one_end(privates[1], peer, initiator=False)

        return work

    return prepare


def _negotiations(number: str) -> Iterator[float]:
    from ipsecmig.model.algorithms import DhGroup

    group = DhGroup(int(number))
    return _rates(NEGOTIATIONS, (_negotiating(group), _bare_negotiating(group)), NEGOTIATING_ROUNDS)


def _measure(side: str, suite: str) -> list[float]:
    result = subprocess.run([sys.executable, __file__, side, suite], check=True, capture_output=True, text=True)
    return [float(rate) for rate in result.stdout.split()]


def _side(side: str, suite: str) -> Iterator[float]:
    """Yield the rates of scapy, or those of ours and of the bare calls, each out and in; or of negotiations."""
    if side == "negotiation":
        return _negotiations(suite)
    if side == "scapy":
        return _rates(SCAPY_PACKETS, _scapy(suite))
    return _rates(SUITES[suite][2], (*_ours(suite), *_bare(suite)))


def main() -> None:
    """Measure one side and suite, named by the arguments, or all of them."""
    if len(sys.argv) > 1:
        print(*_side(sys.argv[1], sys.argv[2]))
        return
    for suite in SUITES:
        ours, theirs = _measure("ipsecmig", suite), _measure("scapy", suite)
        for way, rate, bare, scapy in zip(("out", "in"), ours[:2], ours[2:], theirs, strict=True):
            print(
                f"engine: ESP {suite} {OCTETS} octets {way}: {rate:,.0f}/s; scapy {scapy:,.0f}/s, "
                f"ratio {rate / scapy:.0f}; bare calls {bare:,.0f}/s, {rate / bare:.0%} of them"
            )
    for group in GROUPS:
        rate, bare = _measure("negotiation", str(group))
        print(
            f"engine: main and quick mode, group {group}, both ends: {1000 / rate:.2f} ms; "
            f"bare operations {1000 / bare:.2f} ms, ratio {bare / rate:.2f}"
        )


if __name__ == "__main__":
    main()
