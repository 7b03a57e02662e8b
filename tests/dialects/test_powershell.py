"""PowerShell scripts: what reaches the netsh language, from where in the file, and under which condition."""

from __future__ import annotations

import pytest

from ipsecmig.dialects import containers
from ipsecmig.dialects.base import ReadOptions
from ipsecmig.dialects.containers.command import Command, FilterRun, HostSetting, Statement


def scan(script: str, **definitions: str) -> containers.Scanned:
    return containers.statements(script, "test.ps1", ReadOptions(definitions=definitions))


def texts(statements: list[Statement]) -> list[str]:
    found: list[str] = []
    for statement in statements:
        if isinstance(statement, FilterRun):
            found += [line.strip().removeprefix("netsh ipsec static ") for line in statement.text.splitlines()]
        elif isinstance(statement, Command):
            found.append(f"[{statement.condition}] {statement.text}" if statement.condition else statement.text)
        elif isinstance(statement, HostSetting):
            found.append(f"{statement.name}={statement.value}")
        else:
            found.append(f"? {statement.text}")
    return found


N = "netsh ipsec static "

CASES = {
    "as it is": (N + "delete all", ["delete all"]),
    "called": ("& netsh ipsec static delete all", ["delete all"]),
    "called by path": ('& "$env:windir\\system32\\netsh.exe" ipsec static delete all', ["delete all"]),
    "two on a line": (N + "delete all; " + N + "show all", ["delete all", "show all"]),
    "comments": ("# " + N + "delete all\n<#\n" + N + "delete all\n#>\n" + N + "show all # x", ["show all"]),
    "continued": (N + "add policy `\n  name=P", ["add policy name=P"]),
    "double quotes": (N + 'add policy name="My Policy"', ['add policy name="My Policy"']),
    "single quotes": (N + "add policy name='My Policy'", ['add policy name="My Policy"']),
    "whole argument quoted": (N + 'add policy "name=My Policy"', ['add policy name="My Policy"']),
    "escaped quotes": (N + 'add policy name=`"My Policy`"', ['add policy name="My Policy"']),
    "single quotes that netsh sees": ("cmd /c \"netsh ipsec static add policy name='A B'\"", ["add policy name='A B'"]),
    "variable": ("$p = 'My Policy'\n" + N + "add policy name=$p", ['add policy name="My Policy"']),
    "variable in quotes": ('$p = "P"\n' + N + 'add policy name="x $p y"', ['add policy name="x P y"']),
    "variable in braces": ("$p = 'P'\n" + N + "add policy name=${p}x", ["add policy name=Px"]),
    "subexpression": ("$p = 'P'\n" + N + 'add policy name="$($p)x"', ["add policy name=Px"]),
    "single quotes keep dollars": (N + "add policy name='$p'", ["add policy name=$p"]),
    "sum of strings": ("$p = 'a' + \"b\" + 'c'\n" + N + "add policy name=$p", ["add policy name=abc"]),
    "sum of numbers": ("$n = 100 + 35\n" + N + "add filter dstport=$n", ["add filter dstport=135"]),
    "typed": ("[string]$p = 'P'\n" + N + "add policy name=$p", ["add policy name=P"]),
    "foreach": (
        "foreach ($p in 135,139) { " + N + "add filter dstport=$p }",
        ["add filter dstport=135", "add filter dstport=139"],
    ),
    "foreach over an array": (
        "$ports = @(135,\n 139)\nforeach ($p in $ports)\n{\n  " + N + 'add filter dstport="$p"\n}',
        ["add filter dstport=135", "add filter dstport=139"],
    ),
    "foreach over a range": (
        "foreach ($i in 1..2) { " + N + "add filter dstport=$i }",
        ["add filter dstport=1", "add filter dstport=2"],
    ),
    "pipe to a loop": (
        "135,139 | ForEach-Object { " + N + "add filter dstport=$_ }",
        ["add filter dstport=135", "add filter dstport=139"],
    ),
    "pipe to its short name": (
        "'a','b' | % { " + N + "add policy name=$_ }",
        ["add policy name=a", "add policy name=b"],
    ),
    "for": (
        "for ($i = 1; $i -le 2; $i++) { " + N + "add filter dstport=$i }",
        ["add filter dstport=1", "add filter dstport=2"],
    ),
    "nested loops": (
        "foreach ($a in 1,2) { foreach ($b in 3,4) { " + N + "add filter dstport=$a$b } }",
        [f"add filter dstport={n}" for n in (13, 14, 23, 24)],
    ),
    "array grown": (
        "$l = @()\n$l += 'a'\n$l += 'b'\n$l | % { " + N + "add policy name=$_ }",
        ["add policy name=a", "add policy name=b"],
    ),
    "element": ("$l = 'a','b'\n" + N + "add policy $l[1]", ["add policy b"]),
    "no element within a word": ("$l = 'a','b'\n" + N + "add policy $l", ["add policy a b"]),
    "splatting": ("$a = 'ipsec','static','add','policy','name=A B'\nnetsh @a", ['add policy name="A B"']),
    "argument array": ("$a = @('ipsec','static','delete','all')\n& netsh $a", ["delete all"]),
    "redirected": (N + "delete all 2>$null", ["delete all"]),
    "all output redirected": (N + "delete all *> $null", ["delete all"]),
    "handles joined": (N + "delete all 2>&1 | Out-Null", ["delete all"]),
    "output kept": ("$out = netsh ipsec static delete all", ["delete all"]),
    "output thrown away": ("[void](netsh ipsec static delete all)", ["delete all"]),
    "through cmd": (
        'cmd.exe /c "netsh ipsec static delete all & netsh ipsec static show all"',
        ["delete all", "show all"],
    ),
    "wrapper": ('Invoke-Netsh "ipsec static delete all"', ["delete all"]),
    "wrapper of the script": (
        "function Run-Netsh($c) { & netsh $c.Split(' ') }\nRun-Netsh 'ipsec static delete all'",
        ["delete all"],
    ),
    "function": (
        "function Block([int]$Port, $Proto = 'TCP') {\n  "
        + N
        + "add filter protocol=$Proto dstport=$Port\n}\nBlock 80\nBlock -Proto UDP -Port 53",
        ["add filter protocol=TCP dstport=80", "add filter protocol=UDP dstport=53"],
    ),
    "start-process": ('Start-Process netsh -ArgumentList "ipsec static delete all" -Wait', ["delete all"]),
    "start-process with an array": (
        "Start-Process -FilePath netsh.exe -ArgumentList 'ipsec','static','delete','all' -NoNewWindow",
        ["delete all"],
    ),
    "invoke-expression": ("$c = 'netsh ipsec static delete all'\nInvoke-Expression $c", ["delete all"]),
    "here-string": (
        '$s = @"\nipsec static delete all\nipsec static show all\n"@\n$s | netsh',
        ["delete all", "show all"],
    ),
    "written script": (
        "$l = @('pushd ipsec static', 'delete all')\n$l | Out-File -Encoding ascii C:\\t.txt\nnetsh -f C:\\t.txt",
        ["delete all"],
    ),
    "script grown by echo": (
        "echo 'ipsec static delete all' > $env:TEMP\\t.txt\n"
        "Add-Content $env:TEMP\\t.txt 'ipsec static show all'\nnetsh -f $env:TEMP\\t.txt",
        ["delete all", "show all"],
    ),
    "if": (
        "if (Test-Path c:\\x) { " + N + "delete all }\nelseif ($y) { " + N + "show all }\nelse { " + N + "show store }",
        [
            "[if Test-Path c:\\x] delete all",
            "[unless Test-Path c:\\x and if $y] show all",
            "[unless Test-Path c:\\x and unless $y] show store",
        ],
    ),
    "try": (
        "try { " + N + "delete all } catch { Write-Host $_ } finally { " + N + "show all }",
        ["delete all", "show all"],
    ),
    "unknown variable": (N + "add filter srcaddr=$ip", ["? add filter srcaddr=$ip"]),
    "unknown input": ("$ip = Read-Host 'which'\n" + N + "add filter srcaddr=$ip", ["? add filter srcaddr=$ip"]),
    "unknown list": (
        "foreach ($ip in Get-Content list.txt) { " + N + "add filter srcaddr=$ip }",
        ["? add filter srcaddr=$ip"],
    ),
    "property": (N + "add filter srcaddr=$($h.Address)", ["? add filter srcaddr=$($h.Address)"]),
    "another script": (".\\other.ps1\n" + N + "show all", ["? .\\other.ps1", "show all"]),
    "exit": (N + "show all\nexit\n" + N + "delete all", ["show all"]),
    "passed over": ("Write-Host 'netsh ipsec static delete all'\nImport-Module X\n" + N + "show all", ["show all"]),
    "registry": (
        "Set-ItemProperty -Path HKLM:\\SYSTEM\\CurrentControlSet\\Services\\IPSEC -Name NoDefaultExempt -Value 1",
        ["exemptions=1"],
    ),
    "service": ("Set-Service -Name PolicyAgent -StartupType Disabled", ["service_disabled=True"]),
    "verbatim": ('netsh --% ipsec static add policy name="A & B"', ['add policy name="A & B"']),
}


