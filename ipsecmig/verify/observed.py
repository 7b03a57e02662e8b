"""What both sides of a comparison are brought to: what becomes of a packet in clear, and of one under an SA.

A policy's treatment says more than any one target does. A target's reader leaves None where its target does not
speak; several targets that a packet meets one after another are composed, each saying its part.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, fields, replace
from enum import Flag, auto

from ipsecmig.model.algorithms import DhGroup
from ipsecmig.model.authorities import canonical_name
from ipsecmig.model.policy import (
    AhTransform,
    AuthenticationMethod,
    Certificate,
    EspTransform,
    Kerberos,
    MainModeOffer,
    PresharedKey,
    QuickModeOffer,
    Secret,
    Transform,
)
from ipsecmig.model.space import Direction
from ipsecmig.model.treatment import Block, Conflict, Mode, Permit, Protect, Treatment, TunnelSense

Lifetime = tuple[int, int]
"""Seconds and kilobytes."""

WINDOWS_DEFAULT_LIFETIME: Lifetime = (3600, 100000)
"""What an offer's lifetimes of 0 stand for in Windows."""


@dataclass(frozen=True, slots=True)
class Protection:
    """What protects a packet; None where the target does not say.

    `protocols` are the security protocols of each acceptable SA (or bundle), as sets of `esp` and `ah`. `ends` are the
    outer addresses (local, remote) of a tunnel as numbers. `transforms` stand in order of preference; a group in
    `pfs_groups` is one that quick mode may use, the empty set means no PFS. `authentication` holds the words
    `kerberos`, `psk` and `certificate` in order of preference; `authority` is the root of a certificate. `lifetime` is
    the shortest of `offer_lifetimes`, which stand in the order of `transforms`.
    """

    mode: Mode | None = None
    sense: TunnelSense | None = None
    ends: tuple[int | None, int | None] | None = None
    protocols: frozenset[frozenset[str]] | None = None
    transforms: tuple[tuple[Transform, ...], ...] | None = None
    lifetime: Lifetime | None = None
    pfs_groups: frozenset[DhGroup] | None = None
    authentication: tuple[str, ...] | None = None
    preshared_key: Secret | None = None
    authority: str | None = None
    main_mode_offers: tuple[MainModeOffer, ...] | None = None
    main_mode_seconds: int | None = None
    offer_lifetimes: tuple[Lifetime, ...] | None = None
    quick_mode_limit: int | None = None
    main_mode_pfs: bool | None = None


class Slack(Flag):
    """How a target may differ because a loss already says so by name: `WEAKENS` protects otherwise, and never clear."""

    NONE = 0
    CLOSES = auto()
    OPENS = auto()
    WEAKENS = auto()


@dataclass(frozen=True, slots=True)
class Observed:
    """What becomes of a packet.

    `clear` says whether it passes as it is. `protection` says under what it passes protected; None means that it
    does not, or need not, pass so. `slack` is what a comparison forgives here. `others` are what may become of it just
    as well, where it is not known which: filters of a target that is a Windows policy are in conflict there.
    """

    clear: bool
    protection: Protection | None = None
    slack: Slack = Slack.NONE
    others: frozenset[Observed] = frozenset()

    @property
    def alternatives(self) -> tuple[Observed, ...]:
        """Everything that may become of the packet, each by itself."""
        return (replace(self, others=frozenset()), *self.others) if self.others else (self,)


PASSES = Observed(True)
DROPPED = Observed(False)
LEFT_OUT = Observed(False, slack=Slack.CLOSES | Slack.OPENS)
"""Packets of which nothing is claimed."""


def expected(treatment: Treatment, direction: Direction) -> Observed:
    """Return what the policy's `treatment` makes of packets in `direction`.

    Where clear packets are let in, protected ones are too: nothing more can be asked of what comes in. A forwarded
    packet also leaves, and what leaves must be protected whatever is let in.
    """
    if isinstance(treatment, Permit):
        return PASSES
    if isinstance(treatment, Block):
        return DROPPED
    if isinstance(treatment, Conflict):
        return LEFT_OUT
    if direction is Direction.OUT:
        return Observed(treatment.fallback_to_clear, expected_protection(treatment))
    let_in = direction is Direction.IN and treatment.accept_clear_inbound
    return PASSES if let_in else Observed(False, expected_protection(treatment))


def one_of(alternatives: Iterable[Observed]) -> Observed:
    """Return what becomes of a packet that meets one of `alternatives`, nobody knows which; the most open stands first.

    Raises ValueError without any.
    """
    first, *rest = sorted(frozenset(alternatives), key=lambda o: (not o.clear, o.protection is None, repr(o)))
    return replace(first, others=frozenset(rest))


def possible(treatment: Treatment, direction: Direction) -> Observed:
    """Return what a target that is a policy makes of packets that meet `treatment`; for a conflict all that it may."""
    if not isinstance(treatment, Conflict):
        return expected(treatment, direction)
    return one_of(expected(candidate, direction) for candidate in treatment.candidates)


