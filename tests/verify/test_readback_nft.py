"""The reader of nftables: what nft itself printed, and what single constructs mean."""

from __future__ import annotations

from pathlib import Path

import pytest

from ipsecmig.model.packets import parse_packet
from ipsecmig.verify.observed import Observed
from ipsecmig.verify.readback.nft_json import looks_like_nft_json, read_json
from ipsecmig.verify.readback.nft_text import looks_like_nft, read_text
from ipsecmig.verify.readback.nftables import read_ruleset
from ipsecmig.verify.target import ReadTarget

DATA = Path(__file__).parent / "data"


def _read(text: str) -> ReadTarget:
    return read_ruleset(*read_text(text, "rules.nft"))


def _input(*rules: str, policy: str = "accept", more: str = "") -> ReadTarget:
    body = "\n".join(rules)
    return _read(
        f"table inet f {{\n{more}\nchain c {{\ntype filter hook input priority 0; policy {policy};\n{body}\n}}\n}}"
    )


def _fate(target: ReadTarget, packet: str) -> str:
    observed: Observed = target.map.at(parse_packet(packet))
    if observed.clear:
        return "pass"
    return "drop" if observed.protection is None else "protected only"


def test_text_and_json_of_one_ruleset_mean_the_same() -> None:
    text, document = (DATA / "ruleset.nft").read_text(), (DATA / "ruleset.json").read_text()
    assert looks_like_nft(text)
    assert looks_like_nft_json(document)
    one, other = _read(text), read_ruleset(*read_json(document, "rules.json"))
    assert one.not_understood == other.not_understood == ()
    assert one.map.is_equal(other.map)


TCP = "in tcp 10.0.0.7:1042 > 192.0.2.1:80"


@pytest.mark.parametrize(
    ("rules", "packet", "fate"),
    [
        (["tcp dport 80 drop"], TCP, "drop"),
        (["tcp dport 81 drop"], TCP, "pass"),
        (["tcp dport 80 accept", "drop"], TCP, "pass"),
        (["udp dport 80 drop"], TCP, "pass"),
        (["th dport 80 drop"], TCP, "drop"),
        (["tcp dport != 80 drop"], TCP, "pass"),
        (["tcp dport != { 22, 443-500 } drop"], TCP, "drop"),
        (["ip saddr != 10.0.0.0/8 drop"], TCP, "pass"),
        (["ip saddr 10.0.0.5-10.0.0.9 drop"], TCP, "drop"),
        (["ip6 saddr ::/0 drop"], TCP, "pass"),
        (["meta nfproto ipv4 drop"], TCP, "drop"),
        (["meta l4proto { icmp, tcp } drop"], TCP, "drop"),
        (["ip protocol 6 drop"], TCP, "drop"),
        (["iif lo accept", "drop"], TCP, "drop"),
        (['iifname != "lo" drop'], TCP, "drop"),
        (["meta iiftype ppp drop"], TCP, "pass"),
        (["meta iiftype ppp drop"], TCP + " dialup", "drop"),
        (["meta ipsec missing drop"], TCP, "protected only"),
        (["meta ipsec exists accept", "drop"], TCP, "protected only"),
        (["ct state established,related accept", "drop"], TCP, "drop"),
        (["ct state new accept", "drop"], TCP, "pass"),
        (["ct state invalid drop"], TCP, "pass"),
        (["ct state { new, invalid } tcp dport 80 drop"], TCP, "drop"),
        (["ct state != { established, related } drop"], TCP, "drop"),
        (["ip saddr . tcp dport vmap { 10.0.0.0/8 . 80 : drop, 10.0.0.0/8 . 81-90 : accept }"], TCP, "drop"),
        (["tcp dport vmap { 80 : drop, 80 : drop }"], TCP, "drop"),
        (["ip saddr . tcp dport { 10.0.0.0/8 . 70-90 } drop"], TCP, "drop"),
        (["ip saddr . meta l4proto . th dport vmap { 10.0.0.7 . tcp . 80 : drop }"], TCP, "drop"),
        (["tcp dport vmap { 1-79 : accept, 80 : continue }", "drop"], TCP, "drop"),
        (["tcp dport 80 counter packets 5 bytes 7 reject with tcp reset"], TCP, "drop"),
        (["fib daddr type multicast accept", "drop"], "in udp 10.0.0.7:1 > 224.0.0.251:5353", "pass"),
        (["fib daddr type { broadcast } accept", "drop"], "in udp 10.0.0.7:1 > 255.255.255.255:67", "pass"),
        (["drop"], "out tcp 192.0.2.1:80 > 10.0.0.7:1042", "pass"),
    ],
)
def test_rule(rules: list[str], packet: str, fate: str) -> None:
    target = _input(*rules)
    assert target.not_understood == ()
    assert _fate(target, packet) == fate


