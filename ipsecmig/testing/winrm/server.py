"""The server: it listens, and ties connections, accounts, the service of the host and the script together."""

from __future__ import annotations

import socket
import ssl
import tempfile
import threading
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from http import HTTPStatus
from pathlib import Path
from types import TracebackType
from typing import Final, NamedTuple

from ipsecmig.errors import UsageError
from ipsecmig.testing.certificates import KeyPair, end_point_hash
from ipsecmig.testing.gate import Gate
from ipsecmig.testing.host import Host
from ipsecmig.testing.releases import Quotas
from ipsecmig.testing.winrm import credssp
from ipsecmig.testing.winrm.accounts import Account
from ipsecmig.testing.winrm.authentication import Doorkeeper, Scheme, secrets_file
from ipsecmig.testing.winrm.faults import Fault, Refused
from ipsecmig.testing.winrm.http import PATH, Connection
from ipsecmig.testing.winrm.listener import Listener
from ipsecmig.testing.winrm.script import Drip, Hang, Misdeed, Refuse, Script
from ipsecmig.testing.winrm.service import Service, command_line
from ipsecmig.testing.winrm.soap import Action, Request, fault, parse_request

_NEGOTIABLE: Final = (Scheme.NEGOTIATE, Scheme.KERBEROS)


@dataclass(frozen=True, slots=True)
class Tls:
    """HTTPS: the certificate of the server, and the authority, if any, whose client certificates it takes."""

    certificate: KeyPair
    clients: Path | None = None


@dataclass(frozen=True, slots=True)
class Settings:
    """How a host is served.

    By default `schemes` are Negotiate and Kerberos, with TLS also Basic and certificates; Windows offers CredSSP only
    where it is told to. `quotas` are by default those of the release. `keytab` holds the Kerberos key of `HTTP/NAME`.
    Over HTTP a body in the clear is refused unless `allow_unencrypted`; over HTTPS clients are bound to the channel if
    `channel_binding`. `port` 0 takes a free one.
    """

    accounts: tuple[Account, ...] = ()
    tls: Tls | None = None
    schemes: tuple[Scheme, ...] | None = None
    keytab: Path | None = None
    quotas: Quotas | None = None
    script: Script = field(default_factory=dict)
    allow_unencrypted: bool = False
    channel_binding: bool = True
    address: str = "127.0.0.1"
    port: int = 0
    clock: Callable[[], float] = time.monotonic


class Message(NamedTuple):
    """A request that came to the service: its number from 1 on, of whom, what for, and the command line if any."""

    number: int
    account: str
    action: Action | None
    encrypted: bool
    command: str | None = None


class Heard(NamedTuple):
    """A request that was understood as far as HTTP goes: the misdeed that meets it, and what gives the true answer."""

    misdeed: Misdeed | None
    answer: Callable[[], tuple[HTTPStatus, bytes]]


