"""From the text behind an option of ipsecpol or ipseccmd to what it means.

What rests on documentation that nobody has compared with the tools is remarked upon. Source: Microsoft's command-line
reference of ipseccmd; KB813878.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import replace
from enum import Enum
from typing import TYPE_CHECKING, Final, NamedTuple, NoReturn

from ipsecmig.diagnostics import Origin
from ipsecmig.dialects.ipseccmd import messages, syntax
from ipsecmig.dialects.ipseccmd.syntax import Word
from ipsecmig.dialects.netsh_static import addresses, methods
from ipsecmig.dialects.netsh_static import messages as netsh
from ipsecmig.dialects.netsh_static.addresses import Location, Mask
from ipsecmig.dialects.netsh_static.filters import under_mask
from ipsecmig.dialects.netsh_static.slots import RefusedError, Slot, number, subtrees, tokens
from ipsecmig.dialects.netsh_static.syntax import Unparsed
from ipsecmig.model.algorithms import DhGroup, Integrity
from ipsecmig.model.policy import (
    Action,
    AuthenticationMethod,
    Certificate,
    Filter,
    Kerberos,
    MainModeOffer,
    PresharedKey,
    QuickModeOffer,
    Secret,
)
from ipsecmig.model.selectors import (
    ANY,
    ANY_PORT,
    ANY_PROTOCOL,
    ICMP,
    ME,
    PORT_PROTOCOLS,
    RAW,
    TCP,
    UDP,
    Address,
    AddressRange,
    Family,
    PortRange,
    format_protocol,
)

if TYPE_CHECKING:
    from lark import Token, Tree

_FILTER_FORM: Final = "SOURCE/MASK:PORT=DESTINATION/MASK:PORT:PROTOCOL, with + for = to filter both ways"
_OFFER_FORM: Final = "PASS, BLOCK, INPASS or ESP[3DES,SHA]100000k/3600s P, AH[MD5], AH[SHA]+ESP[DES,NONE]"
_SLIP = re.compile(r"(?:\*0|0\*)([=+])")
_LOOSE_COLON = re.compile(r":[ \t]")
_PROTOCOLS: Final = {"tcp": TCP, "udp": UDP, "icmp": ICMP, "raw": RAW}
_HASHES: Final = {"sha": Integrity.SHA1, "md5": Integrity.MD5}
_LARGEST: Final = 0xFFFFFFFF


class Kind(Enum):
    """What an item of a filter list stands for: a filter of its own action, or one in brackets or parentheses."""

    FILTER = "filter"
    BLOCK = "block"
    PERMIT = "permit"
    DEFAULT = "default"


class Item(NamedTuple):
    """One item of a filter list; the default response rule, `Kind.DEFAULT`, has no filter."""

    kind: Kind
    filter: Filter | None
    start: int
    end: int

    def placed(self, origin: Origin) -> Item:
        """Return the item with the place of its filter."""
        return self if self.filter is None else self._replace(filter=replace(self.filter, origin=origin))


class Negotiation(NamedTuple):
    """What -n says. Offers have a lifetime of 0 where none is given."""

    action: Action
    inbound_passthrough: bool = False
    offers: tuple[QuickModeOffer, ...] = ()
    pfs: bool = False
    pfs_group: DhGroup | None = None
    pfs_differs: bool = False


class Rekey(NamedTuple):
    """What -1k says; None where it does not say it."""

    quick_modes: int | None
    seconds: int | None


def read_filters(text: str, slot: Slot) -> tuple[Item, ...]:
    """Read the filters of one -f. Raises RefusedError."""
    tree = syntax.parse(syntax.FILTERS, text)
    if isinstance(tree, Unparsed):
        _refuse_filters(text, tree)
    if _LOOSE_COLON.search(text):
        slot.remark(messages.BLANK_AFTER_COLON)
    return tuple(_item(part, slot) for part in subtrees(tree))


def _refuse_filters(text: str, place: Unparsed) -> NoReturn:
    slip = _SLIP.search(text)
    if slip is not None:
        raise RefusedError(messages.SLIPPED_SIGN, _FILTER_FORM, start=slip.start(), end=slip.end(), sign=slip[1])
    raise RefusedError(messages.BAD_FILTER, _FILTER_FORM, start=min(place.offset, max(len(text) - 1, 0)))


def _item(tree: Tree[Token], slot: Slot) -> Item:
    if tree.data == "default":
        slot.remark(messages.UNVERIFIED, what="DEFAULT, the default response rule,")
        return Item(Kind.DEFAULT, None, *_span(tree))
    if tree.data == "filter":
        return Item(Kind.FILTER, _filter(tree, slot), *_span(tree))
    if tree.data == "permit":
        slot.remark(messages.UNVERIFIED, what="a filter in parentheses, to let packets pass,")
    return Item(Kind(tree.data), _filter(next(subtrees(tree)), slot), *_span(tree))


def _span(tree: Tree[Token]) -> tuple[int, int]:
    leaves = list(_leaves(tree))
    return leaves[0].start_pos or 0, leaves[-1].end_pos or 0


def _leaves(tree: Tree[Token]) -> Iterator[Token]:
    for child in tree.children:
        if isinstance(child, str):
            yield child
        elif child is not None:
            yield from _leaves(child)


def _filter(tree: Tree[Token], slot: Slot) -> Filter:
    source, destination = subtrees(tree)
    (sign,) = tokens(tree)
    named = {token.type: token for token in (*tokens(source), *tokens(destination))}
    protocol = _protocol(named["PROTOCOL"]) if "PROTOCOL" in named else ANY_PROTOCOL
    ports = _port(source, protocol), _port(destination, protocol)
    return Filter(_side(source, slot), _side(destination, slot), protocol, ports[0], ports[1], sign == "+")


def _protocol(token: Token) -> int:
    found = _PROTOCOLS.get(token.lower())
    if found is not None:
        return found
    try:
        return number(str(token), 255, messages.BAD_PROTOCOL)
    except RefusedError as refused:
        raise _at(refused, token) from refused


def _port(side: Tree[Token], protocol: int) -> PortRange:
    token = next((token for token in tokens(side) if token.type == "PORT"), None)
    if token is None or not token.strip("0"):
        return ANY_PORT
    try:
        port = number(str(token), 65535, netsh.BAD_PORT)
    except RefusedError as refused:
        raise _at(refused, token) from refused
    if protocol not in PORT_PROTOCOLS:
        start, end = token.start_pos or 0, token.end_pos
        name = format_protocol(protocol)
        raise RefusedError(messages.PORT_WITHOUT_PROTOCOL, _FILTER_FORM, start=start, end=end, protocol=name)
    return PortRange(port, port)


def _side(tree: Tree[Token], slot: Slot) -> Address:
    """Return the address of one side of a filter under its mask."""
    host, mask = next(tokens(tree)), next(subtrees(tree), None)
    last = host if mask is None else next(tokens(mask))
    try:
        location = _LOCATIONS[host.type](host, slot)
        return under_mask(location, None if mask is None else _mask(mask, slot), slot)
    except RefusedError as refused:
        start, end = host.start_pos or 0, last.end_pos
        fields = {"tag": slot.tag, **refused.fields}
        raise RefusedError(refused.note, refused.expected, start=start, end=end, **fields) from refused


def _mask(tree: Tree[Token], slot: Slot) -> Mask:
    token = next(tokens(tree))
    if token.type == "PREFIX":
        slot.remark(messages.UNVERIFIED, what="a mask written as a number of bits")
    return addresses.read_mask(str(token), slot)


def _wildcard(token: Token, slot: Slot) -> Location:
    octets = token.split(".")
    known = octets[: octets.index("*")]
    if set(octets[len(known) :]) != {"*"} or any(int(octet) > 255 for octet in known):
        raise RefusedError(messages.BAD_WILDCARD, "for example 10.1.*.*")
    slot.remark(messages.UNVERIFIED, what="an address with `*` in it")
    if not known:
        return Location(ANY, "any")
    first = int.from_bytes(bytes(map(int, known)) + bytes(4 - len(known)), "big")
    size = 1 << (8 * (4 - len(known)))
    return Location(AddressRange(Family.IPV4, first, first + size - 1), "slash")


def _stated(token: Token, slot: Slot) -> Location:
    return addresses.read_address(str(token), slot)


def _name(token: Token, slot: Slot) -> Location:
    slot.remark(messages.UNVERIFIED, what="a host name as address")
    address = addresses.read_endpoint(str(token), slot)
    if address is None or isinstance(address, AddressRange):
        raise RefusedError(netsh.BAD_ADDRESS, "*, 0, an address or a host name")
    return Location(address, "name")


_LOCATIONS: Final[dict[str, Callable[[Token, Slot], Location]]] = {
    "ANY": lambda token, slot: Location(ANY, "any"),
    "ME": lambda token, slot: Location(ME, "me"),
    "WILDCARD": _wildcard,
    "IPV4": _stated,
    "HOST_NAME": _name,
}


def _at(refused: RefusedError, token: Token) -> RefusedError:
    start, end = token.start_pos or 0, token.end_pos
    return RefusedError(refused.note, refused.expected, start=start, end=end, **refused.fields)


def read_negotiation(text: str, slot: Slot) -> Negotiation:
    """Read the value of -n. Raises RefusedError."""
    tree = syntax.parse(syntax.NEGOTIATION, text)
    if isinstance(tree, Unparsed):
        raise RefusedError(messages.BAD_NEGOTIATION, _OFFER_FORM, start=min(tree.offset, max(len(text) - 1, 0)))
    words = [token.type for token in tokens(tree)]
    offers = [_offer(part, slot) for part in subtrees(tree)]
    if not offers and words in (["PASS"], ["BLOCK"]):
        return Negotiation({"PASS": Action.PERMIT, "BLOCK": Action.BLOCK}[words[0]])
    if {"PASS", "BLOCK"} & set(words):
        raise RefusedError(messages.MIXED_NEGOTIATION, _OFFER_FORM)
    if words:
        slot.remark(messages.UNVERIFIED, what="INPASS")
    if offers:
        slot.remark(messages.UNVERIFIED, what="the form of offers of quick mode")
    asked = {(pfs, group) for _, pfs, group in offers} or {(False, None)}
    pfs, group = max(asked, key=lambda one: one[0])
    quick_mode = tuple(offer for offer, _, _ in offers)
    return Negotiation(Action.NEGOTIATE, bool(words), quick_mode, pfs, group, pfs_differs=len(asked) > 1)


def _offer(tree: Tree[Token], slot: Slot) -> tuple[QuickModeOffer, bool, DhGroup | None]:
    transforms = tuple(methods.transform(part, _HASHES, _OFFER_FORM) for part in subtrees(tree))
    if len({type(transform) for transform in transforms}) < len(transforms):
        raise RefusedError(netsh.SAME_TWICE, _OFFER_FORM)
    ends = {token.type: token for token in tokens(tree)}
    pfs = ends.get("PFS")
    group = methods.DH_GROUPS.get(pfs[-1]) if pfs is not None else None
    lifetimes = [_lifetime(ends.get(name), usual, slot) for name, usual in _USUAL.items()]
    return QuickModeOffer(transforms, *lifetimes), pfs is not None, group


_USUAL: Final = {"SECONDS": methods.SECONDS, "KILOBYTES": methods.KILOBYTES}


def _lifetime(token: Token | None, usual: range, slot: Slot) -> int:
    return 0 if token is None else methods.lifetime(token[:-1], usual, messages.BAD_NEGOTIATION, slot)


def read_main_mode_offers(text: str, slot: Slot) -> tuple[MainModeOffer, ...]:
    """Read the value of -1s. Raises RefusedError."""
    tree = syntax.parse(syntax.MM_METHODS, text)
    if isinstance(tree, Unparsed):
        expected = "CIPHER-HASH-GROUP ..., for example 3DES-SHA-2 3DES-MD5-2"
        start = min(tree.offset, max(len(text) - 1, 0))
        raise RefusedError(messages.BAD_MAIN_MODE, expected, start=start, option=slot.tag)
    slot.remark(messages.UNVERIFIED, what="-1s")
    rows = (tuple(tokens(method)) for method in subtrees(tree))
    return tuple(
        MainModeOffer(methods.CIPHERS[c.lower()], _HASHES[h.lower()], methods.DH_GROUPS[str(g)]) for c, h, g in rows
    )


def read_rekey(text: str, slot: Slot) -> Rekey:
    """Read the value of -1k. Raises RefusedError."""
    tree = syntax.parse(syntax.REKEY, text)
    if isinstance(tree, Unparsed):
        start = min(tree.offset, max(len(text) - 1, 0))
        raise RefusedError(messages.BAD_MAIN_MODE, "for example 10q/3600s", start=start, option=slot.tag)
    slot.remark(messages.UNVERIFIED, what="-1k")
    found = {token.type: number(token[:-1], _LARGEST, netsh.BAD_NUMBER) for token in tokens(tree)}
    return Rekey(found.get("QUICK_MODES"), found.get("SECONDS"))


def read_method(word: Word) -> AuthenticationMethod | None:
    """Return the authentication method that `word` of -a is, None where it is none."""
    kind, colon, value = word.text.partition(":")
    kind = kind.lower()
    if kind and not colon and "kerberos".startswith(kind):
        return Kerberos()
    if kind and value and "preshare".startswith(kind):
        return PresharedKey(Secret(value))
    if kind and value and "certificate".startswith(kind):
        return Certificate(value)
    return None


def may_hold_key(word: Word) -> bool:
    """Whether `word` of -a is, or can have been meant as, a preshared key."""
    return not (read_method(word) is not None and word.text[:1].lower() in {"k", "c"})
