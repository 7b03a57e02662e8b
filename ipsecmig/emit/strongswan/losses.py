"""What charon can express: one judge for every kind of attribute."""

from __future__ import annotations

from dataclasses import dataclass

from ipsecmig.emit.common import ADMINISTRATIVE, CLOSED, OPEN, address_judge, negotiates, soft_judge, widening_opens
from ipsecmig.emit.strongswan.connections import usable
from ipsecmig.emit.strongswan.proposals import (
    DEFAULT_KILOBYTES,
    DEFAULT_SECONDS,
    child_proposals,
    is_usable,
    pfs_groups,
    usable_main_mode_offers,
    usable_transforms,
)
from ipsecmig.model.accounting import EXACT, Attribute, Capabilities, Judge
from ipsecmig.model.attributes import AttributeKind
from ipsecmig.model.policy import Action, Certificate, FilterAction, Kerberos, PresharedKey, Rule, Secret
from ipsecmig.model.targets import EmissionRequest, Loss, LossKind
from ipsecmig.model.treatment import Protect

TARGET_NAME = "strongswan"

_NFTABLES = "load the nftables target as well: it tells directions and interfaces apart"


@dataclass(frozen=True, slots=True)
class Outcome:
    """What emission found out, as identities of the objects concerned.

    `one_way`, `stopped`, `displacing`, `groups` and `inexact` are filters, `one_link` and `endless` rules; see
    `Decisions`, `refuses_groups` and `Children`. `contested` are preshared keys that share a peer with another one.
    """

    one_way: frozenset[int] = frozenset()
    one_link: frozenset[int] = frozenset()
    stopped: frozenset[int] = frozenset()
    displacing: frozenset[int] = frozenset()
    groups: frozenset[int] = frozenset()
    inexact: frozenset[int] = frozenset()
    endless: frozenset[int] = frozenset()
    contested: frozenset[Secret] = frozenset()


def capabilities(outcome: Outcome) -> Capabilities:
    """Return the table of what charon can express, given what emission found out."""
    return {
        **ADMINISTRATIVE,
        AttributeKind.MAIN_MODE_OFFERS: _main_mode_offers,
        AttributeKind.MAIN_MODE_LIFETIME: EXACT,
        AttributeKind.MAIN_MODE_QUICK_MODE_LIMIT: _quick_mode_limit,
        AttributeKind.MAIN_MODE_PFS: _main_mode_pfs,
        AttributeKind.DEFAULT_RESPONSE: _default_response,
        AttributeKind.RULE_AUTHENTICATION: _authentication(outcome),
        AttributeKind.RULE_TUNNEL: _of_rule(
            outcome.endless,
            LossKind.NEEDS_HUMAN,
            "the address of the tunnel's peer is not known; its packets are dropped",
            "name it in the site inventory (--site) and convert again",
        ),
        AttributeKind.RULE_CONNECTION_TYPE: _connection_type(outcome),
        AttributeKind.ACTION_ACTION: _action,
        AttributeKind.ACTION_OFFERS: _offers,
        AttributeKind.ACTION_LIFETIMES: _lifetimes,
        AttributeKind.ACTION_PFS: _pfs,
        AttributeKind.ACTION_INBOUND_PASSTHROUGH: _inbound_passthrough,
        AttributeKind.ACTION_SOFT: soft_judge(TARGET_NAME),
        AttributeKind.FILTER_SOURCE: _filter_side(outcome),
        AttributeKind.FILTER_DESTINATION: _filter_side(outcome),
        AttributeKind.FILTER_PROTOCOL: EXACT,
        AttributeKind.FILTER_SOURCE_PORT: EXACT,
        AttributeKind.FILTER_DESTINATION_PORT: EXACT,
        AttributeKind.FILTER_MIRRORED: _mirrored(outcome),
    }


def _main_mode_offers(attribute: Attribute, request: EmissionRequest) -> Loss | None:
    main_mode = request.policy.main_mode
    if not negotiates(request) or len(usable_main_mode_offers(main_mode)) == len(dict.fromkeys(main_mode.offers)):
        return None
    reason = "IKE cannot run without encryption, so offers of none are left out"
    return attribute.loss(TARGET_NAME, LossKind.NARROWED, CLOSED, reason, "check which offers the peers have in common")


def _quick_mode_limit(attribute: Attribute, request: EmissionRequest) -> Loss | None:
    if not attribute.value or not negotiates(request):
        return None
    reason = "charon does not count the quick modes of a main mode, so keys live until the main mode's lifetime ends"
    return attribute.loss(
        TARGET_NAME, LossKind.DROPPED, OPEN, reason, "shorten reauth_time if keys must not live so long"
    )


