"""The ciphers, HMACs and groups against the vectors of the documents that define them."""

from __future__ import annotations

import pytest

from ipsecmig.crypto import BlockCipher, keyed_cbc, keyed_hmac
from ipsecmig.ike.crypto import groups
from ipsecmig.model.algorithms import DhGroup, Integrity

LONG_KEY = b"Test Using Larger Than Block-Size Key - Hash Key First"
LONG_KEY_AND_DATA = b"Test Using Larger Than Block-Size Key and Larger Than One Block-Size Data"
LONG_KEY_AND_MORE_DATA = (
    b"This is a test using a larger than block-size key and a larger than block-size data. The key needs to be hashed "
    b"before being used by the HMAC algorithm."
)
WANTING = (b"Jefe", b"what do ya want for nothing?")
COUNTING = (bytes(range(1, 26)), b"\xcd" * 50)


def rfc_2202(octets: int) -> list[tuple[bytes, bytes]]:
    """Return keys and data of the seven cases of sections 2 and 3, which differ in the length of some keys."""
    return [
        (b"\x0b" * octets, b"Hi There"),
        WANTING,
        (b"\xaa" * octets, b"\xdd" * 50),
        COUNTING,
        (b"\x0c" * octets, b"Test With Truncation"),
        (b"\xaa" * 80, LONG_KEY),
        (b"\xaa" * 80, LONG_KEY_AND_DATA),
    ]


RFC_4231 = [
    (b"\x0b" * 20, b"Hi There"),
    WANTING,
    (b"\xaa" * 20, b"\xdd" * 50),
    COUNTING,
    (b"\xaa" * 131, LONG_KEY),
    (b"\xaa" * 131, LONG_KEY_AND_MORE_DATA),
]
"""Keys and data of cases 1 to 4, 6 and 7; case 5 is of a truncated result."""


def rfc_4868(octets: int) -> list[tuple[bytes, bytes]]:
    """Return key and data of the first case of section 2.7.2, with a key as long as the hash."""
    return [(b"\x0b" * octets, b"Hi There")]


