"""Diffie-Hellman in the MODP groups (RFC 2409 section 6, RFC 3526); the generator is 2 in all of them."""

from __future__ import annotations

from functools import cache
from typing import Final

from ipsecmig.ike.crypto.modular import power
from ipsecmig.ike.errors import InvalidKey
from ipsecmig.model.algorithms import GROUPS, DhGroup

GENERATOR: Final = 2

# What makes 2^b - 2^(b-64) - 1 + 2^64 * (floor(2^(b-130) * pi) + c) a safe prime.
_SUMMAND: Final = {
    DhGroup.MODP768: 149686,
    DhGroup.MODP1024: 129093,
    DhGroup.MODP1536: 741804,
    DhGroup.MODP2048: 124476,
    DhGroup.MODP3072: 1690314,
    DhGroup.MODP4096: 240904,
    DhGroup.MODP6144: 929484,
    DhGroup.MODP8192: 4743158,
}

EXPONENT_OCTETS: Final = {
    DhGroup.MODP768: 32,
    DhGroup.MODP1024: 32,
    DhGroup.MODP1536: 32,
    DhGroup.MODP2048: 40,
    DhGroup.MODP3072: 53,
    DhGroup.MODP4096: 60,
    DhGroup.MODP6144: 68,
    DhGroup.MODP8192: 78,
}
"""The random octets that a private value is made of: at least the larger estimate of RFC 3526 section 8."""


@cache
def prime(group: DhGroup) -> int:
    """Return the modulus of the group."""
    bits = GROUPS[group].bits
    fraction = _floor_of_pi_times_power_of_two(bits - 130)
    return (1 << bits) - (1 << bits - 64) - 1 + (1 << 64) * (fraction + _SUMMAND[group])


def _floor_of_pi_times_power_of_two(bits: int) -> int:
    """Return floor(pi * 2^bits), by Machin's pi = 16 arctan(1/5) - 4 arctan(1/239)."""
    guard = 64
    unit = 1 << (bits + guard)
    return (16 * _arctan_of_inverse(5, unit) - 4 * _arctan_of_inverse(239, unit)) >> guard


def _arctan_of_inverse(x: int, unit: int) -> int:
    """Return unit * arctan(1/x), each term of the series rounded down."""
    term = unit // x
    total, divisor, sign = term, 1, 1
    while term:
        term //= x * x
        divisor, sign = divisor + 2, -sign
        total += sign * (term // divisor)
    return total


def octets(group: DhGroup) -> int:
    """Return the length of public values and of the shared secret."""
    return GROUPS[group].bits // 8


def private_value(group: DhGroup, random: bytes) -> int:
    """Return the exponent made of `EXPONENT_OCTETS[group]` random octets. Raises ValueError for another number."""
    if len(random) != EXPONENT_OCTETS[group]:
        raise ValueError(f"group {group.value} needs {EXPONENT_OCTETS[group]} random octets, not {len(random)}")
    # The highest bit is set, so that an exponent is never 0 nor short.
    return int.from_bytes(random, "big") | 1 << (8 * len(random) - 1)


def public_value(group: DhGroup, private: int) -> bytes:
    """Return g^x, with leading zeros as long as the prime."""
    return power(GENERATOR, private, prime(group)).to_bytes(octets(group), "big")


def shared_secret(group: DhGroup, private: int, peer: bytes) -> bytes:
    """Return g^xy, with leading zeros as long as the prime (RFC 2409 section 5).

    Raises InvalidKey if the peer's public value is not as long as the prime, or gives a secret that anyone can guess.
    """
    if len(peer) != octets(group):
        raise InvalidKey(f"a public value of group {group.value} has {octets(group)} octets, not {len(peer)}")
    value = int.from_bytes(peer, "big")
    if not 1 < value < prime(group) - 1:
        raise InvalidKey(f"the public value is not between 1 and the prime of group {group.value}, less one")
    return power(value, private, prime(group)).to_bytes(octets(group), "big")
