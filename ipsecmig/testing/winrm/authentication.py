"""How clients say who they are: Negotiate with NTLM or Kerberos, Kerberos alone, CredSSP, Basic, and certificates.

Sources: RFC 4559 (Negotiate), RFC 7617 (Basic), DSP0226 annex C (certificates), RFC 5929 (channel bindings).
"""

from __future__ import annotations

import os
import struct
import threading
from base64 import b64decode, b64encode
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Final

from ipsecmig.testing.winrm import credssp
from ipsecmig.testing.winrm.accounts import Account, find

if TYPE_CHECKING:
    from spnego import ContextProxy
    from spnego.channel_bindings import GssChannelBindings
    from spnego.tls import CredSSPTLSContext


_BROKEN_TOKENS: Final = (ValueError, LookupError, TypeError, AttributeError, struct.error)
"""What pyspnego lets through of its own parsing when a token is not one."""


_NTLM: Final = b"NTLMSSP\0"
_FIRST_TOKENS: Final = (_NTLM, b"\x60")  # the second one begins every mechanism of GSS-API (RFC 2743 section 3.1)


class Scheme(StrEnum):
    """The schemes; the value is the first word of the header `Authorization`."""

    NEGOTIATE = "Negotiate"
    KERBEROS = "Kerberos"
    CREDSSP = "CredSSP"
    BASIC = "Basic"
    CERTIFICATE = "http://schemas.dmtf.org/wbem/wsman/1/wsman/secprofile/https/mutual"


@dataclass(frozen=True, slots=True)
class Doorkeeper:
    """What a server knows about those who may come in.

    `secrets` is a file in the form that pyspnego reads passwords from, `keytab` one of the service's Kerberos keys.
    `binding` is the hash of the server's certificate where clients must be bound to the TLS channel, `credssp` the TLS
    inside CredSSP where that is a scheme.
    """

    host: str
    schemes: Sequence[Scheme]
    accounts: Sequence[Account]
    secrets: Path
    keytab: Path | None = None
    binding: bytes | None = None
    credssp: CredSSPTLSContext | None = None

    @property
    def invitations(self) -> list[str]:
        """The values of `WWW-Authenticate` for those who have not said who they are."""
        said = {Scheme.BASIC: 'Basic realm="WSMAN"'}
        return [said.get(scheme, scheme.value) for scheme in self.schemes if scheme is not Scheme.CERTIFICATE]


@dataclass(frozen=True, slots=True)
class Verdict:
    """What came of one request: an account, or none yet; and the values of `WWW-Authenticate` to answer with."""

    account: Account | None
    headers: Sequence[str] = ()


