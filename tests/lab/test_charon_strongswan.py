"""strongSwan's files in a real charon: they load, the kernel gets our priorities, and peers agree on what was asked."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterator
from dataclasses import replace
from typing import Final

import pytest
from emit import charon_evaluator
from emit.charon_evaluator import InstalledChild, Side
from ground_truth import Sample, decided_samples, emission_request

from ipsecmig.emit import strongswan
from ipsecmig.model.algorithms import DhGroup, Encryption, Integrity
from ipsecmig.model.flatten import flatten
from ipsecmig.model.policy import (
    Action,
    AhTransform,
    AuthenticationMethod,
    Certificate,
    DefaultResponseRule,
    EspTransform,
    Filter,
    FilterAction,
    FilterList,
    MainMode,
    MainModeOffer,
    Policy,
    PolicyStore,
    PresharedKey,
    QuickModeOffer,
    Rule,
    Secret,
)
from ipsecmig.model.selectors import ANY, ANY_PORT, ICMP, ME, TCP, UDP, Address, AddressRange, PortRange
from ipsecmig.model.site import UNKNOWN_SITE, Site
from ipsecmig.model.targets import Emission, EmissionRequest, OutputFile
from ipsecmig.model.windows import WindowsVersion
from lab.charon import Charon, KernelPolicy, missing_charon, open_charon
from lab.harness import HOST_ADDRESS, PEER_ADDRESS, Lab, Probe, missing, open_lab

pytestmark = pytest.mark.lab

ESP = EspTransform(Encryption.TRIPLE_DES, Integrity.SHA1)
DES = EspTransform(Encryption.DES, Integrity.MD5)
OFFERS: Final = (QuickModeOffer((ESP,), 1200, 70000), QuickModeOffer((DES,), 1200, 70000))
MAIN_MODE: Final = MainMode(
    (
        MainModeOffer(Encryption.TRIPLE_DES, Integrity.SHA1, DhGroup.MODP1024),
        MainModeOffer(Encryption.DES, Integrity.MD5, DhGroup.MODP768),
    ),
    lifetime_seconds=14400,
)
PERMIT, BLOCK = FilterAction("Permit", Action.PERMIT), FilterAction("Block", Action.BLOCK)
SECURE = FilterAction("Secure", Action.NEGOTIATE, OFFERS)
PSK = PresharedKey(Secret("Open-Sesame"))

RuleOf = tuple[FilterAction, tuple[Filter, ...], AuthenticationMethod]


def request(
    *rules: RuleOf,
    site: Site = UNKNOWN_SITE,
    main_mode: MainMode = MAIN_MODE,
    response: DefaultResponseRule | None = None,
) -> EmissionRequest:
    made = tuple(Rule(f"R{i}", f"L{i}", action.name, (method,)) for i, (action, _, method) in enumerate(rules))
    lists = tuple(FilterList(f"L{i}", filters) for i, (_, filters, _) in enumerate(rules))
    actions = tuple({action.name: action for action, _, _ in rules}.values())
    policy = Policy("P", main_mode, made, response, assigned=True)
    store = PolicyStore((policy,), lists, actions)
    return EmissionRequest(store, policy, flatten(store, policy, site))


def parsed(emission: Emission) -> list[InstalledChild]:
    return charon_evaluator.installed(charon_evaluator.parse(emission.files[0].content.decode()))


def block(text: str) -> AddressRange:
    return AddressRange.parse(text)


@pytest.fixture(scope="module")
def one_charon() -> Iterator[Charon]:
    """Give one charon on the lab's host, for tests that each load a whole configuration."""
    reason = missing() or missing_charon()
    if reason:
        pytest.skip(reason)
    with open_lab() as lab, open_charon(lab.host) as charon:
        yield charon


@pytest.fixture
def charon_lab(lab: Lab) -> Iterator[tuple[Lab, Charon]]:
    """Give a fresh lab with a charon on its host."""
    if missing_charon():
        pytest.skip(missing_charon())
    with open_charon(lab.host) as charon:
        yield lab, charon


# --- what the kernel gets --------------------------------------------------------------------------------------------


def expected_policies(children: list[InstalledChild]) -> set[KernelPolicy]:
    """Return the kernel's policies that `children` are meant to become."""
    return {policy for child in children for policy in _of_child(child)}


_ACTIONS: Final = {"pass": "allow", "drop": "block"}


def _of_child(child: InstalledChild) -> Iterator[KernelPolicy]:
    action = _ACTIONS.get(child.mode, "protect")
    outward, inward = (child.local, child.remote), (child.remote, child.local)
    yield _policy("out", *outward, action, child.priority)
    yield _policy("in", *inward, action, child.priority)
    if child.mode != "transport":
        yield _policy("fwd", *inward, action, child.priority)
    if child.forward_out:
        yield _policy("fwd", *outward, "allow", child.priority)


