"""What lint finds in each sample is what samples/README.md says, and recommended uses have no errors."""

from __future__ import annotations

import re
from typing import Final

import pytest
from ground_truth import SAMPLES, every_sample

from ipsecmig.cli.linting.inspecting import Inspected, Job, inspect_together
from ipsecmig.cli.options import HostOptions, Inputs
from ipsecmig.cli.site import make_inventory
from ipsecmig.diagnostics import Severity
from ipsecmig.lint.registry import RULES

ROW: Final = re.compile(r"^\| `(\S+/\S+)` \| ([^|]*) \| ([^|]*) \| ([^|]*) \|$", re.MULTILINE)
EXPECTED: Final = {row[0]: row[1:] for row in ROW.findall((SAMPLES / "README.md").read_text(encoding="utf-8"))}
SCRIPTS: Final = sorted(sample.path.relative_to(SAMPLES).as_posix() for sample in every_sample())


def inspected(sample: str) -> Inspected:
    path = SAMPLES / sample
    site = path.with_name(f"{path.stem}.site.yaml")
    inventory = make_inventory(HostOptions(site if site.exists() else None))
    return inspect_together(Job(Inputs((str(path),)), inventory, RULES))


def row(sample: str) -> tuple[str, ...]:
    """Return the codes of errors, warnings and informations found in a sample, as a row of the table says them."""
    found = inspected(sample).reported
    codes = [
        sorted({one.code for one in found if one.severity is severity})
        for severity in (Severity.ERROR, Severity.WARNING, Severity.INFO)
    ]
    return tuple(" ".join(some) or "none" for some in codes)


@pytest.mark.parametrize("sample", SCRIPTS)
def test_the_findings_are_those_that_the_document_states(sample: str) -> None:
    assert row(sample) == EXPECTED[sample]


def test_every_row_is_about_a_sample() -> None:
    assert sorted(EXPECTED) == SCRIPTS


@pytest.mark.parametrize("sample", [sample for sample in SCRIPTS if sample.startswith("recommended/")])
def test_what_is_recommended_has_no_errors(sample: str) -> None:
    assert EXPECTED[sample][0] == "none"


@pytest.mark.parametrize(
    ("sample", "code"),
    [
        ("not-recommended/member-to-domain-controller.cmd", "S20"),
        ("not-recommended/all-traffic.netsh", "S21"),
        ("not-recommended/remote-access-tunnel.cmd", "S30"),
        ("special-considerations/wireless-802-11.cmd", "S33"),
        ("special-considerations/home-office.bat", "S35"),
        ("special-considerations/dynamic-addresses.ps1", "S16"),
        ("traps/conflict.netsh", "X23"),
        ("traps/missing-mirror.cmd", "X35"),
    ],
)
def test_what_a_sample_is_about_is_found_in_it(sample: str, code: str) -> None:
    assert code in " ".join(EXPECTED[sample])