def _main_mode_pfs(attribute: Attribute, request: EmissionRequest) -> Loss | None:
    if not attribute.value or not negotiates(request):
        return None
    reason = "charon cannot begin a new main mode for every quick mode, so its keys derive from one exchange"
    advice = "use session key PFS (qmpfs) at both ends"
    return attribute.loss(TARGET_NAME, LossKind.DROPPED, OPEN, reason, advice)


def _default_response(attribute: Attribute, request: EmissionRequest) -> Loss | None:
    response = request.flat.default_response
    if response is None:
        return None
    if not usable_transforms(response.offers) or not usable_main_mode_offers(response.main_mode):
        reason = "charon can make none of its offers, so no connection answers"
        return attribute.loss(TARGET_NAME, LossKind.DROPPED, CLOSED, reason, "state offers for the rule")
    methods = response.authentication
    if all(isinstance(m, PresharedKey) and m.secret is not None for m in methods):
        return None
    reason = "the connection that answers needs an authentication that no conversion can supply"
    advice = "install certificates or a preshared key for ipsecmig-default-response, or remove it"
    return attribute.loss(TARGET_NAME, LossKind.NEEDS_HUMAN, CLOSED, reason, advice)


def _authentication(outcome: Outcome) -> Judge:
    def judge(attribute: Attribute, request: EmissionRequest) -> Loss | None:
        rule, method = attribute.subject, attribute.value
        if not isinstance(rule, Rule) or not _rule_negotiates(rule, request):
            return None
        match method:
            case Kerberos():
                return _kerberos(attribute, rule)
            case Certificate() if method.map_to_account:
                reason = "charon does not map certificates to accounts: any certificate under the authority is accepted"
                return attribute.loss(
                    TARGET_NAME, LossKind.DROPPED, OPEN, reason, "name the accepted identities in remote.id"
                )
            case Certificate():
                reason = "the conversion does not hold this host's certificate, its key and the authority's certificate"
                advice = (
                    "install them in /etc/swanctl (x509, private, x509ca) and check ca_id and the order of its parts"
                )
                return attribute.loss(TARGET_NAME, LossKind.NEEDS_HUMAN, CLOSED, reason, advice)
            case PresharedKey():
                return _preshared_key(attribute, rule, method, outcome)
        return None

    return judge


def _rule_negotiates(rule: Rule, request: EmissionRequest) -> bool:
    action = request.store.filter_action(rule.filter_action, request.policy.store)
    return action is not None and action.action is Action.NEGOTIATE


def _kerberos(attribute: Attribute, rule: Rule) -> Loss:
    others = usable(rule.authentication)
    effect = "the rule's other methods are used" if others else "nothing authenticates and the traffic is dropped"
    reason = f"charon has no Kerberos for IKEv1; {effect}"
    advice = "give both ends machine certificates or a preshared key, and state it in the connection"
    return attribute.loss(TARGET_NAME, LossKind.NEEDS_HUMAN, CLOSED, reason, advice)


def _preshared_key(attribute: Attribute, rule: Rule, method: PresharedKey, outcome: Outcome) -> Loss | None:
    if method.secret is None:
        reason, advice = "the source does not hold the key", "add it to ipsecmig.secrets.conf"
    elif method.secret in outcome.contested:
        reason = "another rule has another key for some of the same peers; which one Windows takes is not documented"
        advice = "use one key for these peers"
    elif not method.secret.reveal().isascii():
        reason = "the key is not ASCII: Windows uses the bytes of its code page, the file holds UTF-8"
        advice = "choose a key in ASCII at both ends"
    else:
        return _later_method(attribute, rule, method)
    return attribute.loss(TARGET_NAME, LossKind.NEEDS_HUMAN, CLOSED, reason, advice)


def _later_method(attribute: Attribute, rule: Rule, method: PresharedKey) -> Loss | None:
    if usable(rule.authentication)[0] == method:
        return None
    reason = "charon proposes one method; this one is accepted from a peer but never proposed"
    return attribute.loss(TARGET_NAME, LossKind.NARROWED, CLOSED, reason, "put the method that all peers have first")


def _connection_type(outcome: Outcome) -> Judge:
    """Judge a rule for one kind of link, which charon applies to all: a protection may displace another one there."""

    def judge(attribute: Attribute, request: EmissionRequest) -> Loss | None:
        rule = attribute.rule
        if rule is None or id(rule) not in outcome.one_link:
            return None
        protects = any(f.rule is rule and isinstance(f.treatment, Protect) for f in request.flat.filters)
        direction = OPEN if protects and widening_opens(request, rule) else CLOSED
        reason = "charon's policies hold on all interfaces; of LAN and dial-up, what lets less through is for both"
        return attribute.loss(TARGET_NAME, LossKind.NARROWED, direction, reason, _NFTABLES)

    return judge


