"""Unmodified pywinrm and pypsrp talk to the server as to Windows, and are refused as Windows refuses."""

from __future__ import annotations

import gc
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import requests
import winrm.exceptions
from pypsrp.exceptions import AuthenticationError, WinRMTransportError
from requests_credssp.exceptions import AuthenticationException, NTStatusException
from winrm_clients import Result, by_pypsrp, by_pywinrm

from ipsecmig.testing.answer import Answer
from ipsecmig.testing.certificates import Authority
from ipsecmig.testing.host import Host
from ipsecmig.testing.kerberos import Realm
from ipsecmig.testing.plugin import WinrmServers
from ipsecmig.testing.winrm import Account, Action, Scheme, Settings, Tls, WinrmServer

BIG = Answer(bytes(range(256)) * 2000, b"warn\r\n", 3)
HOST = Host(answers={"type big": BIG})
EXPECTED = Result(BIG.exit_code, BIG.stdout, BIG.stderr)
ALICE, BOB = Account(r"LAB\alice", "Passw0rd! ü"), Account("bob", "pw")
CLIENTS = [by_pywinrm, by_pypsrp]
WITH_CREDSSP = (Scheme.NEGOTIATE, Scheme.KERBEROS, Scheme.CREDSSP)

Client = Callable[..., Result]


@pytest.fixture
def http(winrm_servers: WinrmServers) -> WinrmServer:
    return winrm_servers(HOST, Settings((ALICE, BOB)))


@pytest.fixture
def https(winrm_servers: WinrmServers, winrm_authority: Authority) -> WinrmServer:
    tls = Tls(winrm_authority.server(), clients=winrm_authority.certificate)
    return winrm_servers(HOST, Settings((ALICE, BOB), tls=tls))


def trusting(client: Client, authority: Path) -> dict[str, str]:
    return {"ca_trust_path" if client is by_pywinrm else "cert_validation": str(authority)}


def check_done(server: WinrmServer, account: str, *, encrypted: bool) -> None:
    """Check what a well-behaved client leaves: one shell, made and deleted, and every message in the same dress."""
    messages = server.messages
    assert [messages[0].action, messages[-1].action] == [Action.CREATE, Action.DELETE]
    assert {message.account for message in messages} == {account}
    assert {message.encrypted for message in messages} == {encrypted}
    assert server.commands == ("type big",)
    assert server.open_shells == 0


@pytest.mark.parametrize("client", CLIENTS)
@pytest.mark.parametrize("account", [ALICE, BOB], ids=["domain", "local"])
def test_ntlm_over_http_is_encrypted(http: WinrmServer, client: Client, account: Account) -> None:
    assert client(http, account.name, account.password, "ntlm", "type big") == EXPECTED
    check_done(http, account.name, encrypted=True)


