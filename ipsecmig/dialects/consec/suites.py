"""Security methods as netsh writes them, in commands and in what it shows.

Quick mode: a comma list of `ah:HASH`, `esp:HASH-CIPHER`, both joined by `+`, or `authnoencap:HASH`, each with an
optional `+Nmin` and `+Nkb`. Main mode: a comma list of `GROUP:CIPHER-HASH`, shown as `GROUP-CIPHER-HASH`. Either can be
`default`. Source: the help of `netsh advfirewall consec add rule` and `netsh advfirewall set global mainmode`.
"""

from __future__ import annotations

import re
from typing import Final

from ipsecmig.consec.defaults import MAIN_MODE, QUICK_MODE
from ipsecmig.consec.objects import MainModeSuite, QuickModeSuite
from ipsecmig.consec.vocabulary import (
    CIPHERS,
    GCM_HASHES,
    HASHES,
    KEY_EXCHANGES,
    Cipher,
    Encapsulation,
    Hash,
    M,
    Words,
)

DEFAULT: Final = "default"
BUILT_IN_QUICK_MODE: Final = QUICK_MODE.suites
BUILT_IN_MAIN_MODE: Final = MAIN_MODE.suites

_QUICK_MODE: Final = re.compile(
    r"(?:authnoencap:(?P<bare>\w+)|(?:ah:(?P<ah>\w+))?(?:(?(ah)\+)esp:(?P<integrity>\w+)-(?P<cipher>\w+))?)"
    r"(?:\+(?P<minutes>\d{1,9})min)?(?:\+(?P<kilobytes>\d{1,10})kb)?",
    re.IGNORECASE,
)
_MAIN_MODE: Final = re.compile(r"(\w+)[:-](\w+)-(\w+)")
_LIFETIME: Final = re.compile(r"(\d{1,9})[ \t]*(min|sess)", re.IGNORECASE)


def quick_mode_suites(text: str) -> tuple[QuickModeSuite, ...]:
    """Return the offers of a list. Raises ValueError for what is none."""
    if text.strip().lower() == DEFAULT:
        return BUILT_IN_QUICK_MODE
    return tuple(_quick_mode_suite(each.strip()) for each in text.split(","))


def _quick_mode_suite(text: str) -> QuickModeSuite:
    match = _QUICK_MODE.fullmatch(text)
    if match is None or not (match["bare"] or match["ah"] or match["cipher"]):
        raise ValueError(f"not a method of quick mode: {text}")
    minutes, kilobytes = int(match["minutes"] or 60), int(match["kilobytes"] or 100_000)
    if match["bare"]:
        return QuickModeSuite(Encapsulation.NONE, Cipher.NONE, None, _hash(match["bare"]), minutes, kilobytes)
    ah = None if match["ah"] is None else _hash(match["ah"])
    if match["cipher"] is None:
        return QuickModeSuite(Encapsulation.AH, Cipher.NONE, ah, None, minutes, kilobytes)
    kind = Encapsulation.ESP if ah is None else Encapsulation.AH_AND_ESP
    cipher = _word(CIPHERS, match["cipher"])
    return QuickModeSuite(kind, cipher, ah, _hash(match["integrity"]), minutes, kilobytes)


def _hash(text: str) -> Hash | None:
    if text.lower() == "none":
        return None
    return GCM_HASHES.by_netsh.get(text.lower()) or _word(HASHES, text)


def _word(words: Words[M], text: str) -> M:
    found = words.by_netsh.get(text.lower())
    if found is None:
        raise ValueError(f"no such algorithm: {text}")
    return found


def main_mode_suites(text: str) -> tuple[MainModeSuite, ...]:
    """Return the offers of a list. Raises ValueError for what is none."""
    if text.strip().lower() == DEFAULT:
        return BUILT_IN_MAIN_MODE
    return tuple(_main_mode_suite(each.strip()) for each in text.split(","))


def _main_mode_suite(text: str) -> MainModeSuite:
    match = _MAIN_MODE.fullmatch(text)
    if match is None:
        raise ValueError(f"not a method of main mode: {text}")
    return MainModeSuite(_word(KEY_EXCHANGES, match[1]), _word(CIPHERS, match[2]), _word(HASHES, match[3]))


def main_mode_lifetime(text: str) -> tuple[int, int]:
    """Return the minutes and the sessions of `480min,0sess`, in either order. Raises ValueError for anything else."""
    found = {"min": 480, "sess": 0}
    for part in text.split(","):
        match = _LIFETIME.fullmatch(part.strip())
        if match is None:
            raise ValueError(f"not a lifetime of main mode: {text}")
        found[match[2].lower()] = int(match[1])
    return found["min"], found["sess"]
