"""The samples on a real kernel: what is written for nftables and XFRM is loaded, and the sample's packets are sent.

Without a key exchange no protected packet exists, so a packet that must be protected must not pass at all, unless the
policy accepts it in clear (inpass, inbound only).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import pytest
from ground_truth import Decision, Row, Sample, decided_samples, emission_request

from ipsecmig.emit import nftables, xfrm
from ipsecmig.model.exemptions import MULTICAST
from ipsecmig.model.selectors import AH, ESP, Family, format_address
from ipsecmig.model.space import Direction, Link
from ipsecmig.model.targets import Target
from lab.harness import Lab, Probe, missing, open_lab

pytestmark = pytest.mark.lab

SAMPLES = decided_samples()


@pytest.fixture
def machines(sample: Sample) -> Iterator[Lab]:
    """Give a lab whose host has the addresses of the sample's host."""
    reason = missing()
    if reason:
        pytest.skip(reason)
    with open_lab() as lab:
        lab.add_addresses(address.text() for address in sample.site.addresses)
        lab.add_addresses(_own_ipv6(sample))
        yield lab


def _own_ipv6(sample: Sample) -> set[str]:
    """Return the host's side of IPv6 packets, which no inventory of Windows Server 2003 names."""
    rows = [row for row in sample.rows() if row.packet.family == Family.IPV6]
    return {format_address(Family.IPV6, row.packet.local) for row in rows}


def _can_be_sent(row: Row) -> bool:
    """Whether the lab can send it and a treatment is claimed: no dial-up lines there, and no broadcasts."""
    packet = row.packet
    ends = (packet.local, packet.remote) if packet.family == Family.IPV4 else ()
    unicast = not any(end >= MULTICAST.first or end & 255 == 255 for end in ends)
    return packet.link == Link.LAN and row.expected.treatment != "conflict" and unicast


def _passes(row: Row) -> bool:
    if row.expected.treatment == "protect":
        return row.packet.direction == Direction.IN and "inpass" in row.expected.parameters.split("; ")
    return row.expected.treatment == "permit"


def _files(sample: Sample, target: Target) -> list[str]:
    """Return the texts of the files to load; the rollback stands beside them."""
    files = target.emit(emission_request(sample)).files
    return [file.content.decode() for file in files if "rollback" not in file.path and not file.path.endswith(".sh")]


def _sent(sample: Sample) -> dict[Direction, list[Row]]:
    rows = [row for row in sample.rows() if _can_be_sent(row)]
    return {direction: [row for row in rows if row.packet.direction == direction] for direction in Direction}


def _texts(rows: Iterable[Row]) -> list[str]:
    return sorted(row.packet.text() for row in rows)


def _arrived(rows: list[Row], seen: set[Probe]) -> list[str]:
    return _texts(row for row in rows if Probe.of(row.packet) in seen)


def _should_arrive(rows: list[Row]) -> list[str]:
    return _texts(row for row in rows if _passes(row))


@pytest.mark.parametrize("sample", SAMPLES, ids=lambda sample: sample.name)
def test_nftables_lets_through_what_the_policy_lets_through(sample: Sample, machines: Lab) -> None:
    sent = _sent(sample)
    for text in _files(sample, nftables.TARGET):
        machines.host.nft(text)
    for direction, send in (
        (Direction.OUT, machines.outbound),
        (Direction.IN, machines.inbound),
        (Direction.FORWARD, machines.forwarded),
    ):
        rows = sent[direction]
        assert _arrived(rows, send([Probe.of(row.packet) for row in rows])) == _should_arrive(rows)


@pytest.mark.parametrize("sample", SAMPLES, ids=lambda sample: sample.name)
def test_nftables_can_be_loaded_again(sample: Sample, machines: Lab) -> None:
    for _ in range(2):
        for text in _files(sample, nftables.TARGET):
            machines.host.nft(text)
        loaded = machines.host.run("nft", "list", "ruleset")
    for text in _files(sample, nftables.TARGET):
        machines.host.nft(text)
    assert machines.host.run("nft", "list", "ruleset") == loaded


def _own_socket_can_send(row: Row) -> bool:
    return row.packet.protocol not in {ESP, AH}


@pytest.mark.parametrize("sample", SAMPLES, ids=lambda sample: sample.name)
def test_xfrm_lets_through_what_the_policy_lets_through(sample: Sample, machines: Lab) -> None:
    sent = _sent(sample)
    for text in _files(sample, xfrm.TARGET):
        machines.host.batch(text)
    out = [row for row in sent[Direction.OUT] if _own_socket_can_send(row)]
    seen = machines.outbound([Probe.of(row.packet) for row in out], how="socket")
    assert _arrived(out, seen) == _should_arrive(out)
    inbound = sent[Direction.IN]
    seen = machines.inbound([Probe.of(row.packet) for row in inbound])
    assert _arrived(inbound, seen) == _should_arrive(inbound)
    forward = sent[Direction.FORWARD]
    seen = machines.forwarded([Probe.of(row.packet) for row in forward])
    assert _arrived(forward, seen) == _should_arrive(forward)


@pytest.mark.parametrize("sample", SAMPLES, ids=lambda sample: sample.name)
def test_xfrm_asks_for_protection_of_what_the_policy_protects(sample: Sample, machines: Lab) -> None:
    """The kernel asks its key manager for an SA exactly for the outbound packets that must be protected."""
    for text in _files(sample, xfrm.TARGET):
        machines.host.batch(text)
    rows = [row for row in _sent(sample)[Direction.OUT] if _own_socket_can_send(row)]
    asked = machines.acquires([Probe.of(row.packet) for row in rows])
    wanted = [row for row, priority in zip(rows, asked, strict=True) if priority is not None]
    assert _texts(wanted) == _texts(row for row in rows if _is_protect(row.expected))


def _is_protect(expected: Decision) -> bool:
    return expected.treatment == "protect"
