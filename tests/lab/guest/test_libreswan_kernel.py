"""The engine and our ESP and AH against libreswan with the kernel's, where libreswan still has what Windows has.

It was built without DES and without groups 1 and 2.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

import pytest

from ipsecmig.ike.configuration import Configuration, Traffic
from ipsecmig.ike.engine import Engine
from ipsecmig.ike.events import Failed
from ipsecmig.ike.wire.numbers import NotifyNumber
from ipsecmig.model.algorithms import DhGroup, Encryption, Integrity
from ipsecmig.model.policy import (
    AhTransform,
    EspTransform,
    MainMode,
    MainModeOffer,
    QuickModeOffer,
    Secret,
)
from ipsecmig.model.treatment import Mode
from lab.guest.engines import BEHIND, THEM, US, Carried, assert_echoes_pass, bundles, child_in, identification, network
from lab.guest.wire import Wire, open_wire
from lab.harness import Machine
from lab.ike_runs import finished, run, start
from lab.pluto import missing_pluto, open_pluto

pytestmark = pytest.mark.lab

SECRETS: Final = f'{THEM} {US} : PSK "Open-Sesame"\n'


@dataclass(frozen=True)
class Suite:
    """What is agreed on, in libreswan's words and in ours."""

    words: tuple[str, ...]
    main: MainModeOffer
    quick: QuickModeOffer
    pfs: DhGroup | None = None


WITH_3DES: Final = MainModeOffer(Encryption.TRIPLE_DES, Integrity.SHA1, DhGroup.MODP1536)
SUITES: Final = {
    "3des": Suite(
        ("ike=3des-sha1;modp1536", "esp=3des-sha1", "pfs=no"),
        WITH_3DES,
        QuickModeOffer((EspTransform(Encryption.TRIPLE_DES, Integrity.SHA1),)),
    ),
    "md5": Suite(
        ("ike=3des-md5;modp1536", "esp=3des-md5", "pfs=no"),
        MainModeOffer(Encryption.TRIPLE_DES, Integrity.MD5, DhGroup.MODP1536),
        QuickModeOffer((EspTransform(Encryption.TRIPLE_DES, Integrity.MD5),)),
    ),
    "aes": Suite(
        ("ike=aes256-sha2_256;modp2048", "esp=aes256-sha2_256;modp2048", "pfs=yes"),
        MainModeOffer(Encryption.AES256, Integrity.SHA256, DhGroup.MODP2048),
        QuickModeOffer((EspTransform(Encryption.AES256, Integrity.SHA256),)),
        DhGroup.MODP2048,
    ),
    "group 18": Suite(
        ("ike=aes128-sha1;modp8192", "esp=aes128-sha1", "pfs=no"),
        MainModeOffer(Encryption.AES128, Integrity.SHA1, DhGroup.MODP8192),
        QuickModeOffer((EspTransform(Encryption.AES128, Integrity.SHA1),)),
    ),
    "ah": Suite(
        ("ike=3des-sha1;modp1536", "phase2=ah", "ah=sha1", "pfs=no"),
        WITH_3DES,
        QuickModeOffer((AhTransform(Integrity.SHA1),)),
    ),
}
each_suite = pytest.mark.parametrize("suite", SUITES.values(), ids=SUITES)
each_mode = pytest.mark.parametrize("mode", Mode, ids=lambda mode: mode.name.lower())


def connection(suite: Suite, mode: Mode) -> str:
    ours, theirs = BEHIND[mode]
    networks = (f"leftsubnet={network(theirs)}", f"rightsubnet={network(ours)}") if mode is Mode.TUNNEL else ()
    usual = (f"left={THEM}", f"right={US}", "ikev2=no", "authby=secret", "auto=add", "leftupdown=%disabled")
    return "conn x\n" + "".join(f"\t{word}\n" for word in (*usual, f"type={mode.value}", *networks, *suite.words))


def configuration(suite: Suite, mode: Mode) -> Configuration:
    ours, theirs = (identification(address, mode) for address in BEHIND[mode])
    traffic = Traffic(ours, theirs, mode, (suite.quick,), suite.pfs)
    return Configuration(US, THEM, Secret("Open-Sesame"), MainMode((suite.main,)), traffic)


@pytest.fixture(scope="module")
def machine_and_wire() -> Iterator[tuple[Machine, Wire]]:
    if missing_pluto():
        pytest.skip(missing_pluto())
    machine = Machine("kernel")
    with open_wire(machine) as wire:
        yield machine, wire


@each_suite
@each_mode
def test_we_initiate(machine_and_wire: tuple[Machine, Wire], suite: Suite, mode: Mode) -> None:
    machine, wire = machine_and_wire
    with open_pluto(machine, connection(suite, mode), SECRETS) as pluto:
        engine = Engine(configuration(suite, mode))
        start(engine)
        child = child_in(run(engine, Carried(wire), finished))
        pluto.wait_for("IPsec SA established")
        assert_echoes_pass(wire, bundles(child), BEHIND[mode])


@each_suite
@each_mode
def test_libreswan_initiates(machine_and_wire: tuple[Machine, Wire], suite: Suite, mode: Mode) -> None:
    machine, wire = machine_and_wire
    with open_pluto(machine, connection(suite, mode), SECRETS) as pluto:
        pluto.initiate("x")
        child = child_in(run(Engine(configuration(suite, mode)), Carried(wire), finished))
        pluto.wait_for("IPsec SA established")
        assert_echoes_pass(wire, bundles(child), BEHIND[mode])


def test_a_group_that_libreswan_has_no_more(machine_and_wire: tuple[Machine, Wire]) -> None:
    machine, wire = machine_and_wire
    old = Suite((), MainModeOffer(Encryption.TRIPLE_DES, Integrity.SHA1, DhGroup.MODP1024), SUITES["3des"].quick)
    with open_pluto(machine, connection(SUITES["3des"], Mode.TRANSPORT), SECRETS):
        engine = Engine(configuration(old, Mode.TRANSPORT))
        start(engine)
        found = run(engine, Carried(wire), finished)
    assert [event.notify for event in found if isinstance(event, Failed)] == [NotifyNumber.NO_PROPOSAL_CHOSEN]
