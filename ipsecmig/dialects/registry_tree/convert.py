"""From the changes that a file makes to a registry to the policies that stand in it afterwards."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Final

from ipsecmig.diagnostics import Diagnostic, Origin
from ipsecmig.dialects.base import Reading, ReadOptions
from ipsecmig.dialects.consec.registry import read_keys
from ipsecmig.dialects.registry_tree import legacy, messages, services
from ipsecmig.dialects.registry_tree.paths import Area, Place, place
from ipsecmig.dialects.registry_tree.tree import Change, KeyDeleted, ValueDeleted, build
from ipsecmig.dialects.stored.convert import read_containers
from ipsecmig.errors import InputError
from ipsecmig.model.policy import NotUnderstood, PolicyStore
from ipsecmig.stored.registry import RegistryKey

Placed = Sequence[tuple[Place, RegistryKey]]

_CURRENT: Final = "currentcontrolset"
_SETS: Final = "controlset"


def reading(
    changes: Iterable[Change], file: str, options: ReadOptions, diagnostics: Sequence[Diagnostic] = ()
) -> Reading:
    """Return the policies of the registry that `changes`, read from `file`, make. Keys are full paths.

    `diagnostics` is what was said before. Raises InputError when the registry of two machines is mixed up in it, or
    nothing in it is about IPsec.
    """
    made = tuple(changes)
    deleted = [c for c in made if isinstance(c, KeyDeleted | ValueDeleted) and place(c.path) is not None]
    try:
        keys = build(made)
    except ValueError as error:
        raise InputError((messages.TOO_DEEP.say(Origin(file), reason=str(error)),)) from error
    placed = [(found, key) for key in keys if (found := place(key.path)) is not None]
    if not placed and not deleted:
        raise InputError((messages.NO_POLICY.say(Origin(file)),))
    _one_machine(placed, file)
    said = [*diagnostics]
    if deleted:
        said.append(messages.DELETES.say(deleted[0].origin, deleted[0].path, count=len(deleted)))
    used, chosen = _of_one_control_set(placed, file)
    policies = _policies(used, file, options)
    return Reading(policies.store, (*said, *chosen, *policies.diagnostics))


def _policies(placed: Placed, file: str, options: ReadOptions) -> Reading:
    found = legacy.read([each for each in placed if each[0].area is Area.LEGACY])
    settings, unknown = services.read([each for each in placed if each[0].area is Area.SERVICE])
    stored = read_containers(found.containers, (file,))
    firewall = read_keys([key for where, key in placed if where.area is Area.FIREWALL], options.assumptions, (file,))
    both = _both(stored.store, firewall.store)
    store = PolicyStore(
        (*stored.store.policies, *firewall.store.policies),
        (*stored.store.filter_lists, *firewall.store.filter_lists),
        (*stored.store.filter_actions, *firewall.store.filter_actions),
        settings,
        (
            *(*stored.store.not_understood, *firewall.store.not_understood),
            *(*found.not_understood, *unknown),
            *(NotUnderstood(said.text, said.message, said.origin) for said in both),
        ),
        (file,),
    )
    return Reading(store, (*found.diagnostics, *stored.diagnostics, *firewall.diagnostics, *both))


def _both(stored: PolicyStore, firewall: PolicyStore) -> tuple[Diagnostic, ...]:
    """Return that Windows applies the policies of both at once, and what of both has the same name."""
    assigned = [policy for policy in (*stored.policies, *firewall.policies) if policy.assigned]
    said = [messages.BOTH.say(p.origin, p.name) for p in assigned if stored.policies and firewall.policies]
    for ours, theirs in (
        (stored.filter_lists, firewall.filter_lists),
        (stored.filter_actions, firewall.filter_actions),
    ):
        names = {(one.store, one.name.casefold()) for one in ours}
        twice = [one for one in theirs if (one.store, one.name.casefold()) in names]
        said += [messages.SAME_NAME.say(one.origin, one.name) for one in twice]
    return tuple(said)


def _one_machine(placed: Placed, file: str) -> None:
    """Refuse keys of which one hive would belong to two machines."""
    hives: dict[bool, set[str]] = {}
    for where, _ in placed:
        hives.setdefault(where.head.startswith("policies"), set()).add(where.machine)
    for machines in hives.values():
        if len(machines) > 1:
            names = ", ".join(sorted(name or "HKEY_LOCAL_MACHINE" for name in machines))
            raise InputError((messages.SEVERAL_MACHINES.say(Origin(file), machines=names),))


def _of_one_control_set(placed: Placed, file: str) -> tuple[Placed, tuple[Diagnostic, ...]]:
    """Return the keys without those of control sets that Windows does not use."""
    sets = {where.head.partition("\\")[0] for where, _ in placed if _SETS in where.head.partition("\\")[0]}
    if len(sets) < 2:
        return placed, ()
    named = {f"controlset{number:03}" for number in _selected(placed)} & sets
    chosen = _CURRENT if _CURRENT in sets else min(named or sets)
    said = () if named or chosen == _CURRENT else (messages.SEVERAL_SETS.say(Origin(file), chosen=chosen),)
    return [each for each in placed if each[0].head.partition("\\")[0] not in sets - {chosen}], said


def _selected(placed: Placed) -> Iterator[int]:
    for where, key in placed:
        current = key.values.get("current")
        if where.area is Area.SELECT and current is not None and isinstance(current.data, int):
            yield current.data
