"""The commands of the documents that ask live hosts run too, on a host that is served here.

Only the way to the hosts is replaced: whatever they are called, they are asked by NTLM on loopback.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from documents import asks_hosts, blocks, shown_in
from extraction import BOB, LIMITS, by_password, secure_server
from ground_truth import SAMPLES

from ipsecmig.cli.app import run
from ipsecmig.cli.guard import exit_code
from ipsecmig.remote import extraction
from ipsecmig.remote.deadline import Stop
from ipsecmig.remote.target import Credentials, HostResult, HostTarget, Limits, Transport
from ipsecmig.testing.winrm import Settings, WinrmServer

_SERVED = "-m ipsecmig.testing.winrm"
_ELSEWHERE = [block for block in blocks() if _SERVED not in block and asks_hosts(tuple(shown_in(block)))]
"""The blocks that ask hosts; the one that serves its host itself has a test of its own, the walk-through."""

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


def test_there_are_such_commands() -> None:
    assert _ELSEWHERE