def _policy(direction: str, source: Side, destination: Side, action: str, priority: int) -> KernelPolicy:
    ports = [-1 if (s.first_port, s.last_port) == (0, 65535) else s.first_port for s in (source, destination)]
    ends = str(source.network), str(destination.network)
    return KernelPolicy(direction, *ends, source.protocol, ports[0], ports[1], action, priority)


POLICIES: Final = {
    "every kind of selector": request(
        (PERMIT, (Filter(ANY, ME, TCP, ANY_PORT, PortRange(80, 80)), Filter(ME, block("10.7.0.0/16"), ICMP)), PSK),
        (BLOCK, (Filter(ME, block("10.8.0.5-10.8.0.9"), UDP, ANY_PORT, PortRange(1000, 1002)),), PSK),
        (BLOCK, (Filter(ME, block("10.6.0.0/16"), 47), Filter(ME, block("10.6.0.0/16"), 255)), PSK),
        (SECURE, (Filter(ME, block("10.5.0.0/16"), TCP, ANY_PORT, PortRange(445, 445)), Filter(ME, ANY)), PSK),
    ),
    "a host whose addresses are known": request(
        (SECURE, (Filter(ME, block("10.5.0.1")), Filter(ANY, block("10.4.0.0/16"))), PSK),
        (BLOCK, (Filter(ANY, ANY),), PSK),
        site=Site(addresses=(block(HOST_ADDRESS), block("10.8.0.1")), exemptions=0),
    ),
    "certificates": request((SECURE, (Filter(ME, block("10.5.0.0/16")),), Certificate("C=US,S=WA,CN=Root"))),
    "AH and ESP": request(
        (
            FilterAction("Secure", Action.NEGOTIATE, (QuickModeOffer((AhTransform(Integrity.MD5),)), *OFFERS)),
            (Filter(ME, block("10.5.0.0/16")),),
            PSK,
        )
    ),
    "IPv6": request(
        (SECURE, (Filter(ME, block("fd00:5::/64")), Filter(ME, block("fd00:6::1"), TCP)), PSK),
        (BLOCK, (Filter(ANY, block("fd00::/16")),), PSK),
        site=Site(windows=WindowsVersion.VISTA),
    ),
    "a default response rule": request(response=DefaultResponseRule(True, (PSK,), OFFERS)),
    "nothing": request(),
}


@pytest.mark.parametrize("name", POLICIES)
def test_charon_installs_exactly_what_is_written(one_charon: Charon, name: str) -> None:
    emission = strongswan.emit(POLICIES[name])
    one_charon.loads(emission.files)
    assert set(one_charon.policies()) == {_as_installed(p) for p in expected_policies(parsed(emission))}


def _as_installed(policy: KernelPolicy) -> KernelPolicy:
    """Return the policy with addresses as the kernel prints them."""
    ends = (str(ipaddress.ip_network(end)) for end in (policy.source, policy.destination))
    return policy._replace(source=next(ends), destination=next(ends))


@pytest.mark.parametrize("sample", decided_samples(), ids=lambda sample: sample.name)
def test_every_sample_loads_with_windows_order(one_charon: Charon, sample: Sample) -> None:
    emission = strongswan.emit(emission_request(sample))
    one_charon.loads(emission.files)
    children = parsed(emission)
    assert set(one_charon.policies()) == {_as_installed(p) for p in expected_policies(children)}


def test_thousands_of_filters_load(one_charon: Charon) -> None:
    """Swanctl sends a connection in one message of limited size; the emitter keeps below it."""
    hosts = [AddressRange.parse(f"10.{n >> 8}.{n & 255}.1") for n in range(3000)]
    filters = tuple(Filter(ME, host, TCP, ANY_PORT, PortRange(80, 80)) for host in hosts)
    others = tuple(Filter(ME, host) for host in hosts[:1500])
    one_charon.loads(strongswan.emit(request((BLOCK, filters, PSK), (SECURE, others, PSK))).files)
    policies = one_charon.policies()
    assert sum(p.action == "block" and p.direction == "out" for p in policies) == len(filters)
    assert sum(p.action == "protect" and p.direction == "out" for p in policies) == len(others)


