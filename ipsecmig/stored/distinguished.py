"""Distinguished names of a directory, as far as finding stored policies needs them (RFC 4514)."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Final, NamedTuple


class Rdn(NamedTuple):
    """One part of a name: its attribute in lower case and its value without escapes."""

    attribute: str
    value: str


IP_SECURITY: Final = (Rdn("cn", "IP Security"), Rdn("cn", "System"))
"""The container of stored policies, below the naming context of a domain ([MS-GPIPSEC] 2.2.1)."""

_PART: Final = re.compile(r"((?:[^,;\\]|\\.)*)([,;]|$)", re.DOTALL)
_ESCAPE: Final = re.compile(r"((?:\\[0-9A-Fa-f]{2})+)|\\(.)", re.DOTALL)
_SPECIAL: Final = re.compile(r'[,+"\\<>;=]|^[ #]| $|[\x00-\x1f]')


def parse_dn(text: str) -> tuple[Rdn, ...] | None:
    """Return the parts of a distinguished name, the nearest first; None where `text` is none.

    Names of several attributes in one part (`CN=a+OU=b`) keep all but the first in the value: no object here has one.
    """
    if not text.strip():
        return ()
    parts = list(_parts(text))
    return None if None in parts else tuple(part for part in parts if part is not None)


def _parts(text: str) -> Iterator[Rdn | None]:
    at = 0
    while at <= len(text):
        found = _PART.match(text, at)
        if found is None:
            yield None
            return
        attribute, separator, value = found[1].partition("=")
        yield Rdn(attribute.strip().lower(), _ESCAPE.sub(_unescaped, _trimmed(value))) if separator else None
        at = found.end() if found[2] else len(text) + 1


def _trimmed(value: str) -> str:
    """Return the value without the spaces around it; an escaped one at its end stays."""
    value = value.lstrip(" ")
    bare = value.rstrip(" ")
    return bare + " " if bare.endswith("\\") and not bare.endswith("\\\\") and bare != value else bare


def _unescaped(found: re.Match[str]) -> str:
    if found[2] is not None:
        return found[2]
    return bytes.fromhex(found[1].replace("\\", "")).decode("utf-8", "replace")


def format_dn(parts: Sequence[Rdn]) -> str:
    """Return the distinguished name of `parts`, with attributes in capitals as Windows writes them."""
    return ",".join(f"{part.attribute.upper()}={_SPECIAL.sub(_escaped, part.value)}" for part in parts)


def _escaped(found: re.Match[str]) -> str:
    return f"\\{ord(found[0]):02X}" if found[0] < " " else "\\" + found[0]


def dns_domain(parts: Sequence[Rdn]) -> str:
    """Return the DNS name of the domain that a name lies in, from its DC parts (RFC 2247); empty where it has none."""
    return ".".join(part.value for part in parts if part.attribute == "dc")


def domain_dn(domain: str) -> tuple[Rdn, ...]:
    """Return the name of the domain's naming context (RFC 2247)."""
    return tuple(Rdn("dc", label) for label in domain.split(".") if label)
