"""Batch files: what reaches the netsh language, from where in the file, and under which condition."""

from __future__ import annotations

import pytest

from ipsecmig.dialects import containers
from ipsecmig.dialects.base import ReadOptions
from ipsecmig.dialects.containers import output
from ipsecmig.dialects.containers.command import Command, FilterRun, HostSetting, Opaque, Statement


def scan(script: str, **definitions: str) -> containers.Scanned:
    names = {name.removeprefix("_"): value for name, value in definitions.items()}
    return containers.statements(script, "test.bat", ReadOptions(definitions=names))


def texts(statements: list[Statement]) -> list[str]:
    """Return what the language gets, one text for each command; what is not known is marked."""
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


def codes(scanned: containers.Scanned) -> list[str]:
    return [diagnostic.code for diagnostic in scanned.diagnostics]


N = "netsh ipsec static "

PLAIN = {
    "any case": ("Netsh IPSec Static Delete All", ["Delete All"]),
    "at sign": ("@netsh ipsec static delete all", ["delete all"]),
    "indented with tabs": ("\t  netsh\tipsec \t static   delete all", ["delete all"]),
    "with .exe": ("netsh.exe ipsec static delete all", ["delete all"]),
    "with a path": (r"C:\WINDOWS\system32\netsh ipsec static delete all", ["delete all"]),
    "with a path in quotes": (r'"%SystemRoot%\system32\netsh.exe" ipsec static delete all', ["delete all"]),
    "short contexts": ("netsh ips st delete all", ["delete all"]),
    "context option": ('netsh -c "ipsec static" delete all', ["delete all"]),
    "rem": ("rem netsh ipsec static delete all\n@REM netsh ipsec static delete all\n" + N + "show all", ["show all"]),
    "double colon": (":: netsh ipsec static delete all\n" + N + "show all", ["show all"]),
    "a label used as comment": (": netsh ipsec static delete all\n" + N + "show all", ["show all"]),
    "rem in the middle": (N + "show all & rem netsh ipsec static delete all", ["show all"]),
    "rem without a blank": ("REMnetsh ipsec static delete all\nrem---- netsh\n" + N + "show all", ["show all"]),
    "other comments": ("// " + N + "delete all\n# " + N + "delete all\n" + N + "show all", ["show all"]),
    "a placeholder": (N + "add filter srcaddr=<EDR_IP> dstaddr=me", ["add filter srcaddr=<EDR_IP> dstaddr=me"]),
    "echo": ("echo netsh ipsec static delete all\n" + N + "show all", ["show all"]),
    "blanks around equals": (N + "add policy name = P", ["add policy name = P"]),
    "caret at the end": ("netsh ipsec static ^\nadd policy ^\n  name=P", ["add policy   name=P"]),
    "caret before the verb": ("netsh ipsec ^\n static add policy name=P", ["add policy name=P"]),
    "caret as escape": (N + "add policy name=a^&b", ["add policy name=a&b"]),
    "caret in quotes": (N + 'add policy name="a^b"', ['add policy name="a^b"']),
    "and": (N + "delete all & " + N + "show all", ["delete all", "show all"]),
    "and without blanks": (N + "delete all&" + N + "show all", ["delete all", "show all"]),
    "and-and after netsh": (N + "delete all && " + N + "show all", ["delete all", "show all"]),
    "and-and echo": (N + "set policy P assign=n && echo done", ["set policy P assign=n"]),
    "signs in quotes": (N + 'add policy name="a & b | c > d"', ['add policy name="a & b | c > d"']),
    "redirections": (N + "delete all >nul 2>&1", ["delete all"]),
    "append to a log": (N + "delete all 2>> log.txt", ["delete all"]),
    "redirection first": (">nul " + N + "delete all", ["delete all"]),
    "a digit that is no handle": (N + "add filter dstport=80>nul", ["add filter dstport=80"]),
    "pipe": (N + "show all | findstr /i name", ["show all"]),
    "block": ("(\n" + N + "delete all\n" + N + "show all\n)", ["delete all", "show all"]),
    "block on one line": ("(" + N + "delete all & " + N + "show all)", ["delete all", "show all"]),
    "echo piped into it": ("echo y | netsh ipsec static delete all", ["delete all"]),
    "dynamic context": (
        "netsh ipsec dynamic set config property=ipsecexempt value=3",
        ["set config property=ipsecexempt value=3"],
    ),
    "through cmd": ('cmd /c "netsh ipsec static delete all & netsh ipsec static show all"', ["delete all", "show all"]),
    "through start": ('start "" /wait netsh ipsec static delete all', ["delete all"]),
    "through ssh": ('ssh admin@10.0.0.1 "netsh ipsec static delete all"', ["delete all"]),
    "through psexec": (r"psexec \\srv1 -u x -p secret netsh ipsec static delete all", ["delete all"]),
    "escaped quotes through ssh": (r'ssh h "netsh ipsec static add policy name=\"a b\""', ['add policy name="a b"']),
    "two commands glued": (
        N + "add policy name=Pnetsh ipsec static show all",
        ["add policy name=Pnetsh ipsec static show all"],
    ),
    "passed over": (
        "@echo off\ntitle x\ngpupdate /force\nnetsh firewall set opmode disable\npause\n" + N + "show all",
        ["show all"],
    ),
}


