"""From a policy store to its JSON form. Every key is always written, except an origin that is nowhere."""

from __future__ import annotations

import json
from functools import lru_cache
from typing import Final

from ipsecmig.diagnostics import NOWHERE, Origin
from ipsecmig.model.policy import (
    SCHEMA_FORMAT,
    SCHEMA_VERSION,
    AhTransform,
    AuthenticationMethod,
    Certificate,
    DefaultResponseRule,
    Filter,
    FilterAction,
    FilterList,
    HostSettings,
    Kerberos,
    MainMode,
    NotUnderstood,
    Policy,
    PolicyStore,
    QuickModeOffer,
    Rule,
    StoreLocation,
    Transform,
)
from ipsecmig.model.selectors import Address, AddressRange, AnyAddress, DnsName, Me, PortRange

Json = dict[str, object]


def dumps(store: PolicyStore, *, with_secrets: bool = False) -> str:
    """Return the JSON form of `store` as text, each rule and filter on a line; preshared keys only `with_secrets`."""
    return _layout(to_json(store, with_secrets=with_secrets), 0) + "\n"


_compact: Final = json.JSONEncoder(ensure_ascii=False).encode

_LAYERS: Final = 4
"""How deep values are spread over lines: document, filter lists, filter list, its filters."""


def _layout(value: object, depth: int) -> str:
    """Return `value` as text: one line for each of its parts, down to `_LAYERS`."""
    if depth < _LAYERS and value and isinstance(value, dict):
        parts = [f"{_compact(key)}: {_layout(part, depth + 1)}" for key, part in value.items()]
        opening, closing = "{", "}"
    elif depth < _LAYERS and value and isinstance(value, list):
        parts = [_layout(part, depth + 1) for part in value]
        opening, closing = "[", "]"
    else:
        return _compact(value)
    indent = "\n" + "  " * (depth + 1)
    return f"{opening}{indent}{f',{indent}'.join(parts)}{indent[:-2]}{closing}"


def to_json(store: PolicyStore, *, with_secrets: bool = False) -> Json:
    """Return the JSON form of `store` as a document; without `with_secrets` the secret of a preshared key is null."""
    return {
        "format": SCHEMA_FORMAT,
        "version": SCHEMA_VERSION,
        "sources": list(store.sources),
        "settings": _settings(store.settings),
        "policies": [_policy(p, with_secrets) for p in store.policies],
        "filter_lists": [_filter_list(f) for f in store.filter_lists],
        "filter_actions": [_filter_action(a) for a in store.filter_actions],
        "not_understood": [_not_understood(n) for n in store.not_understood],
    }


def _placed(document: Json, origin: Origin) -> Json:
    """Add the origin, unless it is nowhere."""
    if origin != NOWHERE:
        place: Json = {
            "file": origin.file,
            "line": origin.line,
            "column": origin.column,
            "end_column": origin.end_column,
        }
        if origin.offset is not None:
            place["offset"] = origin.offset
        document["origin"] = place
    return document


def _store(store: StoreLocation) -> Json:
    return {"kind": store.kind.value, "domain": store.domain}


def _settings(settings: HostSettings) -> Json:
    document: Json = {
        "exemptions": settings.exemptions,
        "boot_mode": settings.boot_mode,
        "boot_exemptions": settings.boot_exemptions,
        "service_disabled": settings.service_disabled,
    }
    if settings.windows is not None:
        document["windows"] = settings.windows.value
    return document


def _not_understood(unknown: NotUnderstood) -> Json:
    return _placed({"text": unknown.text, "reason": unknown.reason}, unknown.origin)


def _policy(policy: Policy, with_secrets: bool) -> Json:
    response = policy.default_response
    document: Json = {
        "name": policy.name,
        "main_mode": _main_mode(policy.main_mode),
        "rules": [_rule(r, with_secrets) for r in policy.rules],
        "default_response": None if response is None else _default_response(response, with_secrets),
        "description": policy.description,
        "polling_interval_seconds": policy.polling_interval_seconds,
        "assigned": policy.assigned,
        "gpo": policy.gpo,
        "store": _store(policy.store),
        "guid": policy.guid,
    }
    if policy.connection_security is not None:
        document["connection_security"] = {"exemptions": policy.connection_security.exemptions}
    return _placed(document, policy.origin)


