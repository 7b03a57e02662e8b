"""Scripts for `netsh -f`, and what else a text with netsh commands can be: documents, markup, programs."""

from __future__ import annotations

import pytest

from ipsecmig.dialects import containers
from ipsecmig.dialects.base import ReadOptions
from ipsecmig.dialects.containers.command import Command, FilterRun, Opaque, Statement
from ipsecmig.errors import InputError


def scan(script: str, file: str = "test.txt") -> containers.Scanned:
    return containers.statements(script, file, ReadOptions())


def texts(statements: list[Statement]) -> list[str]:
    found: list[str] = []
    for statement in statements:
        if isinstance(statement, FilterRun):
            found += [
                "ipsec static: " + line.strip().removeprefix("netsh ipsec static ")
                for line in statement.text.splitlines()
            ]
        elif isinstance(statement, Command):
            found.append(f"{statement.context}: {statement.text}")
        else:
            assert isinstance(statement, Opaque)
            found.append(f"? {statement.text}")
    return found


SCRIPTS = {
    "pushd": ("pushd ipsec static\nadd policy name=P\npopd\nexit\n", ["ipsec static: add policy name=P"]),
    "context on its own": ("ipsec static\nadd policy name=P", ["ipsec static: add policy name=P"]),
    "in two steps": ("ipsec\nstatic\nadd policy name=P", ["ipsec static: add policy name=P"]),
    "whole prefix": ("ipsec static add policy name=P", ["ipsec static: add policy name=P"]),
    "part of the prefix": ("pushd ipsec\nstatic add policy name=P\npopd", ["ipsec static: add policy name=P"]),
    "a context within another": (
        "pushd ipsec static\nipsec dynamic show all\nadd policy name=P",
        ["ipsec dynamic: show all", "ipsec static: add policy name=P"],
    ),
    "up": ("ipsec static\n..\ndynamic show all", ["ipsec dynamic: show all"]),
    "switching": (
        "pushd ipsec dynamic\nset config property=ipsecexempt value=3\npopd\npushd ipsec static\nshow all\npopd",
        ["ipsec dynamic: set config property=ipsecexempt value=3", "ipsec static: show all"],
    ),
    "any case": ("PushD IPSEC Static\nAdd Policy Name=P", ["ipsec static: Add Policy Name=P"]),
    "comments and blank lines": (
        "# x\n\npushd ipsec static\n  # add policy name=no\nshow all",
        ["ipsec static: show all"],
    ),
    "after the end": ("pushd ipsec static\nshow all\nbye\nshow store", ["ipsec static: show all"]),
    "signs mean nothing": ("pushd ipsec static\nadd policy name=a&b%c%^d", ["ipsec static: add policy name=a&b%c%^d"]),
    "in the wrong context": ("pushd ipsec\nadd policy name=P", ["? add policy name=P"]),
    "other contexts": ("interface ip\nset address x\npopd\nipsec static show all", ["ipsec static: show all"]),
}


@pytest.mark.parametrize(("script", "expected"), SCRIPTS.values(), ids=SCRIPTS)
def test_scripts(script: str, expected: list[str]) -> None:
    assert texts(scan(script).statements) == expected


def test_commands_without_a_context_are_read_as_static_and_that_is_said() -> None:
    scanned = scan("add policy name=P\nadd filter filterlist=L srcaddr=any dstaddr=me")
    assert texts(scanned.statements) == [
        "ipsec static: add policy name=P",
        "ipsec static: add filter filterlist=L srcaddr=any dstaddr=me",
    ]
    assert [d.code for d in scanned.diagnostics] == ["BA012"]


def test_commands_with_netsh_in_a_netsh_script_are_read_and_that_is_said() -> None:
    text = "pushd ipsec static\nnetsh ipsec static delete all"
    scanned = containers.statements(
        "echo " + text.replace("\n", ">x\necho ") + ">>x\nnetsh -f x", "a.bat", ReadOptions()
    )
    assert texts(scanned.statements) == ["ipsec static: delete all"]
    assert [d.code for d in scanned.diagnostics] == ["BA011"]


def test_plain_filter_lines_are_handed_on_in_runs() -> None:
    lines = "add filter filterlist=L srcaddr=any dstaddr=me description=a&b\n" * 3
    scanned = scan("# x\npushd ipsec static\n" + lines + "show all\n" + lines)
    runs = [(s.line, s.text) for s in scanned.statements if isinstance(s, FilterRun)]
    assert runs == [(3, lines), (7, lines)]


def test_places() -> None:
    (command,) = scan("pushd ipsec\n\tstatic add policy name=P").statements
    assert isinstance(command, Command)
    origin = command.origin(command.text.index("name"))
    assert (origin.line, origin.column, origin.end_column) == (2, 20, 26)