def expected_protection(treatment: Protect) -> Protection:
    """Return everything that `treatment` says about the SAs it asks for."""
    tunnel, methods = treatment.tunnel, treatment.authentication
    return Protection(
        mode=treatment.mode,
        sense=tunnel.sense if tunnel else None,
        ends=(
            (tunnel.local.first if tunnel.local else None, tunnel.remote.first if tunnel.remote else None)
            if tunnel
            else None
        ),
        protocols=protocols_of(tuple(o.transforms for o in treatment.offers)),
        transforms=tuple(o.transforms for o in treatment.offers),
        lifetime=_lifetime(treatment.offers),
        pfs_groups=_pfs_groups(treatment),
        authentication=tuple(_kind(m) for m in methods),
        preshared_key=next((m.secret for m in methods if isinstance(m, PresharedKey)), None),
        authority=next(
            (canonical_name(m.authority) for m in treatment.authentication if isinstance(m, Certificate)), None
        ),
        main_mode_offers=treatment.main_mode.offers,
        main_mode_seconds=treatment.main_mode.lifetime_seconds,
        offer_lifetimes=tuple(map(_offer_lifetime, treatment.offers)),
        quick_mode_limit=treatment.main_mode.quick_mode_limit,
        main_mode_pfs=treatment.main_mode.perfect_forward_secrecy,
    )


def _kind(method: AuthenticationMethod) -> str:
    match method:
        case Kerberos():
            return "kerberos"
        case PresharedKey():
            return "psk"
        case Certificate():
            return "certificate"


def protocols_of(transforms: tuple[tuple[Transform, ...], ...]) -> frozenset[frozenset[str]]:
    """Return which combinations of ESP and AH the offers ask for."""
    return frozenset(frozenset(_protocol(t) for t in offer) for offer in transforms)


def _protocol(transform: Transform) -> str:
    match transform:
        case EspTransform():
            return "esp"
        case AhTransform():
            return "ah"


def _lifetime(offers: tuple[QuickModeOffer, ...]) -> Lifetime | None:
    """Return the smallest lifetimes of `offers`: an SA under any of them may not live longer."""
    if not offers:
        return None
    seconds, kilobytes = zip(*map(_offer_lifetime, offers), strict=True)
    return min(seconds), min(kilobytes)


def _offer_lifetime(offer: QuickModeOffer) -> Lifetime:
    seconds, kilobytes = WINDOWS_DEFAULT_LIFETIME
    return offer.lifetime_seconds or seconds, offer.lifetime_kilobytes or kilobytes


def _pfs_groups(treatment: Protect) -> frozenset[DhGroup]:
    if not treatment.pfs:
        return frozenset()
    if treatment.pfs_group is not None:
        return frozenset({treatment.pfs_group})
    return frozenset(o.group for o in treatment.main_mode.offers)


def compose(first: Observed, second: Observed) -> Observed:
    """Return what becomes of a packet that meets both, for example a packet filter and then the kernel's policies."""
    if first.others or second.others:
        return one_of(compose(one, other) for one in first.alternatives for other in second.alternatives)
    clear = first.clear and second.clear
    if first.protection is None and second.protection is None:
        return Observed(clear)
    if (first.protection is None and not first.clear) or (second.protection is None and not second.clear):
        return Observed(clear)
    return Observed(clear, _merge(first.protection, second.protection))


def _merge(first: Protection | None, second: Protection | None) -> Protection:
    said, other = first or Protection(), second or Protection()
    missing = {f.name: getattr(other, f.name) for f in fields(Protection) if getattr(said, f.name) is None}
    return replace(said, **missing)


def agrees(source: Observed, target: Observed) -> bool:
    """Whether the target does what the source does, as far as it speaks, or differs only as a loss says.

    Of what a target may do, it must all agree.
    """
    if target.others:
        return all(agrees(source, alternative) for alternative in target.alternatives)
    if _same(source, target):
        return True
    return bool(_slack_wanted(source, target) & (source.slack | target.slack))


def _slack_wanted(source: Observed, target: Observed) -> Slack:
    if not opens(source, target):
        return Slack.CLOSES
    both_protect = source.protection is not None and target.protection is not None
    return Slack.OPENS | Slack.WEAKENS if both_protect and not target.clear else Slack.OPENS


def _same(source: Observed, target: Observed) -> bool:
    if source.clear != target.clear or (source.protection is None) != (target.protection is None):
        return False
    return (
        source.protection is None
        or target.protection is None
        or not disagreements(source.protection, target.protection)
    )


def disagreements(source: Protection, target: Protection) -> tuple[str, ...]:
    """Return the names of the fields about which both speak and differ; the lifetimes of each offer say all of them."""
    pairs = ((f.name, getattr(source, f.name), getattr(target, f.name)) for f in fields(Protection))
    names = tuple(n for n, mine, theirs in pairs if mine is not None and theirs is not None and mine != theirs)
    return tuple(n for n in names if n != "lifetime") if "offer_lifetimes" in names else names


def opens(source: Observed, target: Observed) -> bool:
    """Whether the target lets through what the source does not, or does not protect it as the source asks; or may."""
    if target.others:
        return any(opens(source, alternative) for alternative in target.alternatives)
    if target.clear and not source.clear:
        return True
    if target.protection is None:
        return target.clear and source.protection is not None
    if source.protection is None:
        return not source.clear
    return not target.clear and bool(disagreements(source.protection, target.protection))
