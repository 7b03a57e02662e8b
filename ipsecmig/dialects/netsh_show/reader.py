"""Puts printed lines together to objects.

Objects begin with their name; a filter begins with its description and `Mirrored`. A rule holds its filter list and
filter action, each under a title of its own; the same objects can follow by themselves, and several outputs can follow
each other. What belongs nowhere is set aside.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Final

from ipsecmig.dialects.netsh_show import messages, values
from ipsecmig.dialects.netsh_show.filters import FilterBuilder
from ipsecmig.dialects.netsh_show.findings import Findings
from ipsecmig.dialects.netsh_show.lines import Blank, Block, Failure, Field, Item, Prompt, Table, Text, width
from ipsecmig.dialects.netsh_show.methods import take_method, take_row
from ipsecmig.dialects.netsh_show.records import (
    ALLOWED,
    FILTER_KEYS,
    ActionRecord,
    AssignmentRecord,
    ListRecord,
    PolicyRecord,
    Record,
    RuleRecord,
    described,
)
from ipsecmig.dialects.netsh_show.state import is_dynamic, is_state
from ipsecmig.dialects.netsh_show.vocabulary import FILTER_ORDER, Key, Vocabulary

_EMPTY: Final = frozenset({5072})
_DENIED: Final = frozenset({5073})
_AUTHENTICATION_KEYS: Final = frozenset({Key.PRESHARED_KEY, Key.ROOT_CA, Key.CERT_MAP, Key.EXCLUDE_NAME})
_TITLES: Final = frozenset({Key.RULE_DETAILS, Key.MAIN_MODE_METHODS, Key.FILTERS})
_COUNTS: Final = frozenset({Key.POLICY_COUNT, Key.FILTER_COUNT, Key.RULE_COUNT})


class Reader:
    """Reads the items of one source; afterwards it holds what was printed, in its order."""

    def __init__(self, vocabulary: Vocabulary, findings: Findings) -> None:
        self.policies: list[PolicyRecord] = []
        self.lists: list[ListRecord] = []
        self.actions: list[ActionRecord] = []
        self.assignments: list[AssignmentRecord] = []
        self.rules_alone = 0
        self.state_line = 0
        self.failures: list[Failure] = []
        self.policy_count: tuple[int, int] | None = None
        self._vocabulary, self._findings = vocabulary, findings
        self._filters = FilterBuilder(vocabulary, findings)
        self._owner: Record | None = None
        self._policy: PolicyRecord | None = None
        self._rule: RuleRecord | None = None
        self._list: ListRecord | None = None
        self._filter: dict[Key, str] | None = None
        self._filter_line = 0
        self._description: Field | None = None
        self._in_authentication = False
        self._is_state = False
        self._held_policy: Field | None = None
        self._was_blank = True
        self._isolated: Field | None = None

    def read(self, items: Iterable[Item]) -> None:
        """Read all items."""
        for item in items:
            if self._isolated is not None:
                self._judge_isolated(is_alone=isinstance(item, Blank))
            if isinstance(item, Block):
                self._whole_filter(item)
            elif isinstance(item, Field) and not self._is_state:
                self._field(item)
            elif isinstance(item, Blank):
                self._was_blank = True
                continue
            elif not self._is_state or not self._still_state(item):
                _HANDLERS[type(item)](self, item)
            self._was_blank = False
        self._judge_isolated(is_alone=True)
        self._close()

    def _field(self, item: Field) -> None:
        key, current = item.key, self._filter
        if self._description is not None and key is not Key.MIRRORED:
            if key is None and self._continues(item):
                self._continue(f"{item.label.strip()}: {item.value}")
                return
            self._flush()
        if key is Key.DESCRIPTION:
            self._in_authentication = False
            self._description = item
        elif key is Key.MIRRORED:
            self._begin_filter(item)
        elif current is not None and key in FILTER_KEYS:
            if current.setdefault(key, item.value) != item.value:
                owner = described(self._list)
                self._findings.doubt(messages.SAID_TWICE, item.line, "a filter", label=item.label.strip(), owner=owner)
        elif key is None:
            self._unknown(item)
        else:
            self._known(key, item)

    def _known(self, key: Key, item: Field) -> None:
        opener = _OPENERS.get(key)
        if opener is not None:
            self._in_authentication = False
            opener(self, item)
        elif key is Key.AUTHENTICATION:
            self._title(Text(item.line, "", key, number=_count(item.value)))
        elif key in _AUTHENTICATION_KEYS and self._rule is not None:
            self._method(key, item)
        elif key in _COUNTS and not self._takes(key):
            self._trailer(key, item)
        else:
            self._in_authentication = False
            self._put(key, item)

    def _takes(self, key: Key) -> bool:
        return self._owner is not None and key in ALLOWED[type(self._owner)] and key not in self._owner.values

    def _trailer(self, key: Key, item: Field) -> None:
        """Take the number of all policies at the end of an output; what follows belongs to no object."""
        self._close()
        count = _count(item.value)
        if key is Key.POLICY_COUNT and count is not None:
            before = 0 if self.policy_count is None else self.policy_count[1]
            self.policy_count = (item.line, before + count)

    def _put(self, key: Key, item: Field) -> None:
        """Give a value to the object that is open, or to one around it that has no such value yet."""
        if self._owner is None and key in (Key.STORE, Key.MODIFIED):
            return
        around = [record for record in (self._owner, self._rule, self._policy) if record is not None]
        takers = [record for record in around if key in ALLOWED[type(record)]]
        for record in takers:
            if record.values.setdefault(key, item.value) == item.value:
                if item.cut:
                    self._findings.doubt(messages.TRUNCATED, item.line, described(record))
                return
        note = messages.SAID_TWICE if takers else messages.MISPLACED
        owner = described((*takers, self._owner)[0])
        self._findings.doubt(note, item.line, owner, label=item.label.strip(), owner=owner)

    def _unknown(self, item: Field) -> None:
        """Set aside a label that is not known. Its value is not shown: it can be a key."""
        if is_state(item.label):
            self._enter_state(item.line)
        elif self._in_authentication:
            self._findings.doubt(messages.UNKNOWN_LINE, item.line, "a line about authentication")
        elif self._was_blank and _count(item.value) is not None and item.value.isdigit():
            self._isolated = item
        elif item.label:
            self._findings.doubt(messages.UNKNOWN_LABEL, item.line, item.label, label=item.label)

    def _judge_isolated(self, *, is_alone: bool) -> None:
        """Leave a number that stands alone between empty lines aside: outputs end with the number of their objects."""
        item, self._isolated = self._isolated, None
        if item is not None and is_alone:
            self._findings.note(messages.TRAILER, item.line, label=item.label)
        elif item is not None:
            self._findings.doubt(messages.UNKNOWN_LABEL, item.line, item.label, label=item.label)

    def _continues(self, item: Field) -> bool:
        """Whether a line belongs to the description before it: its colon stands elsewhere."""
        description = self._description
        return description is not None and item.column != width(description.label)

    def _continue(self, text: str) -> None:
        if self._description is not None:
            joined = f"{self._description.value}\n{text}"
            self._findings.note(messages.DESCRIPTION_BREAKS, self._description.line)
            self._description = self._description._replace(value=joined)

    def _flush(self) -> None:
        if self._description is not None:
            item, self._description = self._description, None
            self._put(Key.DESCRIPTION, item)

    def _open(self, record: Record, key: Key, item: Field) -> None:
        self._close_filter()
        self._owner = record
        record.values[key] = item.value
        if item.cut:
            self._findings.doubt(messages.TRUNCATED, item.line, described(record))

    def _open_policy(self, item: Field) -> None:
        self._close()
        self._policy = PolicyRecord(item.line)
        self.policies.append(self._policy)
        self._open(self._policy, Key.POLICY_NAME, item)

    def _open_rule(self, item: Field) -> None:
        rule = RuleRecord(item.line)
        self._rule, self._list = rule, None
        if self._policy is None:
            self.rules_alone += 1
            self._findings.doubt(messages.WITHOUT_POLICY, item.line, "a rule")
        else:
            self._policy.rules.append(rule)
        self._open(rule, item.key or Key.RULE_ID, item)

    def _name_rule(self, item: Field) -> None:
        """Take the name of the rule that is open, or open one: some outputs print no number."""
        if isinstance(self._owner, RuleRecord) and Key.RULE_NAME not in self._owner.values:
            self._put(Key.RULE_NAME, item)
        else:
            self._open_rule(item)

    def _open_list(self, item: Field) -> None:
        record = ListRecord(item.line)
        self.lists.append(record)
        rule = self._rule
        if rule is not None and rule.filter_list is None and self._is_inside(rule, Key.LIST_DETAILS):
            rule.filter_list = record
        elif rule is not None and not rule.awaits:
            self._policy = self._rule = None
        self._list = record
        self._open(record, Key.LIST_NAME, item)

    def _open_action(self, item: Field) -> None:
        record = ActionRecord(item.line)
        self.actions.append(record)
        rule = self._rule
        if rule is not None and rule.action is None and self._is_inside(rule, Key.ACTION_DETAILS):
            rule.action = record
        elif rule is not None and not rule.awaits:
            self._policy = self._rule = None
        self._list = None
        self._open(record, Key.ACTION_NAME, item)

    def _is_inside(self, rule: RuleRecord, title: Key) -> bool:
        """Whether an object belongs to `rule`: it stands under its title there, or right below its lines."""
        if title in rule.awaits:
            rule.awaits.discard(title)
            return True
        return not self._was_blank and self._owner is rule

    def _open_assignment(self, item: Field) -> None:
        self._close()
        record = AssignmentRecord(item.line)
        self.assignments.append(record)
        self._open(record, item.key or Key.GPO, item)

    def _assignment(self, item: Field) -> None:
        """Take a line of the assignment by group policy; whichever comes first opens it."""
        key = item.key or Key.GPO
        if isinstance(self._owner, AssignmentRecord) and key not in self._owner.values:
            self._put(key, item)
        else:
            self._open_assignment(item)

    def _begin_filter(self, item: Field) -> None:
        self._close_filter()
        self._in_authentication = False
        description, self._description = self._description, None
        if self._list is None:
            self._lost_filter(item.line)
            return
        self._list.is_shown = True
        self._filter = {Key.MIRRORED: item.value}
        self._filter_line = item.line
        if description is not None:
            self._filter = {Key.DESCRIPTION: description.value, **self._filter}
            self._filter_line = description.line

    def _whole_filter(self, item: Block) -> None:
        self._flush()
        self._close_filter()
        self._in_authentication = False
        if self._list is None:
            self._lost_filter(item.line)
            return
        self._list.is_shown = True
        self._filter, self._filter_line = dict(zip(FILTER_ORDER, item.values, strict=True)), item.line
        self._close_filter()

    def _lost_filter(self, line: int) -> None:
        if not self._is_state:
            self._findings.doubt(messages.MISPLACED, line, "a filter", label="Mirrored", owner="no filter list")

    def _close_filter(self) -> None:
        if self._filter is not None and self._list is not None:
            built = self._filters.build(self._filter, self._filter_line, described(self._list))
            if built is None:
                self._list.set_aside += 1
            else:
                self._list.filters.append(built)
        self._filter = None

    def _close(self) -> None:
        """Close everything that is open."""
        self._flush()
        self._close_filter()
        self._owner = self._policy = self._rule = self._list = None
        self._in_authentication = False

    def _text(self, item: Text) -> None:
        if self._description is not None and not item.is_title and item.key is None:
            self._continue(item.text.strip())
            return
        self._flush()
        if item.key is not None:
            self._title(item)
        elif is_state(item.text):
            self._enter_state(item.line)
        elif not item.is_title and self._owner is not None and not self._row(item.text):
            self._findings.doubt(messages.UNKNOWN_LINE, item.line, f"a line in {described(self._owner)}")

    def _title(self, item: Text) -> None:
        """Take a title, which says what the next lines are."""
        self._in_authentication = item.key is Key.AUTHENTICATION and self._rule is not None
        if self._rule is not None and item.key is Key.AUTHENTICATION:
            self._rule.method_count = item.number
        elif self._rule is not None and item.key in (Key.LIST_DETAILS, Key.ACTION_DETAILS):
            self._close_filter()
            self._rule.awaits = {item.key}
        elif self._rule is not None and item.key is Key.NO_LIST:
            self._rule.lacks_list = True
            self._rule.awaits.discard(Key.LIST_DETAILS)
        elif self._list is not None and item.key is Key.FILTERS:
            self._list.is_shown = True
        elif item.key not in _TITLES:
            self._findings.doubt(messages.UNKNOWN_LINE, item.line, f"a line in {described(self._owner)}")

    def _row(self, text: str) -> bool:
        owner = self._rule if self._in_authentication else self._owner
        if isinstance(owner, RuleRecord) and not self._in_authentication:
            return False
        return take_row(owner, text, self._vocabulary)

    def _method(self, key: Key, item: Field) -> None:
        flag = None if key in (Key.PRESHARED_KEY, Key.ROOT_CA) else self._filters.values.yes_no(item.value)
        if self._rule is None or not take_method(self._rule, key, item.value, flag=flag):
            self._findings.doubt(messages.UNKNOWN_LINE, item.line, "a line about authentication")

    def _prompt(self, item: Prompt) -> None:
        self._close()
        self._is_state = False
        if is_dynamic(item.command):
            self._enter_state(item.line)

    def _failure(self, item: Failure) -> None:
        self._close()
        self.failures.append(item)
        if item.number in _EMPTY:
            self._findings.note(messages.EMPTY_STORE, item.line, number=item.number)
            return
        note = messages.NO_ACCESS if item.number in _DENIED else messages.FAILED
        self._findings.doubt(note, item.line, f"error {item.number} of netsh", number=item.number)

    def _table(self, item: Table) -> None:
        self._flush()
        self._findings.note(messages.UNVERIFIED_TABLE, item.line)

    def _enter_state(self, line: int) -> None:
        self._close()
        self._is_state, self._held_policy = True, None
        self.state_line = self.state_line or line

    def _still_state(self, item: Item) -> bool:
        """Whether `item` is still the state of the service, which a prompt or an object of a store ends."""
        if isinstance(item, Prompt):
            return False
        held, self._held_policy = self._held_policy, None
        if isinstance(item, Field):
            if item.key is Key.POLICY_NAME:
                self._held_policy = item
            elif item.key is Key.DESCRIPTION and held is not None:
                self._is_state = False
                self._field(held)
            elif item.key in (Key.LIST_NAME, Key.ACTION_NAME, Key.RULE_ID):
                self._is_state = False
        return self._is_state


def _count(value: str) -> int | None:
    found = values.integers(value, 1)
    return None if found is None else found[0]


_OPENERS: Final[dict[Key, Callable[[Reader, Field], None]]] = {
    Key.POLICY_NAME: Reader._open_policy,
    Key.RULE_ID: Reader._open_rule,
    Key.RULE_NAME: Reader._name_rule,
    Key.LIST_NAME: Reader._open_list,
    Key.ACTION_NAME: Reader._open_action,
    **dict.fromkeys(ALLOWED[AssignmentRecord], Reader._assignment),
}
_HANDLERS: Final[dict[type, Callable[..., None]]] = {
    Field: Reader._field,
    Text: Reader._text,
    Prompt: Reader._prompt,
    Failure: Reader._failure,
    Table: Reader._table,
}
