"""Authentication sets and crypto sets of the NetSecurity cmdlets, as tokens of the registry's sets."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from ipsecmig.consec.objects import Token
from ipsecmig.consec.vocabulary import (
    CIPHERS,
    ENCAPSULATIONS,
    GCM_HASHES,
    HASHES,
    KEY_EXCHANGES,
    METHODS_1,
    METHODS_2,
    PFS_GROUPS,
    SIGNINGS,
    M,
    Words,
)
from ipsecmig.dialects.clixml.properties import Properties
from ipsecmig.dialects.clixml.rules import title
from ipsecmig.dialects.clixml.values import Instance

Suites = list[tuple[str, list[Token]]]

CUT_OFF: Final = "Cut"
_CRITERIA: Final = ("CertName", "EKUs", "Thumbprint", "FollowRenewal", "SelectionCriteria", "ValidationCriteria")
_UNSAID: Final = frozenset({"", "none", "any", "false", "0"})


def set_tokens(properties: Properties, kind: str) -> list[Token]:
    """Return what a set says of itself; `kind` is `authentication`, `main` or `quick`."""
    found = [Token("Name", title(properties)), Token("Description", properties.text("Description"))]
    if kind == "main":
        found += _stated(properties, "MaxMinutes", "TimeOutMinutes") + _stated(
            properties, "MaxSessions", "TimeOutSessions"
        )
        found += [Token("DoNotSkipDH", "TRUE")] if properties.flag("ForceDiffieHellman") else []
    if kind == "quick":
        pfs = properties.text("PerfectForwardSecrecyGroup", "PfsGroup")
        found += [_word("PFS", PFS_GROUPS, pfs)] if pfs else []
    list(properties.instances("Proposals", "Proposal"))
    return [*found, *(Token(name, value) for name, value in properties.rest())]


def suites(properties: Properties, kind: str, phase: int = 1) -> Suites:
    """Return the suites of a set; one that the depth of the export cut off has the token `Cut` only."""
    found: Suites = []
    for number, one in enumerate(properties.instances("Proposals", "Proposal")):
        if isinstance(one, Instance) and one.properties:
            inner = _PROPOSALS[kind](Properties(properties.graph, one), phase)
        else:
            inner = [Token(CUT_OFF, one if isinstance(one, str) else one.text)]
        found.append((f"{number:04}", inner))
    return found


def _authentication(proposal: Properties, phase: int) -> list[Token]:
    key = proposal.text("PreSharedKey", "SharedKey")
    found = [Token("Method", _method(proposal, phase, bool(key)))]
    found += [Token("SHKey", key)] if key else []
    found += _stated(proposal, "TrustedCA", "CAName")
    flags = {"MapToAccount": "CertAccountMapping", "ExcludeCAName": "ExcludeCAName", "HealthCert": "HealthCert"}
    found += [Token(token, "TRUE") for name, token in flags.items() if proposal.flag(name)]
    kind = proposal.text("TrustedCAType", "AuthorityType")
    if kind.lower() not in _UNSAID | {"root"}:
        found.append(Token("IntermediateCA", "TRUE" if kind.lower() == "intermediate" else kind))
    signing = proposal.text("SigningAlgorithm", "Signing")
    found += [_word("OtherCertSigning", SIGNINGS, signing)] if signing.lower() not in _UNSAID | {"rsa"} else []
    found += _stated(proposal, "Proxy", "ProxyServer")
    return [*found, *_criteria(proposal), *_rest(proposal)]


def _method(proposal: Properties, phase: int, has_key: bool) -> str:
    """Return the registry's word for the method, which the property or else the class of a proposal says."""
    text = proposal.text("AuthenticationMethod", "Method").replace(" ", "").lower()
    words = METHODS_1 if phase == 1 else METHODS_2
    for row in words.by_member.values():
        if text and text in {(row.token or "").lower(), (row.powershell or "").replace(" ", "").lower()}:
            return row.token or ""
    class_ = proposal.instance.cim_class.lower()
    if not text or text.isdecimal():
        if has_key and phase == 1:
            return "MachineSHKey"
        if "cert" in class_ and phase == 1:
            return "MachineCert"
    return text or class_


def _criteria(proposal: Properties) -> list[Token]:
    """Return what is asked of certificates beside their authority, in one token; any of it goes beyond this model."""
    said = [f"{name}={','.join(proposal.texts(name))}" for name in _CRITERIA if _says(proposal, name)]
    kind = proposal.text("CertNameType")
    said += [f"NameType={kind}"] if said and kind else []
    return [Token("CertCriteria", "|".join(said))] if said else []


def _says(proposal: Properties, name: str) -> bool:
    return any(one.lower() not in _UNSAID for one in proposal.texts(name))


def _main(proposal: Properties, _phase: int) -> list[Token]:
    return [
        _word("KeyExchange", KEY_EXCHANGES, proposal.text("KeyExchange")),
        _word("Encryption", CIPHERS, proposal.text("Encryption")),
        _word("Hash", HASHES, proposal.text("Hash")),
        *_rest(proposal),
    ]


def _quick(proposal: Properties, _phase: int) -> list[Token]:
    encapsulation = ",".join(sorted(proposal.texts("Encapsulation"), key=str.upper))
    found = [_word("Protocol", ENCAPSULATIONS, encapsulation)]
    cipher = proposal.text("Encryption")
    found += [_word("Encryption", CIPHERS, cipher)] if cipher else []
    for name, token in (("AHHash", "AhHash"), ("ESPHash", "EspHash")):
        value = proposal.text(name)
        is_gcm = value.lower() in GCM_HASHES.by_powershell
        if value and value.lower() != "none":
            found.append(_word(token, GCM_HASHES if is_gcm else HASHES, value))
    found += _stated(proposal, "MaxMinutes", "TimeOutMinutes") + _stated(proposal, "MaxKiloBytes", "TimeOutKbytes")
    return [*found, *_rest(proposal)]


_PROPOSALS: Final = {"authentication": _authentication, "main": _main, "quick": _quick}


def _stated(properties: Properties, name: str, token: str) -> list[Token]:
    value = properties.text(name)
    return [Token(token, value)] if value else []


def _rest(properties: Properties) -> Iterator[Token]:
    yield from (Token(name, value) for name, value in properties.rest())


def _word(token: str, words: Words[M], text: str) -> Token:
    return Token(token, words.token_of_powershell(text))


def is_cut_off(found: Suites) -> bool:
    """Whether a suite of a set was cut off at the depth of the export."""
    return any(token.name == CUT_OFF for _, of_suite in found for token in of_suite)
