"""The engine and our ESP and AH against charon with the kernel's: they negotiate, and an echo goes there and back.

The test is a whole host at the end of a wire: it has no kernel between its engine and charon.
"""

from __future__ import annotations

from collections.abc import Iterator
from ipaddress import IPv4Address

import pytest

from ipsecmig.ike.configuration import Configuration, Traffic
from ipsecmig.ike.engine import Engine
from ipsecmig.ike.wire.identification import host
from ipsecmig.model.policy import (
    MainMode,
    Secret,
)
from ipsecmig.model.targets import OutputFile
from ipsecmig.model.treatment import Mode
from ipsecmig.model.windows import WindowsVersion
from ipsecmig.udp import NAT_T_PORT, Endpoint, Path
from lab.certified import by_certificate, our_credentials
from lab.charon import Charon, missing_charon, open_charon
from lab.guest.engines import (
    BEHIND,
    THEM,
    US,
    Carried,
    assert_datagrams_pass,
    assert_echoes_pass,
    bundles,
    child_in,
    identification,
    network,
)
from lab.guest.wire import NAME, Wire, open_wire
from lab.harness import FAR_ADDRESS, PEER_ADDRESS, TO_FAR, Lab, Machine, missing, open_lab
from lab.ike_runs import finished, run, start
from lab.suites import SUITES, Suite
from lab.test_ike_nat import masquerade
from lab.test_ike_nat import settings as nat_settings

pytestmark = pytest.mark.lab

NATS_INSIDE, BEHIND_NAT = "10.7.0.1", "10.7.0.2"


each_suite = pytest.mark.parametrize("suite", SUITES.values(), ids=SUITES)
each_proof = pytest.mark.parametrize("certified", [False, True], ids=["key", "certificates"])
each_windows = pytest.mark.parametrize("windows", [None, WindowsVersion.SERVER_2003], ids=["RFC", "draft"])
each_mode = pytest.mark.parametrize("mode", Mode, ids=lambda mode: mode.name.lower())


def settings(suite: Suite, mode: Mode, more: str = "") -> OutputFile:
    ends = BEHIND[mode]
    ours, theirs = ("dynamic", "dynamic") if mode is Mode.TRANSPORT else map(str, map(network, ends))
    text = f"""connections {{ c {{
        version = 1
        local_addrs = {THEM}
        remote_addrs = {US}
        proposals = {suite.ike}
        local {{ auth = psk
                 id = {THEM} }}
        remote {{ auth = psk
                  id = {US} }}
        children {{ x {{ local_ts = {theirs}
                         remote_ts = {ours}
                         mode = {mode.name.lower()}
                         {suite.child}
                         {more} }} }} }} }}
    secrets {{ ike1 {{ secret = "Open-Sesame" }} }}
    """
    return OutputFile("swanctl.conf", text.encode(), secret=True)


def configuration(suite: Suite, mode: Mode, *, certified: bool = False) -> Configuration:
    ours, theirs = map(identification, BEHIND[mode], (mode, mode))
    traffic = Traffic(ours, theirs, mode, (suite.quick,), suite.pfs)
    proof = our_credentials() if certified else Secret("Open-Sesame")
    return Configuration(US, THEM, proof, MainMode((suite.main,)), traffic)


@pytest.fixture(scope="module")
def machine_and_wire() -> Iterator[tuple[Machine, Wire]]:
    if missing_charon():
        pytest.skip(missing_charon())
    machine = Machine("kernel")
    with open_wire(machine) as wire:
        yield machine, wire


@pytest.fixture
def charon(machine_and_wire: tuple[Machine, Wire]) -> Iterator[Charon]:
    machine, wire = machine_and_wire
    with open_charon(machine) as daemon:
        yield daemon
    wire.received()


@each_suite
@each_mode
@each_proof
def test_we_initiate(
    machine_and_wire: tuple[Machine, Wire], charon: Charon, suite: Suite, mode: Mode, *, certified: bool
) -> None:
    _, wire = machine_and_wire
    file = settings(suite, mode)
    charon.loads([by_certificate(charon, file) if certified else file])
    engine = Engine(configuration(suite, mode, certified=certified))
    start(engine)
    child = child_in(run(engine, Carried(wire), finished))
    charon.wait_for("CHILD_SA x.* established")
    assert_echoes_pass(wire, bundles(child), BEHIND[mode])


