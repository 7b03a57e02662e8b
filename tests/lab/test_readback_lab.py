"""What nft, charon and the kernel themselves print reads back as the file that they were given, and packets agree."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from ipaddress import IPv4Network
from pathlib import Path
from random import Random

import pytest
from handmade import compare_text, flat_sample

from ipsecmig.model.decision import DecisionMap
from ipsecmig.model.packets import parse_packet
from ipsecmig.model.selectors import AddressRange, Family
from ipsecmig.model.space import Direction, Link, Packet
from ipsecmig.model.targets import OutputFile
from ipsecmig.verify.observed import Observed
from ipsecmig.verify.readback.charon import Band, automatic_priority, parse_selector
from ipsecmig.verify.target import ReadTarget
from lab.charon import Charon, KernelPolicy, missing_charon, open_charon
from lab.harness import Lab, Probe, missing, open_lab
from lab.rulesets import read, ruleset

pytestmark = pytest.mark.lab

HANDMADE = Path(__file__).parent.parent.parent / "samples" / "handmade"


@pytest.fixture(scope="module")
def machines() -> Iterator[Lab]:
    """Give one lab for all tests; each cleans up after itself by loading over what was there."""
    reason = missing()
    if reason:
        pytest.skip(reason)
    with open_lab() as lab:
        yield lab


SETS = """	set hosts {
		type ipv4_addr
		flags interval
		elements = { 10.9.0.2, 10.9.0.64/27, 10.9.0.200-10.9.0.210 }
	}
	map fates {
		type inet_proto . inet_service : verdict
		flags interval
		elements = { tcp . 22 : accept, tcp . 23-1000 : drop, udp . 53 : jump side, udp . 54 : goto side }
	}
	chain side {
		udp dport 53-60 ip saddr 10.9.0.2 return
		drop
	}