@pytest.mark.parametrize(
    ("side", "entering", "fate"),
    [
        ("return", "jump side", "drop"),
        ("return", "goto side", "pass"),
        ("accept", "jump side", "pass"),
        ("drop", "goto side", "drop"),
        ("tcp dport 81 drop", "jump side", "drop"),
        ("tcp dport 81 drop", "goto side", "pass"),
    ],
)
def test_jump_and_goto(side: str, entering: str, fate: str) -> None:
    target = _input(f"tcp dport 80 {entering}", "drop", more=f"chain side {{\n{side}\n}}\n")
    assert target.not_understood == ()
    assert _fate(target, TCP) == fate


def test_every_base_chain_must_accept_and_the_lower_priority_runs_first() -> None:
    text = """
    table inet a { chain c { type filter hook input priority 10; policy accept; tcp dport 80 drop; } }
    table inet b { chain c { type filter hook input priority -10; policy accept; accept; } }
    """
    target = _read(text)
    assert _fate(target, TCP) == "drop"
    responsible = target.responsible(parse_packet(TCP))
    assert responsible is not None
    assert responsible.origin.line == 2


def test_output_asks_how_a_packet_leaves() -> None:
    target = _read("table inet f { chain c { type filter hook output priority 0; rt ipsec missing drop; } }")
    assert _fate(target, "out tcp 192.0.2.1:80 > 10.0.0.7:1042") == "protected only"


def test_a_deleted_table_is_gone() -> None:
    text = "table inet f { chain c { type filter hook input priority 0; drop; } }\ndelete table inet f\n"
    assert _fate(_read(text), TCP) == "pass"


@pytest.mark.parametrize(
    "rule",
    [
        "icmp type echo-request drop",
        "ip saddr @nowhere drop",
        "jump nowhere",
        "tcp flags syn drop",
        "ip ttl < 5 drop",
        'iifname "eth0" drop',
        "socket transparent 1 drop",
        "ip saddr 10.0.0.0/8 xyzzy",
        "ip saddr . tcp dport vmap { 10.0.0.0/8 . 80 : drop, 10.1.0.0/16 . 1-100 : accept }",
        "ip saddr . tcp dport vmap { 10.1.0.0/16 . 80 : drop, 10.0.0.0/8 . 1-100 : drop }",
        "ip saddr vmap { 10.0.0.0/8 : accept, 10.0.0.0/8 : drop }",
        "meta ipsec . tcp dport vmap { exists . 80 : drop, exists . 1-100 : accept }",
        "ct state new tcp dport 80 drop",
        "ct state vmap { new : drop, established : accept }",
    ],
)
def test_what_is_not_modelled_is_named_with_its_line(rule: str) -> None:
    target = _input("tcp dport 22 accept", rule)
    assert [u.origin.line for u in target.not_understood] == [6]
    assert rule.split()[0] in target.not_understood[0].text


@pytest.mark.parametrize("text", ["", "{", '{"nftables": 5}', '{"nftables": [{"rule": {}}]}', '{"nftables": [[]]}'])
def test_broken_json_is_undecided(text: str) -> None:
    target = read_ruleset(*read_json(text, "x"))
    assert target.not_understood
