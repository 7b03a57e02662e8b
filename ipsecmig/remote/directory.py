"""Reads the IPsec policies of a live domain controller over LDAP (RFC 4511), as LDIF.

It only searches. TLS comes before anything else, with the server's certificate verified: a policy may hold preshared
keys, and whoever could change an answer on its way could weaken the policy. Referrals are not followed, so that a
password goes to no other server.
"""

from __future__ import annotations

import ssl
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Final, NamedTuple

from ipsecmig.diagnostics import Origin
from ipsecmig.dialects.notes import Note
from ipsecmig.errors import InputError, UsageError
from ipsecmig.remote import directory_messages as messages
from ipsecmig.remote.trust import read_authorities
from ipsecmig.stored.distinguished import IP_SECURITY, Rdn, format_dn, parse_dn
from ipsecmig.stored.ldif import write_record

if TYPE_CHECKING:
    from ldap3 import Connection

    from ipsecmig.model.policy import Secret
    from ipsecmig.remote.location import Location


class Login(NamedTuple):
    """A simple bind: a name as Active Directory takes it, and its password."""

    user: str
    password: Secret


class Limits(NamedTuple):
    """How long a search may take, in seconds, and how much it may give."""

    connect: int = 10
    answer: int = 30
    total: int = 180
    entries: int = 200_000
    octets: int = 256 << 20


LIMITS: Final = Limits()

_PAGE: Final = 500
_OBJECTS: Final = "(objectClass=*)"
_ASSIGNMENTS: Final = "(|(objectClass=ipsecPolicy)(objectClass=groupPolicyContainer))"
_ATTRIBUTES: Final = (
    "objectClass",
    "cn",
    "description",
    "whenChanged",
    "ipsecName",
    "ipsecID",
    "ipsecDataType",
    "ipsecData",
    "ipsecOwnersReference",
    "ipsecISAKMPReference",
    "ipsecNFAReference",
    "ipsecFilterReference",
    "ipsecNegotiationPolicyReference",
    "iPSECNegotiationPolicyType",
    "iPSECNegotiationPolicyAction",
)
_OF_ASSIGNMENTS: Final = ("objectClass", "cn", "displayName", "description", "ipsecName", "ipsecOwnersReference")
_BLOB: Final = "ipsecdata"
_GPOS: Final = (Rdn("cn", "Policies"), Rdn("cn", "System"))
_SUCCESS, _NO_SUCH_OBJECT = 0, 32


def read_directory(at: Location, login: Login | None, authority: Path | None, limits: Limits = LIMITS) -> bytes:
    """Return the IPsec objects and their assignments by group policy at `at`, as LDIF sorted by name.

    `login` of None is Kerberos, with the ticket that the user has. `authority` is the file of the certificates that
    may have issued the server's; None means the system's. Raises InputError with one message for everything that
    fails, and UsageError where an optional library is missing or the file of the authority is no such file.
    """
    _need_libraries(kerberos=login is None)
    context = _Search(at, limits, time.monotonic() + limits.total)
    with _told(at), _connected(at, authority, limits) as connection:
        _log_in(connection, at, login)
        container, policies = _bases(connection, at)
        found = dict(context.entries(connection, container, _OBJECTS, _ATTRIBUTES))
        if policies is not None:
            found |= dict(context.entries(connection, policies, _ASSIGNMENTS, _OF_ASSIGNMENTS))
    return "\n".join(("version: 1\n", *(found[dn] for dn in sorted(found)))).encode("ascii")


def _need_libraries(*, kerberos: bool) -> None:
    try:
        import ldap3  # noqa: F401
    except ImportError:
        needs = 'reading a directory needs the extra "directory": pip install "ipsecmig[directory]"'
        raise UsageError(needs) from None
    if not kerberos:
        return
    try:
        import gssapi  # noqa: F401
    except ImportError:
        needs = 'Kerberos needs the extra "kerberos": pip install "ipsecmig[kerberos]". Or log in with --user'
        raise UsageError(needs) from None


