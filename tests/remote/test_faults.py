"""Hosts that misbehave: each ends in time with one clear message, its shell deleted, and nothing half-written."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Callable
from pathlib import Path

import pytest
from extraction import BOB, LIMITS, by_password, extract, secure_server, target_of

from ipsecmig.remote.commands import COMMANDS, REGISTRY_JSON, SHOW_ALL, Command, Output
from ipsecmig.remote.deadline import Patience, Stop
from ipsecmig.remote.evidence import read_evidence
from ipsecmig.remote.extraction import extract_host
from ipsecmig.remote.session import open_shell
from ipsecmig.remote.target import HostResult, Status
from ipsecmig.testing.answer import Answer
from ipsecmig.testing.gate import Gate
from ipsecmig.testing.host import Host
from ipsecmig.testing.plugin import WinrmServers
from ipsecmig.testing.releases import Quotas
from ipsecmig.testing.winrm import Action, Settings, WinrmServer
from ipsecmig.testing.winrm.faults import SHELL_NOT_FOUND, TOO_MANY_OPERATIONS, TOO_MANY_SHELLS
from ipsecmig.testing.winrm.script import Cut, Drip, Flood, Garbage, Hang, Misdeed, Refuse, Script, When
from ipsecmig.testing.winrm.script import Status as HttpStatus

HOST = secure_server()
SMALL = Host()
QUICK = LIMITS._replace(connect=1, operation=1, total=2, attempts=1)
"""For hosts of which something is waited for that never comes."""


def serve(servers: WinrmServers, script: Script, host: Host = SMALL) -> WinrmServer:
    return servers(host, Settings((BOB,), script=script))


def check_failed(server: WinrmServer, result: HostResult, folder: Path, *codes: str) -> None:
    assert result.status is Status.FAILED
    assert result.reason is not None
    assert result.reason.code in codes
    assert list(folder.iterdir()) == []
    assert server.open_shells == 0


def at_arrival(gate: Gate, count: int, action: Callable[[], None]) -> threading.Thread:
    """Do something in another thread once so many have come to the gate."""

    def wait() -> None:
        if gate.await_arrivals(count, 30):
            action()

    thread = threading.Thread(target=wait)
    thread.start()
    return thread


def messages_of_a_run(servers: WinrmServers, folder: Path) -> int:
    server = serve(servers, {})
    assert extract(server, folder).status is Status.EXTRACTED
    return len(server.messages)


@pytest.mark.slow
def test_a_connection_cut_at_every_message(winrm_servers: WinrmServers, tmp_path: Path) -> None:
    """The whole is tried again, and then nothing is missing."""
    last = messages_of_a_run(winrm_servers, tmp_path / "whole")
    for number in range(1, last + 1):
        server = serve(winrm_servers, {number: Cut(When.BEFORE)})
        assert extract(server, tmp_path / str(number)).status is Status.EXTRACTED
        assert server.open_shells == 0
        assert contents(tmp_path / str(number)) == contents(tmp_path / "whole")


@pytest.mark.parametrize("when", When)
def test_a_cut_without_another_attempt(winrm_servers: WinrmServers, tmp_path: Path, when: When) -> None:
    whole = tmp_path / "whole"
    last = messages_of_a_run(winrm_servers, whole)
    for number in (1, 2, 3, 4, last - 1, last):
        folder = tmp_path / str(number)
        folder.mkdir()
        server = serve(winrm_servers, {number: Cut(when)})
        result = extract(server, folder, limits=LIMITS._replace(attempts=1))
        # Of a shell whose name was cut off, nobody knows it: the host deletes it by itself, as it was told.
        assert server.open_shells == (1 if number == 1 and when is When.MIDDLE else 0)
        if number == last or (number == last - 1 and when is When.AFTER):
            assert contents(folder) == contents(whole)  # all had been answered
        else:
            assert result.reason is not None
            assert result.reason.code == "WR111"
            assert list(folder.iterdir()) == []


def contents(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.rglob("*.out")}


FAULTY: dict[str, tuple[Misdeed, tuple[str, ...]]] = {
    "garbage": (Garbage(b"\0\xff<not xml"), ("WR109",)),
    "HTML": (Garbage(b"<html><body>Login</body></html>", "text/html"), ("WR109",)),
    "nothing": (Garbage(b""), ("WR109",)),
    "100 MB": (Flood(100_000_000), ("WR109", "WR114")),
    "404": (HttpStatus(404), ("WR116",)),
    "503": (HttpStatus(503), ("WR116",)),
    "redirection": (HttpStatus(302), ("WR109", "WR115", "WR116")),
    "shells": (Refuse(TOO_MANY_SHELLS), ("WR112",)),
    "operations": (Refuse(TOO_MANY_OPERATIONS), ("WR112",)),
    "fault": (Refuse(SHELL_NOT_FOUND), ("WR113",)),
}


@pytest.mark.parametrize("action", [Action.CREATE, Action.COMMAND, Action.RECEIVE, Action.SIGNAL])
@pytest.mark.parametrize("name", FAULTY)
def test_a_fault(winrm_servers: WinrmServers, tmp_path: Path, action: Action, name: str) -> None:
    misdeed, codes = FAULTY[name]
    server = serve(winrm_servers, {action: misdeed})
    result = extract(server, tmp_path, limits=LIMITS._replace(attempts=1))
    check_failed(server, result, tmp_path, *codes)


@pytest.mark.parametrize("number", [1, 2, 5])
@pytest.mark.parametrize("name", ["shells", "operations", "503"])
def test_what_passes_is_tried_again(winrm_servers: WinrmServers, tmp_path: Path, number: int, name: str) -> None:
    server = serve(winrm_servers, {number: FAULTY[name][0]})
    assert extract(server, tmp_path).status is Status.EXTRACTED
    assert server.open_shells == 0


@pytest.mark.parametrize("name", ["garbage", "404", "fault"])
def test_what_does_not_pass_is_not(winrm_servers: WinrmServers, tmp_path: Path, name: str) -> None:
    server = serve(winrm_servers, {Action.CREATE: FAULTY[name][0]})
    assert extract(server, tmp_path).status is Status.FAILED
    assert [message.action for message in server.messages] == [Action.CREATE]


def test_attempts_are_counted(winrm_servers: WinrmServers, tmp_path: Path) -> None:
    server = serve(winrm_servers, {Action.CREATE: Refuse(TOO_MANY_SHELLS)})
    check_failed(server, extract(server, tmp_path), tmp_path, "WR112")
    assert len(server.messages) == LIMITS.attempts


@pytest.mark.parametrize("action", [Action.CREATE, Action.COMMAND, Action.RECEIVE, Action.SIGNAL])
def test_a_hang(winrm_servers: WinrmServers, tmp_path: Path, action: Action) -> None:
    server = serve(winrm_servers, {action: Hang(Gate())})
    result = extract(server, tmp_path, limits=QUICK)
    assert result.reason is not None
    assert result.reason.code == "WR110"
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("action", [Action.CREATE, Action.RECEIVE])
def test_an_answer_that_drips(winrm_servers: WinrmServers, tmp_path: Path, action: Action) -> None:
    """Each octet comes well within the time of one message, and yet there is an end."""
    gate, over = Gate(), threading.Event()
    server = serve(winrm_servers, {action: Drip(gate, 10_000)})

    def drip() -> None:
        while not over.wait(0.05):
            gate.release()

    dripping = threading.Thread(target=drip)
    dripping.start()
    try:
        result = extract(server, tmp_path, limits=QUICK)
    finally:
        over.set()
        dripping.join()
    assert result.reason is not None
    assert result.reason.code == "WR110"
    assert list(tmp_path.iterdir()) == []


def test_a_command_that_never_ends(winrm_servers: WinrmServers, tmp_path: Path) -> None:
    host = Host(answers={SHOW_ALL.line: Answer(b"", gate=Gate())})
    server = serve(winrm_servers, {}, host)
    check_failed(server, extract(server, tmp_path, limits=QUICK), tmp_path, "WR110")


def test_a_slow_command_is_waited_for(winrm_servers: WinrmServers, tmp_path: Path) -> None:
    gate = Gate()
    server = serve(winrm_servers, {}, Host(answers={SHOW_ALL.line: Answer(b"ok", gate=gate)}))
    gate_opener = at_arrival(gate, 2, gate.open)
    result = extract(server, tmp_path, limits=LIMITS._replace(operation=2))
    gate_opener.join()
    assert result.status is Status.EXTRACTED


def test_output_without_end_is_not_taken(winrm_servers: WinrmServers, tmp_path: Path) -> None:
    server = serve(winrm_servers, {}, Host(answers={REGISTRY_JSON.line: Answer(b"A" * 3_000_000)}))
    result = extract(server, tmp_path, limits=LIMITS._replace(octets=1_000_000))
    check_failed(server, result, tmp_path, "WR114")


def test_all_shells_are_taken_by_others(winrm_servers: WinrmServers, tmp_path: Path) -> None:
    server = winrm_servers(HOST, Settings((BOB,), quotas=Quotas(0, 15, 180, 150 * 1024)))
    check_failed(server, extract(server, tmp_path), tmp_path, "WR112")


def test_an_encrypted_answer_is_demanded(winrm_servers: WinrmServers, tmp_path: Path) -> None:
    """A host that would take and give everything in the clear is still spoken to with encryption."""
    server = winrm_servers(HOST, Settings((BOB,), allow_unencrypted=True))
    assert extract(server, tmp_path).status is Status.EXTRACTED
    assert {message.encrypted for message in server.messages} == {True}


def test_a_full_disk(winrm_servers: WinrmServers, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    server = serve(winrm_servers, {})
    monkeypatch.setattr("os.fsync", full)
    check_failed(server, extract(server, tmp_path), tmp_path, "WR118")


@pytest.mark.parametrize("line", ["del /q C:\\*", COMMANDS[0].line + " & del x"])
def test_nothing_but_the_list_is_sent(winrm_servers: WinrmServers, line: str) -> None:
    server = serve(winrm_servers, {})
    with (
        open_shell(target_of(server), by_password(), LIMITS, 60, Stop()) as shell,
        pytest.raises(ValueError, match="no command that may be sent"),
    ):
        shell.run(Command(COMMANDS[0].name, line, Output.CODE_PAGE))
    assert server.commands == ()
    assert server.open_shells == 0


def test_all_that_was_sent_is_in_the_list(winrm_servers: WinrmServers, tmp_path: Path) -> None:
    server = serve(winrm_servers, {})
    result = extract(server, tmp_path)
    assert result.manifest is not None
    manifest = read_evidence(result.manifest.parent).manifest
    assert server.commands == tuple(ran.line for ran in manifest.commands)
    assert set(server.commands) <= {command.line for command in COMMANDS}


def test_stop_from_another_thread(winrm_servers: WinrmServers, tmp_path: Path) -> None:
    gate, stop = Gate(), Stop()
    server = serve(winrm_servers, {}, Host(answers={SHOW_ALL.line: Answer(b"", gate=gate)}))
    stopping = at_arrival(gate, 1, stop.set)
    result = extract_host(target_of(server), by_password(), LIMITS, tmp_path, stop)
    stopping.join()
    check_failed(server, result, tmp_path, "WR117")


def test_ctrl_c_closes_the_shell(winrm_servers: WinrmServers, tmp_path: Path) -> None:
    gate = Gate()
    server = serve(winrm_servers, {}, Host(answers={SHOW_ALL.line: Answer(b"", gate=gate)}))
    pressing = at_arrival(gate, 1, lambda: os.kill(os.getpid(), signal.SIGINT))
    with pytest.raises(KeyboardInterrupt):
        extract(server, tmp_path)
    pressing.join()
    assert server.open_shells == 0
    assert list(tmp_path.iterdir()) == []


def test_stop_said_before_is_heard() -> None:
    stop = Stop()
    stop.set()
    with Patience(60) as patience, stop.calling(patience.end):
        assert patience.ended
