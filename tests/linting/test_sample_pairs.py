"""The samples that are two ends of one scenario fit each other; what was not compared is said."""

from __future__ import annotations

import pytest
from ground_truth import SAMPLES

from ipsecmig.cli.site import read_inventory
from ipsecmig.dialects.base import ReadOptions, Source
from ipsecmig.dialects.registry import read
from ipsecmig.lint.inspection import Inspection
from ipsecmig.lint.registry import RULES
from ipsecmig.lint.run import run
from ipsecmig.model.flatten import select_policy

ABOUT_PEERS = frozenset({"S42", "X25", "P01", "P02", "P03", "P04"})


def inspection(name: str, peer: Inspection | None = None) -> Inspection:
    path = SAMPLES / "recommended" / name
    store = read(Source(path.name, path.read_bytes()), ReadOptions(), None).store
    return Inspection(store, select_policy(store), read_inventory(path.with_suffix(".site.yaml")), peer)


@pytest.mark.parametrize(
    ("one", "other", "expected"),
    [
        ("domain-controllers-forest-a.cmd", "domain-controllers-forest-b.cmd", set()),
        ("web-to-database-sql-server.netsh", "web-to-database-web-server.cmd", set()),
        ("isa-nat-server-a.cmd", "isa-nat-server-b.cmd", {"P04"}),
    ],
)
def test_two_ends_of_a_scenario_fit_each_other(one: str, other: str, expected: set[str]) -> None:
    ours = inspection(one, inspection(other))
    assert bool(ours.encounters) == (not expected)
    found = run(RULES, ours)
    assert {finding.code for finding in found} & ABOUT_PEERS == expected
