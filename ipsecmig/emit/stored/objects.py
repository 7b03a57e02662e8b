"""The objects of a plan: their GUIDs, their attributes, and their references to each other."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Final
from uuid import UUID, uuid5

from ipsecmig.emit.stored import blobs, words
from ipsecmig.emit.stored.plan import Plan
from ipsecmig.model.policy import DefaultResponseRule, Policy
from ipsecmig.stored import attributes, numbers
from ipsecmig.stored.blobs import Blob
from ipsecmig.stored.blobs.text import guid_bytes, guid_text
from ipsecmig.stored.objects import Assignment, Attribute, ObjectClass, StoredObject, object_name

Refer = Callable[[str], str]
"""What turns the name of an object, `ipsecNFA{...}`, into the reference that the container holds."""

_NAMESPACE: Final = UUID("3f0d3a52-6f0b-5a0e-9a56-5f1c0f7a2b11")
"""Of the GUIDs that are made: the same object always gets the same."""

Fields = Mapping[str, str | Iterable[str]]


class _Names:
    """Names every object before any is made, as they refer to each other."""

    def __init__(self, plan: Plan) -> None:
        self._scope = f"{plan.store.kind.value} {plan.store.domain} {plan.policy.name}"
        self._taken: set[str] = set()
        self.policy = self._guid(plan.policy.guid, "policy")
        self.main_mode = self._guid("", "main mode")
        self.rules = [self._guid(rule.guid, "rule", rule.name) for rule in plan.rules]
        self.response = self._guid("", "default response rule")
        self.actions = {k: self._guid(a.guid, "filter action", a.name) for k, a in plan.actions.items()}
        self.response_action = self._guid("", "filter action of the default response rule")
        self.lists = {k: self._guid(f.guid, "filter list", f.name) for k, f in plan.lists.items()}

    def _guid(self, guid: str, *what: str) -> str:
        """Return the GUID that an object has, or one made from what it is where it has none or shares it."""
        try:
            chosen = guid_text(guid_bytes(guid))
        except ValueError:
            chosen = ""
        if not chosen or chosen in self._taken:
            chosen = f"{{{uuid5(_NAMESPACE, repr((self._scope, what)))}}}"
        self._taken.add(chosen)
        return chosen


def make_objects(plan: Plan, refer: Refer) -> tuple[StoredObject, ...]:
    """Return the objects of `plan`: policy, main mode, rules, filter actions and filter lists, in this order."""
    names = _Names(plan)
    return (
        *_policy(plan, names, refer),
        *_rules(plan, names, refer),
        *_actions(plan, names, refer),
        *_lists(plan, names, refer),
    )


def assignments(plan: Plan, stored: tuple[StoredObject, ...], refer: Refer) -> tuple[Assignment, ...]:
    """Return the assignment of the policy: none where it is not assigned, or not complete."""
    if not plan.is_assigned:
        return ()
    return (Assignment(refer(stored[0].name), plan.gpo),)


def _make(kind: ObjectClass, guid: str, blob: Blob, name: str, description: str, fields: Fields) -> StoredObject:
    texts = {attributes.NAME: words.plain(name), attributes.DESCRIPTION: words.plain(description)}
    found: dict[str, tuple[str | int | bytes, ...]] = {key: (value,) for key, value in texts.items() if value}
    found[attributes.IDENTIFIER] = (guid,)
    found[attributes.DATA_TYPE] = (numbers.DATA_TYPE,)
    found[attributes.DATA] = (blob.write(),)
    found |= {key: (value,) if isinstance(value, str) else tuple(value) for key, value in fields.items()}
    return StoredObject(kind, guid, {key: Attribute(values) for key, values in found.items() if values})


def _policy(plan: Plan, names: _Names, refer: Refer) -> Iterator[StoredObject]:
    policy: Policy = plan.policy
    guids = names.rules if plan.response is None else [names.response, *names.rules]
    fields: Fields = {
        attributes.MAIN_MODE: refer(object_name(ObjectClass.ISAKMP_POLICY, names.main_mode)),
        attributes.RULES: [refer(object_name(ObjectClass.NFA, guid)) for guid in guids],
    }
    yield _make(ObjectClass.POLICY, names.policy, blobs.policy_blob(policy), policy.name, policy.description, fields)
    owners: Fields = {attributes.OWNERS: refer(object_name(ObjectClass.POLICY, names.policy))}
    yield _make(ObjectClass.ISAKMP_POLICY, names.main_mode, blobs.main_mode_blob(plan), "", "", owners)


def _rules(plan: Plan, names: _Names, refer: Refer) -> Iterator[StoredObject]:
    owner = refer(object_name(ObjectClass.POLICY, names.policy))
    if plan.response is not None:
        fields: Fields = {
            attributes.OWNERS: owner,
            attributes.FILTER_ACTION: refer(object_name(ObjectClass.NEGOTIATION_POLICY, names.response_action)),
        }
        yield _make(ObjectClass.NFA, names.response, blobs.response_blob(plan.response), "", "", fields)
    for rule, guid in zip(plan.rules, names.rules, strict=True):
        filter_list = names.lists[rule.filter_list.casefold()]
        action = names.actions[rule.filter_action.casefold()]
        fields = {
            attributes.OWNERS: owner,
            attributes.FILTER_LIST: refer(object_name(ObjectClass.FILTER, filter_list)),
            attributes.FILTER_ACTION: refer(object_name(ObjectClass.NEGOTIATION_POLICY, action)),
        }
        yield _make(ObjectClass.NFA, guid, blobs.rule_blob(rule), rule.name, rule.description, fields)


def _actions(plan: Plan, names: _Names, refer: Refer) -> Iterator[StoredObject]:
    kind = ObjectClass.NEGOTIATION_POLICY
    response: DefaultResponseRule | None = plan.response
    if response is not None:
        fields: Fields = {
            attributes.OWNERS: refer(object_name(ObjectClass.NFA, names.response)),
            attributes.ACTION_TYPE: numbers.DEFAULT_RESPONSE,
            attributes.ACTION: words.NEGOTIATE,
        }
        yield _make(kind, names.response_action, blobs.response_action_blob(response), "", "", fields)
    users = _users(names.rules, (rule.filter_action for rule in plan.rules))
    for key, action in plan.actions.items():
        fields = {
            attributes.OWNERS: _owners(users[key], refer),
            attributes.ACTION_TYPE: numbers.ORDINARY,
            attributes.ACTION: words.action_guid(action),
        }
        yield _make(kind, names.actions[key], blobs.action_blob(action), action.name, action.description, fields)


def _lists(plan: Plan, names: _Names, refer: Refer) -> Iterator[StoredObject]:
    users = _users(names.rules, (rule.filter_list for rule in plan.rules))
    for key, filter_list in plan.lists.items():
        guid = names.lists[key]
        blob = blobs.filter_blob(filter_list, UUID(guid))
        fields: Fields = {attributes.OWNERS: _owners(users[key], refer)}
        yield _make(ObjectClass.FILTER, guid, blob, filter_list.name, filter_list.description, fields)


def _users(rules: Iterable[str], used: Iterable[str]) -> Mapping[str, list[str]]:
    """Return the GUIDs of the rules that use each object, by its case-folded name; rule by rule, `used` names it."""
    users: dict[str, list[str]] = {}
    for guid, name in zip(rules, used, strict=True):
        users.setdefault(name.casefold(), []).append(guid)
    return users


def _owners(rules: Iterable[str], refer: Refer) -> list[str]:
    return [refer(object_name(ObjectClass.NFA, guid)) for guid in rules]
