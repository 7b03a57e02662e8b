"""What protects packets: authentication, offers, forward secrecy and main mode, with the troubles of each."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Final

from ipsecmig.consec.defaults import DEFAULT_MAIN_MODE
from ipsecmig.consec.objects import (
    AuthenticationSet,
    AuthenticationSuite,
    MainModeCryptoSet,
    QuickModeCryptoSet,
    QuickModeSuite,
)
from ipsecmig.consec.vocabulary import Pfs, RuleAction
from ipsecmig.emit.common import CLOSED, OPEN
from ipsecmig.emit.connection_rules import words
from ipsecmig.emit.connection_rules.troubles import Trouble, Troubles
from ipsecmig.model.attributes import AttributeKind
from ipsecmig.model.policy import AuthenticationMethod, FilterAction, Policy, PresharedKey, QuickModeOffer, Rule
from ipsecmig.model.targets import LossKind

Refusal = Callable[[Sequence[AuthenticationSuite]], str]
"""Why a target cannot say the suites of an authentication set in their order; empty where it can."""

_PEERS: Final = "agree with the peers on something that Windows Firewall has"


@dataclass(slots=True)
class Sets:
    """The sets that rules name, each once, numbered in the order in which they are first needed."""

    refusal: Refusal
    troubles: Troubles
    authentication: dict[tuple[AuthenticationSuite, ...], AuthenticationSet] = field(default_factory=dict)
    quick_mode: dict[tuple[tuple[QuickModeSuite, ...], Pfs], QuickModeCryptoSet] = field(default_factory=dict)

    def first(self, rule: Rule) -> AuthenticationSet | None:
        """Return the authentication of `rule`, None where nothing of it can be said."""
        said: list[AuthenticationSuite] = []
        for method in dict.fromkeys(rule.authentication):
            suite = words.authentication_suite(method)
            reason = self._refused(method, suite, said)
            if reason:
                self._lose(rule, method, reason)
            else:
                said.append(suite)
        if not said:
            return None
        key = tuple(said)
        return self.authentication.setdefault(key, AuthenticationSet(f"auth{len(self.authentication) + 1}", 1, key))

    def _refused(
        self, method: AuthenticationMethod, suite: AuthenticationSuite, said: list[AuthenticationSuite]
    ) -> str:
        if isinstance(method, PresharedKey):
            if method.secret is None:
                return "the source does not hold the preshared key"
            if any(one.secret is not None for one in said):
                return "a set of authentication methods has one preshared key"
        return self.refusal([*said, suite])

    def _lose(self, rule: Rule, method: AuthenticationMethod, reason: str) -> None:
        advice = "authenticate by something else, or complete the rule by hand"
        trouble = Trouble(LossKind.NEEDS_HUMAN, CLOSED, reason, advice)
        self.troubles.add(rule, AttributeKind.RULE_AUTHENTICATION, trouble, method)

    def crypto(self, action: FilterAction) -> QuickModeCryptoSet | None:
        """Return the offers of `action`, None where none can be said."""
        suites = tuple(s for s in map(words.quick_mode_suite, action.offers) if s is not None)
        self._offers(action, len(suites))
        if not suites:
            return None
        self._lifetimes(action)
        pfs = words.pfs(action.pfs, action.pfs_group)
        if pfs is None:
            reason = f"Windows Firewall has no word for the group {action.pfs_group.name if action.pfs_group else ''}"
            trouble = Trouble(LossKind.NEEDS_HUMAN, CLOSED, reason, "check that the peers accept that of main mode")
            self.troubles.add(action, AttributeKind.ACTION_PFS, trouble)
            pfs = Pfs.MAIN_MODE
        key = (suites, pfs)
        return self.quick_mode.setdefault(key, QuickModeCryptoSet(f"quick{len(self.quick_mode) + 1}", suites, pfs))

    def _offers(self, action: FilterAction, said: int) -> None:
        if not said:
            reason = "Windows Firewall can say none of the offers"
            self.troubles.withhold(action, AttributeKind.ACTION_ACTION, reason, opens=True, advice=_PEERS)
            self.troubles.withhold(action, AttributeKind.ACTION_OFFERS, reason, opens=True, advice=_PEERS)
        elif said < len(action.offers):
            reason = "Windows Firewall has no word for some of the offers, which are left out"
            self.troubles.add(action, AttributeKind.ACTION_OFFERS, Trouble(LossKind.NARROWED, CLOSED, reason, _PEERS))
        elif any(map(words.has_two_hashes, action.offers)):
            reason = "AH and ESP of one offer have the same hash in Windows Firewall: ESP gets that of AH"
            self.troubles.add(
                action, AttributeKind.ACTION_OFFERS, Trouble(LossKind.NEEDS_HUMAN, CLOSED, reason, _PEERS)
            )

    def _lifetimes(self, action: FilterAction) -> None:
        pairs = [pair for offer in action.offers for pair in _lifetimes(offer)]
        changed = [(stated, said) for stated, said in pairs if stated != said]
        if not changed:
            return
        reason = (
            f"lifetimes are whole minutes from {words.MINUTES[0]} to {words.MINUTES[1]}, and {words.KILOBYTES[0]} to"
            f" {words.KILOBYTES[1]} kilobytes"
        )
        self.troubles.add(action, AttributeKind.ACTION_LIFETIMES, _rounded(changed, reason))

    def action(self, action: FilterAction, *, tunnel: bool) -> RuleAction:
        """Return what a rule asks of what comes in and goes out; where there is no word for it, the closed side."""
        soft, inbound = action.soft and not tunnel, action.inbound_passthrough and not tunnel
        if tunnel:
            reason = "a tunnel of Windows Firewall is required in both directions"
        else:
            reason = "Windows Firewall requests protection inbound only where it requests it outbound too"
            inbound = inbound and soft
        self._narrowed(action, AttributeKind.ACTION_SOFT, reason, is_lost=action.soft and not soft)
        lost = action.inbound_passthrough and not inbound
        self._narrowed(action, AttributeKind.ACTION_INBOUND_PASSTHROUGH, reason, is_lost=lost)
        if inbound:
            return RuleAction.REQUEST_BOTH
        return RuleAction.REQUIRE_IN_REQUEST_OUT if soft else RuleAction.REQUIRE_BOTH

    def _narrowed(self, action: FilterAction, about: AttributeKind, reason: str, *, is_lost: bool) -> None:
        if is_lost:
            advice = "exempt the peers that do not speak IPsec, or request protection in both directions"
            self.troubles.add(action, about, Trouble(LossKind.NARROWED, CLOSED, reason, advice))


def _lifetimes(offer: QuickModeOffer) -> tuple[tuple[int, int], ...]:
    minutes, kilobytes = words.sayable_lifetimes(offer)
    return (
        (offer.lifetime_seconds or words.DEFAULT_MINUTES * 60, minutes * 60),
        (offer.lifetime_kilobytes or words.DEFAULT_KILOBYTES, kilobytes),
    )


def _rounded(changed: Sequence[tuple[int, int]], reason: str) -> Trouble:
    """Return the trouble of numbers that come out otherwise than stated: keys that live longer are the open side."""
    is_longer = any(said > stated for stated, said in changed)
    kind, direction = (LossKind.WIDENED, OPEN) if is_longer else (LossKind.NARROWED, CLOSED)
    return Trouble(kind, direction, reason, "check that the peers accept the lifetimes in the script")


def main_mode(policy: Policy, troubles: Troubles) -> MainModeCryptoSet | None:
    """Return the main mode of the host, None where no offer can be said. It has no master key PFS of its own name."""
    main = policy.main_mode
    suites = tuple(s for s in map(words.main_mode_suite, main.offers) if s is not None)
    if len(suites) < len(main.offers) or not suites:
        reason = "Windows Firewall has no word for some of the offers, which are left out"
        if not suites:
            reason = "Windows Firewall can say none of the offers of main mode, and keeps its own"
        trouble = Trouble(LossKind.NARROWED if suites else LossKind.NEEDS_HUMAN, CLOSED, reason, _PEERS)
        troubles.add(policy, AttributeKind.MAIN_MODE_OFFERS, trouble)
    minutes = words.main_mode_minutes(main.lifetime_seconds)
    if minutes * 60 != main.lifetime_seconds:
        changed = [(main.lifetime_seconds or 28_800, minutes * 60)]
        reason = f"main mode lives for whole minutes from {words.MAIN_MODE_MINUTES[0]} to {words.MAIN_MODE_MINUTES[1]}"
        troubles.add(policy, AttributeKind.MAIN_MODE_LIFETIME, _rounded(changed, reason))
    sessions = 1 if main.perfect_forward_secrecy else main.quick_mode_limit
    if main.perfect_forward_secrecy:
        reason = "Windows Firewall has no switch for master key PFS; main mode serves one quick mode, which is the same"
        trouble = Trouble(LossKind.NARROWED, CLOSED, reason, "nothing needs to be done")
        troubles.add(policy, AttributeKind.MAIN_MODE_PFS, trouble)
    if sessions != main.quick_mode_limit:
        reason = "main mode serves one quick mode, as master key PFS demands"
        trouble = Trouble(LossKind.NARROWED, CLOSED, reason, "nothing needs to be done")
        troubles.add(policy, AttributeKind.MAIN_MODE_QUICK_MODE_LIMIT, trouble)
    return MainModeCryptoSet(DEFAULT_MAIN_MODE, suites, minutes, sessions) if suites else None
