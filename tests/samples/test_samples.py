"""Every sample is read, means what its scenario says, and is written for every target."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

import pytest
from ground_truth import (
    FORMS,
    HANDMADE,
    SAMPLES,
    SUFFIXES,
    Row,
    Sample,
    decide,
    decided_samples,
    emission_request,
    every_sample,
    flat_policy,
    flat_policy_at,
    reading_of,
)

from ipsecmig.diagnostics import Severity
from ipsecmig.emit.registry import TARGETS
from ipsecmig.model.conflicts import decision_map, find_conflicts
from ipsecmig.model.explanation import explain
from ipsecmig.model.policy import Certificate, Policy, PresharedKey
from ipsecmig.model.selectors import TCP, DnsName, Family, ServerAddress
from ipsecmig.model.space import Direction
from ipsecmig.model.targets import Target
from ipsecmig.model.treatment import Protect, TunnelSense

EVERY = every_sample()
DECIDED = decided_samples()
ROWS = [(sample, row) for sample in DECIDED for row in sample.rows()]


def _name(value: object) -> str | None:
    if isinstance(value, Sample):
        return value.name
    if isinstance(value, Row):
        return value.packet.text()
    return value.name if isinstance(value, Target) else None


def test_every_file_beside_a_sample_belongs_to_one() -> None:
    scripts = {sample.path.with_suffix("") for sample in EVERY}
    beside = [
        p for p in SAMPLES.rglob("*.*") if p.suffix not in SUFFIXES and p.parent not in {SAMPLES, HANDMADE, FORMS}
    ]
    assert len(scripts) == len(EVERY), "two samples of one name"
    assert [p.name for p in beside if p.with_suffix("").with_suffix("") not in scripts] == []


@pytest.mark.parametrize("sample", DECIDED, ids=_name)
def test_sample_is_understood_whole(sample: Sample) -> None:
    reading = reading_of(sample)
    assert [d for d in reading.diagnostics if d.severity is Severity.ERROR] == []
    assert reading.store.not_understood == ()
    assert flat_policy(sample).not_understood == ()


EXPECTED_WARNINGS = {
    "recommended/domain-controllers-forest-a.cmd": {"is not UTF-8; read as cp1252"},
    "recommended/secure-server-keywords.netsh": {"Windows resolves this name once"},
}


@pytest.mark.parametrize("sample", [s for s in DECIDED if s.path.parent.name == "recommended"], ids=_name)
def test_recommended_sample_is_read_without_an_unexpected_warning(sample: Sample) -> None:
    warnings = {d.message for d in reading_of(sample).diagnostics if d.severity > Severity.INFO}
    expected = EXPECTED_WARNINGS.get(sample.name, set())
    assert {beginning for beginning in expected if any(w.startswith(beginning) for w in warnings)} == expected
    assert {w for w in warnings if not w.startswith(tuple(expected))} == set()


@pytest.mark.parametrize(("sample", "row"), ROWS, ids=_name)
def test_packet_meets_what_the_scenario_says(sample: Sample, row: Row) -> None:
    assert decide(flat_policy(sample), row.packet) == row.expected, f"{sample.table.name}:{row.line}: {row.remark}"


@pytest.mark.parametrize("sample", DECIDED, ids=_name)
def test_decision_map_and_explanation_say_what_the_scenario_says(sample: Sample) -> None:
    flat = flat_policy(sample)
    decisions = decision_map(flat)
    for row in sample.rows():
        explanation = explain(flat, row.packet)
        assert decisions.at(row.packet) == explanation.treatment
        assert type(explanation.treatment).__name__.lower() == row.expected.treatment
        assert row.expected.decided_by.split(" ")[0] == explanation.decided_by.value


@pytest.mark.parametrize("sample", DECIDED, ids=_name)
def test_table_is_thorough(sample: Sample) -> None:
    rows = sample.rows()
    packets = Counter(row.packet for row in rows)
    assert [packet.text() for packet, times in packets.items() if times > 1] == []
    assert len(rows) >= 10
    assert {row.packet.direction for row in rows} >= {Direction.OUT, Direction.IN}
    used = {row.expected.decided_by.removeprefix("filter ") for row in rows}
    lists = {filter_.filter_list.name for filter_ in flat_policy(sample).filters}
    assert lists <= used, "a filter list that decides no packet of the table"


def _without_inventory(sample: Sample) -> list[Row]:
    """Return the rows that must not change when the host's addresses are not known: packets to or from one."""
    own = {address.first for address in sample.site.addresses}
    return [row for row in sample.rows() if row.packet.local in own and row.packet.family == Family.IPV4]


def _needs_inventory(sample: Sample) -> bool:
    """Whether the script leaves open what a server or a name is, or which end of a tunnel its host is."""
    used = flat_policy(sample).filters
    ends = [end for f in used for end in (f.filter.source, f.filter.destination)]
    undirected = [f for f in used if f.rule.tunnel_endpoint is not None and not (f.source.me or f.destination.me)]
    return bool(undirected) or any(isinstance(end, ServerAddress | DnsName) for end in ends)


