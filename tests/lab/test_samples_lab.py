"""The samples on a real kernel and charon: what is written is loaded, and the sample's packets are sent.

Without a key exchange no protected packet exists, so a packet that must be protected must not pass at all, unless the
policy accepts it in clear (inpass, inbound only).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import partial

import pytest
from ground_truth import Row, Sample, decided_samples, emission_request

from ipsecmig.emit import nftables, strongswan, xfrm
from ipsecmig.model.space import Direction, Link
from ipsecmig.model.targets import LossKind
from lab.charon import Charon, missing_charon, open_charon
from lab.harness import Lab, Probe, missing, open_lab
from lab.sample_packets import depends_on_link, own_ipv6, passes, rows_for_xfrm, rows_to_send, texts_for

pytestmark = pytest.mark.lab

SAMPLES = decided_samples()
DIALLED = [sample for sample in SAMPLES if any(rows_to_send(sample, Link.DIALUP).values())]
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
        lab.add_addresses(own_ipv6(sample))
        yield lab


@pytest.fixture
def machines(sample_lab: Lab) -> Iterator[Lab]:
    """Give the sample's lab without rules and policies."""
    yield sample_lab
    sample_lab.host.run("nft", "flush", "ruleset")
    sample_lab.host.ip("xfrm", "policy", "flush")


def _texts(rows: Iterable[Row]) -> list[str]:
    return sorted(row.packet.text() for row in rows)


def _arrived(rows: list[Row], seen: set[Probe]) -> list[str]:
    return _texts(row for row in rows if Probe.of(row.packet) in seen)


def _should_arrive(rows: list[Row]) -> list[str]:
    return _texts(row for row in rows if passes(row))


def test_nftables_lets_through_what_the_policy_lets_through(sample: Sample, machines: Lab) -> None:
    sent = rows_to_send(sample)
    for text in texts_for(sample, nftables.TARGET):
        machines.host.nft(text)
    for direction, send in (
        (Direction.OUT, machines.outbound),
        (Direction.IN, machines.inbound),
        (Direction.FORWARD, machines.forwarded),
    ):
        rows = sent[direction]
        assert _arrived(rows, send([Probe.of(row.packet) for row in rows])) == _should_arrive(rows)


@pytest.mark.parametrize("sample", DIALLED, indirect=True, ids=lambda sample: sample.name)
def test_nftables_lets_over_dial_up_what_the_policy_lets_through(sample: Sample, machines: Lab) -> None:
    sent = rows_to_send(sample, Link.DIALUP)
    assert not sent[Direction.FORWARD]
    for text in texts_for(sample, nftables.TARGET):
        machines.host.nft(text)
    with machines.dialled_up() as line:
        for direction, send in ((Direction.OUT, line.outbound), (Direction.IN, line.inbound)):
            rows = sent[direction]
            assert _arrived(rows, send([Probe.of(row.packet) for row in rows])) == _should_arrive(rows)


def test_nftables_can_be_loaded_again(sample: Sample, machines: Lab) -> None:
    for _ in range(2):
        for text in texts_for(sample, nftables.TARGET):
            machines.host.nft(text)
        loaded = machines.host.run("nft", "list", "ruleset")
    for text in texts_for(sample, nftables.TARGET):
        machines.host.nft(text)
    assert machines.host.run("nft", "list", "ruleset") == loaded


def test_xfrm_lets_through_what_the_policy_lets_through(sample: Sample, machines: Lab) -> None:
    for text in texts_for(sample, xfrm.TARGET):
        machines.host.batch(text)
    for direction, send in (
        (Direction.OUT, partial(machines.outbound, how="socket")),
        (Direction.IN, machines.inbound),
        (Direction.FORWARD, machines.forwarded),
    ):
        rows = rows_for_xfrm(sample, direction)
        assert _arrived(rows, send([Probe.of(row.packet) for row in rows])) == _should_arrive(rows)


def test_xfrm_asks_for_protection_of_what_the_policy_protects(sample: Sample, machines: Lab) -> None:
    """The kernel asks its key manager for an SA exactly for the outbound packets that must be protected."""
    for text in texts_for(sample, xfrm.TARGET):
        machines.host.batch(text)
    rows = rows_for_xfrm(sample, Direction.OUT)
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
        rows = [row for row in rows_for_xfrm(sample, direction) if row.packet.local_port not in IKE_PORTS]
        arrived = _arrived(rows, send([Probe.of(row.packet) for row in rows]))
        assert set(arrived) <= set(_should_arrive(rows))
        assert narrowed or arrived == _should_arrive(rows)


def test_a_kind_of_interface_is_a_loss_of_xfrm() -> None:
    lossy = {sample.name for sample in SAMPLES if any(depends_on_link(sample, row) for row in sample.rows())}
    told = {
        sample.name
        for sample in SAMPLES
        if any("connection type" in loss.attribute for loss in xfrm.TARGET.emit(emission_request(sample)).losses)
    }
    assert lossy == told == {"not-recommended/remote-access-tunnel.cmd", "special-considerations/wireless-802-11.cmd"}
