"""CredSSP from the other end: who gets in has proved a password and handed over the same one; nobody else does."""

from __future__ import annotations

import ssl
from base64 import b64decode, b64encode
from collections.abc import Iterator
from typing import Any

import pytest
import spnego
from hypothesis import given, settings
from hypothesis import strategies as st
from spnego.exceptions import SpnegoError

from ipsecmig.testing.host import Host
from ipsecmig.testing.winrm import Account, Scheme, Settings, WinrmServer
from ipsecmig.testing.winrm.authentication import Doorkeeper, Verdict, Visitor
from ipsecmig.testing.winrm.encryption import Garbled, opened, sealed

ALICE, BOB, EVE = Account(r"LAB\alice", "secret"), Account("bob", "pw"), Account("eve", "pw")
INVITATIONS = ["Negotiate", "CredSSP"]
PROTOCOL = "application/HTTP-CredSSP-session-encrypted"


@pytest.fixture(scope="module")
def doorkeeper() -> Iterator[Doorkeeper]:
    with WinrmServer(Host(), Settings((ALICE, BOB, EVE), schemes=(Scheme.NEGOTIATE, Scheme.CREDSSP))) as server:
        yield server.doorkeeper


def client_of(name: str, password: str) -> Any:
    return spnego.client(name, password, "localhost", service="HTTP", protocol="credssp")


def tell(visitor: Visitor, token: bytes, scheme: str = "CredSSP") -> tuple[Verdict, bytes]:
    """Return what a token leads to, and the token in the answer, empty if there is none."""
    verdict = visitor.hear(f"{scheme} {b64encode(token).decode()}")
    told = [header.partition(" ")[2] for header in verdict.headers]
    return verdict, b64decode(told[0]) if told else b""


def log_in(visitor: Visitor, client: Any, last_scheme: str = "CredSSP") -> Verdict:
    """Return what the last round leads to, or the one with which the client gives up."""
    verdict, answer = Verdict(None), None
    while not client.complete:
        token = client.step(answer)
        verdict, answer = tell(visitor, token, last_scheme if client.complete else "CredSSP")
    return verdict


@pytest.mark.parametrize(
    ("name", "account"), [("bob", BOB), (r"WINHOST\bob", BOB), (r"LAB\alice", ALICE), (r"lab\ALICE", ALICE)]
)
def test_the_account_is_known_until_the_connection_ends(doorkeeper: Doorkeeper, name: str, account: Account) -> None:
    visitor = Visitor(doorkeeper, None)
    assert log_in(visitor, client_of(name, account.password)).account == account
    assert visitor.hear("").account == account
    assert Visitor(doorkeeper, None).hear("").account is None


@pytest.mark.parametrize("scheme", ["CredSSP", "Negotiate"])
@pytest.mark.parametrize(
    ("domain", "name", "password"),
    [("", "bob", "other"), ("", "bob", ""), ("", "eve", "pw"), ("OTHER", "bob", "pw"), ("", "", "")],
)
def test_who_hands_over_something_else_is_refused(
    doorkeeper: Doorkeeper, scheme: str, domain: str, name: str, password: str
) -> None:
    visitor, client = Visitor(doorkeeper, None), client_of("bob", "pw")
    handed_over = client._ts_credential.credentials
    handed_over.domain_name, handed_over.username, handed_over.password = domain, name, password
    assert log_in(visitor, client, scheme) == Verdict(None, INVITATIONS)
    assert visitor.hear("").account is None


@pytest.mark.parametrize(("name", "password"), [("bob", "wrong"), ("nobody", "pw"), (r"OTHER\bob", "pw")])
def test_a_refused_client_may_try_again(doorkeeper: Doorkeeper, name: str, password: str) -> None:
    visitor = Visitor(doorkeeper, None)
    with pytest.raises(SpnegoError, match="Received NTStatus"):
        log_in(visitor, client_of(name, password))
    assert visitor.hear("").account is None
    assert log_in(visitor, client_of("bob", "pw")).account == BOB


@pytest.mark.parametrize(
    "token", [b"", b"\0\0\0", b"NTLMSSP\0\1\0\0\0", b"\x60\x04\x06\x02+\6", b"\x16\x03\x01\0\x01\0"]
)
def test_what_begins_no_tls_is_refused(doorkeeper: Doorkeeper, token: bytes) -> None:
    assert tell(Visitor(doorkeeper, None), token)[0] == Verdict(None, INVITATIONS)


def test_messages_are_sealed_by_the_protocol_of_the_login(doorkeeper: Doorkeeper) -> None:
    visitor, client = Visitor(doorkeeper, None), client_of("bob", "pw")
    log_in(visitor, client)
    assert visitor.context is not None
    kind, body = sealed(client, bytes(40_000), PROTOCOL)
    assert (kind.partition(";")[0], body.count(b"Length=16384")) == ("multipart/x-multi-encrypted", 2)
    with pytest.raises(Garbled):
        opened(visitor.context, body, "application/HTTP-SPNEGO-session-encrypted")
    assert opened(visitor.context, body, PROTOCOL) == bytes(40_000)
    with pytest.raises(Garbled):
        opened(visitor.context, body, PROTOCOL)


class Tls:
    """The TLS inside CredSSP, of a client that then says what it likes."""

    def __init__(self, visitor: Visitor) -> None:
        self._visitor = visitor
        self._in, self._out = ssl.MemoryBIO(), ssl.MemoryBIO()
        context = ssl.create_default_context()
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        self._tls = context.wrap_bio(self._in, self._out)
        while not self._shaken():
            self._in.write(tell(visitor, self._out.read())[1])

    def _shaken(self) -> bool:
        try:
            self._tls.do_handshake()
        except ssl.SSLWantReadError:
            return False
        return True

    def tell(self, request: bytes) -> Verdict:
        self._tls.write(request)
        return tell(self._visitor, self._out.read())[0]


def request_of(client: spnego.ContextProxy) -> bytes:
    """Return a request of the right form: version 6, and the first token of Negotiate."""
    token = client.step() or b""
    assert len(token) < 100
    octets = b"\x04" + bytes([len(token)]) + token
    for tag in (0xA0, 0x30, 0x30, 0xA1):
        octets = bytes([tag, len(octets)]) + octets
    inner = b"\xa0\x03\x02\x01\x06" + octets
    return b"\x30" + bytes([len(inner)]) + inner


@settings(max_examples=60, deadline=None)
@given(st.binary(min_size=1, max_size=20), st.integers(0, 80), st.integers(0, 20))
def test_any_request_is_refused_or_answered(doorkeeper: Doorkeeper, inserted: bytes, at: int, cut: int) -> None:
    visitor = Visitor(doorkeeper, None)
    whole = request_of(spnego.client("bob", "pw", protocol="ntlm"))
    verdict = Tls(visitor).tell(whole[:at] + inserted + whole[at + cut :])
    assert verdict.account is None
    assert verdict.headers


def test_the_request_that_is_changed_there_is_one(doorkeeper: Doorkeeper) -> None:
    verdict = Tls(Visitor(doorkeeper, None)).tell(request_of(spnego.client("bob", "pw", protocol="ntlm")))
    assert verdict.headers[0].startswith("CredSSP ")
