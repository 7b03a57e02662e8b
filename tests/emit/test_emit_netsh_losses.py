"""What netsh cannot say: withheld for a person to complete, or a little different, and always a loss."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest

from emit.netsh_cases import (
    ESP,
    SQL,
    STORE,
    commands_of,
    emitted,
    text_of,
    with_action,
    with_filter,
    with_policy,
    with_rule,
)
from ipsecmig.diagnostics import Origin
from ipsecmig.emit.netsh.script import NEEDS_A_PERSON
from ipsecmig.emit.netsh.words import distinct_names
from ipsecmig.model.algorithms import DhGroup, Encryption, Integrity
from ipsecmig.model.attributes import AttributeKind
from ipsecmig.model.policy import (
    Action,
    Certificate,
    DefaultResponseRule,
    EspTransform,
    FilterList,
    Kerberos,
    MainMode,
    MainModeOffer,
    PolicyStore,
    PresharedKey,
    QuickModeOffer,
    Secret,
    StoreKind,
    StoreLocation,
)
from ipsecmig.model.selectors import (
    AddressRange,
    DnsName,
    PortRange,
    ServerAddress,
    ServerRole,
)
from ipsecmig.model.targets import LossKind, SecurityDirection

OPEN, CLOSED = SecurityDirection.FAILS_OPEN, SecurityDirection.FAILS_CLOSED
AES = QuickModeOffer((EspTransform(Encryption.AES256, Integrity.SHA1),))


@pytest.mark.parametrize(
    ("store", "kind", "direction"),
    [
        (with_rule(authentication=(PresharedKey(None),)), AttributeKind.RULE_AUTHENTICATION, OPEN),
        (with_rule(authentication=(PresharedKey(Secret('a"b')),)), AttributeKind.RULE_AUTHENTICATION, OPEN),
        (with_rule(authentication=(PresharedKey(Secret("a\nb")),)), AttributeKind.RULE_AUTHENTICATION, OPEN),
        (with_rule(authentication=(PresharedKey(Secret("ends\\")),)), AttributeKind.RULE_AUTHENTICATION, OPEN),
        (with_rule(authentication=(Certificate("CN=a certmap:yes"),)), AttributeKind.RULE_AUTHENTICATION, OPEN),
        (with_rule(tunnel_endpoint=AddressRange.parse("10.0.0.0/8")), AttributeKind.RULE_TUNNEL, OPEN),
        (with_rule(filter_list="Nowhere"), AttributeKind.RULE_ACTIVE, OPEN),
        (with_filter(destination_port=PortRange(1, 9)), AttributeKind.FILTER_DESTINATION_PORT, OPEN),
        (with_filter(Action.BLOCK, destination_port=PortRange(1, 9)), AttributeKind.FILTER_DESTINATION_PORT, OPEN),
        (with_filter(Action.PERMIT, destination_port=PortRange(1, 9)), AttributeKind.FILTER_DESTINATION_PORT, CLOSED),
        (with_filter(protocol=1), AttributeKind.FILTER_DESTINATION_PORT, OPEN),
        (with_filter(source=AddressRange.parse("0.0.0.0")), AttributeKind.FILTER_SOURCE, OPEN),
        (with_filter(source=ServerAddress(ServerRole.DNS)), AttributeKind.FILTER_SOURCE, OPEN),
        (with_filter(destination=DnsName("me")), AttributeKind.FILTER_DESTINATION, OPEN),
        (with_filter(destination=DnsName('x" any')), AttributeKind.FILTER_DESTINATION, OPEN),
        (with_action(offers=(AES, ESP)), AttributeKind.ACTION_OFFERS, OPEN),
        (
            with_policy(main_mode=MainMode((MainModeOffer(Encryption.DES, Integrity.SHA1, DhGroup.MODP4096),))),
            AttributeKind.MAIN_MODE_OFFERS,
            OPEN,
        ),
        (
            with_policy(default_response=DefaultResponseRule(authentication=(PresharedKey(None),))),
            AttributeKind.DEFAULT_RESPONSE,
            CLOSED,
        ),
    ],
)
def test_what_cannot_be_said_is_withheld_and_the_policy_not_assigned(
    store: PolicyStore, kind: AttributeKind, direction: SecurityDirection
) -> None:
    emission = emitted(store)
    assert {(loss.about, loss.kind, loss.direction) for loss in emission.losses} == {
        (kind, LossKind.NEEDS_HUMAN, direction),
        (AttributeKind.POLICY_ASSIGNED, LossKind.NEEDS_HUMAN, OPEN),
    }
    assert f"# {NEEDS_A_PERSON}: " in text_of(emission)
    assert "NOT COMPLETE" in text_of(emission)
    assert not any("assign=yes" in command for command in commands_of(emission))
    assert 'psk=""' not in text_of(emission)


def test_a_withheld_command_is_left_to_complete_with_its_place_in_the_source() -> None:
    text = text_of(
        emitted(with_rule(authentication=(PresharedKey(None), Kerberos()), origin=Origin("p.bat", 12, 1, 80)))
    )
    assert f"# {NEEDS_A_PERSON}: rule 'Secure SQL' (p.bat:12): preshared key: the source does not hold" in text
    assert re.search(r'^# add rule name="Secure SQL" .* psk="<preshared key>" kerberos=yes\r$', text, re.MULTILINE)


@pytest.mark.parametrize(
    ("store", "about", "kind", "direction", "word"),
    [
        (
            with_policy(main_mode=replace(STORE.policies[0].main_mode, lifetime_seconds=3599)),
            AttributeKind.MAIN_MODE_LIFETIME,
            LossKind.NARROWED,
            CLOSED,
            "mmlifetime=59 ",
        ),
        (
            with_policy(main_mode=replace(STORE.policies[0].main_mode, lifetime_seconds=20)),
            AttributeKind.MAIN_MODE_LIFETIME,
            LossKind.WIDENED,
            OPEN,
            "mmlifetime=1 ",
        ),
        (
            with_policy(polling_interval_seconds=100),
            AttributeKind.POLICY_POLLING_INTERVAL,
            LossKind.NARROWED,
            CLOSED,
            "pollinginterval=1 ",
        ),
        (
            with_action(offers=(replace(ESP, lifetime_seconds=172801),)),
            AttributeKind.ACTION_LIFETIMES,
            LossKind.NARROWED,
            CLOSED,
            ":100000k/172800s",
        ),
        (
            with_action(offers=(replace(ESP, lifetime_kilobytes=1),)),
            AttributeKind.ACTION_LIFETIMES,
            LossKind.WIDENED,
            OPEN,
            ":20480k/3600s",
        ),
        (
            with_action(pfs=True, pfs_group=DhGroup.MODP2048),
            AttributeKind.ACTION_PFS,
            LossKind.NEEDS_HUMAN,
            CLOSED,
            "qmpfs=yes",
        ),
        (
            with_policy(name='My "own" policy'),
            AttributeKind.POLICY_NAME,
            LossKind.NEEDS_HUMAN,
            CLOSED,
            "name=\"My 'own' policy\" assign=yes",
        ),
        (with_policy(gpo="G"), AttributeKind.POLICY_GPO, LossKind.DROPPED, CLOSED, 'name="Servers" assign=yes'),
        (
            with_rule(authentication=(PresharedKey(Secret("schlüssel")),)),
            AttributeKind.RULE_AUTHENTICATION,
            LossKind.NEEDS_HUMAN,
            CLOSED,
            'psk="schlüssel"',
        ),
        (
            with_filter(destination=DnsName("db", (AddressRange.parse("10.0.0.9"),))),
            AttributeKind.FILTER_DESTINATION,
            LossKind.NEEDS_HUMAN,
            OPEN,
            "dstaddr=db ",
        ),
    ],
)
def test_what_comes_out_a_little_different_is_a_loss_and_still_assigned(
    store: PolicyStore, about: AttributeKind, kind: LossKind, direction: SecurityDirection, word: str
) -> None:
    emission = emitted(store)
    assert [(loss.about, loss.kind, loss.direction) for loss in emission.losses] == [(about, kind, direction)]
    assert any(word in command for command in commands_of(emission))
    assert any("assign=yes" in command for command in commands_of(emission))


def test_an_assigned_domain_policy_without_its_object_is_not_assigned() -> None:
    store = PolicyStore((replace(STORE.policies[0], store=StoreLocation(StoreKind.DOMAIN), rules=()),))
    emission = emitted(store)
    assert [loss.about for loss in emission.losses] == [AttributeKind.POLICY_ASSIGNED]
    assert '# set policy name="Servers" assign=yes gponame="<group policy object>"' in text_of(emission)


def test_an_inactive_rule_that_cannot_be_said_is_a_loss_that_closes() -> None:
    emission = emitted(with_rule(active=False, authentication=(PresharedKey(None),)))
    assert (AttributeKind.RULE_ACTIVE, CLOSED) in {(loss.about, loss.direction) for loss in emission.losses}


def test_the_cache_of_domain_policy_is_built_in_the_local_store() -> None:
    cache = StoreLocation(StoreKind.CACHE)
    emission = emitted(PolicyStore((replace(STORE.policies[0], store=cache, rules=()),)))
    assert "set store location=local" in commands_of(emission)
    assert [(loss.about, loss.kind) for loss in emission.losses] == [(AttributeKind.POLICY_STORE, LossKind.DROPPED)]


def test_notes_say_what_was_left_out_renamed_or_needs_another_windows() -> None:
    lists = (FilterList('S"QL', (replace(SQL, source=AddressRange.parse("10.0.0.1-10.0.0.6")),)), FilterList("Unused"))
    store = replace(with_rule(filter_list='s"ql', name="Sicherung für SQL"), filter_lists=lists)
    notes = "\n".join(emitted(store).notes)
    for said in ('it is called "S\'QL"', "Windows Vista or later", "left out", "UTF-8"):
        assert said in notes


@pytest.mark.parametrize(
    ("names", "distinct"),
    [
        (["a", "b"], ["a", "b"]),
        (['a"', "a'"], ["a' (2)", "a'"]),
        (["A\n", "a "], ["A", "a (2)"]),
        (["a\\\\'b"], ["a'b"]),
        (["", "\n", "Rule"], ["Rule (2)", "Rule (3)", "Rule"]),
        (["x\\ \\", "“x”", "x\u00a0y"], ["x", "'x'", "x y"]),
    ],
)
def test_names_become_sayable_and_stay_different(names: list[str], distinct: list[str]) -> None:
    assert list(distinct_names(names, "Rule")) == distinct
