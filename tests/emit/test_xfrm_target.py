"""XFRM: what the emitted policies do with packets, how they look, and what they say that they cannot say."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from strategies import SMALL_ADDRESSES, sites, small_policies, small_sites, stores

from emit.test_nftables_target import (
    BLOCK,
    CLOSED,
    FAR,
    GATEWAY,
    HOST,
    NETWORK,
    OPEN,
    PERMIT,
    REQUEST,
    SECURE,
    TUNNEL,
    decided,
    one,
    request,
    some_packets,
)
from emit.xfrm_evaluator import parse, passes
from ipsecmig.emit import xfrm
from ipsecmig.emit.xfrm.database import LIMIT
from ipsecmig.emit.xfrm.losses import capabilities
from ipsecmig.model.accounting import attributes
from ipsecmig.model.algorithms import Encryption, Integrity
from ipsecmig.model.attributes import AttributeKind
from ipsecmig.model.flatten import flatten
from ipsecmig.model.policy import (
    Action,
    AhTransform,
    ConnectionType,
    EspTransform,
    Filter,
    FilterAction,
    PolicyStore,
    QuickModeOffer,
    Rule,
)
from ipsecmig.model.selectors import ANY, ANY_PORT, ME, TCP, UDP, AddressRange, DnsName, PortRange
from ipsecmig.model.site import Site
from ipsecmig.model.space import Direction, Packet
from ipsecmig.model.targets import EmissionRequest, LossKind, SecurityDirection
from ipsecmig.model.treatment import Block, Protect


def batch(asked: EmissionRequest) -> str:
    return xfrm.TARGET.emit(asked).files[0].content.decode()


def lines(asked: EmissionRequest) -> list[str]:
    return [line for line in batch(asked).splitlines() if line.startswith("xfrm")]


# --- what packets meet -----------------------------------------------------------------------------------------------

ADDRESSES = (*SMALL_ADDRESSES, SMALL_ADDRESSES[-1] + 1, (224 << 24) + 1)


def possible(packet: Packet, own: Sequence[int]) -> bool:
    """Whether the packet can meet a host with the addresses `own`; all can where these are not known."""
    if not own:
        return (
            packet.direction != Direction.FORWARD
        )  # out policies for `me` also meet what is forwarded: a note says so
    if packet.direction == Direction.FORWARD:
        return packet.local not in own and packet.remote not in own
    return packet.local in own and packet.remote not in own


def on_every_link(store: PolicyStore) -> PolicyStore:
    rules = tuple(replace(r, connection_type=ConnectionType.ALL) for r in store.policies[0].rules)
    return replace(store, policies=(replace(store.policies[0], rules=rules),))


@given(small_policies().map(on_every_link), small_sites(), st.randoms(use_true_random=False))
@settings(max_examples=150)
def test_a_packet_meets_what_the_first_filter_says(store: PolicyStore, site: Site, random: Random) -> None:
    policy = store.policies[0]
    flat = flatten(store, policy, site)
    policies = parse(batch(EmissionRequest(store, policy, flat)))
    own = [address.first for address in site.addresses]
    for packet in some_packets(random, ADDRESSES, 80):
        if not possible(packet, own):
            continue
        treatment = decided(flat, packet)
        protects = isinstance(treatment, Protect)
        clear = treatment.accept_clear_inbound if isinstance(treatment, Protect) else not isinstance(treatment, Block)
        if protects and packet.direction != Direction.IN:
            clear = False
        assert passes(policies, packet, protected=False) == clear, packet.text()
        assert passes(policies, packet, protected=True) == (clear or protects), packet.text()


@given(small_policies(), small_sites(), st.randoms(use_true_random=False))
@settings(max_examples=60)
def test_connection_types_let_nothing_clear_through_but_by_a_loss(
    store: PolicyStore, site: Site, random: Random
) -> None:
    policy = store.policies[0]
    flat = flatten(store, policy, site)
    emission = xfrm.TARGET.emit(EmissionRequest(store, policy, flat))
    if any(loss.direction is OPEN for loss in emission.losses):
        return
    policies = parse(emission.files[0].content.decode())
    own = [address.first for address in site.addresses]
    for packet in (p for p in some_packets(random, ADDRESSES, 80) if possible(p, own)):
        treatment = decided(flat, packet)
        if isinstance(treatment, Block) or (isinstance(treatment, Protect) and not treatment.accept_clear_inbound):
            assert not passes(policies, packet, protected=False), packet.text()


def test_specificity_beats_the_kind_of_action() -> None:
    """The order in which strongSwan ranks by itself (pass, protect, drop) would send the middle one in clear."""
    asked = request(
        (Rule("P", "A", "Permit"), [Filter(ME, AddressRange.parse("10.0.0.0/8"))], PERMIT),
        (Rule("S", "B", "Secure"), [Filter(ME, AddressRange.parse("10.1.1.1"))], SECURE),
        (Rule("B", "C", "Block"), [Filter(ME, AddressRange.parse("10.2.0.0/16"))], BLOCK),
    )
    found = [p for p in parse(batch(asked)) if p.direction == "out" and p.priority >= 1000]
    assert [(str(p.destination), p.effect.split()[:2]) for p in found] == [
        ("10.1.1.1/32", ["tmpl", "proto"]),
        ("10.2.0.0/16", ["action", "block"]),
        ("10.0.0.0/8", ["action", "allow"]),
    ]


# --- how they look ---------------------------------------------------------------------------------------------------

HTTP = PortRange(80, 80)


def test_priorities_are_the_rank_and_exemptions_come_first() -> None:
    found = parse(batch(one(Filter(ANY, ME, TCP, ANY_PORT, HTTP), Filter(ANY, ME), action=PERMIT)))
    assert {p.priority for p in found if p.protocol in {UDP, 50, 51}} <= set(range(10, 100, 10))
    assert sorted({p.priority for p in found if p.priority >= 1000}) == [1000, 1010, 1020, 1030]


@pytest.mark.parametrize(
    ("action", "outbound", "inbound"),
    [
        (PERMIT, "action allow", "action allow"),
        (BLOCK, "action block", "action block"),
        (
            SECURE,
            "tmpl proto esp reqid 1 mode transport level required",
            "tmpl proto esp reqid 1 mode transport level required",
        ),
        (
            REQUEST,
            "tmpl proto esp reqid 1 mode transport level required",
            "tmpl proto esp reqid 1 mode transport level use",
        ),
    ],
)
def test_actions(action: FilterAction, outbound: str, inbound: str) -> None:
    found = lines(one(Filter(ME, NETWORK, TCP, ANY_PORT, HTTP), action=action))
    out = "xfrm policy add src 0.0.0.0/0 dst 10.1.0.0/24 proto tcp dport 80 dir out priority 1000 "
    back = "xfrm policy add src 10.1.0.0/24 dst 0.0.0.0/0 proto tcp sport 80 dir in priority 1010 "
    assert {out + outbound, back + inbound} <= set(found)


ESP, AH = EspTransform(Encryption.TRIPLE_DES, Integrity.SHA1), AhTransform(Integrity.SHA1)


@pytest.mark.parametrize(
    ("offers", "templates"),
    [
        ([(ESP,)], ["esp"]),
        ([(AH,)], ["ah"]),
        ([(AH, ESP)], ["esp", "ah"]),
        ([(AH,), (ESP,)], ["ah"]),
        ([(ESP,), (AH, ESP)], ["esp"]),
    ],
)
def test_templates_follow_the_first_offer_innermost_first(
    offers: list[tuple[EspTransform | AhTransform, ...]], templates: list[str]
) -> None:
    action = FilterAction("S", Action.NEGOTIATE, tuple(QuickModeOffer(o) for o in offers))
    asked = one(Filter(ME, NETWORK), action=action)
    (line,) = (line for line in lines(asked) if "dir out" in line and "tmpl" in line)
    words = line.split()
    assert [words[i + 2] for i, word in enumerate(words) if word == "tmpl"] == templates
    loss = next(x for x in xfrm.TARGET.emit(asked).losses if x.about is AttributeKind.ACTION_OFFERS)
    mixed = len({frozenset(type(t) for t in o) for o in offers}) > 1
    assert (loss.kind, loss.direction) == (LossKind.NARROWED if mixed else LossKind.DROPPED, CLOSED)


def test_each_protection_has_one_reqid_and_a_tunnel_has_one_for_both_halves() -> None:
    other = FilterAction("Other", Action.NEGOTIATE, (QuickModeOffer((AH,)),))
    web = [Filter(ME, AddressRange.parse("10.9.9.9"), TCP, ANY_PORT, HTTP)]
    asked = request((Rule("O", "O", "Other"), web, other), *TUNNEL, site=Site(addresses=(HOST,)))
    found = [line for line in lines(asked) if "tmpl" in line]
    assert {line.split("reqid ")[1].split()[0] for line in found if "mode tunnel" in line} == {"2"}
    assert {line.split("reqid ")[1].split()[0] for line in found if "mode transport" in line} == {"1"}


def test_a_tunnel_is_wrapped_as_it_leaves_and_unwrapped_as_it_comes() -> None:
    found = lines(request(*TUNNEL, site=Site(addresses=(HOST,))))
    to_far = f"xfrm policy add src {NETWORK.text()} dst {FAR.text()} "
    to_near = f"xfrm policy add src {FAR.text()} dst {NETWORK.text()} "
    ends = f"src {HOST.text()} dst {GATEWAY.text()}", f"src {GATEWAY.text()} dst {HOST.text()}"
    wrap, unwrap = (f"tmpl {end} proto esp reqid 1 mode tunnel level required" for end in ends)
    assert {line.replace("1010", "1000") for line in found if "0.0.0.0" not in line} == {
        f"{to_far}dir out priority 1000 {wrap}",
        f"{to_far}dir fwd priority 1000 action allow",
        f"{to_near}dir fwd priority 1000 {unwrap}",
        f"{to_near}dir out priority 1000 action allow",
    }


def test_ranges_are_split_exactly() -> None:
    addresses = AddressRange.parse("10.9.0.5-10.9.0.9")
    asked = one(Filter(ME, addresses, TCP, ANY_PORT, PortRange(1000, 1002), mirrored=False), action=BLOCK)
    found = [line.split(" dir ")[0].split("dst ")[1] for line in lines(asked) if "block" in line]
    blocks = ["10.9.0.5/32", "10.9.0.6/31", "10.9.0.8/31"]
    assert found == [f"{block} proto tcp dport {port}" for block in blocks for port in (1000, 1001, 1002)]


def test_closing_policies_stand_first_so_that_a_broken_load_opens_nothing() -> None:
    asked = request(
        (Rule("P", "A", "Permit"), [Filter(ANY, ME, TCP, ANY_PORT, HTTP)], PERMIT),
        (Rule("S", "B", "Secure"), [Filter(ME, NETWORK)], SECURE),
        (Rule("B", "C", "Block"), [Filter(ANY, ME)], BLOCK),
    )
    ranks = [0 if "block" in line else 1 if "tmpl" in line else 2 for line in lines(asked)]
    assert ranks == sorted(ranks)


def test_the_rollback_deletes_exactly_what_was_added() -> None:
    emission = xfrm.TARGET.emit(request(*TUNNEL, site=Site(addresses=(HOST,))))
    added, deleted = (
        [line for line in file.content.decode().splitlines() if line.startswith("xfrm")] for file in emission.files
    )
    assert {line.split(" priority ")[0].replace(" add ", " delete ") for line in added} == set(deleted)
    assert len(added) == len(deleted)


@pytest.mark.parametrize("name", ["x\nxfrm policy flush", "end\\", "\u2028\u2029\x85", "# nested"])
def test_names_stay_in_their_comment(name: str) -> None:
    filters = [Filter(ANY, ME, TCP, ANY_PORT, HTTP)]
    evil, plain = (request((Rule(n, n, "Permit"), filters, PERMIT)) for n in (name, "plain"))
    assert lines(evil) == lines(plain)
    assert all(line.isprintable() and not line.endswith("\\") for line in batch(evil).split("\n"))


# --- what they cannot say --------------------------------------------------------------------------------------------


def test_every_kind_of_attribute_has_a_judge() -> None:
    assert set(capabilities({})) == set(AttributeKind)


@given(stores(), sites())
@settings(max_examples=40)
def test_every_attribute_is_exact_or_lost(store: PolicyStore, site: Site) -> None:
    for policy in store.policies:
        emission = xfrm.TARGET.emit(EmissionRequest(store, policy, flatten(store, policy, site)))
        assert len(emission.losses) + emission.exact == len(list(attributes(store, policy)))
        parse(emission.files[0].content.decode())


def losses(asked: EmissionRequest) -> dict[str, tuple[LossKind, SecurityDirection]]:
    return {loss.attribute: (loss.kind, loss.direction) for loss in xfrm.TARGET.emit(asked).losses}


WIDE = PortRange(1024, 65535)


@pytest.mark.parametrize(
    ("protocol", "source", "destination", "lost"),
    [
        (TCP, ANY_PORT, PortRange(1, LIMIT), []),
        (TCP, ANY_PORT, PortRange(1, LIMIT + 1), ["destination port"]),
        (TCP, PortRange(1, 65), PortRange(1, 65), ["source port", "destination port"]),
        (UDP, HTTP, WIDE, ["destination port"]),
        (UDP, PortRange(0, 7), ANY_PORT, ["source port"]),
        (136, HTTP, ANY_PORT, ["source port"]),
        (0, ANY_PORT, HTTP, ["destination port"]),
    ],
)
@pytest.mark.parametrize("action", [PERMIT, BLOCK, SECURE])
def test_ports_that_selectors_cannot_say(
    protocol: int, source: PortRange, destination: PortRange, lost: list[str], action: FilterAction
) -> None:
    asked = one(Filter(ME, NETWORK, protocol, source, destination, mirrored=False), action=action)
    found = {name: how for name, how in losses(asked).items() if name.endswith("port")}
    assert found == {f'filter list "L": {name}': (LossKind.NEEDS_HUMAN, CLOSED) for name in lost}
    policies = parse(batch(asked))
    packet = Packet(Direction.OUT, 4, 0, 1, NETWORK.first, protocol or 136, destination.last, source.first)
    passing = passes(policies, packet, protected=False), passes(policies, packet, protected=True)
    if lost:
        assert passing == ((True, True) if action is PERMIT else (False, False))
    else:
        assert passing == {"Permit": (True, True), "Block": (False, False), "Secure": (False, True)}[action.name]


@pytest.mark.parametrize(
    ("kind", "action", "expected"),
    [
        (ConnectionType.ALL, PERMIT, None),
        (ConnectionType.LAN, PERMIT, (LossKind.WIDENED, OPEN)),
        (ConnectionType.LAN, BLOCK, (LossKind.WIDENED, CLOSED)),
        (ConnectionType.LAN, SECURE, (LossKind.WIDENED, CLOSED)),
        (ConnectionType.DIALUP, PERMIT, (LossKind.NARROWED, CLOSED)),
        (ConnectionType.DIALUP, BLOCK, (LossKind.WIDENED, CLOSED)),
        (ConnectionType.DIALUP, SECURE, (LossKind.WIDENED, CLOSED)),
    ],
)
def test_connection_types(
    kind: ConnectionType, action: FilterAction, expected: tuple[LossKind, SecurityDirection] | None
) -> None:
    asked = request((Rule("R", "L", action.name, connection_type=kind), [Filter(ME, NETWORK)], action))
    assert losses(asked).get('rule "R": connection type') == expected
    left_out = kind is ConnectionType.DIALUP and action is PERMIT
    assert any(NETWORK.text() in line for line in lines(asked)) != left_out


def test_a_widened_protection_over_a_block_opens() -> None:
    rule = Rule("S", "A", "Secure", connection_type=ConnectionType.LAN)
    asked = request((rule, [Filter(ME, NETWORK)], SECURE), (Rule("B", "B", "Block"), [Filter(ME, ANY)], BLOCK))
    assert losses(asked)['rule "S": connection type'] == (LossKind.WIDENED, OPEN)


def test_a_tunnel_to_nowhere_is_blocked() -> None:
    rule = replace(TUNNEL[0][0], tunnel_endpoint=DnsName("gw.example.com"))
    asked = request((rule, *TUNNEL[0][1:]), TUNNEL[1], site=Site(addresses=(HOST,)))
    assert losses(asked)['rule "Out": tunnel endpoint'] == (LossKind.NEEDS_HUMAN, CLOSED)
    assert not [line for line in lines(asked) if "tmpl" in line]
    packet = Packet(Direction.FORWARD, 4, 0, NETWORK.first, FAR.first, TCP, 1, 1)
    assert not passes(parse(batch(asked)), packet, protected=True)


def test_known_tunnels_are_exact() -> None:
    assert 'rule "Out": tunnel endpoint' not in losses(request(*TUNNEL, site=Site(addresses=(HOST,))))


@pytest.mark.parametrize(("site", "noted"), [(Site(), True), (Site(addresses=(HOST,)), False)])
def test_unknown_addresses_bring_a_note_about_forwarding(site: Site, *, noted: bool) -> None:
    notes = xfrm.TARGET.emit(one(Filter(ME, NETWORK), action=BLOCK, site=site)).notes
    assert any("forwards" in note for note in notes) == noted
