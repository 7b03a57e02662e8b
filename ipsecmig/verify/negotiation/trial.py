"""One case negotiated from one side: what was agreed, or why not."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from ipsecmig.ike.events import ChildEstablished, Established
from ipsecmig.ike.wire.numbers import NotifyNumber
from ipsecmig.model.algorithms import DhGroup
from ipsecmig.model.offers import Change, Contrast, Row, contrasts, main_mode_rows, quick_mode_rows, smallest_change
from ipsecmig.model.space import Direction, Packet
from ipsecmig.verify.negotiation.conversation import Conversation, RandomOctets, Stop, converse
from ipsecmig.verify.negotiation.packets import why_not_passed
from ipsecmig.verify.negotiation.parties import CERTIFICATE, Parties, PfsGroups
from ipsecmig.verify.negotiation.result import Agreement, Lifetime, Mismatch, Side, Stage
from ipsecmig.verify.negotiation.traffic import Selector, turned

_OTHER_TRAFFIC: Final = NotifyNumber.INVALID_ID_INFORMATION

_NOT_SHOWN: Final = "a key (not shown)"
_ANOTHER: Final = "another key (not shown)"


def attempt(
    parties: Parties, method: str, beginner: Side, witness: Packet, random: RandomOctets
) -> Agreement | Mismatch:
    """Return what comes of it when `beginner` begins."""
    groups, conversation = _run(parties, beginner, random)
    children, established = conversation.children, conversation.established
    if children is None or established is None:
        return replace(_mismatch(parties, method, conversation, groups), beginner=beginner)
    agreement = _agreement(beginner, method, established, children[0], parties, _selector(parties, beginner))
    # The host's SAs come first, whoever began.
    pair = children if beginner is Side.TARGET else (children[1], children[0])
    sent = turned(witness) if witness.direction == Direction.IN else witness
    refusal = why_not_passed(pair, agreement.selector, parties.ends, agreement.mode, sent, random)
    if refusal is not None:
        return Mismatch(Stage.PACKETS, (), beginner=beginner, reason=refusal)
    return agreement


def _run(parties: Parties, beginner: Side, random: RandomOctets) -> tuple[PfsGroups, Conversation]:
    """Negotiate; again if quick mode is to use the group of main mode and that is another one than thought."""
    groups = _groups(parties, None)
    conversation = _converse(parties, beginner, groups, random)
    established = conversation.established
    if established is not None and _groups(parties, established.suite.group) != groups:
        groups = _groups(parties, established.suite.group)
        conversation = _converse(parties, beginner, groups, random)
    return groups, conversation


def _converse(parties: Parties, beginner: Side, groups: PfsGroups, random: RandomOctets) -> Conversation:
    ends = parties.configurations(groups)
    answerer = Side.TARGET if beginner is Side.POLICY else Side.POLICY
    return converse(ends[beginner], ends[answerer], random)


def _groups(parties: Parties, agreed: DhGroup | None) -> PfsGroups:
    """Return the PFS groups of both sides, given that of main mode; of several, charon takes the one that fits."""
    policy, target = parties.policy, parties.target
    mine = agreed if policy.follows_main_mode and agreed is not None else next(iter(policy.pfs_groups), None)
    theirs = mine if mine in target.pfs_groups else next(iter(target.pfs_groups), None)
    return mine, theirs


def _selector(parties: Parties, beginner: Side) -> Selector:
    return parties.policy_selector if beginner is Side.POLICY else parties.target_selector


def _agreement(
    beginner: Side,
    method: str,
    established: Established,
    child: ChildEstablished,
    parties: Parties,
    selector: Selector,
) -> Agreement:
    said = established.lifetimes
    seconds, kilobytes = child.lifetimes.seconds, child.lifetimes.kilobytes
    unlimited = beginner is Side.TARGET and not any(o.lifetime_kilobytes for o in parties.target.offers)
    return Agreement(
        beginner=beginner,
        main_mode=established.suite.offer,
        method=method,
        main_mode_lifetime=Lifetime(said.seconds, said.kilobytes),
        transforms=child.suite.transforms,
        pfs_group=child.suite.pfs_group,
        mode=child.suite.mode,
        selector=selector,
        lifetime=Lifetime(seconds, None if unlimited else kilobytes),
    )


def _mismatch(parties: Parties, method: str, conversation: Conversation, groups: PfsGroups) -> Mismatch:
    policy, target = parties.policy, parties.target
    match conversation.stop:
        case Stop.MAIN_MODE:
            return compared(Stage.MAIN_MODE, *(main_mode_rows(end.main_mode_offers) for end in (policy, target)))
        case Stop.AUTHENTICATION:
            return _not_authenticated(parties, method) or Mismatch(Stage.AUTHENTICATION, (), reason=conversation.reason)
        case _ if conversation.refusal == _OTHER_TRAFFIC and policy.mode is target.mode:
            return _other_traffic(parties)
        case _:
            mine = quick_mode_rows(policy.offers, groups[:1], policy.mode)
            theirs = quick_mode_rows(target.offers, target.pfs_groups or (None,), target.mode)
            found = compared(Stage.QUICK_MODE, mine, theirs)
            return found if found.contrasts else replace(found, reason=conversation.reason)


def compared(stage: Stage, policy: tuple[Row, ...], target: tuple[Row, ...]) -> Mismatch:
    """Return the mismatch of two lists of offers."""
    return Mismatch(
        stage,
        contrasts(policy, target),
        tuple(row.text for row in policy),
        tuple(row.text for row in target),
        smallest_change(policy, target),
    )


def _not_authenticated(parties: Parties, method: str) -> Mismatch | None:
    """Return in what the credentials differ, None if they do not."""
    if parties.credentials.policy == parties.credentials.target:
        return None
    if method == CERTIFICATE:
        names = (parties.policy.authority or "none",), (parties.target.authority or "none",)
        return one_attribute(Stage.AUTHENTICATION, "certification authority", *names)
    return one_attribute(Stage.AUTHENTICATION, "preshared key", (_NOT_SHOWN,), (_ANOTHER,))


def _other_traffic(parties: Parties) -> Mismatch:
    mine, theirs = parties.policy_selector.text(), parties.target_selector.text()
    return one_attribute(Stage.SELECTORS, "selectors", (mine,), (theirs,))


def one_attribute(stage: Stage, attribute: str, policy: tuple[str, ...], target: tuple[str, ...]) -> Mismatch:
    """Return the mismatch in one attribute; the policy's first value is what the target would have to take."""
    change = Change(target[0], policy[0], (attribute,)) if policy and target else None
    return Mismatch(stage, (Contrast(attribute, policy, target),), policy, target, change)
