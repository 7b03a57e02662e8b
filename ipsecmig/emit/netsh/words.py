"""How netsh writes values. Source: Microsoft's netsh ipsec reference, and the help texts of `netsh ipsec static`.

Every function returns the word for one value, or raises `Inexpressible` where netsh has none; nothing is ever passed
to netsh that could be read as something else.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from functools import lru_cache
from typing import Final

from ipsecmig.model import selectors
from ipsecmig.model.algorithms import ENCRYPTION, GROUPS, INTEGRITY, Encryption, Integrity
from ipsecmig.model.policy import (
    AhTransform,
    AuthenticationMethod,
    Certificate,
    EspTransform,
    Filter,
    Kerberos,
    MainModeOffer,
    PresharedKey,
    QuickModeOffer,
    Transform,
)
from ipsecmig.model.selectors import Address, AddressRange, AnyAddress, DnsName, Family, Me, PortRange, ServerAddress

TARGET_NAME: Final = "netsh"

QUOTES: Final = frozenset('"\u201c\u201d\u201e\u201f\u2033\uff02')
"""The double quote, and what Windows turns into one when it converts text to a code page that lacks the original."""

SECONDS_LIMITS: Final = (300, 172_800)
KILOBYTES_LIMITS: Final = (20_480, 2_147_483_647)
"""What netsh accepts as lifetimes of a quick mode offer, besides 0."""

_ESCAPED_QUOTE: Final = "\\'"

_PROTOCOLS: Final = {
    selectors.ANY_PROTOCOL: "ANY",
    selectors.ICMP: "ICMP",
    selectors.TCP: "TCP",
    selectors.UDP: "UDP",
    selectors.RAW: "RAW",
}
_HOST_NAME: Final = re.compile(r"(?=[^A-Za-z]*[A-Za-z])\w(?:[\w.-]*\w)?", re.ASCII)
_KEYWORDS: Final = frozenset({"me", "any", "wins", "dns", "dhcp", "gateway"})
_MAPPING: Final = re.compile(r"\b(?:certmap|excludecaname)\s*:", re.IGNORECASE)


class Inexpressible(Exception):  # noqa: N818 - it says what the value is, and never leaves the emitter
    """The value cannot be written for netsh; the message says why and never holds a secret."""


def yes_no(value: bool) -> str:
    """Return `yes` or `no`."""
    return "yes" if value else "no"


def quoted(text: str) -> str:
    """Return `text` between double quotes.

    netsh has no way to write a double quote or a line break inside a value. It may take a backslash at the end as an
    escape of the closing quote, and one before an apostrophe for a double quote, as in the names of authorities.
    """
    if not text:
        raise Inexpressible("it is empty")
    if not QUOTES.isdisjoint(text):
        raise Inexpressible("it holds a double quotation mark")
    if not text.isprintable():
        raise Inexpressible("it holds control characters or unusual blanks")
    if text != text.strip() or text.endswith("\\") or _ESCAPED_QUOTE in text:
        raise Inexpressible("it begins or ends with a blank, ends with a backslash, or holds one before an apostrophe")
    return f'"{text}"'


def is_sayable(text: str) -> bool:
    """Return whether `quoted` accepts `text`."""
    return not refusal(quoted, text)


def refusal(speak: Callable[..., object], *values: object) -> str:
    """Return why `speak` finds `values` inexpressible, or an empty text."""
    try:
        speak(*values)
    except Inexpressible as reason:
        return str(reason)
    return ""


def nearest(text: str) -> str:
    """Return the sayable text nearest to `text`; it may be empty."""
    if not text or is_sayable(text):
        return text
    plain = "".join("'" if c in QUOTES else c if c.isprintable() else " " for c in text)
    return re.sub(r"\\+'", "'", plain).strip().rstrip("\\ ")


def distinct_names(names: Sequence[str], stand_in: str) -> tuple[str, ...]:
    """Return a sayable name for each of `names`, all different without case; sayable names stay where they can."""
    taken: set[str] = set()
    chosen: dict[int, str] = {}
    for position in sorted(range(len(names)), key=lambda i: not is_sayable(names[i])):
        base = nearest(names[position]) or stand_in
        name, number = base, 1
        while name.casefold() in taken:
            number += 1
            name = f"{base} ({number})"
        taken.add(name.casefold())
        chosen[position] = name
    return tuple(chosen[i] for i in range(len(names)))


@lru_cache(maxsize=65536)
def address(value: Address) -> tuple[str, str]:
    """Return the words for an address and for its mask; the mask is empty where none applies."""
    if isinstance(value, AnyAddress):
        return "any", ""
    if isinstance(value, Me):
        return "me", ""
    if isinstance(value, ServerAddress):
        return value.role.value, ""
    if isinstance(value, DnsName):
        return _host_name(value.name), ""
    return _address_range(value)


def _host_name(name: str) -> str:
    if not _HOST_NAME.fullmatch(name) or name.casefold() in _KEYWORDS:
        raise Inexpressible("netsh would not read it as a host name")
    return name


def _address_range(value: AddressRange) -> tuple[str, str]:
    """Masks are for IPv4 only; an IPv6 subnet is written as the range that it is, and so are all addresses of IPv4.

    The mask 0.0.0.0 is netsh's `any`, which is IPv6 as well since Windows Vista.
    """
    first = selectors.format_address(value.family, value.first)
    prefix = value.prefix_length
    if value.family is Family.IPV4 and prefix:
        if prefix == value.family.bits and value.first == 0:
            raise Inexpressible("netsh takes the single address 0.0.0.0 as `me`")
        mask = value.family.last ^ (1 << value.family.bits - prefix) - 1
        return first, selectors.format_address(Family.IPV4, mask)
    if value.is_host:
        return first, ""
    return f"{first}-{selectors.format_address(value.family, value.last)}", ""


def endpoint(value: AddressRange | DnsName) -> str:
    """Return the word for a tunnel endpoint."""
    if isinstance(value, AddressRange) and not value.is_host:
        raise Inexpressible("a tunnel endpoint is one address")
    return address(value)[0]


def server_side(value: Address, other: Address) -> None:
    """Refuse a server keyword on one side when the other side is not `me`."""
    if isinstance(value, ServerAddress) and not isinstance(other, Me):
        raise Inexpressible(f"netsh accepts `{value.role.value}` only when the other side is `me`")


def protocol(number: int) -> str:
    """Return the word for an IANA protocol number."""
    return _PROTOCOLS.get(number, str(number))


def port(value: PortRange, of: int) -> str:
    """Return the word for a port of the protocol `of`."""
    if value.is_any:
        return "0"
    if of not in selectors.PORT_PROTOCOLS:
        raise Inexpressible("netsh accepts ports for TCP and UDP only")
    if value.first != value.last:
        raise Inexpressible("netsh has no port ranges")
    if value.first == 0:
        raise Inexpressible("netsh takes port 0 as any port")
    return str(value.first)


def filter_words(value: Filter) -> str:
    """Return the selecting parameters of `add filter`: all that can be given is given."""
    server_side(value.source, value.destination)
    server_side(value.destination, value.source)
    source, source_mask = address(value.source)
    destination, destination_mask = address(value.destination)
    number = value.protocol
    words = f"srcaddr={source} dstaddr={destination} protocol={protocol(number)} mirrored={yes_no(value.mirrored)}"
    if source_mask:
        words += f" srcmask={source_mask}"
    if destination_mask:
        words += f" dstmask={destination_mask}"
    source_port, destination_port = port(value.source_port, number), port(value.destination_port, number)
    if number in selectors.PORT_PROTOCOLS:
        words += f" srcport={source_port} dstport={destination_port}"
    return words


def main_mode_offers(offers: Iterable[MainModeOffer]) -> str:
    """Return the value of `mmsecmethods`, for example `"3DES-SHA1-2 DES-MD5-1"`."""
    return f'"{" ".join(_main_mode_offer(o) for o in offers)}"'


def _main_mode_offer(offer: MainModeOffer) -> str:
    group = GROUPS[offer.group].netsh
    if group is None:
        raise Inexpressible(f"netsh has no word for the group {offer.group.name}")
    if offer.encryption is Encryption.NULL:
        raise Inexpressible("main mode without encryption does not exist")
    return f"{_cipher(offer.encryption)}-{_hash(offer.integrity)}-{group}"


def quick_mode_offers(offers: Iterable[QuickModeOffer]) -> str:
    """Return the value of `qmsecmethods`, for example `"AH[SHA1]+ESP[3DES,None]:100000k/3600s"`."""
    return f'"{" ".join(_quick_mode_offer(o) for o in offers)}"'


def _quick_mode_offer(offer: QuickModeOffer) -> str:
    if [type(t) for t in offer.transforms] not in (
        [AhTransform],
        [EspTransform],
        [AhTransform, EspTransform],
        [EspTransform, AhTransform],
    ):
        raise Inexpressible("an offer of netsh is AH, ESP, or one of each")
    ordered = sorted(offer.transforms, key=lambda t: isinstance(t, EspTransform))
    return "+".join(_transform(t) for t in ordered) + _lifetimes(offer)


def _transform(transform: Transform) -> str:
    if isinstance(transform, AhTransform):
        return f"AH[{_hash(transform.integrity)}]"
    if transform.encryption is Encryption.NULL and transform.integrity is None:
        raise Inexpressible("ESP with neither encryption nor integrity does not exist")
    integrity = "None" if transform.integrity is None else _hash(transform.integrity)
    return f"ESP[{_cipher(transform.encryption)},{integrity}]"


def _lifetimes(offer: QuickModeOffer) -> str:
    seconds, kilobytes = sayable_lifetimes(offer)
    halves = ([f"{kilobytes}k"] if kilobytes else []) + ([f"{seconds}s"] if seconds else [])
    return ":" + "/".join(halves) if halves else ""


def sayable_lifetimes(offer: QuickModeOffer) -> tuple[int, int]:
    """Return the lifetimes of `offer` in seconds and kilobytes, brought within what netsh accepts."""
    return _within(offer.lifetime_seconds, SECONDS_LIMITS), _within(offer.lifetime_kilobytes, KILOBYTES_LIMITS)


def _within(value: int, limits: tuple[int, int]) -> int:
    return min(max(value, limits[0]), limits[1]) if value else 0


def minutes(seconds: int) -> int:
    """Return `seconds` in whole minutes, rounded down but not to none."""
    return max(seconds // 60, 1) if seconds else 0


def _cipher(encryption: Encryption) -> str:
    word = ENCRYPTION[encryption].netsh
    if word is None:
        raise Inexpressible(f"netsh has no word for {encryption.value.upper()}")
    return word


def _hash(integrity: Integrity) -> str:
    word = INTEGRITY[integrity].netsh
    if word is None:
        raise Inexpressible(f"netsh has no word for {integrity.value.upper()}")
    return word


def authentication(method: AuthenticationMethod, among: Sequence[AuthenticationMethod]) -> str:
    """Return the value of `kerberos`, `psk` or `rootca` for `method`, which is one `among` the methods of its rule."""
    if isinstance(method, Kerberos):
        return "yes"
    if isinstance(method, Certificate):
        return _authority(method)
    if method != next(m for m in among if isinstance(m, PresharedKey)):
        raise Inexpressible("netsh accepts one preshared key in a rule")
    if method.secret is None:
        raise Inexpressible("the source does not hold the preshared key")
    return quoted(method.secret.reveal())


def _authority(certificate: Certificate) -> str:
    name, quote = certificate.authority, '"'
    if _MAPPING.search(name):
        raise Inexpressible("netsh would take a part of the name of the authority as something else")
    quoted(name.replace(quote, "'"))
    flags = f"certmap:{yes_no(certificate.map_to_account)} excludecaname:{yes_no(certificate.exclude_authority_name)}"
    return f'"{name.replace(quote, _ESCAPED_QUOTE)} {flags}"'
