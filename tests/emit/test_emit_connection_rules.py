"""Connection security rules: complete before they act, nothing silent, nothing injected, and read back the same."""

from __future__ import annotations

from dataclasses import replace

import pytest
from ground_truth import SAMPLES, Sample, decided_samples, emission_request
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from strategies import small_policies, small_sites, stores

from ipsecmig.dialects import registry
from ipsecmig.dialects.base import ReadOptions, Source
from ipsecmig.emit import consec, powershell
from ipsecmig.model.accounting import attributes
from ipsecmig.model.algorithms import DhGroup, Encryption, Integrity
from ipsecmig.model.attributes import AttributeKind
from ipsecmig.model.flatten import flatten
from ipsecmig.model.policy import (
    Action,
    AhTransform,
    AuthenticationMethod,
    Certificate,
    ConnectionSecurity,
    ConnectionType,
    DefaultResponseRule,
    EspTransform,
    Filter,
    FilterAction,
    FilterList,
    Kerberos,
    MainMode,
    MainModeOffer,
    Policy,
    PolicyStore,
    PresharedKey,
    QuickModeOffer,
    Rule,
    Secret,
)
from ipsecmig.model.selectors import ANY, ANY_PORT, ME, TCP, AddressRange, PortRange
from ipsecmig.model.site import Site
from ipsecmig.model.targets import Emission, EmissionRequest, Loss, LossKind, SecurityDirection, Target
from ipsecmig.model.windows import WindowsVersion
from ipsecmig.verify.compare import Result, compare
from ipsecmig.verify.emitted import verify_emissions
from ipsecmig.verify.readback.registry import read_targets

BOTH = (consec.TARGET, powershell.TARGET)
KEYED = Sample(SAMPLES / "recommended" / "web-to-database-web-server.cmd")
HERE = AddressRange.parse("10.0.0.5")
THERE = AddressRange.parse("10.1.0.0/16")
SITE = Site(addresses=(HERE,), windows=WindowsVersion.VISTA)
ESP_3DES = EspTransform(Encryption.TRIPLE_DES, Integrity.SHA1)
MAIN_MODE = MainMode((MainModeOffer(Encryption.TRIPLE_DES, Integrity.SHA1, DhGroup.MODP1024),))
SECURE = FilterAction("Secure", Action.NEGOTIATE, (QuickModeOffer((ESP_3DES,), 3600, 100_000),))
WEB = Filter(ME, THERE, TCP, ANY_PORT, PortRange(80, 80))
OPEN, CLOSED = SecurityDirection.FAILS_OPEN, SecurityDirection.FAILS_CLOSED

each_target = pytest.mark.parametrize("target", BOTH, ids=lambda target: target.name)


def asked(
    *filters: Filter,
    action: FilterAction = SECURE,
    methods: tuple[AuthenticationMethod, ...] = (Kerberos(),),
    main_mode: MainMode = MAIN_MODE,
    site: Site = SITE,
    name: str = "Web",
    link: ConnectionType = ConnectionType.ALL,
) -> EmissionRequest:
    """Return the request for a policy of one rule."""
    rule = Rule(name, "L", action.name, methods, connection_type=link)
    policy = Policy("P", main_mode, (rule,), assigned=True)
    store = PolicyStore((policy,), (FilterList("L", filters or (WEB,)),), (action,))
    return EmissionRequest(store, policy, flatten(store, policy, site))


def script(emission: Emission) -> list[str]:
    """Return the lines of the script that are no comments."""
    lines = emission.files[0].content.decode("utf-8-sig").split("\r\n")
    return [line for line in lines if line and not line.startswith("#")]


def proved(request: EmissionRequest, emission: Emission) -> None:
    """Assert that what is read back is the policy, apart from its losses."""
    (bundle,) = verify_emissions(request.flat, [emission])
    shown = [(d.witness.text(), d.parameters) for d in bundle.comparison.differences]
    assert (bundle.comparison.result, shown) == (Result.EQUAL, [])


