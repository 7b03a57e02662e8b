"""The printed objects as they are collected: their values by label, and what belongs to them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from ipsecmig.dialects.netsh_show.vocabulary import FILTER_ORDER, Key
from ipsecmig.model.policy import AuthenticationMethod, Filter, MainModeOffer, QuickModeOffer

_COMMON: Final = frozenset({Key.DESCRIPTION, Key.STORE, Key.MODIFIED, Key.GUID})
FILTER_KEYS: Final = frozenset(FILTER_ORDER)


@dataclass(slots=True)
class Record:
    """One object that was printed from `line` on; `values` are as printed."""

    line: int
    values: dict[Key, str] = field(default_factory=dict)

    def get(self, key: Key) -> str:
        """Return the value of `key`, empty where it was not printed."""
        return self.values.get(key, "")


@dataclass(slots=True)
class ListRecord(Record):
    """A filter list. `is_shown` says that its filters are printed, and not only their number."""

    filters: list[Filter] = field(default_factory=list)
    is_shown: bool = False
    set_aside: int = 0


@dataclass(slots=True)
class ActionRecord(Record):
    """A filter action with the rows of its table of methods."""

    offers: list[QuickModeOffer] = field(default_factory=list)


@dataclass(slots=True)
class RuleRecord(Record):
    """A rule. `awaits` are the titles `FilterList Details` and `FilterAction Details` that no object followed yet."""

    methods: list[AuthenticationMethod] = field(default_factory=list)
    method_count: int | None = None
    filter_list: ListRecord | None = None
    action: ActionRecord | None = None
    awaits: set[Key] = field(default_factory=set)
    lacks_list: bool = False


@dataclass(slots=True)
class PolicyRecord(Record):
    """A policy with the rows of its table of methods, and its rules."""

    offers: list[MainModeOffer] = field(default_factory=list)
    rules: list[RuleRecord] = field(default_factory=list)


@dataclass(slots=True)
class AssignmentRecord(Record):
    """The output of `show gpoassignedpolicy`."""


NAMES: Final[Mapping[type[Record], tuple[str, Key]]] = {
    PolicyRecord: ("policy", Key.POLICY_NAME),
    RuleRecord: ("rule", Key.RULE_NAME),
    ListRecord: ("filter list", Key.LIST_NAME),
    ActionRecord: ("filter action", Key.ACTION_NAME),
    AssignmentRecord: ("assignment by group policy", Key.GPO),
}
"""What the kinds of objects are called, and the label of their names."""

ALLOWED: Final[Mapping[type[Record], frozenset[Key]]] = {
    PolicyRecord: _COMMON
    | {
        Key.POLICY_NAME,
        Key.ASSIGNED,
        Key.POLLING_INTERVAL,
        Key.MAIN_MODE_LIFETIME,
        Key.MASTER_PFS,
        Key.RULE_COUNT,
    },
    RuleRecord: frozenset(
        {
            Key.RULE_ID,
            Key.RULE_NAME,
            Key.DESCRIPTION,
            Key.MODIFIED,
            Key.GUID,
            Key.ACTIVATED,
            Key.CONNECTION_TYPE,
            Key.TUNNEL,
            Key.TUNNEL_NAME,
        }
    ),
    ListRecord: _COMMON | {Key.LIST_NAME, Key.FILTER_COUNT},
    ActionRecord: _COMMON | {Key.ACTION_NAME, Key.ACTION, Key.SOFT, Key.INBOUND_PASSTHROUGH, Key.OFFER_COUNT, Key.PFS},
    AssignmentRecord: frozenset(
        {
            Key.SOURCE_MACHINE,
            Key.GPO,
            Key.LOCAL_POLICY,
            Key.DIRECTORY_POLICY,
            Key.DIRECTORY_DN,
            Key.LOCAL_ASSIGNED,
        }
    ),
}
"""The labels of each kind of object."""


def described(record: Record | None) -> str:
    """Return the words for `record`: its kind and its name."""
    if record is None:
        return "no object"
    kind, key = NAMES[type(record)]
    return f'the {kind} "{record.get(key)}"'
