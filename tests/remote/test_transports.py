"""Every way to log in, over HTTP with encryption and HTTPS with verification; and refused with one clear message."""

from __future__ import annotations

import logging
import re
import socket
from base64 import b64decode
from pathlib import Path

import pytest
from extraction import BOB, LIMITS, by_password, extract, secure_server, store_of

from ipsecmig.dialects.base import ReadOptions
from ipsecmig.errors import UsageError
from ipsecmig.model.policy import Secret
from ipsecmig.remote.evidence import pack
from ipsecmig.remote.extraction import extract_host
from ipsecmig.remote.reading import read_packed
from ipsecmig.remote.target import Credentials, HostResult, HostTarget, Limits, Status, Transport
from ipsecmig.testing.certificates import Authority
from ipsecmig.testing.kerberos import Realm
from ipsecmig.testing.plugin import WinrmServers
from ipsecmig.testing.winrm import Account, Action, Scheme, Settings, Tls, WinrmServer
from ipsecmig.testing.winrm.authentication import Verdict, Visitor
from ipsecmig.testing.winrm.faults import TOO_MANY_SHELLS
from ipsecmig.testing.winrm.script import Garbage, Misdeed, Refuse
from ipsecmig.testing.winrm.script import Status as HttpStatus

HOST = secure_server()
GUEST = Account("guest", "pw", administrator=False)
ENCRYPTING = (Scheme.NEGOTIATE, Scheme.KERBEROS, Scheme.CREDSSP)
BY_PASSWORD = [Transport.NTLM, Transport.CREDSSP]


@pytest.fixture
def http(winrm_servers: WinrmServers) -> WinrmServer:
    return winrm_servers(HOST, Settings((BOB, GUEST), schemes=ENCRYPTING))


@pytest.fixture
def https(winrm_servers: WinrmServers, winrm_authority: Authority) -> WinrmServer:
    tls = Tls(winrm_authority.server(), clients=winrm_authority.certificate)
    return winrm_servers(HOST, Settings((BOB, GUEST), tls=tls, schemes=tuple(Scheme)))


def check_done(server: WinrmServer, result: HostResult, *, encrypted: bool) -> None:
    """Check that everything was asked in one shell, which is gone, and that the policy is that of the host."""
    assert (result.status, result.reason) == (Status.EXTRACTED, None)
    assert result.manifest is not None
    reading = read_packed(pack(result.manifest.parent), ReadOptions())
    assert [policy.name for policy in reading.store.policies] == [policy.name for policy in store_of().policies]
    actions = [message.action for message in server.messages]
    assert (actions.count(Action.CREATE), actions.count(Action.DELETE), server.open_shells) == (1, 1, 0)
    assert {message.encrypted for message in server.messages} == {encrypted}


def check_refused(result: HostResult, code: str, folder: Path) -> None:
    assert (result.status, result.manifest) == (Status.FAILED, None)
    assert result.reason is not None
    assert result.reason.code == code
    assert "Passw0rd" not in repr(result) + result.reason.message
    assert list(folder.iterdir()) == []


@pytest.mark.parametrize("transport", BY_PASSWORD)
def test_http_is_encrypted(http: WinrmServer, tmp_path: Path, transport: Transport) -> None:
    check_done(http, extract(http, tmp_path, transport), encrypted=True)


@pytest.mark.parametrize("transport", [*BY_PASSWORD, Transport.BASIC])
def test_https_with_a_private_authority(
    https: WinrmServer, winrm_authority: Authority, tmp_path: Path, transport: Transport
) -> None:
    result = extract(https, tmp_path, transport, winrm_authority.certificate)
    check_done(https, result, encrypted=False)


def test_a_certificate_is_enough(https: WinrmServer, winrm_authority: Authority, tmp_path: Path) -> None:
    pair = winrm_authority.client("bob")
    credentials = Credentials(certificate=pair.certificate, key=pair.key)
    result = extract(https, tmp_path, Transport.CERTIFICATE, winrm_authority.certificate, credentials=credentials)
    check_done(https, result, encrypted=False)


@pytest.mark.parametrize("over_tls", [False, True])
def test_a_ticket_is_enough(
    winrm_servers: WinrmServers,
    winrm_authority: Authority,
    kerberos_realm: Realm,
    tmp_path: Path,
    over_tls: bool,
) -> None:
    principal = kerberos_realm.add_user("carol", "secret")
    kerberos_realm.take_ticket("carol", "secret")
    tls = Tls(winrm_authority.server()) if over_tls else None
    settings = Settings((Account(principal),), tls=tls, keytab=kerberos_realm.keytab)
    server = winrm_servers(HOST, settings)
    authority = winrm_authority.certificate if over_tls else None
    result = extract(server, tmp_path, Transport.KERBEROS, authority, credentials=Credentials())
    check_done(server, result, encrypted=not over_tls)