def _failure(at: Location, note: Note, **fields: str) -> InputError:
    return InputError((note.say(Origin(at.url), host=at.host, **fields),))


@contextmanager
def _told(at: Location) -> Iterator[None]:
    """Raise InputError for what the library raises: the connection broke, or the server's answer makes no sense."""
    from ldap3.core.exceptions import LDAPException

    try:
        yield
    except LDAPException as failure:
        raise _failure(at, messages.FAILED, reason=_reason(failure)) from None


def _reason(failure: Exception) -> str:
    """Return what a library says of its failure in one line."""
    return " ".join(str(failure).split())[:300] or type(failure).__name__


@contextmanager
def _connected(at: Location, authority: Path | None, limits: Limits) -> Iterator[Connection]:
    """Give a connection under TLS, on which nobody has logged in."""
    import ldap3
    from ldap3.core.exceptions import LDAPException

    authorities = None if authority is None else read_authorities(authority)
    server = ldap3.Server(
        at.host,
        port=at.port,
        use_ssl=at.tls_first,
        tls=ldap3.Tls(
            validate=ssl.CERT_REQUIRED,
            ca_certs_data=authorities,
            sni=_sni(at.host),
        ),
        get_info=ldap3.NONE,
        connect_timeout=limits.connect,
    )
    connection = ldap3.Connection(
        server,
        auto_bind=ldap3.AUTO_BIND_NONE,
        auto_referrals=False,
        check_names=False,
        read_only=True,
        receive_timeout=limits.answer,
        return_empty_attributes=False,
    )
    try:
        try:
            connection.open(read_server_info=False)
            if not at.tls_first:
                connection.start_tls(read_server_info=False)
        except LDAPException as failure:
            raise _not_connected(at, connection, failure) from None
        yield connection
    finally:
        if connection.socket is not None:
            connection.socket.close()


def _not_connected(at: Location, connection: Connection, failure: Exception) -> InputError:
    from ldap3.core.exceptions import LDAPCertificateError, LDAPStartTLSError

    said = str(failure)
    if isinstance(failure, LDAPCertificateError) or "CERTIFICATE_VERIFY_FAILED" in said or "match any name" in said:
        return _failure(at, messages.UNTRUSTED, reason=_of_certificate(said))
    reason = _reason(failure)
    if isinstance(failure, LDAPStartTLSError) or (not at.tls_first and not connection.closed):
        return _failure(at, messages.NO_TLS, reason=reason)
    return _failure(at, messages.UNREACHABLE, port=str(at.port), reason=reason)


def _of_certificate(said: str) -> str:
    """Return what is wrong with a certificate in short: the library prints all fields of one for another name."""
    if "match any name" in said:
        return "it is for another name"
    return said.rpartition("CERTIFICATE_VERIFY_FAILED] ")[2].partition(" (_ssl")[0]


def _sni(host: str) -> str | None:
    """Return the name to ask for, RFC 6066 3: an address is none."""
    return None if ":" in host or host.replace(".", "").isdecimal() else host


def _log_in(connection: Connection, at: Location, login: Login | None) -> None:
    import ldap3

    if login is None:
        _log_in_by_ticket(connection, at)
        return
    connection.authentication, connection.user = ldap3.SIMPLE, login.user
    connection.password = login.password.reveal()
    connection.bind(read_server_info=False)
    connection.password = None
    if connection.result["result"] != _SUCCESS:
        raise _failure(at, messages.REFUSED, who=f'"{login.user}"', reason=_result(connection))


def _log_in_by_ticket(connection: Connection, at: Location) -> None:
    import ldap3
    from gssapi.raw.misc import GSSError

    connection.authentication, connection.sasl_mechanism = ldap3.SASL, ldap3.KERBEROS
    try:
        connection.bind(read_server_info=False)
    except GSSError as failure:
        raise _failure(at, messages.NO_TICKET, reason=_reason(failure)) from None
    if connection.result["result"] != _SUCCESS:
        raise _failure(at, messages.NO_TICKET, reason=_result(connection))


