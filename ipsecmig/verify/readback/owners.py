"""Whose a preshared key of swanctl.conf is, and which one charon takes for a connection (swanctl.conf(5), secrets)."""

from __future__ import annotations

import base64
import re
from collections.abc import Iterable
from typing import Final, NamedTuple

from ipsecmig.model.policy import Secret
from ipsecmig.model.selectors import AddressRange
from ipsecmig.verify.readback.settings import Section

ANYBODY: Final = frozenset({"%any", "%any4", "%any6", "0.0.0.0", "::"})  # noqa: S104 no binding
"""The ends of a connection that stand for any address."""


class OwnedSecret(NamedTuple):
    """A preshared key with the identities that it is for; for everybody without any."""

    owners: frozenset[str]
    secret: Secret


def owned_secret(section: Section) -> OwnedSecret:
    """Return the key of a section `ike...`. Raises ValueError where it, or whom it is for, is not modelled."""
    owners = frozenset(s.value for k, s in section.settings.items() if re.fullmatch(r"id(-.+|\d+)?", k))
    if any(map(_is_pattern, owners)):
        raise ValueError("a preshared key for identities by a pattern is not modelled")
    try:
        return OwnedSecret(owners, Secret(_decoded(section.get("secret"))))
    except ValueError:
        raise ValueError("the preshared key is neither hex nor base64, as it says") from None


def _is_pattern(owner: str) -> bool:
    """Whether `owner` stands for several identities, but is no block of addresses."""
    several = re.search(r"/|-\d", owner) is not None
    return re.search(r"[%*]", owner) is not None or (several and _addresses(owner) is None)


def _addresses(name: str) -> AddressRange | None:
    """Return the addresses that an identity or an end of a connection names, None if it names no address."""
    try:
        return AddressRange.parse(name)
    except ValueError:
        return None


def _decoded(text: str) -> str:
    """Return a secret that is written in hex (`0x`) or base64 (`0s`) as text."""
    if text.startswith("0x"):
        return bytes.fromhex(text[2:]).decode("utf-8", "surrogateescape")
    if text.startswith("0s"):
        return base64.b64decode(text[2:]).decode("utf-8", "surrogateescape")
    return text


def preshared_key(secrets: Iterable[OwnedSecret], names: set[str], *, anybody: bool) -> Secret | None:
    """Return the key that charon takes for the ends `names` of a connection, None where there is none.

    It is the one that names most of them, else one for a block around them. `anybody` says that any peer may come.
    Raises ValueError where several fit, or one is for some of the peers only.
    """
    fits = [(_fit(one.owners, names, anybody=anybody), one.secret) for one in secrets]
    fitting = [(fit, secret) for fit, secret in fits if fit is not None]
    best = max((fit for fit, _ in fitting), default=None)
    keys = {secret for fit, secret in fitting if fit == best}
    if len(keys) > 1:
        raise ValueError("several preshared keys fit, and which one is taken is not modelled")
    return next(iter(keys), None)


_SOME_PEERS: Final = "a preshared key is for some of the peers, which is not modelled"


def _fit(owners: frozenset[str], names: set[str], *, anybody: bool) -> tuple[int, int] | None:
    """Return how many of `names` are among `owners`, and how many inside a block among them; None if it is not theirs.

    Raises ValueError where a block holds some of the peers and not others.
    """
    exact = owners & names
    inside = 0
    blocks = [block for block in map(_addresses, owners - exact) if block is not None and not block.is_host]
    if blocks and anybody:
        raise ValueError(_SOME_PEERS)
    for end in filter(None, map(_addresses, names - exact)):
        for block in blocks:
            if block.family != end.family or end.last < block.first or block.last < end.first:
                continue
            if not (block.first <= end.first and end.last <= block.last):
                raise ValueError(_SOME_PEERS)
            inside += 1
    return (len(exact), inside) if exact or inside or not owners else None