def test_without_a_ticket(winrm_servers: WinrmServers, kerberos_realm: Realm, tmp_path: Path) -> None:
    server = winrm_servers(HOST, Settings(keytab=kerberos_realm.keytab))
    result = extract(server, tmp_path, Transport.KERBEROS, credentials=Credentials())
    check_refused(result, "WR107", tmp_path)


def test_ipv6(winrm_servers: WinrmServers, winrm_authority: Authority, tmp_path: Path) -> None:
    server = winrm_servers(HOST, Settings((BOB,), tls=Tls(winrm_authority.server()), address="::1"))
    check_done(server, extract(server, tmp_path, authority=winrm_authority.certificate, host="::1"), encrypted=False)


@pytest.mark.parametrize("transport", [*BY_PASSWORD, Transport.BASIC])
def test_a_wrong_password(https: WinrmServer, winrm_authority: Authority, tmp_path: Path, transport: Transport) -> None:
    wrong = Credentials("bob", Secret("Passw0rd! no"))
    result = extract(https, tmp_path, transport, winrm_authority.certificate, credentials=wrong)
    check_refused(result, "WR105", tmp_path)


@pytest.mark.parametrize("transport", BY_PASSWORD)
def test_a_wrong_password_over_http(http: WinrmServer, tmp_path: Path, transport: Transport) -> None:
    result = extract(http, tmp_path, transport, credentials=Credentials("bob", Secret("Passw0rd! no")))
    check_refused(result, "WR105", tmp_path)


@pytest.mark.parametrize("transport", BY_PASSWORD)
def test_no_administrator(http: WinrmServer, tmp_path: Path, transport: Transport) -> None:
    check_refused(extract(http, tmp_path, transport, credentials=by_password(GUEST)), "WR108", tmp_path)


@pytest.mark.parametrize("transport", BY_PASSWORD)
def test_no_administrator_over_https(
    https: WinrmServer, winrm_authority: Authority, tmp_path: Path, transport: Transport
) -> None:
    result = extract(https, tmp_path, transport, winrm_authority.certificate, credentials=by_password(GUEST))
    check_refused(result, "WR108", tmp_path)


@pytest.mark.parametrize("transport", [Transport.BASIC, Transport.CREDSSP])
def test_a_transport_that_is_not_offered(
    winrm_servers: WinrmServers, winrm_authority: Authority, tmp_path: Path, transport: Transport
) -> None:
    tls = Tls(winrm_authority.server())
    server = winrm_servers(HOST, Settings((BOB,), tls=tls, schemes=(Scheme.NEGOTIATE,)))
    result = extract(server, tmp_path, transport, winrm_authority.certificate)
    check_refused(result, "WR106", tmp_path)
    assert result.reason is not None
    assert result.reason.message == f"does not take {transport}; it takes ntlm, kerberos"


def test_only_credssp_is_offered(winrm_servers: WinrmServers, tmp_path: Path) -> None:
    result = extract(winrm_servers(HOST, Settings((BOB,), schemes=(Scheme.CREDSSP,))), tmp_path)
    check_refused(result, "WR106", tmp_path)
    assert result.reason is not None
    assert result.reason.message == "does not take ntlm; it takes credssp"


@pytest.mark.parametrize("over_tls", [False, True])
@pytest.mark.parametrize(
    ("misdeed", "over_http", "over_https"),
    [
        (HttpStatus(503), "WR116", "WR116"),
        (HttpStatus(302), "WR109", "WR116"),
        (Refuse(TOO_MANY_SHELLS), "WR112", "WR112"),
        (Garbage(b"<html>"), "WR109", "WR115"),
    ],
)
def test_credssp_of_a_host_that_misbehaves(
    winrm_servers: WinrmServers,
    winrm_authority: Authority,
    tmp_path: Path,
    over_tls: bool,
    misdeed: Misdeed,
    over_http: str,
    over_https: str,
) -> None:
    """Over HTTPS the first message comes with the login, over HTTP after it."""
    tls = Tls(winrm_authority.server()) if over_tls else None
    server = winrm_servers(HOST, Settings((BOB,), tls=tls, schemes=ENCRYPTING, script={Action.CREATE: misdeed}))
    result = extract(server, tmp_path, Transport.CREDSSP, winrm_authority.certificate if over_tls else None)
    check_refused(result, over_https if over_tls else over_http, tmp_path)


def test_credssp_of_a_host_whose_tokens_prove_nothing(
    http: WinrmServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Visitor, "hear", lambda visitor, authorization: Verdict(None, ["CredSSP AAAA"]))
    check_refused(extract(http, tmp_path, Transport.CREDSSP), "WR115", tmp_path)