class Visitor:
    """Whoever is at the other end of one connection; who that is stays known as long as the connection lives."""

    def __init__(self, doorkeeper: Doorkeeper, subject: str | None) -> None:
        """Make a visitor; `subject` is the common name of the certificate of the client, None without one."""
        self._doorkeeper = doorkeeper
        self._subject = subject
        self._account: Account | None = None
        self.context: ContextProxy | None = None

    def hear(self, authorization: str) -> Verdict:
        """Return what a request's header `Authorization` leads to."""
        scheme, _, token = authorization.partition(" ")
        if not scheme and self._account is not None:
            return Verdict(self._account)
        known = next((one for one in self._doorkeeper.schemes if one.value.lower() == scheme.lower()), None)
        if known is None:
            return self._refused()
        if known is Scheme.CERTIFICATE:
            return self._taken(find(self._doorkeeper.accounts, self._subject) if self._subject else None)
        try:
            octets = b64decode(token, validate=True)
        except ValueError:
            return self._refused()
        return self._taken(self._basic(octets)) if known is Scheme.BASIC else self._negotiate(known, octets)

    def _refused(self) -> Verdict:
        self.context = self._account = None
        return Verdict(None, self._doorkeeper.invitations)

    def _taken(self, account: Account | None, headers: Sequence[str] = ()) -> Verdict:
        if account is None:
            return self._refused()
        self._account = account
        return Verdict(account, headers)

    def _basic(self, octets: bytes) -> Account | None:
        name, _, password = octets.decode("utf-8", "replace").partition(":")
        account = find(self._doorkeeper.accounts, name, self._doorkeeper.host)
        return account if account is not None and account.password and account.password == password else None

    def _negotiate(self, scheme: Scheme, token: bytes) -> Verdict:
        from spnego.exceptions import SpnegoError

        try:
            with _secrets(self._doorkeeper):
                context = self._context(scheme, token)
                answer = context.step(token, channel_bindings=_bindings(self._doorkeeper.binding))
        except (SpnegoError, *_BROKEN_TOKENS):
            return self._refused()
        headers = [f"{scheme.value} {b64encode(answer).decode('ascii')}"] if answer else []
        if not context.complete:
            if credssp.has_failed(context):
                self.context = None
            return Verdict(None, headers) if headers else self._refused()
        return self._taken(self._account_of(context), headers)

    def _context(self, scheme: Scheme, token: bytes) -> ContextProxy:
        """Return the context that takes the token: the one that has begun, or a new one of the token's kind."""
        import spnego

        if self.context is None or self.context.complete:
            first = credssp.FIRST_TOKENS if scheme is Scheme.CREDSSP else _FIRST_TOKENS
            if not token.startswith(first):
                raise ValueError("this token continues something that has not begun")
            kind = "ntlm" if token.startswith(_NTLM) else scheme.value.lower()
            if scheme is Scheme.CREDSSP:
                self.context = spnego.server(protocol=kind, credssp_tls_context=self._doorkeeper.credssp)
            else:
                self.context = spnego.server(protocol=kind)
        return self.context

    def _account_of(self, context: ContextProxy) -> Account | None:
        """Return the account of a client: with a ticket even of one that is nobody here, as in a domain."""
        accounts, host = self._doorkeeper.accounts, self._doorkeeper.host
        name = context.client_principal or ""
        known = find(accounts, name, host)
        if context.protocol == "credssp":
            return known if known is not None and credssp.has_delegated(context, known, accounts, host) else None
        if known is None and "@" in name:
            return Account(name, administrator=False)
        return known


def _bindings(certificate_hash: bytes | None) -> GssChannelBindings | None:
    """Return the bindings `tls-server-end-point` (RFC 5929 section 4)."""
    from spnego.channel_bindings import GssChannelBindings

    if certificate_hash is None:
        return None
    return GssChannelBindings(application_data=b"tls-server-end-point:" + certificate_hash)


def secrets_file(accounts: Sequence[Account], host: str) -> str:
    """Return the text of a file of passwords, `DOMAIN:NAME:PASSWORD` in each line.

    Raises ValueError for a name or a password that such a line cannot hold.
    """
    lines = []
    for account in accounts:
        domain, _, name = account.name.rpartition("\\")
        if not account.password or "@" in name:
            continue
        if any(character in part for part in (domain, name, account.password) for character in ":\r\n"):
            raise ValueError(f"{account.name}: neither name nor password may hold a colon or a line end")
        domains = (domain,) if domain else ("", host, ".")
        lines += [f"{one}:{name}:{account.password}\n" for one in domains]
    return "".join(lines)


# Both libraries below pyspnego find the secrets of an acceptor in the environment alone, which threads share.
_ENVIRONMENT: Final = threading.Lock()
_NO_REPLAY_CACHE: Final = "none:"


@contextmanager
def _secrets(doorkeeper: Doorkeeper) -> Iterator[None]:
    """Put the server's secrets where they are looked for, while nobody else does."""
    wanted = {"NTLM_USER_FILE": str(doorkeeper.secrets), "KRB5RCACHENAME": _NO_REPLAY_CACHE}
    if doorkeeper.keytab is not None:
        wanted["KRB5_KTNAME"] = str(doorkeeper.keytab)
    with _ENVIRONMENT:
        before = {name: os.environ.get(name) for name in wanted}
        os.environ.update(wanted)
        try:
            yield
        finally:
            _restore(before)


def _restore(before: Mapping[str, str | None]) -> None:
    for name, value in before.items():
        if value is None:
            del os.environ[name]
        else:
            os.environ[name] = value
