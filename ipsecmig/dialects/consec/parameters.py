r"""Rules as netsh writes them: parameters by name, for commands and for the fields of `show rule` alike.

Source: the help of `netsh advfirewall consec add rule` and "Suite B cryptographic algorithms". Values compare without
case. What cannot be read is kept with the rule as a token, so that it is doubted; a preshared key never is.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Final, TypeVar

from ipsecmig.consec import tokens
from ipsecmig.consec.objects import (
    AuthenticationSet,
    AuthenticationSuite,
    ConnectionSecurityRule,
    EndpointAddress,
    Flag,
    KeywordAddress,
    MainModeCryptoSet,
    QuickModeCryptoSet,
    RuleScope,
    Token,
    TunnelEnds,
)
from ipsecmig.consec.vocabulary import (
    ACTIONS,
    ADDRESS_KEYWORDS,
    INTERFACE_TYPES,
    METHODS_1,
    METHODS_2,
    PFS_GROUPS,
    SIGNINGS,
    M,
    Method,
    Pfs,
    Profile,
    Signing,
    Words,
)
from ipsecmig.diagnostics import Origin
from ipsecmig.dialects.consec import suites
from ipsecmig.model.policy import Secret
from ipsecmig.model.selectors import AddressRange, Family, PortRange

T = TypeVar("T")

_PROTOCOLS: Final = {"tcp": 6, "udp": 17, "icmpv4": 1, "icmpv6": 58}
_CERTIFICATES: Final = frozenset({Method.MACHINE_CERTIFICATE, Method.USER_CERTIFICATE})
_OPTION: Final = re.compile(r"[ \t]+(\w+):([^\s:]+)$")
_KEY: Final = re.compile("psk", re.IGNORECASE)


def _kept(tag: str, text: str) -> Token:
    """Return a parameter as a token, without its value where a lost line break may have put a preshared key into it."""
    return Token(tag, tokens.HIDDEN if _KEY.search(tag) or _KEY.search(text) else text)


@dataclass(slots=True)
class Parameters:
    """The parameters of one rule while they are read. What no reader takes, or can read, is left in `values`."""

    values: dict[str, str]
    unread: list[Token] = field(default_factory=list)

    def read(self, tag: str, reader: Callable[[str], T], default: T) -> T:
        """Return what `reader` makes of `tag`, `default` where it is not given or cannot be read."""
        text = self.values.pop(tag, None)
        if text is None:
            return default
        try:
            return reader(text.strip())
        except ValueError:
            self.unread.append(_kept(tag, text))
            return default

    def rest(self) -> tuple[Token, ...]:
        """Return what could not be read and what nobody asked for."""
        left = (_kept(tag, text) for tag, text in self.values.items())
        return (*self.unread, *left)


@dataclass(frozen=True, slots=True)
class StatedRule:
    """A rule with the sets of its own that it names."""

    rule: ConnectionSecurityRule
    authentication: tuple[AuthenticationSet, ...]
    quick_mode: tuple[QuickModeCryptoSet, ...]


def rule_of(values: Mapping[str, str], id_: str, origin: Origin) -> StatedRule:
    """Return the rule of the parameters `values`, by tag in lower case; `id_` is a name for it in its store."""
    given = Parameters(dict(values))
    action = given.read("action", word(ACTIONS), None)
    first, second = _authentication(given, 1, id_, origin), _authentication(given, 2, id_, origin)
    crypto = _quick_mode(given, id_, origin)
    rule = ConnectionSecurityRule(
        id_,
        given.read("name", str, ""),
        action,
        given.read("enable", yes_no, True),
        _scope(given),
        given.read("protocol", protocol, None),
        given.read("port1", ports, ()),
        given.read("port2", ports, ()),
        (),
        given.read("interfacetype", several(INTERFACE_TYPES), ()),
        "" if first is None else first.id,
        "" if second is None else second.id,
        "" if crypto is None else crypto.id,
        _tunnel(given),
        flags=_flags(given),
        description=given.read("description", str, ""),
        origin=origin,
    )
    given.read("type", _static, "")
    found = tuple(each for each in (first, second) if each is not None)
    return StatedRule(replace(rule, unread=given.rest()), found, () if crypto is None else (crypto,))


def yes_no(text: str) -> bool:
    """Return yes or no as a truth value."""
    if text.lower() not in {"yes", "no"}:
        raise ValueError(f"neither yes nor no: {text}")
    return text.lower() == "yes"


def word(words: Words[M]) -> Callable[[str], M]:
    """Return the reader of one of netsh's `words`."""

    def read(text: str) -> M:
        return _word(words, text)

    return read