@pytest.mark.parametrize(("script", "expected"), PLAIN.values(), ids=PLAIN)
def test_plain_commands(script: str, expected: list[str]) -> None:
    assert texts(scan(script).statements) == expected


VARIABLES = {
    "set": ("set P=My\nnetsh ipsec static add policy name=%P%", ["add policy name=My"]),
    "set with blanks in the value": (
        "set P=My Policy\n" + N + 'add policy name="%P%"',
        ['add policy name="My Policy"'],
    ),
    "set in quotes": ('set "P=My Policy"\n' + N + 'add policy name="%P%"', ['add policy name="My Policy"']),
    "names have no case": ("SET p=x\n" + N + "add policy name=%P%", ["add policy name=x"]),
    "a command in a variable": ("set N=netsh ipsec static\n%N% delete all", ["delete all"]),
    "replacement": ("set P=a-b-c\n" + N + "add policy name=%P:-=_%", ["add policy name=a_b_c"]),
    "substring": ("set P=abcdef\n" + N + "add policy name=%P:~1,3%", ["add policy name=bcd"]),
    "substring from the end": ("set P=abcdef\n" + N + "add policy name=%P:~-2%", ["add policy name=ef"]),
    "percent sign": (N + "add policy name=100%%", ["add policy name=100%"]),
    "set to nothing": ("set P=x\nset P=\n" + N + "add policy name=a%P%b", ["add policy name=ab"]),
    "arithmetic": ("set /a N=(1+2)*3 & set /a N+=1\n" + N + "add filter dstport=%N%", ["add filter dstport=10"]),
    "arithmetic with names": (
        'set A=7\nset /a "B=A %% 4, C=B<<2"\n' + N + "add filter dstport=%C%",
        ["add filter dstport=12"],
    ),
    "never set": (N + "add policy name=%NAME%", ["? add policy name=%NAME%"]),
    "parameter": (N + "add filter srcaddr=%1", ["? add filter srcaddr=%1"]),
    "parameter without quotes": (N + "add filter srcaddr=%~1", ["? add filter srcaddr=%~1"]),
    "all parameters": (N + "add filter %*", ["? add filter %*"]),
    "asked for": ("set /p X=Which?\n" + N + "add filter srcaddr=%X%", ["? add filter srcaddr=%X%"]),
    "worked out from the unknown": ("set X=%1.5\n" + N + "add filter srcaddr=%X%", ["? add filter srcaddr=%X%"]),
    "delayed": (
        "setlocal EnableDelayedExpansion\nset X=5\n" + N + "add filter dstport=!X!",
        ["add filter dstport=5"],
    ),
    "not delayed": ("set X=5\n" + N + "add policy name=a!X!", ["add policy name=a!X!"]),
    "block is expanded before it runs": (
        "set X=1\n(\nset X=2\n" + N + "add filter dstport=%X%\n)\n" + N + "add filter dstport=%X%",
        ["add filter dstport=1", "add filter dstport=2"],
    ),
    "endlocal": ("set X=1\nsetlocal\nset X=2\nendlocal\n" + N + "add filter dstport=%X%", ["add filter dstport=1"]),
    "call set": ("set A=5\nset B=A\ncall set C=%%%B%%%\n" + N + "add filter dstport=%C%", ["add filter dstport=5"]),
}