def test_a_reload_leaves_nothing_of_a_policy_whose_lists_were_renamed(one_charon: Charon) -> None:
    """Charon compares the children of a reload without their names."""
    first = request((PERMIT, (Filter(ME, block("10.7.0.0/16")),), PSK))
    store = first.store
    policy = replace(first.policy, rules=tuple(replace(r, filter_list="Renamed") for r in first.policy.rules))
    renamed = replace(
        store, policies=(policy,), filter_lists=tuple(replace(f, name="Renamed") for f in store.filter_lists)
    )
    second = EmissionRequest(renamed, policy, flatten(renamed, policy))
    for asked in (first, second, request()):
        emission = strongswan.emit(asked)
        one_charon.loads(emission.files)
        assert set(one_charon.policies()) == expected_policies(parsed(emission))


def test_the_rollback_takes_everything_away_and_may_be_repeated(one_charon: Charon) -> None:
    emission = strongswan.emit(POLICIES["every kind of selector"])
    one_charon.loads(emission.files)
    assert one_charon.policies()
    (script,) = (file for file in emission.files if file.executable)
    path = one_charon.folder / script.path
    path.write_bytes(script.content)
    for _ in range(2):
        done = one_charon.run("env", f"STRONGSWAN_D={one_charon.folder}", "sh", str(path), "--uri", one_charon.socket)
        assert done.returncode == 0, done.stderr
        assert one_charon.policies() == []
        assert not list((one_charon.folder / "swanctl" / "conf.d").iterdir())


@pytest.mark.parametrize("with_settings", [True, False])
def test_the_settings_keep_charon_from_adding_routes(lab: Lab, *, with_settings: bool) -> None:
    if missing_charon():
        pytest.skip(missing_charon())
    site = Site(addresses=(block(HOST_ADDRESS),))
    files = strongswan.emit(request((PERMIT, (Filter(ME, block("10.7.0.0/16")),), PSK), site=site)).files
    (settings,) = (f.content.decode() for f in files if f.path == "ipsecmig-strongswan.conf")
    with open_charon(lab.host, settings if with_settings else "") as charon:
        charon.loads(files)
        routes = lab.host.ip("route", "show", "table", "all")
    assert ("10.7.0.0/16" in routes) == (not with_settings)


# --- what packets meet -----------------------------------------------------------------------------------------------

LEAK: Final = request(
    (PERMIT, (Filter(ME, block("10.0.0.0/8")),), PSK),
    (SECURE, (Filter(ME, block("10.1.1.1")),), PSK),
    (BLOCK, (Filter(ME, block("10.2.0.0/16")),), PSK),
)
LEAK_PROBES: Final = {to: Probe(UDP, HOST_ADDRESS, to, 5000, 9) for to in ("10.1.1.1", "10.2.3.4", "10.3.3.3")}


def without_priorities(files: tuple[OutputFile, ...]) -> list[OutputFile]:
    """Return the files as somebody would write them who trusts charon's own ranks."""
    naive = re.compile(rb"^ *priority = \d+\n", re.MULTILINE)
    return [OutputFile(f.path, naive.sub(b"", f.content), secret=f.secret) for f in files]


@pytest.mark.parametrize("naive", [True, False])
def test_the_three_line_leak(charon_lab: tuple[Lab, Charon], *, naive: bool) -> None:
    """Without priorities charon ranks pass before protect before drop, and all three packets leave in clear."""
    lab, charon = charon_lab
    files = strongswan.emit(LEAK).files
    charon.loads(without_priorities(files) if naive else files)
    seen = lab.outbound(list(LEAK_PROBES.values()), how="socket")
    assert seen == (set(LEAK_PROBES.values()) if naive else {LEAK_PROBES["10.3.3.3"]})


def test_the_leaks_priorities_are_in_windows_order(charon_lab: tuple[Lab, Charon]) -> None:
    _, charon = charon_lab
    charon.loads(strongswan.emit(LEAK).files)
    out = sorted((p for p in charon.policies() if p.direction == "out" and not p.protocol), key=lambda p: p.priority)
    assert [(p.destination, p.action) for p in out] == [
        ("10.1.1.1/32", "protect"),
        ("10.2.0.0/16", "block"),
        ("10.0.0.0/8", "allow"),
    ]


def test_no_address_of_this_host_leaks_to_a_protected_peer(charon_lab: tuple[Lab, Charon]) -> None:
    """Charon would trap only the address it would itself use; the others must not pass in clear."""
    lab, charon = charon_lab
    lab.add_addresses(["10.77.0.1"])
    charon.loads(strongswan.emit(request((SECURE, (Filter(ME, block("10.1.1.1")),), PSK))).files)
    probes = [Probe(UDP, source, "10.1.1.1", 5000, 9) for source in (HOST_ADDRESS, "10.77.0.1")]
    assert lab.outbound(probes, how="socket") == set()


# --- what two peers agree on -----------------------------------------------------------------------------------------


def pair(remote: Address = ANY, method: AuthenticationMethod = PSK) -> EmissionRequest:
    return request((SECURE, (Filter(ME, remote, ICMP),), method))