@contextmanager
def connections_left_open() -> Iterator[None]:
    """Collect what requests-credssp leaves behind when it fails, its connection among it."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ResourceWarning)
        yield
        gc.collect()


@pytest.fixture
def credssp(winrm_servers: WinrmServers) -> WinrmServer:
    return winrm_servers(HOST, Settings((ALICE, BOB), schemes=WITH_CREDSSP))


@pytest.mark.parametrize("client", CLIENTS)
@pytest.mark.parametrize("account", [ALICE, BOB], ids=["domain", "local"])
def test_credssp_over_http_is_encrypted(credssp: WinrmServer, client: Client, account: Account) -> None:
    assert client(credssp, account.name, account.password, "credssp", "type big") == EXPECTED
    check_done(credssp, account.name, encrypted=True)


@pytest.mark.parametrize("client", CLIENTS)
def test_credssp_over_https(winrm_servers: WinrmServers, client: Client, winrm_authority: Authority) -> None:
    server = winrm_servers(HOST, Settings((ALICE, BOB), tls=Tls(winrm_authority.server()), schemes=WITH_CREDSSP))
    trust = trusting(client, winrm_authority.certificate)
    assert client(server, ALICE.name, ALICE.password, "credssp", "type big", **trust) == EXPECTED
    check_done(server, ALICE.name, encrypted=False)


@pytest.mark.parametrize("client", CLIENTS)
def test_credssp_encrypts_long_messages_in_pieces(winrm_servers: WinrmServers, client: Client) -> None:
    line = "type " + "x" * 510_000  # which just fits into an envelope
    server = winrm_servers(Host(answers={line: BIG}), Settings((BOB,), schemes=WITH_CREDSSP))
    assert client(server, "bob", "pw", "credssp", line) == EXPECTED
    assert server.commands == (line,)


@pytest.mark.parametrize("client", CLIENTS)
@pytest.mark.parametrize(("name", "password"), [("bob", "wrong"), ("nobody", "pw"), (r"OTHER\bob", "pw")])
def test_credssp_with_a_wrong_password(credssp: WinrmServer, client: Client, name: str, password: str) -> None:
    # The host tells a status of Windows, of which pyspnego has none for names that are nobody here.
    with connections_left_open(), pytest.raises((NTStatusException, AuthenticationException), match="Received"):
        client(credssp, name, password, "credssp", "type big")
    assert credssp.messages == ()


@pytest.mark.parametrize("client", CLIENTS)
def test_credssp_is_not_offered_unless_asked_for(http: WinrmServer, client: Client) -> None:
    with connections_left_open(), pytest.raises(AuthenticationException, match="Negotiate, Kerberos"):
        client(http, "bob", "pw", "credssp", "type big")
    assert http.messages == ()


def test_negotiate_over_http_is_encrypted(http: WinrmServer) -> None:
    assert by_pypsrp(http, ALICE.name, ALICE.password, "negotiate", "type big") == EXPECTED
    check_done(http, ALICE.name, encrypted=True)


@pytest.mark.parametrize("client", CLIENTS)
@pytest.mark.parametrize("transport", ["ntlm", "basic"])
def test_https_with_a_private_authority(
    https: WinrmServer, client: Client, transport: str, winrm_authority: Authority
) -> None:
    trust = trusting(client, winrm_authority.certificate)
    assert client(https, "bob", "pw", transport, "type big", **trust) == EXPECTED
    check_done(https, "bob", encrypted=False)


@pytest.mark.parametrize("client", CLIENTS)
def test_a_certificate_is_enough(https: WinrmServer, client: Client, winrm_authority: Authority) -> None:
    pair = winrm_authority.client("bob")
    trust = trusting(client, winrm_authority.certificate)
    names = ("cert_pem", "cert_key_pem") if client is by_pywinrm else ("certificate_pem", "certificate_key_pem")
    shown = dict(zip(names, (str(pair.certificate), str(pair.key)), strict=True))
    assert client(https, "", "", "certificate", "type big", **trust, **shown) == EXPECTED
    check_done(https, "bob", encrypted=False)


@pytest.mark.parametrize("client", CLIENTS)
@pytest.mark.parametrize(("name", "password"), [("bob", "wrong"), ("nobody", "pw"), (r"OTHER\bob", "pw")])
def test_a_wrong_password_is_refused(http: WinrmServer, client: Client, name: str, password: str) -> None:
    with pytest.raises((winrm.exceptions.InvalidCredentialsError, AuthenticationError)):
        client(http, name, password, "ntlm", "type big")
    assert http.messages == ()


@pytest.mark.parametrize("client", CLIENTS)
def test_a_wrong_password_is_refused_over_https(https: WinrmServer, client: Client, winrm_authority: Authority) -> None:
    trust = trusting(client, winrm_authority.certificate)
    with pytest.raises((winrm.exceptions.InvalidCredentialsError, AuthenticationError)):
        client(https, "bob", "wrong", "basic", "type big", **trust)
    assert https.messages == ()


def test_messages_in_the_clear_are_refused_over_http(http: WinrmServer) -> None:
    with pytest.raises(winrm.exceptions.WinRMTransportError, match="Code 500"):
        by_pywinrm(http, "bob", "pw", "ntlm", "type big", message_encryption="never")
    with pytest.raises(WinRMTransportError, match="Code: 500"):
        by_pypsrp(http, "bob", "pw", "ntlm", "type big", encryption="never")
    assert http.messages == ()


def test_messages_in_the_clear_pass_where_that_was_asked_for(winrm_servers: WinrmServers) -> None:
    server = winrm_servers(HOST, Settings((BOB,), allow_unencrypted=True))
    assert by_pywinrm(server, "bob", "pw", "ntlm", "type big", message_encryption="never") == EXPECTED
    check_done(server, "bob", encrypted=False)


def test_basic_is_not_offered_over_http(http: WinrmServer) -> None:
    with pytest.raises(winrm.exceptions.InvalidCredentialsError):
        by_pywinrm(http, "bob", "pw", "basic", "type big")
    response = requests.post(http.url, timeout=10)
    assert response.status_code == 401
    assert response.headers["WWW-Authenticate"] == "Negotiate, Kerberos"


@pytest.mark.parametrize("client", CLIENTS)
@pytest.mark.parametrize("flaw", ["expired", "name", "authority"])
def test_a_flawed_certificate_is_refused_by_clients(
    winrm_servers: WinrmServers, winrm_authority: Authority, tmp_path: Path, client: Client, flaw: str
) -> None:
    pairs = {
        "expired": lambda: winrm_authority.server(expired=True),
        "name": lambda: winrm_authority.server(("elsewhere.test",)),
        "authority": lambda: Authority(tmp_path).server(),
    }
    server = winrm_servers(HOST, Settings((BOB,), tls=Tls(pairs[flaw]())))
    said = {"expired": "expired", "name": "doesn't match|mismatch", "authority": "issuer certificate|signature"}
    with pytest.raises(requests.exceptions.SSLError, match=said[flaw]):
        client(server, "bob", "pw", "basic", "type big", **trusting(client, winrm_authority.certificate))
    assert server.messages == ()


@pytest.mark.parametrize("flaw", ["expired", "nobody", "authority"])
def test_a_flawed_certificate_of_a_client_is_refused(
    https: WinrmServer, winrm_authority: Authority, tmp_path: Path, flaw: str
) -> None:
    pairs = {
        "expired": lambda: winrm_authority.client("bob", expired=True),
        "nobody": lambda: winrm_authority.client("nobody"),
        "authority": lambda: Authority(tmp_path).client("bob"),
    }
    pair = pairs[flaw]()
    shown = {"cert_pem": str(pair.certificate), "cert_key_pem": str(pair.key)}
    refused = (winrm.exceptions.InvalidCredentialsError, requests.exceptions.ConnectionError)
    with pytest.raises(refused):
        by_pywinrm(https, "", "", "certificate", "x", **shown, **trusting(by_pywinrm, winrm_authority.certificate))
    assert https.messages == ()


def test_a_client_that_is_not_bound_to_the_channel_is_refused(
    https: WinrmServer, winrm_servers: WinrmServers, winrm_authority: Authority
) -> None:
    trust = trusting(by_pywinrm, winrm_authority.certificate)
    with pytest.raises(winrm.exceptions.InvalidCredentialsError):
        by_pywinrm(https, "bob", "pw", "ntlm", "type big", send_cbt=False, **trust)
    assert https.messages == ()
    lenient = winrm_servers(HOST, Settings((BOB,), tls=https.settings.tls, channel_binding=False))
    assert by_pywinrm(lenient, "bob", "pw", "ntlm", "type big", send_cbt=False, **trust) == EXPECTED


def test_only_administrators_get_a_shell(winrm_servers: WinrmServers) -> None:
    server = winrm_servers(HOST, Settings((Account("guest", "pw", administrator=False),)))
    with pytest.raises(winrm.exceptions.WSManFaultError, match="Access is denied") as denied:
        by_pywinrm(server, "guest", "pw", "ntlm", "type big")
    assert denied.value.wsman_fault_code == 5
    assert denied.value.fault_subcode == "w:AccessDenied"


def test_powershell_of_pywinrm_comes_as_one_command(http: WinrmServer) -> None:
    session = winrm.Session(http.url, auth=("bob", "pw"), transport="ntlm")
    assert session.run_ps("Get-Date").status_code == 1
    assert http.commands[0].startswith("powershell -encodedcommand ")


@pytest.fixture
def kerberos(kerberos_realm: Realm, winrm_servers: WinrmServers) -> WinrmServer:
    pytest.importorskip("gssapi")
    alice = Account(kerberos_realm.add_user("alice", "alicepw"))
    kerberos_realm.add_user("eve", "evepw")
    return winrm_servers(HOST, Settings((alice, BOB), keytab=kerberos_realm.keytab))


@pytest.mark.parametrize("transport", ["kerberos", "negotiate"])
def test_kerberos_of_pypsrp_with_a_password(kerberos: WinrmServer, transport: str) -> None:
    assert by_pypsrp(kerberos, "alice@LAB.TEST", "alicepw", transport, "type big") == EXPECTED
    check_done(kerberos, "alice@LAB.TEST", encrypted=True)


def test_kerberos_of_pywinrm_with_a_ticket(kerberos: WinrmServer, kerberos_realm: Realm) -> None:
    pytest.importorskip("kerberos")
    kerberos_realm.take_ticket("alice", "alicepw")
    assert by_pywinrm(kerberos, "alice@LAB.TEST", "", "kerberos", "type big") == EXPECTED
    check_done(kerberos, "alice@LAB.TEST", encrypted=True)


def test_kerberos_over_https_is_bound_to_the_channel(
    kerberos: WinrmServer, winrm_servers: WinrmServers, winrm_authority: Authority
) -> None:
    settings = Settings(kerberos.settings.accounts, keytab=kerberos.settings.keytab, tls=Tls(winrm_authority.server()))
    server = winrm_servers(HOST, settings)
    trust = trusting(by_pypsrp, winrm_authority.certificate)
    assert by_pypsrp(server, "alice@LAB.TEST", "alicepw", "kerberos", "type big", **trust) == EXPECTED
    check_done(server, "alice@LAB.TEST", encrypted=False)


def test_a_ticket_of_somebody_else_opens_no_shell(kerberos: WinrmServer) -> None:
    from pypsrp.exceptions import WSManFaultError

    with pytest.raises(WSManFaultError, match="Access is denied"):
        by_pypsrp(kerberos, "eve@LAB.TEST", "evepw", "kerberos", "type big")


def test_kerberos_within_credssp(kerberos: WinrmServer, kerberos_realm: Realm, winrm_servers: WinrmServers) -> None:
    frank = Account(kerberos_realm.add_user("frank", "frankpw"), "frankpw")
    settings = Settings((frank,), keytab=kerberos.settings.keytab, schemes=(Scheme.CREDSSP,))
    server = winrm_servers(HOST, settings)
    how = {"credssp_auth_mechanism": "kerberos"}  # pywinrm takes either, and does not say which
    assert by_pypsrp(server, frank.name, frank.password, "credssp", "type big", **how) == EXPECTED
    check_done(server, frank.name, encrypted=True)


def test_ntlm_works_beside_kerberos(kerberos: WinrmServer) -> None:
    assert by_pypsrp(kerberos, "bob", "pw", "negotiate", "type big") == EXPECTED