@pytest.mark.parametrize("sample", DECIDED, ids=_name)
def test_knowing_the_host_changes_nothing_for_its_own_packets(sample: Sample) -> None:
    if _needs_inventory(sample):
        assert flat_policy_at(sample, replace(sample.site, addresses=(), servers={}, names={})).not_understood != ()
        return
    flat = flat_policy_at(sample, replace(sample.site, addresses=()))
    rows = _without_inventory(sample)
    assert rows
    assert [decide(flat, row.packet) for row in rows] == [row.expected for row in rows]


@pytest.mark.parametrize("sample", [s for s in DECIDED if s.path.parent.name == "recommended"], ids=_name)
def test_recommended_sample_has_no_conflict(sample: Sample) -> None:
    assert find_conflicts(flat_policy(sample)).pairs == ()


@pytest.mark.parametrize("target", TARGETS, ids=_name)
@pytest.mark.parametrize("sample", DECIDED, ids=_name)
def test_sample_is_written_for_target(sample: Sample, target: Target) -> None:
    emission = target.emit(emission_request(sample))
    assert emission.target == target.name
    assert emission.files
    assert emission == target.emit(emission_request(sample)), "not deterministic"
    keys = _preshared_keys(flat_policy(sample).policy)
    open_files = [file for file in emission.files if not file.secret]
    assert [file.path for file in open_files if any(key.encode() in file.content for key in keys)] == []


def _preshared_keys(policy: Policy) -> set[str]:
    methods = [method for rule in policy.rules for method in rule.authentication]
    return {m.secret.reveal() for m in methods if isinstance(m, PresharedKey) and m.secret is not None}


def test_preshared_keys_are_plainly_invented_and_used_for_one_pair_only() -> None:
    users: dict[str, set[str]] = {}
    for sample in DECIDED:
        for key in _preshared_keys(flat_policy(sample).policy):
            users.setdefault(key, set()).add(sample.path.stem)
    assert users
    for key, samples in users.items():
        assert key.startswith("N0t-A-Real-Key.")
        assert len(samples) == 1 or samples == {"web-to-database-web-server", "web-to-database-sql-server"}


def _sample(name: str) -> Sample:
    return next(sample for sample in EVERY if sample.name == name)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("recommended/web-to-database-web-server.cmd", "recommended/web-to-database-sql-server.netsh"),
        ("recommended/domain-controllers-forest-a.cmd", "recommended/domain-controllers-forest-b.cmd"),
        ("recommended/isa-nat-server-a.cmd", "recommended/isa-nat-server-b.cmd"),
    ],
)
def test_two_ends_agree(one: str, other: str) -> None:
    """Offers, authentication and main mode must have something in common; these pairs have all of it."""
    assert _proposals(_sample(one)) == _proposals(_sample(other))


def _proposals(sample: Sample) -> set[Protect]:
    return {f.treatment for f in flat_policy(sample).filters if isinstance(f.treatment, Protect)}


def test_tunnel_is_two_halves() -> None:
    filters = flat_policy(_sample("recommended/site-to-site-vendor-gateway.cmd")).filters
    senses = {
        f.rule.name: f.treatment.tunnel.sense
        for f in filters
        if isinstance(f.treatment, Protect) and f.treatment.tunnel is not None
    }
    assert senses == {"Out": TunnelSense.ENCAPSULATE, "In": TunnelSense.DECAPSULATE}


def test_text_in_an_ansi_code_page_is_read() -> None:
    flat = flat_policy(_sample("recommended/domain-controllers-forest-a.cmd"))
    rules = [rule for rule in flat.policy.rules if rule.name == "Secure"]
    assert rules[0].authentication == (Certificate("DC=example, DC=pki, CN=Forest Bridge Root CA"),)
    assert flat.policy.description == "Vertrauensstellung: Domänencontroller beider Gesamtstrukturen"


def test_loop_makes_one_filter_each() -> None:
    flat = flat_policy(_sample("special-considerations/home-office.bat"))
    closed = {
        f.filter.destination_port.first
        for f in flat.filters
        if f.filter_list.name == "Closed" and f.filter.protocol == TCP
    }
    assert closed == {135, 136, 137, 138, 139, 445}


def test_mistakes_are_all_named_and_nothing_else_is() -> None:
    sample = _sample("traps/mistakes.cmd")
    lines = sample.path.read_text(encoding="ascii").splitlines()
    reading = reading_of(sample)
    places = {d.origin.line for d in reading.diagnostics if d.severity >= Severity.WARNING}
    sound = {n for n, line in enumerate(lines, 1) if not line.startswith("netsh")} | {3, 4}
    assert places & sound == set()
    assert places == set(range(1, len(lines) + 1)) - sound
    assert any(d.severity is Severity.ERROR for d in reading.diagnostics)


def test_what_depends_on_run_time_is_undecided() -> None:
    sample = _sample("traps/run-time.cmd")
    reading = reading_of(sample)
    assert [d for d in reading.diagnostics if d.severity is Severity.ERROR] == []
    assert {n.origin.line for n in reading.store.not_understood} == {3, 7}
    assert flat_policy(sample).not_understood != ()
