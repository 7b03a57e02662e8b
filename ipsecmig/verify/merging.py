"""Several sources about one host, joined into one policy store.

What Windows holds is believed before what it printed, and that before what a script would do: where one source holds a
whole store, what others say about that store is compared with it over all packets and not added. What they contradict
makes the answer undecided, with the packet that shows it. Scripts among themselves only add to each other.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, fields, replace
from typing import Final, TypeVar

from ipsecmig.diagnostics import Diagnostic, Origin, Severity, place
from ipsecmig.dialects.base import Evidence, Reading
from ipsecmig.model.flatten import flatten, host_of
from ipsecmig.model.policy import (
    FilterAction,
    FilterList,
    HostSettings,
    NotUnderstood,
    Policy,
    PolicyStore,
    StoreLocation,
)
from ipsecmig.model.windows import WindowsVersion
from ipsecmig.verify.compare import Result, compare
from ipsecmig.verify.readback.windows import read_policy

CLASH: Final = "CLI004"
CONTRADICTION: Final = "CLI005"
NOT_COMPARED: Final = "CLI006"
BOTH: Final = "CLI007"

_SCRIPTS: Final = "several sources are read each on its own; join scripts that build on each other into one file"
_CHOOSE: Final = "find out which of them holds, and leave the other out"

_Object = Policy | FilterList | FilterAction
_Named = TypeVar("_Named", Policy, FilterList, FilterAction)
_Key = tuple[type, StoreLocation, str]
_Family = tuple[StoreLocation, bool]
"""A store, and whether its connection security rules are meant, which Windows keeps apart."""


def merge(readings: Sequence[Reading]) -> Reading:
    """Return what `readings` say together. Diagnostics of severity ERROR mean that they cannot be joined."""
    merging = _Merging([d for reading in readings for d in reading.diagnostics])
    for reading in sorted(readings, key=lambda one: -one.evidence):
        merging.add(reading)
    return merging.result(readings)


@dataclass(slots=True)
class _Merging:
    """What is known so far, from the strongest evidence on; `known` tells who said it."""

    diagnostics: list[Diagnostic]
    kept: list[PolicyStore] = field(default_factory=list)
    known: dict[_Key, tuple[_Object, Reading]] = field(default_factory=dict)
    settled: dict[_Family, str] = field(default_factory=dict)
    doubts: list[NotUnderstood] = field(default_factory=list)

    def add(self, reading: Reading) -> None:
        """Add what `reading` says beyond what is known, and compare the rest with that."""
        own = reading.store
        new = replace(
            own,
            policies=self._new(own.policies, reading),
            filter_lists=self._new(own.filter_lists, reading),
            filter_actions=self._new(own.filter_actions, reading),
        )
        compared_only = any(_objects(own)) and not any(_objects(new))
        self.kept.append(replace(new, not_understood=()) if compared_only else new)
        if reading.evidence is Evidence.STORE:
            self.settled |= {_family(own, one.store): one.origin.file for one in _objects(own)}

    def _new(self, objects: tuple[_Named, ...], reading: Reading) -> tuple[_Named, ...]:
        return tuple(one for one in objects if not self._is_known(one, reading))

    def _is_known(self, one: _Object, reading: Reading) -> bool:
        """Compare `one` with what is known under its name; return whether it adds nothing."""
        found = self.known.setdefault(_key(one), (one, reading))
        if found[0] is not one:
            self._reconcile(found[0], one, (found[1], reading))
            return True
        family = _family(reading.store, one.store)
        if family not in self.settled:
            return False
        if isinstance(one, Policy) or not _has_policies(reading.store, one.store):
            self._contradiction(f"{_title(one)} is not in the store that {self.settled[family]} holds", one.origin)
        return True

    def _reconcile(self, first: _Object, one: _Object, readings: tuple[Reading, Reading]) -> None:
        former, reading = readings
        if former.evidence is Evidence.SCRIPT is reading.evidence:
            if first != one:
                self._clash(first, one)
        elif isinstance(first, Policy) and isinstance(one, Policy):
            self._compare(first, one, (former.store, reading.store))
        elif not _has_policies(reading.store, one.store) and _content(first) != _content(one):
            self._contradiction(f"{_title(one)} is not what it is in {first.origin.file}", one.origin)

    def _clash(self, first: _Object, one: _Object) -> None:
        message = f"{_title(one)} is not the one of {place(first.origin)}, but has its name"
        self.diagnostics.append(Diagnostic(CLASH, Severity.ERROR, message, one.origin, advice=_SCRIPTS))

    def _compare(self, first: Policy, one: Policy, stores: tuple[PolicyStore, PolicyStore]) -> None:
        """Compare two policies of one name over all packets, unless they are written alike."""
        if first == one and _used(stores[0], first) == _used(stores[1], one):
            return
        site = host_of(stores)
        flat, other = (flatten(store, policy, site) for store, policy in zip(stores, (first, one), strict=True))
        comparison = compare(flat, [read_policy(other)], limit=1)
        if comparison.result is Result.DIFFERENT:
            shown = comparison.differences[0].witness.text()
            message = f'the policy "{one.name}" is not what it is in {first.origin.file}: they differ at {shown}'
            self._contradiction(message, one.origin)
        elif first.assigned != one.assigned:
            assigned = (first if first.assigned else one).origin.file
            self._contradiction(f'the policy "{one.name}" is assigned in {assigned} only', one.origin)
        elif comparison.result is Result.UNDECIDED:
            message = (
                f'the policy "{one.name}" cannot be compared whole with that of {first.origin.file}, which is taken'
            )
            self.diagnostics.append(Diagnostic(NOT_COMPARED, Severity.INFO, message, one.origin))

    def _contradiction(self, message: str, origin: Origin) -> None:
        self.diagnostics.append(Diagnostic(CONTRADICTION, Severity.WARNING, message, origin, advice=_CHOOSE))
        self.doubts.append(NotUnderstood(message, f"two sources contradict each other: {_CHOOSE}", origin))

    def result(self, readings: Sequence[Reading]) -> Reading:
        """Return everything together."""
        stores = self.kept
        self._both_in_force()
        settings = self._settings()
        joined = PolicyStore(
            policies=tuple(o for s in stores for o in s.policies),
            filter_lists=tuple(o for s in stores for o in s.filter_lists),
            filter_actions=tuple(o for s in stores for o in s.filter_actions),
            settings=settings,
            not_understood=(*(n for s in stores for n in s.not_understood), *self.doubts),
            sources=tuple(name for reading in readings for name in reading.store.sources),
        )
        strongest = max((reading.evidence for reading in readings), default=Evidence.SCRIPT)
        return Reading(joined, tuple(self.diagnostics), strongest)

    def _both_in_force(self) -> None:
        """Say so where IP security policies and connection security rules of different sources apply at once."""
        assigned = [policy for store in self.kept for policy in store.policies if policy.assigned]
        rules = [policy for policy in assigned if policy.connection_security is not None]
        others = [policy for policy in assigned if policy.connection_security is None]
        if rules and others and rules[0].origin.file != others[0].origin.file:
            message = f'is in force together with the policy "{others[0].name}" of {place(others[0].origin)}'
            self.diagnostics.append(Diagnostic(BOTH, Severity.WARNING, message, rules[0].origin, rules[0].name))
            reason = f"{message}: what packets meet under both together is not worked out"
            self.doubts.append(NotUnderstood(f'the policy "{rules[0].name}"', reason, rules[0].origin))

    def _settings(self) -> HostSettings:
        values: dict[str, object] = {}
        for store in self.kept:
            for name in (one.name for one in fields(HostSettings)):
                old, new = values.get(name), getattr(store.settings, name)
                if None not in (old, new) and old != new:
                    here, elsewhere = (one.value if isinstance(one, WindowsVersion) else one for one in (new, old))
                    said = f"the setting {name.replace('_', ' ')} is {here} here and {elsewhere} elsewhere"
                    self._contradiction(said, Origin(", ".join(store.sources)))
                values[name] = new if old is None else old
        return HostSettings(**values)  # type: ignore[arg-type]


def _objects(store: PolicyStore) -> Iterator[_Object]:
    yield from store.policies
    yield from store.filter_lists
    yield from store.filter_actions


def _key(one: _Object) -> _Key:
    return type(one), one.store, one.name.casefold()


def _used(store: PolicyStore, policy: Policy) -> list[FilterList | FilterAction | None]:
    """Return the filter lists and filter actions of the rules of `policy`."""
    lists = [store.filter_list(rule.filter_list, policy.store) for rule in policy.rules]
    return [*lists, *(store.filter_action(rule.filter_action, policy.store) for rule in policy.rules)]


_KINDS: Final = {Policy: "policy", FilterList: "filter list", FilterAction: "filter action"}


def _title(one: _Object) -> str:
    return f'the {_KINDS[type(one)]} "{one.name}"'


def _family(store: PolicyStore, location: StoreLocation) -> _Family:
    return location, any(one.connection_security is not None for one in store.policies if one.store == location)


def _has_policies(store: PolicyStore, location: StoreLocation) -> bool:
    """Whether the reading has policies there, whose comparison then covers the lists and actions that they use."""
    return any(policy.store == location for policy in store.policies)


def _content(one: _Object) -> object:
    """Return what a filter list or filter action says, without its description and its GUID."""
    if isinstance(one, FilterList):
        return frozenset(replace(filter_, description="") for filter_ in one.filters)
    return replace(one, description="", guid="")
