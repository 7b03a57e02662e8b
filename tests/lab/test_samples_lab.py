"""The samples on a real kernel and charon: what is written is loaded, and the sample's packets are sent.

Without a key exchange no protected packet exists, so a packet that must be protected must not pass at all, unless the
policy accepts it in clear (inpass, inbound only).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import partial

import pytest
from ground_truth import Row, Sample, decide, decided_samples, emission_request, flat_policy

from ipsecmig.emit import nftables, strongswan, xfrm
from ipsecmig.model.exemptions import MULTICAST
from ipsecmig.model.selectors import AH, ESP, Family, format_address
from ipsecmig.model.space import Direction, Link
from ipsecmig.model.targets import LossKind, Target
from lab.charon import Charon, missing_charon, open_charon
from lab.harness import Lab, Probe, missing, open_lab

pytestmark = pytest.mark.lab

SAMPLES = decided_samples()
IKE_PORTS = {500, 4500}
"""Where a charon runs, it holds these ports, and nothing else can send from them."""


@pytest.fixture(scope="module", params=SAMPLES, ids=lambda sample: sample.name)
def sample(request: pytest.FixtureRequest) -> Sample:
    """Give each sample in turn; the tests of one share its lab."""
    given: Sample = request.param
    return given


@pytest.fixture(scope="module")
def sample_lab(sample: Sample) -> Iterator[Lab]:
    """Give a lab whose host has the addresses of the sample's host."""
    reason = missing()
    if reason:
        pytest.skip(reason)
    with open_lab() as lab:
        lab.add_addresses(address.text() for address in sample.site.addresses)
        lab.add_addresses(_own_ipv6(sample))
        yield lab


@pytest.fixture
def machines(sample_lab: Lab) -> Iterator[Lab]:
    """Give the sample's lab without rules and policies."""
    yield sample_lab
    sample_lab.host.run("nft", "flush", "ruleset")
    sample_lab.host.ip("xfrm", "policy", "flush")


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


def test_nftables_can_be_loaded_again(sample: Sample, machines: Lab) -> None:
    for _ in range(2):
        for text in _files(sample, nftables.TARGET):
            machines.host.nft(text)
        loaded = machines.host.run("nft", "list", "ruleset")
    for text in _files(sample, nftables.TARGET):
        machines.host.nft(text)
    assert machines.host.run("nft", "list", "ruleset") == loaded


def _for_xfrm(sample: Sample, direction: Direction) -> list[Row]:
    """Return the rows that the lab can send and XFRM can say.

    A selector cannot name a kind of interface: where that matters, the connection type is a loss. ESP and AH are sent
    by the kernel itself, past its policies.
    """
    rows = [row for row in _sent(sample)[direction] if row.packet.protocol not in {ESP, AH}]
    return [row for row in rows if not _depends_on_link(sample, row)]


def _depends_on_link(sample: Sample, row: Row) -> bool:
    return decide(flat_policy(sample), row.packet._replace(link=Link.DIALUP)) != row.expected


def test_xfrm_lets_through_what_the_policy_lets_through(sample: Sample, machines: Lab) -> None:
    for text in _files(sample, xfrm.TARGET):
        machines.host.batch(text)
    for direction, send in (
        (Direction.OUT, partial(machines.outbound, how="socket")),
        (Direction.IN, machines.inbound),
        (Direction.FORWARD, machines.forwarded),
    ):
        rows = _for_xfrm(sample, direction)
        assert _arrived(rows, send([Probe.of(row.packet) for row in rows])) == _should_arrive(rows)


def test_xfrm_asks_for_protection_of_what_the_policy_protects(sample: Sample, machines: Lab) -> None:
    """The kernel asks its key manager for an SA exactly for the outbound packets that must be protected."""
    for text in _files(sample, xfrm.TARGET):
        machines.host.batch(text)
    rows = _for_xfrm(sample, Direction.OUT)
    asked = machines.acquires([Probe.of(row.packet) for row in rows])
    wanted = [row for row, priority in zip(rows, asked, strict=True) if priority is not None]
    assert _texts(wanted) == _texts(row for row in rows if row.expected.treatment == "protect")


@pytest.fixture
def charon(sample: Sample, machines: Lab) -> Iterator[Charon]:
    """Give a charon on the sample's host, with the daemon's settings that the sample asks for."""
    reason = missing_charon()
    if reason:
        pytest.skip(reason)
    files = strongswan.TARGET.emit(emission_request(sample)).files
    settings = [file.content.decode() for file in files if file.path.endswith("strongswan.conf")]
    with open_charon(machines.host, "\n".join(settings)) as daemon:
        yield daemon


def test_charon_lets_through_no_more_than_the_policy(sample: Sample, machines: Lab, charon: Charon) -> None:
    """What charon cannot say is closed, never opened; where nothing was narrowed it is what the policy says."""
    emission = strongswan.TARGET.emit(emission_request(sample))
    charon.loads(emission.files)
    closed = {loss.attribute.rpartition(": ")[2] for loss in emission.losses if loss.kind is LossKind.NARROWED}
    narrowed = not closed.isdisjoint({"mirrored", "inbound pass-through"})
    for direction, send in (
        (Direction.OUT, partial(machines.outbound, how="socket")),
        (Direction.IN, machines.inbound),
        (Direction.FORWARD, machines.forwarded),
    ):
        rows = [row for row in _for_xfrm(sample, direction) if row.packet.local_port not in IKE_PORTS]
        arrived = _arrived(rows, send([Probe.of(row.packet) for row in rows]))
        assert set(arrived) <= set(_should_arrive(rows))
        assert narrowed or arrived == _should_arrive(rows)


def test_a_kind_of_interface_is_a_loss_of_xfrm() -> None:
    lossy = {sample.name for sample in SAMPLES if any(_depends_on_link(sample, row) for row in sample.rows())}
    told = {
        sample.name
        for sample in SAMPLES
        if any("connection type" in loss.attribute for loss in xfrm.TARGET.emit(emission_request(sample)).losses)
    }
    assert lossy == told == {"not-recommended/remote-access-tunnel.cmd", "special-considerations/wireless-802-11.cmd"}