@pytest.fixture
def two_charons(lab: Lab) -> Iterator[tuple[Charon, Charon]]:
    """Give a charon on the host and one on its peer."""
    if missing_charon():
        pytest.skip(missing_charon())
    with open_charon(lab.host) as host, open_charon(lab.peer) as peer:
        yield host, peer


def meet(charon: Charon) -> None:
    """Send a packet that must be protected; what becomes of it is for the daemons' logs to say."""
    charon.run("ping", "-c1", "-W1", PEER_ADDRESS)


def test_two_charons_agree_on_what_the_policy_says(two_charons: tuple[Charon, Charon]) -> None:
    """The peer has other lifetimes of its own, so that it says which ones it received."""
    host, peer = two_charons
    host.loads(strongswan.emit(pair()).files)
    theirs = QuickModeOffer((DES,), 4321, 90000), QuickModeOffer((ESP,), 4321, 90000)
    action = FilterAction("Secure", Action.NEGOTIATE, theirs)
    peer.loads(strongswan.emit(request((action, (Filter(ME, ANY, ICMP),), PSK))).files)
    meet(host)
    said = peer.wait_for(r"received \d+ lifebytes")
    first, second = "IKE:3DES_CBC/HMAC_SHA1_96/PRF_HMAC_SHA1/MODP_1024", "IKE:DES_CBC/HMAC_MD5_96/PRF_HMAC_MD5/MODP_768"
    assert f"received proposals: {first}, {second}" in said
    assert f"looking for a child config for {PEER_ADDRESS}/32[icmp] === {HOST_ADDRESS}/32" in said
    assert re.search(r"received proposals: ESP:3DES_CBC/HMAC_SHA1_96.*, ESP:DES_CBC/HMAC_MD5_96", said)
    assert "received 1200s lifetime" in said
    assert "received 70000000 lifebytes" in said
    assert "maximum IKE_SA lifetime 14400s" in host.wait_for("maximum IKE_SA lifetime")


@pytest.mark.parametrize("key", ["0x41", 'a "quoted" \\ key', "clé # {}", " blank ", "0sQQ=="])
def test_any_key_is_the_same_at_both_ends(two_charons: tuple[Charon, Charon], key: str) -> None:
    """One end's key is written by the emitter, the other's in hex by hand."""
    host, peer = two_charons
    files = strongswan.emit(pair(method=PresharedKey(Secret(key)))).files
    host.loads(files)
    by_hand = f"secrets {{ ike-1 {{ secret = 0x{key.encode().hex()} }} }}\n".encode()
    peer.loads([f if not f.secret else OutputFile(f.path, by_hand, secret=True) for f in files])
    meet(host)
    assert "established" in peer.wait_for(r"IKE_SA \S+ established|MAL|no shared key")


@pytest.mark.parametrize("peers", ["10.9.0.0/24", "10.9.0.2-10.9.0.7"])
def test_a_key_for_a_block_is_that_of_a_peer_in_it(two_charons: tuple[Charon, Charon], peers: str) -> None:
    host, peer = two_charons
    host.loads(strongswan.emit(pair(block(peers))).files)
    peer.loads(strongswan.emit(pair(block("10.9.0.0/16"))).files)
    meet(host)
    assert "established" in peer.wait_for(r"IKE_SA \S+ established|MAL|no shared key")


def test_each_rule_uses_its_own_key(two_charons: tuple[Charon, Charon]) -> None:
    """A key for everybody, one for a block around this host itself and one for the peer: the peer's is taken."""
    host, peer = two_charons
    rules: list[RuleOf] = [
        (SECURE, (Filter(ME, block("10.9.0.2"), ICMP),), PSK),
        (SECURE, (Filter(ME, block("10.9.0.0-10.9.0.1"), TCP),), PresharedKey(Secret("another"))),
        (SECURE, (Filter(ME, block("10.8.0.0/16"), TCP),), PresharedKey(Secret("third"))),
    ]
    host.loads(strongswan.emit(request(*rules)).files)
    peer.loads(strongswan.emit(pair()).files)
    meet(host)
    assert "established" in peer.wait_for(r"IKE_SA \S+ established|MAL|no shared key")


def test_the_default_response_rule_answers(two_charons: tuple[Charon, Charon]) -> None:
    host, peer = two_charons
    host.loads(strongswan.emit(pair(block(PEER_ADDRESS))).files)
    peer.loads(strongswan.emit(request(response=DefaultResponseRule(True, (PSK,), OFFERS))).files)
    assert peer.policies() == [p for p in peer.policies() if p.action == "allow"]
    meet(host)
    assert "found matching child config" in peer.wait_for(r"found matching child config|no matching|MAL")
