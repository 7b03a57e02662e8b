"""The WinRM service of a host: it answers requests, whoever carried them ([MS-WSMV] 3.1)."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Callable
from typing import Final
from xml.sax.saxutils import quoteattr

from ipsecmig.testing.host import Host
from ipsecmig.testing.releases import Quotas
from ipsecmig.testing.winrm.accounts import Account
from ipsecmig.testing.winrm.faults import (
    ACCESS_DENIED,
    ACTION_NOT_SUPPORTED,
    MALFORMED,
    NO_SUCH_RESOURCE,
    TIMED_OUT,
    Refused,
)
from ipsecmig.testing.winrm.shells import Process, Shell, Shells
from ipsecmig.testing.winrm.soap import (
    ANONYMOUS,
    CMD_SHELL,
    NAMESPACES,
    SHELL,
    Action,
    Request,
    identity,
    new_id,
    response,
    seconds,
)

_DEFAULT_TIMEOUT: Final = 60.0
_ROOM_FOR_HEADERS: Final = 4096


class Service:
    """The service of one host. `clock` gives seconds; it decides which shells have been idle for too long."""

    def __init__(self, host: Host, quotas: Quotas, clock: Callable[[], float]) -> None:
        self._host = host
        self._quotas = quotas
        self.shells = Shells(quotas, clock)
        self._actions: dict[Action, Callable[[Request, Account], str]] = {
            Action.CREATE: self._create,
            Action.DELETE: self._delete,
            Action.COMMAND: self._command,
            Action.SEND: self._send,
            Action.RECEIVE: self._receive,
            Action.SIGNAL: self._signal,
        }

    def identify(self, *, to_anybody: bool) -> bytes:
        """Return the answer to Identify, which does not tell the release to those who have not said who they are."""
        traits = self._host.traits
        major, minor, build = (0, 0, 0) if to_anybody else traits.version
        pack = 0 if to_anybody else traits.service_pack
        return identity(f"OS: {major}.{minor}.{build} SP: {pack}.0 Stack: {traits.stack}")

    def answer(self, request: Request, account: Account) -> bytes:
        """Return the envelope that answers a request of an account. Raises Refused for a fault."""
        if request.action is Action.IDENTIFY:
            return self.identify(to_anybody=False)
        if request.action is None:
            raise Refused(ACTION_NOT_SUPPORTED)
        if not account.administrator:
            raise Refused(ACCESS_DENIED)
        if request.resource != CMD_SHELL:
            raise Refused(NO_SUCH_RESOURCE)
        with self.shells.operation(account.name):
            return response(request, self._actions[request.action](request, account))

    def _create(self, request: Request, account: Account) -> str:
        page = request.options.get("WINRS_CODEPAGE", "")
        idle = seconds(request.body.findtext("rsp:Shell/rsp:IdleTimeOut", "", NAMESPACES))
        shell = self.shells.create(account.name, int(page) if page.isdecimal() else None, idle)
        return (
            f"<x:ResourceCreated><a:Address>{ANONYMOUS}</a:Address><a:ReferenceParameters>"
            f"<w:ResourceURI>{CMD_SHELL}</w:ResourceURI><w:SelectorSet>"
            f'<w:Selector Name="ShellId">{shell.id}</w:Selector></w:SelectorSet></a:ReferenceParameters>'
            f"</x:ResourceCreated><rsp:Shell><rsp:ShellId>{shell.id}</rsp:ShellId>"
            f"<rsp:ResourceUri>{CMD_SHELL}</rsp:ResourceUri><rsp:IdleTimeOut>PT{shell.idle_seconds:.3f}S</rsp:IdleTimeOut>"
            "<rsp:InputStreams>stdin</rsp:InputStreams><rsp:OutputStreams>stdout stderr</rsp:OutputStreams></rsp:Shell>"
        )

    def _delete(self, request: Request, account: Account) -> str:
        self.shells.delete(self._shell(request, account))
        return ""

    def _shell(self, request: Request, account: Account) -> Shell:
        return self.shells.find(account.name, request.shell_id)

    def _command(self, request: Request, account: Account) -> str:
        shell = self._shell(request, account)
        command_id = new_id()
        shell.processes[command_id] = Process(self._host.run(command_line(request), shell.code_page))
        return f"<rsp:CommandResponse><rsp:CommandId>{command_id}</rsp:CommandId></rsp:CommandResponse>"

    def _send(self, request: Request, account: Account) -> str:
        stream = request.body.find("rsp:Send/rsp:Stream", NAMESPACES)
        if stream is None:
            raise Refused(MALFORMED)
        self._shell(request, account).process(stream.get("CommandId", ""))
        return "<rsp:SendResponse/>"

    def _receive(self, request: Request, account: Account) -> str:
        desired = request.body.find("rsp:Receive/rsp:DesiredStream", NAMESPACES)
        if desired is None:
            raise Refused(MALFORMED)
        command_id = desired.get("CommandId", "")
        process = self._shell(request, account).process(command_id)
        gate = process.answer.gate
        timeout = _DEFAULT_TIMEOUT if request.timeout is None else request.timeout
        if gate is not None and not gate.wait(timeout):
            raise Refused(TIMED_OUT)
        streams = (desired.text or "stdout stderr").split()
        return _parts(process, command_id, streams, self._room(request))

    def _room(self, request: Request) -> int:
        """Return how many octets of output fit into an envelope, in base64, of the size that both sides take."""
        envelope = min(self._quotas.envelope, request.envelope or self._quotas.envelope)
        return max(envelope - _ROOM_FOR_HEADERS, 1024) * 3 // 4

    def _signal(self, request: Request, account: Account) -> str:
        signal = request.body.find("rsp:Signal", NAMESPACES)
        if signal is None:
            raise Refused(MALFORMED)
        shell = self._shell(request, account)
        shell.process(signal.get("CommandId", ""))
        if signal.findtext("rsp:Code", "", NAMESPACES).lower().endswith("/terminate"):
            del shell.processes[signal.get("CommandId", "")]
        return "<rsp:SignalResponse/>"


def command_line(request: Request) -> str:
    """Return the line of a Command request: the command, without the quotes that clients put around it, and arguments.

    Raises Refused where there is none.
    """
    line = request.body.find("rsp:CommandLine", NAMESPACES)
    if line is None:
        raise Refused(MALFORMED)
    command = line.findtext("rsp:Command", "", NAMESPACES).strip()
    if command[:1] == command[-1:] == '"' and command.count('"') == 2:
        command = command[1:-1]
    return " ".join((command, *(argument.text or "" for argument in line.findall("rsp:Arguments", NAMESPACES))))


def _parts(process: Process, command_id: str, streams: list[str], octets: int) -> str:
    """Return the next part of the output, at most so many octets of all streams, and whether that is the end."""
    identifier, parts = quoteattr(command_id), ""
    for name in streams:
        data = process.take(name, octets)
        octets -= len(data)
        if data:
            text = b64encode(data).decode("ascii")
            parts += f"<rsp:Stream Name={quoteattr(name)} CommandId={identifier}>{text}</rsp:Stream>"
    state = "Done" if process.told_all else "Running"
    code = f"<rsp:ExitCode>{process.answer.exit_code}</rsp:ExitCode>" if process.told_all else ""
    return (
        f"<rsp:ReceiveResponse>{parts}<rsp:CommandState CommandId={identifier} "
        f'State="{SHELL}/CommandState/{state}">{code}</rsp:CommandState></rsp:ReceiveResponse>'
    )
