"""Conversions by hand with known faults: each is found, with a packet that shows it and the lines that cause it."""

from __future__ import annotations

import pytest
from ground_truth import SAMPLES
from handmade import compare_text, flat_sample

from ipsecmig.model.packets import parse_packet
from ipsecmig.model.space import Box
from ipsecmig.verify.compare import Comparison, PolicyDifference, Result

FAULTS = [
    pytest.param(
        "traps/leak.cmd",
        "leak.swanctl.conf",
        "out tcp 192.0.2.50:1042 > 10.1.1.1:80",
        True,
        "wide",
        id="pass before protect",
    ),
    pytest.param(
        "traps/leak.cmd",
        "leak.swanctl.conf",
        "out udp 192.0.2.50:1042 > 10.2.7.7:53",
        True,
        "wide",
        id="pass before drop",
    ),
    pytest.param(
        "traps/leak.cmd",
        "first-match.nft",
        "in tcp 10.1.1.1:80 > 192.0.2.50:1042",
        True,
        "ip saddr 10.0.0.0/8 accept",
        id="first match",
    ),
    pytest.param(
        "recommended/web-to-database-web-server.cmd",
        "no-guard.nft",
        "out tcp 10.20.1.10:1042 > 10.20.2.30:1433",
        True,
        "ip daddr 10.20.2.30 tcp dport 1433 accept",
        id="guard left out",
    ),
    pytest.param(
        "recommended/perimeter-web-server.bat",
        "missing-mirror.nft",
        "out tcp 192.0.2.10:80 > 198.51.100.7:40000",
        False,
        "chain output: policy drop",
        id="missing mirror",
    ),
    pytest.param(
        "handmade/ports.netsh",
        "widened-ports.swanctl.conf",
        "out tcp 192.0.2.50:1042 > 10.0.0.9:1003",
        False,
        "service",
        id="widened ports",
    ),
    pytest.param(
        "handmade/multicast.cmd",
        "missing-multicast.xfrm",
        "out udp 192.0.2.50:1042 > 239.1.2.3:5353",
        False,
        "action block",
        id="missing multicast",
    ),
]


def _covering(comparison: Comparison, packet: str) -> PolicyDifference | None:
    point = Box._make((value, value) for value in parse_packet(packet))
    return next((d for d in comparison.differences if d.box.contains(point)), None)


@pytest.mark.parametrize(("policy", "conversion", "packet", "opens", "line"), FAULTS)
def test_fault_is_found(policy: str, conversion: str, packet: str, opens: bool, line: str) -> None:
    flat = flat_sample(policy)
    comparison = compare_text(flat, (conversion, (SAMPLES / "handmade" / conversion).read_text()))
    assert comparison.undecided == flat.not_understood
    assert comparison.result is Result.DIFFERENT
    difference = _covering(comparison, packet)
    assert difference is not None, [d.witness.text() for d in comparison.differences]
    assert difference.opens is opens
    assert any(line in responsible.text for responsible in difference.responsible)
    assert difference.box.contains(Box._make((value, value) for value in difference.witness))


def test_openings_come_first() -> None:
    comparison = compare_text(
        flat_sample("traps/leak.cmd"), ("c", (SAMPLES / "handmade" / "leak.swanctl.conf").read_text())
    )
    order = [d.opens for d in comparison.differences]
    assert order == sorted(order, reverse=True)


def test_what_a_reader_does_not_know_is_undecided() -> None:
    flat = flat_sample("traps/leak.cmd")
    comparison = compare_text(flat, ("c.nft", "table inet f {\n chain c {\n  gibberish here\n }\n}\n"))
    assert comparison.result is Result.UNDECIDED
    assert [(u.origin.line, u.text) for u in comparison.undecided] == [(3, "gibberish here")]