HMACS = [
    (
        Integrity.MD5,
        rfc_2202(16),
        """9294727a3638bb1c13f48ef8158bfc9d 750c783e6ab0b503eaa86e310a5db738 56be34521d144c88dbb8c733f0e8b3f6
        697eaf0aca3a3aea3a75164746ffaa79 56461ef2342edc00f9bab995690efd4c 6b1ab7fe4bd7bf8f0b62e6ce61b9d0cd
        6f630fad67cda0ee1fb1f562db3aa53e""",
    ),
    (
        Integrity.SHA1,
        rfc_2202(20),
        """b617318655057264e28bc0b6fb378c8ef146be00 effcdf6ae5eb2fa2d27416d5f184df9c259a7c79
        125d7342b9ac11cd91a39af48aa17b4f63f175d3 4c9007f4026250c6bc8414f9bf50c86c2d7235da
        4c1a03424b55e07fe7f27be1d58bb9324a9a5a04 aa4ae5e15272d00e95705637ce8a3b55ed402112
        e8e99d0f45237d786d6bbaa7965c7808bbff1a91""",
    ),
    (
        Integrity.SHA256,
        RFC_4231 + rfc_4868(32),
        """b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7
        5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843
        773ea91e36800e46854db8ebd09181a72959098b3ef8c122d9635514ced565fe
        82558a389a443c0ea4cc819899f2083a85f0faa3e578f8077a2e3ff46729665b
        60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54
        9b09ffa71b942fcb27635fbcd5b0e944bfdc63644f0713938a7f51535c3a35e2
        198a607eb44bfbc69903a0f1cf2bbdc5ba0aa3f3d9ae3c1c7a3b1696a0b68cf7""",
    ),
    (
        Integrity.SHA384,
        RFC_4231 + rfc_4868(48),
        """afd03944d84895626b0825f4ab46907f15f9dadbe4101ec682aa034c7cebc59cfaea9ea9076ede7f4af152e8b2fa9cb6
        af45d2e376484031617f78d2b58a6b1b9c7ef464f5a01b47e42ec3736322445e8e2240ca5e69e2c78b3239ecfab21649
        88062608d3e6ad8a0aa2ace014c8a86f0aa635d947ac9febe83ef4e55966144b2a5ab39dc13814b94e3ab6e101a34f27
        3e8a69b7783c25851933ab6290af6ca77a9981480850009cc5577c6e1f573b4e6801dd23c4a7d679ccf8a386c674cffb
        4ece084485813e9088d2c63a041bc5b44f9ef1012a2b588f3cd11f05033ac4c60c2ef6ab4030fe8296248df163f44952
        6617178e941f020d351e2f254e8fd32c602420feb0b8fb9adccebb82461e99c5a678cc31e799176d3860e6110c46523e
        b6a8d5636f5c6a7224f9977dcf7ee6c7fb6d0c48cbdee9737a959796489bddbc4c5df61d5b3297b4fb68dab9f1b582c2""",
    ),
    (
        Integrity.SHA512,
        RFC_4231 + rfc_4868(64),
        """87aa7cdea5ef619d4ff0b4241a1d6cb02379f4e2ce4ec2787ad0b30545e17cde
        daa833b7d6b8a702038b274eaea3f4e4be9d914eeb61f1702e696c203a126854
        164b7a7bfcf819e2e395fbe73b56e0a387bd64222e831fd610270cd7ea250554
        9758bf75c05a994a6d034f65f8f0e6fdcaeab1a34d4a6b4b636e070a38bce737
        fa73b0089d56a284efb0f0756c890be9b1b5dbdd8ee81a3655f83e33b2279d39
        bf3e848279a722c806b485a47e67c807b946a337bee8942674278859e13292fb
        b0ba465637458c6990e5a8c5f61d4af7e576d97ff94b872de76f8050361ee3db
        a91ca5c11aa25eb4d679275cc5788063a5f19741120c4f2de2adebeb10a298dd
        80b24263c7c1a3ebb71493c1dd7be8b49b46d1f41b4aeec1121b013783f8f352
        6b56d037e05f2598bd0fd2215d6a1e5295e64f73f63f0aec8b915a985d786598
        e37b6a775dc87dbaa4dfa9f96e5e3ffddebd71f8867289865df5a32d20cdc944
        b6022cac3c4982b10d5eeb55c3e4de15134676fb6de0446065c97440fa8c6a58
        637edc6e01dce7e6742a99451aae82df23da3e92439e590e43e761b33e910fb8
        ac2878ebd5803f6f0b61dbce5e251ff8789a4722c1be65aea45fd464e89f8f5b""",
    ),
]


@pytest.mark.parametrize(("integrity", "cases", "digests"), HMACS, ids=[row[0].value for row in HMACS])
def test_hmac_of_rfc_2202_4231_and_4868(integrity: Integrity, cases: list[tuple[bytes, bytes]], digests: str) -> None:
    macs = [(keyed_hmac(integrity, key), data) for key, data in cases]
    # Twice, since a function that was used must not remember it.
    for _ in range(2):
        assert b"".join(mac(data) for mac, data in macs) == bytes.fromhex(digests)


ZEROS = bytes(16).hex()
FOX = b"The qufck brown fox jump"
SP_800_67 = ("0123456789abcdef23456789abcdef01456789abcdef0123", "a826fd8ce53b855f cce21c8112256fe6 68d5c05dd9b6b900")
SP_800_38A = (
    "6bc1bee22e409f96e93d7e117393172aae2d8a571e03ac9c9eb76fac45af8e51"
    "30c81c46a35ce411e5fbc1191a0a52eff69f2445df4f9b17ad2b417be66c3710"
)
COUNTED_IV = bytes(range(16)).hex()
TEXT = b"Now is the time for all "

