"""A folder with everything that there is of one host: what agrees is one policy, what does not is said."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from ground_truth import SAMPLES

from ipsecmig.cli.app import run
from ipsecmig.cli.guard import exit_code

FORMS = SAMPLES / "forms"
SCRIPT = SAMPLES / "recommended" / "secure-server.cmd"
SITE = str(SCRIPT.with_suffix(".site.yaml"))
FILES = (FORMS / "secure-server.reg", FORMS / "secure-server.show.txt", SCRIPT)

Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def host(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """Give the folder of a host, whose sources agree."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("NO_COLOR", "1")
    (tmp_path / "host").mkdir()
    for file in FILES:
        (tmp_path / "host" / file.name).write_bytes(file.read_bytes())
    return tmp_path / "host"


def change(file: Path, old: bytes, new: bytes) -> None:
    content = file.read_bytes()
    assert old in content
    file.write_bytes(content.replace(old, new))


@pytest.fixture
def call(capsys: pytest.CaptureFixture[str]) -> Run:
    def call(*arguments: str) -> tuple[int, str, str]:
        code = exit_code(lambda: run(arguments))
        return (code, *capsys.readouterr())

    return call


@pytest.mark.usefixtures("host")
def test_sources_that_agree_are_one_policy_with_all_their_names(call: Run) -> None:
    code, out, err = call(
        "convert", "host", "--to", "nftables,netsh", "--fail-on", "never", "--site", SITE, "-o", "out"
    )
    assert code == 0
    assert out.startswith('Policy "Payroll server" of host/secure-server.cmd, host/secure-server.reg, ')
    assert "CLI00" not in err
    assert (code, "netsh: equal" in out) == (0, True)


def test_what_netsh_printed_otherwise_is_undecided_with_a_packet(call: Run, host: Path) -> None:
    change(host / "secure-server.show.txt", b"10.10.6.50", b"10.10.6.51")
    code, out, err = call("convert", "host", "--to", "netsh", "--site", SITE, "-o", "out")
    assert code == 3
    assert "CLI005 warning" in err
    assert "is not what it is in host/secure-server.reg: they differ at out " in err
    assert "UNDECIDED: 1 place was not understood" in out
    assert "netsh: equal" not in out


def test_a_script_that_says_something_else_is_undecided_too(call: Run, host: Path) -> None:
    change(host / "secure-server.cmd", b"10.10.6.50", b"10.10.6.51")
    code, _, err = call("show", "host", "--site", SITE)
    assert code == 3
    assert "secure-server.cmd:" in err.split("CLI005")[0].splitlines()[-1]


def test_a_report_with_connection_security_rules_is_in_force_beside_it(call: Run, host: Path) -> None:
    (host / "report.xml").write_bytes((FORMS / "isolation.xml").read_bytes())
    code, out, err = call("show", "host", "--site", SITE)
    assert code == 3
    assert 'CLI007 warning: is in force together with the policy "Payroll server"' in err
    assert 'Policy "Connection security rules"' in out
    code, _, err = call("convert", "host", "--to", "netsh", "--site", SITE, "-o", "out")
    assert (code, "several policies" in err) == (2, True)
    code, out, _ = call("convert", "host", "--policy", "Payroll server", "--to", "netsh", "--site", SITE, "-o", "out")
    assert (code, "netsh: equal" in out) == (3, False)