def _main_mode(main_mode: MainMode) -> Json:
    return {
        "offers": [
            {"encryption": o.encryption.value, "integrity": o.integrity.value, "group": o.group.value}
            for o in main_mode.offers
        ],
        "lifetime_seconds": main_mode.lifetime_seconds,
        "quick_mode_limit": main_mode.quick_mode_limit,
        "perfect_forward_secrecy": main_mode.perfect_forward_secrecy,
    }


def _rule(rule: Rule, with_secrets: bool) -> Json:
    endpoint = rule.tunnel_endpoint
    document: Json = {
        "name": rule.name,
        "filter_list": rule.filter_list,
        "filter_action": rule.filter_action,
        "authentication": [_authentication(m, with_secrets) for m in rule.authentication],
        "tunnel_endpoint": None if endpoint is None else _address(endpoint),
        "connection_type": rule.connection_type.value,
        "active": rule.active,
        "description": rule.description,
        "guid": rule.guid,
    }
    return _placed(document, rule.origin)


def _default_response(rule: DefaultResponseRule, with_secrets: bool) -> Json:
    document: Json = {
        "active": rule.active,
        "authentication": [_authentication(m, with_secrets) for m in rule.authentication],
        "offers": [_quick_mode_offer(o) for o in rule.offers],
        "pfs": rule.pfs,
    }
    return _placed(document, rule.origin)


def _authentication(method: AuthenticationMethod, with_secrets: bool) -> Json:
    if isinstance(method, Kerberos):
        return {"method": "kerberos"}
    if isinstance(method, Certificate):
        return {
            "method": "certificate",
            "authority": method.authority,
            "map_to_account": method.map_to_account,
            "exclude_authority_name": method.exclude_authority_name,
        }
    shown = with_secrets and method.secret is not None
    return {"method": "preshared-key", "secret": method.secret.reveal() if shown and method.secret else None}


def _quick_mode_offer(offer: QuickModeOffer) -> Json:
    return {
        "transforms": [_transform(t) for t in offer.transforms],
        "lifetime_seconds": offer.lifetime_seconds,
        "lifetime_kilobytes": offer.lifetime_kilobytes,
    }


def _transform(transform: Transform) -> Json:
    integrity = None if transform.integrity is None else transform.integrity.value
    if isinstance(transform, AhTransform):
        return {"protocol": "ah", "integrity": integrity}
    return {"protocol": "esp", "encryption": transform.encryption.value, "integrity": integrity}


def _filter_action(action: FilterAction) -> Json:
    document: Json = {
        "name": action.name,
        "action": action.action.value,
        "offers": [_quick_mode_offer(o) for o in action.offers],
        "pfs": action.pfs,
        "pfs_group": None if action.pfs_group is None else action.pfs_group.value,
        "inbound_passthrough": action.inbound_passthrough,
        "soft": action.soft,
        "description": action.description,
        "store": _store(action.store),
        "guid": action.guid,
    }
    return _placed(document, action.origin)


def _filter_list(filter_list: FilterList) -> Json:
    document: Json = {
        "name": filter_list.name,
        "filters": [_filter(f) for f in filter_list.filters],
        "description": filter_list.description,
        "store": _store(filter_list.store),
        "guid": filter_list.guid,
    }
    return _placed(document, filter_list.origin)


def _filter(value: Filter) -> Json:
    document: Json = {
        "source": _address(value.source),
        "destination": _address(value.destination),
        "protocol": value.protocol,
        "source_port": _ports(value.source_port),
        "destination_port": _ports(value.destination_port),
        "mirrored": value.mirrored,
        "description": value.description,
    }
    return _placed(document, value.origin)


@lru_cache(maxsize=65536)
def _address(address: Address) -> str | Json:
    if isinstance(address, AddressRange):
        return address.text()
    if isinstance(address, AnyAddress):
        return "any"
    if isinstance(address, Me):
        return "me"
    if isinstance(address, DnsName):
        return {"name": address.name, "resolved": [r.text() for r in address.resolved]}
    return address.role.value


def _ports(ports: PortRange) -> str | int | list[int]:
    if ports.is_any:
        return "any"
    return ports.first if ports.first == ports.last else [ports.first, ports.last]
