"""Encryption of messages: padding, the chain of IVs, and what does not open."""

from __future__ import annotations

import pytest
import strategies.isakmp as some
from hypothesis import given
from hypothesis import strategies as st

from ipsecmig.ike.crypto.ciphers import CIPHERS, BlockCipher, Cbc
from ipsecmig.ike.errors import Malformed
from ipsecmig.ike.protection import MAX_PADDING, seal, seal_octets, unseal
from ipsecmig.ike.wire.generic import Payload
from ipsecmig.ike.wire.message import Header, SealedMessage, decode_message, encode_message
from ipsecmig.ike.wire.numbers import Flag, PayloadNumber
from ipsecmig.ike.wire.opaque import Hash, Nonce

HEADER = Header(b"initiatr", b"respondr", 32, 0, 7)
AES = next(cipher for cipher in CIPHERS if cipher.name == "aes128")
CBC = Cbc(AES, b"k" * 16)
IV = b"i" * 16


@given(st.lists(some.payloads, min_size=1, max_size=4).map(tuple), st.sampled_from(CIPHERS))
def test_what_is_sealed_opens(payloads: tuple[Payload, ...], cipher: BlockCipher) -> None:
    cbc, iv = Cbc(cipher, bytes(range(1, cipher.key_octets + 1))), bytes(cipher.block_octets)
    sealed, next_iv = seal(HEADER, payloads, cbc, iv)
    received = decode_message(encode_message(sealed))
    assert received == sealed
    opened = unseal(sealed, cbc, iv)
    assert opened.payloads == payloads
    assert opened.next_iv == next_iv == sealed.ciphertext[-cipher.block_octets :]
    assert opened.padding == bytes(len(opened.padding))
    assert len(opened.padding) < cipher.block_octets


@pytest.mark.parametrize(("body", "ciphertext"), [(11, 16), (12, 16), (13, 32), (28, 32)])
def test_padding_fills_the_last_block_and_adds_none(body: int, ciphertext: int) -> None:
    sealed, _ = seal(HEADER, (Nonce(bytes(body)),), CBC, IV)
    assert len(sealed.ciphertext) == ciphertext
    assert sealed.header.flags == Flag.ENCRYPTED


def test_messages_chain_through_their_ivs() -> None:
    first, iv = seal(HEADER, (Hash(b"one"),), CBC, IV)
    second, _ = seal(HEADER, (Hash(b"one"),), CBC, iv)
    assert first.ciphertext != second.ciphertext
    assert unseal(second, CBC, unseal(first, CBC, IV).next_iv).payloads == (Hash(b"one"),)


@pytest.mark.parametrize("size", [0, 15, 17])
def test_anything_but_whole_blocks_is_malformed(size: int) -> None:
    with pytest.raises(Malformed) as caught:
        unseal(SealedMessage(HEADER, 8, bytes(size)), CBC, IV)
    assert caught.value.offset == 28


@pytest.mark.parametrize(("padding", "accepted"), [(MAX_PADDING - 7, True), (MAX_PADDING + 9, False)])
def test_padding_of_any_content_is_tolerated_up_to_a_limit(padding: int, accepted: bool) -> None:
    chain = bytes.fromhex("00000008 01020304")
    sealed, _ = seal_octets(HEADER, PayloadNumber.HASH, chain + b"\xa5" * padding, CBC, IV)
    if accepted:
        assert unseal(sealed, CBC, IV).padding == b"\xa5" * padding
    else:
        with pytest.raises(Malformed, match="padding"):
            unseal(sealed, CBC, IV)


@given(st.binary(min_size=16, max_size=96), st.integers(1, 255))
def test_what_was_sealed_with_another_key_opens_to_nothing_or_is_malformed(noise: bytes, first: int) -> None:
    sealed = SealedMessage(HEADER, first, noise[: len(noise) // 16 * 16])
    try:
        opened = unseal(sealed, CBC, IV)
    except Malformed:
        return
    assert len(opened.padding) <= MAX_PADDING


def test_a_message_without_payloads_cannot_be_sealed() -> None:
    with pytest.raises(ValueError):
        seal(HEADER, (), CBC, IV)
