"""What rules are given, and what becomes of what they find."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from cli.lint_files import POLICY
from ipsecmig.cli.conversion import choose_targets
from ipsecmig.cli.linting.inspecting import Job, inspect_together, peer_inspection
from ipsecmig.cli.linting.reported import Reported, identities, merged
from ipsecmig.cli.options import Inputs
from ipsecmig.diagnostics import Origin, Severity
from ipsecmig.errors import BudgetExceeded
from ipsecmig.lint import inspection as inspections
from ipsecmig.lint.finding import Finding, Subject, policy_subject
from ipsecmig.lint.inspection import Inspection
from ipsecmig.lint.rule import Family, LintRule
from ipsecmig.model.flatten import FlatPolicy
from ipsecmig.model.inventory import UNKNOWN_SURROUNDINGS


def _losses(inspection: Inspection) -> Iterator[Finding]:
    for loss in inspection.losses:
        yield LOSSES.finding(loss.target, Subject("attribute", loss.attribute, loss.origin))


def _peers(inspection: Inspection) -> Iterator[Finding]:
    if inspection.peer is not None:
        yield PEERS.finding("is compared", policy_subject(inspection.peer.policy))


def _decided(inspection: Inspection) -> Iterator[Finding]:
    _ = inspection.decisions
    yield DECIDED.finding("is decided", policy_subject(inspection.policy))


LOSSES = LintRule("T01", "losses", Family.MIGRATION, Severity.WARNING, _losses, "")
PEERS = LintRule("T02", "peers", Family.AUTHENTICATION, Severity.WARNING, _peers, "")
DECIDED = LintRule("T03", "decided", Family.FILTERS, Severity.WARNING, _decided, "")


@pytest.fixture
def job(tmp_path: Path) -> Job:
    """Return the job of inspecting one policy."""
    path = tmp_path / "policy.netsh"
    path.write_text(POLICY)
    return Job(Inputs((str(path),)), UNKNOWN_SURROUNDINGS, (LOSSES, PEERS, DECIDED))


def test_rules_see_what_targets_cannot_say(job: Job) -> None:
    found = inspect_together(replace(job, targets=choose_targets("nftables,strongswan"))).reported
    assert {one.message for one in found if one.code == "T01"} == {"nftables", "strongswan"}


def test_rules_see_the_policy_of_the_peer(job: Job, tmp_path: Path) -> None:
    path = tmp_path / "peer.netsh"
    path.write_text(POLICY.replace("Member", "Peer") + "add policy name=Member\n")
    peer = peer_inspection(Inputs((str(path),)), "peer", UNKNOWN_SURROUNDINGS)
    found = inspect_together(replace(job, peer=peer)).reported
    assert [one.subject.name for one in found if one.code == "T02"] == ["Peer"]


def test_without_targets_and_peer_there_are_none(job: Job) -> None:
    assert {one.code for one in inspect_together(job).reported} & {"T01", "T02", "T03"} == {"T03"}


def test_a_rule_that_exceeds_the_budget_is_undecided_and_the_others_run(
    job: Job, monkeypatch: pytest.MonkeyPatch
) -> None:
    tried = []

    def too_large(flat: FlatPolicy) -> None:
        tried.append(flat)
        raise BudgetExceeded(1000)

    monkeypatch.setattr(inspections, "ranking", too_large)
    again = replace(DECIDED, code="T04")
    result = inspect_together(replace(job, rules=(DECIDED, again, LOSSES), targets=choose_targets("strongswan")))
    assert [one.reason.partition(":")[0] for one in result.undecided] == ["T03", "T04"]
    assert "T01" in {one.code for one in result.reported}
    assert len(tried) == 1


ONE = Reported("T01", Severity.WARNING, "said", Subject("rule", "R", Origin("x", 3, 1)), policies=("A",))


@pytest.mark.parametrize(
    ("other", "number"),
    [
        (replace(ONE, policies=("B",)), 1),
        (replace(ONE, message="said otherwise", policies=("B",)), 2),
        (replace(ONE, subject=Subject("rule", "S")), 2),
        (replace(ONE, code="T02"), 2),
    ],
)
def test_what_policies_share_is_reported_once(other: Reported, number: int) -> None:
    found = merged([ONE, other])
    assert len(found) == number
    if number == 1:
        assert found[0].policies == ("A", "B")


def test_what_is_certain_under_one_policy_is_certain() -> None:
    weak = replace(ONE, severity=Severity.INFO, certain=False, policies=("B",))
    [found] = merged([weak, ONE])
    assert (found.severity, found.certain) == (Severity.WARNING, True)


def test_what_the_reader_repeats_stays_apart() -> None:
    said = replace(ONE, policies=())
    moved = replace(said, subject=said.subject._replace(origin=Origin("x", 9, 1)))
    found = merged([moved, said, said])
    assert found == (said, said, moved)
    assert [one.number for one in identities(found)] == [1, 2, 3]
    assert len({one.fingerprint for one in identities(found)}) == 3