class WinrmServer:
    """Serves a host from `start` to `close`, or in a `with` statement. Threads do the work, one for each connection."""

    def __init__(self, host: Host, settings: Settings | None = None) -> None:
        """Make a server that does not listen yet. Raises UsageError without pyspnego, or for impossible accounts."""
        _require_spnego()
        self.host = host
        self.settings = Settings() if settings is None else settings
        self.quotas = host.traits.quotas if self.settings.quotas is None else self.settings.quotas
        self.service = Service(host, self.quotas, self.settings.clock)
        self.allow_unencrypted = self.settings.allow_unencrypted
        self._folder = tempfile.TemporaryDirectory(prefix="ipsecmig-winrm-")
        self.doorkeeper = self._doorkeeper(Path(self._folder.name))
        self._lock = threading.Lock()
        self._messages: list[Message] = []
        self._listener: Listener | None = None

    def _doorkeeper(self, folder: Path) -> Doorkeeper:
        settings, secrets = self.settings, folder / "accounts"
        secrets.touch(mode=0o600)
        try:
            secrets.write_text(secrets_file(settings.accounts, self.host.name), encoding="utf-8")
        except ValueError as impossible:
            raise UsageError(str(impossible)) from None
        offered = _NEGOTIABLE if settings.tls is None else (*_NEGOTIABLE, Scheme.BASIC, Scheme.CERTIFICATE)
        binding = end_point_hash(settings.tls.certificate.certificate) if settings.tls is not None else None
        schemes = offered if settings.schemes is None else settings.schemes
        return Doorkeeper(
            host=self.host.name,
            schemes=schemes,
            accounts=settings.accounts,
            secrets=secrets,
            keytab=settings.keytab,
            binding=binding if settings.channel_binding else None,
            credssp=credssp.make_tls(folder) if Scheme.CREDSSP in schemes else None,
        )

    def __enter__(self) -> WinrmServer:
        self.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, value: BaseException | None, at: TracebackType | None) -> None:
        self.close()

    def start(self) -> None:
        """Begin to listen. Raises OSError where the address or port cannot be had."""
        context = _tls_context(self.settings.tls) if self.settings.tls is not None else None
        self._listener = Listener((self.settings.address, self.settings.port), context, self._serve)

    def _serve(self, connection: socket.socket, address: tuple[str, int]) -> None:
        Connection(connection, address, self)

    @property
    def port(self) -> int:
        """The port on which the server listens."""
        if self._listener is None:
            raise UsageError("the server does not listen")
        return self._listener.port

    @property
    def url(self) -> str:
        """The address of the service, for clients."""
        return self.url_for(self.settings.address)

    def url_for(self, name: str) -> str:
        """Return the address of the service under another name of this machine, such as `localhost`."""
        scheme = "http" if self.settings.tls is None else "https"
        host = f"[{name}]" if ":" in name else name
        return f"{scheme}://{host}:{self.port}{PATH}"

    @property
    def messages(self) -> tuple[Message, ...]:
        """What was asked so far, in order."""
        with self._lock:
            return tuple(self._messages)

    @property
    def commands(self) -> tuple[str, ...]:
        """The command lines that were run so far, in order."""
        return tuple(message.command for message in self.messages if message.command is not None)

    @property
    def open_shells(self) -> int:
        """How many shells clients have left open."""
        return len(self.service.shells.all())

    def close(self) -> None:
        """Stop listening, cut all connections, and wait until nothing runs any more. A second time does nothing."""
        for gate in self._gates():
            gate.open()
        if self._listener is not None:
            self._listener.close()
            self._listener = None
        self._folder.cleanup()

    def _gates(self) -> Iterable[Gate]:
        for misdeed in self.settings.script.values():
            if isinstance(misdeed, Hang | Drip):
                yield misdeed.gate
        for answer in self.host.answers.values():
            if answer.gate is not None:
                yield answer.gate

    def hear(self, data: bytes, account: Account, *, encrypted: bool) -> Heard:
        """Take a request down, and return what is to be done about it."""
        try:
            request = parse_request(data)
        except Refused as refused:
            failure = refused.fault
            misdeed = self._note(None, account, encrypted=encrypted)
            return Heard(misdeed, lambda: self._refusal("", failure))
        misdeed = self._note(request, account, encrypted=encrypted)
        if isinstance(misdeed, Refuse):
            return Heard(None, lambda: self._refusal(request.message_id, misdeed.fault))
        return Heard(misdeed, lambda: self._answer(request, account))

    def _note(self, request: Request | None, account: Account, *, encrypted: bool) -> Misdeed | None:
        """Write a request down, and return the misdeed that is to meet it."""
        action = None if request is None else request.action
        line = None if request is None else _line(request)
        with self._lock:
            number = len(self._messages) + 1
            self._messages.append(Message(number, account.name, action, encrypted, line))
        script = self.settings.script
        return script.get(number, None if action is None else script.get(action))

    def _answer(self, request: Request, account: Account) -> tuple[HTTPStatus, bytes]:
        try:
            return HTTPStatus.OK, self.service.answer(request, account)
        except Refused as refused:
            return self._refusal(request.message_id, refused.fault)

    def _refusal(self, message_id: str, refused: Fault) -> tuple[HTTPStatus, bytes]:
        return HTTPStatus.INTERNAL_SERVER_ERROR, fault(message_id, refused, self.host.name)


def _line(request: Request) -> str | None:
    if request.action is not Action.COMMAND:
        return None
    try:
        return command_line(request)
    except Refused:
        return None


def _tls_context(tls: Tls) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(tls.certificate.certificate, tls.certificate.key)
    if tls.clients is not None:
        context.load_verify_locations(tls.clients)
        context.verify_mode = ssl.CERT_OPTIONAL
    return context


def _require_spnego() -> None:
    try:
        import spnego  # noqa: F401  it is used where clients say who they are
    except ImportError as missing:
        raise UsageError("the server needs the extra `testing`: pip install 'ipsecmig[testing]'") from missing