def _of_rule(rules: frozenset[int], kind: LossKind, reason: str, advice: str) -> Judge:
    def judge(attribute: Attribute, request: EmissionRequest) -> Loss | None:
        return attribute.loss(TARGET_NAME, kind, CLOSED, reason, advice) if id(attribute.subject) in rules else None

    return judge


def _action(attribute: Attribute, request: EmissionRequest) -> Loss | None:
    action = attribute.subject
    if not isinstance(action, FilterAction) or action.action is not Action.NEGOTIATE:
        return None
    if usable_transforms(action.offers) and usable_main_mode_offers(request.policy.main_mode):
        return None
    reason = "charon can make none of the offers, so the traffic is dropped instead of protected"
    return attribute.loss(TARGET_NAME, LossKind.NARROWED, CLOSED, reason, "offer ESP with integrity, or AH alone")


def _offers(attribute: Attribute, request: EmissionRequest) -> Loss | None:
    action = attribute.subject
    if not isinstance(action, FilterAction):
        return None
    if not all(is_usable(offer) for offer in action.offers):
        reason = "charon offers neither AH and ESP at once nor ESP without integrity; such offers are left out"
        advice = "offer ESP with integrity, or AH alone, at both ends"
    elif child_proposals(_shape(action, request)).reordered:
        reason = "charon offers all of one protocol before the other, so the order of preference differs"
        advice = "group the offers by protocol"
    else:
        return None
    return attribute.loss(TARGET_NAME, LossKind.NARROWED, CLOSED, reason, advice)


def _shape(action: FilterAction, request: EmissionRequest) -> Protect:
    return Protect(action.offers, (), request.policy.main_mode, action.pfs, action.pfs_group)


def _lifetimes(attribute: Attribute, request: EmissionRequest) -> Loss | None:
    action = attribute.subject
    if not isinstance(action, FilterAction):
        return None
    lifetimes = {
        (o.lifetime_seconds or DEFAULT_SECONDS, o.lifetime_kilobytes or DEFAULT_KILOBYTES) for o in action.offers
    }
    if len(lifetimes) <= 1:
        return None
    reason = "charon has one lifetime for all offers of a child; the smallest is used"
    return attribute.loss(TARGET_NAME, LossKind.NARROWED, CLOSED, reason, "give the offers one lifetime")


def _pfs(attribute: Attribute, request: EmissionRequest) -> Loss | None:
    action = attribute.subject
    if not isinstance(action, FilterAction) or len(pfs_groups(_shape(action, request))) <= 1:
        return None
    reason = "charon proposes quick mode with one group, the first of main mode, whichever main mode agreed on"
    return attribute.loss(TARGET_NAME, LossKind.NARROWED, CLOSED, reason, "offer one group in main mode")


def _inbound_passthrough(attribute: Attribute, request: EmissionRequest) -> Loss | None:
    if not attribute.value:
        return None
    reason = "charon's policies accept no clear packet where they ask for protection"
    advice = "add a permit filter for the peers that begin in clear"
    return attribute.loss(TARGET_NAME, LossKind.NARROWED, CLOSED, reason, advice)


def _filter_side(outcome: Outcome) -> Judge:
    of_address = address_judge(TARGET_NAME)

    def judge(attribute: Attribute, request: EmissionRequest) -> Loss | None:
        if id(attribute.subject) in outcome.inexact:
            reason = (
                "its addresses and ports fall into too many parts that charon can install; less is let through instead"
            )
            return attribute.loss(TARGET_NAME, LossKind.NARROWED, CLOSED, reason, "use CIDR blocks and single ports")
        if id(attribute.subject) in outcome.stopped:
            reason = (
                "charon protects nothing in transport mode that this host forwards, and another filter drops it here"
            )
            return attribute.loss(TARGET_NAME, LossKind.NARROWED, CLOSED, reason, "use a tunnel for forwarded traffic")
        if id(attribute.subject) in outcome.groups and attribute.kind is AttributeKind.FILTER_DESTINATION:
            reason = "IKE negotiates with one host: what comes in for multicast and broadcast addresses is dropped"
            return attribute.loss(TARGET_NAME, LossKind.NARROWED, CLOSED, reason, "permit what must be received")
        return of_address(attribute, request)

    return judge


def _mirrored(outcome: Outcome) -> Judge:
    def judge(attribute: Attribute, request: EmissionRequest) -> Loss | None:
        if id(attribute.subject) not in outcome.one_way:
            return None
        if id(attribute.subject) in outcome.displacing:
            reason = "charon's policies hold for both directions; of two protections this one is for both"
            advice = "give both directions one filter action and one authentication"
            return attribute.loss(TARGET_NAME, LossKind.NARROWED, OPEN, reason, advice)
        reason = "charon's policies hold for both directions; what lets less through of the two is for both"
        return attribute.loss(TARGET_NAME, LossKind.NARROWED, CLOSED, reason, _NFTABLES)

    return judge