@each_suite
@each_mode
@each_proof
def test_charon_initiates(
    machine_and_wire: tuple[Machine, Wire], charon: Charon, suite: Suite, mode: Mode, *, certified: bool
) -> None:
    _, wire = machine_and_wire
    file = settings(suite, mode)
    charon.loads([by_certificate(charon, file) if certified else file])
    charon.run("swanctl", "--initiate", "--child", "x", "--timeout", "-1", "--uri", charon.socket)
    child = child_in(run(Engine(configuration(suite, mode, certified=certified)), Carried(wire), finished))
    charon.wait_for("CHILD_SA x.* established")
    assert_echoes_pass(wire, bundles(child), BEHIND[mode])


@pytest.fixture
def nat() -> Iterator[tuple[Lab, Wire]]:
    """Give a lab whose host translates addresses between the wire, where we are, and the others, in both directions."""
    if missing() or missing_charon():
        pytest.skip(missing() or missing_charon())
    with open_lab() as lab:
        wire = Wire(lab.host)
        for name in (TO_FAR, NAME):
            lab.host.nft(masquerade(name))
        lab.host.ip("link", "set", NAME, "up")
        lab.host.ip("addr", "add", f"{NATS_INSIDE}/24", "dev", NAME)
        yield lab, wire
        wire.close()


@each_windows
@each_mode
def test_we_initiate_from_behind_a_nat(nat: tuple[Lab, Wire], mode: Mode, windows: WindowsVersion | None) -> None:
    lab, wire = nat
    suite = SUITES["3des"]
    child = f"mode = {mode.value}\n local_ts = {FAR_ADDRESS}/32\n remote_ts = 0.0.0.0/0"
    us, them = IPv4Address(BEHIND_NAT), IPv4Address(FAR_ADDRESS)
    traffic = Traffic(host(us), host(them), mode, (suite.quick,))
    engine = Engine(Configuration(us, them, Secret("Open-Sesame"), MainMode((suite.main,)), traffic, windows))
    with open_charon(lab.far) as charon:
        charon.loads(nat_settings(FAR_ADDRESS, "%any", (FAR_ADDRESS, "%any"), child))
        start(engine)
        agreed = child_in(run(engine, Carried(wire), finished))
        charon.wait_for("CHILD_SA x.* established")
        assert agreed.path == Path(Endpoint(us, NAT_T_PORT), Endpoint(them, NAT_T_PORT))
        pair = bundles(agreed)
        assert_echoes_pass(wire, pair, (BEHIND_NAT, FAR_ADDRESS))
        assert_datagrams_pass(lab.far, wire, pair, FAR_ADDRESS, (BEHIND_NAT, FAR_ADDRESS))


@each_windows
@each_mode
def test_charon_initiates_from_behind_a_nat(nat: tuple[Lab, Wire], mode: Mode, windows: WindowsVersion | None) -> None:
    lab, wire = nat
    suite = SUITES["3des"]
    child = f"mode = {mode.value}\n local_ts = {PEER_ADDRESS}/32\n remote_ts = {BEHIND_NAT}/32"
    us, outside, them = map(IPv4Address, (BEHIND_NAT, NATS_INSIDE, PEER_ADDRESS))
    sees = outside if mode is Mode.TRANSPORT else them
    traffic = Traffic(host(us), host(sees), mode, (suite.quick,))
    ours = Configuration(us, outside, Secret("Open-Sesame"), MainMode((suite.main,)), traffic, windows, them)
    with open_charon(lab.peer) as charon:
        charon.loads(nat_settings(PEER_ADDRESS, BEHIND_NAT, (PEER_ADDRESS, BEHIND_NAT), child))
        charon.run("swanctl", "--initiate", "--child", "x", "--timeout", "-1", "--uri", charon.socket)
        agreed = child_in(run(Engine(ours), Carried(wire), finished))
        charon.wait_for("CHILD_SA x.* established")
        assert agreed.path is not None
        assert (agreed.path.remote.address, agreed.path.remote.port in range(20_000, 21_000)) == (outside, True)
        pair = bundles(agreed)
        assert_echoes_pass(wire, pair, (BEHIND_NAT, str(sees)))
        assert_datagrams_pass(lab.peer, wire, pair, PEER_ADDRESS, (BEHIND_NAT, str(sees)))
