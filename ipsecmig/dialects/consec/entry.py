"""The dialects of connection security rules in text, as the registry lists them."""

from __future__ import annotations

import re
from typing import Final

from ipsecmig.dialects.base import Dialect, Evidence, Reading, ReadOptions, Source
from ipsecmig.dialects.consec.draft import ASSUMPTIONS

CONDITIONS: Final = "conditions"
_LOOKED_AT: Final = 1 << 20
_COMMAND: Final = re.compile(
    rb"\badvfirewall[ \t]+(?:(?:consec|mainmode)[ \t]+(?:add|set|delete)|set[ \t]+global[ \t]+(?:mainmode|ipsec))\b",
    re.IGNORECASE,
)
_LEGACY: Final = re.compile(rb"\bipsec[ \t]+(?:static|dynamic)\b", re.IGNORECASE)
_PARTS: Final = tuple(
    re.compile(part, re.IGNORECASE) for part in (rb"\badd[ \t]+rule\b", rb"\bendpoint1[ \t]*=", rb"\bendpoint2[ \t]*=")
)
_ACTION_LINE: Final = re.compile(
    rb"^[^\n:]{1,80}:[ \t]*(?:requireinrequireout|requireinrequestout|requestinrequestout|requireinclearout|"
    rb"noauthentication)[ \t]*\r?$",
    re.IGNORECASE | re.MULTILINE,
)
_STRING: Final = re.compile(
    rb"\bv2\.\d{1,4}\|(?:[^|\n]{0,500}\|){0,40}?Action=(?:SecureServer|Secure|Boundary|DoNotSecure)\|", re.IGNORECASE
)
_ELSEWHERE: Final = re.compile(rb"HKEY_|HKLM\\|\bnetsh\b|<\?xml|\breg(?:\.exe)?[ \t]+add\b", re.IGNORECASE)


def _beginning(source: Source) -> bytes:
    return source.data[:_LOOKED_AT].replace(b"\0", b"")


def detect_script(source: Source) -> int:
    """Return how sure it is, from 0 to 100, that `source` is a script of netsh advfirewall commands.

    A script that has commands of netsh ipsec too is better read as one of those.
    """
    beginning = _beginning(source)
    if _COMMAND.search(beginning):
        return 90 if _LEGACY.search(beginning) else 96
    return 65 if all(part.search(beginning) for part in _PARTS) else 0


def detect_listing(source: Source) -> int:
    """Return how sure it is, from 0 to 100, that `source` is what netsh advfirewall shows, in whatever language."""
    return 97 if _ACTION_LINE.search(_beginning(source)) else 0


def detect_strings(source: Source) -> int:
    """Return how sure it is, from 0 to 100, that `source` is a text of registry strings of such rules."""
    beginning = _beginning(source)
    if not _STRING.search(beginning):
        return 0
    return 30 if _ELSEWHERE.search(beginning) else 90


def read_script(source: Source, options: ReadOptions) -> Reading:
    """Read a script by the reader itself, which is imported only now."""
    from ipsecmig.dialects.consec.netsh import read

    return read(source, options)


def read_listing(source: Source, options: ReadOptions) -> Reading:
    """Read a listing by the reader itself, which is imported only now."""
    from ipsecmig.dialects.consec.show import read

    return read(source, options)


def read_strings(source: Source, options: ReadOptions) -> Reading:
    """Read registry strings by the reader itself, which is imported only now."""
    from ipsecmig.dialects.consec.strings import read

    return read(source, options)


SCRIPT: Final = Dialect(
    name="netsh-consec",
    title="netsh advfirewall consec commands in a batch file, a netsh script or PowerShell",
    detect=detect_script,
    read=read_script,
    confidence="documented",
    suffixes=(".bat", ".cmd", ".txt", ".nsh", ".ps1"),
    assumptions={**ASSUMPTIONS, CONDITIONS: "every command that depends on a run-time condition runs"},
    unverified=("mainmode add rule",),
)
LISTING: Final = Dialect(
    name="netsh-consec-show",
    title="what netsh advfirewall consec show rule name=all verbose prints, in English",
    detect=detect_listing,
    read=read_listing,
    confidence="documented",
    suffixes=(".txt", ".log"),
    assumptions=ASSUMPTIONS,
    evidence=Evidence.LISTING,
    unverified=("the fields of tunnels", "several certification authorities", "the layout of several rules"),
)
STRINGS: Final = Dialect(
    name="consec-strings",
    title="connection security rules of Windows Firewall as registry strings, one on each line",
    detect=detect_strings,
    read=read_strings,
    confidence="documented",
    suffixes=(".txt",),
    assumptions=ASSUMPTIONS,
)
