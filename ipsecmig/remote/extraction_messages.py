"""What is said of hosts that could not be read over WinRM; codes begin with WR."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from ipsecmig.diagnostics import Severity
from ipsecmig.dialects.notes import Note

UNKNOWN: Final = Note("WR101", Severity.ERROR, "there is no host of this name", "Check the name, and the name servers.")
NO_CONNECTION: Final = Note(
    "WR102",
    Severity.ERROR,
    "port {port} takes no connection: {reason}",
    "Check that WinRM listens there (winrm enumerate winrm/config/listener), and the firewalls; HTTPS is at port 5986"
    " by default, HTTP at 5985.",
)
UNTRUSTED: Final = Note(
    "WR103",
    Severity.ERROR,
    "the certificate is not trusted: {reason}. Nothing was sent to it",
    "Give the authority that issued it with --ca-file, and the host by the name that stands in it.",
)
NO_TLS: Final = Note(
    "WR104",
    Severity.ERROR,
    "port {port} does not speak TLS as this client does: {reason}",
    "Check that the port is that of HTTPS. Hosts of 2003 and 2008 know old versions of TLS only, which this machine may"
    " refuse: over HTTP (--http) messages are encrypted by NTLM or Kerberos.",
)
REFUSED: Final = Note(
    "WR105",
    Severity.ERROR,
    "{who} is refused: wrong name or password, or the account may not log in over the network",
    "Check name and password; a name is written DOMAIN\\name, or name alone for an account of the host.",
)
NOT_OFFERED: Final = Note(
    "WR106",
    Severity.ERROR,
    "does not take {transport}; it takes {offered}",
    "Choose one of these with --transport.",
)
NO_TICKET: Final = Note(
    "WR107",
    Severity.ERROR,
    "Kerberos gives no access: {reason}",
    "Get a ticket with kinit, and name the host as the domain does.",
)
NO_ADMINISTRATOR: Final = Note(
    "WR108",
    Severity.ERROR,
    "lets the account in, but not use a remote shell",
    "Use an account of the local administrators: nobody else may read IPsec policies.",
)
UNENCRYPTED: Final = Note(
    "WR109",
    Severity.ERROR,
    "answers without encryption, so that anybody on the way could have written the answer",
    "Use HTTPS, or have the host ask for encryption (AllowUnencrypted is to be false).",
)
TIMED_OUT: Final = Note(
    "WR110", Severity.ERROR, "has not answered within {seconds} s", "Try again, or give it more time with --timeout."
)
CUT: Final = Note("WR111", Severity.ERROR, "the connection broke: {reason}")
QUOTA: Final = Note(
    "WR112",
    Severity.ERROR,
    "a quota of the host is exhausted: {reason}",
    "Close other remote shells of the account, or try again later: idle ones end after minutes.",
)
FAULT: Final = Note("WR113", Severity.ERROR, "WinRM answers with an error: {reason}")
TOO_MUCH: Final = Note(
    "WR114", Severity.ERROR, "answers with more than {limit} MiB", "This is no answer to what was asked."
)
GARBAGE: Final = Note(
    "WR115", Severity.ERROR, "answers what is not WinRM", "Check that host and port are those of WinRM."
)
STATUS: Final = Note(
    "WR116", Severity.ERROR, "answers with HTTP status {status}", "Check that host and port are those of WinRM."
)
STOPPED: Final = Note("WR117", Severity.ERROR, "was not read to the end, as it was interrupted")
NOT_WRITTEN: Final = Note("WR118", Severity.ERROR, "{reason}")


def notes() -> Iterator[Note]:
    """Yield all of them."""
    yield from (value for value in globals().values() if isinstance(value, Note))
