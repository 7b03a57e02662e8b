"""From the JSON form back to a policy store."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable
from functools import lru_cache
from typing import Any, Final, NoReturn, TypeVar

from ipsecmig.diagnostics import NOWHERE, Diagnostic, Origin, Severity
from ipsecmig.errors import InputError
from ipsecmig.model.algorithms import DhGroup, Encryption, Integrity
from ipsecmig.model.policy import (
    Action,
    AhTransform,
    AuthenticationMethod,
    Certificate,
    ConnectionSecurity,
    ConnectionType,
    DefaultResponseRule,
    EspTransform,
    Filter,
    FilterAction,
    FilterList,
    HostSettings,
    Kerberos,
    MainMode,
    MainModeOffer,
    NotUnderstood,
    Policy,
    PolicyStore,
    PresharedKey,
    QuickModeOffer,
    Rule,
    Secret,
    StoreKind,
    StoreLocation,
    Transform,
)
from ipsecmig.model.selectors import (
    ANY,
    ANY_PORT,
    ME,
    Address,
    AddressRange,
    DnsName,
    Family,
    PortRange,
    ServerAddress,
    ServerRole,
    format_address,
)
from ipsecmig.model.serial.validate import MALFORMED, MEANING, check, mistake
from ipsecmig.model.windows import WindowsVersion

Json = dict[str, Any]
Step = str | int


def loads(text: str | bytes, file: str = "-") -> PolicyStore:
    """Return the policy store whose JSON form is `text`; `file` names it in diagnostics.

    Raises InputError for what is not JSON, is of another version, or does not keep to the schema or to its meaning.
    """
    try:
        decoded = text.decode("utf-8-sig") if isinstance(text, bytes) else text
        document = json.loads(decoded, parse_constant=_no_constant)
        if _SURROGATE.search(decoded):
            json.dumps(document, ensure_ascii=False).encode()
    except json.JSONDecodeError as error:
        _malformed(f"is not JSON: {error.msg}", Origin(file, error.lineno, error.colno))
    except UnicodeDecodeError:
        _malformed("is not UTF-8, which JSON must be", Origin(file))
    except UnicodeEncodeError:
        _malformed("holds half of a surrogate pair, which is no character", Origin(file))
    except (RecursionError, ValueError):
        _malformed("is nested too deeply, or holds a number that is too long", Origin(file))
    return from_json(document, file)


_SURROGATE: Final = re.compile(r"\\u[dD][89a-fA-F]|[\ud800-\udfff]")


def _no_constant(name: str) -> NoReturn:
    raise json.JSONDecodeError(f"{name} is no number of JSON", name, 0)


def _malformed(message: str, origin: Origin) -> NoReturn:
    raise InputError((Diagnostic(MALFORMED, Severity.ERROR, message, origin),))


def from_json(document: object, file: str = "-") -> PolicyStore:
    """Return the policy store whose JSON form is `document`; `file` names it in diagnostics. Raises InputError."""
    check(document, file)
    try:
        return _policy_store(document)  # type: ignore[arg-type]  # the schema has been checked
    except _Meaningless as wrong:
        raise InputError((mistake(MEANING, file, tuple(wrong.path), wrong.message, wrong.expected),)) from None


class _Meaningless(Exception):  # noqa: N818 - never leaves this module
    """A value that the schema allows and that means nothing; `path` leads to it from where it is caught."""

    def __init__(self, message: str, expected: str) -> None:
        super().__init__(message)
        self.message = message
        self.expected = expected
        self.path: list[Step] = []

    def below(self, *steps: Step) -> _Meaningless:
        """Return this, seen from further up."""
        self.path[:0] = steps
        return self


_Value = TypeVar("_Value")


def _each(document: Json, key: str, read: Callable[[Any], _Value]) -> tuple[_Value, ...]:
    """Return what `read` makes of the elements under `key`."""
    values = []
    for position, element in enumerate(document[key]):
        try:
            values.append(read(element))
        except _Meaningless as wrong:
            raise wrong.below(key, position) from None
    return tuple(values)


def _one(document: Json, key: str, read: Callable[[Any], _Value]) -> _Value:
    """Return what `read` makes of the value under `key`."""
    try:
        return read(document[key])
    except _Meaningless as wrong:
        raise wrong.below(key) from None


def _policy_store(document: Json) -> PolicyStore:
    store = PolicyStore(
        _each(document, "policies", _policy),
        _each(document, "filter_lists", _filter_list),
        _each(document, "filter_actions", _filter_action),
        _settings(document["settings"]),
        tuple(NotUnderstood(n["text"], n["reason"], _origin(n)) for n in document["not_understood"]),
        tuple(document["sources"]),
    )
    _check_names("policies", store.policies)
    _check_names("filter_lists", store.filter_lists)
    _check_names("filter_actions", store.filter_actions)
    return store


def _check_names(key: str, objects: Iterable[Policy | FilterList | FilterAction]) -> None:
    seen: set[tuple[StoreLocation, str]] = set()
    for position, named in enumerate(objects):
        identity = (named.store, named.name.casefold())
        if identity in seen:
            wrong = _Meaningless(f'the name "{named.name}" stands twice in one store', "unique names, without case")
            raise wrong.below(key, position, "name")
        seen.add(identity)


def _origin(document: Json) -> Origin:
    place = document.get("origin")
    if place is None:
        return NOWHERE
    offset = place.get("offset")
    return Origin(
        place["file"],
        int(place["line"]),
        int(place["column"]),
        int(place["end_column"]),
        None if offset is None else int(offset),
    )


def _settings(document: Json) -> HostSettings:
    exemptions, windows = document["exemptions"], document.get("windows")
    return HostSettings(
        None if exemptions is None else int(exemptions),
        document["boot_mode"],
        document["boot_exemptions"],
        document["service_disabled"],
        None if windows is None else WindowsVersion(windows),
    )


def _store(document: Json) -> StoreLocation:
    return StoreLocation(StoreKind(document["kind"]), document["domain"])


def _policy(document: Json) -> Policy:
    response = document["default_response"]
    security = document.get("connection_security")
    return Policy(
        document["name"],
        _main_mode(document["main_mode"]),
        _each(document, "rules", _rule),
        None if response is None else _default_response(response),
        document["description"],
        int(document["polling_interval_seconds"]),
        document["assigned"],
        document["gpo"],
        _store(document["store"]),
        document["guid"],
        _origin(document),
        None if security is None else ConnectionSecurity(int(security["exemptions"])),
    )


def _main_mode(document: Json) -> MainMode:
    offers = tuple(
        MainModeOffer(Encryption(o["encryption"]), Integrity(o["integrity"]), DhGroup(int(o["group"])))
        for o in document["offers"]
    )
    return MainMode(
        offers,
        int(document["lifetime_seconds"]),
        int(document["quick_mode_limit"]),
        document["perfect_forward_secrecy"],
    )


def _rule(document: Json) -> Rule:
    return Rule(
        document["name"],
        document["filter_list"],
        document["filter_action"],
        tuple(_authentication(m) for m in document["authentication"]),
        _one(document, "tunnel_endpoint", _endpoint),
        ConnectionType(document["connection_type"]),
        document["active"],
        document["description"],
        document["guid"],
        _origin(document),
    )


def _endpoint(document: str | Json | None) -> AddressRange | DnsName | None:
    if document is None:
        return None
    return _addresses(document) if isinstance(document, str) else _dns_name(document)


def _default_response(document: Json) -> DefaultResponseRule:
    return DefaultResponseRule(
        document["active"],
        tuple(_authentication(m) for m in document["authentication"]),
        tuple(_quick_mode_offer(o) for o in document["offers"]),
        document["pfs"],
        _origin(document),
    )


def _authentication(document: Json) -> AuthenticationMethod:
    method = document["method"]
    if method == "kerberos":
        return Kerberos()
    if method == "certificate":
        return Certificate(document["authority"], document["map_to_account"], document["exclude_authority_name"])
    secret = document["secret"]
    return PresharedKey(None if secret is None else Secret(secret))


def _quick_mode_offer(document: Json) -> QuickModeOffer:
    return QuickModeOffer(
        tuple(_transform(t) for t in document["transforms"]),
        int(document["lifetime_seconds"]),
        int(document["lifetime_kilobytes"]),
    )


def _transform(document: Json) -> Transform:
    integrity = document["integrity"]
    if document["protocol"] == "ah":
        return AhTransform(Integrity(integrity))
    return EspTransform(Encryption(document["encryption"]), None if integrity is None else Integrity(integrity))


def _filter_action(document: Json) -> FilterAction:
    group = document["pfs_group"]
    return FilterAction(
        document["name"],
        Action(document["action"]),
        tuple(_quick_mode_offer(o) for o in document["offers"]),
        document["pfs"],
        None if group is None else DhGroup(int(group)),
        document["inbound_passthrough"],
        document["soft"],
        document["description"],
        _store(document["store"]),
        document["guid"],
        _origin(document),
    )


def _filter_list(document: Json) -> FilterList:
    return FilterList(
        document["name"],
        _each(document, "filters", _filter),
        document["description"],
        _store(document["store"]),
        document["guid"],
        _origin(document),
    )


def _filter(document: Json) -> Filter:
    try:
        return Filter(
            _address(document["source"]),
            _address(document["destination"]),
            int(document["protocol"]),
            _ports(document["source_port"]),
            _ports(document["destination_port"]),
            document["mirrored"],
            document["description"],
            _origin(document),
        )
    except _Meaningless:
        for key, read in _FILTER_PARTS.items():
            _one(document, key, read)
        raise


_KEYWORDS: Final[dict[str, Address]] = {
    "any": ANY,
    "me": ME,
    **{role.value: ServerAddress(role) for role in ServerRole},
}


_LAST_IPV4: Final = Family.IPV4.last


def _address(document: str | Json) -> Address:
    if isinstance(document, str):
        return _KEYWORDS.get(document) or _addresses(document)
    return _dns_name(document)


def _dns_name(document: Json) -> DnsName:
    return DnsName(document["name"], _each(document, "resolved", _addresses))


@lru_cache(maxsize=65536)
def _addresses(text: str) -> AddressRange:
    """Return the range that `text` is the shortest notation of; any other notation may hide a slip."""
    host = _ipv4_host(text)
    if host is not None:
        return host
    try:
        found = AddressRange.parse(text)
    except ValueError:
        raise _Meaningless("not an address", "an address, a CIDR block, a range or a keyword") from None
    if found.text() != text:
        raise _Meaningless("not the shortest notation of its addresses", found.text())
    return found


def _ipv4_host(text: str) -> AddressRange | None:
    """Return the address when `text` is one of IPv4: most are, and this is ten times faster than to parse."""
    try:
        a, b, c, d = text.split(".")
        number = int(a) << 24 | int(b) << 16 | int(c) << 8 | int(d)
    except ValueError:
        return None
    if 0 <= number <= _LAST_IPV4 and format_address(Family.IPV4, number) == text:
        return AddressRange(Family.IPV4, number, number)
    return None


def _ports(document: str | int | list[int]) -> PortRange:
    if document == "any":
        return ANY_PORT
    if isinstance(document, list):
        return _port_range(int(document[0]), int(document[1]))
    return _port_range(int(document), int(document))


@lru_cache(maxsize=65536)
def _port_range(first: int, last: int) -> PortRange:
    if first > last:
        raise _Meaningless("the last port is below the first", "an ascending range")
    return PortRange(first, last)


_FILTER_PARTS: Final[dict[str, Callable[[Any], object]]] = {
    "source": _address,
    "destination": _address,
    "source_port": _ports,
    "destination_port": _ports,
}
"""The parts of a filter that can be meaningless; only then is it asked which one is."""
