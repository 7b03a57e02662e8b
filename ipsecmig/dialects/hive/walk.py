"""The way through a hive to the keys that matter, wherever in the registry its root belongs."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from ipsecmig.diagnostics import Origin
from ipsecmig.dialects.hive.cells import Hive, HiveError, Key, Value
from ipsecmig.dialects.registry_tree.data import DataError, from_bytes
from ipsecmig.dialects.registry_tree.paths import FIREWALL_RULES, place
from ipsecmig.dialects.registry_tree.tree import DEPTH_LIMIT, Change, KeyMade, ValueSet
from ipsecmig.stored.registry import RegistryValue

_MACHINE: Final = "HKEY_LOCAL_MACHINE"
_POLICIES: Final = rf"{_MACHINE}\SOFTWARE\Policies"
_IPSEC: Final = rf"{_POLICIES}\Microsoft\Windows\IPSec"
_SERVICES: Final = rf"{_MACHINE}\SYSTEM\CurrentControlSet\Services"

_ROOTS: Final = (
    (_MACHINE, re.compile("software|system")),
    (rf"{_MACHINE}\SOFTWARE", re.compile("policies")),
    (rf"{_MACHINE}\SYSTEM", re.compile(r"controlset\d{3}|currentcontrolset")),
    (_POLICIES, re.compile("microsoft")),
    (rf"{_POLICIES}\Microsoft", re.compile("windows|windowsfirewall")),
    (rf"{_POLICIES}\Microsoft\Windows", re.compile("ipsec")),
    (_IPSEC, re.compile("policy|gptipsecpolicy")),
    (rf"{_IPSEC}\Policy", re.compile("local|persistent|cache")),
    (rf"{_IPSEC}\Policy\Local", re.compile(r"ipsec(?:policy|isakmppolicy|nfa|negotiationpolicy|filter)\{.*\}")),
    (rf"{_MACHINE}\SYSTEM\CurrentControlSet", re.compile("services")),
    (_SERVICES, re.compile("ipsec|policyagent|sharedaccess")),
    (
        rf"{_SERVICES}\SharedAccess\Parameters\FirewallPolicy",
        re.compile(FIREWALL_RULES),
    ),
)
"""Where the root of a hive can belong, and the names below it by which that is known."""

_ON_THE_WAY = re.compile(
    r"hkey_local_machine(?:\\software(?:\\policies(?:\\microsoft(?:\\windows)?)?)?"
    r"|\\system(?:\\(?:currentcontrolset|controlset\d{3})(?:\\services(?:\\sharedaccess(?:\\parameters)?)?)?)?)?",
    re.IGNORECASE,
)


def changes(hive: Hive, file: str) -> list[Change]:
    """Return the keys and values that matter in `hive`, with their full paths; none where nothing is about IPsec.

    Raises HiveError for damage on the way to them or in them, and for a key that is below itself.
    """
    root = hive.root()
    names = [key.name.lower() for key in hive.subkeys(root)]
    for path, below in _ROOTS:
        if any(below.fullmatch(name) for name in names):
            found = list(_walk(hive, root, path, file))
            if found:
                return found
    return []


def _walk(hive: Hive, root: Key, path: str, file: str) -> Iterator[Change]:
    """Yield the keys from `root`, whose full path is `path`, on that matter."""
    waiting, seen = [(root, path)], set[int]()
    while waiting:
        key, path = waiting.pop()
        if key.offset in seen or path.count("\\") >= DEPTH_LIMIT:
            raise HiveError("a key is below itself, or twice in the tree", key.offset)
        seen.add(key.offset)
        if place(path) is not None:
            yield KeyMade(path, Origin(f"{file}: {path}", offset=key.offset))
            for value in hive.values(key):
                yield ValueSet(path, _value(value, path, file))
        below = ((one, f"{path}\\{one.name}") for one in _once(hive, key))
        wanted = [each for each in below if place(each[1]) is not None or _ON_THE_WAY.fullmatch(each[1])]
        waiting += reversed(wanted)


def _once(hive: Hive, key: Key) -> Iterator[Key]:
    """Yield the keys right below `key`, of which none may be there twice."""
    seen = set[int]()
    for one in hive.subkeys(key):
        if one.offset in seen:
            raise HiveError("a key is twice in a list", one.offset)
        seen.add(one.offset)
        yield one


def _value(value: Value, path: str, file: str) -> RegistryValue:
    try:
        data = from_bytes(value.kind, value.data)
    except DataError as error:
        reason = rf"the data of {path}\{value.name} do not fit their type: {error}"
        raise HiveError(reason, value.offset) from error
    return RegistryValue(value.name, value.kind, data, Origin(rf"{file}: {path}\{value.name}", offset=value.offset))
