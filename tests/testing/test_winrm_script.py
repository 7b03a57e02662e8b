"""What a server does wrong on purpose is what a client meets."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable
from contextlib import suppress

import pytest
import requests
import winrm.exceptions
from winrm_clients import Plain, Result, by_pywinrm, fault_of

from ipsecmig.testing.answer import Answer
from ipsecmig.testing.certificates import Authority
from ipsecmig.testing.gate import Gate
from ipsecmig.testing.host import Host
from ipsecmig.testing.plugin import WinrmServers
from ipsecmig.testing.winrm import Account, Action, Scheme, Settings, Tls, WinrmServer
from ipsecmig.testing.winrm.faults import TOO_MANY_SHELLS
from ipsecmig.testing.winrm.script import Cut, Drip, Flood, Garbage, Hang, Refuse, Script, Status, When

BOB = Account("bob", "pw")
HOST = Host(answers={"big": Answer(b"x" * 200_000, b"", 0)})
DONE = Result(0, b"x" * 200_000, b"")


@pytest.fixture
def serve(winrm_servers: WinrmServers) -> Callable[[Script], WinrmServer]:
    return lambda script: winrm_servers(HOST, Settings((BOB,), script=script))


@pytest.fixture
def plain(winrm_servers: WinrmServers) -> Callable[[Script], WinrmServer]:
    return lambda script: winrm_servers(
        HOST, Settings((BOB,), script=script, schemes=(Scheme.BASIC,), allow_unencrypted=True)
    )


Serve = Callable[[Script], WinrmServer]


def run(server: WinrmServer) -> Result:
    return by_pywinrm(server, "bob", "pw", "ntlm", "big")


def whole_conversation(serve: Serve) -> int:
    server = serve({})
    assert run(server) == DONE
    return len(server.messages)


@pytest.mark.parametrize("when", When)
def test_a_connection_is_cut_at_every_message(serve: Serve, when: When) -> None:
    for number in range(1, whole_conversation(serve) + 1):
        server = serve({number: Cut(when)})
        if when is When.AFTER:
            # What follows comes on a new connection, where nobody is known yet, sealed for the old one.
            failure = pytest.raises((requests.exceptions.RequestException, winrm.exceptions.WinRMTransportError))
        else:
            failure = pytest.raises(requests.exceptions.RequestException)
        if when is When.AFTER and number == whole_conversation(serve):
            assert run(server) == DONE
            continue
        with failure:
            run(server)
        assert number <= len(server.messages)


def test_before_the_cut_nothing_was_done_and_after_it_everything(plain: Serve) -> None:
    for when, shells in ((When.BEFORE, 0), (When.MIDDLE, 1), (When.AFTER, 1)):
        server = plain({1: Cut(when)})
        with Plain(server) as client:
            if when is When.AFTER:
                client.open()
            else:
                with pytest.raises(requests.exceptions.RequestException):
                    client.open()
        assert server.open_shells == shells


@pytest.mark.parametrize("status", [500, 503])
def test_a_status(plain: Serve, status: int) -> None:
    with Plain(plain({Action.CREATE: Status(status)})) as client:
        for _ in range(2):
            response = client.ask(Action.CREATE, "<r:Shell/>")
            assert (response.status_code, response.content) == (status, b"")


def test_a_fault(serve: Serve) -> None:
    with pytest.raises(winrm.exceptions.WSManFaultError) as refused:
        run(serve({1: Refuse(TOO_MANY_SHELLS)}))
    assert refused.value.wsman_fault_code == 2150859173


def test_a_fault_answers_the_request_that_it_is_for(plain: Serve) -> None:
    with Plain(plain({1: Refuse(TOO_MANY_SHELLS)})) as client:
        response = client.ask(Action.CREATE, "<r:Shell/>")
        assert fault_of(response) == (500, "w:QuotaLimit", 2150859173)
        assert "<a:RelatesTo>uuid:" in response.text
        client.open()


def test_garbage(plain: Serve) -> None:
    with Plain(plain({1: Garbage(b"\xff\0garbage", "text/html")})) as client:
        response = client.ask(Action.CREATE, "<r:Shell/>")
    assert (response.status_code, response.content) == (200, b"\xff\0garbage")
    assert response.headers["Content-Type"] == "text/html"


def test_a_flood(plain: Serve) -> None:
    octets = 3_000_001
    with Plain(plain({1: Flood(octets)})) as client:
        assert len(client.ask(Action.CREATE, "<r:Shell/>").content) == octets


def test_a_hundred_megabytes_come_through(winrm_servers: WinrmServers) -> None:
    size = 100_000_000
    host = Host(answers={"huge": Answer(bytes(size))})
    server = winrm_servers(host, Settings((BOB,), schemes=(Scheme.BASIC,), allow_unencrypted=True))
    with Plain(server) as client:
        shell = client.open()
        command = client.run(shell, "huge")
        received = 0
        while "CommandState/Done" not in (text := client.receive(shell, command).text):
            received += len(text)
    assert received > size


def hold(server: WinrmServer, gate: Gate) -> tuple[threading.Thread, list[str]]:
    """Begin to open a shell; return once the server has it at the gate."""
    opened: list[str] = []

    def work() -> None:
        with Plain(server) as client:
            opened.append(client.open())

    thread = threading.Thread(target=work)
    thread.start()
    assert gate.await_arrivals(1, 20)
    return thread, opened


def test_a_hang_lasts_until_it_is_released(plain: Serve) -> None:
    gate = Gate()
    server = plain({1: Hang(gate)})
    thread, opened = hold(server, gate)
    assert (opened, server.open_shells) == ([], 0)
    gate.release()
    thread.join()
    assert len(opened) == server.open_shells == 1


def test_an_answer_drips(plain: Serve) -> None:
    gate = Gate()
    server = plain({1: Drip(gate, pieces=3)})
    thread, opened = hold(server, gate)
    gate.release(2)
    assert gate.await_arrivals(3, 20)
    assert opened == []
    gate.release()
    thread.join()
    assert len(opened) == 1


def test_a_client_that_loses_patience_goes_its_way(plain: Serve) -> None:
    gate = Gate()
    server = plain({1: Hang(gate)})
    with Plain(server) as client:
        client.patience = 0.05
        with pytest.raises(requests.exceptions.Timeout):
            client.open()
    server.close()


BEGINNINGS = {"http": b"POST /wsman HTTP/1.1\r\n", "https": bytes.fromhex("16030100c8010000c4")}
"""What a client says first, and not to its end: a request, and the ClientHello of TLS."""


def come_and_go(port: int, beginning: bytes, gone: list[int]) -> None:
    """Begin to ask over and over, each time on a new connection, until there is nobody to ask."""
    with suppress(OSError):
        while True:
            with socket.create_connection(("127.0.0.1", port), timeout=20) as connection:
                connection.sendall(beginning)
                connection.shutdown(socket.SHUT_WR)
                connection.recv(1)
    gone.append(port)


@pytest.mark.parametrize("scheme", BEGINNINGS)
def test_a_server_ends_while_clients_come_and_go(
    winrm_servers: WinrmServers, winrm_authority: Authority, scheme: str
) -> None:
    tls = Tls(winrm_authority.server()) if scheme == "https" else None
    for _ in range(5):
        server = winrm_servers(HOST, Settings((BOB,), tls=tls))
        port, gone = server.port, list[int]()
        threads = [threading.Thread(target=come_and_go, args=(port, BEGINNINGS[scheme], gone)) for _ in range(4)]
        for thread in threads:
            thread.start()
        server.close()
        for thread in threads:
            thread.join()
        assert gone == [port] * 4


def test_a_server_ends_though_a_client_says_nothing(winrm_servers: WinrmServers, winrm_authority: Authority) -> None:
    server = winrm_servers(HOST, Settings((BOB,), tls=Tls(winrm_authority.server())))
    with socket.create_connection(("127.0.0.1", server.port), timeout=20) as silent:
        silent.sendall(BEGINNINGS["https"])
        server.close()
        with suppress(ConnectionResetError):
            assert silent.recv(1) == b""
