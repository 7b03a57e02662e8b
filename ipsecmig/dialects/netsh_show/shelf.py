"""Objects that several outputs of one source can print: each is kept once, and its name is made unique."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Generic, TypeVar

from ipsecmig.model.policy import FilterAction, FilterList, Policy, StoreLocation

Named = TypeVar("Named", Policy, FilterList, FilterAction)


@dataclass(slots=True)
class Shelf(Generic[Named]):
    """The objects of one kind. `objects` go by their place; `is_full` tells those that were printed whole.

    A GUID says which object it is; without one, its name does. `clash` is called with the object that differs from the
    one kept.
    """

    clash: Callable[[Named], None]
    objects: list[Named] = field(default_factory=list)
    is_full: list[bool] = field(default_factory=list)
    _by_guid: dict[str, int] = field(default_factory=dict)
    _by_name: dict[tuple[StoreLocation, str], int] = field(default_factory=dict)
    _taken: set[tuple[StoreLocation, str]] = field(default_factory=set)

    def add(self, made: Named, *, is_full: bool) -> int:
        """Add `made`, or find it among those that are there; return its place."""
        place = self._find(made)
        if place is None:
            place = len(self.objects)
            self._by_name.setdefault((made.store, made.name.casefold()), place)
            self.objects.append(replace(made, name=self._unique(made)))
            self.is_full.append(is_full)
        elif is_full and not self.is_full[place]:
            kept = self.objects[place]
            self.objects[place] = replace(made, name=kept.name, guid=made.guid or kept.guid)
            self.is_full[place] = True
        elif is_full and not _agree(self.objects[place], made):
            self.clash(made)
        if made.guid:
            self._by_guid.setdefault(made.guid, place)
        return place

    def _find(self, made: Named) -> int | None:
        if made.guid in self._by_guid:
            return self._by_guid[made.guid]
        place = self._by_name.get((made.store, made.name.casefold()))
        return None if place is None or (made.guid and self.objects[place].guid) else place

    def _unique(self, made: Named) -> str:
        """Return the name of `made`; Windows lets two objects share one, which are then told apart by their GUID."""
        name = made.name
        while (made.store, name.casefold()) in self._taken:
            name = f"{name} {made.guid or '(2)'}"
        self._taken.add((made.store, name.casefold()))
        return name


def _agree(kept: Named, made: Named) -> bool:
    """Whether two prints of one object say the same; a name can be changed here, and a description be cut."""
    return replace(made, name=kept.name, guid=kept.guid, description=kept.description, store=kept.store) == kept
