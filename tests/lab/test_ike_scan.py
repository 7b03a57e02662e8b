"""ike-scan, which knows IKE by itself, reads our responder; psk-crack finds the key by our hash."""

from __future__ import annotations

import os
import shutil
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from ipaddress import IPv4Address, IPv6Address
from pathlib import Path

import pytest

from ipsecmig.ike.configuration import Configuration, Traffic
from ipsecmig.ike.events import Event, Failed, KerberosOffered, PeerAnnounced
from ipsecmig.ike.exchange import RANDOM_OCTETS
from ipsecmig.ike.listener import Listener
from ipsecmig.ike.wire.identification import host
from ipsecmig.ike.wire.numbers import NotifyNumber
from ipsecmig.model.algorithms import DhGroup, Encryption, Integrity
from ipsecmig.model.policy import EspTransform, MainMode, MainModeOffer, QuickModeOffer, Secret
from ipsecmig.model.treatment import Mode
from ipsecmig.model.windows import WindowsVersion
from lab.harness import HOST_ADDRESS, PEER_ADDRESS, Lab, Machine, missing, open_lab
from lab.sockets import ike_sockets

pytestmark = pytest.mark.lab

OURS, SCANNER = IPv4Address(PEER_ADDRESS), IPv4Address(HOST_ADDRESS)
OFFER = MainModeOffer(Encryption.TRIPLE_DES, Integrity.SHA1, DhGroup.MODP1024)
ESP = QuickModeOffer((EspTransform(Encryption.TRIPLE_DES, Integrity.SHA1),))
SCAN = ("ike-scan", "--nodns", "--retry=2", "--timeout=2000", "--multiline")
TICK = 0.05


@pytest.fixture(scope="module")
def module_lab() -> Iterator[Lab]:
    """Give one lab to all tests."""
    reason = missing() or ("" if shutil.which("ike-scan") else "ike-scan is not installed")
    if reason:
        pytest.skip(reason)
    with open_lab() as lab:
        yield lab


def configuration_for(address: IPv4Address | IPv6Address) -> Configuration | None:
    """Return what our responder has for the scanner: it passes for Windows Server 2003 and takes aggressive mode."""
    traffic = Traffic(host(OURS), host(address), Mode.TRANSPORT, (ESP,))
    ours = Configuration(OURS, address, Secret("Open-Sesame"), MainMode((OFFER,)), traffic, aggressive_mode=True)
    return replace(ours, windows=WindowsVersion.SERVER_2003) if address == SCANNER else None


@contextmanager
def listening(machine: Machine) -> Iterator[list[Event]]:
    """Let a listener answer at a machine meanwhile; give what it tells."""
    listener, found, over = Listener(configuration_for, os.urandom(16)), list[Event](), threading.Event()
    with ike_sockets(machine, PEER_ADDRESS) as udp:

        def serve() -> None:
            while not over.is_set():
                arrived = udp.receive(TICK)
                if arrived is not None:
                    listener.receive(arrived, time.monotonic(), os.urandom(RANDOM_OCTETS))
                for datagram in listener.to_send():
                    udp.send(datagram)
                while (one := listener.next_event()) is not None:
                    found.append(one.event)

        thread = threading.Thread(target=serve)
        thread.start()
        try:
            yield found
        finally:
            over.set()
            thread.join()


def test_main_mode_is_read(module_lab: Lab) -> None:
    with listening(module_lab.peer):
        printed = module_lab.host.run(*SCAN, PEER_ADDRESS)
    assert "Main Mode Handshake returned" in printed
    assert "SA=(Enc=3DES Hash=SHA1 Auth=PSK Group=2:modp1024 LifeType=Seconds LifeDuration(4)=0x00007080)" in printed
    for name in ("Windows-2003-or-XP-SP2", "IKE Fragmentation", "draft-ietf-ipsec-nat-t-ike-02"):
        assert name in printed
    assert "1 returned handshake; 0 returned notify" in printed


def test_aggressive_mode_is_read_and_its_hash_is_that_of_the_key(module_lab: Lab, tmp_path: Path) -> None:
    taken, words = tmp_path / "taken", tmp_path / "words"
    words.write_text("open-sesame\nOpen-Sesame\n")
    identity = ("--idtype=1", f"--id=0x{SCANNER.packed.hex()}")
    with listening(module_lab.peer):
        command = (*SCAN, "--aggressive", *identity, f"--pskcrack={taken}", PEER_ADDRESS)
        printed = module_lab.host.run(*command)
    assert "Aggressive Mode Handshake returned" in printed
    assert f"ID(Type=ID_IPV4_ADDR, Value={OURS})" in printed
    assert "Hash(20 bytes)" in printed
    cracked = module_lab.host.run("psk-crack", f"--dictionary={words}", str(taken))
    assert 'key "Open-Sesame" matches SHA1 hash' in cracked


def test_a_suite_that_we_do_not_have_is_refused_with_the_notify_that_says_so(module_lab: Lab) -> None:
    with listening(module_lab.peer) as found:
        printed = module_lab.host.run(*SCAN, "--trans=(1=1,2=1,3=1,4=1)", PEER_ADDRESS)
    assert "0 returned handshake; 1 returned notify" in printed
    assert "14 (NO-PROPOSAL-CHOSEN)" in printed
    assert [event.notify for event in found if isinstance(event, Failed)] == [NotifyNumber.NO_PROPOSAL_CHOSEN]


def test_kerberos_as_windows_offers_it_is_recognised(module_lab: Lab) -> None:
    name = "box$@CORP.EXAMPLE"
    offer = ("--auth=65001", f"--gssid={name.encode('utf-16-le').hex()}")
    with listening(module_lab.peer) as found:
        printed = module_lab.host.run(*SCAN, *offer, "--vendor=621b04bb09882ac1e15935fefa24aeee", PEER_ADDRESS)
    assert "14 (NO-PROPOSAL-CHOSEN)" in printed
    assert [type(event) for event in found] == [PeerAnnounced, KerberosOffered, Failed]
    assert KerberosOffered(name) in found


def test_who_is_not_configured_hears_nothing(module_lab: Lab) -> None:
    module_lab.host.ip("addr", "replace", "10.9.0.99/32", "dev", "lo")
    with listening(module_lab.peer):
        printed = module_lab.host.run(*SCAN, "--timeout=300", "--sourceip=10.9.0.99", PEER_ADDRESS)
    assert "0 returned handshake; 0 returned notify" in printed
