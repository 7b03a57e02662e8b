"""What a person sets aside: in comments, in the settings, and in a baseline."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from fake_parts import Cli
from hypothesis import given, settings
from hypothesis import strategies as st

from cli.lint_files import POLICY, S20, document
from ipsecmig.cli.exits import Exit
from ipsecmig.cli.linting.reported import Reported
from ipsecmig.cli.linting.suppressions import inline_suppressions

BATCH = "@echo off\n" + "".join(f"netsh ipsec static {line}\n" for line in POLICY.splitlines()[1:])
"""The same policy as a batch file; the policy is added on line 4."""


def codes(lint: Cli, *arguments: str) -> tuple[list[str], list[str]]:
    """Return the codes of what counts, and of what is suppressed."""
    found = document(lint(*arguments, "--format", "json"))
    return [one["code"] for one in found["findings"]], [one["code"] for one in found["suppressed"]]


def with_comment(comment: str, script: str = POLICY, before: str = "add policy") -> str:
    """Return the script with a line before a command."""
    lines = script.splitlines()
    at = next(number for number, line in enumerate(lines) if before in line)
    return "\n".join([*lines[:at], comment, *lines[at:]]) + "\n"


ALL = ("--site", "site.yaml", "--select", "S20,SU")


@pytest.mark.parametrize(
    ("name", "comment"),
    [
        ("a.netsh", "# ipsecmig: ignore=S20 the forest moves"),
        ("a.netsh", "#ipsecmig: ignore=S20 the forest moves"),
        ("a.cmd", "rem ipsecmig: ignore=S20 the forest moves"),
        ("a.cmd", "@REM ipsecmig: ignore=s20,X43 the forest moves\nrem another remark\n"),
        ("a.cmd", ":: ipsecmig: ignore=S20 the forest moves until=2999-01-01"),
        ("a.ps1", "# ipsecmig: ignore=S20 the forest moves"),
    ],
)
def test_comment_before_a_command_suppresses(lint: Cli, name: str, comment: str) -> None:
    script = {"netsh": POLICY, "cmd": BATCH, "ps1": BATCH.replace("@echo off\n", "")}[name.partition(".")[2]]
    Path(name).write_text(with_comment(comment, script))
    assert codes(lint, "lint", name, *ALL) == ([], ["S20"])
    suppression = document(lint("lint", name, *ALL, "--format", "json"))["suppressed"][0]["suppression"]
    assert (suppression["kind"], suppression["reason"]) == ("inline", "the forest moves")


@pytest.mark.parametrize(
    ("comment", "found"),
    [
        ("# ipsecmig: ignore=S20", ["SU003", "S20"]),
        ("# ipsecmig: ignore=S20 until=2999-01-01", ["SU003", "S20"]),
        ("# ipsecmig: ignore=S2O the forest moves", ["SU003", "S20"]),
        ("# ipsecmig: ignore the forest moves", ["SU003", "S20"]),
        ("# ipsecmig: ignore=S20 the forest moves until=soon", ["SU003", "S20"]),
        ("# ipsecmig: ignore=S20 the forest moved until=2001-01-01", ["SU002", "S20"]),
        ("# ipsecmig: ignore=S07 the forest moves", ["S20"]),
    ],
)
def test_what_does_not_suppress(lint: Cli, comment: str, found: list[str]) -> None:
    Path("a.netsh").write_text(with_comment(comment))
    assert sorted(codes(lint, "lint", "a.netsh", *ALL)[0]) == sorted(found)


@pytest.mark.parametrize(
    ("before", "select", "found"),
    [
        ("add filteraction", "S20,SU", ["S20", "SU001"]),
        ("add policy", "S20,SU", []),
        ("add policy", "SU", []),
        ("add filteraction", "SU", []),
    ],
)
def test_unused_is_a_finding_where_its_codes_were_looked_for(
    lint: Cli, before: str, select: str, found: list[str]
) -> None:
    Path("a.netsh").write_text(with_comment("# ipsecmig: ignore=S20 the forest moves", before=before))
    assert sorted(codes(lint, "lint", "a.netsh", "--site", "site.yaml", "--select", select)[0]) == found


def test_comment_covers_every_line_of_its_command(lint: Cli) -> None:
    script = BATCH.replace("add policy name=Member", "add policy ^\n name=Member ^\n description=x")
    Path("a.cmd").write_text(with_comment("rem ipsecmig: ignore=NS001,S20 a reason", script))
    assert codes(lint, "lint", "a.cmd", *ALL) == ([], ["S20"])


def test_nothing_is_called_unused_where_the_inspection_is_not_whole(lint: Cli) -> None:
    script = with_comment("# ipsecmig: ignore=S20 a reason", before="add filteraction") + "importpolicy file=x.ipsec\n"
    Path("a.netsh").write_text(script)
    assert codes(lint, "lint", "a.netsh", *ALL)[0] == ["S20"]


@settings(max_examples=100, deadline=None)
@given(
    st.lists(
        st.sampled_from(["rem ", "#", "::", " ipsecmig: ", "ignore=", "S20", ",", "why", "until=", "2026", "\n", "^"])
    )
)
def test_any_comment_is_a_suppression_with_a_reason_or_a_finding(parts: list[str]) -> None:
    text, complained = "".join(parts), list[Reported]()
    found = list(inline_suppressions("x", text, complained.append))
    assert all(one.reason and one.codes == {"S20"} and one.first > one.origin.line for one in found)
    assert len(found) + len(complained) <= text.count("ipsecmig:")


CONFIGURED = '[[suppress]]\ncode = "S20"\nobject = "{object}"\nreason = "the forest moves"\n'


@pytest.mark.parametrize(
    ("named", "more", "found"),
    [
        ("Member", "", ([], ["S20"])),
        ("policy 'member'", "", (["S20", "SU001"], [])),
        ('policy \\"member\\"', "", ([], ["S20"])),
        ("Other", "", (["S20", "SU001"], [])),
        ("Other", 'file = "elsewhere.netsh"\n', (["S20"], [])),
        ("Member", 'file = "elsewhere.netsh"\n', (["S20"], [])),
        ("Member", 'file = "policy.netsh"\n', ([], ["S20"])),
        ("Member", "expires = 2999-12-31\n", ([], ["S20"])),
        ("Member", 'expires = "2001-12-31"\n', (["S20", "SU002"], [])),
    ],
)
def test_suppression_of_the_settings(lint: Cli, named: str, more: str, found: tuple[list[str], list[str]]) -> None:
    Path("ipsecmig.toml").write_text(CONFIGURED.format(object=named) + more)
    live, aside = codes(lint, "lint", "policy.netsh", *ALL)
    assert (sorted(live), aside) == found


def test_suppression_in_a_project_file(lint: Cli) -> None:
    Path("pyproject.toml").write_text(CONFIGURED.format(object="Member").replace("suppress", "tool.ipsecmig.suppress"))
    assert codes(lint, "lint", "policy.netsh", *ALL) == ([], ["S20"])


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (
            '[[suppress]]\ncode = "S20"\nobject = "x"\n',
            'ipsecmig.toml:1:1: CLI010 error: the suppression has no "reason"',
        ),
        (CONFIGURED.replace("the forest moves", " "), "expected: a string that says why"),
        (CONFIGURED + "expires = 3\n", "expected: a day, YYYY-MM-DD"),
        (CONFIGURED + "line = 3\n", 'a suppression has no "line"'),
        (CONFIGURED.replace("S20", "S2O"), 'CLI031 error: there is no code "S2O"; close to it: S20'),
        ("suppress = 3\n", "`suppress` is no list of tables"),
        ('[lint]\nfail-on = "open"\n', 'ipsecmig.toml:2:1: CLI010 error: the setting "lint.fail-on" has a wrong value'),
        ("[lint]\nquiet = true\n", 'there is no setting "lint.quiet"'),
    ],
)
def test_mistake_in_the_settings_is_2(lint: Cli, text: str, said: str) -> None:
    Path("ipsecmig.toml").write_text(text)
    outcome = lint("lint", "policy.netsh")
    assert (outcome.code, outcome.out) == (Exit.BAD_INPUT, "")
    assert said in outcome.err


def test_settings_of_lint(lint: Cli) -> None:
    Path("ipsecmig.toml").write_text(
        'site = "site.yaml"\n[lint]\nselect = ["S20"]\nfail-on = "never"\nformat = "json"\n'
    )
    outcome = lint("lint", "policy.netsh")
    assert (outcome.code, [one["code"] for one in document(outcome)["findings"]]) == (Exit.DONE, ["S20"])
    assert lint("lint", "policy.netsh", "--fail-on", "error").code == Exit.FINDINGS


def test_baseline_survives_moved_lines(lint: Cli) -> None:
    assert lint(*S20, "--write-baseline", "baseline.json").code == Exit.DONE
    Path("policy.netsh").write_text(POLICY.replace("\n", "\n\n"))
    outcome = lint(*S20, "--baseline", "baseline.json", "--format", "json")
    assert outcome.code == Exit.DONE
    assert [one["code"] for one in document(outcome)["known"]] == ["S20"]
    assert "1 known" in lint(*S20, "--baseline", "baseline.json").out


def test_what_is_not_in_the_baseline_counts(lint: Cli) -> None:
    lint(*S20, "--write-baseline", "baseline.json")
    Path("policy.netsh").write_text(POLICY.replace("Member", "Other"))
    outcome = lint(*S20, "--select", "S20,SU", "--baseline", "baseline.json", "--format", "json")
    found = document(outcome)["findings"]
    assert outcome.code == Exit.FINDINGS
    assert sorted((one["code"], one["object"]) for one in found) == [
        ("S20", 'policy "Other"'),
        ("SU004", 'policy "member"'),
    ]


def test_one_more_of_the_same_counts(lint: Cli) -> None:
    script = POLICY + "add filterlist name=dc\n"
    Path("a.netsh").write_text(script)
    command = ("lint", "a.netsh", "--select", "NS050")
    lint(*command, "--write-baseline", "baseline.json")
    assert lint(*command, "--baseline", "baseline.json").code == Exit.DONE
    Path("a.netsh").write_text(script + "add filterlist name=dc\n")
    assert lint(*command, "--baseline", "baseline.json").code == Exit.FINDINGS


def test_stale_entry_of_a_file_that_is_not_inspected_is_left_alone(lint: Cli) -> None:
    Path("other.netsh").write_text(POLICY.replace("Member", "Other"))
    lint("lint", "other.netsh", *ALL, "--write-baseline", "baseline.json")
    command = ("lint", "policy.netsh", "--select", "S20,SU", "--baseline", "baseline.json")
    assert lint(*command).code == Exit.DONE
    Path("other.netsh").unlink()
    assert "SU004 warning" in lint(*command).out


def test_baseline_has_no_findings_about_suppressions(lint: Cli) -> None:
    Path("policy.netsh").write_text(with_comment("# ipsecmig: ignore=S20"))
    outcome = lint("lint", "policy.netsh", *ALL, "--write-baseline", "baseline.json")
    assert outcome.code == Exit.FINDINGS
    assert [one["code"] for one in json.loads(Path("baseline.json").read_text())["findings"]] == ["S20"]


@pytest.mark.parametrize(
    "text", ["", "[]", "{}", '{"ipsecmig-baseline": 2}', '{"ipsecmig-baseline": 1, "findings": [{"code": "S20"}]}']
)
def test_what_is_no_baseline_is_2(lint: Cli, text: str) -> None:
    Path("baseline.json").write_text(text)
    outcome = lint(*S20, "--baseline", "baseline.json")
    assert outcome.code == Exit.BAD_INPUT
    assert "baseline.json: CLI030 error" in outcome.err


def test_baseline_that_is_missing_is_2_unless_it_is_about_to_be_written(lint: Cli) -> None:
    assert lint(*S20, "--baseline", "baseline.json").code == Exit.BAD_INPUT
    assert lint(*S20, "--baseline", "baseline.json", "--write-baseline", "baseline.json").code == Exit.DONE
    assert lint(*S20, "--baseline", "baseline.json").code == Exit.DONE