"""

RULESETS = {
    "ports": ruleset("tcp dport 80 drop", "udp dport { 53, 60-70 } drop", "tcp sport != { 1, 5-7 } tcp dport 81 drop"),
    "addresses": ruleset("ip saddr 10.9.0.0/30 drop", "ip daddr != 10.9.0.0/24 drop", "ip6 saddr fd09::/64 drop"),
    "IPv6": ruleset(
        "ip6 saddr fd09::2 tcp dport 80 drop",
        "ip6 saddr { fd09::64-fd09::70, fd09::80/121 } udp dport 53 drop",
        "meta nfproto ipv6 meta l4proto ipv6-icmp ip6 saddr != fd09::/80 drop",
    ),
    "th": ruleset("meta l4proto { tcp, udp, sctp } th dport 80 drop"),
    "closed": ruleset("meta l4proto icmp accept", "tcp dport 22 accept", policy="drop"),
    "sets": ruleset("ip saddr @hosts tcp dport 80 drop", "ip saddr != @hosts udp dport 80 drop", more=SETS),
    "map": ruleset("meta l4proto . th dport vmap @fates", "udp dport 53 drop", more=SETS),
    "anonymous map": ruleset("tcp dport vmap { 1-79 : accept, 80 : jump side, 81 : continue }", "drop", more=SETS),
    "catch-all": ruleset("ip saddr vmap { 10.9.0.2 : continue, * : drop }", "tcp dport 80 drop"),
    "concatenation": ruleset("ip saddr . tcp dport { 10.9.0.0/31 . 1-5, 10.9.0.2 . 80 } drop"),
    "guards": ruleset(
        "meta ipsec exists accept", "tcp dport 80 drop", out="rt ipsec missing tcp sport 80 drop", forward="drop"
    ),
    "states": ruleset("ct state established,related accept", "ct state { new, invalid } tcp dport 80 drop"),
    "kinds": ruleset("fib daddr type multicast accept", "iif lo accept", 'iifname != "lo" tcp dport 80 reject'),
    "counted": ruleset('tcp dport 80 counter log prefix "a b" drop comment "c"', "udp dport 80 reject with icmpx 1"),
    "one family": "table ip f {\n\tchain c {\n\t\ttype filter hook input priority 0; policy drop;\n"
    "\t\tip protocol tcp accept\n\t}\n}\n",
    "two tables": ruleset("tcp dport 80 accept", "accept")
    + "table ip6 g {\n\tchain c {\n\t\ttype filter hook input priority -5; tcp dport 80 drop\n\t}\n}\n",
}


@pytest.fixture(params=RULESETS, ids=str)
def loaded(request: pytest.FixtureRequest, machines: Lab) -> Iterator[tuple[Lab, ReadTarget]]:
    """Give the lab with a ruleset loaded, and what the reader says of its file."""
    text = RULESETS[request.param]
    target = read("rules.nft", text)
    assert target.not_understood == ()
    machines.host.nft("flush ruleset\n" + text)
    yield machines, target
    machines.host.run("nft", "flush", "ruleset")


@pytest.mark.parametrize("form", [("nft", "list", "ruleset"), ("nft", "-j", "list", "ruleset")], ids=["text", "json"])
def test_what_nft_prints_means_what_the_file_does(loaded: tuple[Lab, ReadTarget], form: tuple[str, ...]) -> None:
    machines, target = loaded
    printed = read("printed", machines.host.run(*form))
    assert printed.not_understood == ()
    assert printed.map.is_equal(target.map)


Send = Callable[[list[Probe]], set[Probe]]

SUBNETS = [AddressRange.parse("10.9.0.0/24"), AddressRange.parse("fd09::/64")]
_SENT = {Family.IPV4: {1, 6, 17}, Family.IPV6: {6, 17, 58}}


def near_boundaries(decisions: DecisionMap[Observed], direction: Direction, subnet: AddressRange) -> list[Packet]:
    """Return packets at the corners of the map's boxes that the lab can send: between the host and its peer."""
    own, peer = subnet.first + 1, (subnet.first, subnet.last)
    found: dict[Packet, None] = {}
    for box, _ in decisions.boxes():
        if box.direction[0] != direction or box.family[0] != subnet.family or not box.local[0] <= own <= box.local[1]:
            continue
        remotes = {
            n for n in (*box.remote, peer[0] + 2) if peer[0] + 2 <= n < peer[1] and box.remote[0] <= n <= box.remote[1]
        }
        for protocol in _SENT[subnet.family] & set(range(box.protocol[0], box.protocol[1] + 1)):
            for remote in remotes:
                for local_port in {max(box.local_port[0], 1), box.local_port[1]}:
                    ports = (max(box.remote_port[0], 1), local_port) if protocol in {6, 17} else (0, 0)
                    found[Packet(direction, subnet.family, Link.LAN, own, remote, protocol, *ports)] = None
    return list(found)[:150]


@pytest.mark.parametrize("subnet", SUBNETS, ids=["IPv4", "IPv6"])
def test_packets_meet_what_the_reader_says(loaded: tuple[Lab, ReadTarget], subnet: AddressRange) -> None:
    machines, target = loaded
    senders: dict[Direction, Send] = {Direction.IN: machines.inbound, Direction.OUT: machines.outbound}
    for direction, send in senders.items():
        packets = near_boundaries(target.map, direction, subnet)
        assert packets
        passed = send([Probe.of(packet) for packet in packets])
        wanted = {Probe.of(packet) for packet in packets if target.map.at(packet).clear}
        assert passed == wanted


@pytest.mark.parametrize(
    ("policy", "conversion"),
    [
        ("traps/leak.cmd", "first-match.nft"),
        ("recommended/web-to-database-web-server.cmd", "no-guard.nft"),
        ("recommended/perimeter-web-server.bat", "missing-mirror.nft"),
    ],
)
def test_every_witness_is_seen_on_the_wire(machines: Lab, policy: str, conversion: str) -> None:
    """A packet that a conversion by hand treats otherwise than the policy really meets what the report says."""
    text = (HANDMADE / conversion).read_text()
    differences = compare_text(flat_sample(policy), (conversion, text)).differences
    machines.host.nft("flush ruleset\n" + text)
    senders: dict[Direction, Send] = {
        Direction.OUT: machines.outbound,
        Direction.IN: machines.inbound,
        Direction.FORWARD: machines.forwarded,
    }
    sent = 0
    for direction, send in senders.items():
        chosen = [d for d in differences if d.witness.direction == direction and _sendable(d.witness)]
        if direction is Direction.IN:
            held = machines.host.ip("addr", "show", "dev", "lo")
            texts = {Probe.of(d.witness).destination for d in chosen}
            machines.add_addresses(a for a in sorted(texts) if f" {a}/" not in held and a != "10.9.0.1")
        passed = send([Probe.of(d.witness) for d in chosen])
        assert passed == {Probe.of(d.witness) for d in chosen if d.target.clear}
        sent += len(chosen)
    machines.host.run("nft", "flush", "ruleset")
    assert sent


