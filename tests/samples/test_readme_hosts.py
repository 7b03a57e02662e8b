"""The commands of the documents that ask live hosts run too, on hosts that are served here.

Where a host is called by a name of example.com only the way to it is replaced: it is asked by NTLM on loopback.
"""

from __future__ import annotations

import os
import re
import shlex
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest
from extraction import BOB, LIMITS, by_password, secure_server
from ground_truth import ROOT, SAMPLES
from samples.test_readme_commands import asks_hosts, blocks, shown_in

from ipsecmig.cli.app import run
from ipsecmig.cli.guard import exit_code
from ipsecmig.remote import extraction
from ipsecmig.remote.deadline import Stop
from ipsecmig.remote.target import Credentials, HostResult, HostTarget, Limits, Transport
from ipsecmig.testing.winrm import Settings, WinrmServer

_SERVED = "-m ipsecmig.testing.winrm"
_ASKING = [block for block in blocks() if asks_hosts(tuple(shown_in(block)))]
_ELSEWHERE = [block for block in _ASKING if _SERVED not in block]
_HERE = [block for block in _ASKING if _SERVED in block]

INVENTORY = """
[windows]
srv[1:3].example.com
[linux]
gw.example.com ansible_connection=ssh
"""
SITE = "hosts:\n  - {name: srv1, addresses: [10.0.0.1]}\n  - {name: srv2, addresses: [10.0.0.2]}\n"


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Give the working folder, with the samples and what the commands name."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "samples").symlink_to(SAMPLES)
    (tmp_path / "hosts.ini").write_text(INVENTORY)
    (tmp_path / "site.yaml").write_text(SITE)
    return tmp_path


@pytest.mark.parametrize("block", _ELSEWHERE, ids=lambda block: block.splitlines()[0])
def test_commands_that_ask_hosts(block: str, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    extract_host = extraction.extract_host
    with WinrmServer(secure_server(), Settings((BOB,))) as server:

        def on_loopback(target: HostTarget, _: Credentials, __: Limits, into: Path, stop: Stop) -> HostResult:
            served = HostTarget("localhost", server.port, "http", Transport.NTLM, label=target.folder_name)
            return replace(extract_host(served, by_password(), LIMITS, into, stop), target=target)

        monkeypatch.setattr("ipsecmig.cli.extracting.extract_host", on_loopback)
        monkeypatch.setattr("ipsecmig.remote.extraction.require_libraries", lambda transport: None)
        monkeypatch.setenv("IPSECMIG_WINRM_PASSWORD", "unused")
        for shown in shown_in(block):
            assert exit_code(lambda: run(shown.arguments)) == shown.exit_code  # noqa: B023


@contextmanager
def _served(line: str, environment: dict[str, str]) -> Iterator[None]:
    """Run what a line starts in the background, from its first output on."""
    command = [sys.executable, *shlex.split(line.removesuffix("&"))[1:]]
    with subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            assert process.stdout.readline().startswith("url")
            yield
        finally:
            process.terminate()


@pytest.mark.parametrize("block", _HERE, ids=lambda block: block.splitlines()[0])
def test_commands_that_serve_a_host_and_ask_it(block: str, folder: Path) -> None:
    lines = [line.removeprefix("$ ") for line in block.replace("\\\n", " ").splitlines()]
    exported = dict(pair.split("=", 1) for line in lines if line.startswith("export ") for pair in line.split()[1:])
    environment = os.environ | exported | {"PYTHONPATH": str(ROOT), "NO_COLOR": "1"}
    (server,) = (line for line in lines if _SERVED in line)
    port = re.search(r"--port (\d+)", server)
    assert port is not None
    with socket.create_server(("127.0.0.1", 0)) as free:
        other = str(free.getsockname()[1])
    with _served(server.replace(port[0], f"--port {other}"), environment):
        for shown in shown_in(block):
            asks = shown.arguments[0] == "extract"
            arguments = [*shown.arguments, "--port", other] if asks else list(shown.arguments)
            arguments = [one.replace("evidence/localhost", f"evidence/localhost_{other}") for one in arguments]
            command = [sys.executable, "-m", "ipsecmig", *arguments]
            done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
            assert done.returncode == shown.exit_code, done.stdout + done.stderr


def test_there_are_such_commands() -> None:
    assert _ELSEWHERE
    assert _HERE