def _word(words: Words[M], text: str) -> M:
    found = words.by_netsh.get(text.strip().lower())
    if found is None:
        raise ValueError(f"no such word: {text}")
    return found


def several(words: Words[M]) -> Callable[[str], tuple[M, ...]]:
    """Return the reader of a comma list of `words`; `any` is the empty list."""

    def read(text: str) -> tuple[M, ...]:
        return () if text.lower() == "any" else tuple(_word(words, each) for each in text.split(","))

    return read


def protocol(text: str) -> int | None:
    """Return the number of a protocol, None for any."""
    lowered = text.lower()
    return None if lowered == "any" else _PROTOCOLS.get(lowered) or tokens.protocol(text)


def ports(text: str) -> tuple[PortRange, ...]:
    """Return a comma list of ports and ranges; `any` is the empty list."""
    return () if text.lower() == "any" else tuple(tokens.ports(each.strip()) for each in text.split(","))


def endpoint(text: str) -> tuple[EndpointAddress, ...]:
    """Return a comma list of addresses and keywords; `any` is the empty list."""
    if text.lower() == "any":
        return ()
    found: list[EndpointAddress] = []
    for each in text.split(","):
        keyword = ADDRESS_KEYWORDS.by_netsh.get(each.strip().lower())
        if keyword is None:
            found.append(tokens.address(each))
        else:
            found += (KeywordAddress(keyword, family) for family in Family)
    return tuple(found)


def _profiles(text: str) -> tuple[Profile, ...]:
    if text.lower() == "any":
        return ()
    named = {each.strip().lower() for each in text.split(",")}
    found = tuple(profile for profile in Profile if profile.value in named)
    if len(found) != len(named):
        raise ValueError(f"no such profile: {text}")
    return () if len(found) == len(Profile) else found


def _scope(given: Parameters) -> RuleScope:
    return RuleScope(
        given.read("profile", _profiles, ()),
        given.read("endpoint1", endpoint, ()),
        given.read("endpoint2", endpoint, ()),
    )


def _static(text: str) -> str:
    """Return `static`; a dynamic rule is one of a tunnel whose ends are found when they are needed."""
    if text.lower() != "static":
        raise ValueError(f"a kind of rule that is not understood: {text}")
    return text


def _flags(given: Parameters) -> frozenset[Flag]:
    stated = (
        (Flag.BYPASS_TUNNEL, "exemptipsecprotectedconnections"),
        (Flag.APPLY_AUTHORIZATION, "applyauthz"),
    )
    no = False
    return frozenset(flag for flag, tag in stated if given.read(tag, yes_no, no))


def _tunnel(given: Parameters) -> TunnelEnds:
    mode = given.read("mode", _mode, "transport")
    ends: dict[str, tuple[AddressRange, ...]] = {}
    dynamic: list[Token] = []
    for tag in ("localtunnelendpoint", "remotetunnelendpoint"):
        text = given.values.pop(tag, "any" if mode == "tunnel" else "")
        try:
            ends[tag] = tuple(tokens.address(each) for each in text.split(",")) if text else ()
        except ValueError:
            ends[tag] = ()
            dynamic.append(Token(tag, text))
    return TunnelEnds(ends["localtunnelendpoint"], ends["remotetunnelendpoint"], tuple(dynamic))


def _mode(text: str) -> str:
    if text.lower() not in {"transport", "tunnel"}:
        raise ValueError(f"no such mode: {text}")
    return text.lower()


# Authentication.


