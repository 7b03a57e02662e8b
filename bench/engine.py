"""ESP at 1,400 octets, packets per second: beside scapy's SecurityAssociation and beside bare `cryptography` calls.

scapy runs in a process of its own; seconds are those of the processor, the best of a few rounds. Ours checks
selectors and replay and draws its random octets; scapy gets packets that are parsed already and checks neither.
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from ipsecmig.esp.association import SecurityAssociation

OCTETS: Final = 1400
ROUNDS: Final = 7
SUITES: Final = {"AES-128-CBC/SHA-1": ("AES-CBC", 16, 8_000), "3DES/SHA-1": ("3DES", 24, 2_000)}
SCAPY_PACKETS: Final = 400
AUTHENTICATION_KEY: Final = bytes(range(20))
SPI: Final = 0x1000
ENDS: Final = ("10.9.0.1", "10.9.0.2")

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


def _rates(count: int, ways: tuple[Prepare, ...]) -> Iterator[float]:
    """Yield for each way how many packets per second it takes; their rounds alternate, as the machine is shared."""
    best = [float("inf")] * len(ways)
    for _ in range(ROUNDS):
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
    """Only the cipher and HMAC calls of `cryptography` on as many octets, with one live cipher context."""
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
        body = head + data

        def work() -> None:
            for _ in range(count):
                mac = keyed.copy()
                mac.update(body)
                mac.finalize()
                context.update(data)

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


def _measure(side: str, suite: str) -> list[float]:
    result = subprocess.run([sys.executable, __file__, side, suite], check=True, capture_output=True, text=True)
    return [float(rate) for rate in result.stdout.split()]


def _side(side: str, suite: str) -> Iterator[float]:
    """Yield the rates of scapy, or those of ours and of the bare calls, each out and in."""
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


if __name__ == "__main__":
    main()