def losses(emission: Emission) -> set[tuple[AttributeKind | None, LossKind, SecurityDirection]]:
    """Return what is lost, by attribute."""
    return {(loss.about, loss.kind, loss.direction) for loss in emission.losses}


def test_the_rule_in_the_words_of_netsh() -> None:
    emission = consec.TARGET.emit(asked(methods=(Kerberos(), PresharedKey(Secret("N0t-A-Real-Key")))))
    assert script(emission) == [
        "advfirewall set global ipsec defaultexemptions neighbordiscovery",
        "advfirewall set global mainmode mmsecmethods dhgroup2:3des-sha1",
        "advfirewall set global mainmode mmkeylifetime 480min,0sess",
        'advfirewall consec add rule name="Web" enable=no profile=any mode=transport endpoint1=10.0.0.5'
        " endpoint2=10.1.0.0/16 protocol=tcp port1=any port2=80 interfacetype=any action=requireinrequireout"
        ' auth1=computerkerb,computerpsk auth1psk="N0t-A-Real-Key" qmpfs=none'
        " qmsecmethods=esp:sha1-3des+60min+100000kb",
        'advfirewall consec set rule name="Web" new enable=yes',
    ]


def test_the_rule_in_the_words_of_the_cmdlets() -> None:
    lines = script(powershell.TARGET.emit(asked(link=ConnectionType.LAN)))
    assert lines[:3] == [
        "param([string] $PolicyStore = 'PersistentStore')",
        "Set-StrictMode -Version Latest",
        "$ErrorActionPreference = 'Stop'",
    ]
    assert (
        "$null = New-NetIPsecRule -PolicyStore $PolicyStore -Name 'ipsecmig-0001' -DisplayName 'Web' -Enabled False"
        " -Profile Any -Mode Transport -InboundSecurity Require -OutboundSecurity Require -LocalAddress '10.0.0.5'"
        " -RemoteAddress '10.1.0.0/16' -Protocol TCP -LocalPort Any -RemotePort '80' -InterfaceType Wired, Wireless"
        " -Phase1AuthSet 'ipsecmig-auth1' -QuickModeCryptoSet 'ipsecmig-quick1'"
    ) in lines
    assert lines[-1] == "Enable-NetIPsecRule -PolicyStore $PolicyStore -Name 'ipsecmig-0001'"


@each_target
@pytest.mark.parametrize("sample", decided_samples(), ids=lambda sample: sample.name)
def test_rules_act_only_when_all_stand(sample: Sample, target: Target) -> None:
    lines = script(target.emit(emission_request(sample)))
    makes = [n for n, line in enumerate(lines) if "add rule" in line or "New-NetIPsecRule" in line]
    enables = [n for n, line in enumerate(lines) if "enable=yes" in line or "Enable-NetIPsecRule" in line]
    assert len(makes) == len(enables)
    assert not makes or max(makes) < min(enables)
    assert all("enable=no" in lines[n] or "-Enabled False" in lines[n] for n in makes)
    assert enables == list(range(len(lines) - len(enables), len(lines)))


@each_target
def test_only_the_script_holds_the_key(target: Target) -> None:
    emission = target.emit(emission_request(KEYED))
    keys = {
        m.secret.reveal().encode()
        for rule in emission_request(KEYED).policy.rules
        for m in rule.authentication
        if isinstance(m, PresharedKey) and m.secret is not None
    }
    assert keys
    assert [file.secret for file in emission.files] == [True, False]
    assert not any(key in emission.files[1].content for key in keys)
    comments = [line for line in emission.files[0].content.split(b"\r\n") if line.startswith((b"#", b"\xef\xbb\xbf#"))]
    assert not any(key in line for key in keys for line in comments)