def _authentication(given: Parameters, phase: int, id_: str, origin: Origin) -> AuthenticationSet | None:
    """Return the methods of first or second authentication; None where none are stated."""
    before = f"auth{phase}"
    text = given.values.pop(before, None)
    details = {tag: given.values.pop(tag) for tag in list(given.values) if tag.startswith(before)}
    if text is None:
        given.values |= details
        return None
    found: list[AuthenticationSuite] = []
    unread: list[Token] = []
    for name in text.split(","):
        read = _method(name.strip().lower(), METHODS_1 if phase == 1 else METHODS_2)
        if read is None:
            unread.append(Token(before, name.strip()))
        else:
            found.extend(_suites(*read, before, details, unread))
    given.unread += (_kept(tag, text) for tag, text in details.items())
    return AuthenticationSet(f"{id_} {before}", phase, tuple(found), unread=tuple(unread), origin=origin)


def _method(name: str, words: Words[Method]) -> tuple[Method, Signing] | None:
    """Return the method and how its certificates are signed, which stands behind it: `computercertecdsap256`."""
    for signing, row in SIGNINGS.by_member.items():
        method = words.by_netsh.get(name.removesuffix(row.netsh or ""))
        if (
            method is not None
            and name.endswith(row.netsh or "")
            and (signing is Signing.RSA or method in _CERTIFICATES)
        ):
            return method, signing
    return None


def _suites(
    method: Method, signing: Signing, before: str, details: dict[str, str], unread: list[Token]
) -> Iterator[AuthenticationSuite]:
    """Yield one suite, for certificates one for each authority; what they use of `details` is taken from it."""
    if method is Method.MACHINE_PRESHARED_KEY:
        key = details.pop(f"{before}psk", None)
        yield AuthenticationSuite(method, secret=None if key is None else Secret(key))
        return
    if method not in _CERTIFICATES:
        yield AuthenticationSuite(method)
        return
    middle = (SIGNINGS.by_member[signing].netsh or "") if signing is not Signing.RSA else ""
    health = details.pop(f"{before}{middle}healthcert", "no").lower() == "yes"
    for text in _authorities(details.pop(f"{before}{middle}ca", "")):
        suite = AuthenticationSuite(method, signing=signing, health_certificate=health)
        yield _with_options(suite, text, unread)


def _authorities(text: str) -> Sequence[str]:
    """Return the authorities of a list, in whose names a backslash and an apostrophe stand for a quotation mark."""
    return [each.strip().replace("\\'", '"') for each in text.split("|")]


def _with_options(suite: AuthenticationSuite, text: str, unread: list[Token]) -> AuthenticationSuite:
    """Return `suite` with the authority and the options behind it, as `CN=Root certmapping:yes`."""
    while match := _OPTION.search(text):
        name, value = match[1].lower(), match[2].lower()
        if name == "certmapping" and value in {"yes", "no"}:
            suite = replace(suite, map_to_account=value == "yes")
        elif name == "excludecaname" and value in {"yes", "no"}:
            suite = replace(suite, exclude_authority=value == "yes")
        elif name == "catype" and value in {"root", "intermediate"}:
            suite = replace(suite, intermediate=value == "intermediate")
        else:
            unread.append(Token(match[1], match[2]))
        text = text[: match.start()]
    return replace(suite, authority=text.strip())


def _quick_mode(given: Parameters, id_: str, origin: Origin) -> QuickModeCryptoSet | None:
    """Return the crypto set of quick mode; None where nothing is stated. Default offers are those built in."""
    pfs_text, offers = given.values.get("qmpfs"), given.values.get("qmsecmethods")
    if pfs_text is None and offers is None:
        return None
    pfs = given.read("qmpfs", word(PFS_GROUPS), Pfs.NONE)
    read = given.read("qmsecmethods", suites.quick_mode_suites, () if offers else suites.BUILT_IN_QUICK_MODE)
    return QuickModeCryptoSet(f"{id_} crypto", read, pfs, origin=origin)


def main_mode_of(methods: str, lifetime: str, force_dh: str, id_: str, origin: Origin) -> MainModeCryptoSet:
    """Return the crypto set of main mode, with what cannot be read as unread; texts are empty where not stated."""
    given = Parameters({k: v for k, v in (("m", methods), ("l", lifetime), ("f", force_dh)) if v})
    offers = given.read("m", suites.main_mode_suites, () if methods else suites.BUILT_IN_MAIN_MODE)
    minutes, sessions = given.read("l", suites.main_mode_lifetime, (480, 0))
    no = False
    forced = given.read("f", yes_no, no)
    return MainModeCryptoSet(id_, offers, minutes, sessions, forced, unread=given.rest(), origin=origin)
