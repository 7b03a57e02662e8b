"""The list of what may be sent to a host: complete, short enough, and free of anything that writes."""

from __future__ import annotations

import re
from base64 import b64decode, b64encode

import pytest

from ipsecmig.remote.commands import COMMANDS, MAX_LINE, ROOTS, SURVEY, Command, Output, evidence, typed_read

TYPED = [command for command in COMMANDS if command.output in {Output.TYPED_JSON, Output.TYPED_LINES}]


def script(command: Command) -> str:
    return b64decode(command.line.rpartition(" ")[2]).decode("utf-16-le")


def by_name(command: Command) -> str:
    return command.name


@pytest.mark.parametrize("command", COMMANDS, ids=by_name)
def test_a_line_fits_into_the_command_interpreter(command: Command) -> None:
    assert len(command.line) <= MAX_LINE
    assert command.line.isascii()
    assert command.line.isprintable()


def test_names_are_unique_and_fit_for_files() -> None:
    names = [command.name for command in COMMANDS]
    assert len(set(names)) == len(names)
    assert all(re.fullmatch(r"[a-z0-9-]+", name) for name in names)


@pytest.mark.parametrize("command", [c for c in COMMANDS if c not in TYPED], ids=by_name)
def test_plain_commands_only_look(command: Command) -> None:
    looks = r'chcp|reg query "HKLM\\[\w\\ ]+"( /s)?|netsh ipsec static show [\w= ]+'
    assert re.fullmatch(looks, command.line)


@pytest.mark.parametrize("command", TYPED, ids=by_name)
def test_scripts_call_only_what_reads(command: Command) -> None:
    text = script(command)
    methods = set(re.findall(r"(?:\.|::)(\w+)\(", text))
    reading = {"OpenSubKey", "GetValueNames", "GetValueKind", "GetValue", "GetSubKeyNames", "Close"}
    computing = {"GetBaseException", "GetType", "GetBytes", "ToBase64String", "Max", "Add", "Write", "WriteLine"}
    assert methods <= reading | computing
    assert "OpenSubKey($path)" in text  # the second parameter would ask for the right to write
    cmdlets = set(re.findall(r"\b[A-Z]\w+-[A-Z]\w+", text))
    assert cmdlets <= {"New-Object", "ConvertTo-Json"}
    assert not re.search(r"[|>&`](?!0\")", text)  # no pipes, no redirections, no calls by name


@pytest.mark.parametrize("command", TYPED, ids=by_name)
def test_a_script_says_what_it_reads(command: Command) -> None:
    asked = typed_read(command.line)
    assert asked is not None
    assert asked.output is command.output
    assert asked.paths == tuple(root.path for root in ROOTS)


@pytest.mark.parametrize("command", TYPED, ids=by_name)
@pytest.mark.parametrize(("old", "new"), [("OpenSubKey($path)", "DeleteSubKeyTree($path)"), ("'read'", "'seen'")])
def test_a_script_that_is_not_ours_is_not_taken_for_it(command: Command, old: str, new: str) -> None:
    changed = script(command).replace(old, new)
    assert changed != script(command)
    line = command.line.rpartition(" ")[0] + " " + b64encode(changed.encode("utf-16-le")).decode()
    assert typed_read(line) is None


@pytest.mark.parametrize("line", ["", "chcp", "powershell -NoProfile -NonInteractive -EncodedCommand !", "powershell"])
def test_other_lines_are_no_scripts(line: str) -> None:
    assert typed_read(line) is None


@pytest.mark.parametrize(
    ("powershell", "output"),
    [(0, Output.REG_QUERY), (1, Output.TYPED_LINES), (2, Output.TYPED_LINES), (5, Output.TYPED_JSON)],
)
def test_the_evidence_suits_the_powershell(powershell: int, output: Output) -> None:
    commands = evidence(powershell)
    assert commands[0].output is output
    assert {command.output for command in commands} == {output, Output.SHOW}
    assert set(commands) | set(SURVEY) <= set(COMMANDS)
