"""What main mode and aggressive mode share: what each end gives to the keys, and the keys that come of it."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from ipsecmig.ike import keymat
from ipsecmig.ike.crypto import groups
from ipsecmig.ike.crypto.ciphers import Cbc
from ipsecmig.ike.crypto.hashes import keyed_prf
from ipsecmig.ike.exchange import NONCE_OCTETS, Secured, Situation, nonce_of, only
from ipsecmig.ike.keymat import Phase1Inputs, Prf
from ipsecmig.ike.lifetimes import Lifetimes
from ipsecmig.ike.natt import NatTraversal
from ipsecmig.ike.phase1 import Phase1Choice, Phase1Suite
from ipsecmig.ike.wire.identification import Identification
from ipsecmig.ike.wire.message import Message
from ipsecmig.ike.wire.opaque import KeyExchange, Nonce


class Proving(NamedTuple):
    """Either end from when the keys are known until both have proved who they are.

    `with_skeyid` is the prf of HASH_I and HASH_R.
    """

    inputs: Phase1Inputs
    lifetimes: Lifetimes
    secured: Secured
    with_skeyid: Prf

    def followed_by(self, iv: bytes) -> Proving:
        """Return the same with the IV of the next message."""
        return Proving(self.inputs, self.lifetimes, self.secured.followed_by(iv), self.with_skeyid)


def own_values(situation: Situation, suite: Phase1Suite) -> tuple[int, bytes, bytes]:
    """Return private value, public value and nonce of this end."""
    private = groups.private_value(suite.group, situation.random.take(groups.EXPONENT_OCTETS[suite.group]))
    return private, groups.public_value(suite.group, private), situation.random.take(NONCE_OCTETS)


def public_values(message: Message) -> tuple[bytes, bytes]:
    """Return public value and nonce of the peer."""
    return only(message.payloads, KeyExchange).data, nonce_of(only(message.payloads, Nonce).data)


def derive(choice: Phase1Choice, inputs: Phase1Inputs, skeyid: bytes, g_xy: bytes, nat: NatTraversal | None) -> Proving:
    """Return the keys that follow from what was exchanged, and the IV of the first message under them."""
    suite = choice.suite
    with_skeyid = keyed_prf(suite.hash_, skeyid)
    keys = keymat.session_keys(skeyid, with_skeyid, g_xy, inputs.cookies)
    cbc = Cbc(suite.cipher, keymat.encryption_key(suite.hash_, keys.skeyid_e, suite.cipher.key_octets))
    iv = keymat.phase_1_iv(suite.hash_, inputs.g_xi, inputs.g_xr, suite.cipher.block_octets)
    with_skeyid_a = keyed_prf(suite.hash_, keys.skeyid_a)
    secured = Secured(inputs.cookies, suite, keys, with_skeyid_a, cbc, iv, nat)
    return Proving(inputs, choice.lifetimes, secured, with_skeyid)


HashOf = Callable[[Prf, Phase1Inputs, bytes], bytes]
"""HASH_I or HASH_R."""


def hash_over(known: Proving, hash_of: HashOf, who: Identification) -> bytes:
    """Return HASH_I or HASH_R of the end with that identity."""
    return hash_of(known.with_skeyid, known.inputs, who.encode())
