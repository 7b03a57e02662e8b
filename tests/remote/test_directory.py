"""A directory that is not what it should be: one clear message, and no password for it."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

from ipsecmig.cli.credentials import DIRECTORY_PASSWORD, directory_login
from ipsecmig.errors import InputError, UsageError
from ipsecmig.model.policy import Secret
from ipsecmig.remote.directory import Limits, Login, read_directory
from ipsecmig.remote.location import Location

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")  # ldap3 uses names that pyasn1 renamed

LOGIN = Login("reader@corp.example", Secret("hunter2"))
QUICK = Limits(connect=5, answer=1, total=5)


@contextmanager
def server(answer: Callable[[bytes], bytes | None]) -> Iterator[tuple[int, list[bytes]]]:
    """Give a server's port and what it hears; `answer` says what it answers, None hangs up."""
    heard: list[bytes] = []
    accepted: list[socket.socket] = []
    with socket.create_server(("127.0.0.1", 0)) as listening:

        def serve() -> None:
            connection, _ = listening.accept()
            accepted.append(connection)
            with connection, suppress(ConnectionError):
                while data := connection.recv(65536):
                    heard.append(data)
                    said = answer(data)
                    if said is None:
                        return
                    connection.sendall(said)

        thread = threading.Thread(target=serve)
        thread.start()
        try:
            yield listening.getsockname()[1], heard
        finally:
            if not accepted:
                socket.create_connection(listening.getsockname()).close()
            for connection in accepted:
                with suppress(OSError):
                    connection.shutdown(socket.SHUT_RDWR)
            thread.join()


def extended_response(result: int) -> Callable[[bytes], bytes]:
    """Return the answer to an extended request, RFC 4511 4.12: its result code, no more."""
    return lambda request: (
        bytes.fromhex("300c 0201") + request[4:5] + bytes.fromhex(f"7807 0a01 {result:02x} 0400 0400")
    )


@pytest.mark.parametrize("result", [2, 52, 53], ids=["protocolError", "unavailable", "unwillingToPerform"])
def test_no_password_goes_to_a_server_that_does_not_start_tls(result: int) -> None:
    with server(extended_response(result)) as (port, heard):
        at = Location("ldap://127.0.0.1", "127.0.0.1", port, tls_first=False)
        with pytest.raises(InputError) as refused:
            read_directory(at, LOGIN, None, QUICK)
    assert [one.code for one in refused.value.diagnostics] == ["LD103"]
    assert b"hunter2" not in b"".join(heard)
    assert b"reader" not in b"".join(heard)


@pytest.mark.parametrize("tls_first", [True, False])
@pytest.mark.parametrize(
    "answer",
    [lambda _: None, lambda _: b"", lambda _: b"HTTP/1.0 400 Bad Request\r\n\r\n", extended_response(0)],
    ids=["hangs up", "says nothing", "is another server", "lies"],
)
def test_what_is_no_directory_is_said_in_one_message(answer: Callable[[bytes], bytes | None], tls_first: bool) -> None:
    with server(answer) as (port, heard):
        at = Location("ldap://127.0.0.1", "127.0.0.1", port, tls_first)
        with pytest.raises(InputError) as refused:
            read_directory(at, LOGIN, None, QUICK)
    (said,) = refused.value.diagnostics
    assert said.code in {"LD101", "LD103", "LD107"}
    assert "hunter2" not in repr(said)
    assert b"hunter2" not in b"".join(heard)


def test_nobody_there() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        port = listening.getsockname()[1]
    with pytest.raises(InputError) as refused:
        read_directory(Location("ldaps://127.0.0.1", "127.0.0.1", port, tls_first=True), LOGIN, None, QUICK)
    assert [one.code for one in refused.value.diagnostics] == ["LD101"]


@pytest.mark.parametrize("content", [None, b"", b"no certificate", b"-----BEGIN", b"\xff\xfe"])
def test_a_file_without_authorities_is_refused_before_anything_is_sent(tmp_path: Path, content: bytes | None) -> None:
    file = tmp_path / "ca.pem"
    if content is not None:
        file.write_bytes(content)
    with pytest.raises(UsageError, match=r"--ca-file .*: (no certificate|cannot be read: No such)"):
        read_directory(Location("ldaps://127.0.0.1", "127.0.0.1", 1, tls_first=True), LOGIN, file, QUICK)


def test_the_password_is_in_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(DIRECTORY_PASSWORD, "hunter2")
    login = directory_login("reader")
    assert login == Login("reader", Secret("hunter2"))
    assert "hunter2" not in repr(login)
    assert directory_login(None) is None


@pytest.mark.parametrize(("user", "password"), [("reader", ""), ("", "hunter2")])
def test_a_bind_without_a_name_or_a_password_is_refused(
    monkeypatch: pytest.MonkeyPatch, user: str, password: str
) -> None:
    monkeypatch.setenv(DIRECTORY_PASSWORD, password)
    with pytest.raises(UsageError, match="not empty"):
        directory_login(user)