@each_target
def test_the_rollback_takes_away_every_rule(target: Target) -> None:
    emission = target.emit(emission_request(KEYED))
    enabled = [line for line in script(emission) if "enable=yes" in line or "Enable-NetIPsecRule" in line]
    rollback = emission.files[1].content.decode("utf-8-sig")
    gone = [line for line in rollback.split("\r\n") if "delete rule" in line or "Remove-NetIPsecRule" in line]
    taken = {line.replace("delete rule", "set rule").replace("Remove-", "Enable-") for line in gone}
    assert taken == {line.removesuffix(" new enable=yes") for line in enabled}


WILD = st.text("'\u2018\u2019\u201b\"\u201d`$(){};|&\r\n\\# =%a\u00e4<>@", max_size=12)


@each_target
@given(name=WILD, description=WILD, key=WILD, authority=WILD)
@settings(max_examples=25, deadline=None)
def test_texts_of_the_source_say_nothing_but_themselves(
    target: Target, name: str, description: str, key: str, authority: str
) -> None:
    methods = (PresharedKey(Secret(key)), Certificate(authority), Kerberos())
    request = asked(replace(WEB, description=description), methods=methods, name=name)
    proved(request, target.emit(request))
    plain = target.emit(asked(methods=(PresharedKey(Secret("k")), Certificate("CN=a"), Kerberos())))
    assert len(script(target.emit(request))) <= len(script(plain))


@each_target
@given(store=stores())
@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_every_attribute_is_exact_or_a_loss(target: Target, store: PolicyStore) -> None:
    for policy in store.policies:
        request = EmissionRequest(store, policy, flatten(store, policy))
        emission = target.emit(request)
        assert emission.exact + len(emission.losses) == sum(1 for _ in attributes(store, policy))
        assert emission == target.emit(request)
        assert not {loss.about for loss in emission.losses} & target.exact


@given(small_policies(), small_sites())
@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_any_small_policy_is_proved_equal_apart_from_its_losses(store: PolicyStore, site: Site) -> None:
    flat = flatten(store, store.policies[0], site)
    request = EmissionRequest(store, store.policies[0], flat)
    for bundle in verify_emissions(flat, [target.emit(request) for target in BOTH]):
        assert bundle.comparison.undecided == flat.not_understood
        assert [d.witness.text() for d in bundle.comparison.differences] == []


def offered(*transforms: EspTransform | AhTransform, seconds: int = 3600, kilobytes: int = 100_000) -> FilterAction:
    return replace(SECURE, offers=(QuickModeOffer(transforms, seconds, kilobytes),))


