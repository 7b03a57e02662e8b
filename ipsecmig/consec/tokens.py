"""Names with values, taken one by one: what nobody takes, or cannot be read, is left over and kept.

The same names stand in registry strings (`v2.10|Action=Secure|...|`), in the registry values of sets and in GPO
reports. Source: [MS-GPFAS] 2.2.6.2. Readers raise ValueError for a value that means nothing.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Callable, Iterable, Mapping
from typing import Final, TypeVar

from ipsecmig.consec.objects import EndpointAddress, KeywordAddress, Token, Version
from ipsecmig.consec.vocabulary import ADDRESS_KEYWORDS, M, Words
from ipsecmig.model.selectors import AddressRange, Family, PortRange

T = TypeVar("T")

HIDDEN: Final = "..."
_SECRET_NAME: Final = re.compile(r"key|psk|secret|password", re.IGNORECASE)
_HARMLESS_KEYS: Final = re.compile(r"KeyMod|KeyManager(?:Dictate|Notify)|(?:\d+_\d+)?KeyExchange", re.IGNORECASE)
_VERSION: Final = re.compile(r"v?([0-9]{1,5})\.([0-9]{1,5})", re.IGNORECASE)
_VERSIONED: Final = re.compile(r"([0-9]+)_([0-9]+)(.+)", re.DOTALL)
_NUMBER: Final = re.compile(r"[0-9]{1,10}")
_PREFIXED: Final = re.compile(r"([^/-]+)/([^/]+)")


class TokenReader:
    """Tokens of one object by name without case. `rest` is what no method has taken."""

    def __init__(self, tokens: Iterable[Token]) -> None:
        self._left = dict(enumerate(tokens))
        self._by_name: dict[str, list[int]] = {}
        for number, token in self._left.items():
            self._by_name.setdefault(token.name.strip().lower(), []).append(number)

    def read(self, name: str, reader: Callable[[str], T]) -> T | None:
        """Return the first value of `name`; None where there is none, or none that `reader` can read."""
        for number in self._by_name.get(name.lower(), ())[:1]:
            return self._take(number, reader)
        return None

    def text(self, name: str) -> str:
        """Return the first value of `name` as it stands, empty where there is none."""
        return self.read(name, str) or ""

    def flag(self, name: str) -> bool:
        """Whether `name` says TRUE."""
        return self.read(name, boolean) or False

    def each(self, readers: Mapping[str, Callable[[str], T]]) -> tuple[T, ...]:
        """Return all values of the names in `readers`, in the order in which they stand."""
        places = sorted((n, name) for name in readers for n in self._by_name.get(name.lower(), ()))
        values = (self._take(number, readers[name]) for number, name in places)
        return tuple(value for value in values if value is not None)

    def versioned(self, name: str, reader: Callable[[str], T]) -> T | None:
        """Return the value of the latest version of `name`: `2_1Hash` counts before `Hash`, as for new systems."""
        found = [((0, 0), number) for number in self._by_name.get(name.lower(), ())[:1]]
        for other, numbers in self._by_name.items():
            match = _VERSIONED.fullmatch(other)
            if match and match[3] == name.lower():
                found.append(((int(match[1][:9]), int(match[2][:9])), numbers[0]))
        if not found:
            return None
        value = self._take(max(found)[1], reader)
        if max(found)[1] not in self._left:
            for _, number in found:
                self._left.pop(number, None)
        return value

    def _take(self, number: int, reader: Callable[[str], T]) -> T | None:
        try:
            value = reader(self._left[number].value)
        except ValueError:
            return None
        del self._left[number]
        return value

    def rest(self) -> tuple[Token, ...]:
        """Return what is left over, in its order; what may be a preshared key is hidden."""
        return tuple(_hidden(token) for token in self._left.values())


def _hidden(token: Token) -> Token:
    name = token.name.strip()
    is_secret = _SECRET_NAME.search(name) and not _HARMLESS_KEYS.fullmatch(name)
    return Token(token.name, HIDDEN) if is_secret else token


def boolean(text: str) -> bool:
    """Return TRUE or FALSE, in any case, as a truth value."""
    word = text.strip().lower()
    if word not in {"true", "false"}:
        raise ValueError(f"neither TRUE nor FALSE: {text}")
    return word == "true"


def number(text: str) -> int:
    """Return a decimal number."""
    if not _NUMBER.fullmatch(text.strip()):
        raise ValueError(f"not a number: {text}")
    return int(text)


def protocol(text: str) -> int | None:
    """Return the number of a protocol."""
    value = number(text)
    if value > 255:
        raise ValueError(f"not a protocol: {text}")
    return value


def port(text: str) -> PortRange:
    """Return a single port."""
    return _ports(number(text), number(text))


def ports(text: str) -> PortRange:
    """Return a range of ports, `a-b`, or a single one."""
    first, dash, last = text.partition("-")
    return _ports(number(first), number(last if dash else first))


def _ports(first: int, last: int) -> PortRange:
    if not first <= last <= 65535:
        raise ValueError(f"not an ascending range of ports: {first}-{last}")
    return PortRange(first, last)


def address(text: str, family: Family | None = None) -> AddressRange:
    """Return `a`, `a-b`, `net/prefix` or `net/mask` as a range, which must be of `family` where that is given."""
    text = text.strip()
    if "%" in text:
        raise ValueError(f"not an address without a zone: {text}")
    match = _PREFIXED.fullmatch(text)
    if match and "." in match[2]:
        text = f"{match[1]}/{_prefix_length(match[2])}"
    found = AddressRange.parse(text)
    if family is not None and found.family is not family:
        raise ValueError(f"not an address of IPv{family.value}: {text}")
    return found


def _prefix_length(mask: str) -> int:
    bits = int(ipaddress.IPv4Address(mask))
    length = bits.bit_count()
    if bits != ((1 << length) - 1) << (32 - length):
        raise ValueError(f"not a subnet mask: {mask}")
    return length


def endpoint(family: Family) -> Callable[[str], EndpointAddress]:
    """Return the reader of one address or keyword of an endpoint."""

    def read(text: str) -> EndpointAddress:
        keyword = ADDRESS_KEYWORDS.by_token.get(text.strip().lower())
        return address(text, family) if keyword is None else KeywordAddress(keyword, family)

    return read


def word(words: Words[M]) -> Callable[[str], M]:
    """Return the reader of one token of the table `words`."""

    def read(text: str) -> M:
        found = words.by_token.get(text.strip().lower())
        if found is None:
            raise ValueError(f"no such word: {text}")
        return found

    return read


def version(text: str) -> Version:
    """Return `v2.10` or `2.10` as a version."""
    match = _VERSION.fullmatch(text.strip())
    if match is None:
        raise ValueError(f"not a version: {text}")
    return Version(int(match[1]), int(match[2]))


def split(text: str) -> tuple[Version, tuple[Token, ...]]:
    """Return the version and the tokens of a registry string `v2.10|Name=Value|...|`.

    A part without `=` is a token without a value. Raises ValueError where `text` does not begin with a version.
    """
    head, _, body = text.strip("\0 \t\r\n").partition("|")
    parts = (part.partition("=") for part in body.split("|") if part)
    return version(head), tuple(Token(name, value) for name, _, value in parts)


def join(of: Version, tokens: Iterable[Token]) -> str:
    """Return the registry string of `tokens`. Raises ValueError for a `|` in one of them, which has no escape."""
    parts = [f"v{of.major}.{of.minor}", *(f"{token.name}={token.value}" for token in tokens)]
    if any("|" in part for part in parts):
        raise ValueError("a value contains `|`, which a registry string cannot hold")
    return "|".join([*parts, ""])
