"""SAs that are renewed, deleted and watched over by a connection and a real charon, which carries ESP itself."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from ipaddress import IPv4Address, IPv4Network

import pytest

from ipsecmig.ike.configuration import Configuration, Traffic
from ipsecmig.ike.connection import Connection
from ipsecmig.ike.events import (
    ChildEstablished,
    ChildRetired,
    Established,
    Event,
    Failed,
    IkeRetired,
    PeerAlive,
    PeerNotified,
    PeerSilent,
)
from ipsecmig.ike.exchange import RANDOM_OCTETS
from ipsecmig.ike.life import Moment, Renewal
from ipsecmig.ike.wire.identification import subnet
from ipsecmig.ike.wire.numbers import NotifyNumber
from ipsecmig.model.algorithms import DhGroup, Encryption, Integrity
from ipsecmig.model.policy import EspTransform, MainMode, MainModeOffer, QuickModeOffer, Secret
from ipsecmig.model.targets import OutputFile
from ipsecmig.model.treatment import Mode
from lab.charon import USER_SPACE, Charon, missing_charon, open_charon
from lab.harness import HOST_ADDRESS, PEER_ADDRESS, Lab, missing, open_lab
from lab.ike_runs import PATIENCE
from lab.sockets import IkeSockets, ike_sockets

pytestmark = pytest.mark.lab

CHARONS, OURS = IPv4Network("10.9.101.0/24"), IPv4Network("10.9.102.0/24")
MAIN = MainMode((MainModeOffer(Encryption.TRIPLE_DES, Integrity.SHA1, DhGroup.MODP1024),))
ESP_3DES = QuickModeOffer((EspTransform(Encryption.TRIPLE_DES, Integrity.SHA1),), lifetime_seconds=600)
CONFIGURATION = Configuration(
    IPv4Address(PEER_ADDRESS),
    IPv4Address(HOST_ADDRESS),
    Secret("Open-Sesame"),
    MAIN,
    Traffic(subnet(OURS), subnet(CHARONS), Mode.TUNNEL, (ESP_3DES,)),
)
SOON = Renewal(margin=1 - 1 / 600, overlap=1.0)
"""Renews a second after the beginning."""


@pytest.fixture(scope="module")
def module_lab() -> Iterator[Lab]:
    """Give one lab to all tests."""
    reason = missing() or missing_charon()
    if reason:
        pytest.skip(reason)
    with open_lab() as lab:
        yield lab


def settings(more: str) -> list[OutputFile]:
    text = f"""connections {{ c {{
        version = 1
        local_addrs = {HOST_ADDRESS}
        remote_addrs = {PEER_ADDRESS}
        proposals = 3des-sha1-modp1024
        {more}
        local {{ auth = psk
                 id = {HOST_ADDRESS} }}
        remote {{ auth = psk
                  id = {PEER_ADDRESS} }}
        children {{ x {{ esp_proposals = 3des-sha1
                         mode = tunnel
                         local_ts = {CHARONS}
                         remote_ts = {OURS} }} }} }} }}
    secrets {{ ike1 {{ secret = "Open-Sesame" }} }}
    """
    return [OutputFile("swanctl.conf", text.encode(), secret=True)]


class Conversation:
    """A connection that has an SA with a charon, and the sockets between them."""

    def __init__(self, connection: Connection, charon: Charon, udp: IkeSockets) -> None:
        self.connection, self.charon, self.udp = connection, charon, udp
        self.told: list[Event] = []

    def run(self, ended: Callable[[list[Event]], bool]) -> list[Event]:
        """Run the connection until it `ended`; return what it told meanwhile."""
        self.told, end = [], time.monotonic() + PATIENCE
        while time.monotonic() < end:
            for datagram in self.connection.to_send():
                self.udp.send(datagram)
            while (event := self.connection.next_event()) is not None:
                self.told.append(event)
            if ended(self.told):
                return self.told
            arrived = self.udp.receive(min(self.connection.timer() or end, end) - time.monotonic())
            if arrived is None:
                self.connection.on_timer(time.monotonic(), os.urandom(RANDOM_OCTETS))
            else:
                self.connection.receive(arrived, time.monotonic(), os.urandom(RANDOM_OCTETS))
        raise TimeoutError(f"only this was told: {self.told}")

    def until(self, kind: type[Event], count: int = 1) -> list[Event]:
        """Run the connection until it has told so many events of a kind."""
        return self.run(lambda told: sum(isinstance(event, kind) for event in told) == count)

    def swanctl(self, *arguments: str) -> None:
        """Let charon do something, without waiting until it is done."""
        self.charon.run("swanctl", *arguments, "--uri", self.charon.socket)


@contextmanager
def conversation(
    lab: Lab,
    renewal: Renewal | None = None,
    more: str = "",
    configuration: Configuration = CONFIGURATION,
    *,
    charon_begins: bool = False,
) -> Iterator[Conversation]:
    """Give a connection and a charon that have agreed on a child, whoever began."""
    lab.host.ip("addr", "replace", f"{CHARONS[1]}/32", "dev", "lo")
    with (
        open_charon(lab.host, "charon { delete_rekeyed = yes\n delete_rekeyed_delay = 0 }", USER_SPACE) as charon,
        ike_sockets(lab.peer, PEER_ADDRESS) as udp,
    ):
        charon.loads(settings(more))
        found = Conversation(Connection(configuration, renewal), charon, udp)
        if charon_begins:
            found.swanctl("--initiate", "--child", "x", "--timeout", "-1")
        else:
            found.connection.start(time.monotonic(), os.urandom(RANDOM_OCTETS))
        assert not any(isinstance(event, Failed) for event in found.until(ChildEstablished))
        charon.wait_for(r"CHILD_SA x\{\d+\} established")
        yield found


def test_charon_renews_a_child_and_deletes_the_old_one(module_lab: Lab) -> None:
    with conversation(module_lab, charon_begins=True) as found:
        (old,) = found.connection.children
        found.swanctl("--rekey", "--child", "x")
        told = found.until(ChildRetired)
        assert [event for event in told if isinstance(event, ChildRetired)] == [ChildRetired(old, Moment.DELETED)]
        assert len(found.connection.children) == 1
        assert found.connection.children != (old,)


def test_the_connection_renews_a_child_and_deletes_the_old_one(module_lab: Lab) -> None:
    with conversation(module_lab, SOON) as found:
        (old,) = found.connection.children
        told = found.until(ChildRetired)
        assert ChildRetired(old, Moment.OVERLAP) in told
        assert not any(isinstance(event, Failed) for event in told)
        (association,) = old.associations
        found.charon.wait_for(rf"received DELETE for ESP CHILD_SA with SPI {association.inbound_spi.hex()}")


def test_the_connection_renews_the_ike_sa(module_lab: Lab) -> None:
    traffic = replace(CONFIGURATION.traffic, offers=(replace(ESP_3DES, lifetime_seconds=60_000),))
    short = replace(CONFIGURATION, main_mode=replace(MAIN, lifetime_seconds=600), traffic=traffic)
    with conversation(module_lab, SOON, configuration=short) as found:
        told = found.until(IkeRetired)
        assert [event.reason for event in told if isinstance(event, IkeRetired)] == [Moment.OVERLAP]
        assert sum(isinstance(event, Established) for event in told) == 1
        assert len(found.connection.children) == 1
        found.charon.wait_for(r"received DELETE for IKE_SA c\[1\]")


@pytest.mark.parametrize("charon_begins", [False, True])
def test_charon_closes(module_lab: Lab, charon_begins: bool) -> None:
    with conversation(module_lab, charon_begins=charon_begins) as found:
        found.swanctl("--terminate", "--ike", "c", "--timeout", "-1")
        told = found.until(IkeRetired)
        assert [event.reason for event in told if isinstance(event, ChildRetired | IkeRetired)] == [Moment.DELETED] * 2


@pytest.mark.parametrize("charon_begins", [False, True])
def test_the_connection_closes(module_lab: Lab, charon_begins: bool) -> None:
    with conversation(module_lab, charon_begins=charon_begins) as found:
        (child,) = found.connection.children
        (association,) = child.associations
        found.connection.close(time.monotonic(), os.urandom(RANDOM_OCTETS))
        found.until(IkeRetired)
        said = found.charon.wait_for(r"received DELETE for IKE_SA c\[1\]")
        assert f"received DELETE for ESP CHILD_SA with SPI {association.inbound_spi.hex()}" in said


def test_charon_asks_and_is_answered(module_lab: Lab) -> None:
    with conversation(module_lab, more="dpd_delay = 1s") as found:
        told = found.until(PeerNotified, 2)
        kinds = [event.kind for event in told if isinstance(event, PeerNotified)]
        assert kinds == [NotifyNumber.R_U_THERE] * 2
        said = found.charon.wait_for(r"parsed INFORMATIONAL_V1 request \d+ \[ HASH N\(DPD_ACK\) \]")
        assert "invalid DPD sequence number" not in said


def test_the_connection_asks_and_charon_answers(module_lab: Lab) -> None:
    with conversation(module_lab, Renewal(idle=0.5)) as found:
        told = found.until(PeerAlive, 3)
        sequences = [event.sequence for event in told if isinstance(event, PeerAlive)]
        assert sequences == [sequences[0], sequences[0] + 1, sequences[0] + 2]
        assert not any(isinstance(event, PeerSilent) for event in told)
        assert "invalid DPD sequence number" not in found.charon.wait_for(r"N\(DPD_ACK\)")
