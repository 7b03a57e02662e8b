"""Collects the Windows Firewall extension of one group policy object, element by element, into a store."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final

from ipsecmig.consec.defaults import (
    DEFAULT_AUTHENTICATION_1,
    DEFAULT_AUTHENTICATION_2,
    DEFAULT_MAIN_MODE,
    DEFAULT_QUICK_MODE,
)
from ipsecmig.consec.objects import (
    AuthenticationSet,
    ConnectionSecurityRule,
    ConsecStore,
    MainModeCryptoSet,
    MainModeRule,
    QuickModeCryptoSet,
    Refused,
    Token,
)
from ipsecmig.consec.rules import main_mode_rule_from_tokens, rule_from_tokens
from ipsecmig.consec.sets import authentication_set, global_settings, main_mode_set, quick_mode_set
from ipsecmig.diagnostics import Diagnostic, Origin
from ipsecmig.dialects.gpo_report import messages
from ipsecmig.dialects.gpo_report.elements import precedence, rule_tokens, set_tokens, suites, value_of
from ipsecmig.dialects.xml_input.nodes import Node, verbatim

_DEFAULTS: Final[Mapping[str, str]] = {
    "DefaultPhase1AuthenticationSet": DEFAULT_AUTHENTICATION_1,
    "DefaultPhase2AuthenticationSet": DEFAULT_AUTHENTICATION_2,
    "DefaultPhase1CryptoSet": DEFAULT_MAIN_MODE,
    "Phase1CryptoSet": DEFAULT_MAIN_MODE,
    "Phase1CryptoSets": DEFAULT_MAIN_MODE,
    "DefaultPhase2CryptoSet": DEFAULT_QUICK_MODE,
}
_PROFILES: Final[Mapping[str, str]] = {
    "DomainProfile": "domain",
    "PrivateProfile": "private",
    "PublicProfile": "public",
}
_ABOUT_IPSEC: Final = ("ipsec", "crl", "saidl", "presharedkey", "authorization", "authz", "tunnel", "transport")
_AUTHENTICATED: Final = "a firewall rule that depends on who the peer was authenticated as"
_NO_SET: Final = "a set that nothing can refer to: it has no GUID"
_ELSEWHERE: Final = "the element is not known; `netsh advfirewall consec show rule name=all verbose` says what it is"


@dataclass(slots=True)
class Firewall:
    """What the firewall settings of one group policy object say. `gpo` is its name.

    The results of `gpresult` have no name; `winners` are the identifiers of the objects that their settings are of.
    """

    file: str
    gpo: str = ""
    winners: dict[str, None] = field(default_factory=dict)
    rules: list[ConnectionSecurityRule] = field(default_factory=list)
    main_mode_rules: list[MainModeRule] = field(default_factory=list)
    authentication_sets: list[AuthenticationSet] = field(default_factory=list)
    main_mode_sets: list[MainModeCryptoSet] = field(default_factory=list)
    quick_mode_sets: list[QuickModeCryptoSet] = field(default_factory=list)
    settings: list[Token] = field(default_factory=list)
    substitutes: list[Token] = field(default_factory=list)
    refused: list[Refused] = field(default_factory=list)
    merged: list[str] = field(default_factory=list)
    firewall_rules: int = 0
    said: list[Diagnostic] = field(default_factory=list)

    def take(self, node: Node) -> None:
        """Take one child of the extension."""
        rank = precedence(node)
        if rank > 1:
            gpo = node.value("GPO", "Identifier") or "a group policy object"
            name = node.value("Name") or node.name
            self.said.append(messages.OVERRULED.say(self._origin(node), name=name, gpo=gpo, precedence=rank))
            return
        if node.value("GPO", "Identifier"):
            self.winners[node.value("GPO", "Identifier").lower()] = None
        reader = _READERS.get(node.name)
        if reader is not None:
            reader(self, node)
            return
        self.said.append(messages.UNKNOWN.say(self._origin(node), name=node.name))
        self.refused.append(Refused(verbatim(node), _ELSEWHERE, self._origin(node)))

    def _origin(self, node: Node) -> Origin:
        return Origin(self.file, node.line)

    @property
    def is_empty(self) -> bool:
        """Whether nothing in it bears on IPsec."""
        sets = (self.authentication_sets, self.main_mode_sets, self.quick_mode_sets)
        return not (self.rules or self.main_mode_rules or any(sets) or self.refused)

    def store(self) -> ConsecStore:
        """Return everything that was taken."""
        return ConsecStore(
            tuple(self.rules),
            tuple(self.main_mode_rules),
            tuple(self.authentication_sets),
            tuple(self.main_mode_sets),
            tuple(self.quick_mode_sets),
            global_settings(self.settings),
            tuple(self.substitutes),
            tuple(self.refused),
            (self.file,),
        )

    def _rule(self, node: Node) -> None:
        for one in _each(node):
            id_ = one.value("GUID") or f"rule {len(self.rules) + 1}"
            self.rules.append(rule_from_tokens(_without_id(one), id_, None, self._origin(one)))

    def _main_mode_rule(self, node: Node) -> None:
        for one in _each(node):
            id_ = one.value("GUID") or f"main mode rule {len(self.main_mode_rules) + 1}"
            self.main_mode_rules.append(main_mode_rule_from_tokens(_without_id(one), id_, None, self._origin(one)))

    def _authentication_1(self, node: Node) -> None:
        self._authentication(node, 1)

    def _authentication_2(self, node: Node) -> None:
        self._authentication(node, 2)

    def _authentication(self, node: Node, phase: int) -> None:
        id_ = self._id(node)
        if id_:
            made = authentication_set(id_, phase, set_tokens(node), suites(node), self._origin(node))
            self.authentication_sets.append(made)

    def _main_mode_set(self, node: Node) -> None:
        id_ = self._id(node)
        if id_:
            self.main_mode_sets.append(main_mode_set(id_, set_tokens(node), suites(node), self._origin(node)))

    def _quick_mode_set(self, node: Node) -> None:
        id_ = self._id(node)
        if id_:
            self.quick_mode_sets.append(quick_mode_set(id_, set_tokens(node), suites(node), self._origin(node)))

    def _id(self, node: Node) -> str:
        """Return the identifier of a set, and note which one stands for a default; empty where there is no set."""
        default = _DEFAULTS.get(node.name, "")
        is_named_only = not node.children or (len(node.children) == 1 and node.children[0].name == "Value")
        named = value_of(node) if is_named_only else node.value("GUID")
        if default and named and named.lower() != default.lower():
            self.substitutes.append(Token(default, named))
        if is_named_only and default and named:
            return ""
        if is_named_only or not (named or default):
            self.refused.append(Refused(verbatim(node), _NO_SET, self._origin(node)))
            return ""
        return named or default

    def _global(self, node: Node) -> None:
        for one in node.children:
            if any(word in one.name.lower() for word in _ABOUT_IPSEC):
                self.settings.append(Token(one.name, value_of(one)))

    def _profile(self, node: Node) -> None:
        merge = node.child("AllowLocalIPsecPolicyMerge")
        if merge is None or value_of(merge).lower() != "false":
            self.merged.append(_PROFILES[node.name])

    def _firewall_rule(self, node: Node) -> None:
        """Count a firewall rule; one that lets in who was authenticated belongs to the connection security rules."""
        self.firewall_rules += 1
        security = next((one.text for one in node.children if one.name.startswith("Security") and one.text), "")
        bypass = node.value("Action").lower() == "bypass"
        if (security or bypass) and node.value("Active").lower() != "false":
            name, asked = node.value("Name"), security or "bypass"
            self.said.append(messages.SECURE_ONLY.say(self._origin(node), name=name, security=asked))
            self.refused.append(Refused(f'firewall rule "{name}"', _AUTHENTICATED, self._origin(node)))


def _each(node: Node) -> Iterator[Node]:
    """Yield the rules of an element: it is one, or it is the list of them."""
    inner = [one for one in node.children if one.child("Action") or one.child("Active")]
    yield from inner or (node,)


def _without_id(node: Node) -> tuple[Token, ...]:
    return tuple(token for token in rule_tokens(node) if token.name != "GUID")


_READERS: Final[Mapping[str, Callable[[Firewall, Node], None]]] = {
    "ConnectionSecurityRules": Firewall._rule,
    "MainModeRules": Firewall._main_mode_rule,
    "Phase1AuthenticationSets": Firewall._authentication_1,
    "Phase2AuthenticationSets": Firewall._authentication_2,
    "DefaultPhase1AuthenticationSet": Firewall._authentication_1,
    "DefaultPhase2AuthenticationSet": Firewall._authentication_2,
    "Phase1CryptoSets": Firewall._main_mode_set,
    "Phase1CryptoSet": Firewall._main_mode_set,
    "DefaultPhase1CryptoSet": Firewall._main_mode_set,
    "Phase2CryptoSets": Firewall._quick_mode_set,
    "DefaultPhase2CryptoSet": Firewall._quick_mode_set,
    "GlobalSettings": Firewall._global,
    "DomainProfile": Firewall._profile,
    "PrivateProfile": Firewall._profile,
    "PublicProfile": Firewall._profile,
    "InboundFirewallRules": Firewall._firewall_rule,
    "OutboundFirewallRules": Firewall._firewall_rule,
}
