"""`ipsecmig extract` as it is called: options, credentials, exit codes, and what it prints."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import pytest
from extraction import BOB, SECURE_SERVER, secure_server
from fake_parts import Cli, Outcome

from ipsecmig.cli.app import run
from ipsecmig.cli.guard import exit_code
from ipsecmig.remote.commands import SHOW_ALL
from ipsecmig.testing.answer import Answer
from ipsecmig.testing.certificates import Authority
from ipsecmig.testing.gate import Gate
from ipsecmig.testing.host import Host
from ipsecmig.testing.plugin import winrm_authority, winrm_servers
from ipsecmig.testing.winrm import Scheme, Settings, Tls, WinrmServer

__all__ = ["winrm_authority", "winrm_servers"]


@pytest.fixture
def program(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    no_settings_of_this_machine: None,
) -> Cli:
    """Return what runs the command line, with the real parts, as bob, in an empty folder."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("NO_COLOR", "1")
    monkeypatch.setenv("IPSECMIG_WINRM_USER", BOB.name)
    monkeypatch.setenv("IPSECMIG_WINRM_PASSWORD", BOB.password)

    def call(*arguments: str) -> Outcome:
        code = exit_code(lambda: run(arguments))
        out, err = capsys.readouterr()
        return Outcome(code, out, err)

    return call


@pytest.fixture
def server() -> Iterator[WinrmServer]:
    schemes = (Scheme.NEGOTIATE, Scheme.KERBEROS, Scheme.CREDSSP)
    with WinrmServer(secure_server(), Settings((BOB,), schemes=schemes)) as running:
        yield running


def there(server: WinrmServer) -> str:
    return f"localhost:{server.port}"


def test_a_host_is_extracted_and_then_a_source(program: Cli, server: WinrmServer) -> None:
    extracted = program("extract", there(server), "--http", "-o", "out")
    assert (extracted.code, extracted.err) == (0, "")
    folder = f"out/localhost_{server.port}"
    assert extracted.out.splitlines()[1].split()[0] == "localhost"
    assert "Windows Server 2012 R2 Standard" in extracted.out
    assert extracted.out.rstrip().endswith(folder)
    for source in (folder, "out"):
        assert program("diff", str(SECURE_SERVER), source).code == 0
        assert program("convert", source, "--to", "nftables", "-o", "linux", "--force", "--fail-on", "never").code == 0
    assert program("lint", folder, "--fail-on", "never").code == 0
    assert program("trace", folder, "out tcp 10.0.0.5:49152 > 10.1.0.9:445").code == 0
    assert program("show", folder, "--format", "json").code == 0


def test_https_and_a_private_authority(program: Cli, winrm_authority: Authority) -> None:
    tls = Tls(winrm_authority.server())
    with WinrmServer(secure_server(), Settings((BOB,), tls=tls)) as server:
        assert program("extract", there(server)).code == 2
        done = program("extract", there(server), "--ca-file", str(winrm_authority.certificate), "--transport", "basic")
        assert Path(f"evidence/localhost_{server.port}/manifest.json").exists()
    assert done.code == 0


def test_the_exit_code_says_how_many_failed(program: Cli, server: WinrmServer) -> None:
    there_and_not = program("extract", there(server), "no-such-host.invalid", "--http", "--format", "json")
    assert there_and_not.code == 1
    hosts = json.loads(there_and_not.out)["hosts"]
    assert [(one["host"], one["status"]) for one in hosts] == [
        ("localhost", "extracted"),
        ("no-such-host.invalid", "failed"),
    ]
    assert hosts[1]["reason"]["code"] == "WR101"
    assert "no-such-host.invalid: WR101 error: there is no host of this name" in there_and_not.err
    assert program("extract", "no-such-host.invalid", "--http").code == 2


def test_a_host_named_twice_is_asked_once(program: Cli, server: WinrmServer) -> None:
    assert program("extract", there(server), there(server), "--http").code == 0
    assert sum(message.action is not None and message.action.name == "CREATE" for message in server.messages) == 1


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ((), "HOST"),
        (("a b",), "no host"),
        (("srv1", "--http", "--transport", "basic"), "HTTPS only"),
        (("srv1", "--transport", "certificate"), "--certificate and --private-key"),
        (("srv1", "--port", "70000"), "70000"),
        (("srv1", "--timeout", "0"), "timeout"),
        (("srv1", "--ca-file", "absent.pem"), "absent.pem"),
        (("srv1", "--password", "x"), "--password"),
    ],
)
def test_mistakes_of_the_caller(program: Cli, arguments: tuple[str, ...], said: str) -> None:
    outcome = program("extract", *arguments)
    assert outcome.code == 2
    assert said in outcome.err


