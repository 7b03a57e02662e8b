r"""Which keys of a registry matter here, and where policies stand in it.

The same key has many names: `HKLM`, `HKEY_LOCAL_MACHINE`, a hive loaded under a name of its own, the 32-bit view, a
numbered control set. What comes before the part that tells is the machine that the key belongs to.
"""

from __future__ import annotations

import re
from enum import Enum
from typing import Final, NamedTuple

_LEGACY: Final = r"policies\\microsoft\\windows\\ipsec"
_SERVICE: Final = r"(?:currentcontrolset|controlset\d{3})\\services\\(?:ipsec|policyagent)"
_FIREWALL: Final = (
    r"policies\\microsoft\\windowsfirewall"
    r"|(?:currentcontrolset|controlset\d{3})\\services\\sharedaccess\\parameters\\firewallpolicy"
)
_SELECT: Final = r"system\\select"

FIREWALL_RULES: Final = r"consecrules|mainmoderules|phase[12]authenticationsets?|phase[12]cryptosets?"
"""The keys of connection security rules below those of the firewall."""

_PLACES = re.compile(
    rf"^(?P<machine>.*?\\|)(?:(?P<legacy>{_LEGACY})|(?P<service>{_SERVICE})|(?P<firewall>{_FIREWALL})"
    rf"|(?P<select>{_SELECT}))(?:\\(?P<rest>.+))?$",
    re.DOTALL | re.IGNORECASE,
)
_WORTH_A_LOOK = re.compile(r"\\(?:ipsec|policyagent|windowsfirewall|firewallpolicy|select)(?:\\|$)", re.IGNORECASE)
"""One of these names is in every path that matters; most paths have none and need no closer look."""

_OF_THE_FIREWALL = re.compile(rf"(?:{FIREWALL_RULES})(?:\\|$)", re.IGNORECASE)
_ROOTS: Final = {"hklm": "HKEY_LOCAL_MACHINE", "hku": "HKEY_USERS", "hkcu": "HKEY_CURRENT_USER"}
_RUNNING: Final = frozenset({"hkey_local_machine", r"hkey_local_machine\software", r"hkey_local_machine\system"})
_OTHER_MACHINE = re.compile(r"^(?:\\\\[^\\]+\\|computer\\|registry::)", re.IGNORECASE)
_WOW: Final = re.compile(r"\\wow6432node(?=\\)", re.IGNORECASE)


class Area(Enum):
    """The parts of the registry that matter."""

    LEGACY = "legacy"
    SERVICE = "service"
    FIREWALL = "firewall"
    SELECT = "select"


class Place(NamedTuple):
    """A key that matters. All but `rest` is in lower case; `rest` is the path below what `head` names."""

    area: Area
    machine: str
    head: str
    rest: str


def full(path: str) -> str:
    """Return `path` with its root written out; without the name of another machine before it."""
    if path.startswith("HKEY_") and "6432" not in path:
        return path
    path = _WOW.sub("", _OTHER_MACHINE.sub("", path.strip("\\") if not path.startswith("\\\\") else path))
    root, separator, rest = path.partition("\\")
    return _ROOTS.get(root.lower().rstrip(":"), root) + separator + rest


def place(path: str) -> Place | None:
    """Return which part of the registry the key `path`, with its root written out, belongs to; None for the rest."""
    found = _PLACES.match(path) if _WORTH_A_LOOK.search(path) else None
    if found is None or path[:17].upper() == "HKEY_CURRENT_USER" or path[:15].upper() == "HKEY_USERS\\S-1-":
        return None
    area = next(one for one in Area if found[one.value])
    rest = found["rest"] or ""
    if area is Area.FIREWALL and rest and not _OF_THE_FIREWALL.match(rest):
        return None
    return Place(area, _machine(found["machine"]), found[area.value].lower(), rest)


def _machine(path: str) -> str:
    r"""Return what tells one machine's keys from another's: nothing for the running one, the name of a loaded hive."""
    lower = path.lower().strip("\\")
    return "" if lower in _RUNNING else lower