def _sendable(packet: Packet) -> bool:
    multicast = AddressRange.parse("224.0.0.0").first
    return packet.family == Family.IPV4 and packet.link == Link.LAN and max(packet.local, packet.remote) < multicast


# --- XFRM ------------------------------------------------------------------------------------------------------------

LISTINGS = {
    "plain": "xfrm policy add src 10.9.0.1/32 dst 10.9.0.2/32 proto udp dport 53 dir out priority 9 action block",
    "template": "xfrm policy add src 10.9.0.1/32 dst 10.9.0.0/24 dir out priority 9 tmpl proto esp mode transport\n"
    "xfrm policy add src 10.9.0.0/24 dst 10.9.0.1/32 dir in priority 9 tmpl proto ah mode transport level use",
    "tunnel": "xfrm policy add src 10.1.0.0/16 dst 10.2.0.0/16 dir out priority 9"
    " tmpl src 192.0.2.1 dst 192.0.2.2 proto esp reqid 1 mode tunnel\n"
    "xfrm policy add src 10.2.0.0/16 dst 10.1.0.0/16 dir fwd priority 9"
    " tmpl src 192.0.2.2 dst 192.0.2.1 proto esp reqid 1 mode tunnel",
    "both versions": "xfrm policy add src fd09::/64 dst ::/0 proto tcp sport 80 dir out priority 9 action block\n"
    "xfrm policy add src 0.0.0.0/0 dst 0.0.0.0/0 proto 47 dir in priority 8 action block",
    "priorities": "xfrm policy add src 10.9.0.1/32 dst 10.9.0.2/32 dir out priority 9 action block\n"
    "xfrm policy add src 10.9.0.0/24 dst 10.9.0.0/24 dir out priority 8 action allow\n"
    "xfrm policy add src 0.0.0.0/0 dst 0.0.0.0/0 dir out priority 10 action block",
    "zero port": "xfrm policy add src 10.9.0.1/32 dst 10.9.0.2/32 proto udp sport 0 dport 53 dir out action block",
    "update": "xfrm policy add src 10.9.0.1/32 dst 10.9.0.2/32 dir out priority 9 action block\n"
    "xfrm policy update src 10.9.0.1/32 dst 10.9.0.2/32 dir out priority 7 action allow",
}


@pytest.mark.parametrize("batch", LISTINGS.values(), ids=LISTINGS)
def test_what_the_kernel_lists_means_what_the_batch_does(machines: Lab, batch: str) -> None:
    machines.host.ip("xfrm", "policy", "flush")
    machines.host.batch(batch + "\n")
    listed, written = read("listed", machines.host.ip("xfrm", "policy")), read("batch", batch)
    machines.host.ip("xfrm", "policy", "flush")
    assert listed.not_understood == written.not_understood == ()
    assert listed.map.is_equal(written.map)


def test_among_equal_priorities_the_first_decides_and_a_listing_is_undecided(machines: Lab) -> None:
    block = "xfrm policy add src 10.9.0.1/32 dst 10.9.0.2/32 dir out priority 9 action block"
    allow = "xfrm policy add src 10.9.0.0/24 dst 10.9.0.0/24 dir out priority 9 action allow"
    probe = Probe(17, "10.9.0.1", "10.9.0.2", 1042, 53)
    packet = parse_packet("out udp 10.9.0.1:1042 > 10.9.0.2:53")
    for lines in ([block, allow], [allow, block]):
        machines.host.ip("xfrm", "policy", "flush")
        machines.host.batch("\n".join(lines) + "\n")
        written, listed = read("batch", "\n".join(lines)), read("listed", machines.host.ip("xfrm", "policy"))
        passed = machines.outbound([probe], how="socket")
        assert bool(passed) is written.map.at(packet).clear is listed.map.at(packet).clear
        assert written.not_understood == ()
        assert listed.not_understood
    machines.host.ip("xfrm", "policy", "flush")


