"""From the printed objects to the policy store."""

from __future__ import annotations

from dataclasses import replace
from typing import Final, TypeVar

from ipsecmig.dialects.netsh_show import messages
from ipsecmig.dialects.netsh_show.findings import Findings
from ipsecmig.dialects.netsh_show.reader import Reader
from ipsecmig.dialects.netsh_show.records import (
    ActionRecord,
    AssignmentRecord,
    ListRecord,
    PolicyRecord,
    Record,
    RuleRecord,
    described,
)
from ipsecmig.dialects.netsh_show.shelf import Named, Shelf
from ipsecmig.dialects.netsh_show.values import GUID, Values, integers
from ipsecmig.dialects.netsh_show.vocabulary import Key, Vocabulary, Word
from ipsecmig.model.policy import (
    LOCAL_STORE,
    Action,
    ConnectionType,
    DefaultResponseRule,
    FilterAction,
    FilterList,
    MainMode,
    Policy,
    PolicyStore,
    Rule,
    StoreLocation,
)
from ipsecmig.model.selectors import AddressRange, DnsName

_LABELS: Final = {
    Key.ASSIGNED: "Assigned",
    Key.POLLING_INTERVAL: "Polling Interval",
    Key.MAIN_MODE_LIFETIME: "MainMode LifeTime",
    Key.MASTER_PFS: "Master PFS",
    Key.RULE_COUNT: "No. of Rules",
    Key.FILTER_COUNT: "No. of Filters",
    Key.OFFER_COUNT: "No. of Security.Methods",
    Key.ACTIVATED: "Activated",
    Key.CONNECTION_TYPE: "Connection Type",
    Key.TUNNEL: "Tunnel Dest IP Address",
    Key.ACTION: "Action",
    Key.SOFT: "AllowUnsecure(Fallback)",
    Key.INBOUND_PASSTHROUGH: "Inbound Passthrough",
    Key.PFS: "QMPFS",
    Key.LOCAL_ASSIGNED: "Local IPsec Policy Assigned",
}
_DEFAULT_MAIN_MODE_MINUTES: Final = 480
_DEFAULT_POLLING_MINUTES: Final = 180

T = TypeVar("T")


