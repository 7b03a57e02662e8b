"""Everything that a script has made, in all stores and in dynamic mode, and its freezing into the model."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from ipsecmig.diagnostics import Origin
from ipsecmig.dialects.netsh_static.dynamic_objects import DynamicDraft
from ipsecmig.dialects.netsh_static.objects import FilterListDraft, StoreDraft
from ipsecmig.model.policy import (
    LOCAL_STORE,
    FilterList,
    HostSettings,
    NotUnderstood,
    PolicyStore,
    StoreLocation,
)


@dataclass(slots=True)
class Workspace:
    """Everything that a script has made so far; commands work on the store at `location`."""

    location: StoreLocation = LOCAL_STORE
    stores: dict[StoreLocation, StoreDraft] = field(default_factory=dict)
    dynamic: DynamicDraft = field(default_factory=DynamicDraft)
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

    def assigned(self) -> tuple[str, ...]:
        """Return the names of the stored policies that are assigned."""
        policies = (policy.header for store in self.stores.values() for policy in store.policies.values())
        return tuple(policy.name for policy in policies if policy.assigned)

    def freeze(self, sources: tuple[str, ...]) -> PolicyStore:
        """Return the store as it stands, what is in dynamic mode last."""
        stores = self.stores.values()
        made = PolicyStore(
            policies=tuple(policy.freeze() for store in stores for policy in store.policies.values()),
            filter_lists=tuple(draft.freeze() for store in stores for draft in store.lists.values()),
            filter_actions=tuple(action for store in stores for action in store.actions.values()),
            settings=self.settings,
            not_understood=tuple(self.not_understood),
            sources=sources,
        )
        dynamic = self.dynamic.freeze()
        if dynamic is None:
            return made
        return replace(
            made,
            policies=(*made.policies, dynamic.policy),
            filter_lists=(*made.filter_lists, *dynamic.lists),
            filter_actions=(*made.filter_actions, *dynamic.actions),
            not_understood=(*made.not_understood, *dynamic.not_understood),
        )
