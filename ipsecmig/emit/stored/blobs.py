"""The blobs of a policy, of its rules and of what they name."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from functools import reduce
from operator import and_
from typing import Final
from uuid import UUID, uuid5

from ipsecmig.emit.stored import words
from ipsecmig.emit.stored.filters import specs_stored
from ipsecmig.emit.stored.plan import Plan, offers_stored
from ipsecmig.model.policy import (
    Action,
    AuthenticationMethod,
    Certificate,
    ConnectionType,
    DefaultResponseRule,
    Filter,
    FilterAction,
    FilterList,
    Policy,
    Rule,
)
from ipsecmig.model.selectors import AddressRange, DnsName, Family
from ipsecmig.stored.blobs import FilterBlob, IsakmpBlob, NegotiationBlob, NfaBlob, PolicyBlob
from ipsecmig.stored.blobs.filters import FilterSpec
from ipsecmig.stored.blobs.filters_v2 import FilterSection, FilterSpecV2
from ipsecmig.stored.blobs.negotiation import Offer
from ipsecmig.stored.blobs.nfa import Extension, MethodFlags

_SOFT: Final = Offer()
"""An offer without algorithms stands for falling back to clear text."""


def policy_blob(policy: Policy) -> PolicyBlob:
    """Return the blob of the policy itself."""
    return PolicyBlob(words.dword(policy.polling_interval_seconds))


def main_mode_blob(plan: Plan) -> IsakmpBlob:
    """Return the blob of main mode; what all certificates of the policy have in common stands in it as well."""
    main = plan.policy.main_mode
    lifetime = words.dword(main.lifetime_seconds)
    made = IsakmpBlob(
        pfs=int(main.perfect_forward_secrecy),
        options=_options(plan),
        quick_mode_limit=words.dword(main.quick_mode_limit),
        lifetime=lifetime,
        methods=tuple(words.main_mode_method(offer, lifetime) for offer in offers_stored(plan.policy)),
    )
    return replace(made, data_length=made.usual_length)


def _options(plan: Plan) -> int:
    responses = () if plan.response is None else plan.response.authentication
    methods: list[AuthenticationMethod] = [m for rule in plan.rules for m in rule.authentication]
    flags = [words.certificate_flags(m) for m in (*methods, *responses) if isinstance(m, Certificate)]
    return reduce(and_, flags) if flags else 0


def rule_blob(rule: Rule) -> NfaBlob:
    """Return the blob of a rule."""
    return _nfa_blob(rule.authentication, rule.connection_type, rule.tunnel_endpoint, active=rule.active)


def response_blob(response: DefaultResponseRule) -> NfaBlob:
    """Return the blob of a default response rule."""
    return _nfa_blob(response.authentication, ConnectionType.ALL, None, active=response.active)


def _nfa_blob(
    authentication: Sequence[AuthenticationMethod],
    connection: ConnectionType,
    endpoint: AddressRange | DnsName | None,
    *,
    active: bool,
) -> NfaBlob:
    both = [words.authentication(method) for method in authentication]
    flags = tuple(map(words.certificate_flags, authentication))
    address, name = (None, "") if endpoint is None else words.endpoint(endpoint)
    is_ipv6 = address is not None and address.family is Family.IPV6
    made = NfaBlob(
        methods=tuple(first for first, _ in both),
        interface_type=words.INTERFACE_NUMBERS[connection],
        tunnel=0 if address is None or is_ipv6 else address.first,
        is_tunnel=int(address is not None),
        is_active=int(active),
        endpoint_name=words.wide(name),
        extension=Extension(
            tuple(second for _, second in both),
            MethodFlags(flags, len(flags)),
            address.first.to_bytes(16, "big") if address is not None and is_ipv6 else None,
        ),
    )
    return replace(made, data_length=made.usual_length)


def action_blob(action: FilterAction) -> NegotiationBlob:
    """Return the blob of a filter action."""
    if action.action is not Action.NEGOTIATE:
        return NegotiationBlob()
    return _negotiation_blob((*words.quick_mode_offers(action.offers, action.pfs), *[_SOFT] * action.soft))


def response_action_blob(response: DefaultResponseRule) -> NegotiationBlob:
    """Return the blob of the offers of a default response rule."""
    return _negotiation_blob(words.quick_mode_offers(response.offers, response.pfs))


def _negotiation_blob(offers: tuple[Offer, ...]) -> NegotiationBlob:
    made = NegotiationBlob(offers)
    return replace(made, data_length=made.usual_length)


def filter_blob(filter_list: FilterList, guid: UUID) -> FilterBlob:
    """Return the blob of a filter list, whose own GUID is `guid`; those of its filters come from it."""
    specs = list(_specs(filter_list.filters, guid))
    first = tuple(spec for spec in specs if isinstance(spec, FilterSpec))
    second = tuple(spec for spec in specs if isinstance(spec, FilterSpecV2))
    section = None
    if second:
        made = FilterSection(second, len(first))
        section = replace(made, data_length=made.usual_length)
    blob = FilterBlob(first, section, len(first))
    return replace(blob, data_length=blob.usual_length)


def _specs(filters: Sequence[Filter], guid: UUID) -> Iterator[FilterSpec | FilterSpecV2]:
    """Yield what stands for each filter that can be stored."""
    number = 0
    for filter_ in filters:
        for spec in specs_stored(filter_):
            number += 1
            yield spec._replace(guid=uuid5(guid, str(number)).bytes_le)