DOCUMENTS = {
    "fences": (
        "# How to\nRun `netsh ipsec static delete all` never (really\n```cmd\nnetsh ipsec static show all\n```\nthen\n"
        "~~~\nnetsh ipsec static show store\n~~~\n",
        ["ipsec static: show all", "ipsec static: show store"],
    ),
    "fence of a netsh script": ("Text\n```\npushd ipsec static\nshow all\n```\n", ["ipsec static: show all"]),
    "fence of PowerShell": (
        "```powershell\n$p = 'P'\nnetsh ipsec static add policy name=$p\n```",
        ["ipsec static: add policy name=P"],
    ),
    "prompts": (
        "C:\\>netsh ipsec static show all\nOk.\n\nC:\\Documents and Settings\\x> netsh ipsec static show store\n",
        ["ipsec static: show all", "ipsec static: show store"],
    ),
    "netsh prompts": (
        "C:\\>netsh\nnetsh>ipsec static\nnetsh ipsec static>add policy name=P\nnetsh ipsec static>exit\n",
        ["ipsec static: add policy name=P"],
    ),
    "numbered steps": ("1. netsh ipsec static show all\n2. reboot", ["? 1. netsh ipsec static show all"]),
}


@pytest.mark.parametrize(("text", "expected"), DOCUMENTS.values(), ids=DOCUMENTS)
def test_documents(text: str, expected: list[str]) -> None:
    assert texts(scan(text).statements) == expected


def test_places_in_documents() -> None:
    (command,) = scan("text\n```\nC:\\> netsh ipsec static show all\n```\n").statements
    assert isinstance(command, Command)
    assert (command.origin().line, command.origin().column) == (3, 25)


REFUSED = {
    "HTML": ("<!DOCTYPE html>\n<html><body>netsh ipsec static show all</body></html>", "IN010"),
    "a piece of HTML": ('netsh ipsec static add policy name=<span class="s">P</span><br>', "IN010"),
    "entities": ("netsh ipsec static add policy name=&quot;P&quot;", "IN010"),
    "C#": ('using System;\nnamespace X {\n Process.Start("netsh", "ipsec static delete all");\n}', "IN011"),
    "Python": ("import os\nos.system('netsh ipsec static delete all')\n", "IN011"),
    "Go": ('package main\n\nfunc main() { exec.Command("netsh", "ipsec", "static") }', "IN011"),
    "Java": ('import java.io.*;\npublic class X { String c = "netsh ipsec static"; }', "IN011"),
    "C": ('#include <stdlib.h>\nint main() { system("netsh ipsec static"); }', "IN011"),
    "PHP": ("<?php shell_exec('netsh ipsec static delete all');", "IN011"),
    "VBScript": ('Set s = CreateObject("WScript.Shell")\ns.Run "netsh ipsec static delete all"', "IN011"),
}


@pytest.mark.parametrize(("text", "code"), REFUSED.values(), ids=REFUSED)
def test_what_is_no_script_is_refused(text: str, code: str) -> None:
    with pytest.raises(InputError) as caught:
        scan(text)
    assert [d.code for d in caught.value.diagnostics] == [code]


def test_a_placeholder_in_angle_brackets_is_no_markup() -> None:
    assert texts(scan('netsh ipsec static add filter filterlist=L srcaddr=any dstaddr="<EDR_IP>"', "a.bat").statements)


TYPOGRAPHY = {
    "quotes": ("netsh ipsec static add policy name=“My Policy”", 'add policy name="My Policy"'),
    "dash": ("netsh –c “ipsec static” add policy name=P", "add policy name=P"),
    "blanks": ("netsh\u00a0ipsec\u3000static add\u00a0policy name=P", "add policy name=P"),
    "full width": ("netsh ipsec static add filter dstport＝８０", "add filter dstport=80"),
    "left alone in quotes": ('netsh ipsec static add policy name="AD – “T”"', 'add policy name="AD – “T”"'),
    "left alone between curly quotes": ("netsh ipsec static add policy name=“a – b”", 'add policy name="a – b"'),
    "left alone in a key": ("netsh ipsec static add rule name=R psk=a–b“c x=“y”", 'add rule name=R psk=a–b“c x="y"'),
}


@pytest.mark.parametrize(("case", "script", "expected"), [(case, *each) for case, each in TYPOGRAPHY.items()])
def test_typographic_characters(case: str, script: str, expected: str) -> None:
    scanned = scan(script, "a.bat")
    assert texts(scanned.statements) == [f"ipsec static: {expected}"]
    assert ("IN013" in [d.code for d in scanned.diagnostics]) == (case != "left alone in quotes")


def test_typographic_characters_are_said_once_with_their_places() -> None:
    scanned = scan("rem “x”\nnetsh ipsec static show all\nnetsh ipsec static add policy name=“P”\nnetsh –h", "a.bat")
    (said,) = scanned.diagnostics
    assert (said.code, said.origin.line, said.origin.column) == ("IN013", 3, 36)
    assert "line 4" in said.message
