"""Nothing but our own failures, whatever a script holds, and never without end."""

from __future__ import annotations

import string

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ipsecmig.dialects import containers, decoding
from ipsecmig.dialects.base import ReadOptions, Source
from ipsecmig.dialects.containers import output
from ipsecmig.dialects.containers.command import Command, FilterRun
from ipsecmig.errors import InputError

FILES = st.sampled_from(["a.bat", "a.ps1", "a.txt"])
LIGHT = settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])

BATCH = [
    "netsh ipsec static ", "add filter filterlist=L srcaddr=any dstaddr=me dstport=%%i", "netsh -f x ", "netsh -c ",
    "\n", "\n", "\n", " ", "\t", "^", "^\n", "&", "&&", "|", "||", "(", ")", "(\n", ")\n", ">", ">>x ", "2>&1", "<",
    "\"", "'", "%", "%%", "%1", "%~1", "%*", "%A%", "%A:x=y%", "%A:~1,2%", "!", "!A!", "%%i", "%i", "set A=",
    "set /a A=", "set /p A=", "1+2*(", "<<", "setlocal enabledelayedexpansion\n", "endlocal\n", "for %%i in (",
    "1 2 3", ") do ", "for /L %%i in (1,1,3) do ", "for /f ", "\"tokens=1,2 delims=,\"", "%%j in (", "if ",
    "if exist x ", "if not ", "if defined A ", "==", " else ", "else if ", "errorlevel 1 ", "a==a ", "goto ", ":a\n",
    "a\n", "goto :eof\n", "call :a ", "exit /b\n", "exit\n", "shift\n", "rem ", ":: ", "echo ",
    "echo pushd ipsec static>x\n", "cmd /c ", "powershell -Command ", "ssh h ", "psexec \\\\h ", "start ", "reg add ",
    "sc config policyagent start= disabled\n", "“", "”", "–", "\xa0", "＝", "中", "\ufffd", "del x\n", "type x ",
]  # fmt: skip
POWERSHELL = [
    "netsh ipsec static ", "add filter dstport=$i", "& ", "netsh @a", "netsh $a", "\n", "\n", ";", "`", "`\n", "`\"",
    "'", "\"", "\"a $x\"", "'b'", "$x", "${x}", "$($x)", "$(", "$_", "@(", ")", "(", "{", "}", "@{", "@'\n", "\n'@",
    "@\"\n", "\n\"@", "#", "<#", "#>", "$x = ", "$x += ", "1,2,3", "1..3", "1..99999999", "+", ",", "|", " % { ",
    " | ForEach-Object { ", "foreach ($i in ", "for ($i=1;$i -le 3;$i++) {", "while (", "do {", "switch ($x) {",
    "if (", ") {", "elseif (", "else {", "try {", "catch {", "function f(", "function f {", "param(", "f ", "return ",
    "break\n", "continue\n", "exit\n", "throw ", "[string]", "[void](", "cmd /c ", "Start-Process netsh ",
    "-ArgumentList ", "iex ", "Out-File x", " > x", "netsh -f x", "echo ", "--%", "2>$null", "$x[0]", ".Split(",
    "-f ", "“", "–", "\xa0", "中", "$", "@", "%", "Invoke-Command -ComputerName h {",
]  # fmt: skip
SCRIPT = [
    "pushd ", "ipsec ", "static ", "dynamic\n", "popd\n", "..\n", "exit\n", "# ", "\n", "add filter ", "add ",
    "set machine h\n", "exec x\n", "\"", " ", "interface ip\n", "advfirewall consec add rule\n", "?", "=", "netsh ",
    "show all\n",
]  # fmt: skip


def mixture(tokens: list[str]) -> st.SearchStrategy[str]:
    piece = st.sampled_from(tokens) | st.text(string.printable, max_size=4)
    return st.lists(piece, max_size=60).map("".join)


def check(text: str, file: str) -> None:
    """Read `text`; every statement and diagnostic must stand in it."""
    lines = text.count("\n") + 1
    try:
        scanned = containers.statements(text, file, ReadOptions(definitions={"a": "1 2", "1": "x"}))
    except InputError as error:
        scanned = containers.Scanned([], error.diagnostics)
    for diagnostic in scanned.diagnostics:
        assert 1 <= diagnostic.origin.line <= lines
    for statement in scanned.statements:
        if isinstance(statement, FilterRun):
            assert statement.text.endswith("\n")
            lines_there = text.split("\n")[statement.line - 1 :][: statement.text.count("\n")]
            assert [len(line) for line in statement.text[:-1].split("\n")] == [len(line) for line in lines_there]
            continue
        origin = statement.origin() if isinstance(statement, Command) else statement.origin
        assert 1 <= origin.line <= lines
        assert origin.column >= 1
        if isinstance(statement, Command):
            offsets = [anchor.offset for anchor in statement.anchors]
            assert offsets[0] == 0
            assert offsets == sorted(set(offsets))
            assert "\ufdd0" not in statement.text
            assert "\n" not in statement.text


@given(mixture(BATCH))
@LIGHT
def test_batch_of_nasty_tokens(text: str) -> None:
    check(text, "a.bat")


@given(mixture(POWERSHELL))
@LIGHT
def test_powershell_of_nasty_tokens(text: str) -> None:
    check(text, "a.ps1")