NARROWED, WIDENED, HUMAN = LossKind.NARROWED, LossKind.WIDENED, LossKind.NEEDS_HUMAN
ONE_WAY = replace(WEB, mirrored=False)
BLOCK = FilterAction("B", Action.BLOCK)
PERMIT = FilterAction("N", Action.PERMIT)
CASES: dict[str, tuple[EmissionRequest, set[tuple[AttributeKind | None, LossKind, SecurityDirection]]]] = {
    "nothing": (asked(), set()),
    "exemption": (asked(action=PERMIT), set()),
    "block": (asked(action=BLOCK), {(AttributeKind.ACTION_ACTION, HUMAN, OPEN)}),
    "one way": (asked(ONE_WAY), {(AttributeKind.FILTER_MIRRORED, WIDENED, CLOSED)}),
    "one way permit": (asked(ONE_WAY, action=PERMIT), {(AttributeKind.FILTER_MIRRORED, HUMAN, CLOSED)}),
    "forwarded": (asked(Filter(ANY, THERE)), {(AttributeKind.FILTER_DESTINATION, NARROWED, OPEN)}),
    "unknown host": (asked(site=Site()), {(AttributeKind.FILTER_SOURCE, HUMAN, OPEN)}),
    "unknown host, all": (asked(Filter(ME, ANY), site=Site()), set()),
    "soft": (asked(action=replace(SECURE, soft=True)), set()),
    "soft and inpass": (asked(action=replace(SECURE, soft=True, inbound_passthrough=True)), set()),
    "inpass": (
        asked(action=replace(SECURE, inbound_passthrough=True)),
        {(AttributeKind.ACTION_INBOUND_PASSTHROUGH, NARROWED, CLOSED)},
    ),
    "PFS": (asked(action=replace(SECURE, pfs=True)), set()),
    "PFS group": (asked(action=replace(SECURE, pfs=True, pfs_group=DhGroup.MODP2048)), set()),
    "PFS group without a word": (
        asked(action=replace(SECURE, pfs=True, pfs_group=DhGroup.MODP1536)),
        {(AttributeKind.ACTION_PFS, HUMAN, CLOSED)},
    ),
    "seconds": (asked(action=offered(ESP_3DES, seconds=3601)), {(AttributeKind.ACTION_LIFETIMES, NARROWED, CLOSED)}),
    "few seconds": (asked(action=offered(ESP_3DES, seconds=60)), {(AttributeKind.ACTION_LIFETIMES, WIDENED, OPEN)}),
    "few bytes": (asked(action=offered(ESP_3DES, kilobytes=1)), {(AttributeKind.ACTION_LIFETIMES, WIDENED, OPEN)}),
    "AH": (asked(action=offered(AhTransform(Integrity.MD5))), set()),
    "AH and ESP": (asked(action=offered(AhTransform(Integrity.SHA1), ESP_3DES)), set()),
    "two hashes": (
        asked(action=offered(AhTransform(Integrity.SHA1), EspTransform(Encryption.DES, None))),
        {(AttributeKind.ACTION_OFFERS, HUMAN, CLOSED)},
    ),
    "no word for the hash": (
        asked(action=offered(AhTransform(Integrity.SHA512))),
        {(AttributeKind.ACTION_OFFERS, HUMAN, OPEN), (AttributeKind.ACTION_ACTION, HUMAN, OPEN)},
    ),
    "master key PFS": (
        asked(main_mode=replace(MAIN_MODE, perfect_forward_secrecy=True)),
        {
            (AttributeKind.MAIN_MODE_PFS, NARROWED, CLOSED),
            (AttributeKind.MAIN_MODE_QUICK_MODE_LIMIT, NARROWED, CLOSED),
        },
    ),
    "main mode seconds": (
        asked(main_mode=replace(MAIN_MODE, lifetime_seconds=90)),
        {(AttributeKind.MAIN_MODE_LIFETIME, NARROWED, CLOSED)},
    ),
    "main mode without a word": (
        asked(main_mode=MainMode((*MAIN_MODE.offers, replace(MAIN_MODE.offers[0], group=DhGroup.MODP4096)))),
        {(AttributeKind.MAIN_MODE_OFFERS, NARROWED, CLOSED)},
    ),
    "stripped key": (
        asked(methods=(PresharedKey(None), Kerberos())),
        {(AttributeKind.RULE_AUTHENTICATION, HUMAN, CLOSED)},
    ),
    "only a stripped key": (
        asked(methods=(PresharedKey(None),)),
        {(AttributeKind.RULE_AUTHENTICATION, HUMAN, CLOSED), (AttributeKind.RULE_ACTIVE, HUMAN, OPEN)},
    ),
    "certificates": (
        asked(methods=(Certificate('CN="A"', map_to_account=True), Certificate("CN=B", exclude_authority_name=True))),
        set(),
    ),
    "older exemptions": (
        asked(site=replace(SITE, windows=WindowsVersion.XP, exemptions=0)),
        {(AttributeKind.FILTER_PROTOCOL, WIDENED, CLOSED)},
    ),
}


@each_target
@pytest.mark.parametrize("name", CASES)
def test_what_becomes_of_each_attribute(name: str, target: Target) -> None:
    request, wanted = CASES[name]
    emission = target.emit(request)
    assert losses(emission) == wanted
    proved(request, emission)


