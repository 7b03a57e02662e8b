"""What lint finds in the samples: what the document recommends is no error, what it advises against is found."""

from __future__ import annotations

import pytest
from ground_truth import Sample, decided_samples, reading_of

from ipsecmig.cli.site import read_inventory
from ipsecmig.diagnostics import Severity
from ipsecmig.lint.finding import Finding
from ipsecmig.lint.inspection import Inspection
from ipsecmig.lint.registry import RULES
from ipsecmig.lint.run import run
from ipsecmig.model.explanation import explain
from ipsecmig.model.flatten import select_policy

SCENARIOS = frozenset(f"S{number:02}" for number in range(1, 40))
"""The rules on the document's scenarios and on what it advises against."""

EXPECTED = {
    "recommended/l2tp-server.netsh": {"S12"},
    "recommended/perimeter-servers.netsh": {"S04"},
    "recommended/secure-server-keywords.netsh": {"S16", "S22", "S23"},
    "recommended/secure-server.cmd": {"S22", "S23"},
    "not-recommended/all-traffic.netsh": {"S07", "S09", "S11", "S20", "S21", "S22", "S23", "S24"},
    "not-recommended/member-to-domain-controller.cmd": {"S20"},
    "not-recommended/remote-access-tunnel.cmd": {"S14", "S16", "S30"},
    "special-considerations/dynamic-addresses.ps1": {"S16"},
    "special-considerations/home-office.bat": {"S01", "S35"},
    "special-considerations/wireless-802-11.cmd": {"S33"},
    "traps/conflict.netsh": {"S01"},
}
"""The codes of those rules that find something, with the sample's inventory; none in the other samples."""


def _inspect(sample: Sample) -> tuple[Inspection, tuple[Finding, ...]]:
    store = reading_of(sample).store
    inventory = read_inventory(sample.path.with_suffix(".site.yaml"))
    inspection = Inspection(store, select_policy(store), inventory)
    return inspection, run(RULES, inspection)


@pytest.mark.parametrize("sample", decided_samples(), ids=lambda sample: sample.name)
def test_findings_of_a_sample(sample: Sample) -> None:
    inspection, findings = _inspect(sample)
    assert {finding.code for finding in findings} & SCENARIOS == EXPECTED.get(sample.name, set())
    if sample.path.parent.name == "recommended":
        assert [f.message for f in findings if f.severity is Severity.ERROR] == []
    for finding in findings:
        if finding.witness is not None:
            assert explain(inspection.flat, finding.witness.packet).treatment == finding.witness.treatment


def test_the_samples_with_findings_exist() -> None:
    assert EXPECTED.keys() <= {sample.name for sample in decided_samples()}
