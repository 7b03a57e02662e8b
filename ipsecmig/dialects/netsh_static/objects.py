"""The objects of one store while a script edits them, and their freezing into the model.

Names are compared without case. Policies, lists and actions are replaced as a whole when they change; filters and
rules, of which there are many, are kept in dictionaries.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import Final

from ipsecmig.model.policy import (
    Filter,
    FilterAction,
    FilterList,
    Policy,
    Rule,
)
from ipsecmig.model.selectors import Address, AddressRange, AnyAddress, DnsName, Family, Me

FilterKey = tuple[int | str, int | str, int, int, int, bool]
"""What makes two filters the same for netsh: addresses, protocol, ports and whether it is mirrored."""

ANY_KEY: Final = -1
ME_KEY: Final = -2


def address_key(address: Address) -> int | str:
    """Return a short key of `address`, equal for equal addresses only; for an IPv4 host it is the address itself."""
    if isinstance(address, AddressRange):
        is_host = address.first == address.last and address.family is Family.IPV4
        return address.first if is_host else address.text()
    match address:
        case AnyAddress():
            return ANY_KEY
        case Me():
            return ME_KEY
        case DnsName(name):
            return f"name {name.casefold()}"
        case _:
            return address.role.name


def filter_key(filter_: Filter) -> FilterKey:
    """Return the key of `filter_` in its list."""
    return (
        address_key(filter_.source),
        address_key(filter_.destination),
        filter_.protocol,
        filter_.source_port.first,
        filter_.destination_port.first,
        filter_.mirrored,
    )


@dataclass(slots=True)
class FilterListDraft:
    """A filter list under construction: `header` without filters, and the filters by what they match."""

    header: FilterList
    filters: dict[FilterKey, Filter] = field(default_factory=dict)

    def freeze(self) -> FilterList:
        """Return the filter list."""
        return replace(self.header, filters=tuple(self.filters.values()))


@dataclass(slots=True)
class PolicyDraft:
    """A policy under construction: `header` without rules, and the rules by name without case."""

    header: Policy
    rules: dict[str, Rule] = field(default_factory=dict)

    def freeze(self) -> Policy:
        """Return the policy."""
        return replace(self.header, rules=tuple(self.rules.values()))


@dataclass(slots=True)
class StoreDraft:
    """All objects of one store location, by name without case."""

    policies: dict[str, PolicyDraft] = field(default_factory=dict)
    lists: dict[str, FilterListDraft] = field(default_factory=dict)
    actions: dict[str, FilterAction] = field(default_factory=dict)

    def rules(self) -> Iterator[tuple[PolicyDraft, str, Rule]]:
        """Yield every rule with its policy and its key there."""
        for policy in self.policies.values():
            for key, rule in policy.rules.items():
                yield policy, key, rule
