"""Powers modulo a prime.

gmpy2's `powmod_sec` is used where it is installed: it is fast and takes a time that does not depend on the exponent.
Without it Python's `pow` computes the same, up to fifty times slower, and NOT in constant time: who can measure many
handshakes closely may learn of the exponent. Exponents are used for a single handshake, which limits the harm.
`cryptography` is no substitute: it proves unknown primes, such as those of groups 1 and 2, anew for every peer.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache


def power(base: int, exponent: int, modulus: int) -> int:
    """Return `base ** exponent % modulus` for an exponent from 1 and an odd modulus."""
    return int(_implementation()(base, exponent, modulus))


@cache
def _implementation() -> Callable[[int, int, int], int]:
    try:
        from gmpy2 import powmod_sec
    except ImportError:
        return pow
    implementation: Callable[[int, int, int], int] = powmod_sec
    return implementation