@each_target
def test_a_default_response_rule_is_lost(target: Target) -> None:
    request = asked(site=replace(SITE, windows=WindowsVersion.SERVER_2003))
    policy = replace(request.policy, default_response=DefaultResponseRule(offers=SECURE.offers))
    store = replace(request.store, policies=(policy,))
    emission = target.emit(EmissionRequest(store, policy, flatten(store, policy, request.flat.site)))
    assert losses(emission) == {(AttributeKind.DEFAULT_RESPONSE, LossKind.DROPPED, CLOSED)}


def test_netsh_has_no_word_for_router_discovery() -> None:
    request = asked(Filter(HERE, THERE))
    policy = replace(request.policy, connection_security=ConnectionSecurity(15))
    store = replace(request.store, policies=(policy,))
    whole = EmissionRequest(store, policy, flatten(store, policy, SITE))
    (loss,) = consec.TARGET.emit(whole).losses
    assert (loss.about, loss.direction) == (AttributeKind.POLICY_CONNECTION_SECURITY, CLOSED)
    emission = powershell.TARGET.emit(whole)
    assert emission.losses == ()
    proved(whole, emission)


@each_target
def test_a_rule_inside_another_is_said_and_read_back_under_an_assumption(target: Target) -> None:
    strong = FilterAction("Strong", Action.NEGOTIATE, (QuickModeOffer((AhTransform(Integrity.SHA1),)),))
    rules = (Rule("All", "A", "Secure"), Rule("Web", "W", "Strong"))
    policy = Policy("P", MAIN_MODE, rules, assigned=True)
    lists = (FilterList("A", (Filter(ME, ANY),)), FilterList("W", (WEB,)))
    store = PolicyStore((policy,), lists, (SECURE, strong))
    request = EmissionRequest(store, policy, flatten(store, policy, SITE))
    emission = target.emit(request)
    (loss,) = emission.losses
    assert (loss.about, loss.subject, loss.direction) == (AttributeKind.RULE_ACTIVE, rules[1], OPEN)
    proved(request, emission)
    (bundle,) = verify_emissions(request.flat, [replace(emission, assumptions=frozenset())])
    assert bundle.comparison.result is Result.UNDECIDED


@each_target
def test_a_loss_of_what_is_forwarded_forgives_nothing_else(target: Target) -> None:
    request = asked(Filter(ANY, THERE))
    emission = target.emit(request)
    (loss,) = emission.losses
    nothing = replace(emission, files=target.emit(asked(Filter(ANY, THERE), action=BLOCK)).files)
    (bundle,) = verify_emissions(request.flat, [nothing])
    assert bundle.comparison.result is Result.DIFFERENT
    everything: Loss = replace(loss, along=None)
    (bundle,) = verify_emissions(request.flat, [replace(nothing, losses=(everything,))])
    assert bundle.comparison.result is Result.EQUAL


@each_target
def test_every_changed_word_is_noticed_or_not_understood(target: Target) -> None:
    """A word that is gone from what protects the traffic never leaves it equal."""
    request = asked(methods=(PresharedKey(Secret("N0t-A-Real-Key")),))
    text = target.emit(request).files[0].content
    words = [
        b"10.1.0.0/16",
        b"requireinrequireout",
        b"3des-sha1",
        b"esp:sha1",
        b"enable=yes",
        b"Require ",
        b"ESP ",
        b"DES3",
    ]
    changed = [w for w in [*words, b"DH2", b"'80'", b"port2=80", b"N0t-A", b"60min", b"-MaxMinutes 60"] if w in text]
    assert len(changed) > 5
    for word in changed:
        damaged = text.replace(word, word[:-1] + b"7", 1)
        found = read_targets([Source("x", damaged)], SITE, ReadOptions())
        assert compare(request.flat, found).result is not Result.EQUAL, word


def test_a_policy_of_blocks_alone_still_reads_back() -> None:
    for target in BOTH:
        emission = target.emit(asked(action=BLOCK))
        reading = registry.read(Source("x", emission.files[0].content), ReadOptions())
        assert [len(policy.rules) for policy in reading.store.policies] == [0]
        assert emission.notes
