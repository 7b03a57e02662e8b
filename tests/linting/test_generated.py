"""What a generator of scripts gets wrong is found in its output."""

from __future__ import annotations

from pathlib import Path

import pytest

from ipsecmig.dialects.base import Reading, ReadOptions, Source
from ipsecmig.dialects.registry import read
from ipsecmig.lint.inspection import Inspection
from ipsecmig.lint.registry import RULES
from ipsecmig.lint.run import run
from ipsecmig.model.flatten import select_policy
from ipsecmig.model.selectors import PortRange

FOLDER = Path(__file__).parent / "generated"
SCRIPT = (FOLDER / "ordered.cmd").read_text()


def reading_of(script: str) -> Reading:
    return read(Source("ordered.cmd", script.encode()), ReadOptions(assumptions=frozenset({"errors"})))


def with_the_name_right() -> Inspection:
    """Return the policy with the rules in it, as whoever notices the error of netsh repairs the script."""
    store = reading_of(SCRIPT.replace("name=servers-policy", "name=servers")).store
    return Inspection(store, select_policy(store))


def test_the_script_is_what_the_generator_writes() -> None:
    generator = pytest.importorskip("aerleon.lib.windows_ipsec", reason="aerleon is not installed")
    from aerleon.lib import naming, policy

    parsed = policy.ParsePolicy((FOLDER / "ordered.pol").read_text(), naming.Naming(str(FOLDER / "definitions")))
    assert str(generator.WindowsIPSec(parsed, 2)) == SCRIPT


def test_what_is_defined_twice_assigned_too_early_and_nowhere_defined_is_told() -> None:
    store = reading_of(SCRIPT).store
    assert store.policies[0].rules == ()
    strict = read(Source("ordered.cmd", SCRIPT.encode()), ReadOptions())
    told = [one.code for one in strict.diagnostics]
    assert told.count("NS050") == 4
    assert told.count("NS053") == 2
    repaired = reading_of(SCRIPT.replace("name=servers-policy", "name=servers"))
    assert "NS069" in [one.code for one in repaired.diagnostics]


def test_a_meaning_that_depends_on_the_order_is_told() -> None:
    found = [one for one in run(RULES, with_the_name_right()) if one.code == "X47"]
    assert [one.subject.name for one in found] == ["servers/s_allow-files-rule"]
    assert "are permitted; if the order of the rules counted they would be blocked" in found[0].message


def test_ports_that_the_generator_loses_are_lost() -> None:
    """A known gap: the terms name ports 25 and 80 as well, and no rule can miss what the script does not have."""
    (filter_list,) = [one for one in with_the_name_right().store.filter_lists if one.name == "s_allow-files-list"]
    ports = [one.destination_port for one in filter_list.filters]
    assert ports == [PortRange(port, port) for port in (443, 444, 445)]
