"""The registry keys of a host that has the policies of a store, and its settings."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from types import MappingProxyType
from typing import Final

from ipsecmig.emit.stored.objects import make_objects
from ipsecmig.emit.stored.plan import make_plan
from ipsecmig.errors import UsageError
from ipsecmig.model.policy import Filter, HostSettings, Policy, PolicyStore, StoreKind
from ipsecmig.model.selectors import Address, AddressRange, DnsName
from ipsecmig.stored import attributes
from ipsecmig.stored.numbers import BOOT_MODES
from ipsecmig.stored.objects import StoredObject
from ipsecmig.stored.registry import RegistryKey, RegistryValue, ValueType
from ipsecmig.testing.registry import MACHINE, key

_IPSEC: Final = r"SOFTWARE\Policies\Microsoft\Windows\IPSec"
_OF_DOMAINS: Final = (StoreKind.DOMAIN, StoreKind.CACHE)
_FOLDERS: Final = {StoreKind.LOCAL: "Local", StoreKind.PERSISTENT: "Persistent"} | dict.fromkeys(_OF_DOMAINS, "Cache")
_DOMAIN: Final = "example.com"
_SERVICES: Final = r"SYSTEM\CurrentControlSet\Services"
_LISTS: Final = frozenset({attributes.OWNERS, attributes.RULES, attributes.FILTER_LIST})
_BOOT_MODES: Final = {mode: number for number, mode in BOOT_MODES.items()}
_AUTOMATIC, _DISABLED = 2, 4
_NO_NAMES: Final[Mapping[str, tuple[AddressRange, ...]]] = MappingProxyType({})
_CHANGED: Final = 946_684_800
"""When all objects were last changed, in seconds since 1970: the same policy is to give the same keys."""


Names = Mapping[str, tuple[AddressRange, ...]]
"""The addresses of host names, which are in lower case."""


def registry_keys(store: PolicyStore, names: Names = _NO_NAMES) -> tuple[RegistryKey, ...]:
    """Return the keys of the stores with every policy of `store`, and of the services with its settings.

    A domain's policies are where a member of the domain keeps its copies. Windows stores a filter for a host name with
    the address that the name has then: `names` tells it. Preshared keys are in the keys in clear, as on Windows.
    Raises UsageError for a policy that Windows does not keep so, or that cannot be kept whole.
    """
    store = _resolved(store, names)
    policies = [made for policy in store.policies for made in _policy_keys(store, policy)]
    return (*policies, *_settings_keys(store.settings))


def _resolved(store: PolicyStore, names: Names) -> PolicyStore:
    lists = [
        replace(one, filters=tuple(_resolved_filter(filter_, names) for filter_ in one.filters))
        for one in store.filter_lists
    ]
    return replace(store, filter_lists=tuple(lists))


def _resolved_filter(filter_: Filter, names: Names) -> Filter:
    source, destination = _resolved_address(filter_.source, names), _resolved_address(filter_.destination, names)
    return replace(filter_, source=source, destination=destination)


def _resolved_address(address: Address, names: Names) -> Address:
    if not isinstance(address, DnsName):
        return address
    return DnsName(address.name, names.get(address.name.casefold(), address.resolved))


def _policy_keys(store: PolicyStore, policy: Policy) -> Iterator[RegistryKey]:
    folder = _FOLDERS.get(policy.store.kind)
    if folder is None or policy.connection_security is not None:
        raise UsageError(f"{policy.name}: Windows does not keep this policy as an IP security policy in the registry")
    plan = make_plan(store, policy, policy.store)
    if not plan.complete:
        raise UsageError(f"{policy.name}: something in it has no place in a stored policy, or a host name no address")

    def path(name: str) -> str:
        return rf"{_IPSEC}\Policy\{folder}\{name}"

    objects = make_objects(plan, path)
    unnamed = RegistryValue("", ValueType.SZ, "")  # Windows makes it, and nobody uses it
    yield RegistryKey(rf"{MACHINE}\{_IPSEC}\Policy\{folder}", {"": unnamed})
    if policy.assigned:
        yield _assignment(policy, objects[0].name, path(objects[0].name))
    for one in objects:
        yield _object_key(one, path(one.name))


def _assignment(policy: Policy, name: str, path: str) -> RegistryKey:
    """Return the key that says which policy is assigned: that of the store, or for a domain that of Group Policy."""
    if policy.store.kind not in _OF_DOMAINS:
        return key(rf"{_IPSEC}\Policy\{_FOLDERS[policy.store.kind]}", ActivePolicy=path)
    naming = "".join(f",DC={part}" for part in (policy.store.domain or _DOMAIN).split("."))
    there = f"LDAP://CN={name},CN=IP Security,CN=System{naming}"
    return key(rf"{_IPSEC}\GPTIPSECPolicy", DSIPSECPolicyPath=there, DSIPSECPolicyName=policy.name)


def _object_key(one: StoredObject, path: str) -> RegistryKey:
    values = [
        RegistryValue("className", ValueType.SZ, one.kind.value),
        RegistryValue("name", ValueType.SZ, one.name),
        *(
            _value(spelling, one.attributes[name].values, several=name in _LISTS)
            for name, spelling in attributes.SPELLING.items()
            if name in one.attributes
        ),
        RegistryValue("whenChanged", ValueType.DWORD, _CHANGED),
    ]
    return RegistryKey(rf"{MACHINE}\{path}", {value.name.lower(): value for value in values})


def _value(name: str, values: tuple[str | int | bytes, ...], *, several: bool) -> RegistryValue:
    if several:
        return RegistryValue(name, ValueType.MULTI_SZ, tuple(map(str, values)))
    types = {str: ValueType.SZ, int: ValueType.DWORD, bytes: ValueType.BINARY}
    return RegistryValue(name, types[type(values[0])], values[0])


def _settings_keys(settings: HostSettings) -> Iterator[RegistryKey]:
    driver = {} if settings.exemptions is None else {"NoDefaultExempt": settings.exemptions}
    if settings.boot_mode is not None:
        driver["OperationMode"] = _BOOT_MODES[settings.boot_mode]
    if driver:
        yield key(rf"{_SERVICES}\IPSec", **driver)
    if settings.service_disabled is not None:
        yield key(rf"{_SERVICES}\PolicyAgent", Start=_DISABLED if settings.service_disabled else _AUTOMATIC)
