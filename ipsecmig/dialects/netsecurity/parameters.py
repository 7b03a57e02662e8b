"""From the parameters of cmdlets to the tokens of registry strings, which one reader then understands.

What has no token stays under its own name, so that the rule or set that has it is doubted.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Final

from ipsecmig.consec.objects import Token
from ipsecmig.consec.rules import action_tokens
from ipsecmig.consec.vocabulary import (
    ACTIONS,
    ADDRESS_KEYWORDS,
    CIPHERS,
    ENCAPSULATIONS,
    GCM_HASHES,
    HASHES,
    INTERFACE_TYPES,
    KEY_EXCHANGES,
    PFS_GROUPS,
    PROFILES,
    M,
    Words,
)

Given = Mapping[str, tuple[str, ...]]
"""The parameters of one call, by name in lower case; a switch has no values."""

_PROTOCOLS: Final = {"tcp": "6", "udp": "17", "icmpv4": "1", "icmpv6": "58"}
_HANDLED: Final = frozenset({"policystore", "name", "ipsecrulename", "group", "inboundsecurity", "outboundsecurity"})
_HANDLED_OF_SETS: Final = frozenset({"policystore", "name", "group", "proposal", "default"})
_Reader = Callable[[tuple[str, ...]], Iterator[Token]]


def _text(token: str) -> _Reader:
    def read(values: tuple[str, ...]) -> Iterator[Token]:
        yield Token(token, ",".join(values))

    return read


def _each(token: str, words: Words[M]) -> _Reader:
    """Return the reader of a list of words; `Any` is all of them."""

    def read(values: tuple[str, ...]) -> Iterator[Token]:
        if not _is_any(values):
            yield from (Token(token, words.token_of_powershell(value)) for value in values)

    return read


def _one(token: str, words: Words[M]) -> _Reader:
    """Return the reader of one word, which PowerShell may write as a list: AH, ESP."""

    def read(values: tuple[str, ...]) -> Iterator[Token]:
        yield Token(token, words.token_of_powershell(",".join(values)))

    return read


def _is_any(values: tuple[str, ...]) -> bool:
    return len(values) == 1 and values[0].lower() == "any"


def _flag(token: str) -> _Reader:
    """Return the reader of a switch, or of True and False."""

    def read(values: tuple[str, ...]) -> Iterator[Token]:
        yield Token(token, values[0].upper() if values else "TRUE")

    return read


def _addresses(side: str) -> _Reader:
    def read(values: tuple[str, ...]) -> Iterator[Token]:
        for value in () if _is_any(values) else values:
            keyword = ADDRESS_KEYWORDS.by_powershell.get(value.lower())
            if keyword is None:
                yield Token(f"{side}_{'6' if ':' in value else '4'}", value)
            else:
                word = ADDRESS_KEYWORDS.by_member[keyword].token or ""
                yield from (Token(f"{side}_{family}", word) for family in "46")

    return read


def _ports(side: str) -> _Reader:
    def read(values: tuple[str, ...]) -> Iterator[Token]:
        for value in () if _is_any(values) else values:
            yield Token(f"{side}Port2_10" if "-" in value else f"{side}Port", value)

    return read


def _protocol(values: tuple[str, ...]) -> Iterator[Token]:
    if not _is_any(values):
        text = ",".join(values)
        yield Token("Protocol", _PROTOCOLS.get(text.lower(), text))


def _end(token: str) -> _Reader:
    def read(values: tuple[str, ...]) -> Iterator[Token]:
        yield from (Token(f"{token}{'6' if ':' in value else '4'}", value) for value in values)

    return read


def _hash(token: str) -> _Reader:
    def read(values: tuple[str, ...]) -> Iterator[Token]:
        text = ",".join(values)
        if text.lower() != "none":
            words = GCM_HASHES if text.lower() in GCM_HASHES.by_powershell else HASHES
            yield Token(token, words.token_of_powershell(text))

    return read


def _nothing(values: tuple[str, ...]) -> Iterator[Token]:
    yield from ()


def _mode(values: tuple[str, ...]) -> Iterator[Token]:
    if [v.lower() for v in values] not in (["transport"], ["tunnel"]):
        yield Token("Mode", ",".join(values))


_RULE: Final[Mapping[str, _Reader]] = {
    "displayname": _text("Name"),
    "description": _text("Desc"),
    "enabled": _flag("Active"),
    "profile": _each("Profile", PROFILES),
    "mode": _mode,
    "localaddress": _addresses("EP1"),
    "remoteaddress": _addresses("EP2"),
    "protocol": _protocol,
    "localport": _ports("EP1"),
    "remoteport": _ports("EP2"),
    "interfacetype": _each("IFType", INTERFACE_TYPES),
    "localtunnelendpoint": _end("LTunnel"),
    "remotetunnelendpoint": _end("RTunnel"),
    "phase1authset": _text("Auth1Set"),
    "phase2authset": _text("Auth2Set"),
    "quickmodecryptoset": _text("Crypto2Set"),
    "platform": _text("Platform"),
}
_AUTHENTICATION: Final[Mapping[str, _Reader]] = {
    "machine": _nothing,
    "kerberos": _nothing,
    "cert": _nothing,
    "presharedkey": _text("SHKey"),
    "authority": _text("CAName"),
    "accountmapping": _flag("CertAccountMapping"),
    "excludecaname": _flag("ExcludeCAName"),
    "health": _flag("HealthCert"),
}
_MAIN_MODE: Final[Mapping[str, _Reader]] = {
    "encryption": _one("Encryption", CIPHERS),
    "hash": _one("Hash", HASHES),
    "keyexchange": _one("KeyExchange", KEY_EXCHANGES),
}
_QUICK_MODE: Final[Mapping[str, _Reader]] = {
    "encapsulation": _one("Protocol", ENCAPSULATIONS),
    "encryption": _one("Encryption", CIPHERS),
    "ahhash": _hash("AhHash"),
    "esphash": _hash("EspHash"),
    "maxminutes": _text("TimeOutMinutes"),
    "maxkilobytes": _text("TimeOutKbytes"),
}
_SET: Final[Mapping[str, _Reader]] = {
    "displayname": _text("Name"),
    "description": _text("Description"),
    "maxminutes": _text("TimeOutMinutes"),
    "maxsessions": _text("TimeOutSessions"),
    "forcediffiehellman": _flag("DoNotSkipDH"),
    "perfectforwardsecrecygroup": _one("PFS", PFS_GROUPS),
}


def _tokens(given: Given, readers: Mapping[str, _Reader], handled: frozenset[str] = frozenset()) -> Iterator[Token]:
    for name, values in given.items():
        if name in readers:
            yield from readers[name](values)
        elif name not in handled:
            yield Token(name, ",".join(values))


def rule(given: Given) -> list[Token]:
    """Return the tokens of New-NetIPsecRule."""
    found = list(_tokens({"enabled": ("True",), **given}, _RULE, _HANDLED))
    sides = (given.get(f"{side}security", ("None",)) for side in ("inbound", "outbound"))
    words = ",".join(",".join(side) for side in sides).lower()
    action = ACTIONS.by_powershell.get(words)
    if action is None:
        return [*found, Token("Action", words)]
    is_tunnel = "tunnel" in ",".join(given.get("mode", ())).lower()
    ends = {"localtunnelendpoint", "remotetunnelendpoint"} & given.keys()
    dynamic = [Token("LTunnel4_2", "Any")] if is_tunnel and len(ends) < 2 else []
    return [*found, *action_tokens(action), *dynamic]


def authentication_proposal(given: Given) -> list[Token]:
    """Return the tokens of New-NetIPsecAuthProposal; a method that is not a computer's own stays unread."""
    kinds = {"machine", "kerberos", "cert", "presharedkey", "user", "ntlm", "anonymous"} & given.keys()
    method = {
        frozenset({"machine", "kerberos"}): "MachineKerb",
        frozenset({"machine", "cert"}): "MachineCert",
        frozenset({"machine", "presharedkey"}): "MachineSHKey",
        frozenset({"machine", "ntlm"}): "MachineNtlm",
        frozenset({"anonymous"}): "Anonymous",
    }.get(frozenset(kinds), " ".join(sorted(kinds)))
    kind = ",".join(given.get("authoritytype", ("root",))).lower()
    intermediate = [] if kind == "root" else [Token("IntermediateCA", "TRUE" if kind == "intermediate" else kind)]
    signing = ",".join(given.get("signing", ("rsa",)))
    other = [] if signing.lower() == "rsa" else [Token("OtherCertSigning", signing)]
    handled = frozenset({"authoritytype", "signing", "anonymous", "ntlm", "user"})
    return [Token("Method", method), *_tokens(given, _AUTHENTICATION, handled), *intermediate, *other]


def main_mode_proposal(given: Given) -> list[Token]:
    """Return the tokens of New-NetIPsecMainModeCryptoProposal."""
    return list(_tokens(given, _MAIN_MODE))


def quick_mode_proposal(given: Given) -> list[Token]:
    """Return the tokens of New-NetIPsecQuickModeCryptoProposal."""
    return list(_tokens(given, _QUICK_MODE))


def of_set(given: Given) -> list[Token]:
    """Return the tokens of a set without its proposals."""
    return list(_tokens(given, _SET, _HANDLED_OF_SETS))