@pytest.mark.parametrize(("script", "expected"), VARIABLES.values(), ids=VARIABLES)
def test_variables(script: str, expected: list[str]) -> None:
    assert texts(scan(script).statements) == expected


def test_definitions_bind_parameters_and_variables() -> None:
    script = N + "add filter srcaddr=%1 dstaddr=%~2\nset /p X=Which?\n" + N + "add policy name=%X% description=%Y%"
    scanned = scan(script, _1="10.0.0.5", _2='"10.0.0.6"', X="P", Y="Q")
    assert texts(scanned.statements) == [
        "add filter srcaddr=10.0.0.5 dstaddr=10.0.0.6",
        "add policy name=P description=Q",
    ]


def test_unbound_parameter_names_the_way_out() -> None:
    (statement,) = scan(N + "add filter srcaddr=%1").statements
    assert isinstance(statement, Opaque)
    assert "--define 1=VALUE" in statement.reason


def test_a_blank_before_the_equals_sign_names_another_variable() -> None:
    scanned = scan("set P = x\n" + N + "add policy name=%P%")
    assert texts(scanned.statements) == ["? add policy name=%P%"]
    assert codes(scanned) == ["BA004"]


LOOPS = {
    "list": ("for %%i in (135 139,445;3389) do " + N + "add filter dstport=%%i", ["135", "139", "445", "3389"]),
    "count": ("for /L %%i in (1,2,5) do " + N + "add filter dstport=%%i", ["1", "3", "5"]),
    "count down": ("for /l %%i in (3,-1,1) do " + N + "add filter dstport=%%i", ["3", "2", "1"]),
    "nothing to count": (
        "for /L %%i in (5,1,1) do " + N + "add filter dstport=%%i\n" + N + "add filter dstport=1",
        ["1"],
    ),
    "block": ("for %%i in (1 2) do (\n" + N + "add filter dstport=%%i\n)", ["1", "2"]),
    "block after a line": ("for %%i in (1 2) do @(\n  " + N + "add filter dstport=%%i >nul\n)", ["1", "2"]),
    "items over lines": ("for %%i in (\n1\n2\n) do " + N + "add filter dstport=%%i", ["1", "2"]),
    "nested": ("for %%a in (1 2) do for %%b in (3 4) do " + N + "add filter dstport=%%a%%b", ["13", "14", "23", "24"]),
    "quotes taken off": ('for %%i in ("1" "2") do ' + N + "add filter dstport=%%~i", ["1", "2"]),
    "items from a variable": ("set L=1 2\nfor %%i in (%L%) do " + N + "add filter dstport=%%i", ["1", "2"]),
    "a string cut in tokens": (
        'for /f "tokens=1,2 delims=:" %%a in ("8:0") do ' + N + "add filter dstport=%%a%%b",
        ["80"],
    ),
    "delayed within": (
        "setlocal enabledelayedexpansion\nfor %%i in (1 2) do (set X=%%i\n" + N + "add filter dstport=!X!)",
        ["1", "2"],
    ),
    "calls within": ("for %%i in (1 2) do call :x %%i\nexit /b\n:x\n" + N + "add filter dstport=%1", ["1", "2"]),
    "and several commands": (
        "for %%i in (1 2) do echo %%i & " + N + "add filter dstport=%%i",
        ["1", "2"],
    ),
}


