"""Authentication sets, crypto sets and global settings from tokens, and back ([MS-GPFAS] 2.2).

A set is the tokens of its key (or element) and, in order, those of each suite with the suite's label (`0000`).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Final

from ipsecmig.consec import tokens
from ipsecmig.consec.objects import (
    AuthenticationSet,
    AuthenticationSuite,
    GlobalSettings,
    MainModeCryptoSet,
    MainModeSuite,
    QuickModeCryptoSet,
    QuickModeSuite,
    Token,
)
from ipsecmig.consec.tokens import TokenReader
from ipsecmig.consec.vocabulary import (
    CIPHERS,
    ENCAPSULATIONS,
    HASHES,
    KEY_EXCHANGES,
    METHODS_1,
    METHODS_2,
    PFS_GROUPS,
    SIGNINGS,
    Cipher,
    Hash,
    M,
    Method,
    Pfs,
    Signing,
    Words,
)
from ipsecmig.diagnostics import NOWHERE, Origin
from ipsecmig.model.policy import Secret

Suites = Iterable[tuple[str, Iterable[Token]]]
"""The suites of a set, each with its label, in order of preference."""

_TEXTS: Final = ("Name", "Description", "EmbeddedContext", "Version")


def authentication_set(
    id_: str, phase: int, found: Iterable[Token], suites: Suites, origin: Origin = NOWHERE
) -> AuthenticationSet:
    """Return the set of first (`phase` 1) or second authentication; a suite without a known method is unread."""
    reader = TokenReader(found)
    name, description, context, version = (reader.text(text) for text in _TEXTS)
    read, unread = [], list(reader.rest())
    for label, of_suite in suites:
        suite = _authentication_suite(TokenReader(of_suite), METHODS_1 if phase == 1 else METHODS_2)
        if isinstance(suite, AuthenticationSuite):
            read.append(suite)
        else:
            unread.append(Token(label, suite))
    return AuthenticationSet(id_, phase, tuple(read), name, description, context, version, tuple(unread), origin)


def _authentication_suite(reader: TokenReader, methods: Words[Method]) -> AuthenticationSuite | str:
    """Return the suite, or the name of its method where that is unknown."""
    method = reader.read("Method", tokens.word(methods))
    if method is None:
        return f"Method={reader.text('Method')}"
    key = reader.read("SHKey", str)
    return AuthenticationSuite(
        method,
        authority=reader.text("CAName"),
        secret=None if key is None else Secret(key),
        map_to_account=reader.flag("CertAccountMapping"),
        exclude_authority=reader.flag("ExcludeCAName"),
        health_certificate=reader.flag("HealthCert"),
        signing=reader.versioned("OtherCertSigning", tokens.word(SIGNINGS)) or Signing.RSA,
        intermediate=reader.flag("IntermediateCA"),
        criteria=reader.text("CertCriteria"),
        allow_proxy=reader.flag("AllowProxy"),
        proxy_server=reader.text("ProxyServer"),
        skip_version=reader.text("SkipVersion"),
        unread=reader.rest(),
    )


def main_mode_set(id_: str, found: Iterable[Token], suites: Suites, origin: Origin = NOWHERE) -> MainModeCryptoSet:
    """Return the crypto set of phase 1; a suite that lacks a part is unread."""
    reader = TokenReader(found)
    name, description, context, version = (reader.text(text) for text in _TEXTS)
    minutes, sessions = reader.read("TimeOutMinutes", tokens.number), reader.read("TimeOutSessions", tokens.number)
    force_dh = reader.flag("DoNotSkipDH")
    read, unread = [], list(reader.rest())
    for label, of_suite in suites:
        suite = _main_mode_suite(TokenReader(of_suite))
        if isinstance(suite, MainModeSuite):
            read.append(suite)
        else:
            unread.append(Token(label, suite))
    return MainModeCryptoSet(
        id_,
        tuple(read),
        480 if minutes is None else minutes,
        sessions or 0,
        force_dh,
        name,
        description,
        context,
        version,
        tuple(unread),
        origin,
    )


def _main_mode_suite(reader: TokenReader) -> MainModeSuite | str:
    group = reader.versioned("KeyExchange", tokens.word(KEY_EXCHANGES))
    cipher = reader.versioned("Encryption", tokens.word(CIPHERS))
    digest = reader.versioned("Hash", tokens.word(HASHES))
    if group is None or cipher is None or digest is None:
        return _said(reader)
    return MainModeSuite(group, cipher, digest, reader.text("SkipVersion"), reader.rest())


def quick_mode_set(id_: str, found: Iterable[Token], suites: Suites, origin: Origin = NOWHERE) -> QuickModeCryptoSet:
    """Return the crypto set of phase 2; a suite that lacks its protocol or a hash that this needs is unread."""
    reader = TokenReader(found)
    name, description, context, version = (reader.text(text) for text in _TEXTS)
    pfs = reader.versioned("PFS", tokens.word(PFS_GROUPS)) or Pfs.NONE
    read, unread = [], list(reader.rest())
    for label, of_suite in suites:
        suite = _quick_mode_suite(TokenReader(of_suite))
        if isinstance(suite, QuickModeSuite):
            read.append(suite)
        else:
            unread.append(Token(label, suite))
    return QuickModeCryptoSet(id_, tuple(read), pfs, name, description, context, version, tuple(unread), origin)


def _quick_mode_suite(reader: TokenReader) -> QuickModeSuite | str:
    protocol = reader.versioned("Protocol", tokens.word(ENCAPSULATIONS))
    if protocol is None:
        return _said(reader)
    minutes, kilobytes = reader.read("TimeOutMinutes", tokens.number), reader.read("TimeOutKbytes", tokens.number)
    return QuickModeSuite(
        protocol,
        reader.versioned("Encryption", tokens.word(CIPHERS)) or Cipher.NONE,
        reader.versioned("AhHash", _hash_or_none),
        reader.versioned("EspHash", _hash_or_none),
        60 if minutes is None else minutes,
        100_000 if kilobytes is None else kilobytes,
        reader.text("SkipVersion"),
        reader.rest(),
    )


def _hash_or_none(text: str) -> Hash | None:
    return None if text.strip().lower() == "none" else tokens.word(HASHES)(text)


def _said(reader: TokenReader) -> str:
    return ", ".join(f"{name}={value}" for name, value in reader.rest())


def global_settings(found: Iterable[Token]) -> GlobalSettings:
    """Return the settings of a store; numbers are decimal text."""
    reader = TokenReader(found)
    exempt, strong, through_nat, idle = (
        reader.read(name, tokens.number) for name in ("IPsecExempt", "StrongCRLCheck", "IPsecThroughNAT", "SAIdlTime")
    )
    return GlobalSettings(exempt, strong, through_nat, idle, reader.rest())


def authentication_suite_tokens(suite: AuthenticationSuite) -> Iterator[Token]:
    """Yield the registry values of one suite, the preshared key in clear among them: for configurations only."""
    words = METHODS_1 if suite.method in METHODS_1.by_member else METHODS_2
    yield Token("Method", words.by_member[suite.method].token or "")
    if suite.authority:
        yield Token("CAName", suite.authority)
    if suite.secret is not None:
        yield Token("SHKey", suite.secret.reveal())
    flags = (
        ("CertAccountMapping", suite.map_to_account),
        ("ExcludeCAName", suite.exclude_authority),
        ("HealthCert", suite.health_certificate),
        ("IntermediateCA", suite.intermediate),
        ("AllowProxy", suite.allow_proxy),
    )
    yield from (Token(name, "TRUE") for name, is_set in flags if is_set)
    if suite.signing is not Signing.RSA:
        yield Token("OtherCertSigning", SIGNINGS.by_member[suite.signing].token or "")
    texts = (
        ("CertCriteria", suite.criteria),
        ("ProxyServer", suite.proxy_server),
        ("SkipVersion", suite.skip_version),
    )
    yield from (Token(*each) for each in texts if each[1])
    yield from suite.unread


def main_mode_suite_tokens(suite: MainModeSuite) -> Iterator[Token]:
    """Yield the registry values of one suite of phase 1."""
    yield _versioned("KeyExchange", KEY_EXCHANGES, suite.key_exchange)
    yield _versioned("Encryption", CIPHERS, suite.encryption)
    yield _versioned("Hash", HASHES, suite.hash)
    if suite.skip_version:
        yield Token("SkipVersion", suite.skip_version)
    yield from suite.unread


def quick_mode_suite_tokens(suite: QuickModeSuite) -> Iterator[Token]:
    """Yield the registry values of one suite of phase 2."""
    yield _versioned("Protocol", ENCAPSULATIONS, suite.encapsulation)
    yield _versioned("Encryption", CIPHERS, suite.encryption)
    if suite.ah_hash is not None:
        yield _versioned("AhHash", HASHES, suite.ah_hash)
    if suite.esp_hash is not None:
        yield _versioned("EspHash", HASHES, suite.esp_hash)
    yield Token("TimeOutMinutes", str(suite.lifetime_minutes))
    yield Token("TimeOutKbytes", str(suite.lifetime_kilobytes))
    if suite.skip_version:
        yield Token("SkipVersion", suite.skip_version)
    yield from suite.unread


def _versioned(name: str, words: Words[M], member: M) -> Token:
    row = words.by_member[member]
    return Token(f"{row.since}{name}", row.token or "")
