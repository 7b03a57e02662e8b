"""Policies negotiated with what was emitted for them: agreement, planted mismatches, and what cannot be settled."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import NamedTuple

import pytest
from ground_truth import Sample, decided_samples, flat_policy, reading_of
from handmade import flat_sample, flat_text, store_text
from hypothesis import given, settings
from hypothesis import strategies as st
from negotiations import emitted, negotiate_texts, texts
from strategies.ir import sites, stores, transforms

from ipsecmig.errors import IpsecmigError
from ipsecmig.model.algorithms import DhGroup, Encryption, Integrity
from ipsecmig.model.authorities import canonical_name
from ipsecmig.model.flatten import FlatPolicy, flatten, select_policy
from ipsecmig.model.offers import Contrast
from ipsecmig.model.policy import (
    Action,
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
from ipsecmig.model.selectors import ANY_PORT, AddressRange, PortRange
from ipsecmig.model.site import Site
from ipsecmig.model.treatment import Protect
from ipsecmig.model.windows import WindowsVersion
from ipsecmig.verify.negotiation.clear import REFUSES
from ipsecmig.verify.negotiation.result import Outcome, Side, Stage

TUNNEL, TRANSPORT = "recommended/site-to-site-vendor-gateway.cmd", "recommended/web-to-database-sql-server.netsh"


def sample_texts(name: str, target: str) -> tuple[FlatPolicy, dict[str, str]]:
    flat = flat_sample(name)
    (sample,) = [s for s in decided_samples() if s.name == name]
    return flat, texts(emitted(reading_of(sample).store, flat, target))


def protects(flat: FlatPolicy) -> list[Protect]:
    return [f.treatment for f in flat.filters if isinstance(f.treatment, Protect)]


PROTECTING = [sample for sample in decided_samples() if protects(flat_policy(sample))]


@pytest.mark.parametrize("sample", PROTECTING, ids=lambda sample: sample.name)
@pytest.mark.parametrize("target", ["strongswan", "netsh"])
def test_sample_is_agreed_unless_kerberos_or_fallback_forbid(sample: Sample, target: str) -> None:
    flat, files = sample_texts(sample.name, target)
    outcomes = [one for one in negotiate_texts(flat, files) if one.places[0].filter_list is not None]
    assert outcomes
    methods = {type(method) for protect in protects(flat) for method in protect.authentication}
    for one in outcomes:
        if target == "strongswan" and methods == {Kerberos}:
            (mismatch,) = one.mismatches
            assert (one.outcome, mismatch.stage) == (Outcome.FAILED, Stage.AUTHENTICATION)
        elif Kerberos in methods and target == "netsh":
            assert one.outcome is Outcome.UNDECIDED
            assert "Kerberos" in " ".join(one.supposed)
        elif target == "strongswan" and any(p.fallback_to_clear or p.accept_clear_inbound for p in protects(flat)):
            assert one.outcome is Outcome.DIFFERENT
            assert {(m.stage, m.opens) for m in one.mismatches} == {(Stage.CLEAR, False)}
        else:
            assert one.outcome is Outcome.AGREED, one
            assert [agreement.beginner for agreement in one.agreements] == list(Side)


def test_samples_cover_tunnels_transport_fallback_and_certificates() -> None:
    every = [protect for sample in PROTECTING for protect in protects(flat_policy(sample))]
    assert {protect.mode.value for protect in every} == {"tunnel", "transport"}
    assert any(protect.fallback_to_clear for protect in every)
    assert {type(m).__name__ for p in every for m in p.authentication} == {"Kerberos", "PresharedKey", "Certificate"}


class Plant(NamedTuple):
    """A change of what strongSwan was given, and how the negotiation must name it."""

    name: str
    sample: str
    pattern: str
    replacement: str
    stage: Stage
    attribute: str
    wanted: str
    present: str


PLANTS = [
    Plant("cipher", TUNNEL, r"(?m)^( +proposals = ).*", r"\1aes128-sha1-modp2048", Stage.MAIN_MODE, "cipher",
          "3des-sha1-modp2048", "aes128-sha1-modp2048"),
    Plant("hash", TUNNEL, r"(?m)^( +proposals = ).*", r"\g<1>3des-sha256-modp2048", Stage.MAIN_MODE, "hash",
          "3des-sha1-modp2048", "3des-sha256-modp2048"),
    Plant("group", TUNNEL, r"(?m)^( +proposals = ).*", r"\g<1>3des-sha1-modp1024", Stage.MAIN_MODE, "group",
          "3des-sha1-modp2048", "3des-sha1-modp1024"),
    Plant("method", TUNNEL, r"auth = psk", "auth = pubkey", Stage.AUTHENTICATION, "authentication method",
          "psk", "certificate"),
    Plant("key", TUNNEL, r'secret = ".*"', 'secret = "another"', Stage.AUTHENTICATION, "preshared key",
          "a key (not shown)", "another key (not shown)"),
    Plant("key of octets", TUNNEL, r'secret = ".*"', "secret = 0sgP8=", Stage.AUTHENTICATION, "preshared key",
          "a key (not shown)", "another key (not shown)"),
    Plant("no PFS", TUNNEL, r"esp_proposals = .*", "esp_proposals = 3des-sha1", Stage.QUICK_MODE, "PFS group",
          "esp 3des-sha1, PFS modp2048, tunnel", "esp 3des-sha1, tunnel"),
    Plant("other PFS", TUNNEL, r"esp_proposals = .*", "esp_proposals = 3des-sha1-modp1024", Stage.QUICK_MODE,
          "PFS group", "esp 3des-sha1, PFS modp2048, tunnel", "esp 3des-sha1, PFS modp1024, tunnel"),
    Plant("ESP cipher", TUNNEL, r"esp_proposals = .*", "esp_proposals = aes256-sha1-modp2048", Stage.QUICK_MODE,
          "cipher", "esp 3des-sha1, PFS modp2048, tunnel", "esp aes256-sha1, PFS modp2048, tunnel"),
    Plant("ESP integrity", TUNNEL, r"esp_proposals = .*", "esp_proposals = 3des-md5-modp2048", Stage.QUICK_MODE,
          "integrity", "esp 3des-sha1, PFS modp2048, tunnel", "esp 3des-md5, PFS modp2048, tunnel"),
    Plant("AH", TUNNEL, r"esp_proposals = .*", "ah_proposals = sha1-modp2048", Stage.QUICK_MODE, "protocol",
          "esp 3des-sha1, PFS modp2048, tunnel", "ah sha1, PFS modp2048, tunnel"),
    Plant("mode", TRANSPORT, r"mode = transport", "mode = tunnel", Stage.QUICK_MODE, "mode",
          "esp 3des-sha1, PFS modp2048, transport", "esp 3des-sha1, PFS modp2048, tunnel"),
    Plant("narrower tunnel", TUNNEL, r"remote_ts = 10.61.0.0/24", "remote_ts = 10.61.0.0/25", Stage.SELECTORS,
          "selectors", "any 10.60.0.0/16 - 10.61.0.0/24", "any 10.60.0.0/16 - 10.61.0.0/25"),
    Plant("wider tunnel", TUNNEL, r"remote_ts = 10.61.0.0/24", "remote_ts = 10.61.0.0/16", Stage.SELECTORS,
          "selectors", "any 10.60.0.0/16 - 10.61.0.0/24", "any 10.60.0.0/16 - 10.61.0.0/16"),
    Plant("all ports", TRANSPORT, r"\[tcp/1433\](\n *remote_ts = 10.20.1.10)", r"[tcp]\1", Stage.SELECTORS, "selectors",
          "tcp 10.20.2.30:1433 - 10.20.1.10", "tcp 10.20.2.30 - 10.20.1.10"),
    Plant("endpoint", TUNNEL, r"remote_addrs = 198.51.100.1\n", "remote_addrs = 198.51.100.2\n", Stage.ENDPOINTS,
          "tunnel endpoints", "203.0.113.1 - 198.51.100.1", "203.0.113.1 - 198.51.100.2"),
    Plant("lifetime", TUNNEL, r"life_time = 3600s", "life_time = 28800s", Stage.LIFETIMES, "quick mode lifetime",
          "3,600 s and 100,000 kB", "28,800 s and 100,000 kB"),
    Plant("no limit", TUNNEL, r"(?m)^ +(life|rekey)_bytes.*\n", "", Stage.LIFETIMES, "quick mode lifetime",
          "3,600 s and 100,000 kB", "3,600 s"),
    Plant("main mode lifetime", TUNNEL, r"reauth_time = 27000s", "reauth_time = 1800s", Stage.LIFETIMES,
          "main mode lifetime", "28,800 s", "3,600 s"),
]  # fmt: skip


@pytest.mark.parametrize("plant", PLANTS, ids=lambda plant: plant.name)
def test_planted_mismatch_is_named_with_the_smallest_change(plant: Plant) -> None:
    flat, files = sample_texts(plant.sample, "strongswan")
    changed = {name: re.sub(plant.pattern, plant.replacement, text) for name, text in files.items()}
    assert changed != files
    (one,) = negotiate_texts(flat, changed)
    assert one.outcome is (Outcome.DIFFERENT if plant.stage is Stage.LIFETIMES else Outcome.FAILED)
    (mismatch,) = one.mismatches
    assert mismatch.stage is plant.stage
    assert plant.attribute in [contrast.attribute for contrast in mismatch.contrasts]
    assert mismatch.change is not None
    assert (mismatch.change.wanted, mismatch.change.present) == (plant.wanted, plant.present)
    assert plant.attribute in mismatch.change.attributes
    assert {plant.wanted} <= set(mismatch.policy)
    assert {plant.present} <= set(mismatch.target)


def test_selectors_fail_for_whoever_means_more() -> None:
    beginners = {}
    for plant in PLANTS:
        if plant.stage is Stage.SELECTORS:
            flat, files = sample_texts(plant.sample, "strongswan")
            changed = {name: re.sub(plant.pattern, plant.replacement, text) for name, text in files.items()}
            (one,) = negotiate_texts(flat, changed)
            beginners[plant.name] = [mismatch.beginner for mismatch in one.mismatches]
    assert beginners == {
        "narrower tunnel": [Side.POLICY],
        "wider tunnel": [Side.TARGET],
        "all ports": [Side.TARGET],
    }


def test_common_values_that_never_meet_are_named_by_the_smallest_change() -> None:
    flat, files = sample_texts(TUNNEL, "strongswan")
    crossed = {name: re.sub(r"(?m)^( +proposals = ).*", r"\1des-sha1-modp2048,3des-sha1-modp768", text)
               for name, text in files.items()}  # fmt: skip
    (one,) = negotiate_texts(flat, crossed)
    (mismatch,) = one.mismatches
    assert [c.attribute for c in mismatch.contrasts] == ["cipher"]
    assert mismatch.policy == ("3des-sha1-modp2048",)


def test_region_without_protection_is_failed() -> None:
    flat, files = sample_texts(TUNNEL, "strongswan")
    (one,) = negotiate_texts(flat, {name: text.replace("mode = tunnel", "mode = pass") for name, text in files.items()})
    (mismatch,) = one.mismatches
    assert (one.outcome, mismatch.stage, mismatch.opens) == (Outcome.FAILED, Stage.PROTECTION, True)


# --- what a target does not say ---


def test_packet_filter_alone_settles_nothing_and_does_not_hinder_the_daemon() -> None:
    flat, rules = sample_texts(TUNNEL, "nftables")
    _, daemon = sample_texts(TUNNEL, "strongswan")
    (alone,), (together,) = negotiate_texts(flat, rules), negotiate_texts(flat, rules | daemon)
    assert (alone.outcome, alone.agreements) == (Outcome.UNDECIDED, ())
    assert "neither keys nor algorithms" in alone.reasons[0]
    assert together.outcome is Outcome.AGREED


def test_kernel_policies_settle_mode_and_protocol_only() -> None:
    flat, files = sample_texts(TUNNEL, "xfrm")
    (one,) = negotiate_texts(flat, files)
    assert one.outcome is Outcome.UNDECIDED
    assert {"the algorithms of main mode", "the algorithms of quick mode", "how the ends authenticate"} <= {
        *one.supposed
    }
    authenticating = {name: text.replace(" proto esp ", " proto ah ") for name, text in files.items()}
    (ah,) = negotiate_texts(flat, authenticating)
    assert (ah.outcome, ah.mismatches[0].contrasts) == (Outcome.FAILED, (Contrast("protocol", ("esp",), ("ah",)),))
    bare = {name: re.sub(r"tmpl .*", "tmpl proto esp mode transport", text) for name, text in files.items()}
    (transport,) = negotiate_texts(flat, bare)
    assert (transport.outcome, transport.mismatches[0].stage) == (Outcome.FAILED, Stage.QUICK_MODE)
    assert "mode" in [contrast.attribute for contrast in transport.mismatches[0].contrasts]


def test_key_that_is_not_there_is_not_called_right() -> None:
    flat, files = sample_texts(TUNNEL, "strongswan")
    (one,) = negotiate_texts(flat, {name: text for name, text in files.items() if "secrets" not in name})
    assert one.outcome is Outcome.UNDECIDED
    assert "preshared key" in one.supposed[0]
    assert len(one.agreements) == 2


def test_two_authorities_do_not_trust_each_other() -> None:
    name = "recommended/domain-controllers-forest-a.cmd"
    flat, files = sample_texts(name, "strongswan")
    other = {n: re.sub(r"ca_id = .*", 'ca_id = "CN=Somebody else"', text) for n, text in files.items()}
    assert other != files
    for one in negotiate_texts(flat, other):
        assert (one.outcome, one.mismatches[0].stage) == (Outcome.FAILED, Stage.AUTHENTICATION)
        assert one.mismatches[0].contrasts[0].attribute == "certification authority"


CERTIFIED = (
    'netsh ipsec static add policy name="P" mmsecmethods="3DES-SHA1-2" activatedefaultrule=no\n'
    'netsh ipsec static add filteraction name="A" action=negotiate qmsecmethods=ESP[3DES,SHA1]\n'
    'netsh ipsec static add filterlist name="L"\n'
    'netsh ipsec static add filter filterlist="L" srcaddr=me dstaddr=10.1.0.9 protocol=any\n'
    'netsh ipsec static add rule name="R" policy="P" filterlist="L" filteraction="A" kerberos=no rootca="{}"\n'
)


@pytest.mark.parametrize(
    ("authority", "charon", "windows"),
    [
        ("C=US, S=Maine; O=Example, CN=Root CA", Outcome.AGREED, Outcome.AGREED),
        ("not a name at all", Outcome.UNDECIDED, Outcome.UNDECIDED),
        ("hello, CN=Root CA", Outcome.UNDECIDED, Outcome.UNDECIDED),
        ("Favourite=blue, CN=Root CA", Outcome.UNDECIDED, Outcome.AGREED),
    ],
)
def test_authority_that_is_no_x500_name_is_not_called_agreed(authority: str, charon: Outcome, windows: Outcome) -> None:
    script = CERTIFIED.format(authority)
    flat = flat_text(script, ME)
    for target, outcome in (("strongswan", charon), ("netsh", windows)):
        (one,) = negotiate_texts(flat, texts(emitted(store_text(script), flat, target)))
        assert one.outcome is outcome
        assert bool(one.agreements) is (outcome is Outcome.AGREED)
        assert any(f'"{canonical_name(authority)}" is no X.500 name' in r for r in one.reasons) is (
            outcome is Outcome.UNDECIDED
        )


@pytest.mark.parametrize(
    "spelled", ["S=Maine, CN=Root CA", "ST=Maine; CN=Root CA", 'ST="Maine", CN=Root CA', "Root CA"]
)
def test_name_that_charon_does_not_read_as_windows_does_is_another(spelled: str) -> None:
    script = CERTIFIED.format("S=Maine, CN=Root CA")
    flat = flat_text(script, ME)
    files = texts(emitted(store_text(script), flat, "strongswan"))
    escaped = spelled.replace('"', '\\"')
    changed = {n: re.sub(r'ca_id = ".*"', lambda _: f'ca_id = "{escaped}"', t) for n, t in files.items()}
    assert changed != files
    (one,) = negotiate_texts(flat, changed)
    assert one.outcome is Outcome.FAILED
    assert one.mismatches[0].contrasts == (
        Contrast("certification authority", ("st=maine,cn=root ca",), (spelled.casefold(),)),
    )


# --- packets in clear ---

FLAGS = (
    'netsh ipsec static add policy name="P" mmsecmethods="3DES-SHA1-2" activatedefaultrule=no\n'
    'netsh ipsec static add filteraction name="A" inpass={inpass} soft={soft} action=negotiate qmsecmethods=AH[SHA1]\n'
    'netsh ipsec static add filterlist name="L"\n'
    'netsh ipsec static add filter filterlist="L" srcaddr=me dstaddr=10.1.0.0 dstmask=255.255.0.0 protocol=any\n'
    'netsh ipsec static add rule name="R" policy="P" filterlist="L" filteraction="A" psk="K-3y"\n'
)
ME = Site(addresses=(AddressRange.parse("192.0.2.5"),))


def flagged(inpass: str, soft: str) -> tuple[FlatPolicy, str]:
    script = FLAGS.format(inpass=inpass, soft=soft)
    return flat_text(script, ME), script


@pytest.mark.parametrize(
    ("inpass", "soft", "silent", "refuses", "clear_first"),
    [
        ("no", "no", False, False, False),
        ("yes", "no", False, False, True),
        ("no", "yes", True, False, False),
        ("yes", "yes", True, False, True),
    ],
)
def test_windows_falls_back_for_silence_and_lets_in_what_it_says(
    inpass: str, soft: str, silent: bool, refuses: bool, clear_first: bool
) -> None:
    flat, script = flagged(inpass, soft)
    (one,) = negotiate_texts(flat, {"same.cmd": script})
    assert one.outcome is Outcome.AGREED
    assert [e.policy for e in one.exercises] == [silent, refuses, clear_first]
    assert [e.target for e in one.exercises] == [silent, refuses, clear_first]


@pytest.mark.parametrize(("inpass", "soft", "opened"), [("no", "yes", 1), ("yes", "no", 1), ("yes", "yes", 2)])
def test_target_that_lets_more_through_opens(inpass: str, soft: str, opened: int) -> None:
    strict, _ = flagged("no", "no")
    _, lax = flagged(inpass, soft)
    (one,) = negotiate_texts(strict, {"lax.cmd": lax})
    assert one.outcome is Outcome.DIFFERENT
    assert [(m.stage, m.opens) for m in one.mismatches] == [(Stage.CLEAR, True)] * opened


def test_optional_template_passes_what_a_peer_refused() -> None:
    flat, _ = flagged("no", "yes")
    kernel = "".join(
        f"xfrm policy add src {ends} dir {way} priority 1 tmpl proto ah mode transport level use\n"
        for ends, way in (("192.0.2.5 dst 10.1.0.0/16", "out"), ("10.1.0.0/16 dst 192.0.2.5", "in"))
    )
    (one,) = negotiate_texts(flat, {"kernel.batch": kernel})
    assert {e.situation: (e.policy, e.target) for e in one.exercises}[REFUSES] == (False, True)
    assert any(m.stage is Stage.CLEAR and m.opens for m in one.mismatches)


# --- regions ---


def many(count: int) -> str:
    line = "netsh ipsec static add filter filterlist=L srcaddr=me dstaddr=10.2.{}.{} protocol=tcp dstport={}\n"
    return FLAGS.format(inpass="no", soft="no") + "".join(
        line.format(n // 256, n % 256, n) for n in range(1, count + 1)
    )


def test_regions_alike_are_run_once() -> None:
    script = many(300)
    (one,) = negotiate_texts(flat_text(script, ME), {"same.cmd": script})
    assert (one.outcome, len(one.places)) == (Outcome.AGREED, 301)


def test_hidden_filter_is_no_region_and_a_conflict_settles_nothing() -> None:
    script = FLAGS.format(inpass="no", soft="no")
    block = (
        'netsh ipsec static add filteraction name="B" action=block\n'
        'netsh ipsec static add filterlist name="M"\n'
        'netsh ipsec static add filter filterlist="M" srcaddr=me dstaddr=10.1.0.0 dstmask=255.255.0.0 protocol=any\n'
        'netsh ipsec static add rule name="S" policy="P" filterlist="M" filteraction="B"\n'
    )
    (contested,) = negotiate_texts(flat_text(script + block, ME), {"same.cmd": script})
    assert contested.outcome is Outcome.UNDECIDED
    assert "conflict" in contested.reasons[0]
    halves = block.replace("dstmask=255.255.0.0", "dstmask=255.255.128.0")
    other = block.replace('"M"', '"N"').replace('"S"', '"T"').replace('"B"', '"C"')
    other = other.replace("10.1.0.0", "10.1.128.0").replace("dstmask=255.255.0.0", "dstmask=255.255.128.0")
    assert negotiate_texts(flat_text(script + halves + other, ME), {"same.cmd": script}) == ()


# --- what one quick mode does not show ---


@pytest.mark.parametrize(("demand", "said"), [("", []), ("mmpfs=yes", ["(mmpfs=yes)"]), ("qmpermm=7", ["(qmpermm=7)"])])
@pytest.mark.parametrize(("target", "known"), [("strongswan", "charon has no such setting"), ("netsh", "was not seen")])
def test_what_takes_a_second_quick_mode_is_named(demand: str, said: list[str], target: str, known: str) -> None:
    script = FLAGS.format(inpass="no", soft="no").replace("activatedefaultrule=no", f"{demand} activatedefaultrule=no")
    flat = flat_text(script, ME)
    (one,) = negotiate_texts(flat, texts(emitted(store_text(script), flat, target)))
    assert one.outcome is Outcome.AGREED
    assert all(word in text and known in text for word, text in zip(said, one.unexercised, strict=True))


# --- the default response rule ---

RESPONDS = (
    'netsh ipsec static add policy name="P" mmsecmethods="3DES-SHA1-2" activatedefaultrule=yes\n'
    'netsh ipsec static set defaultrule policy="P" qmsecmethods="ESP[3DES,SHA1]" activate={active} psk="K-3y"\n'
)


@pytest.mark.parametrize("target", ["strongswan", "netsh"])
def test_what_only_answers_is_a_region_of_which_nothing_is_claimed(target: str) -> None:
    script = RESPONDS.format(active="yes")
    flat = flat_text(script, ME)
    (one,) = negotiate_texts(flat, texts(emitted(store_text(script), flat, target)))
    assert (one.outcome, one.agreements, one.mismatches) == (Outcome.UNDECIDED, (), ())
    assert [(place.rule, place.filter_list) for place in one.places] == [("default response rule", None)]
    assert "nothing was negotiated" in one.reasons[0]


@pytest.mark.parametrize(("active", "windows"), [("no", WindowsVersion.SERVER_2003), ("yes", WindowsVersion.VISTA)])
def test_rule_that_does_not_answer_is_no_region(active: str, windows: WindowsVersion) -> None:
    flat = flat_text(RESPONDS.format(active=active), replace(ME, windows=windows))
    assert negotiate_texts(flat, {}) == ()


def test_what_answers_is_a_region_beside_those_of_filters() -> None:
    script = FLAGS.format(inpass="no", soft="no").replace("activatedefaultrule=no", "activatedefaultrule=yes")
    filtered, answers = negotiate_texts(flat_text(script, ME), {"same.cmd": script})
    assert (filtered.outcome, answers.outcome) == (Outcome.AGREED, Outcome.UNDECIDED)


# --- nothing lost, everything agreed ---

GROUPS = (DhGroup.MODP768, DhGroup.MODP1024)


@st.composite
def protecting_stores(draw: st.DrawFn) -> PolicyStore:
    """Give a policy of one rule that protects a few filters of one host, by preshared key."""
    ciphers = st.sampled_from([Encryption.DES, Encryption.TRIPLE_DES, Encryption.AES256])
    offer = st.builds(MainModeOffer, ciphers, st.sampled_from(Integrity), st.sampled_from(GROUPS))
    quick = transforms(tuple(Encryption), tuple(Integrity)).filter(lambda t: len(t) == 1)
    lifetimes = draw(st.tuples(st.integers(300, 90_000), st.integers(20_480, 10**6)))
    offers = draw(st.lists(quick, min_size=1, max_size=3, unique=True))
    peers = draw(st.lists(st.sampled_from(["10.1.0.0/16", "10.2.3.4", "10.3.0.0/30"]), min_size=1, unique=True))
    ports = draw(st.sampled_from([ANY_PORT, PortRange(80, 80)]))
    own = AddressRange.parse("192.0.2.5")
    filters = tuple(Filter(own, AddressRange.parse(peer), 6, ANY_PORT, ports) for peer in peers)
    action = FilterAction(
        "A",
        Action.NEGOTIATE,
        tuple(QuickModeOffer(t, *lifetimes) for t in offers),
        pfs=draw(st.booleans()),
        pfs_group=draw(st.none() | st.sampled_from(GROUPS)),
    )
    main_mode = MainMode(
        tuple(draw(st.lists(offer, min_size=1, max_size=3, unique=True))), draw(st.integers(300, 10**6))
    )
    rule = Rule("R", "L", "A", (PresharedKey(Secret(draw(st.text("abcXYZ019", min_size=1, max_size=20)))),))
    return PolicyStore((Policy("P", main_mode, (rule,)),), (FilterList("L", filters),), (action,))


def losses_about_protection(store: PolicyStore, flat: FlatPolicy) -> list[str]:
    return [loss.reason for loss in emitted(store, flat, "strongswan").losses]


@settings(max_examples=40, deadline=None)
@given(protecting_stores())
def test_what_is_emitted_without_loss_is_agreed(store: PolicyStore) -> None:
    flat = flatten(store, select_policy(store), ME)
    outcomes = negotiate_texts(flat, texts(emitted(store, flat, "strongswan")))
    assert sum(len(one.places) for one in outcomes) == len(store.filter_lists[0].filters)
    if losses_about_protection(store, flat):
        return
    for one in outcomes:
        assert one.outcome is Outcome.AGREED, one.mismatches
        for agreement in one.agreements:
            assert agreement.main_mode in store.policies[0].main_mode.offers
            assert agreement.transforms in {offer.transforms for offer in store.filter_actions[0].offers}
            assert (agreement.pfs_group is not None) is store.filter_actions[0].pfs


@settings(max_examples=30, deadline=None)
@given(stores(), sites(), st.sampled_from(["strongswan", "netsh", "xfrm"]))
def test_whatever_the_policy_there_is_an_outcome_with_its_grounds(store: PolicyStore, site: Site, target: str) -> None:
    for policy in store.policies:
        flat = flatten(store, policy, site)
        try:
            outcomes = negotiate_texts(flat, texts(emitted(store, flat, target)))
        except IpsecmigError:
            continue  # Windows takes more names than netsh can write; reading back says so.
        for one in outcomes:
            assert one.agreements or one.mismatches or one.reasons
            assert one.mismatches or one.outcome not in {Outcome.FAILED, Outcome.DIFFERENT}
            assert all(m.contrasts or m.reason for m in one.mismatches)
            assert bool(one.supposed or one.reasons) or one.outcome is not Outcome.UNDECIDED
