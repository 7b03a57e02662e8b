"""`ipsecmig extract` over lists of hosts: what is asked, what is kept, what changed, and Ctrl-C."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from extraction import BOB
from fake_parts import Cli, Outcome
from fleet_hosts import script
from handmade import store_text

from ipsecmig.cli.app import run
from ipsecmig.cli.guard import exit_code
from ipsecmig.remote.commands import SHOW_ALL
from ipsecmig.remote.evidence import read_evidence
from ipsecmig.testing.answer import Answer
from ipsecmig.testing.gate import Gate
from ipsecmig.testing.host import Host
from ipsecmig.testing.policies import registry_keys
from ipsecmig.testing.winrm import Settings, WinrmServer

ROOT = Path(__file__).parents[2]


@pytest.fixture
def program(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Cli:
    """Return what runs the command line as bob, in an empty folder."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("NO_COLOR", "1")
    monkeypatch.setenv("IPSECMIG_WINRM_USER", BOB.name)
    monkeypatch.setenv("IPSECMIG_WINRM_PASSWORD", BOB.password)

    def call(*arguments: str) -> Outcome:
        code = exit_code(lambda: run(arguments))
        out, err = capsys.readouterr()
        return Outcome(code, out, err)

    return call


def with_policy(text: str) -> Host:
    return Host(keys=registry_keys(store_text(text)))


@pytest.fixture
def servers() -> Iterator[list[WinrmServer]]:
    """Give two hosts: the first one's policy secures 10.0.0.0/24, the second one's 10.0.1.0/24."""
    with (
        WinrmServer(with_policy(script()), Settings((BOB,))) as one,
        WinrmServer(with_policy(script("10.0.1.0/24")), Settings((BOB,))) as other,
    ):
        yield [one, other]


def write_list(*ports: int) -> None:
    lines = [f"h{n} ansible_host=localhost ansible_port={port}" for n, port in enumerate(ports)]
    Path("hosts").write_text("\n".join(["[windows]", *lines, "[windows:vars]", "ansible_winrm_scheme=http"]))


def statuses(outcome: Outcome) -> list[tuple[str, str]]:
    return [(one["host"], one["status"]) for one in json.loads(outcome.out)["hosts"]]


def test_a_list_is_extracted_and_a_second_run_asks_only_who_is_missing(
    program: Cli, servers: list[WinrmServer]
) -> None:
    write_list(servers[0].port, 1, servers[1].port)
    first = program("extract", "--hosts", "hosts", "--jobs", "2")
    assert first.code == 1
    table = first.out.splitlines()
    assert table[0].split() == ["host", "system", "version", "policy", "status", "took", "evidence"]
    assert [line.split()[0] for line in table[1:]] == ["h0", "h1", "h2"]
    assert "Servers" in table[1]
    assert "failed" in table[2]
    assert "h1: WR" in first.err or "localhost: WR" in first.err
    heard = [len(server.messages) for server in servers]
    again = program("extract", "--hosts", "hosts", "--format", "json")
    assert statuses(again) == [("h0", "kept"), ("h1", "failed"), ("h2", "kept")]
    assert [len(server.messages) for server in servers] == heard
    anew = program("extract", "--hosts", "hosts", "--format", "json", "--again")
    assert statuses(anew) == [("h0", "extracted"), ("h1", "failed"), ("h2", "extracted")]


def test_a_later_run_says_which_hosts_changed(program: Cli, servers: list[WinrmServer]) -> None:
    write_list(servers[0].port, servers[1].port, servers[1].port)
    assert program("extract", "--hosts", "hosts", "-o", "before").code == 0
    same = program("extract", "--hosts", "hosts", "-o", "same", "--diff", "before")
    assert same.code == 0
    assert same.out.splitlines()[-1] == "3 of 3 treat every packet as before"
    write_list(servers[0].port, servers[0].port)
    Path("hosts").write_text(
        Path("hosts")
        .read_text()
        .replace("[windows]", f"[windows]\nnew ansible_host=localhost ansible_port={servers[0].port}", 1)
    )
    later = program("extract", "--hosts", "hosts", "-o", "after", "--diff", "before", "--format", "json")
    assert later.code == 1
    found = {one["host"]: (one["change"], one["said"]) for one in json.loads(later.out)["changes"]}
    assert {name: kind for name, (kind, _) in found.items()} == {
        "h0": "equal",
        "h1": "changed",
        "h2": "gone",
        "new": "new",
    }
    assert "10.0." in found["h1"][1]


def test_a_host_that_could_not_be_asked_is_undecided(program: Cli, servers: list[WinrmServer]) -> None:
    write_list(servers[0].port, servers[1].port)
    assert program("extract", "--hosts", "hosts", "-o", "before").code == 0
    write_list(servers[0].port, 1)
    later = program("extract", "--hosts", "hosts", "-o", "after", "--diff", "before")
    assert later.code == 3
    assert "h1 undecided: it was not extracted" in later.out


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--hosts", "absent"), "absent"),
        (("--hosts", "hosts", "--group", "linux"), "linux"),
        (("--hosts", "hosts", "--diff", "evidence"), "--diff"),
        (("--hosts", "hosts", "--jobs", "0"), "jobs"),
        (("--hosts", "bad"), "bad:2: HL005"),
    ],
)
def test_mistakes_of_the_caller(program: Cli, arguments: tuple[str, ...], said: str) -> None:
    write_list(1)
    Path("bad").write_text("a\nb ansible_port=x ansible_password=geheim\n")
    outcome = program("extract", *arguments)
    assert outcome.code == 2
    assert said in outcome.err
    assert "geheim" not in outcome.err


def test_an_interruption_deletes_the_shell_and_keeps_who_is_done(tmp_path: Path, servers: list[WinrmServer]) -> None:
    gate = Gate()
    hanging = Host(answers={SHOW_ALL.line: Answer(b"", gate=gate)})
    with WinrmServer(hanging, Settings((BOB,))) as server:
        hosts = [f"localhost:{port}" for port in (servers[0].port, server.port, servers[1].port)]
        environment = os.environ | {
            "PYTHONPATH": str(ROOT),
            "IPSECMIG_WINRM_USER": BOB.name,
            "IPSECMIG_WINRM_PASSWORD": BOB.password,
        }
        command = [sys.executable, "-m", "ipsecmig", "extract", *hosts, "--http", "--jobs", "1"]
        with subprocess.Popen(command, cwd=tmp_path, env=environment, stdout=subprocess.PIPE, text=True) as process:
            assert gate.await_arrivals(1, 60)
            process.send_signal(signal.SIGINT)
            out, _ = process.communicate(timeout=60)
        assert process.returncode == 130
        assert server.open_shells == 0
    assert "extracted" in out
    folders = list((tmp_path / "evidence").iterdir())
    assert [path.name for path in folders] == [f"localhost_{servers[0].port}"]
    assert read_evidence(folders[0]).manifest.endpoint.port == servers[0].port


def test_evidence_of_many_is_a_fleet(program: Cli, servers: list[WinrmServer]) -> None:
    write_list(servers[0].port, servers[1].port, servers[0].port)
    assert program("extract", "--hosts", "hosts").code == 0
    found = json.loads(program("fleet", "evidence", "--format", "json", "--fail-on", "never").out)
    assert [group["hosts"] for group in found["groups"]] == [["h0", "h2"], ["h1"]]
    assert found["undecided"] == []
