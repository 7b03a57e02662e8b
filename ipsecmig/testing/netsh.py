"""`netsh ipsec static show` in English: which policies the local store has, and which one is assigned.

The labels are those of the English netsh. Whoever needs the whole text gives it to the host as an answer of its own.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from ipsecmig.stored.objects import ObjectClass, parse_name
from ipsecmig.stored.registry import RegistryKey
from ipsecmig.testing.registry import MACHINE, AccessDenied, Registry

_IPSEC: Final = rf"{MACHINE}\SOFTWARE\Policies\Microsoft\Windows\IPSec"
_REQUEST: Final = re.compile(r"netsh\s+ipsec\s+static\s+show\s+(all|policy\s+all|gpoassignedpolicy)\b.*", re.IGNORECASE)
_NO_POLICIES: Final = "ERR IPsec[05072] : No Policies in Policy Store\r\n"
_CANNOT_OPEN: Final = "ERR IPsec[05073] : Unable to open Policy Store\r\n"


def answer_netsh(line: str, host: str, registry: Registry) -> str | None:
    """Return what netsh prints, None if it is asked for something else."""
    request = _REQUEST.fullmatch(line)
    if request is None:
        return None
    try:
        return _assigned(host, registry) if request[1].lower().startswith("gpo") else _all(host, registry)
    except AccessDenied:
        return _CANNOT_OPEN


def _all(host: str, registry: Registry) -> str:
    policies = list(_policies(registry))
    if not policies:
        return _NO_POLICIES
    active = _active(registry)
    blocks = [_policy(policy, host, active) for policy in policies]
    return "\r\n" + "\r\n".join((*blocks, f"No. of policies : {len(blocks)}\r\n", f"Store : Local Store <{host}>\r\n"))


def _policies(registry: Registry) -> Iterator[RegistryKey]:
    for key in registry.subkeys(rf"{_IPSEC}\Policy\Local"):
        name = parse_name(key.path.rpartition("\\")[2])
        if name is not None and name[0] is ObjectClass.POLICY:
            yield key


def _policy(key: RegistryKey, host: str, active: str) -> str:
    assigned = "YES" if key.path.rpartition("\\")[2].lower() in active else "NO"
    fields = (
        ("Policy Name", _text(key, "ipsecName")),
        ("Description", _text(key, "description") or "NONE"),
        ("Store", f"Local Store <{host}>"),
        ("GUID", _text(key, "ipsecID")),
        ("Assigned", assigned),
    )
    return _lines(fields)


def _assigned(host: str, registry: Registry) -> str:
    active = _active(registry)
    names = [_text(key, "ipsecName") for key in _policies(registry) if key.path.rpartition("\\")[2].lower() in active]
    gpo = registry.key(rf"{_IPSEC}\GPTIPSECPolicy")
    fields = (
        ("Source Machine", f"Local Computer GPO for <{host}>"),
        ("GPO Name", "NONE"),
        ("Local IPsec Policy Name", names[0] if names else "NONE"),
        ("AD Policy Name", (_text(gpo, "DSIPSECPolicyName") if gpo else "") or "NONE"),
        ("AD Policy DN", (_text(gpo, "DSIPSECPolicyPath") if gpo else "") or "NONE"),
        ("Local IPsec Policy Assigned", "Yes" if names and gpo is None else "No"),
    )
    return "\r\n" + _lines(fields) + "\r\n"


def _active(registry: Registry) -> str:
    """Return the path of the assigned policy in lower case, empty for none."""
    local = registry.key(rf"{_IPSEC}\Policy\Local")
    return _text(local, "ActivePolicy").lower() if local else ""


def _text(key: RegistryKey, name: str) -> str:
    value = key.values.get(name.lower())
    return value.data if value is not None and isinstance(value.data, str) else ""


def _lines(fields: tuple[tuple[str, str], ...]) -> str:
    return "".join(f"{label:<23}: {value}\r\n" for label, value in fields)