@pytest.mark.parametrize(("script", "expected"), CASES.values(), ids=CASES)
def test_constructs(script: str, expected: list[str]) -> None:
    assert texts(scan(script).statements) == expected


def test_definitions_bind_variables() -> None:
    script = (
        "param($Policy, $Port = 80)\n$ip = Read-Host\n" + N + "add filter filterlist=$Policy srcaddr=$ip dstport=$Port"
    )
    scanned = scan(script, Policy="P", ip="10.0.0.5")
    assert texts(scanned.statements) == ["add filter filterlist=P srcaddr=10.0.0.5 dstport=80"]
    assert [d.code for d in scanned.diagnostics] == ["PS001"]


def test_a_check_that_only_ends_the_script_makes_nothing_conditional() -> None:
    scanned = scan("if (-not $admin) { Write-Warning 'no'; exit 1 }\n" + N + "delete all")
    assert texts(scanned.statements) == ["delete all"]
    assert [d.code for d in scanned.diagnostics] == ["BA005"]


def test_variables_changed_in_a_loop_of_unknown_length_are_unknown() -> None:
    script = "$i = 1\nwhile ($x) { $i++ }\n" + N + "add filter dstport=$i"
    assert texts(scan(script).statements) == ["? add filter dstport=$i"]


def test_commands_sent_to_another_host_are_not_mixed_with_ours() -> None:
    script = N + "show all\nInvoke-Command -ComputerName srv1 -ScriptBlock { " + N + "delete all }"
    assert texts(scan(script).statements) == ["show all", "? delete all"]


