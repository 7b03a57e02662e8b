"""The service as the protocol has it: shells and their limits, output in parts, faults, and what is no request."""

from __future__ import annotations

import re
import threading
from base64 import b64decode, b64encode
from collections.abc import Iterator
from contextlib import suppress
from typing import Any

import pytest
import requests
from hypothesis import given
from hypothesis import strategies as st
from winrm_clients import Plain, envelope, fault_of

from ipsecmig.testing.answer import Answer
from ipsecmig.testing.gate import Gate
from ipsecmig.testing.host import Host
from ipsecmig.testing.languages import Language
from ipsecmig.testing.plugin import WinrmServers
from ipsecmig.testing.releases import Quotas, Release
from ipsecmig.testing.winrm import Account, Action, Scheme, Settings, WinrmServer
from ipsecmig.testing.winrm.authentication import Visitor
from ipsecmig.testing.winrm.faults import Refused
from ipsecmig.testing.winrm.soap import parse_request, seconds

BOB, EVE = Account("bob", "pw"), Account("eve", "pw")
OUTPUT = bytes(range(256)) * 400
ANSWERS = {"big": Answer(OUTPUT, b"warned", 3), "nothing": Answer()}
SMALL = Quotas(shells=2, operations=1, idle_seconds=100, envelope=20_000)

SHELL_NOT_FOUND = (500, "w:InvalidSelectors", 2150858843)
TIMED_OUT = (500, "w:TimedOut", 2150858793)


