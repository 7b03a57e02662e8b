"""One remote shell of one host, over pywinrm, in which nothing but the commands of `commands` can run.

The shell is deleted at the end, whatever happens: old hosts allow five of a user. Needs the extra `remote`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Final, NamedTuple, TypeVar

import requests
from requests.auth import HTTPBasicAuth
from winrm.exceptions import WinRMOperationTimeoutError, WinRMTransportError
from winrm.protocol import Protocol
from winrm.transport import Transport as WinrmTransport

from ipsecmig.remote.bounded_http import BoundedAdapter, TooLargeError
from ipsecmig.remote.commands import COMMANDS, Command
from ipsecmig.remote.deadline import Patience, Stop
from ipsecmig.remote.evidence import Answered
from ipsecmig.remote.failures import CREDSSP_FAILURES, FAILURES, Circumstances, HostFailure, UnencryptedError, explain
from ipsecmig.remote.target import Credentials, HostTarget, Limits, Transport
from ipsecmig.remote.trust import trusted

Result = TypeVar("Result")

UTF_8: Final = 65001
_IDLE: Final = "PT180S"
"""After which time the host itself deletes a shell that nobody uses, for one that was lost on its way."""


_OF_LOGINS: Final = frozenset({requests.codes.ok, requests.codes.unauthorized})


class _Bounded(WinrmTransport):
    """The transport of pywinrm, with limits, without redirections, and with no answer in the clear over HTTP."""

    def prepare(self, adapter: BoundedAdapter, patience: Patience, verify: str | bool) -> None:
        """Take what every session is to have."""
        self._adapter, self._patience = adapter, patience
        self._verify = verify
        self._connections = 0

    @property
    def torn(self) -> bool:
        """Whether the connection for which the keys of the messages were made is gone, and another in its place."""
        return self.encryption is not None and self._connections != self._patience.connections

    def build_session(self) -> requests.Session:
        """Return the session, made and secured at the first call."""
        known = self.session
        self.ca_trust_path = ""  # so that pywinrm does not look for settings of its own; `_secure` says what is trusted
        session = super().build_session()
        if known is None:
            self._secure(session)
        return session

    def setup_encryption(self, session: requests.Session) -> None:
        """Log in, from which the keys of the messages come."""
        self._secure(session)
        super().setup_encryption(session)
        self._connections = self._patience.connections

    def _secure(self, session: requests.Session) -> None:
        session.trust_env = False
        session.max_redirects = 0
        session.verify = self._verify
        session.headers["Accept-Encoding"] = "identity"
        if isinstance(session.auth, HTTPBasicAuth):  # RFC 7617 section 3; requests alone would send Latin-1
            session.auth = HTTPBasicAuth(str(self.username).encode(), str(self.password).encode())
        session.mount("http://", self._adapter)
        session.mount("https://", self._adapter)

    def _send_message_request(
        self, session: requests.Session, prepared_request: requests.PreparedRequest
    ) -> requests.Response:
        """Send a request, and return its answer, which may have taken the rounds of a login before."""
        try:
            return super()._send_message_request(session, prepared_request)
        except FAILURES as failure:
            last = self._adapter.last
            if last is None:
                raise
            with last:  # which a way to log in that stumbles over it leaves open
                # To requests-credssp any answer but 200 is a round of the login, also a fault that answers the message.
                if not isinstance(failure, CREDSSP_FAILURES) or last.status_code in _OF_LOGINS:
                    raise
                text = self._get_message_response_text(last) if last.content else b""
                raise WinRMTransportError("http", last.status_code, text.decode()) from None

    def _get_message_response_text(self, response: requests.Response) -> bytes:
        if self.encryption is not None:
            said = response.headers.get("Content-Type", "")
            if f'protocol="{self.encryption.protocol_string.decode()}"' not in said:
                raise UnencryptedError
        elif not self.endpoint.startswith("https:"):
            raise UnencryptedError
        text = super()._get_message_response_text(response)
        if b"<!DOCTYPE" in text:  # SOAP 1.2 part 1 section 5 has none, and its entities could unfold without end
            raise ValueError("a document type declaration")
        return text


class _Client:
    """The protocol of pywinrm for one host, whose failures are told as HostFailure."""

    def __init__(
        self, target: HostTarget, credentials: Credentials, limits: Limits, patience: Patience, stop: Stop
    ) -> None:
        self._target, self._user, self._limits = target, credentials.user, limits
        self._stop = stop
        self.patience = patience
        self._adapter = BoundedAdapter(limits, patience)
        self._transport = _transport(target, credentials, self._adapter, patience)
        self.protocol = _protocol(target, limits, self._transport)

    def ask(self, request: Callable[..., Result], *arguments: str) -> Result:
        """Return what a request of the protocol gives. Raises HostFailure."""
        try:
            return request(*arguments)
        except FAILURES as failure:
            raise self._explained(failure) from None

    def create(self) -> str:
        """Ask for a shell, and return its identifier."""
        return self.protocol.open_shell(codepage=UTF_8, idle_timeout=_IDLE)

    def too_much(self) -> HostFailure:
        """Return what is said of a host whose outputs go beyond the limit."""
        return self._explained(TooLargeError())

    def too_late(self) -> HostFailure:
        """Return what is said of a host that takes too long, or is given up."""
        return self._explained(requests.Timeout())

    def _explained(self, failure: BaseException) -> HostFailure:
        where = Circumstances(
            self._target,
            self._limits,
            self._user,
            self._adapter.offered,
            timed_out=self.patience.ended,
            stopped=self._stop.is_set,
            torn=self._transport.torn,
        )
        return explain(failure, where)

    def close(self) -> None:
        """Close the connections."""
        self._transport.close_session()


def _protocol(target: HostTarget, limits: Limits, transport: _Bounded) -> Protocol:
    wait = max(1, int(limits.operation / 2))
    protocol = Protocol(target.url, operation_timeout_sec=wait, read_timeout_sec=wait + 1, transport="kerberos")
    protocol.transport = transport
    return protocol


def _transport(target: HostTarget, credentials: Credentials, adapter: BoundedAdapter, patience: Patience) -> _Bounded:
    kerberos = target.transport is Transport.KERBEROS
    transport = _Bounded(
        endpoint=target.url,
        username=credentials.user or None,
        password=None if kerberos or credentials.password is None else credentials.password.reveal(),
        service="HTTP",
        cert_pem=_path(credentials.certificate),
        cert_key_pem=_path(credentials.key),
        auth_method=target.transport.value,
        message_encryption="auto",
        send_cbt=True,
        proxy=None,
    )
    transport.prepare(adapter, patience, trusted(target.authority))
    return transport


def _path(path: Path | None) -> str | None:
    return None if path is None else str(path)


@dataclass(slots=True)
class Shell:
    """An open shell. `left` is how many octets the host may still answer."""

    _client: _Client
    _id: str
    left: int

    def run(self, command: Command) -> Answered:
        """Run a command to its end.

        Raises HostFailure, and ValueError for a command that is not in the list of all that may be sent.
        """
        if command not in COMMANDS:
            raise ValueError(f"{command.name} is no command that may be sent")
        protocol, ask = self._client.protocol, self._client.ask
        started = datetime.now(UTC)
        identifier = ask(protocol.run_command, self._id, command.line)
        stdout, stderr, code = self._output(identifier)
        ask(protocol.cleanup_command, self._id, identifier)
        return Answered(command, stdout, stderr, code, started, datetime.now(UTC))

    def _output(self, identifier: str) -> tuple[bytes, bytes, int]:
        stdout, stderr = list[bytes](), list[bytes]()
        while not self._client.patience.ended:
            part = self._client.ask(self._receive, identifier)
            if part is None:
                continue
            stdout.append(part.stdout)
            stderr.append(part.stderr)
            self.left -= len(part.stdout) + len(part.stderr)
            if self.left < 0:
                raise self._client.too_much()
            if part.done:
                return b"".join(stdout), b"".join(stderr), part.exit_code
        raise self._client.too_late()

    def _receive(self, identifier: str) -> _Part | None:
        """Return what has come since the last call; None where nothing has within the time of one message."""
        try:
            return _Part(*self._client.protocol.get_command_output_raw(self._id, identifier))
        except WinRMOperationTimeoutError:
            return None


class _Part(NamedTuple):
    """A part of an output, as pywinrm gives it."""

    stdout: bytes
    stderr: bytes
    exit_code: int
    done: bool


@contextmanager
def open_shell(
    target: HostTarget, credentials: Credentials, limits: Limits, seconds: float, stop: Stop
) -> Iterator[Shell]:
    """Give a shell that may be used for so many seconds or until `stop`, and delete it afterwards.

    Raises HostFailure where there is none, and UsageError for an authority that is none.
    """
    with Patience(seconds) as patience, stop.calling(patience.end):
        client = _Client(target, credentials, limits, patience, stop)
        try:
            identifier = client.ask(client.create)
            try:
                yield Shell(client, identifier, limits.octets)
            except BaseException:
                _delete(target, credentials, limits, identifier)
                raise
            try:
                client.ask(client.protocol.close_shell, identifier)
            except HostFailure:  # everything was answered before
                _delete(target, credentials, limits, identifier)
        finally:
            client.close()


def _delete(target: HostTarget, credentials: Credentials, limits: Limits, identifier: str) -> None:
    """Delete a shell over a connection of its own, as nobody knows what became of the other; no more than tried."""
    with Patience(limits.connect) as patience:
        client = _Client(target, credentials, limits, patience, Stop())
        try:
            with suppress(HostFailure):
                client.ask(client.protocol.close_shell, identifier)
        finally:
            client.close()