@pytest.mark.parametrize(("script", "ports"), LOOPS.values(), ids=LOOPS)
def test_loops_are_unrolled(script: str, ports: list[str]) -> None:
    assert texts(scan(script).statements) == [f"add filter dstport={port}" for port in ports]


@pytest.mark.parametrize(
    "head",
    [
        "for /f %%i in (list.txt) do",
        "for /f %%i in ('type list.txt') do",
        "for %%i in (*.txt) do",
        "for /r %%i in (.) do",
        "for %%i in (%1) do",
    ],
)
def test_loops_over_what_only_the_machine_knows(head: str) -> None:
    scanned = scan(f"{head} {N}add filter srcaddr=%%i\n{N}show all")
    assert texts(scanned.statements) == ["? add filter srcaddr=%%i", "show all"]


def test_commands_in_such_a_loop_that_do_not_use_the_variable_are_conditional() -> None:
    (statement,) = scan("for /f %%i in (list.txt) do " + N + "add policy name=P").statements
    assert isinstance(statement, Command)
    assert "list.txt" in statement.condition


@pytest.mark.parametrize("count", ["1,1,2000000000", "1,0,1"])
def test_a_loop_with_too_many_rounds_is_left_unread(count: str) -> None:
    scanned = scan(f"for /L %%i in ({count}) do {N}add filter dstport=%%i")
    assert texts(scanned.statements) == ["? add filter dstport=%%i"]