@given(mixture(SCRIPT), st.sampled_from(["a.txt", "a.bat"]))
@LIGHT
def test_netsh_scripts_of_nasty_tokens(text: str, file: str) -> None:
    check(text, file)


@given(mixture(BATCH + POWERSHELL + SCRIPT + ["```\n", "~~~", "<p>", "C:\\>", "netsh ipsec static>", "using System;"]))
@LIGHT
def test_documents_of_nasty_tokens(text: str) -> None:
    check(text, "a.txt")


WHOLE = """@echo off
setlocal enabledelayedexpansion
set POLICY=Server Policy
if "%1"=="" goto usage
for %%i in (135 139) do (
  netsh ipsec static add filter filterlist="L" srcaddr=any dstaddr=me dstport=%%i >nul 2>&1
)
call :add 80 || exit /b 1
$x = @('a', "b $y")
foreach ($p in 1..3) { netsh ipsec static add filter dstport=$p | Out-Null }
netsh ipsec static add policy ^
  name="%POLICY%" & echo done
(echo pushd ipsec static
echo add policy name=x) > %TEMP%\\x
netsh -f %TEMP%\\x
goto :eof
:add
netsh ipsec static add filter filterlist=L dstport=%1
exit /b
:usage
echo usage
"""


@given(st.lists(st.tuples(st.integers(0, len(WHOLE)), st.integers(0, 80)), max_size=12), FILES)
@LIGHT
def test_spliced_scripts(pieces: list[tuple[int, int]], file: str) -> None:
    check("".join(WHOLE[start : start + length] for start, length in pieces), file)


@given(st.integers(0, len(WHOLE)), FILES)
@LIGHT
def test_truncated_scripts(end: int, file: str) -> None:
    check(WHOLE[:end], file)


@given(st.binary(max_size=400), st.sampled_from([None, "utf-8", "cp936", "utf-16-le", "cp1252"]), FILES)
@LIGHT
def test_random_bytes(data: bytes, encoding: str | None, file: str) -> None:
    try:
        decoded = decoding.decode(Source(file, data), ReadOptions(encoding=encoding))
    except InputError:
        return
    assert decoded.text.encode("utf-8").decode("utf-8") == decoded.text
    assert not set(decoded.text) & {"\r", "\0", "\ufdd0"}
    check(decoded.text, file)


@given(st.text(max_size=200), st.sampled_from(["utf-8", "utf-8-sig", "utf-16"]))
@LIGHT
def test_text_comes_back_as_it_was(text: str, encoding: str) -> None:
    text = "netsh ipsec static " + "".join(c for c in text if c >= " " and c not in "\x7f\ufeff")
    text = "".join(c for c in text if not ("\ufdd0" <= c <= "\ufdef" or c in "\ufffe\uffff"))
    assert decoding.decode(Source("x", text.encode(encoding)), ReadOptions()).text == text


@pytest.mark.parametrize(
    ("text", "file"),
    [
        ("(" * 5000, "a.bat"),
        ("if a==a " * 3000 + "netsh ipsec static show all", "a.bat"),
        ("for %%i in (1 2 3) do " * 40 + "netsh ipsec static show all", "a.bat"),
        ("for /L %%i in (1,1,100) do " * 12 + "echo x", "a.bat"),
        ("\n".join(f"if exist {n} netsh ipsec static show all" for n in range(300)), "a.bat"),
        (
            "\n".join(f"if exist {n} goto l{n % 7}\n:l{n}" for n in range(300)) + "\nnetsh ipsec static show all",
            "a.bat",
        ),
        (":a\n" + "call :a & " * 30, "a.bat"),
        ("call " * 4000 + "netsh ipsec static show all", "a.bat"),
        ("cmd /c " * 500 + "netsh ipsec static show all", "a.bat"),
        ("set A=" + "(" * 3000 + "\nset /a B=" + "(" * 3000 + "1", "a.bat"),
        ("^\n" * 5000 + "netsh", "a.bat"),
        ("%" * 20001, "a.bat"),
        ("{" * 5000, "a.ps1"),
        ("(" * 5000 + ")" * 5000, "a.ps1"),
        ("$x = " * 3000 + "1", "a.ps1"),
        ("@(" * 3000, "a.ps1"),
        ('"$(' * 500, "a.ps1"),
        ('"$x' * 3001, "a.ps1"),
        ("foreach ($i in 1..9) { " * 30 + "netsh ipsec static show all" + "}" * 30, "a.ps1"),
        ("function f { f; f; f }\nf", "a.ps1"),
        ("if ($x) { } else" * 2000, "a.ps1"),
        ("if ($x) { } elseif ($y) { } " * 500, "a.ps1"),
        ("$a = 'x'\n" + "$a = $a,$a\n" * 40, "a.ps1"),
        ("$a = 'x'\n" + "$a += $a + $a\n" * 40, "a.ps1"),
        ("<" * 20000 + "p" * 20000, "a.txt"),
        ("&" * 20000, "a.txt"),
        ("```\n" * 5000, "a.txt"),
        ("pushd ipsec\n" * 5000, "a.txt"),
    ],
)
def test_it_ends(text: str, file: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(output, "BUDGET", 3000)
    check(text, file)
