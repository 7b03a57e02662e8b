"""Where a live directory is, from the URL that names it as a source."""

from __future__ import annotations

import re
from ipaddress import IPv6Address
from typing import Final, NamedTuple
from urllib.parse import unquote

from ipsecmig.errors import UsageError
from ipsecmig.stored.distinguished import parse_dn

LDAP_PORT: Final = 389
LDAPS_PORT: Final = 636

_URL: Final = re.compile(r"(ldaps?)://(\[[^\]/]*\]|[^:/?#]*)(?::(\d{1,5}))?(?:/([^?#]*))?", re.IGNORECASE)
_SCHEME: Final = re.compile(r"ldaps?://", re.IGNORECASE)
_EXAMPLE: Final = "ldaps://dc1.example.com or ldap://dc1.example.com/DC=example,DC=com"


class Location(NamedTuple):
    """A directory server. `base` is the domain or container meant; empty means the domain of the server."""

    url: str
    host: str
    port: int
    tls_first: bool
    base: str = ""


def is_directory(name: str) -> bool:
    """Whether the name of a source is the URL of a directory."""
    return _SCHEME.match(name) is not None


def parse_url(text: str) -> Location:
    """Return what an LDAP URL (RFC 4516) names; host, port and base alone may be given.

    Raises UsageError for anything else, without repeating what may be a password.
    """
    found = _URL.fullmatch(text)
    if found is None or "@" in found[2]:
        raise UsageError(f"an ldap source is written as {_EXAMPLE}; who reads it is said by --user, never in the URL")
    host, tls_first = _host(found[2]), found[1].lower() == "ldaps"
    port = int(found[3]) if found[3] else LDAPS_PORT if tls_first else LDAP_PORT
    base = unquote(found[4] or "")
    if not host or not 0 < port < 65536:
        raise UsageError(f"{text}: there is no such host and port; write it as {_EXAMPLE}")
    if parse_dn(base) is None:
        raise UsageError(f'{text}: "{base}" is no distinguished name; write it as {_EXAMPLE}')
    return Location(f"{found[1].lower()}://{found[2]}" + (f":{port}" if found[3] else ""), host, port, tls_first, base)


def _host(text: str) -> str:
    if not text.startswith("["):
        return text
    try:
        return str(IPv6Address(text[1:-1]))
    except ValueError:
        return ""
