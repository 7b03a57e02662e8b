"""Rules from tokens, and tokens from rules ([MS-GPFAS] 2.2.6.2; main mode rules alike)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from ipsecmig.consec import tokens
from ipsecmig.consec.objects import (
    FIRST_VERSION,
    ConnectionSecurityRule,
    EndpointAddress,
    Flag,
    KeywordAddress,
    MainModeRule,
    RuleScope,
    Token,
    TunnelEnds,
    Version,
)
from ipsecmig.consec.tokens import TokenReader
from ipsecmig.consec.vocabulary import (
    ACTIONS,
    ADDRESS_KEYWORDS,
    INTERFACE_TYPES,
    KEY_MODULES,
    PROFILES,
    RuleAction,
)
from ipsecmig.diagnostics import NOWHERE, Origin
from ipsecmig.model.selectors import AddressRange, Family, PortRange

_DYNAMIC = (
    "RTunnel4_2",
    "RTunnel6_2",
    "LTunnel4_2",
    "LTunnel6_2",
    "RTunnelFqdn",
    "RTunEndpts4",
    "RTunEndpts6",
)
"""The tokens of tunnels whose ends are found when they are needed."""


def parse_rule(text: str, id_: str, origin: Origin = NOWHERE) -> ConnectionSecurityRule:
    """Return the rule of the registry string `text`. Raises ValueError where it does not begin with a version."""
    version, found = tokens.split(text)
    return rule_from_tokens(found, id_, version, origin)


def rule_from_tokens(
    found: Iterable[Token], id_: str, version: Version | None = None, origin: Origin = NOWHERE
) -> ConnectionSecurityRule:
    """Return the rule of `found`; a token `Version` counts where `version` is not given.

    What is unknown, unreadable or repeated where it must not be is kept in `unread`.
    """
    reader = TokenReader(found)
    stated = reader.read("Version", tokens.version)
    return ConnectionSecurityRule(
        id_,
        name=reader.text("Name"),
        action=_action(reader),
        active=reader.flag("Active"),
        scope=_scope(reader),
        protocol=reader.read("Protocol", tokens.protocol),
        ports1=reader.each({"EP1Port": tokens.port, "EP1Port2_10": tokens.ports}),
        ports2=reader.each({"EP2Port": tokens.port, "EP2Port2_10": tokens.ports}),
        interfaces=reader.each({"IF": str}),
        interface_types=reader.each({"IFType": tokens.word(INTERFACE_TYPES)}),
        auth1_set=reader.text("Auth1Set"),
        auth2_set=reader.text("Auth2Set"),
        crypto2_set=reader.text("Crypto2Set"),
        tunnel=_tunnel(reader),
        key_modules=reader.each({"KeyMod": tokens.word(KEY_MODULES)}),
        flags=frozenset(flag for flag in Flag if reader.flag(flag.value)),
        forward_lifetime=reader.read("FwdLifetime", tokens.number),
        machine_authorization=reader.text("TransportMachineAuthzSDDL"),
        user_authorization=reader.text("TransportUserAuthzSDDL"),
        description=reader.text("Desc"),
        context=reader.text("EmbedCtxt"),
        version=version or stated or FIRST_VERSION,
        unread=reader.rest(),
        origin=origin,
    )


def _action(reader: TokenReader) -> RuleAction | None:
    action = reader.read("Action", tokens.word(ACTIONS))
    if action is RuleAction.REQUIRE_BOTH:
        return RuleAction.REQUIRE_IN_CLEAR_OUT if reader.flag("SecureInClearOut") else action
    reader.read("SecureInClearOut", _false)
    return action


def _false(text: str) -> bool:
    if tokens.boolean(text):
        raise ValueError("means something beside `Action=Secure` only")
    return False


def _scope(reader: TokenReader) -> RuleScope:
    ipv4, ipv6 = tokens.endpoint(Family.IPV4), tokens.endpoint(Family.IPV6)
    return RuleScope(
        profiles=reader.each({"Profile": tokens.word(PROFILES)}),
        endpoint1=reader.each({"EP1_4": ipv4, "EP1_6": ipv6}),
        endpoint2=reader.each({"EP2_4": ipv4, "EP2_6": ipv6}),
        platforms=reader.each({"Platform": str}),
        platform_operator=reader.text("Platform2"),
        skip_version=reader.text("SkipVer"),
    )


def _tunnel(reader: TokenReader) -> TunnelEnds:
    def ipv4(text: str) -> AddressRange:
        return tokens.address(text, Family.IPV4)

    def ipv6(text: str) -> AddressRange:
        return tokens.address(text, Family.IPV6)

    dynamic = tuple(Token(name, value) for name in _DYNAMIC for value in reader.each({name: str}))
    return TunnelEnds(
        reader.each({"LTunnel4": ipv4, "LTunnel6": ipv6}), reader.each({"RTunnel4": ipv4, "RTunnel6": ipv6}), dynamic
    )


def parse_main_mode_rule(text: str, id_: str, origin: Origin = NOWHERE) -> MainModeRule:
    """Return the main mode rule of a registry string. Raises ValueError where it does not begin with a version."""
    version, found = tokens.split(text)
    return main_mode_rule_from_tokens(found, id_, version, origin)


def main_mode_rule_from_tokens(
    found: Iterable[Token], id_: str, version: Version | None = None, origin: Origin = NOWHERE
) -> MainModeRule:
    """Return the main mode rule of `found`, as `rule_from_tokens` does."""
    reader = TokenReader(found)
    stated = reader.read("Version", tokens.version)
    values = {name: reader.text(name) for name in ("Name", "Auth1Set", "Crypto1Set", "Desc", "EmbedCtxt")}
    active, scope = reader.flag("Active"), _scope(reader)
    return MainModeRule(
        id_,
        values["Name"],
        active,
        scope,
        values["Auth1Set"],
        values["Crypto1Set"],
        values["Desc"],
        values["EmbedCtxt"],
        version or stated or FIRST_VERSION,
        reader.rest(),
        origin,
    )


def format_rule(rule: ConnectionSecurityRule) -> str:
    """Return the registry string of `rule`. Raises ValueError for a `|` in a value, which has no escape."""
    return tokens.join(rule.version, rule_tokens(rule))


def rule_tokens(rule: ConnectionSecurityRule) -> Iterator[Token]:
    """Yield the tokens of `rule`; what it does not say is left out."""
    if rule.action is not None:
        yield from action_tokens(rule.action)
    yield Token("Active", "TRUE" if rule.active else "FALSE")
    yield from _scope_tokens(rule.scope)
    if rule.protocol is not None:
        yield Token("Protocol", str(rule.protocol))
    yield from _port_tokens("EP1Port", rule.ports1)
    yield from _port_tokens("EP2Port", rule.ports2)
    yield from (Token("IF", guid) for guid in rule.interfaces)
    yield from (Token("IFType", INTERFACE_TYPES.by_member[kind].token or "") for kind in rule.interface_types)
    sets = (("Auth1Set", rule.auth1_set), ("Auth2Set", rule.auth2_set), ("Crypto2Set", rule.crypto2_set))
    yield from (Token(*each) for each in sets if each[1])
    yield from _tunnel_tokens(rule.tunnel)
    yield from (Token("KeyMod", KEY_MODULES.by_member[module].token or "") for module in rule.key_modules)
    yield from (Token(flag.value, "TRUE") for flag in Flag if flag in rule.flags)
    if rule.forward_lifetime is not None:
        yield Token("FwdLifetime", str(rule.forward_lifetime))
    texts = (
        ("TransportMachineAuthzSDDL", rule.machine_authorization),
        ("TransportUserAuthzSDDL", rule.user_authorization),
        ("Name", rule.name),
        ("Desc", rule.description),
        ("EmbedCtxt", rule.context),
    )
    yield from (Token(*each) for each in texts if each[1])
    yield from rule.unread


def action_tokens(action: RuleAction) -> Iterator[Token]:
    """Yield the tokens of `action`: its word, and the flag that tells the two of `Secure` apart."""
    yield Token("Action", ACTIONS.by_member[action].token or "")
    if action is RuleAction.REQUIRE_IN_CLEAR_OUT:
        yield Token("SecureInClearOut", "TRUE")


def main_mode_rule_tokens(rule: MainModeRule) -> Iterator[Token]:
    """Yield the tokens of `rule`; what it does not say is left out."""
    yield Token("Active", "TRUE" if rule.active else "FALSE")
    yield from _scope_tokens(rule.scope)
    texts = (
        ("Auth1Set", rule.auth1_set),
        ("Crypto1Set", rule.crypto1_set),
        ("Name", rule.name),
        ("Desc", rule.description),
        ("EmbedCtxt", rule.context),
    )
    yield from (Token(*each) for each in texts if each[1])
    yield from rule.unread


def _scope_tokens(scope: RuleScope) -> Iterator[Token]:
    yield from (Token("Profile", PROFILES.by_member[profile].token or "") for profile in scope.profiles)
    yield from (_endpoint_token("EP1", each) for each in scope.endpoint1)
    yield from (_endpoint_token("EP2", each) for each in scope.endpoint2)
    yield from (Token("Platform", platform) for platform in scope.platforms)
    if scope.platform_operator:
        yield Token("Platform2", scope.platform_operator)
    if scope.skip_version:
        yield Token("SkipVer", scope.skip_version)


def _endpoint_token(side: str, address: EndpointAddress) -> Token:
    if isinstance(address, KeywordAddress):
        return Token(f"{side}_{address.family.value}", ADDRESS_KEYWORDS.by_member[address.keyword].token or "")
    return Token(f"{side}_{address.family.value}", address.text())


def _port_tokens(name: str, ports: tuple[PortRange, ...]) -> Iterator[Token]:
    for each in ports:
        if each.first == each.last:
            yield Token(name, str(each.first))
        else:
            yield Token(f"{name}2_10", f"{each.first}-{each.last}")


def _tunnel_tokens(tunnel: TunnelEnds) -> Iterator[Token]:
    yield from (Token(f"LTunnel{end.family.value}", end.text()) for end in tunnel.local)
    yield from (Token(f"RTunnel{end.family.value}", end.text()) for end in tunnel.remote)
    yield from tunnel.dynamic
