"""The engine against a real charon, in both roles.

The kernel of the lab may lack ESP, so charon may be unable to install what was agreed. What counts is what it says
that it agreed to.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from ipaddress import IPv4Address

import pytest
from ike_certificates import TWO

from ipsecmig.ike.configuration import Configuration, Traffic
from ipsecmig.ike.engine import Engine
from ipsecmig.ike.events import ChildEstablished, Established, Failed, PeerAnnounced
from ipsecmig.ike.wire.identification import host
from ipsecmig.ike.wire.numbers import NotifyNumber
from ipsecmig.model.policy import MainMode, Secret
from ipsecmig.model.targets import OutputFile
from ipsecmig.model.treatment import Mode
from lab.certified import by_certificate, our_credentials
from lab.charon import Charon, missing_charon, open_charon
from lab.harness import HOST_ADDRESS, PEER_ADDRESS, Lab, missing, open_lab
from lab.ike_runs import run, start
from lab.sockets import ike_sockets
from lab.suites import CARRIED, SUITES, Suite

pytestmark = pytest.mark.lab

CHARON, OURS = IPv4Address(HOST_ADDRESS), IPv4Address(PEER_ADDRESS)


@pytest.fixture(scope="module")
def module_lab() -> Iterator[Lab]:
    """Give one lab to all tests."""
    reason = missing() or missing_charon()
    if reason:
        pytest.skip(reason)
    with open_lab() as lab:
        yield lab


@pytest.fixture
def machines(module_lab: Lab) -> Iterator[tuple[Lab, Charon]]:
    """Give a charon on the host; the engine sits on the peer."""
    with open_charon(module_lab.host, "charon { send_vendor_id = no\n fragment_size = 576 }") as charon:
        yield module_lab, charon


def settings(ike: str, child: str) -> list[OutputFile]:
    text = f"""connections {{ c {{
        version = 1
        local_addrs = {HOST_ADDRESS}
        remote_addrs = {PEER_ADDRESS}
        proposals = {ike}
        local {{ auth = psk
                 id = {HOST_ADDRESS} }}
        remote {{ auth = psk
                  id = {PEER_ADDRESS} }}
        children {{ x {{ local_ts = dynamic[tcp/80]
                         remote_ts = dynamic[tcp]
                         mode = transport
                         {child} }} }} }} }}
    secrets {{ ike1 {{ secret = "Open-Sesame" }} }}
    """
    return [OutputFile("swanctl.conf", text.encode(), secret=True)]


def configuration(suite: Suite) -> Configuration:
    traffic = Traffic(host(OURS, 6, 0), host(CHARON, 6, 80), Mode.TRANSPORT, (suite.quick,), suite.pfs)
    return Configuration(OURS, CHARON, Secret("Open-Sesame"), MainMode((suite.main,)), traffic)


each_suite = pytest.mark.parametrize("suite", [SUITES[name] for name in CARRIED], ids=CARRIED)


@each_suite
def test_the_engine_as_initiator(machines: tuple[Lab, Charon], suite: Suite) -> None:
    lab, charon = machines
    charon.loads(settings(suite.ike, suite.child))
    engine = Engine(configuration(suite))
    with ike_sockets(lab.peer, PEER_ADDRESS) as udp:
        start(engine)
        found = run(engine, udp)
    assert [type(event) for event in found] == [PeerAnnounced, Established, ChildEstablished]
    said = charon.wait_for(r"parsed QUICK_MODE request \d+ \[ HASH \]")
    assert "selected proposal: ESP:" in said


@each_suite
def test_the_engine_as_responder(machines: tuple[Lab, Charon], suite: Suite) -> None:
    lab, charon = machines
    charon.loads(settings(suite.ike, suite.child))
    engine = Engine(configuration(suite))
    with ike_sockets(lab.peer, PEER_ADDRESS) as udp:
        initiate = ("--initiate", "--child", "x", "--timeout", "-1")
        charon.run("swanctl", *initiate, "--uri", charon.socket)
        found = run(engine, udp)
        said = charon.wait_for(r"selected proposal: ESP:")
    (established,) = (event for event in found if isinstance(event, Established))
    assert established.suite.group is suite.main.group
    assert "IKE_SA c" in said


def with_certificates(charon: Charon) -> list[OutputFile]:
    return [by_certificate(charon, file) for file in settings(SUITES["3des"].ike, SUITES["3des"].child)]


def with_signatures() -> Configuration:
    return replace(configuration(SUITES["3des"]), authentication=our_credentials())


# Messages with certificates are so large that both ends send them in fragments.
def test_signatures_as_initiator(machines: tuple[Lab, Charon]) -> None:
    lab, charon = machines
    charon.loads(with_certificates(charon))
    engine = Engine(with_signatures())
    with ike_sockets(lab.peer, PEER_ADDRESS) as udp:
        start(engine)
        found = run(engine, udp)
    assert [type(event) for event in found] == [PeerAnnounced, Established, ChildEstablished]
    said = charon.wait_for(r"parsed QUICK_MODE request \d+ \[ HASH \]")
    assert re.search(r"authentication of '[^']*CN=far' with RSA_EMSA_PKCS1_NULL successful", said)
    assert "parsed ID_PROT request 0 [ FRAG(2" in said
    assert "generating ID_PROT response 0 [ FRAG(2" in said


def test_signatures_as_responder(machines: tuple[Lab, Charon]) -> None:
    lab, charon = machines
    charon.loads(with_certificates(charon))
    engine = Engine(with_signatures())
    with ike_sockets(lab.peer, PEER_ADDRESS) as udp:
        charon.run("swanctl", "--initiate", "--child", "x", "--timeout", "-1", "--uri", charon.socket)
        found = run(engine, udp)
        said = charon.wait_for(r"selected proposal: ESP:")
    assert [event.peer.data for event in found if isinstance(event, Established)] == [TWO.subject]
    assert re.search(r"authentication of '[^']*CN=far' with RSA_EMSA_PKCS1_NULL successful", said)


@pytest.mark.parametrize("ike", ["aes256-sha256-modp2048", "3des-md5-modp1024"])
def test_what_charon_refuses_is_reported(machines: tuple[Lab, Charon], ike: str) -> None:
    lab, charon = machines
    charon.loads(settings(ike, "esp_proposals = aes256-sha256"))
    engine = Engine(configuration(SUITES["3des"]))
    with ike_sockets(lab.peer, PEER_ADDRESS) as udp:
        start(engine)
        found = run(engine, udp)
    assert [event.notify for event in found if isinstance(event, Failed)] == [NotifyNumber.NO_PROPOSAL_CHOSEN]