def test_no_name_and_no_password(program: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("IPSECMIG_WINRM_PASSWORD")
    monkeypatch.setitem(sys.modules, "keyring", None)
    monkeypatch.setattr("sys.stdin.isatty", lambda: False)
    assert "IPSECMIG_WINRM_PASSWORD" in program("extract", "srv1").err
    monkeypatch.delenv("IPSECMIG_WINRM_USER")
    assert "--user" in program("extract", "srv1", "--transport", "ntlm").err


def test_the_keyring_has_the_password(program: Cli, server: WinrmServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("IPSECMIG_WINRM_PASSWORD")
    keyring, errors = ModuleType("keyring"), ModuleType("keyring.errors")
    passwords = {("ipsecmig", BOB.name): BOB.password}
    keyring.get_password = lambda service, name: passwords.get((service, name))  # type: ignore[attr-defined]
    errors.KeyringError = RuntimeError  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "keyring", keyring)
    monkeypatch.setitem(sys.modules, "keyring.errors", errors)
    assert program("extract", there(server), "--http").code == 0


def test_a_prompt_asks_for_the_password(program: Cli, server: WinrmServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("IPSECMIG_WINRM_PASSWORD")
    monkeypatch.setitem(sys.modules, "keyring", None)
    monkeypatch.setattr("sys.stdin.isatty", lambda: True)
    monkeypatch.setattr("ipsecmig.cli.credentials.getpass", lambda prompt: BOB.password)
    assert program("extract", there(server), "--http").code == 0


def test_the_library_is_missing(program: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "winrm", None)
    outcome = program("extract", "srv1")
    assert outcome.code == 2
    assert 'pip install "ipsecmig[remote]"' in outcome.err


def test_the_library_for_credssp_is_missing(program: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("winrm.transport.HAVE_CREDSSP", False)
    outcome = program("extract", "srv1", "--transport", "credssp")
    assert outcome.code == 2
    assert 'pip install "ipsecmig[credssp]"' in outcome.err


def test_evidence_is_read_without_the_libraries(program: Cli, server: WinrmServer) -> None:
    assert program("extract", there(server), "--http").code == 0
    code = (
        "import sys\n"
        "for name in ('winrm', 'requests', 'urllib3', 'spnego', 'keyring'): sys.modules[name] = None\n"
        "from ipsecmig.cli.app import run\n"
        "sys.exit(run(['show', 'evidence']))"
    )
    shown = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert (shown.returncode, shown.stderr.count("Traceback")) == (0, 0)
    assert "Payroll server" in shown.stdout


def test_changed_evidence_is_refused(program: Cli, server: WinrmServer) -> None:
    assert program("extract", there(server), "--http").code == 0
    path = Path(f"evidence/localhost_{server.port}/registry-json.out")
    path.write_bytes(path.read_bytes().replace(b"A", b"B", 1))
    shown = program("show", "evidence")
    assert shown.code == 2
    assert f"{path}: EV002 error: is not what it was when it was extracted" in shown.err


@pytest.mark.parametrize("transport", ["ntlm", "credssp"])
def test_a_password_is_nowhere(
    program: Cli, server: WinrmServer, monkeypatch: pytest.MonkeyPatch, transport: str
) -> None:
    wrong = "Secret-of-somebody"
    monkeypatch.setenv("IPSECMIG_WINRM_PASSWORD", wrong)
    outcome = program("extract", there(server), "--http", "--transport", transport)
    assert outcome.code == 2
    assert 'WR105 error: "bob" is refused: wrong name or password' in outcome.err
    assert wrong not in outcome.err + outcome.out
    monkeypatch.setenv("IPSECMIG_WINRM_PASSWORD", BOB.password)
    assert program("extract", there(server), "--http", "--transport", transport).code == 0
    assert program("diff", str(SECURE_SERVER), "evidence").code == 0
    everything = b"".join(path.read_bytes() for path in Path("evidence").rglob("*") if path.is_file())
    assert BOB.password.encode() not in everything


def test_a_host_that_hangs_ends_with_the_time(program: Cli) -> None:
    host = Host(answers={SHOW_ALL.line: Answer(b"", gate=Gate())})
    with WinrmServer(host, Settings((BOB,))) as server:
        outcome = program("extract", there(server), "--http", "--timeout", "2")
        assert server.open_shells == 0
    assert outcome.code == 2
    assert "WR110 error: has not answered within 2 s" in outcome.err
    assert not Path("evidence").exists()
