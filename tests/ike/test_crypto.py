"""The primitives against published vectors, and against each other."""

from __future__ import annotations

import ast
import hashlib
import hmac
import sys
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import ipsecmig.ike
from ipsecmig import crypto
from ipsecmig.errors import UsageError
from ipsecmig.ike import keymat
from ipsecmig.ike.crypto import ciphers, groups, hashes, modular
from ipsecmig.ike.crypto.ciphers import CIPHERS, BlockCipher, Cbc
from ipsecmig.ike.errors import InvalidKey
from ipsecmig.model.algorithms import ENCRYPTION, DhGroup, Integrity


# RFC 2202 sections 2 and 3, RFC 4231 sections 4.2 and 4.3.
@pytest.mark.parametrize(
    ("algorithm", "key", "data", "expected"),
    [
        (Integrity.MD5, b"\x0b" * 16, b"Hi There", "9294727a3638bb1c13f48ef8158bfc9d"),
        (Integrity.MD5, b"Jefe", b"what do ya want for nothing?", "750c783e6ab0b503eaa86e310a5db738"),
        (Integrity.SHA1, b"\x0b" * 20, b"Hi There", "b617318655057264e28bc0b6fb378c8ef146be00"),
        (Integrity.SHA1, b"Jefe", b"what do ya want for nothing?", "effcdf6ae5eb2fa2d27416d5f184df9c259a7c79"),
        (
            Integrity.SHA256,
            b"Jefe",
            b"what do ya want for nothing?",
            "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843",
        ),
    ],
)
def test_prf(algorithm: Integrity, key: bytes, data: bytes, expected: str) -> None:
    assert hashes.prf(algorithm, key, data[:5], data[5:]) == bytes.fromhex(expected)


@given(st.sampled_from(Integrity), st.binary(max_size=200), st.binary(max_size=300))
def test_hmac_is_that_of_the_standard_library(algorithm: Integrity, key: bytes, message: bytes) -> None:
    expected = hmac.digest(key, message, algorithm.value)
    assert crypto.hmac_of(algorithm, key, message) == expected
    assert crypto.keyed_hmac(algorithm, key)(message) == expected


def test_skeyid_of_the_nist_vector_for_preshared_keys() -> None:
    # ACVP, "kas-ikev1" sample of authentication by preshared key; the source prints the first four octets.
    key, ni_b, nr_b = (bytes.fromhex(text) for text in ("75", "b9a2d0e922dc66dd", "2130166863b5ddef"))
    skeyid = keymat.skeyid_for_preshared_key(Integrity.SHA1, key, ni_b, nr_b)
    assert skeyid[:4] == bytes.fromhex("62b04d11")


def test_hashes_of_phase_1_by_number() -> None:
    known = {number: hashes.by_oakley(number) for number in range(10)}
    assert {number: found.value for number, found in known.items() if found} == {
        1: "md5",
        2: "sha1",
        4: "sha256",
        5: "sha384",
        6: "sha512",
    }


@pytest.mark.parametrize("algorithm", Integrity)
def test_digests_are_of_the_concatenated_parts(algorithm: Integrity) -> None:
    assert hashes.digest(algorithm, b"ab", b"", b"c") == hashlib.new(algorithm.value, b"abc").digest()
    assert hashes.equal(b"ab", b"ab")
    assert not hashes.equal(b"ab", b"ac")


def cipher_named(name: str) -> BlockCipher:
    return next(cipher for cipher in CIPHERS if cipher.name == name)


ZERO_IV = bytes(8)


@pytest.mark.parametrize(
    ("name", "key", "iv", "plaintext", "ciphertext"),
    [
        # FIPS 81 appendix B; one block under an IV of zeros is ECB.
        ("des", "0123456789abcdef", "00" * 8, b"Now is t".hex(), "3fa40e8a984d4815"),
        # RFC 3602 section 4, cases 1 and 2.
        (
            "aes128",
            "06a9214036b8a15b512e03d534120006",
            "3dafba429d9eb430b422da802c9fac41",
            b"Single block msg".hex(),
            "e353779c1079aeb82708942dbe77181a",
        ),
        (
            "aes128",
            "c286696d887c9aa0611bbb3e2025a45a",
            "562e17996d093d28ddb3ba695a2e6f58",
            bytes(range(32)).hex(),
            "d296cd94c2cccf8a3a863028b5e1dc0a7586602d253cfff91b8266bea6d61ab1",
        ),
        # RFC 3713 appendix A.
        (
            "camellia128",
            "0123456789abcdeffedcba9876543210",
            "00" * 16,
            "0123456789abcdeffedcba9876543210",
            "67673138549669730857065648eabe43",
        ),
    ],
)
def test_ciphers(name: str, key: str, iv: str, plaintext: str, ciphertext: str) -> None:
    cbc = Cbc(cipher_named(name), bytes.fromhex(key))
    assert cbc.encrypt(bytes.fromhex(iv), bytes.fromhex(plaintext)).hex() == ciphertext
    assert cbc.decrypt(bytes.fromhex(iv), bytes.fromhex(ciphertext)).hex() == plaintext


