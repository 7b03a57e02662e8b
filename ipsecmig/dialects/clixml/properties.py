"""The properties of one instance as text, whether PowerShell wrote names, numbers, lists or enumerations."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final

from ipsecmig.dialects.clixml.values import Graph, Instance, Reference, Value

_HARMLESS: Final = frozenset(
    {
        "caption",
        "elementname",
        "name",
        "instanceid",
        "commonname",
        "creationclassname",
        "systemname",
        "systemcreationclassname",
        "policykeywords",
        "policyrulename",
        "policydecisionstrategy",
        "conditionlisttype",
        "executionstrategy",
        "mandatory",
        "priority",
        "ruleusage",
        "sequencedactions",
        "enforcementstatus",
        "primarystatus",
        "status",
        "statuscode",
        "policystoresource",
        "policystoresourcetype",
        "displaygroup",
        "group",
        "rulegroup",
        "displayname",
        "description",
        "pscomputername",
        "psshowcomputername",
        "cimclass",
        "ciminstanceproperties",
        "cimsystemproperties",
        "__classmetadata",
        "id",
    }
)
"""What instances have that says nothing about packets."""

EVERYTHING: Final = frozenset({"", "any"})
_LIST: Final = re.compile(r"\s*,\s*")


@dataclass(slots=True)
class Properties:
    """Reads the properties of `instance`, and remembers which it was asked for."""

    graph: Graph
    instance: Instance
    asked: set[str] = field(default_factory=set)
    dangling: list[str] = field(default_factory=list)

    def _get(self, name: str) -> bool | int | str | Instance | None:
        self.asked.add(name.lower())
        found = self.instance.properties.get(name.lower())
        resolved = self.graph.resolved(found)
        if found is not None and resolved is None:
            self.dangling.append(name)
        return resolved

    def text(self, *names: str) -> str:
        """Return the first of the properties `names` that has a value; an enumeration's is its name."""
        values = [_text(self._get(name)) for name in names]
        return next((value for value in values if value), "")

    def texts(self, name: str) -> tuple[str, ...]:
        """Return the values of a list; a single value, or one with commas, counts as a list as well."""
        value = self._get(name)
        if isinstance(value, Instance) and value.items:
            found = [_text(self.graph.resolved(one)) for one in value.items]
        else:
            found = _LIST.split(_text(value))
        return tuple(one for one in found if one)

    def chosen(self, name: str) -> tuple[str, ...]:
        """Return the values of a list, none where one of them is `Any`."""
        found = self.texts(name)
        return () if any(one.lower() in EVERYTHING for one in found) else found

    def flag(self, name: str) -> bool:
        """Whether a property says that something is so."""
        return self.text(name).lower() in {"true", "1"}

    def instances(self, *names: str) -> Iterator[Instance | str]:
        """Yield the objects of the list that the first property of `names` has; those cut off are text."""
        for name in names:
            value = self._get(name)
            if isinstance(value, Instance) and (value.items or value.cim_class):
                for one in value.items or (value,):
                    item = self.graph.resolved(one)
                    yield item if isinstance(item, Instance) else _text(item)
                return
            if isinstance(value, str) and value:
                yield value
                return

    def rest(self) -> Iterator[tuple[str, str]]:
        """Yield the properties that have a value and were not asked for, but those that never bear on packets.

        What refers to an object that the file lacks has a value that nobody knows, whether it was asked for or not.
        """
        for name, value in self.instance.properties.items():
            if self._is_dangling(value):
                yield name, "is not in the export"
            elif name not in self.asked and name not in _HARMLESS and not _is_empty(self.graph.resolved(value)):
                yield name, _text(self.graph.resolved(value))

    def _is_dangling(self, value: Value) -> bool:
        """Whether `value` is a reference to nothing, or a list with one in it."""
        inner = value.items if isinstance(value, Instance) else ()
        return any(isinstance(one, Reference) and self.graph.resolved(one) is None for one in (value, *inner))


def _text(value: Value) -> str:
    if value is None or isinstance(value, bool):
        return "" if value is None else str(value).lower()
    if isinstance(value, Instance):
        return value.text or _text(value.value)
    return str(value).strip() if isinstance(value, int | str) else ""


def _is_empty(value: Value) -> bool:
    if isinstance(value, Instance):
        return not (value.items or value.properties or value.text or value.value)
    return value is None or value is False or value in ("", 0)
