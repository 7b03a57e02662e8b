"""What the kernel's policies cannot say of a Windows policy."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from ipsecmig.emit.common import ADMINISTRATIVE, CLOSED, OPEN, address_judge, key_management, widening_opens
from ipsecmig.emit.xfrm.database import LIMIT, Unsaid, has_no_peer, kinds, takes_ports
from ipsecmig.model.accounting import EXACT, Attribute, Capabilities, Judge
from ipsecmig.model.attributes import AttributeKind
from ipsecmig.model.policy import Action, ConnectionType, Filter, FilterAction
from ipsecmig.model.selectors import AddressRange, DnsName, PortRange
from ipsecmig.model.targets import EmissionRequest, Loss, LossKind

NAME: Final = "xfrm"

ADVICE: Final = "an SA must come from a key manager: convert to strongswan as well (--to xfrm,strongswan)"


def _judge_connection_type(attribute: Attribute, request: EmissionRequest) -> Loss | None:
    rule = attribute.rule
    if attribute.value is ConnectionType.ALL or rule is None:
        return None
    action = request.store.filter_action(rule.filter_action, request.policy.store)
    does = action.action if action is not None else Action.BLOCK
    reason, advice = "a selector names one device, not a kind", "use the nftables target, which tells PPP from the rest"
    if does is Action.PERMIT and attribute.value is ConnectionType.DIALUP:
        reason += ", so the permit is left out"
        return attribute.loss(NAME, LossKind.NARROWED, CLOSED, reason, advice)
    reason += ", so the rule applies to every device"
    direction = OPEN if widening_opens(request, rule) else CLOSED
    return attribute.loss(NAME, LossKind.WIDENED, direction, reason, advice)


def _judge_tunnel(attribute: Attribute, request: EmissionRequest) -> Loss | None:
    endpoint, site = attribute.value, request.flat.site
    unknown = isinstance(endpoint, DnsName) and not site.names.get(endpoint.name.casefold(), endpoint.resolved)
    if not unknown and not any(f.rule is attribute.rule and has_no_peer(f.treatment) for f in request.flat.filters):
        return None
    reason = "the outer address of the peer is not known, so the traffic is blocked"
    return attribute.loss(NAME, LossKind.NEEDS_HUMAN, CLOSED, reason, "name the address in the site inventory (--site)")


def _range_judge(unsaid: Mapping[int, Unsaid], about: Unsaid, otherwise: Judge) -> Judge:
    """Return the judge of addresses or ports, `about`, where `unsaid` gives the filters that could not be said."""

    def judge(attribute: Attribute, request: EmissionRequest) -> Loss | None:
        if about not in unsaid.get(id(attribute.subject), Unsaid.NOTHING) or _is_single(attribute):
            return otherwise(attribute, request)
        permits = attribute.action is not None and attribute.action.action is Action.PERMIT
        does = "the filter is left out" if permits else "more is blocked: the prefix around it, and all ports"
        reason = f"a selector takes one prefix and one port (not 0), and {LIMIT} selectors are not enough: {does}"
        return attribute.loss(NAME, LossKind.NEEDS_HUMAN, CLOSED, reason, "use the nftables target, which has ranges")

    return judge


def _is_single(attribute: Attribute) -> bool:
    """Whether the address or port is one that a selector can say."""
    value, filter_ = attribute.value, attribute.subject
    if isinstance(value, PortRange) and isinstance(filter_, Filter):
        return value.is_any or (0 < value.first == value.last and takes_ports(filter_.protocol))
    return not isinstance(value, AddressRange) or value.prefix_length is not None


def _judge_offers(attribute: Attribute, request: EmissionRequest) -> Loss | None:
    action = attribute.subject
    if not isinstance(action, FilterAction) or action.action is not Action.NEGOTIATE:
        return None
    if len({kinds(offer.transforms) for offer in action.offers}) > 1:
        reason = "a template asks for one combination of ESP and AH: that of the first offer; the key manager has none"
        return attribute.loss(NAME, LossKind.NARROWED, CLOSED, reason, ADVICE)
    return attribute.loss(NAME, LossKind.DROPPED, CLOSED, "a policy of the kernel names no algorithms", ADVICE)


def capabilities(unsaid: Mapping[int, Unsaid]) -> Capabilities:
    """Return what the kernel's policies can express; `unsaid` holds, by `id`, the filters that are not said whole."""
    address = _range_judge(unsaid, Unsaid.ADDRESSES, address_judge(NAME))
    port = _range_judge(unsaid, Unsaid.PORTS, EXACT)
    return {
        **ADMINISTRATIVE,
        **key_management(NAME, "a policy of the kernel asks for associations but does not negotiate them", ADVICE),
        AttributeKind.ACTION_OFFERS: _judge_offers,
        AttributeKind.RULE_TUNNEL: _judge_tunnel,
        AttributeKind.RULE_CONNECTION_TYPE: _judge_connection_type,
        AttributeKind.ACTION_ACTION: EXACT,
        AttributeKind.ACTION_INBOUND_PASSTHROUGH: EXACT,
        AttributeKind.FILTER_SOURCE: address,
        AttributeKind.FILTER_DESTINATION: address,
        AttributeKind.FILTER_PROTOCOL: EXACT,
        AttributeKind.FILTER_SOURCE_PORT: port,
        AttributeKind.FILTER_DESTINATION_PORT: port,
        AttributeKind.FILTER_MIRRORED: EXACT,
    }
