"""What is said about reading over the network; codes of directories begin with LD1."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from ipsecmig.diagnostics import Severity
from ipsecmig.dialects.notes import Note

UNREACHABLE: Final = Note(
    "LD101",
    Severity.ERROR,
    "{host} port {port} cannot be reached: {reason}",
    "Name a domain controller; LDAP is at port 389, LDAP over TLS at port 636.",
)
UNTRUSTED: Final = Note(
    "LD102",
    Severity.ERROR,
    "the certificate of {host} cannot be verified: {reason}. No password was sent to it",
    "Give the certificate of the authority that issued it with --ca-file, and the name that stands in it.",
)
NO_TLS: Final = Note(
    "LD103",
    Severity.ERROR,
    "{host} does not start TLS ({reason}), and neither passwords nor policies are sent in the clear",
    "Give the domain controller a certificate, or use ldaps://.",
)
REFUSED: Final = Note(
    "LD104",
    Severity.ERROR,
    "{host} refuses {who}: {reason}",
    "Check name and password; a name may be written DOMAIN\\name, name@domain or as a distinguished name.",
)
NO_TICKET: Final = Note(
    "LD105",
    Severity.ERROR,
    "Kerberos gives no access to {host}: {reason}",
    "Get a ticket with kinit and name the host as the domain does, or log in with --user.",
)
NO_CONTAINER: Final = Note(
    "LD106",
    Severity.ERROR,
    "{base} is not there, or may not be seen",
    "Name the domain after the host, as ldaps://{host}/DC=example,DC=com, and log in as somebody who may read it.",
)
FAILED: Final = Note("LD107", Severity.ERROR, "{host} could not answer: {reason}")
TOO_MUCH: Final = Note(
    "LD108",
    Severity.ERROR,
    "the answer of {host} goes beyond {limit}",
    "Dump the container with ldifde, and read the file.",
)


def notes() -> Iterator[Note]:
    """Yield all of them."""
    yield from (value for value in globals().values() if isinstance(value, Note))