CBC = [
    # FIPS 81 appendix C, table C3; and the first block of table B1, ECB.
    (
        BlockCipher.DES,
        "0123456789abcdef",
        "1234567890abcdef",
        TEXT.hex(),
        "e5c7cdde872bf27c43e934008c389c0f683788499a7c05f6",
    ),
    (BlockCipher.DES, "0123456789abcdef", ZEROS[:16], TEXT[:8].hex(), "3fa40e8a984d4815"),
    # SP 800-17 appendix A, variable plaintext.
    (BlockCipher.DES, "01" * 8, ZEROS[:16], "8000000000000000", "95f8a5e5dd31d900"),
    (BlockCipher.DES, "01" * 8, ZEROS[:16], "4000000000000000", "dd7f121ca5015619"),
    # SP 800-20 appendix A, the same for TDEA.
    (BlockCipher.TRIPLE_DES, "01" * 24, ZEROS[:16], "2000000000000000", "2e8653104f3834ea"),
    # SP 800-38A sections F.2.1, F.2.3 and F.2.5.
    (
        BlockCipher.AES,
        "2b7e151628aed2a6abf7158809cf4f3c",
        COUNTED_IV,
        SP_800_38A,
        "7649abac8119b246cee98e9b12e9197d5086cb9b507219ee95db113a917678b2"
        "73bed6b8e3c1743b7116e69e222295163ff1caa1681fac09120eca307586e1a7",
    ),
    (
        BlockCipher.AES,
        "8e73b0f7da0e6452c810f32b809079e562f8ead2522c6b7b",
        COUNTED_IV,
        SP_800_38A,
        "4f021db243bc633d7178183a9fa071e8b4d9ada9ad7dedf4e5e738763f69145a"
        "571b242012fb7ae07fa9baac3df102e008b0e27988598881d920a9e64f5615cd",
    ),
    (
        BlockCipher.AES,
        "603deb1015ca71be2b73aef0857d77811f352c073b6108d72d9810a30914dff4",
        COUNTED_IV,
        SP_800_38A,
        "f58c4c04d6e5f1ba779eabfb5f7bfbd69cfc4e967edb808d679f777bc6702c7d"
        "39f23369a9d9bacfa530e26304231461b2eb05e2c39be9fcda6c19078c6a9d1b",
    ),
    # RFC 3602 section 4, cases 1 to 4.
    (
        BlockCipher.AES,
        "06a9214036b8a15b512e03d534120006",
        "3dafba429d9eb430b422da802c9fac41",
        b"Single block msg".hex(),
        "e353779c1079aeb82708942dbe77181a",
    ),
    (
        BlockCipher.AES,
        "c286696d887c9aa0611bbb3e2025a45a",
        "562e17996d093d28ddb3ba695a2e6f58",
        bytes(range(32)).hex(),
        "d296cd94c2cccf8a3a863028b5e1dc0a7586602d253cfff91b8266bea6d61ab1",
    ),
    (
        BlockCipher.AES,
        "6c3ea0477630ce21a2ce334aa746c2cd",
        "c782dc4c098c66cbd9cd27d825682c81",
        b"This is a 48-byte message (exactly 3 AES blocks)".hex(),
        "d0a02b3836451753d493665d33f0e8862dea54cdb293abc7506939276772f8d5021c19216bad525c8579695d83ba2684",
    ),
    (
        BlockCipher.AES,
        "56e47a38c5598974bc46903dba290349",
        "8ce82eefbea0da3c44699ed7db51b7d9",
        bytes(range(0xA0, 0xE0)).hex(),
        "c30e32ffedc0774e6aff6af0869f71aa0f3af07a9a31a9c684db207eb0ef8e4e"
        "35907aa632c3ffdf868bb7b29d3d46ad83ce9f9a102ee99d49a53e87f4c3da55",
    ),
    # RFC 3713 appendix A: one block under an IV of zeros is ECB.
    *(
        (BlockCipher.CAMELLIA, key, ZEROS, "0123456789abcdeffedcba9876543210", secret)
        for key, secret in (
            ("0123456789abcdeffedcba9876543210", "67673138549669730857065648eabe43"),
            ("0123456789abcdeffedcba98765432100011223344556677", "b4993401b3e996f84ee5cee7d79b09b9"),
            (
                "0123456789abcdeffedcba987654321000112233445566778899aabbccddeeff",
                "9acc237dff16d76c20ef7c919e3a7509",
            ),
        )
    ),
]  # fmt: skip


