"""The exit codes of the contract, each with the situations that lead to it."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from fake_parts import KEY, Cli, FakeTargets, loss

from ipsecmig.cli.exits import Exit, most_serious
from ipsecmig.model.targets import LossKind, SecurityDirection

OPEN, CLOSED = SecurityDirection.FAILS_OPEN, SecurityDirection.FAILS_CLOSED
CONVERT = ("convert", "policy.fake", "--to", "fake")


@pytest.mark.parametrize(
    ("lost", "level", "code"),
    [
        ((), "closed", 0),
        ((loss(CLOSED),), None, 0),
        ((loss(OPEN),), None, 1),
        ((loss(OPEN),), "open", 1),
        ((loss(CLOSED),), "open", 0),
        ((loss(CLOSED), loss(OPEN)), "open", 1),
        ((loss(CLOSED, LossKind.NEEDS_HUMAN),), "open", 0),
        ((loss(CLOSED, LossKind.NEEDS_HUMAN),), "needs-human", 1),
        ((loss(OPEN),), "needs-human", 1),
        ((loss(CLOSED),), "needs-human", 0),
        ((loss(CLOSED),), "closed", 1),
        ((loss(OPEN), loss(CLOSED)), "never", 0),
    ],
)
def test_threshold_is_inclusive(cli: Cli, fakes: FakeTargets, lost: tuple, level: str | None, code: int) -> None:  # type: ignore[type-arg]
    fakes.losses = lost
    arguments = CONVERT if level is None else (*CONVERT, "--fail-on", level)
    assert cli(*arguments).code == code


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("convert", "policy.fake"), "--to"),
        (("convert", "--to", "fake"), "SOURCE"),
        (("convert", "policy.fake", "--to", "iptables"), "there are: fake, other"),
        (("convert", "policy.fake", "--to", "fake,fake"), "twice"),
        ((*CONVERT, "--policy", "Mail"), '"Web server"'),
        ((*CONVERT, "--from", "ini"), "there are: fake"),
        ((*CONVERT, "--assume", "set"), "there is no assumption set; there are: settled"),
        ((*CONVERT, "--define", "no-value"), "NAME=VALUE"),
        ((*CONVERT, "--me", "10.0.0.0/8"), "10.0.0.0/8"),
        ((*CONVERT, "--me", "server"), "server"),
        ((*CONVERT, "--windows", "95"), "95"),
        ((*CONVERT, "--format", "yaml"), "yaml"),
        ((*CONVERT, "--site", "absent.yaml"), "absent.yaml: CLI020 error: cannot be read"),
        (("convert", "absent.cmd", "--to", "fake"), "absent.cmd: IN001 error: cannot be read: No such file"),
        (("show", "absent.cmd"), "absent.cmd: IN001 error"),
        (("show", "policy.fake", "--bogus"), "--bogus"),
        (("frobnicate",), "frobnicate"),
        (("show", "policy.fake", "--flat", "--policy", "Mail"), '"Web server"'),
    ],
)
def test_usage_error_is_2_and_says_what_would_be_right(cli: Cli, arguments: tuple[str, ...], said: str) -> None:
    result = cli(*arguments)
    assert result.code == Exit.BAD_INPUT
    assert said in result.err
    assert result.out == ""
    assert "Traceback" not in result.err


@pytest.mark.parametrize("command", [("show", "bad.fake"), ("convert", "bad.fake", "--to", "fake", "-o", "out")])
def test_malformed_input_is_2_with_its_place_and_nothing_is_written(
    cli: Cli, folder: Path, command: tuple[str, ...]
) -> None:
    (folder / "bad.fake").write_text("fake odd broken not-understood")
    result = cli(*command)
    assert result.code == Exit.BAD_INPUT
    assert result.out == ""
    assert "bad.fake:4:9: T001 warning: this is odd\n" in result.err
    assert (
        "bad.fake:4:9: T001 error: this is broken\n"
        "    the text\n    expected: something else\n    advice: write it so\n" in result.err
    )
    assert not (folder / "out").exists()


def test_input_of_no_known_format_is_2(cli: Cli, folder: Path) -> None:
    (folder / "notes.txt").write_text("dear diary")
    result = cli("show", "notes.txt")
    assert result.code == Exit.BAD_INPUT
    assert "notes.txt: IN020 error: no known format fits this input" in result.err


@pytest.mark.parametrize("flags", [(), ("--flat",), ("--format", "json"), ("--flat", "--format", "json")])
def test_show_of_what_was_not_understood_is_3(cli: Cli, folder: Path, flags: tuple[str, ...]) -> None:
    (folder / "some.fake").write_text("fake not-understood")
    result = cli("show", "some.fake", *flags)
    assert result.code == Exit.UNDECIDED
    assert "depends on run time" in result.out


def test_conversion_of_what_was_not_understood_is_3_and_the_files_say_so(
    cli: Cli, folder: Path, fakes: FakeTargets
) -> None:
    (folder / "some.fake").write_text("fake not-understood")
    fakes.losses = (loss(OPEN),)
    result = cli("convert", "some.fake", "--to", "fake", "-o", "out")
    assert result.code == Exit.UNDECIDED
    assert (folder / "out" / "rules.nft").is_file()
    assert any(text.startswith("UNDECIDED") for text in fakes.requests[0].heading)
    assert "  some.fake:7:1: depends on run time" in fakes.requests[0].heading
    assert result.out.index("UNDECIDED") < result.out.index("Fails open")


def test_assume_settles_what_a_person_knows(cli: Cli, folder: Path) -> None:
    (folder / "some.fake").write_text("fake not-understood")
    assert cli("convert", "some.fake", "--to", "fake", "--assume", "settled").code == Exit.DONE


def test_several_policies_none_assigned_need_a_choice(cli: Cli, folder: Path) -> None:
    (folder / "two.fake").write_text("fake policy=Web policy=Mail")
    result = cli("convert", "two.fake", "--to", "fake")
    assert result.code == Exit.BAD_INPUT
    assert '"Web", "Mail"' in result.err
    assert cli("convert", "two.fake", "--to", "fake", "--policy", "mail").code == Exit.DONE


def test_defect_is_70_without_words_that_may_hold_a_secret(cli: Cli, fakes: FakeTargets) -> None:
    def fail() -> None:
        raise RuntimeError(KEY)

    fakes.fail = fail
    result = cli(*CONVERT)
    assert result.code == Exit.DEFECT
    assert "defect of ipsecmig (RuntimeError at test_exit_codes.py:" in result.err
    assert KEY not in result.err + result.out
    assert "Traceback" not in result.err


def test_traceback_of_a_defect_on_request(cli: Cli, fakes: FakeTargets, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail() -> None:
        raise RuntimeError("why")

    fakes.fail = fail
    monkeypatch.setenv("IPSECMIG_TRACEBACK", "1")
    result = cli(*CONVERT)
    assert result.code == Exit.DEFECT
    assert "Traceback" in result.err
    assert "RuntimeError: why" in result.err


def test_interruption_is_130(cli: Cli, fakes: FakeTargets) -> None:
    def fail() -> None:
        raise KeyboardInterrupt

    fakes.fail = fail
    result = cli(*CONVERT)
    assert result.code == Exit.INTERRUPTED
    assert result.err.endswith("error: interrupted\n")


def test_closed_pipe_is_141_without_a_word() -> None:
    reader, writer = os.pipe()
    os.close(reader)
    command = [sys.executable, "-m", "ipsecmig", "targets", "--format", "json"]
    result = subprocess.run(command, stdout=writer, stderr=subprocess.PIPE, check=False)
    os.close(writer)
    assert (result.returncode, result.stderr) == (Exit.BROKEN_PIPE, b"")


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full")
def test_full_standard_output_is_2() -> None:
    with Path("/dev/full").open("w") as full:
        command = [sys.executable, "-m", "ipsecmig", "targets"]
        result = subprocess.run(command, stdout=full, stderr=subprocess.PIPE, check=False, text=True)
    assert (result.returncode, result.stderr) == (
        Exit.BAD_INPUT,
        "error: standard output: No space left on device\n",
    )


@pytest.mark.parametrize(
    ("codes", "winner"),
    [
        ((Exit.DONE, Exit.FINDINGS), Exit.FINDINGS),
        ((Exit.FINDINGS, Exit.UNDECIDED), Exit.UNDECIDED),
        ((Exit.UNDECIDED, Exit.BAD_INPUT, Exit.FINDINGS), Exit.BAD_INPUT),
        ((), Exit.DONE),
    ],
)
def test_most_serious_code_wins(codes: tuple[Exit, ...], winner: Exit) -> None:
    assert most_serious(codes) is winner
