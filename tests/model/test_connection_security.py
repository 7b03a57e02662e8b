"""Policies of connection security rules: what sets them apart from those of netsh ipsec."""

from __future__ import annotations

from dataclasses import replace

import pytest

from ipsecmig.model.algorithms import DhGroup, Encryption, Integrity
from ipsecmig.model.attributes import AttributeKind
from ipsecmig.model.flatten import FlatPolicy, flatten
from ipsecmig.model.policy import (
    Action,
    AhTransform,
    ConnectionSecurity,
    Filter,
    FilterAction,
    FilterList,
    MainMode,
    MainModeOffer,
    Policy,
    PolicyStore,
    QuickModeOffer,
    Rule,
)
from ipsecmig.model.selectors import ANY, AddressRange, Family
from ipsecmig.model.serial import dumps, loads
from ipsecmig.model.site import Site
from ipsecmig.model.space import Direction
from ipsecmig.model.targets import EmissionRequest
from ipsecmig.model.windows import WindowsVersion

MAIN_MODE = MainMode((MainModeOffer(Encryption.AES128, Integrity.SHA1, DhGroup.MODP1024),))
PROTECT = FilterAction("F", Action.NEGOTIATE, (QuickModeOffer((AhTransform(Integrity.SHA1),)),))


def store(security: ConnectionSecurity | None) -> PolicyStore:
    policy = Policy("P", MAIN_MODE, (Rule("R", "L", "F"),), connection_security=security)
    return PolicyStore((policy,), (FilterList("L", (Filter(ANY, ANY),)),), (PROTECT,))


def flat(exemptions: int = 9) -> FlatPolicy:
    said = store(ConnectionSecurity(exemptions))
    return flatten(said, said.policies[0], Site(windows=WindowsVersion.SERVER_2003))


def test_what_the_host_forwards_is_not_their_business() -> None:
    directions = {box.direction[0] for each in flat().filters for box in each.boxes}
    assert directions == {Direction.OUT, Direction.IN}
    legacy = store(None)
    boxes = [b for each in flatten(legacy, legacy.policies[0]).filters for b in each.boxes]
    assert Direction.FORWARD in {box.direction[0] for box in boxes}


def test_a_tunnel_takes_what_the_host_forwards() -> None:
    said = store(ConnectionSecurity())
    rule = replace(said.policies[0].rules[0], tunnel_endpoint=AddressRange.parse("192.0.2.1"))
    policy = replace(said.policies[0], rules=(rule,))
    boxes = [b for each in flatten(replace(said, policies=(policy,)), policy).filters for b in each.boxes]
    assert Direction.FORWARD in {box.direction[0] for box in boxes}


def test_they_always_apply_to_ipv6() -> None:
    assert {box.family[0] for each in flat().filters for box in each.boxes} == set(Family)
    assert any("IPsecExempt = 9" in each for each in flat().assumptions)


@pytest.mark.parametrize(
    ("value", "names"),
    [
        (0, set()),
        (1, {"neighbour-discovery"}),
        (2, {"icmp"}),
        (4, {"router-discovery"}),
        (8, {"dhcp"}),
        (9, {"neighbour-discovery", "dhcp"}),
    ],
)
def test_their_exemptions_are_those_of_the_firewall(value: int, names: set[str]) -> None:
    assert {each.name for each in flat(value).exemptions} == {"isakmp", "esp-ah", *names}


def test_the_json_form_says_it() -> None:
    said = store(ConnectionSecurity(3))
    assert loads(dumps(said)) == said
    assert loads(dumps(store(None))) == store(None)
    assert "connection_security" not in dumps(store(None))


@pytest.mark.parametrize(("security", "lost"), [(ConnectionSecurity(), True), (None, False)])
def test_netsh_ipsec_cannot_say_it(security: ConnectionSecurity | None, lost: bool) -> None:
    from ipsecmig.emit.netsh.target import TARGET

    said = store(security)
    emission = TARGET.emit(EmissionRequest(said, said.policies[0], flatten(said, said.policies[0])))
    about = [loss for loss in emission.losses if loss.about is AttributeKind.POLICY_CONNECTION_SECURITY]
    assert bool(about) == lost