def test_triple_des_is_des_three_times() -> None:
    keys = [bytes.fromhex(text) for text in ("0123456789abcdef", "23456789abcdef01", "456789abcdef0123")]
    one, two, three = (Cbc(cipher_named("des"), key) for key in keys)
    thrice = Cbc(cipher_named("3des"), b"".join(keys))
    block = b"The qufc"
    step = three.encrypt(ZERO_IV, two.decrypt(ZERO_IV, one.encrypt(ZERO_IV, block)))
    assert thrice.encrypt(ZERO_IV, block) == step


@pytest.mark.parametrize("cipher", CIPHERS, ids=lambda cipher: cipher.name)
def test_what_is_encrypted_decrypts(cipher: BlockCipher) -> None:
    cbc, iv = Cbc(cipher, bytes(range(1, cipher.key_octets + 1))), bytes(cipher.block_octets)
    plaintext = bytes(range(4 * cipher.block_octets))
    assert cbc.decrypt(iv, cbc.encrypt(iv, plaintext)) == plaintext
    with pytest.raises(ValueError):
        cbc.encrypt(iv, plaintext[1:])
    with pytest.raises(ValueError):
        Cbc(cipher, bytes(cipher.key_octets + 1))


@given(
    st.sampled_from(CIPHERS),
    st.lists(st.tuples(st.booleans(), st.binary(min_size=16, max_size=16), st.integers(0, 3)), max_size=8),
)
def test_a_message_does_not_depend_on_those_before(
    cipher: BlockCipher, messages: list[tuple[bool, bytes, int]]
) -> None:
    key, block = bytes(range(1, cipher.key_octets + 1)), cipher.block_octets
    lived = Cbc(cipher, key)
    for encrypts, octets, blocks in messages:
        iv, data = octets[:block], (octets * blocks)[: blocks * block]
        fresh = Cbc(cipher, key)
        if encrypts:
            assert lived.encrypt(iv, data) == fresh.encrypt(iv, data)
        else:
            assert lived.decrypt(iv, data) == fresh.decrypt(iv, data)


@pytest.mark.parametrize("octets", [0, 7, 9, 16])
def test_an_iv_is_one_block(octets: int) -> None:
    cbc = Cbc(cipher_named("3des"), bytes(range(1, 25)))
    for apply in (cbc.encrypt, cbc.decrypt):
        with pytest.raises(ValueError):
            apply(bytes(octets), bytes(8))


def test_every_cipher_of_the_table_that_phase_1_knows_is_here() -> None:
    named = {row.strongswan for row in ENCRYPTION.values() if row.oakley is not None}
    assert named <= {cipher.name for cipher in CIPHERS}


@pytest.mark.parametrize(
    ("number", "key_length", "name"),
    [(1, None, "des"), (5, None, "3des"), (7, 192, "aes192"), (8, 256, "camellia256"), (7, None, None), (5, 192, None)],
)
def test_ciphers_by_their_attributes(number: int, key_length: int | None, name: str | None) -> None:
    found = ciphers.by_oakley(number, key_length)
    assert (found.name if found else None) == name


# The fixed points of DES: under a weak key encrypting twice gives the plaintext, and semi-weak keys come in pairs.
WEAK = [crypto._WEAK_DES_KEYS[at : at + 8] for at in range(0, 128, 8)]


def test_the_weak_keys_are_weak() -> None:
    from cryptography.hazmat.decrepit.ciphers.algorithms import TripleDES
    from cryptography.hazmat.primitives.ciphers import Cipher, modes

    def ecb(key: bytes, block: bytes) -> bytes:
        return Cipher(TripleDES(key * 3), modes.ECB()).encryptor().update(block)

    assert len(set(WEAK)) == 16
    assert all(any(ecb(other, ecb(key, b"any text")) == b"any text" for other in WEAK) for key in WEAK)
    assert sum(ecb(key, ecb(key, b"any text")) == b"any text" for key in WEAK) == 4


@pytest.mark.parametrize("key", WEAK, ids=lambda key: key.hex())
def test_weak_keys_are_refused_whatever_their_parity(key: bytes) -> None:
    for variant in (key, bytes(octet ^ 1 for octet in key)):
        with pytest.raises(InvalidKey) as caught:
            Cbc(cipher_named("des"), variant)
        assert variant.hex() not in str(caught.value)


@pytest.mark.parametrize("key", [b"A" * 8 + b"B" * 16, b"B" * 16 + b"A" * 8, b"A" * 8 + b"@" * 8 + b"B" * 8])
def test_a_3des_key_that_is_mere_des_is_refused(key: bytes) -> None:
    with pytest.raises(InvalidKey):
        Cbc(cipher_named("3des"), key)