class Assembler:
    """Builds the store of what `reader` holds."""

    def __init__(self, reader: Reader, vocabulary: Vocabulary, findings: Findings) -> None:
        self._reader, self._vocabulary, self._findings = reader, vocabulary, findings
        self._values = Values(vocabulary)
        self._lists: Shelf[FilterList] = Shelf(lambda made: self._clash("filter list", made))
        self._actions: Shelf[FilterAction] = Shelf(lambda made: self._clash("filter action", made))
        self._policies: Shelf[Policy] = Shelf(lambda made: self._clash("policy", made))
        self._list_places: dict[int, int] = {}
        self._action_places: dict[int, int] = {}
        self._usual_store = LOCAL_STORE

    def store(self, source: str) -> PolicyStore:
        """Return the store; `source` is the name of the file."""
        reader = self._reader
        records: list[Record] = [*reader.policies, *reader.lists, *reader.actions]
        self._usual_store = next((self._store(r) for r in records if Key.STORE in r.values), LOCAL_STORE)
        responses = [rule for policy in reader.policies for rule in policy.rules if self._is_response(rule)]
        apart = {id(part) for rule in responses for part in (rule.filter_list, rule.action)}
        for listed in (one for one in reader.lists if id(one) not in apart):
            self._add_list(listed)
        for action in (one for one in reader.actions if id(one) not in apart):
            self._action_places[id(action)] = self._actions.add(self._action(action), is_full=True)
        self._doubt_headings("filter list", self._lists)
        for policy in reader.policies:
            self._policies.add(self._policy(policy), is_full=bool(policy.offers or policy.rules))
        self._check_policies()
        for assignment in reader.assignments:
            self._assign(assignment)
        return PolicyStore(
            tuple(self._policies.objects),
            tuple(self._lists.objects),
            tuple(self._actions.objects),
            not_understood=self._findings.not_understood(),
            sources=(source,),
        )

    def _clash(self, kind: str, made: Policy | FilterList | FilterAction) -> None:
        self._findings.doubt(
            messages.CONTRADICTION, made.origin.line, f'{kind} "{made.name}"', kind=kind, name=made.name
        )

    # ---- Values ------------------------------------------------------------------------------------------------------

    def _said(self, record: Record, key: Key, meaning: T | None, default: T) -> T:
        """Return `meaning`, which is what `record` says of `key`; doubt what is missing or not understood."""
        if meaning is not None:
            return meaning
        value, label = record.get(key), _LABELS[key]
        if value:
            self._findings.doubt(messages.UNKNOWN_VALUE, record.line, described(record), label=label, value=value)
        else:
            self._findings.doubt(
                messages.MISSING_LINE, record.line, described(record), label=label, owner=described(record)
            )
        return default

    def _flag(self, record: Record, key: Key, *, default: bool) -> bool:
        return self._said(record, key, self._values.yes_no(record.get(key)), default)

    def _count(self, record: Record, key: Key, *found: int) -> None:
        """Check the printed number of parts against what was found, any of which is right."""
        stated = self._said(record, key, integers(record.get(key), 1), found)
        if stated[0] not in found:
            fields = {"label": _LABELS[key], "stated": stated[0], "found": found[0]}
            self._findings.doubt(messages.WRONG_COUNT, record.line, described(record), **fields)

    def _store(self, record: Record) -> StoreLocation:
        value = record.get(Key.STORE)
        if not value:
            return self._usual_store
        kind = self._values.store(value)
        if kind is None:
            self._findings.note(messages.UNKNOWN_STORE, record.line, value=value)
            return LOCAL_STORE
        return StoreLocation(kind)

    # ---- Objects -----------------------------------------------------------------------------------------------------

    def _add_list(self, record: ListRecord) -> None:
        count = integers(record.get(Key.FILTER_COUNT), 1)
        is_full = record.is_shown or count == (0,)
        if record.is_shown:
            self._count(record, Key.FILTER_COUNT, len(record.filters) + record.set_aside)
        made = FilterList(
            record.get(Key.LIST_NAME),
            tuple(record.filters),
            self._values.text(record.get(Key.DESCRIPTION)),
            self._store(record),
            record.get(Key.GUID).lower(),
            self._findings.origin(record.line),
        )
        self._list_places[id(record)] = self._lists.add(made, is_full=is_full)

    def _doubt_headings(self, kind: str, shelf: Shelf[Named]) -> None:
        """Doubt the objects of one kind of which only the head was printed."""
        for made, is_full in zip(shelf.objects, shelf.is_full, strict=True):
            if not is_full:
                text = f'{kind} "{made.name}"'
                self._findings.doubt(messages.NOT_SHOWN, made.origin.line, text, kind=text)

    def _action(self, record: ActionRecord) -> FilterAction:
        action = self._said(record, Key.ACTION, self._values.action(record.get(Key.ACTION)), Action.BLOCK)
        made = FilterAction(
            record.get(Key.ACTION_NAME),
            action,
            description=self._values.text(record.get(Key.DESCRIPTION)),
            store=self._store(record),
            guid=record.get(Key.GUID).lower(),
            origin=self._findings.origin(record.line),
        )
        if action is not Action.NEGOTIATE:
            return made
        self._count(record, Key.OFFER_COUNT, len(record.offers))
        if not record.offers:
            self._findings.doubt(messages.NOT_SHOWN, record.line, described(record), kind=described(record))
        return replace(
            made,
            offers=tuple(record.offers),
            pfs=self._flag(record, Key.PFS, default=False),
            soft=self._flag(record, Key.SOFT, default=False),
            inbound_passthrough=self._flag(record, Key.INBOUND_PASSTHROUGH, default=False),
        )

    def _policy(self, record: PolicyRecord) -> Policy:
        made = Policy(
            record.get(Key.POLICY_NAME),
            MainMode(()),
            description=self._values.text(record.get(Key.DESCRIPTION)),
            store=self._store(record),
            guid=record.get(Key.GUID).lower(),
            origin=self._findings.origin(record.line),
        )
        assigned = self._flag(record, Key.ASSIGNED, default=False)
        if not record.offers and not record.rules:
            return replace(made, assigned=assigned)
        responses = [rule for rule in record.rules if self._is_response(rule)]
        ordinary = [rule for rule in record.rules if not self._is_response(rule)]
        self._count(record, Key.RULE_COUNT, len(record.rules), len(record.rules) - len(responses))
        for extra in responses[1:]:
            self._findings.doubt(messages.NO_FILTER_LIST, extra.line, described(extra), part="filter list")
        interval = integers(record.get(Key.POLLING_INTERVAL), 1)
        minutes = self._said(record, Key.POLLING_INTERVAL, interval, (_DEFAULT_POLLING_MINUTES,))
        return replace(
            made,
            main_mode=self._main_mode(record),
            rules=tuple(made_rule for rule in ordinary if (made_rule := self._rule(rule)) is not None),
            default_response=self._response(responses[0]) if responses else None,
            polling_interval_seconds=minutes[0] * 60,
            assigned=assigned,
        )

    def _main_mode(self, record: PolicyRecord) -> MainMode:
        """Return main mode; the lifetime is printed as `480 minutes / 0 Quick Mode sessions`."""
        if not record.offers:
            self._findings.doubt(messages.NOT_SHOWN, record.line, described(record), kind=described(record))
        life = integers(record.get(Key.MAIN_MODE_LIFETIME), 2)
        minutes, limit = self._said(record, Key.MAIN_MODE_LIFETIME, life, (_DEFAULT_MAIN_MODE_MINUTES, 0))
        pfs = self._flag(record, Key.MASTER_PFS, default=False)
        return MainMode(tuple(record.offers), minutes * 60, limit, pfs)

    def _is_response(self, rule: RuleRecord) -> bool:
        """Whether `rule` is the default response rule: it negotiates, and has no filter list of its own."""
        if rule.filter_list is not None:
            return self._vocabulary.means(rule.filter_list.get(Key.LIST_NAME), Word.DYNAMIC_LIST)
        if rule.action is None:
            return rule.lacks_list
        return self._values.action(rule.action.get(Key.ACTION)) is Action.NEGOTIATE

    def _response(self, record: RuleRecord) -> DefaultResponseRule:
        self._findings.note(messages.DEFAULT_RESPONSE, record.line)
        action = None if record.action is None else self._action(record.action)
        if action is None:
            self._findings.doubt(messages.NO_FILTER_LIST, record.line, described(record), part="filter action")
        return DefaultResponseRule(
            self._flag(record, Key.ACTIVATED, default=True),
            tuple(record.methods),
            () if action is None else action.offers,
            action is not None and action.pfs,
            self._findings.origin(record.line),
        )

    def _rule(self, record: RuleRecord) -> Rule | None:
        if record.filter_list is None or record.action is None:
            part = "filter list" if record.filter_list is None else "filter action"
            self._findings.doubt(messages.NO_FILTER_LIST, record.line, described(record), part=part)
            return None
        action = self._actions.objects[self._action_places[id(record.action)]]
        self._check_methods(record, action)
        kind = self._values.connection(record.get(Key.CONNECTION_TYPE))
        guid = GUID.search(record.get(Key.RULE_ID)) or GUID.search(record.get(Key.GUID))
        return Rule(
            self._values.text(record.get(Key.RULE_NAME)),
            self._lists.objects[self._list_places[id(record.filter_list)]].name,
            action.name,
            tuple(record.methods),
            self._tunnel(record),
            self._said(record, Key.CONNECTION_TYPE, kind, ConnectionType.ALL),
            self._flag(record, Key.ACTIVATED, default=True),
            self._values.text(record.get(Key.DESCRIPTION)),
            "" if guid is None else guid[0].lower(),
            self._findings.origin(record.line),
        )

    def _check_methods(self, record: RuleRecord, action: FilterAction) -> None:
        found, what = len(record.methods), described(record)
        label = "Authentication Methods"
        if record.method_count is not None and record.method_count != found:
            fields = {"label": label, "stated": record.method_count, "found": found}
            self._findings.doubt(messages.WRONG_COUNT, record.line, what, **fields)
        elif not found and action.action is Action.NEGOTIATE:
            self._findings.doubt(messages.MISSING_LINE, record.line, what, label=label, owner=what)

    def _tunnel(self, record: RuleRecord) -> AddressRange | DnsName | None:
        value, name = record.get(Key.TUNNEL), record.get(Key.TUNNEL_NAME)
        if not value and not name:
            return None
        if self._vocabulary.means(value, Word.NONE):
            return None
        side = self._values.side(value, "255.255.255.255" if ":" not in value else None, name or None)
        address = None if side is None else side.address
        if isinstance(address, DnsName) or (isinstance(address, AddressRange) and address.is_host):
            return address
        return self._said(record, Key.TUNNEL, None, None)

    # ---- What the outputs say about all of it ------------------------------------------------------------------------

    def _check_policies(self) -> None:
        self._doubt_headings("policy", self._policies)
        counted = self._reader.policy_count
        if counted is not None and counted[1] != len(self._reader.policies):
            fields = {"label": "No. of Policies", "stated": counted[1], "found": len(self._reader.policies)}
            self._findings.doubt(messages.WRONG_COUNT, counted[0], "the output", **fields)

    def _assign(self, record: AssignmentRecord) -> None:
        """Let group policy win over the local assignment (TechNet: "Understanding IPSec Policy Precedence")."""
        name, policies = self._values.text(record.get(Key.DIRECTORY_POLICY)), self._policies.objects
        if not name:
            return
        if all(made.name.casefold() != name.casefold() for made in policies):
            self._findings.doubt(messages.GPO_POLICY, record.line, f'policy "{name}"', name=name)
            return
        gpo = self._values.text(record.get(Key.GPO))
        for place, made in enumerate(policies):
            if made.name.casefold() == name.casefold():
                policies[place] = replace(made, assigned=True, gpo=gpo)
            elif made.assigned:
                self._findings.note(messages.OVERRIDDEN, record.line, name=name, other=made.name)
                policies[place] = replace(made, assigned=False)
