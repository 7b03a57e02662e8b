"""One connection to the server: HTTP, who the client is, encryption, and the misdeeds that a test asked for."""

from __future__ import annotations

import socket
import ssl
from collections.abc import Sequence
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler
from typing import TYPE_CHECKING, Final, NamedTuple, cast

from ipsecmig.testing.winrm.accounts import Account
from ipsecmig.testing.winrm.authentication import Visitor
from ipsecmig.testing.winrm.encryption import Garbled, opened, protocol_of, sealed
from ipsecmig.testing.winrm.script import Cut, Drip, Flood, Garbage, Hang, Misdeed, Status, When

if TYPE_CHECKING:
    from ipsecmig.testing.winrm.server import WinrmServer

PATH: Final = "/wsman"
_ANONYMOUS_PATH: Final = "/wsman-anon/identify"
_SOAP: Final = "application/soap+xml;charset=UTF-8"
_MULTIPART_OVERHEAD: Final = 4096
_PIECES_OVERHEAD: Final = 32  # of an envelope its 32nd part: 512 octets for each piece of CredSSP
_PIECE: Final = 1 << 16


class Reply(NamedTuple):
    """A whole answer of HTTP."""

    status: int
    body: bytes = b""
    content_type: str = _SOAP
    invitations: Sequence[str] = ()


class Connection(BaseHTTPRequestHandler):
    """A connection, from its first request to its end."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def __init__(self, connection: socket.socket, address: tuple[str, int], server: WinrmServer) -> None:
        self._server = server
        subject = _subject(connection) if isinstance(connection, ssl.SSLSocket) else None
        self._visitor = Visitor(server.doorkeeper, subject)
        self._secure = isinstance(connection, ssl.SSLSocket)
        super().__init__(connection, address, server)  # type: ignore[arg-type]  # it only keeps it

    def version_string(self) -> str:
        """Return what http.sys calls itself."""
        return "Microsoft-HTTPAPI/2.0"

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002  the name that is overridden
        """Say nothing: what was asked is in the server's list of messages."""

    def do_GET(self) -> None:
        """Refuse: everything is asked with POST."""
        self._send(Reply(HTTPStatus.METHOD_NOT_ALLOWED))

    def do_POST(self) -> None:
        """Answer a request, or do what the script says instead."""
        body = self._body()
        path = self.path.partition("?")[0]
        if body is None:
            self.close_connection = True
            self._send(Reply(HTTPStatus.REQUEST_ENTITY_TOO_LARGE))
        elif path == _ANONYMOUS_PATH and self.headers.get("WSMANIDENTIFY", "").lower() == "unauthenticated":
            self._send(Reply(HTTPStatus.OK, self._server.service.identify(to_anybody=True)))
        elif path != PATH:
            self._send(Reply(HTTPStatus.NOT_FOUND))
        else:
            self._ask_who(body)

    def _body(self) -> bytes | None:
        """Return the body of the request, None where it is longer than the host takes."""
        length = self.headers.get("Content-Length") or "0"
        envelope = self._server.quotas.envelope
        limit = envelope + envelope // _PIECES_OVERHEAD + _MULTIPART_OVERHEAD
        if not length.isdecimal() or int(length) > limit:
            return None
        return self.rfile.read(int(length))

    def _ask_who(self, body: bytes) -> None:
        verdict = self._visitor.hear(self.headers.get("Authorization", ""))
        if verdict.account is None:
            self._send(Reply(HTTPStatus.UNAUTHORIZED, invitations=verdict.headers))
        elif not body:
            self._send(Reply(HTTPStatus.OK, invitations=verdict.headers))
        else:
            self._open(body, verdict.account, verdict.headers)

    def _open(self, body: bytes, account: Account, invitations: Sequence[str]) -> None:
        """Decrypt the body, and answer what is in it in the same way."""
        protocol, context = protocol_of(self.headers.get("Content-Type", "")), self._visitor.context
        if protocol is None and not self._secure and not self._server.allow_unencrypted:
            self._send(Reply(HTTPStatus.INTERNAL_SERVER_ERROR, invitations=invitations))
            return
        try:
            plain = body if protocol is None else opened(context, body, protocol) if context is not None else None
        except Garbled:
            plain = None
        if plain is None:
            self._send(Reply(HTTPStatus.BAD_REQUEST, invitations=invitations))
            return
        heard = self._server.hear(plain, account, encrypted=protocol is not None)
        if self._spoilt_before(heard.misdeed):
            return
        status, answer = heard.answer()
        content_type = _SOAP
        if protocol is not None and context is not None:
            content_type, answer = sealed(context, answer, protocol)
        self._spoil(heard.misdeed, Reply(status, answer, content_type, invitations))

    def _spoilt_before(self, misdeed: Misdeed | None) -> bool:
        """Do a misdeed for which the request is not heeded; whether it was one."""
        if isinstance(misdeed, Hang):
            misdeed.gate.wait()
        elif isinstance(misdeed, Cut) and misdeed.when is When.BEFORE:
            self._cut()
        elif isinstance(misdeed, Status):
            self._send(Reply(misdeed.code))
        elif isinstance(misdeed, Garbage):
            self._send(Reply(HTTPStatus.OK, misdeed.body, misdeed.content_type))
        elif isinstance(misdeed, Flood):
            self._head(Reply(HTTPStatus.OK), misdeed.octets)
            for begin in range(0, misdeed.octets, _PIECE):
                self.wfile.write(b" " * min(_PIECE, misdeed.octets - begin))
        return isinstance(misdeed, Status | Garbage | Flood) or (
            isinstance(misdeed, Cut) and misdeed.when is When.BEFORE
        )

    def _spoil(self, misdeed: Misdeed | None, reply: Reply) -> None:
        """Send an answer, in the way of a misdeed if there is one."""
        if isinstance(misdeed, Drip):
            self._head(reply, len(reply.body))
            size = -(-len(reply.body) // misdeed.pieces)
            for begin in range(0, len(reply.body), size):
                misdeed.gate.wait()
                self.wfile.write(reply.body[begin : begin + size])
        elif isinstance(misdeed, Cut) and misdeed.when is When.MIDDLE:
            self._head(reply, len(reply.body))
            self.wfile.write(reply.body[: len(reply.body) // 2])
            self._cut()
        else:
            self._send(reply)
            if isinstance(misdeed, Cut):
                self._cut()

    def _send(self, reply: Reply) -> None:
        self._head(reply, len(reply.body))
        self.wfile.write(reply.body)

    def _head(self, reply: Reply, length: int) -> None:
        self.send_response(reply.status)
        for invitation in reply.invitations:
            self.send_header("WWW-Authenticate", invitation)
        if length:
            self.send_header("Content-Type", reply.content_type)
        self.send_header("Content-Length", str(length))
        self.end_headers()

    def _cut(self) -> None:
        self.close_connection = True
        self.connection.shutdown(socket.SHUT_RDWR)


def _subject(connection: ssl.SSLSocket) -> str | None:
    """Return the common name of the client's certificate, None if it has shown none."""
    certificate = connection.getpeercert() or {}
    subject = cast("tuple[tuple[tuple[str, str], ...], ...]", certificate.get("subject", ()))
    names = [value for part in subject for name, value in part if name == "commonName"]
    return names[0] if names else None