@pytest.mark.parametrize(
    "script", ["if ($x) {\n" + N + "show all", N + 'show all\n$x = "abc', "foreach ($i in 1,2 {\n" + N + "show all"]
)
def test_what_is_never_closed_is_an_error_that_hides_nothing(script: str) -> None:
    scanned = scan(script)
    assert "PS002" in [d.code for d in scanned.diagnostics]
    assert scanned.statements


def test_an_endless_recursion_ends() -> None:
    assert texts(scan("function X { " + N + "show all\n X }\nX").statements)[-1].startswith("? ")


def test_a_string_that_doubles_stops_growing() -> None:
    scanned = scan("$a = 'xxxxxxxx'\n" + '$a = "$a$a"\n' * 60 + N + "add policy name=$a")
    assert texts(scanned.statements)[0].startswith("? ")


PLACES = {
    "plain": (N + "add policy x=a name=A", "name", 1, 35),
    "after quotes": (N + 'add policy x="a b" name=A', "name", 1, 39),
    "after a variable": ("$l = 'abcdefgh'\n" + N + "add policy x=$l name=A", "name", 2, 36),
    "value of a variable": ("$l = 'abcdefgh'\n" + N + "add policy x=$l name=A", "cde", 2, 33),
    "continued": (N + "add policy `\n   name=A", "name", 2, 4),
    "in a string": ('Invoke-Netsh "ipsec static add policy name=A"', "name", 1, 39),
    "in a here-string": ('$s = @"\npushd ipsec static\nadd policy name=A\n"@\n$s | netsh', "name", 3, 12),
    "on the second line of a string": (N + 'add policy x="a\n b" name=A', "name", 2, 5),
    "in a function": ("function F($n) {\n  " + N + "add policy name=$n\n}\nF A", "name", 2, 33),
}


@pytest.mark.parametrize(("script", "word", "line", "column"), PLACES.values(), ids=PLACES)
def test_places(script: str, word: str, line: int, column: int) -> None:
    (command,) = scan(script).statements
    assert isinstance(command, Command)
    origin = command.origin(command.text.index(word))
    assert (origin.line, origin.column) == (line, column)


def test_plain_filter_lines_are_handed_on_in_runs() -> None:
    line = "netsh ipsec static add filter filterlist=L srcaddr=any dstaddr=me\n"
    scanned = scan("$x = 1\n" + line * 2 + "if ($y) {\n" + line + "}\n" + line.replace("any", "$ip") + line)
    runs = [(s.line, s.text) for s in scanned.statements if isinstance(s, FilterRun)]
    assert runs == [(2, line * 2), (8, line)]
    assert texts(scanned.statements)[2].startswith("[if $y] add filter")


def test_lines_of_a_here_string_are_no_commands() -> None:
    line = "netsh ipsec static add filter filterlist=L srcaddr=any dstaddr=me\n"
    assert texts(scan('$doc = @"\n' + line + '"@\n' + N + "show all").statements) == ["show all"]
