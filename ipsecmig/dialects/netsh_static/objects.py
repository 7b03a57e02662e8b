"""The store while a script edits it, and its freezing into the model.

Names are compared without case. Policies, lists and actions are replaced as a whole when they change; filters and
rules, of which there are many, are kept in dictionaries.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import Final

from ipsecmig.diagnostics import Origin
from ipsecmig.model.policy import (
    LOCAL_STORE,
    Filter,
    FilterAction,
    FilterList,
    HostSettings,
    NotUnderstood,
    Policy,
    PolicyStore,
    Rule,
    StoreLocation,
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


@dataclass(slots=True)
class Workspace:
    """Everything that a script has made so far; commands work on the store at `location`."""

    location: StoreLocation = LOCAL_STORE
    stores: dict[StoreLocation, StoreDraft] = field(default_factory=dict)
    settings: HostSettings = field(default_factory=HostSettings)
    not_understood: list[NotUnderstood] = field(default_factory=list)

    @property
    def store(self) -> StoreDraft:
        """The store that commands work on."""
        return self.stores.setdefault(self.location, StoreDraft())

    def list_for(self, name: str, origin: Origin) -> FilterListDraft:
        """Return the filter list `name`; it is made when it does not exist, as `add filter` does."""
        lists = self.store.lists
        draft = lists.get(name.casefold())
        if draft is None:
            draft = lists[name.casefold()] = FilterListDraft(FilterList(name, store=self.location, origin=origin))
        return draft

    def freeze(self, sources: tuple[str, ...]) -> PolicyStore:
        """Return the store as it stands."""
        stores = self.stores.values()
        return PolicyStore(
            policies=tuple(policy.freeze() for store in stores for policy in store.policies.values()),
            filter_lists=tuple(draft.freeze() for store in stores for draft in store.lists.values()),
            filter_actions=tuple(action for store in stores for action in store.actions.values()),
            settings=self.settings,
            not_understood=tuple(self.not_understood),
            sources=sources,
        )