@pytest.mark.parametrize(("cipher", "key", "iv", "plain", "secret"), CBC)
def test_ciphers_in_cbc_mode(cipher: BlockCipher, key: str, iv: str, plain: str, secret: str) -> None:
    from_iv = keyed_cbc(cipher, bytes.fromhex(key))
    iv_, plain_, secret_ = map(bytes.fromhex, (iv, plain, secret))
    assert from_iv(iv_).encryptor().update(plain_) == secret_
    assert from_iv(iv_).decryptor().update(secret_) == plain_


def test_3des_of_sp_800_67() -> None:
    # Appendix B.1 is in ECB mode: every block starts anew from an IV of zeros.
    from_iv, secret = keyed_cbc(BlockCipher.TRIPLE_DES, bytes.fromhex(SP_800_67[0])), bytes.fromhex(SP_800_67[1])
    assert b"".join(from_iv(bytes(8)).encryptor().update(FOX[at : at + 8]) for at in (0, 8, 16)) == secret
    assert b"".join(from_iv(bytes(8)).decryptor().update(secret[at : at + 8]) for at in (0, 8, 16)) == FOX


# RFC 2409 sections 6.1 and 6.2.
OAKLEY = (
    "ffffffffffffffffc90fdaa22168c234c4c6628b80dc1cd129024e088a67cc74020bbea63b139b22514a08798e3404dd"
    "ef9519b3cd3a431b302b0a6df25f14374fe1356d6d51c245e485b576625e7ec6f44c42e9a63"
)
WRITTEN = {
    DhGroup.MODP768: OAKLEY + "a3620ffffffffffffffff",
    DhGroup.MODP1024: OAKLEY + "7ed6b0bff5cb6f406b7edee386bfb5a899fa5ae9f24117c4b1fe649286651ece65381ffffffffffffffff",
}


@pytest.mark.parametrize("group", WRITTEN)
def test_primes_as_rfc_2409_writes_them(group: DhGroup) -> None:
    assert groups.prime(group) == int(WRITTEN[group], 16)


# RFC 2409 sections 6.1 and 6.2, RFC 3526 sections 2 to 7.
SUMMANDS = {
    DhGroup.MODP768: (768, 149686),
    DhGroup.MODP1024: (1024, 129093),
    DhGroup.MODP1536: (1536, 741804),
    DhGroup.MODP2048: (2048, 124476),
    DhGroup.MODP3072: (3072, 1690314),
    DhGroup.MODP4096: (4096, 240904),
    DhGroup.MODP6144: (6144, 929484),
    DhGroup.MODP8192: (8192, 4743158),
}


def arctan_of_inverse(x: int, unit: int) -> int:
    terms = (unit // ((2 * k + 1) * x ** (2 * k + 1)) * (-1) ** k for k in range(unit.bit_length()))
    return sum(terms)


def floor_of_pi(bits: int) -> int:
    """Return floor(pi * 2^bits), by Euler's pi = 4 arctan(1/2) + 4 arctan(1/3)."""
    unit = 1 << (bits + 64)
    return 4 * (arctan_of_inverse(2, unit) + arctan_of_inverse(3, unit)) >> 64


@pytest.mark.parametrize("group", DhGroup)
def test_primes_are_those_of_the_formula(group: DhGroup) -> None:
    bits, summand = SUMMANDS[group]
    expected = 2**bits - 2 ** (bits - 64) - 1 + 2**64 * (floor_of_pi(bits - 130) + summand)
    assert groups.prime(group) == expected


@pytest.mark.parametrize("group", [group for group in DhGroup if SUMMANDS[group][0] <= 2048])
def test_primes_are_safe_and_the_generator_has_half_their_order(group: DhGroup) -> None:
    prime = groups.prime(group)
    half = prime // 2
    for base in (3, 5):
        assert pow(base, prime - 1, prime) == 1
        assert pow(base, half - 1, half) == 1
    assert pow(groups.GENERATOR, half, prime) == 1