@pytest.mark.parametrize(
    "command",
    [
        "xfrm policy add src 10.9.0.1/32 dst 10.9.0.2/32 dir out action block\n" * 2,
        "xfrm policy delete src 10.9.0.1/32 dst 10.9.0.2/32 dir out\n",
    ],
)
def test_what_ip_refuses_is_not_understood(machines: Lab, command: str) -> None:
    machines.host.ip("xfrm", "policy", "flush")
    with pytest.raises(RuntimeError):
        machines.host.batch(command)
    assert read("batch", command).not_understood
    machines.host.ip("xfrm", "policy", "flush")


# --- charon ----------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def charon(machines: Lab) -> Iterator[Charon]:
    """Give a charon in the host of the lab."""
    reason = missing_charon()
    if reason:
        pytest.skip(reason)
    with open_charon(machines.host, "charon { install_routes = no }") as daemon:
        yield daemon


CONNECTION = """connections {{ c {{
 version = 1
 local_addrs = 10.9.0.1
 remote_addrs = 10.9.0.2
 proposals = 3des-sha1-modp1024
 local {{
  auth = psk
 }}
 remote {{
  auth = psk
 }}
 children {{
{children}
 }} }} }}
"""


def child(name: str, mode: str, local: str, remote: str, *more: str) -> str:
    """Return one child."""
    lines = (f"mode = {mode}", f"local_ts = {local}", f"remote_ts = {remote}", "start_action = trap", *more)
    body = "\n".join(f"   {line}" for line in (*lines, *(["esp_proposals = 3des-sha1"] if mode[0] == "t" else [])))
    return f"  {name} {{\n{body}\n  }}"


ANYWHERE = "0.0.0.0/0"
CHILDREN = {
    "bands": [
        child("a", "pass", ANYWHERE, "10.0.0.0/8"),
        child("b", "transport", "dynamic", "10.9.0.2"),
        child("c", "drop", "dynamic", "10.9.0.2/32"),
    ],
    "explicit": [
        child("a", "pass", ANYWHERE, "10.0.0.0/8", "priority = 30"),
        child("b", "transport", "dynamic", "10.9.0.2", "priority = 20"),
        child("c", "drop", ANYWHERE, "10.9.0.0/24", "priority = 25"),
    ],
    "tunnel": [child("a", "tunnel", "10.1.0.0/16", "10.2.0.0/16"), child("b", "pass", "10.1.2.0/24", ANYWHERE)],
    "protocols": [
        child("a", "transport", "dynamic[tcp]", "dynamic[tcp]"),
        child("b", "drop", f"{ANYWHERE}[udp]", f"{ANYWHERE}[udp]"),
        child("c", "pass", f"{ANYWHERE}[47]", f"{ANYWHERE}[47]"),
    ],
    "one port": [child("a", "transport", "dynamic[tcp]", "dynamic[tcp/445]"), child("b", "drop", "dynamic", "dynamic")],
    "address ranges": [child("a", "drop", ANYWHERE, "10.3.0.5-10.3.0.9"), child("b", "pass", ANYWHERE, "10.3.0.6/32")],
    "several selectors": [child("a", "drop", "10.1.0.0/16,10.5.0.0/16", "10.2.0.0/16,10.6.0.0/24")],
    "versions": [child("a", "drop", f"{ANYWHERE},::/0", "10.2.0.0/16,fd09::/64")],
    "forwarded out": [
        child("a", "tunnel", "10.1.0.0/16", "10.2.0.0/16", "policies_fwd_out = yes"),
        child("b", "drop", "10.5.0.0/16", "10.6.0.0/16", "policies_fwd_out = yes"),
        child("c", "pass", "10.7.0.0/16", "10.8.0.0/16", "policies_fwd_out = yes"),
    ],
    "transport around its ends": [child("a", "transport", ANYWHERE, "10.9.0.0/24")],
    "transport elsewhere": [
        child("a", "transport", "10.3.0.0/16", "10.9.0.2"),
        child("b", "transport", "10.9.0.1[tcp]", "10.4.0.0/16[tcp]"),
    ],
    "no policies": [
        child("a", "transport", "dynamic", "dynamic", "policies = no"),
        child("b", "drop", ANYWHERE, "10.3.0.0/16"),
    ],
    "empty": [child("a", "drop", ANYWHERE, "10.3.0.0/16", "priority =")],
}