def _result(connection: Connection) -> str:
    """Return what the server said in one line, RFC 4511 4.1.9."""
    result = connection.result
    text = " ".join(str(result.get("message") or "").replace("\0", "").split())
    return f"{result['description']}: {text}" if text else str(result["description"])


def _bases(connection: Connection, at: Location) -> tuple[str, str | None]:
    """Return the container of the objects, and that of the group policy objects where the domain is known."""
    base = parse_dn(at.base or _default_base(connection, at)) or ()
    if base and base[0].attribute == "cn":
        return format_dn(base), None
    return format_dn((*IP_SECURITY, *base)), format_dn((*_GPOS, *base))


def _default_base(connection: Connection, at: Location) -> str:
    """Return the naming context of the server's domain, from its root entry ([MS-ADTS] 3.1.1.3.2.3)."""
    import ldap3

    connection.search("", _OBJECTS, ldap3.BASE, attributes=["defaultNamingContext"])
    for entry in connection.response or ():
        for name, values in entry.get("raw_attributes", {}).items():
            if name.lower() == "defaultnamingcontext" and values:
                return str(values[0], "utf-8", "replace")
    raise _failure(at, messages.NO_CONTAINER, base="the name of the server's domain")


class _Search(NamedTuple):
    """One search: where, how much it may give, and until when."""

    at: Location
    limits: Limits
    until: float

    def entries(
        self, connection: Connection, base: str, wanted: str, attributes: tuple[str, ...]
    ) -> Iterator[tuple[str, str]]:
        """Yield name and LDIF of every entry below `base` that the filter `wanted` finds, page after page."""
        cookie: bytes | None = None
        count = octets = 0
        while True:
            for dn, record in self._page(connection, base, wanted, attributes, cookie):
                count, octets = count + 1, octets + len(record)
                if count > self.limits.entries or octets > self.limits.octets:
                    raise _failure(self.at, messages.TOO_MUCH, limit=f"{self.limits.entries:,} entries or 256 MiB")
                yield dn, record
            cookie = _cookie(connection)
            if not cookie:
                return
            if time.monotonic() > self.until:
                raise _failure(self.at, messages.TOO_MUCH, limit=f"{self.limits.total} s")

    def _page(
        self, connection: Connection, base: str, wanted: str, attributes: tuple[str, ...], cookie: bytes | None
    ) -> Iterator[tuple[str, str]]:
        import ldap3

        connection.search(
            base,
            wanted,
            ldap3.SUBTREE,
            dereference_aliases=ldap3.DEREF_NEVER,
            attributes=list(attributes),
            time_limit=self.limits.answer,
            paged_size=_PAGE,
            paged_cookie=cookie,
        )
        if connection.result["result"] == _NO_SUCH_OBJECT:
            raise _failure(self.at, messages.NO_CONTAINER, base=base)
        if connection.result["result"] != _SUCCESS:
            raise _failure(self.at, messages.FAILED, reason=_result(connection))
        for entry in connection.response or ():
            if entry["type"] == "searchResEntry":
                yield entry["dn"], _record(entry["dn"], entry["raw_attributes"])


def _cookie(connection: Connection) -> bytes | None:
    """Return what asks for the next page, RFC 2696; nothing after the last."""
    control = connection.result.get("controls", {}).get("1.2.840.113556.1.4.319")
    return control["value"]["cookie"] if control else None


def _record(dn: str, attributes: dict[str, list[bytes]]) -> str:
    pairs = ((name, _value(name, value)) for name, values in attributes.items() for value in values)
    return write_record(dn, sorted(pairs, key=lambda pair: pair[0].lower()))


def _value(name: str, data: bytes) -> str | bytes:
    if name.lower().partition(";")[0] == _BLOB:
        return data
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError:
        return data
