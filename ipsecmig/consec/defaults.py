"""What Windows uses where a rule names no set, or where a store does not define the default one.

Source: [MS-GPFAS] 2.2 and [MS-FASP] 2.2 (the identifiers), "Suite B cryptographic algorithms" (the
offers). That session keys live for 60 minutes or 100,000 kilobytes is not confirmed by a document at hand.
"""

from __future__ import annotations

from typing import Final

from ipsecmig.consec.objects import (
    AuthenticationSet,
    AuthenticationSuite,
    MainModeCryptoSet,
    MainModeSuite,
    QuickModeCryptoSet,
    QuickModeSuite,
)
from ipsecmig.consec.vocabulary import Cipher, Encapsulation, Hash, KeyExchange, Method

DEFAULT_MAIN_MODE: Final = "{E5A5D32A-4BCE-4e4d-B07F-4AB1BA7E5FE1}"
DEFAULT_QUICK_MODE: Final = "{E5A5D32A-4BCE-4e4d-B07F-4AB1BA7E5FE2}"
DEFAULT_AUTHENTICATION_1: Final = "{E5A5D32A-4BCE-4e4d-B07F-4AB1BA7E5FE3}"
DEFAULT_AUTHENTICATION_2: Final = "{E5A5D32A-4BCE-4e4d-B07F-4AB1BA7E5FE4}"
DEFAULT_SETS: Final = frozenset(
    id_.lower() for id_ in (DEFAULT_MAIN_MODE, DEFAULT_QUICK_MODE, DEFAULT_AUTHENTICATION_1, DEFAULT_AUTHENTICATION_2)
)
"""The identifiers of all default sets, in lower case."""

AUTHENTICATION_1: Final = AuthenticationSet(
    DEFAULT_AUTHENTICATION_1, 1, (AuthenticationSuite(Method.MACHINE_KERBEROS),)
)
AUTHENTICATION_2: Final = AuthenticationSet(DEFAULT_AUTHENTICATION_2, 2)
MAIN_MODE: Final = MainModeCryptoSet(
    DEFAULT_MAIN_MODE,
    (
        MainModeSuite(KeyExchange.DH2, Cipher.AES128, Hash.SHA1),
        MainModeSuite(KeyExchange.DH2, Cipher.TRIPLE_DES, Hash.SHA1),
    ),
)
QUICK_MODE: Final = QuickModeCryptoSet(
    DEFAULT_QUICK_MODE,
    (
        QuickModeSuite(Encapsulation.ESP, Cipher.NONE, esp_hash=Hash.SHA1),
        QuickModeSuite(Encapsulation.ESP, Cipher.AES128, esp_hash=Hash.SHA1),
        QuickModeSuite(Encapsulation.ESP, Cipher.TRIPLE_DES, esp_hash=Hash.SHA1),
        QuickModeSuite(Encapsulation.AH, ah_hash=Hash.SHA1),
    ),
)