def test_nested_loops_share_one_budget(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(output, "BUDGET", 500)
    script = (
        "for /L %%a in (1,1,90000) do for /L %%b in (1,1,90000) do " + N + "add filter dstport=%%b\n" + N + "show all"
    )
    found = texts(scan(script).statements)
    assert found[0] == "add filter dstport=1"
    assert found[-1] == "show all"
    assert 490 < len(found) < 510
    assert found[-2].startswith("? for /L %a")


CONDITIONS = {
    "true": ('set A=x\nif "%A%"=="x" ' + N + "show all", ["show all"]),
    "false": ('set A=x\nif "%A%"=="y" ' + N + "delete all\n" + N + "show all", ["show all"]),
    "without case": ("if /i X==x " + N + "show all", ["show all"]),
    "not": ("if not a==b " + N + "show all", ["show all"]),
    "numbers": ("if 10 gtr 9 " + N + "show all", ["show all"]),
    "defined": ("set A=1\nif defined A " + N + "show all", ["show all"]),
    "else of a decided one": ("if a==b (" + N + "delete all) else (" + N + "show all)", ["show all"]),
    "else if": ("if a==b (echo 1) else if a==a (\n" + N + "show all\n) else " + N + "delete all", ["show all"]),
    "undecided": ("if exist x " + N + "show all", ["[if exist x] show all"]),
    "undecided with else": (
        "if exist x (\n" + N + "show all\n) else (\n" + N + "delete all\n)\n" + N + "show store",
        ["[if exist x] show all", "[unless exist x] delete all", "show store"],
    ),
    "nested": (
        "if exist x if exist y " + N + "show all",
        ["[if exist x and if exist y] show all"],
    ),
    "or": (
        N + "delete all || " + N + "show all",
        ["delete all", "[if `netsh ipsec static delete all` fails] show all"],
    ),
    "and after another program": ("ping h && " + N + "show all", ["[if `ping h` succeeds] show all"]),
    "and after echo": ("echo x && " + N + "show all", ["show all"]),
    "error level after netsh": (
        N + "delete all\nif errorlevel 1 goto bad\n" + N + "show all\n:bad",
        ["delete all", "show all"],
    ),
    "variables that differ": (
        "set A=1\nif exist x set A=2\n" + N + "add filter dstport=%A%",
        ["? add filter dstport=%A%"],
    ),
    "variables that agree": (
        "if exist x (set A=1) else (set A=1)\n" + N + "add filter dstport=%A%",
        ["add filter dstport=1"],
    ),
    "a setting": (
        r"if exist x reg add HKLM\SYSTEM\CurrentControlSet\Services\IPSEC /v NoDefaultExempt /d 1",
        ["? exemptions = 1"],
    ),
}


@pytest.mark.parametrize(("script", "expected"), CONDITIONS.values(), ids=CONDITIONS)
def test_conditions(script: str, expected: list[str]) -> None:
    assert texts(scan(script).statements) == expected


JUMPS = {
    "forward": ("goto go\n" + N + "delete all\n:go\n" + N + "show all", ["show all"]),
    "glued": ("goto:go\n" + N + "delete all\n:GO\n" + N + "show all", ["show all"]),
    "end of file": (N + "show all\ngoto :eof\n" + N + "delete all", ["show all"]),
    "exit": (N + "show all\nexit /b 0\n" + N + "delete all", ["show all"]),
    "back to what was not read": (
        "goto main\n:a\n" + N + "show all\ngoto end\n:main\n" + N + "delete all\ngoto a\n:end\n" + N + "show store",
        ["delete all", "show all", "show store"],
    ),
    "undecided skip": (
        N + "show store\nif exist x goto skip\n" + N + "delete all\n:skip\n" + N + "show all",
        ["show store", "[unless exist x] delete all", "show all"],
    ),
    "menu": (
        "choice /c 12\nif errorlevel 2 goto two\n:one\n"
        + N
        + "show all\ngoto end\n:two\n"
        + N
        + "delete all\n:end\n"
        + N
        + "show store",
        ["[unless errorlevel 2] show all", "[if errorlevel 2] delete all", "show store"],
    ),
    "call": (
        "call :add 80 tcp\ncall :add 53 udp\ngoto :eof\n:add\n" + N + "add filter dstport=%1 protocol=%~2\nexit /b",
        ["add filter dstport=80 protocol=tcp", "add filter dstport=53 protocol=udp"],
    ),
    "call sees and sets variables": (
        "set A=1\ncall :x\n" + N + "add filter dstport=%A%\ngoto :eof\n:x\nset A=2%A%\ngoto :eof",
        ["add filter dstport=21"],
    ),
    "shift": (
        "call :x 1 2\nexit /b\n:x\nshift\n" + N + "add filter dstport=%1",
        ["add filter dstport=2"],
    ),
    "call of another file": ("call other.bat\n" + N + "show all", ["? other.bat", "show all"]),
    "jump to what is known at run time": ("goto %1\n:a\n" + N + "show all", ["? goto %1"]),
}


@pytest.mark.parametrize(("script", "expected"), JUMPS.values(), ids=JUMPS)
def test_jumps(script: str, expected: list[str]) -> None:
    assert texts(scan(script).statements) == expected


def test_jumping_back_is_not_followed_but_said() -> None:
    scanned = scan(":again\n" + N + "show all\ngoto again")
    assert texts(scanned.statements) == ["show all", "? goto again"]


def test_netsh_is_taken_to_succeed_and_that_is_said() -> None:
    assert codes(scan(N + "delete all && " + N + "show all")) == ["BA006"]
    assert codes(scan(N + "delete all && echo done")) == []


def test_a_missing_label_ends_the_script() -> None:
    scanned = scan(N + "show all\ngoto nowhere\n" + N + "delete all")
    assert texts(scanned.statements) == ["show all"]
    assert codes(scanned) == ["BA003"]


def test_a_call_of_itself_ends() -> None:
    scanned = scan(":x\n" + N + "show all\ncall :x")
    assert texts(scanned.statements)[-1] == "? call :x"


@pytest.mark.parametrize(
    "guard",
    [
        "net session >nul 2>&1\nif %errorlevel% neq 0 (\n echo admin please\n pause\n exit /b 1\n)",
        'if "%1"=="" goto usage',
        "if not exist c:\\x goto usage",
        'whoami | find "admin" || exit /b',
    ],
)
def test_a_check_that_only_ends_the_script_makes_nothing_conditional(guard: str) -> None:
    scanned = scan(guard + "\n" + N + "delete all\ngoto :eof\n:usage\necho usage: x")
    assert texts(scanned.statements) == ["delete all"]
    assert codes(scanned) == ["BA005"]


def test_a_check_around_the_only_command_is_a_condition() -> None:
    assert texts(scan("call :log\nif exist x " + N + "delete all\ngoto :eof\n:log\ngoto :eof").statements) == [
        "[if exist x] delete all"
    ]


SETTINGS = {
    r"reg add HKLM\SYSTEM\CurrentControlSet\Services\IPSEC /v NoDefaultExempt /t REG_DWORD /d 1 /f": "exemptions=1",
    r'reg.exe add "HKLM\System\CurrentControlSet\services\PolicyAgent" /d 0x3 /v nodefaultexempt': "exemptions=3",
    r"reg add HKLM\SYSTEM\CurrentControlSet\Services\IPSEC /v OperationMode /t REG_DWORD /d 1": "boot_mode=block",
    "sc config PolicyAgent start= disabled": "service_disabled=True",
    "sc config policyagent start= auto": "service_disabled=False",
}


@pytest.mark.parametrize(("command", "expected"), SETTINGS.items())
def test_settings_of_the_host(command: str, expected: str) -> None:
    assert texts(scan(command).statements) == [expected]


@pytest.mark.parametrize(
    "command",
    [
        "regedit /s policy.reg",
        r"reg add HKLM\SOFTWARE\Policies\Microsoft\Windows\IPSec\Policy\Local\x /v y /d z",
        'schtasks /create /tr "netsh ipsec static delete all"',
        "netsh -f other.txt",
        "netsh exec other.txt",
        "netsh ipsec add filter x",
        "%TOOL% ipsec static delete all",
    ],
)
def test_what_is_not_understood_is_kept(command: str) -> None:
    (statement,) = scan(command).statements
    assert isinstance(statement, Opaque)


def test_a_stopped_service_is_said_unless_it_is_started_again() -> None:
    assert codes(scan("net stop policyagent\n" + N + "show all")) == ["BA009"]
    assert codes(scan("net stop policyagent\nnet start policyagent\n" + N + "show all")) == []


FILES = {
    "lines": "echo pushd ipsec static> x.txt\necho add policy name=P>> x.txt\nnetsh -f x.txt",
    "block": "(\necho pushd ipsec static\necho add policy name=P\necho exit\n) > %TEMP%\\x.txt\nnetsh -f %TEMP%\\x.txt",
    "exec": "del x.txt\n>>x.txt echo ipsec static add policy name=P\nnetsh exec x.txt",
    "standard input": "echo ipsec static add policy name=P >x.txt\nnetsh < x.txt",
    "with a context": 'echo add policy name=P >x.txt\nnetsh -c "ipsec static" -f x.txt',
    "a batch file": "echo netsh ipsec static add policy name=P > x.bat\ncall x.bat",
}


@pytest.mark.parametrize("script", FILES.values(), ids=FILES)
def test_scripts_that_the_script_writes_itself_are_read(script: str) -> None:
    assert texts(scan(script).statements) == ["add policy name=P"]


def test_a_file_written_conditionally_is_not_known() -> None:
    script = "echo ipsec static add policy name=P > x\nif exist y echo ipsec static delete all >> x\nnetsh -f x"
    assert texts(scan(script).statements) == ["? netsh -f x"]


def test_commands_for_another_host_are_not_mixed_with_ours() -> None:
    scanned = scan(N + "show all\nnetsh -r srv1 ipsec static delete all")
    assert texts(scanned.statements) == ["show all", "? delete all"]


def test_an_unclosed_block_is_an_error_that_hides_nothing() -> None:
    scanned = scan("if exist x (\n" + N + "show all\n(\n" + N + "delete all\n")
    assert sorted(t.rpartition("] ")[2] for t in texts(scanned.statements)) == ["delete all", "show all"]
    assert "BA001" in codes(scanned)


@pytest.mark.parametrize("line", ["for %%i (1 2) do " + N + "show all", "for %%i in (1 2 " + N + "show all"])
def test_a_malformed_loop_is_an_error_that_hides_nothing(line: str) -> None:
    scanned = scan(line + "\n" + N + "delete all" if ")" in line else N + "delete all\n" + line)
    assert "BA002" in codes(scanned)
    assert "delete all" in texts(scanned.statements)


def test_a_command_that_ends_after_the_context() -> None:
    assert codes(scan("netsh ipsec static\n" + N + "show all")) == ["BA007"]


def test_a_script_without_any_command_is_no_policy() -> None:
    assert codes(scan("@echo off\necho hello")) == ["IN012"]


def test_secrets_stay_out_of_what_is_not_understood() -> None:
    scanned = scan(N + 'add rule name=%1 psk="top secret" kerberos=no\n' + N + "show all || " + N + "show all")
    assert not any("top secret" in str(part) for part in (*scanned.statements, *scanned.diagnostics))


PLACES = {
    "plain": (N + 'add policy name="A"', "name", 1, 31),
    "after a caret": ("netsh ipsec static ^\n  add policy ^\n  name=A", "name", 3, 3),
    "after an escape": (N + "add policy x=a^&b name=A", "name", 1, 38),
    "after a variable": ("set L=abcdefgh\n" + N + "add policy x=%L% name=A", "name", 2, 37),
    "in a variable": ("set L=name=A\n" + N + "add policy x %L%", "name", 2, 33),
    "in a loop": ("for %%i in (12345) do " + N + "add policy x=%%i name=A", "name", 1, 59),
    "in a block": ("if a==a (\n\t" + N + "add policy name=A\n)", "name", 2, 32),
    "in a written file": ("echo ipsec static add policy name=A > x\nnetsh -f x", "name", 1, 30),
    "through ssh": (r'ssh h "netsh ipsec static add policy x=\"a\" name=A"', "name", 1, 46),
    "with wide characters": (N + "add policy x=中文 name=A", "name", 1, 36),
}


@pytest.mark.parametrize(("script", "word", "line", "column"), PLACES.values(), ids=PLACES)
def test_places(script: str, word: str, line: int, column: int) -> None:
    (command,) = scan(script).statements
    assert isinstance(command, Command)
    origin = command.origin(command.text.index(word))
    assert (origin.line, origin.column) == (line, column)
    assert command.anchors[0].offset == 0


def test_plain_filter_lines_are_handed_on_in_runs() -> None:
    line = 'netsh ipsec static add filter filterlist="Block list" srcaddr=any dstaddr=me\n'
    scanned = scan("@echo off\n" + line * 3 + "\n" + line + line.replace("any", "%1") + line.upper().rstrip())
    runs = [s for s in scanned.statements if isinstance(s, FilterRun)]
    assert [(run.line, run.text) for run in runs] == [(2, line * 3), (6, line), (8, line.upper())]


def test_runs_under_a_condition_become_commands() -> None:
    line = "netsh ipsec static add filter filterlist=L srcaddr=any dstaddr=me\n"
    scanned = scan(N + "show all\nif exist x goto end\n" + line * 2 + ":end\n" + N + "show all")
    assert texts(scanned.statements) == [
        "show all",
        *["[unless exist x] add filter filterlist=L srcaddr=any dstaddr=me"] * 2,
        "show all",
    ]
    command = scanned.statements[2]
    assert isinstance(command, Command)
    assert (command.origin().line, command.origin().column) == (4, 20)


def test_a_line_that_doubles_its_own_length_stops_growing() -> None:
    scanned = scan("set A=xxxxxxxx\n" + "set A=%A%%A%\n" * 60 + N + "add policy name=%A%")
    assert any(isinstance(s, Opaque) for s in scanned.statements)