def test_without_cryptography_the_message_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "cryptography.hazmat.decrepit.ciphers.algorithms", None)
    crypto._cbc_of.cache_clear()
    with pytest.raises(UsageError, match=r"ipsecmig\[engine\]"):
        Cbc(cipher_named("aes128"), bytes(16))


@pytest.mark.parametrize("group", [DhGroup.MODP768, DhGroup.MODP1024, DhGroup.MODP2048])
@given(one=st.binary(min_size=40, max_size=40), other=st.binary(min_size=40, max_size=40))
@settings(max_examples=5)
def test_both_ends_get_the_same_secret(group: DhGroup, one: bytes, other: bytes) -> None:
    size = groups.EXPONENT_OCTETS[group]
    x, y = groups.private_value(group, one[:size]), groups.private_value(group, other[:size])
    secret = groups.shared_secret(group, x, groups.public_value(group, y))
    assert secret == groups.shared_secret(group, y, groups.public_value(group, x))
    assert len(secret) == groups.octets(group)


PRIME = groups.prime(DhGroup.MODP768)


@pytest.mark.parametrize("value", [0, 1, PRIME - 1, PRIME, PRIME + 5])
def test_public_values_that_give_the_secret_away_are_refused(value: int) -> None:
    with pytest.raises(InvalidKey):
        groups.shared_secret(DhGroup.MODP768, 12345, value.to_bytes(96, "big"))


@pytest.mark.parametrize("size", [95, 97, 0])
def test_a_public_value_of_another_length_is_refused(size: int) -> None:
    with pytest.raises(InvalidKey, match="96 octets"):
        groups.shared_secret(DhGroup.MODP768, 12345, b"\x02" * size)


@pytest.mark.parametrize("group", DhGroup)
def test_private_values_are_long_whatever_the_random_octets(group: DhGroup) -> None:
    size = groups.EXPONENT_OCTETS[group]
    assert groups.private_value(group, bytes(size)).bit_length() == 8 * size
    with pytest.raises(ValueError):
        groups.private_value(group, bytes(size - 1))


@given(st.integers(2, 2**768 - 1), st.integers(1, 2**256))
@settings(max_examples=10)
def test_the_fast_power_is_the_slow_power(base: int, exponent: int) -> None:
    assert modular.power(base, exponent, PRIME) == pow(base, exponent, PRIME)


def test_powers_are_computed_without_gmpy2_too(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "gmpy2", None)
    modular._implementation.cache_clear()
    try:
        assert modular._implementation() is pow
        assert modular.power(2, 10, 1001) == 23
    finally:
        modular._implementation.cache_clear()


def test_keys_never_show() -> None:
    with_skeyid = hashes.keyed_prf(Integrity.SHA1, b"skeyid")
    keys = keymat.session_keys(b"skeyid", with_skeyid, b"secret", keymat.Cookies(b"i", b"r"))
    assert repr(keys) == "SessionKeys()"
    assert "secret" not in repr(keymat.Phase2Inputs(b"n", b"n", b"secret"))


@pytest.mark.parametrize("algorithm", Integrity)
@given(short=st.integers(1, 200), long=st.integers(1, 200))
@settings(max_examples=20)
def test_a_longer_key_begins_with_the_shorter(algorithm: Integrity, short: int, long: int) -> None:
    short, long = sorted((short, long))
    inputs = keymat.Phase2Inputs(b"ni", b"nr")
    one, other = (
        keymat.keymat(hashes.keyed_prf(algorithm, b"d"), inputs, 3, b"spi!", octets) for octets in (short, long)
    )
    assert (len(one), len(other)) == (short, long)
    assert other.startswith(one)


def test_an_encryption_key_is_expanded_only_when_too_short() -> None:
    skeyid_e = bytes(range(20))
    assert keymat.encryption_key(Integrity.SHA1, skeyid_e, 20) == skeyid_e
    first = hashes.prf(Integrity.SHA1, skeyid_e, b"\0")
    assert (
        keymat.encryption_key(Integrity.SHA1, skeyid_e, 24) == first + hashes.prf(Integrity.SHA1, skeyid_e, first)[:4]
    )


FORBIDDEN = {
    "asyncio",
    "datetime",
    "os",
    "random",
    "secrets",
    "select",
    "selectors",
    "socket",
    "ssl",
    "threading",
    "time",
}


def test_the_engine_imports_no_socket_clock_or_randomness() -> None:
    modules = sorted(Path(ipsecmig.ike.__path__[0]).rglob("*.py"))
    assert len(modules) > 20
    for path in modules:
        for node in ast.walk(ast.parse(path.read_text())):
            names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            if isinstance(node, ast.ImportFrom):
                names = [node.module or ""]
            assert not {name.partition(".")[0] for name in names} & FORBIDDEN, path
