"""The hashes of phase 1, and the prf made of them: their HMAC (RFC 2409 section 5, RFC 2104)."""

from __future__ import annotations

import hmac
from collections.abc import Callable
from typing import Final

from ipsecmig import crypto
from ipsecmig.model.algorithms import INTEGRITY, Integrity


def digest(algorithm: Integrity, *parts: bytes) -> bytes:
    """Return the hash of the concatenated parts."""
    return crypto.hash_of(algorithm, b"".join(parts))


def prf(algorithm: Integrity, key: bytes, *parts: bytes) -> bytes:
    """Return the HMAC of the concatenated parts."""
    return crypto.hmac_of(algorithm, key, b"".join(parts))


def keyed_prf(algorithm: Integrity, key: bytes) -> Callable[[bytes], bytes]:
    """Return the HMAC with that key as a function of the message: for several messages this is faster than `prf`."""
    return crypto.keyed_hmac(algorithm, key)


def equal(one: bytes, other: bytes) -> bool:
    """Tell whether two hashes are equal, in a time that does not depend on where they differ."""
    return hmac.compare_digest(one, other)


def by_oakley(number: int) -> Integrity | None:
    """Return the hash with that number in a phase 1 transform, None if it is not supported."""
    return _BY_OAKLEY.get(number)


_BY_OAKLEY: Final = {row.oakley: row.integrity for row in INTEGRITY.values()}
