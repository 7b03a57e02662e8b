"""`ipsecmig fleet`: what it prints of a folder, and the exit codes."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from fake_parts import Outcome
from fleet_hosts import KEY, script
from jsonschema import Draft202012Validator

from ipsecmig.cli.app import run
from ipsecmig.cli.exits import Exit
from ipsecmig.cli.guard import exit_code
from ipsecmig.resources import schema

Call = Callable[..., Outcome]

SITE = """
hosts:
  - {name: web1, addresses: [10.0.0.1]}
  - {name: web2, addresses: [10.0.0.2]}
  - {name: db1, addresses: [10.0.0.3]}
"""


@pytest.fixture
def fleet(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Call:
    """Return what runs `ipsecmig fleet` over a folder of three hosts, of which one has another policy."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("NO_COLOR", "1")
    folder = Path("hosts")
    (folder / "web2").mkdir(parents=True)
    (folder / "web1.cmd").write_text(script())
    (folder / "web2" / "policy.cmd").write_text(script(name="Other name"))
    (folder / "db1.cmd").write_text(script(methods=f"psk={KEY}"))
    (folder / "notes.txt").write_text("to be done")
    Path("site.yaml").write_text(SITE)

    def call(*arguments: str) -> Outcome:
        code = exit_code(lambda: run(("fleet", "hosts", *arguments)))
        out, err = capsys.readouterr()
        assert KEY not in out + err
        return Outcome(code, out, err)

    return call


def document(outcome: Outcome) -> dict[str, object]:
    found = json.loads(outcome.out)
    Draft202012Validator(json.loads(schema("fleet.schema.json").read_text())).validate(found)
    return found  # type: ignore[no-any-return]


def test_groups_and_pairs_are_shown(fleet: Call) -> None:
    result = fleet("--site", "site.yaml", "--select", "X12", "--fail-on", "error")
    assert result.code == Exit.FINDINGS
    assert "2 policies on 3 hosts" in result.out
    assert '1. "Servers", "Other name" on 2 hosts: web1, web2' in result.out
    assert "3 pairs of hosts compared" in result.out
    assert "no authentication method in common: preshared key here, Kerberos there" in result.out.replace(
        "Kerberos here, preshared key there", "preshared key here, Kerberos there"
    )
    assert "notes.txt: CLI003 warning: left out" in result.err


def test_json_fits_its_schema_and_says_the_same(fleet: Call) -> None:
    found = document(fleet("--site", "site.yaml", "--format", "json"))
    groups, pairs = found["groups"], found["pairs"]
    assert isinstance(groups, list)
    assert isinstance(pairs, dict)
    assert [group["hosts"] for group in groups] == [["web1", "web2"], ["db1"]]
    (disagreement,) = pairs["findings"]
    assert {frozenset(pair.values()) for pair in disagreement["pairs"]} == {
        frozenset(("db1", "web1")),
        frozenset(("db1", "web2")),
    }


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (("--fail-on", "never"), Exit.DONE),
        (("--select", "P01"), Exit.DONE),
        (("--select", "X12"), Exit.FINDINGS),
        (("--select", "X12", "--fail-on", "error"), Exit.DONE),
        (("--select", "X12", "--severity", "error"), Exit.DONE),
    ],
)
def test_exit_codes_follow_the_findings(fleet: Call, arguments: tuple[str, ...], expected: Exit) -> None:
    assert fleet(*arguments).code == expected


def test_without_addresses_hosts_are_not_compared_and_that_is_said(fleet: Call) -> None:
    found = document(fleet("--format", "json", "--fail-on", "never"))
    assert found["pairs"] == {
        "compared": 0,
        "not_compared": [{"hosts": ["db1", "web1", "web2"], "reason": "its addresses are not known"}],
        "findings": [],
    }


def test_a_host_that_cannot_be_read_is_undecided_and_the_others_are_not(fleet: Call) -> None:
    Path("hosts/bad.cmd").write_text("netsh ipsec static add policy nom=x\n")
    result = fleet("--format", "json", "--fail-on", "never")
    found = document(result)
    assert result.code == Exit.UNDECIDED
    assert isinstance(found["undecided"], list)
    assert [one["host"] for one in found["undecided"]] == ["bad"]
    assert len(found["groups"]) == 2  # type: ignore[arg-type]


def test_several_jobs_say_the_same(fleet: Call) -> None:
    arguments = ("--site", "site.yaml", "--format", "json")
    assert fleet(*arguments, "--jobs", "2").out == fleet(*arguments, "--jobs", "1").out


def test_a_folder_without_hosts_is_bad_input(fleet: Call, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    assert exit_code(lambda: run(("fleet", "empty"))) == Exit.BAD_INPUT
    assert exit_code(lambda: run(("fleet", "site.yaml"))) == Exit.BAD_INPUT


def test_a_scheduler_that_is_not_there_is_bad_usage(fleet: Call) -> None:
    pytest.importorskip("distributed")
    result = fleet("--scheduler", "nonsense://127.0.0.1:1")
    assert result.code == Exit.BAD_INPUT
    assert "--scheduler nonsense://127.0.0.1:1" in result.err
