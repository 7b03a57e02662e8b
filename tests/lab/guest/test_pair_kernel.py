"""Two hosts with what is written for the two halves of one sample: they talk, and only ESP is on the wire."""

from __future__ import annotations

import select
import socket
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from itertools import permutations
from typing import Final

import pytest
from esp_packets import association, packed
from ground_truth import SAMPLES, Sample, emission_request

from ipsecmig.emit import nftables, strongswan, xfrm
from ipsecmig.model.algorithms import Encryption
from ipsecmig.model.selectors import ESP, TCP, UDP
from ipsecmig.udp import IKE_PORT
from lab import agent
from lab.charon import missing_charon, open_charon
from lab.guest.states import state
from lab.harness import TO_HOST, Lab, Machine, Probe, missing, open_lab
from lab.sample_packets import texts_for
from lab.sockets import inside

pytestmark = pytest.mark.lab

WEB: Final = Sample(SAMPLES / "recommended" / "web-to-database-web-server.cmd")
SQL: Final = Sample(SAMPLES / "recommended" / "web-to-database-sql-server.netsh")
WEB_ADDRESS, SQL_ADDRESS = (sample.site.addresses[0].text() for sample in (WEB, SQL))
DATABASE: Final = (SQL_ADDRESS, 1433)
PATIENCE: Final = 20.0


@pytest.fixture
def lab() -> Iterator[Lab]:
    """Give the Web server (host) and the database (peer), without policies."""
    if missing():
        pytest.skip(missing())
    with open_lab() as opened:
        for machine, address in ((opened.host, WEB_ADDRESS), (opened.peer, SQL_ADDRESS)):
            machine.ip("addr", "add", address, "dev", "lo")
        yield opened


def with_nftables(machine: Machine, sample: Sample) -> None:
    for text in texts_for(sample, nftables.TARGET):
        machine.nft(text)


def with_xfrm(machine: Machine, sample: Sample) -> None:
    """Load the policies, and an SA in each direction, which a key manager would make."""
    for text in texts_for(sample, xfrm.TARGET):
        machine.batch(text)
    for spi, (source, destination) in enumerate(permutations((WEB_ADDRESS, SQL_ADDRESS)), 0x1000):
        sa = association(Encryption.TRIPLE_DES, spi=spi)
        fitting = replace(sa, source=packed(source), destination=packed(destination))
        machine.batch(state(fitting, reqid=1) + "\n")


@contextmanager
def with_strongswan(machine: Machine, sample: Sample) -> Iterator[None]:
    if missing_charon():
        pytest.skip(missing_charon())
    files = strongswan.TARGET.emit(emission_request(sample)).files
    settings = [file.content.decode() for file in files if file.path.endswith("strongswan.conf")]
    with open_charon(machine, "\n".join(settings)) as charon:
        charon.loads(files)
        yield


@contextmanager
def tap(machine: Machine) -> Iterator[list[Probe]]:
    """Give a list in which afterwards stands what came in and went out at the machine's wire."""
    seen: list[Probe] = []
    with inside(machine):
        wire = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(agent.ETH_P_ALL))
    with wire:
        wire.bind((TO_HOST, agent.ETH_P_ALL))
        yield seen
        while select.select([wire], [], [], 0)[0]:
            probe = agent.parse(wire.recv(65535)[14:])
            if probe is not None:
                seen.append(Probe(*probe))


def ask(lab: Lab) -> bytes:
    """Connect from the Web server to the database, and return what comes back."""
    with ExitStack() as stack:
        with inside(lab.peer):
            server = stack.enter_context(socket.create_server(DATABASE))
        with inside(lab.host):
            client = stack.enter_context(socket.socket())
        for each in (server, client):
            each.settimeout(PATIENCE)
        client.bind((WEB_ADDRESS, 0))
        client.connect(DATABASE)
        served = stack.enter_context(server.accept()[0])
        client.sendall(b"select")
        served.sendall(served.recv(100).upper())
        return client.recv(100)


def is_about_the_pair(probe: Probe) -> bool:
    return {probe.source, probe.destination} == {WEB_ADDRESS, SQL_ADDRESS}


def assert_encrypted(lab: Lab) -> set[int]:
    """Check that the two can talk and nothing of it is seen; return the protocols on the wire."""
    with tap(lab.peer) as seen:
        assert ask(lab) == b"SELECT"
    protocols = {probe.protocol for probe in seen if is_about_the_pair(probe)}
    assert {probe.source_port for probe in seen if is_about_the_pair(probe) and probe.protocol == UDP} <= {IKE_PORT}
    return protocols


def test_without_a_policy_the_tap_sees_the_connection(lab: Lab) -> None:
    assert assert_encrypted(lab) == {TCP}


def test_nftables_lets_what_xfrm_protects_pass(lab: Lab) -> None:
    for machine, sample in ((lab.host, WEB), (lab.peer, SQL)):
        with_xfrm(machine, sample)
        with_nftables(machine, sample)
    assert assert_encrypted(lab) == {ESP}


@pytest.mark.parametrize("guarded", [False, True], ids=["alone", "with-nftables"])
def test_strongswan_protects_as_soon_as_something_is_sent(lab: Lab, *, guarded: bool) -> None:
    for machine, sample in ((lab.host, WEB), (lab.peer, SQL)):
        if guarded:
            with_nftables(machine, sample)
    with with_strongswan(lab.host, WEB), with_strongswan(lab.peer, SQL):
        assert assert_encrypted(lab) == {ESP, UDP}
