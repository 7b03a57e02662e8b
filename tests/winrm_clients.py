"""The two clients of the world, as they are, and one that only knows HTTP."""

from __future__ import annotations

import re
import uuid
from base64 import b64encode
from typing import Any, NamedTuple

import pypsrp.shell
import pypsrp.wsman
import requests
import winrm

from ipsecmig.testing.winrm import Action, WinrmServer
from ipsecmig.testing.winrm.soap import CMD_SHELL

TERMINATE = pypsrp.shell.SignalCode.TERMINATE
HEADERS = {"Content-Type": "application/soap+xml;charset=UTF-8"}


class Result(NamedTuple):
    """What a client got for a command."""

    code: int
    out: bytes
    err: bytes


def by_pywinrm(server: WinrmServer, name: str, password: str, transport: str, line: str, **more: str | bool) -> Result:
    """Run a command with pywinrm, over the name `localhost`."""
    session = winrm.Session(server.url_for("localhost"), auth=(name, password), transport=transport, **more)
    command, _, arguments = line.partition(" ")
    done = session.run_cmd(command, [arguments] if arguments else [])
    return Result(done.status_code, done.std_out, done.std_err)


def by_pypsrp(server: WinrmServer, name: str, password: str, transport: str, line: str, **more: Any) -> Result:
    """Run a command in pypsrp's remote shell, over the name `localhost`."""
    connection = pypsrp.wsman.WSMan(
        "localhost",
        port=server.port,
        ssl=server.settings.tls is not None,
        username=name,
        password=password,
        auth=transport,
        **more,
    )
    with connection, pypsrp.shell.WinRS(connection) as shell:
        command, _, arguments = line.partition(" ")
        process = pypsrp.shell.Process(shell, command, [arguments] if arguments else [])
        process.invoke()
        process.signal(TERMINATE)
        return Result(-1 if process.rc is None else process.rc, process.stdout, process.stderr)


class Plain:
    """Sends requests of WS-Management over HTTP with Basic, one by one, and gives back what comes."""

    def __init__(self, server: WinrmServer, name: str = "bob", password: str = "pw") -> None:
        self._url = server.url
        self._session = requests.Session()
        self._session.trust_env = False
        self._session.auth = (name, password)
        self.timeout = "PT20S"
        self.patience = 30.0

    def __enter__(self) -> Plain:
        return self

    def __exit__(self, *failure: object) -> None:
        self._session.close()

    def send(self, data: bytes, **headers: str) -> requests.Response:
        return self._session.post(self._url, data=data, headers={**HEADERS, **headers}, timeout=self.patience)

    def ask(self, action: Action | str, body: str = "", shell: str = "", **more: str) -> requests.Response:
        """Send a request; `more` are further headers, as XML."""
        return self.send(envelope(action, body, shell, timeout=self.timeout, **more))

    def open(self, options: str = "") -> str:
        response = self.ask(Action.CREATE, "<r:Shell/>", options=options)
        assert response.status_code == 200, response.text
        return found(r'Name="ShellId">([^<]+)', response)

    def run(self, shell: str, line: str) -> str:
        body = f"<r:CommandLine><r:Command>{line}</r:Command></r:CommandLine>"
        return found(r"CommandId>([^<]+)", self.ask(Action.COMMAND, body, shell))

    def receive(self, shell: str, command: str, **more: str) -> requests.Response:
        body = f'<r:Receive><r:DesiredStream CommandId="{command}">stdout stderr</r:DesiredStream></r:Receive>'
        return self.ask(Action.RECEIVE, body, shell, **more)

    def signal(self, shell: str, command: str, code: str = "terminate") -> requests.Response:
        body = f'<r:Signal CommandId="{command}"><r:Code>http://x/signal/{code}</r:Code></r:Signal>'
        return self.ask(Action.SIGNAL, body, shell)

    def type(self, shell: str, command: str, data: bytes) -> requests.Response:
        text = b64encode(data).decode()
        body = f'<r:Send><r:Stream Name="stdin" CommandId="{command}">{text}</r:Stream></r:Send>'
        return self.ask(Action.SEND, body, shell)

    def close(self, shell: str) -> requests.Response:
        return self.ask(Action.DELETE, "", shell)


def envelope(action: Action | str, body: str, shell: str, *, timeout: str = "PT20S", **more: str) -> bytes:
    uri = action.value if isinstance(action, Action) else action
    selector = f'<w:SelectorSet><w:Selector Name="ShellId">{shell}</w:Selector></w:SelectorSet>' if shell else ""
    return (
        '<s:Envelope xmlns:s="http://www.w3.org/2003/05/soap-envelope"'
        ' xmlns:a="http://schemas.xmlsoap.org/ws/2004/08/addressing"'
        ' xmlns:w="http://schemas.dmtf.org/wbem/wsman/1/wsman.xsd"'
        ' xmlns:r="http://schemas.microsoft.com/wbem/wsman/1/windows/shell"><s:Header>'
        f"<a:Action>{uri}</a:Action><a:MessageID>uuid:{uuid.uuid4()}</a:MessageID>"
        f"<w:ResourceURI>{more.pop('resource', CMD_SHELL)}</w:ResourceURI>"
        f"<w:OperationTimeout>{timeout}</w:OperationTimeout>{selector}{''.join(more.values())}"
        f"</s:Header><s:Body>{body}</s:Body></s:Envelope>"
    ).encode()


def found(pattern: str, response: requests.Response) -> str:
    match = re.search(pattern, response.text)
    assert match, response.text
    return match[1]


def fault_of(response: requests.Response) -> tuple[int, str, int]:
    """Return the HTTP status, the subcode and the code of a fault."""
    subcode = found(r"<s:Subcode><s:Value>([^<]+)", response)
    return response.status_code, subcode, int(found(r' Code="(\d+)"', response))