def plain(observed: Observed) -> tuple[bool, str]:
    """Return what a listing of the kernel says too: no offers or keys."""
    protection = observed.protection
    return observed.clear, "" if protection is None else f"{protection.mode} {protection.sense} {protection.ends}"


@pytest.mark.parametrize("children", CHILDREN.values(), ids=CHILDREN)
def test_what_charon_installs_is_what_the_reader_says(machines: Lab, charon: Charon, children: list[str]) -> None:
    text = CONNECTION.format(children="\n".join(children))
    charon.loads([OutputFile("test.swanctl.conf", text.encode())])
    listed, written = read("listed", machines.host.ip("xfrm", "policy")), read("swanctl.conf", text)
    charon.loads([OutputFile("test.swanctl.conf", b"connections { }\n")])
    assert listed.not_understood == written.not_understood == ()
    differences = listed.map.map(plain).differences(written.map.map(plain), lambda one, other: one == other)
    assert [(d.box.text(), d.left, d.right) for d in differences.differences] == []


BANDS = {"pass": (Band.PASS, "allow"), "drop": (Band.DROP, "block"), "tunnel": (Band.PROTECT, "protect")}
ENDS = ("10.3.0.0/16", "10.3.4.0/24", "10.3.4.5", "10.3.4.5-10.3.4.9", "0.0.0.0/0", "10.4.0.0-10.4.255.255")
PORTS = ("", "[tcp]", "[udp/53]", "[tcp/1000-1002]", "[tcp/0-1023]", "[udp/1-65535]", "[tcp/32768-65535]", "[47]")


def random_selectors(random: Random, count: int) -> list[tuple[str, str, str]]:
    """Return mode and traffic selectors of children: both name one protocol, with ports of their own."""
    found: dict[tuple[str, str], tuple[str, str, str]] = {}
    while len(found) < count:
        ports = random.choice(PORTS)
        protocol = f"{ports.partition('/')[0].rstrip(']')}]" if ports else ""
        local, remote = (random.choice(ENDS) + random.choice((ports, protocol)) for _ in range(2))
        found[local, remote] = (random.choice(list(BANDS)), local, remote)
    return list(found.values())


def installed(mode: str, local: str, remote: str, explicit: int) -> Iterator[KernelPolicy]:
    """Yield the policies that the model of charon says the kernel gets for one child."""
    band, action = BANDS[mode]
    own, peer = parse_selector(local, None), parse_selector(remote, None)
    priority = explicit or automatic_priority(band, own, peer, interface=False)
    for direction in ("out", "in", "fwd"):
        one, other = (own, peer) if direction == "out" else (peer, own)
        ports = [s.ports.first if s.port_mask_bits else -1 for s in (one, other)]
        ends = [str(IPv4Network((s.addresses.first, s.addresses.prefix_length or 0))) for s in (one, other)]
        yield KernelPolicy(direction, ends[0], ends[1], own.protocol, ports[0], ports[1], action, priority)


@pytest.mark.parametrize("seed", range(4))
def test_charon_widens_and_ranks_as_the_model_says(machines: Lab, charon: Charon, seed: int) -> None:
    """Children of random selectors, some with the same explicit priority as others: ranges, widening and ranks."""
    random = Random(seed)
    chosen = [(*selectors, random.choice((0, 0, 25))) for selectors in random_selectors(random, 12)]
    children = [
        child(f"c{n}", *selectors, *([f"priority = {priority}"] if priority else []))
        for n, (*selectors, priority) in enumerate(chosen)
    ]
    charon.loads([OutputFile("test.swanctl.conf", CONNECTION.format(children="\n".join(children)).encode())])
    found = set(charon.policies())
    charon.loads([OutputFile("test.swanctl.conf", b"connections { }\n")])
    assert found == {policy for each in chosen for policy in installed(*each)}