@pytest.mark.parametrize("transport", BY_PASSWORD)
@pytest.mark.parametrize("account", [BOB, Account("bob", "Passw0rd! no")], ids=["right", "wrong"])
def test_a_password_is_in_no_log_and_no_evidence(
    https: WinrmServer,
    winrm_authority: Authority,
    tmp_path: Path,
    caplog: pytest.LogCaptureFixture,
    transport: Transport,
    account: Account,
) -> None:
    caplog.set_level(logging.DEBUG)
    result = extract(https, tmp_path, transport, winrm_authority.certificate, credentials=by_password(account))
    assert (result.status is Status.EXTRACTED) == (account == BOB)
    said = [record.getMessage() for record in caplog.records]
    assert said
    everything = b"".join(path.read_bytes() for path in tmp_path.rglob("*") if path.is_file())
    seen = "\n".join((*said, repr(result))).encode() + everything
    seen += b"".join(map(decoded, re.findall(rb"[A-Za-z0-9+/]{16,}={0,2}", seen)))
    for code in ("utf-8", "utf-16-le"):
        assert account.password.encode(code) not in seen


def decoded(text: bytes) -> bytes:
    """Return what is in text that may be base64."""
    return b64decode(text + b"=" * (-len(text) % 4), validate=False) if len(text) % 4 != 1 else b""


@pytest.mark.parametrize(
    ("wrong", "reason"), [("expired", "it has expired"), ("name", "it is for another name"), ("authority", "")]
)
def test_a_certificate_that_is_not_to_be_trusted(
    winrm_servers: WinrmServers, winrm_authority: Authority, tmp_path: Path, wrong: str, reason: str
) -> None:
    names = ["elsewhere.example"] if wrong == "name" else ["localhost"]
    certificate = winrm_authority.server(names, expired=wrong == "expired")
    server = winrm_servers(HOST, Settings((BOB,), tls=Tls(certificate)))
    authority = None if wrong == "authority" else winrm_authority.certificate
    (tmp_path / "out").mkdir()
    result = extract(server, tmp_path / "out", Transport.BASIC, authority)
    check_refused(result, "WR103", tmp_path / "out")
    assert result.reason is not None
    assert reason in result.reason.message
    assert server.messages == ()


def test_the_channel_is_bound(winrm_servers: WinrmServers, winrm_authority: Authority, tmp_path: Path) -> None:
    tls = Tls(winrm_authority.server())
    bound = winrm_servers(HOST, Settings((BOB,), tls=tls, channel_binding=True))
    check_done(bound, extract(bound, tmp_path, authority=winrm_authority.certificate), encrypted=False)


@pytest.mark.parametrize(
    ("transport", "credentials"),
    [
        (Transport.NTLM, Credentials()),
        (Transport.BASIC, Credentials("bob")),
        (Transport.CREDSSP, Credentials(password=Secret("pw"))),
        (Transport.CERTIFICATE, by_password()),
        (Transport.CERTIFICATE, Credentials(certificate=Path("no.pem"), key=Path("no.key"))),
    ],
)
def test_what_is_missing_is_said_before_anything_is_sent(
    https: WinrmServer, tmp_path: Path, transport: Transport, credentials: Credentials
) -> None:
    with pytest.raises(UsageError):
        extract(https, tmp_path, transport, credentials=credentials)
    assert https.messages == ()


@pytest.mark.parametrize("transport", [Transport.BASIC, Transport.CERTIFICATE])
def test_nothing_is_sent_in_the_clear(http: WinrmServer, tmp_path: Path, transport: Transport) -> None:
    with pytest.raises(UsageError, match="HTTPS only"):
        extract(http, tmp_path, transport)
    assert http.messages == ()


def test_nobody_listens(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as closed:
        port = closed.getsockname()[1]
    result = extract_host(HostTarget("127.0.0.1", port), by_password(), LIMITS, tmp_path)
    check_refused(result, "WR102", tmp_path)


def test_no_such_host(tmp_path: Path) -> None:
    result = extract_host(HostTarget("no-such-host.invalid"), by_password(), LIMITS, tmp_path)
    check_refused(result, "WR101", tmp_path)


def test_https_where_http_is_spoken(http: WinrmServer, tmp_path: Path) -> None:
    result = extract_host(HostTarget("localhost", http.port), by_password(), LIMITS, tmp_path)
    check_refused(result, "WR104", tmp_path)


def test_a_file_that_is_no_authority(https: WinrmServer, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="no certificate in PEM"):
        extract(https, tmp_path, authority=Path(__file__))


def test_limits_have_sane_defaults() -> None:
    limits = Limits()
    assert limits.connect < limits.operation < limits.total
