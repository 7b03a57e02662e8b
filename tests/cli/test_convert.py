"""What `convert` reports, as text and as JSON."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from fake_parts import KEY, Cli, FakeTargets, loss
from jsonschema import Draft202012Validator

from ipsecmig.cli import conversion
from ipsecmig.cli.verification import Verdict, Verification
from ipsecmig.errors import BudgetExceeded
from ipsecmig.model.conflicts import ConflictReport
from ipsecmig.model.flatten import FlatPolicy
from ipsecmig.model.targets import LossKind, OutputFile, SecurityDirection
from ipsecmig.resources import schema

OPEN, CLOSED = SecurityDirection.FAILS_OPEN, SecurityDirection.FAILS_CLOSED
CONVERT = ("convert", "policy.fake", "--to", "fake,other")


def document(cli: Cli, *arguments: str) -> dict[str, Any]:
    """Return the JSON result, which fits its schema."""
    result = json.loads(cli(*arguments, "--format", "json").out)
    Draft202012Validator(json.loads(schema("convert.schema.json").read_text())).validate(result)
    assert isinstance(result, dict)
    return result


def test_summary_of_losses_by_target_comes_first(cli: Cli, fakes: FakeTargets) -> None:
    fakes.losses = (loss(OPEN), loss(CLOSED), loss(CLOSED, number=2))
    lines = cli(*CONVERT).out.splitlines()
    assert lines[0] == 'Policy "Web server" of policy.fake'
    assert [line.split() for line in lines[2:5]] == [
        ["target", "fails", "open", "fails", "closed", "exact"],
        ["fake", "1", "2", "10"],
        ["other", "0", "0", "12"],
    ]


def test_equal_losses_are_one_row_with_their_number_and_first_place(cli: Cli, fakes: FakeTargets) -> None:
    fakes.losses = tuple(loss(CLOSED, number=n) for n in range(1, 10_001))
    out = cli(*CONVERT).out
    assert ["fake", "dropped", "10,000", "policy.cmd:1:1"] in [row.split() for row in out.splitlines()]
    assert len(out.splitlines()) < 40


def test_losses_that_fail_open_stand_before_those_that_fail_closed(cli: Cli, fakes: FakeTargets) -> None:
    fakes.losses = (loss(CLOSED), loss(OPEN))
    out = cli(*CONVERT).out
    assert out.index("Fails open: lets more through") < out.index("Fails closed: lets less through")


def test_json_has_every_loss_with_its_place(cli: Cli, fakes: FakeTargets) -> None:
    fakes.losses = (loss(OPEN, LossKind.WIDENED, 3), loss(CLOSED, number=4))
    result = document(cli, *CONVERT)
    assert result["losses"][0] == {
        "target": "fake",
        "kind": "widened",
        "direction": "fails-open",
        "attribute": 'rule "3": soft',
        "location": {"file": "policy.cmd", "line": 3, "column": 1},
        "reason": "no such thing",
        "advice": "leave it out",
    }
    assert len(result["losses"]) == 2
    assert result["exact"] == {"fake": 10, "other": 12}
    assert result["notes"] == [{"target": "fake", "text": "a note"}]
    assert (result["verified"], result["verification_skipped"]) == ("equal", None)
    assert result["written"] is False
    assert [file["path"] for file in result["files"]] == ["rules.nft", "conf.d/secrets.conf", "other.conf"]
    assert [file["purpose"] for file in result["files"]] == ["the rules", "", "the other"]


def test_json_of_what_was_not_understood(cli: Cli, folder: Path) -> None:
    (folder / "some.fake").write_text("fake not-understood")
    result = document(cli, "convert", "some.fake", "--to", "fake", "-o", "out")
    assert result["undecided"] == [
        {
            "text": "if exist x",
            "reason": "depends on run time",
            "location": {"file": "some.fake", "line": 7, "column": 1},
        }
    ]
    assert result["written"] is True


@pytest.mark.parametrize(
    ("word", "direction", "level", "code"),
    [
        ("conflict-open", "fails-open", "open", 1),
        ("conflict-open", "fails-open", "never", 0),
        ("conflict-closed", "fails-closed", "open", 0),
        ("conflict-closed", "fails-closed", "closed", 1),
    ],
)
def test_conflict_has_a_witness_and_counts_as_what_it_risks(
    cli: Cli, folder: Path, word: str, direction: str, level: str, code: int
) -> None:
    (folder / "some.fake").write_text(f"fake {word}")
    arguments = ("convert", "some.fake", "--to", "fake", "--fail-on", level)
    (conflict,) = document(cli, *arguments)["conflicts"]
    assert conflict["witness"].startswith("in tcp 10.")
    assert conflict["witness"].endswith(":23")
    assert conflict["direction"] == direction
    assert (conflict["chosen"]["rule"], conflict["chosen"]["location"]["line"]) == ("Office", 21)
    assert (conflict["other"]["rule"], conflict["other"]["location"]["line"]) == ("Telnet", 22)
    result = cli(*arguments)
    assert result.code == code
    assert "Order not documented by Windows: 1 pair of filters" in result.out
    assert conflict["witness"] in result.out


def test_too_many_conflicts_to_list_are_undecided(cli: Cli, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def give_up(flat: FlatPolicy) -> ConflictReport:
        raise BudgetExceeded(1000)

    monkeypatch.setattr("ipsecmig.cli.contested.find_conflicts", give_up)
    result = cli(*CONVERT)
    assert result.code == 3
    assert "UNDECIDED: there are more conflicts" in result.out
    assert document(cli, *CONVERT)["conflicts_complete"] is False


def test_without_a_folder_nothing_is_written(cli: Cli, folder: Path) -> None:
    result = cli(*CONVERT)
    assert "Nothing was written; -o FOLDER writes these files" in result.out
    assert sorted(path.name for path in folder.iterdir()) == ["policy.fake"]


def test_one_file_is_printed_byte_for_byte(cli: Cli, fakes: FakeTargets) -> None:
    fakes.files = (OutputFile("rules.nft", "table inet \x1b é {}\r\n".encode()),)
    assert cli("convert", "policy.fake", "--to", "fake", "-o", "-").out == "table inet \x1b é {}\r\n"


def test_file_is_made_harmless_for_a_terminal(cli: Cli, fakes: FakeTargets, monkeypatch: pytest.MonkeyPatch) -> None:
    fakes.files = (OutputFile("rules.nft", b"table inet \x1b {}\n"),)
    monkeypatch.setattr("sys.stdout.isatty", lambda: True)
    assert cli("convert", "policy.fake", "--to", "fake", "-o", "-").out == "table inet \\x1b {}\n\n"


def test_several_files_are_printed_with_their_names_and_the_report_goes_beside(cli: Cli) -> None:
    result = cli(*CONVERT, "-o", "-")
    assert result.out == "==> rules.nft <==\ntable inet x {}\n==> conf.d/secrets.conf <==\n==> other.conf <==\nother\n"
    assert "conf.d/secrets.conf holds secrets; it is shown only with --with-secrets" in result.err
    assert "fails open" in result.err


@pytest.mark.parametrize("output", [(), ("-o", "out"), ("-o", "-")])
@pytest.mark.parametrize("format_", ["text", "json"])
def test_preshared_key_never_shows(cli: Cli, folder: Path, output: tuple[str, ...], format_: str) -> None:
    result = cli(*CONVERT, *output, "--format", format_)
    assert KEY not in result.out + result.err
    holders = [path for path in folder.rglob("*") if path.is_file() and KEY.encode() in path.read_bytes()]
    assert [path.name for path in holders] == (["secrets.conf"] if output == ("-o", "out") else [])


@pytest.mark.parametrize("format_", ["text", "json"])
def test_preshared_key_shows_on_request(cli: Cli, format_: str) -> None:
    assert KEY in cli(*CONVERT, "-o", "-", "--with-secrets", "--format", format_).out


def test_nothing_about_a_secret_file_that_helps_to_guess_it(cli: Cli) -> None:
    secret = document(cli, *CONVERT)["files"][1]
    assert (secret["secret"], secret["size"], secret["sha256"]) == (True, None, None)


def test_heading_names_tool_source_policy_and_assumptions(cli: Cli, fakes: FakeTargets) -> None:
    cli(*CONVERT)
    heading = fakes.requests[0].heading
    assert heading[0].startswith("Written by ipsecmig ")
    assert "Source: policy.fake" in heading
    assert 'Policy: "Web server"' in heading
    assert any(text.startswith("Assumed: ") for text in heading)


def test_heading_cannot_break_out_of_a_comment(cli: Cli, fakes: FakeTargets, folder: Path) -> None:
    (folder / "a\nflush ruleset.fake").write_text("fake not-understood")
    cli("convert", "a\nflush ruleset.fake", "--to", "fake")
    assert fakes.requests
    assert not any(set(text) & set("\r\n\x1b") for text in fakes.requests[0].heading)


def test_long_list_of_what_was_not_understood_is_cut_in_the_heading(
    cli: Cli, fakes: FakeTargets, monkeypatch: pytest.MonkeyPatch, folder: Path
) -> None:
    (folder / "some.fake").write_text("fake not-understood")
    monkeypatch.setattr(conversion, "_MOST_PLACES_IN_HEADING", 0)
    cli("convert", "some.fake", "--to", "fake")
    assert "  and 1 more places" in fakes.requests[0].heading


def test_equal_says_apart_from_what(cli: Cli, fakes: FakeTargets) -> None:
    fakes.verification = Verification(Verdict.EQUAL)
    assert "Verified: equal for every packet" in cli(*CONVERT).out.splitlines()
    fakes.losses = (loss(CLOSED),)
    assert "Verified: equal, apart from the 1 loss above" in cli(*CONVERT).out.splitlines()


@pytest.mark.parametrize("verdict", [Verdict.DIFFERENT, Verdict.UNDECIDED])
def test_files_that_fail_their_verification_are_not_written(
    cli: Cli, folder: Path, fakes: FakeTargets, verdict: Verdict
) -> None:
    fakes.verification = Verification(verdict, reason="rules.nft cannot be read back")
    result = cli(*CONVERT, "-o", "out")
    assert result.code == 3
    assert "Nothing was written" in result.out
    assert f"Verified: {verdict.value} (rules.nft cannot be read back)" in result.out
    assert not (folder / "out").exists()
    assert cli(*CONVERT, "-o", "-").out == ""
    unverified = cli(*CONVERT, "-o", "out", "--no-verify")
    assert unverified.code == 0
    assert (folder / "out" / "rules.nft").is_file()
    assert "Verified: skipped (--no-verify was given)" in unverified.out
    assert "Not verified: --no-verify was given." in fakes.requests[-1].heading


def test_source_not_understood_whole_is_written_unless_files_are_known_to_differ(
    cli: Cli, folder: Path, fakes: FakeTargets
) -> None:
    (folder / "some.fake").write_text("fake not-understood")
    for verdict, written in ((Verdict.DIFFERENT, False), (Verdict.UNDECIDED, True)):
        fakes.verification = Verification(verdict)
        assert cli("convert", "some.fake", "--to", "fake", "-o", "out").code == 3
        assert (folder / "out").exists() is written


def test_quiet_keeps_warnings_back_and_results_not(cli: Cli, folder: Path) -> None:
    (folder / "odd.fake").write_text("fake odd note")
    loud, quiet = cli("convert", "odd.fake", "--to", "fake"), cli("convert", "odd.fake", "--to", "fake", "--quiet")
    assert "T001 warning" in loud.err
    assert quiet == (loud.code, loud.out, "")


@pytest.mark.parametrize(
    ("environment", "flag", "colored"),
    [
        ({}, "auto", False),
        ({}, "always", True),
        ({}, "never", False),
        ({"NO_COLOR": "1"}, "always", True),
    ],
)
def test_colors_only_on_request_when_redirected(
    cli: Cli, monkeypatch: pytest.MonkeyPatch, environment: dict[str, str], flag: str, colored: bool
) -> None:
    monkeypatch.delenv("NO_COLOR")
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    assert ("\x1b[" in cli(*CONVERT, "--color", flag).out) is colored


@pytest.mark.parametrize(
    ("environment", "colored"),
    [({}, True), ({"NO_COLOR": "1"}, False), ({"TERM": "dumb"}, False), ({"NO_COLOR": ""}, True)],
)
def test_colors_on_a_terminal(
    cli: Cli, monkeypatch: pytest.MonkeyPatch, environment: dict[str, str], colored: bool
) -> None:
    monkeypatch.delenv("NO_COLOR")
    monkeypatch.setenv("TERM", "xterm")
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr("sys.stdout.isatty", lambda: True)
    assert ("\x1b[" in cli(*CONVERT).out) is colored
