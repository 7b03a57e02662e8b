"""The values of mmsecmethods, qmsecmethods and rootca."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Final, NoReturn

from ipsecmig.dialects.netsh_static import messages, syntax
from ipsecmig.dialects.netsh_static.slots import RefusedError, Slot, number, subtrees, tokens
from ipsecmig.dialects.netsh_static.syntax import Unparsed
from ipsecmig.dialects.notes import Note
from ipsecmig.model.algorithms import ENCRYPTION, GROUPS, INTEGRITY, Encryption, Integrity
from ipsecmig.model.policy import AhTransform, Certificate, EspTransform, MainModeOffer, QuickModeOffer, Transform

if TYPE_CHECKING:
    from lark import Token, Tree

CIPHERS: Final = {row.netsh.lower(): row.encryption for row in ENCRYPTION.values() if row.netsh is not None}
_HASHES: Final = {row.netsh.lower(): row.integrity for row in INTEGRITY.values() if row.netsh is not None}
DH_GROUPS: Final = {row.netsh: row.group for row in GROUPS.values() if row.netsh is not None}

_MODERN = re.compile(
    r"AES|SHA-?(?:2|256|384|512)|ECDH|DH-?GROUP|GCM|GMAC|CHACHA|-(?:4|5|14|15|16|19|20|24)\b", re.IGNORECASE
)
_LARGEST: Final = 0xFFFFFFFF
SECONDS: Final = range(300, 172_800 + 1)
KILOBYTES: Final = range(20_480, 2_147_483_647 + 1)
_MM_FORM: Final = 'CIPHER-HASH-GROUP ..., for example "3DES-SHA1-2 3DES-MD5-2"'
_QM_FORM: Final = (
    'AH[HASH] or ESP[CIPHER,HASH], joined by + and with :KILOBYTESk/SECONDSs, for example "ESP[3DES,SHA1]"'
)


def read_mm_methods(text: str, slot: Slot) -> tuple[MainModeOffer, ...]:
    """Read the offers of main mode, `mm_methods`."""
    del slot
    tree = syntax.parse("mm_methods", text.strip())
    if isinstance(tree, Unparsed):
        _refuse(text, tree, _MM_FORM)
    return tuple(_main_mode_offer(*tokens(method)) for method in subtrees(tree))


def _main_mode_offer(cipher: Token, hash_: Token, group: Token) -> MainModeOffer:
    return MainModeOffer(CIPHERS[cipher.lower()], _HASHES[hash_.lower()], DH_GROUPS[str(group)])


def read_qm_methods(text: str, slot: Slot) -> tuple[QuickModeOffer, ...]:
    """Read the offers of quick mode, `qm_methods`."""
    tree = syntax.parse("qm_methods", text.strip())
    if isinstance(tree, Unparsed):
        _refuse(text, tree, _QM_FORM)
    return tuple(_quick_mode_offer(offer, slot) for offer in subtrees(tree))


def _quick_mode_offer(tree: Tree[Token], slot: Slot) -> QuickModeOffer:
    parts = {part.data: part for part in subtrees(tree)}
    named = (part for part in subtrees(tree) if part.data in ("ah", "esp"))
    transforms = tuple(transform(part, _HASHES, "ESP[None,SHA1] or ESP[None,MD5]") for part in named)
    if len({type(transform) for transform in transforms}) < len(transforms):
        raise RefusedError(messages.SAME_TWICE, _QM_FORM)
    seconds = _lifetime(parts.get("seconds"), SECONDS, slot)
    return QuickModeOffer(transforms, seconds, _lifetime(parts.get("kilobytes"), KILOBYTES, slot))


def transform(tree: Tree[Token], hashes: Mapping[str, Integrity], expected: str) -> Transform:
    """Return the transform that an `ah` or `esp` names; `hashes` by their names in lower case. Raises RefusedError."""
    names = [token.lower() for token in tokens(tree)]
    if tree.data == "ah":
        return AhTransform(hashes[names[0]])
    cipher, hash_ = CIPHERS[names[0]], hashes.get(names[1])
    if cipher is Encryption.NULL and hash_ is None:
        raise RefusedError(messages.NO_PROTECTION, expected)
    return EspTransform(cipher, hash_)


def _lifetime(tree: Tree[Token] | None, usual: range, slot: Slot) -> int:
    return 0 if tree is None else lifetime(next(tokens(tree)), usual, messages.BAD_METHODS, slot)


def lifetime(text: str, usual: range, note: Note, slot: Slot) -> int:
    """Return a lifetime, of which 0 means Windows' default. Raises RefusedError with `note` for what is no number."""
    amount = number(text, _LARGEST, note)
    if amount and amount not in usual:
        slot.remark(messages.LIFETIME_LIMITS)
    return amount


def _refuse(text: str, place: Unparsed, expected: str) -> NoReturn:
    modern = _MODERN.search(text)
    if modern is not None:
        raise RefusedError(messages.MODERN_METHODS, expected, start=modern.start(), end=modern.end())
    raise RefusedError(messages.BAD_METHODS, expected, start=min(place.offset, max(len(text) - 1, 0)))


def read_authority(text: str, slot: Slot) -> Certificate:
    r"""Read an `authority`: a root's X.500 name, in which \' is a quotation mark, and how its certificates are used."""
    del slot
    tree = syntax.parse("authority", text.strip())
    if isinstance(tree, Unparsed):
        raise RefusedError(messages.BAD_AUTHORITY, "NAME certmap:(yes|no) excludecaname:(yes|no)", start=tree.offset)
    flags = {part.data: _flag(next(tokens(part))) for part in subtrees(tree)}
    name = next(tokens(tree)).replace("\\'", '"')
    return Certificate(name, flags.get("certmap", False), flags.get("excludecaname", False))


def _flag(token: Token) -> bool:
    found = syntax.complete(token, syntax.listed_words("yes_no"))
    if len(found) != 1:
        raise RefusedError(messages.BAD_AUTHORITY, "yes or no", start=token.start_pos or 0, end=token.end_pos)
    return found[0] == "yes"