class Clock:
    """A clock that a test sets."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


def plainly(**more: Any) -> Settings:
    """Return settings with which a client that can only do Basic gets through over HTTP."""
    return Settings((BOB, EVE), schemes=(Scheme.BASIC,), allow_unencrypted=True, **more)


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def server(winrm_servers: WinrmServers, clock: Clock) -> WinrmServer:
    host = Host(answers=ANSWERS)
    return winrm_servers(host, plainly(quotas=SMALL, clock=clock))


@pytest.fixture
def client(server: WinrmServer) -> Iterator[Plain]:
    with Plain(server) as plain:
        yield plain


def parts(response: requests.Response) -> dict[str, bytes]:
    streams = re.findall(r'<rsp:Stream Name="(\w+)"[^>]*>([^<]+)<', response.text)
    return {name: b64decode(text) for name, text in streams}


def test_output_comes_in_parts_that_fit(client: Plain) -> None:
    shell = client.open()
    command = client.run(shell, "big")
    collected = {"stdout": b"", "stderr": b""}
    count = 0
    running = True
    while running:
        response = client.receive(shell, command)
        assert len(response.content) <= SMALL.envelope
        for name, part in parts(response).items():
            collected[name] += part
        running = "CommandState/Running" in response.text
        count += 1
    assert "<rsp:ExitCode>3</rsp:ExitCode>" in response.text
    assert collected == {"stdout": OUTPUT, "stderr": b"warned"}
    assert count > 5


def test_a_client_may_ask_for_smaller_envelopes(client: Plain) -> None:
    shell = client.open()
    command = client.run(shell, "big")
    size = "<w:MaxEnvelopeSize>8192</w:MaxEnvelopeSize>"
    assert len(client.receive(shell, command, envelope=size).content) <= 8192


def test_an_empty_answer_is_done_at_once(client: Plain) -> None:
    shell = client.open()
    response = client.receive(shell, client.run(shell, "nothing"))
    assert parts(response) == {}
    assert "CommandState/Done" in response.text


@pytest.mark.parametrize(("page", "codec"), [("", "cp850"), ("65001", "utf-8"), ("1252", "cp1252")])
def test_the_shell_has_the_code_page_that_was_asked_for(winrm_servers: WinrmServers, page: str, codec: str) -> None:
    host = Host(language=Language.GERMAN)
    option = f'<w:OptionSet><w:Option Name="WINRS_CODEPAGE">{page}</w:Option></w:OptionSet>' if page else ""
    with Plain(winrm_servers(host, plainly())) as client:
        shell = client.open(option)
        errors = parts(client.receive(shell, client.run(shell, "reg query HKLM\\None")))["stderr"]
    assert "Registrierungsschlüssel".encode(codec) in errors


def test_input_is_taken(client: Plain) -> None:
    shell = client.open()
    command = client.run(shell, "nothing")
    assert client.type(shell, command, b"words\r\n").status_code == 200
    assert fault_of(client.type(shell, "none", b"words"))[0] == 500


def test_a_command_ends_when_it_is_told_to(client: Plain) -> None:
    shell = client.open()
    command = client.run(shell, "big")
    assert client.signal(shell, command, "ctrl_c").status_code == 200
    assert client.receive(shell, command).status_code == 200
    assert client.signal(shell, command).status_code == 200
    assert fault_of(client.receive(shell, command)) == SHELL_NOT_FOUND


def test_a_shell_is_gone_once_deleted(client: Plain, server: WinrmServer) -> None:
    shell = client.open()
    assert server.open_shells == 1
    assert client.close(shell).status_code == 200
    assert server.open_shells == 0
    assert fault_of(client.close(shell)) == SHELL_NOT_FOUND
    assert fault_of(client.receive(shell, "any")) == SHELL_NOT_FOUND


def test_a_shell_belongs_to_its_owner(client: Plain, server: WinrmServer) -> None:
    shell = client.open()
    with Plain(server, "eve") as other:
        assert fault_of(other.close(shell)) == SHELL_NOT_FOUND
    assert client.close(shell).status_code == 200


def test_a_user_has_only_so_many_shells(client: Plain, server: WinrmServer) -> None:
    first, _ = client.open(), client.open()
    assert fault_of(client.ask(Action.CREATE, "<r:Shell/>")) == (500, "w:QuotaLimit", 2150859173)
    with Plain(server, "eve") as other:
        other.open()
    client.close(first)
    client.open()


@pytest.mark.parametrize(("release", "shells"), [(Release.WINDOWS_2008, 5), (Release.WINDOWS_2025, 30)])
def test_limits_are_those_of_the_release(winrm_servers: WinrmServers, release: Release, shells: int) -> None:
    host = Host(release=release)
    with Plain(winrm_servers(host, plainly())) as client:
        statuses = [client.ask(Action.CREATE, "<r:Shell/>").status_code for _ in range(shells + 1)]
    assert statuses == [200] * shells + [500]


def test_a_shell_that_nobody_uses_is_closed(client: Plain, server: WinrmServer, clock: Clock) -> None:
    used, unused = client.open(), client.open()
    clock.now = SMALL.idle_seconds - 1
    client.run(used, "nothing")
    clock.now = SMALL.idle_seconds
    assert server.open_shells == 1
    client.run(used, "nothing")
    assert fault_of(client.close(unused)) == SHELL_NOT_FOUND


def test_a_client_may_ask_for_less_patience_but_not_for_more(client: Plain, clock: Clock) -> None:
    for asked, granted in (("PT10S", 10), ("PT1H", SMALL.idle_seconds)):
        response = client.ask(Action.CREATE, f"<r:Shell><r:IdleTimeOut>{asked}</r:IdleTimeOut></r:Shell>")
        assert f"<rsp:IdleTimeOut>PT{granted}.000S" in response.text
    clock.now = 10
    client.open()


def gated(winrm_servers: WinrmServers, gate: Gate) -> WinrmServer:
    host = Host(answers={"wait": Answer(b"at last", gate=gate)})
    return winrm_servers(host, plainly(quotas=SMALL))


def test_a_command_that_says_nothing_times_out_and_goes_on(winrm_servers: WinrmServers) -> None:
    gate = Gate()
    with Plain(gated(winrm_servers, gate)) as client:
        client.timeout = "PT0.001S"
        shell = client.open()
        command = client.run(shell, "wait")
        assert fault_of(client.receive(shell, command)) == TIMED_OUT
        gate.release()
        assert parts(client.receive(shell, command)) == {"stdout": b"at last"}


def test_a_user_has_only_so_many_operations_at_once(winrm_servers: WinrmServers) -> None:
    gate = Gate()
    server = gated(winrm_servers, gate)
    with Plain(server) as client, Plain(server) as second:
        shell = client.open()
        command = client.run(shell, "wait")
        waiting = threading.Thread(target=client.receive, args=(shell, command))
        waiting.start()
        assert gate.await_arrivals(1, 20)
        assert fault_of(second.ask(Action.CREATE, "<r:Shell/>")) == (500, "w:QuotaLimit", 2150859174)
        gate.open()
        waiting.join()
        second.open()


def test_a_server_ends_though_somebody_waits(winrm_servers: WinrmServers) -> None:
    gate = Gate()
    server = gated(winrm_servers, gate)
    with Plain(server) as client:
        shell = client.open()
        command = client.run(shell, "wait")
        ended: list[str] = []

        def wait() -> None:
            with suppress(requests.exceptions.RequestException):  # the answer may come before the end
                client.receive(shell, command)
            ended.append(command)

        waiting = threading.Thread(target=wait)
        waiting.start()
        assert gate.await_arrivals(1, 20)
        server.close()
        server.close()
        waiting.join()
        assert ended == [command]


def test_requests_are_limited_in_size(client: Plain) -> None:
    assert client.send(b" " * (SMALL.envelope + 5000)).status_code == 413


@pytest.mark.parametrize(
    ("data", "fault"),
    [
        (b"not XML", "w:SchemaValidationError"),
        (b"<a/>", "w:SchemaValidationError"),
        (b'<!DOCTYPE a [<!ENTITY b "c">]>' + envelope(Action.CREATE, "&b;", ""), "w:SchemaValidationError"),
        (envelope("http://elsewhere/Action", "", ""), "a:ActionNotSupported"),
        (envelope(Action.CREATE, "", "", resource="http://elsewhere"), "w:InvalidResourceURI"),
    ],
)
def test_what_is_no_request_is_a_fault(client: Plain, data: bytes, fault: str) -> None:
    assert fault_of(client.send(data))[:2] == (500, fault)


@pytest.mark.parametrize("action", [Action.COMMAND, Action.RECEIVE, Action.SEND, Action.SIGNAL])
def test_a_request_without_its_body_is_a_fault(client: Plain, action: Action) -> None:
    assert fault_of(client.ask(action, "", client.open()))[:2] == (500, "w:SchemaValidationError")


def test_other_paths_and_methods_are_not_there(server: WinrmServer) -> None:
    base = server.url.removesuffix("/wsman")
    assert requests.post(base + "/other", timeout=10).status_code == 404
    assert requests.get(server.url, timeout=10).status_code == 405
    assert requests.get(server.url, timeout=10).headers["Server"] == "Microsoft-HTTPAPI/2.0"


IDENTIFY = (
    b'<s:Envelope xmlns:s="http://www.w3.org/2003/05/soap-envelope"><s:Header/><s:Body>'
    b'<i:Identify xmlns:i="http://schemas.dmtf.org/wbem/wsman/identity/1/wsmanidentity.xsd"/></s:Body></s:Envelope>'
)


def test_identify_tells_the_release_only_to_those_who_are_known(client: Plain, server: WinrmServer) -> None:
    assert "OS: 6.3.9600 SP: 0.0 Stack: 3.0" in client.send(IDENTIFY).text
    url = server.url + "-anon/identify"
    anonymous = requests.post(url, IDENTIFY, headers={"WSMANIDENTIFY": "unauthenticated"}, timeout=10)
    assert "OS: 0.0.0 SP: 0.0 Stack: 3.0" in anonymous.text
    assert requests.post(url, IDENTIFY, timeout=10).status_code == 404


@pytest.mark.parametrize(
    "authorization", ["", "Basic", "Basic !", "Basic Ym9i", "Negotiate AAAA", "Bearer x", "Basic Ym9iOnc="]
)
def test_who_does_not_say_who_they_are_is_asked(server: WinrmServer, authorization: str) -> None:
    response = requests.post(server.url, IDENTIFY, headers={"Authorization": authorization}, timeout=10)
    assert (response.status_code, response.headers["WWW-Authenticate"]) == (401, 'Basic realm="WSMAN"')
    assert server.messages == ()


@pytest.mark.parametrize("token", ["", "AAAA", "TlRMTVNTUAA=", "TlRMTVNTUAABAAAA", "YIIBAA==", "oQcwBaADCgEA"])
@pytest.mark.parametrize("scheme", ["Negotiate", "Kerberos"])
def test_tokens_that_mean_nothing_are_refused(winrm_servers: WinrmServers, scheme: str, token: str) -> None:
    server = winrm_servers(Host(), Settings((BOB,)))
    response = requests.post(server.url, headers={"Authorization": f"{scheme} {token}"}, timeout=10)
    assert response.status_code == 401


def test_the_server_is_on_loopback_alone(server: WinrmServer) -> None:
    assert server.url == f"http://127.0.0.1:{server.port}/wsman"


def test_ipv6(winrm_servers: WinrmServers) -> None:
    server = winrm_servers(Host(), plainly(address="::1"))
    assert server.url == f"http://[::1]:{server.port}/wsman"
    with Plain(server) as client:
        client.open()


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("PT20S", 20),
        ("PT0.5S", 0.5),
        ("PT1M", 60),
        ("P1DT2H", 93600),
        ("PT1H2M3S", 3723),
        ("", None),
        ("P", None),
        ("20", None),
    ],
)
def test_durations(text: str, expected: float | None) -> None:
    assert seconds(text) == expected


@given(st.binary(max_size=60), st.integers(0, 800), st.integers(0, 40))
def test_any_octets_are_a_request_or_refused(inserted: bytes, at: int, cut: int) -> None:
    whole = envelope(Action.RECEIVE, "<r:Receive/>", "X")
    data = whole[:at] + inserted + whole[at + cut :]
    try:
        body = parse_request(data).body.tag
    except Refused as refused:
        body = refused.fault.subcode
    assert body in {"{http://www.w3.org/2003/05/soap-envelope}Body", "w:SchemaValidationError"}


@given(st.sampled_from(["Negotiate", "Kerberos"]), st.lists(st.binary(max_size=60), min_size=1, max_size=3), st.data())
def test_any_token_is_refused_or_answered(scheme: str, tokens: list[bytes], data: st.DataObject) -> None:
    begins = [b"", b"NTLMSSP\0\1\0\0\0", b"NTLMSSP\0\3\0\0\0", b"\x60\x40\x06\x06+\6\1\5\5\2"]
    begin = data.draw(st.sampled_from(begins))
    with WinrmServer(Host(), Settings((BOB,))) as server:
        visitor = Visitor(server.doorkeeper, None)
        for token in tokens:
            verdict = visitor.hear(f"{scheme} {b64encode(begin + token).decode()}")
            assert verdict.account is None
            assert verdict.headers
