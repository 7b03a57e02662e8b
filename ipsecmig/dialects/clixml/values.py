"""CLIXML as values ([MS-PSRP] 2.2.5): primitives, objects with properties and items, and references between them.

Objects that refer to themselves are no trouble: a reference stays one until somebody asks for what it names.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final, NamedTuple

from ipsecmig.dialects.xml_input.nodes import Node

_ESCAPE: Final = re.compile(r"_x([0-9A-Fa-f]{4})_")
_INTEGERS: Final = frozenset({"By", "SB", "U16", "I16", "U32", "I32", "U64", "I64"})
_NUMBER: Final = re.compile(r"[+-]?[0-9]{1,20}")
_LISTS: Final = frozenset({"LST", "IE", "QUE", "STK"})
_TEXTS: Final = frozenset(
    {"S", "C", "G", "URI", "DT", "TS", "Sg", "Db", "D", "BA", "XD", "SBK", "Version", "PR", "SS"}
)  # fmt: skip
_CLASS: Final = re.compile(r"CimInstance#(?:.*/)?(MSFT_\w+)$")


class Reference(NamedTuple):
    """A reference to the object with this RefId."""

    id: str


@dataclass(frozen=True, slots=True)
class Instance:
    """One object: its types, most derived first, its properties by name in lower case, and its items if it is a list.

    `value` is the primitive that an enumeration or a wrapped value holds, `text` what ToString gave.
    """

    types: tuple[str, ...] = ()
    properties: Mapping[str, Value] = field(default_factory=dict)
    items: tuple[Value, ...] = ()
    value: int | str | bool | None = None
    text: str = ""
    line: int = 0

    @property
    def cim_class(self) -> str:
        """The name of its CIM class, such as `MSFT_NetConSecRule`; empty for everything else."""
        found = next((match for name in self.types if (match := _CLASS.search(name))), None)
        return "" if found is None else found[1]


Value = None | bool | int | str | Instance | Reference


@dataclass(slots=True)
class Graph:
    """All objects of one file by their RefId, and those that are CIM instances in document order."""

    objects: dict[str, Instance] = field(default_factory=dict)
    types: dict[str, tuple[str, ...]] = field(default_factory=dict)
    instances: list[Instance] = field(default_factory=list)

    def value(self, node: Node) -> Value:
        """Return what an element stands for; elements that [MS-PSRP] does not list count as text."""
        if node.name == "Obj":
            return self._object(node)
        if node.name == "Ref":
            return Reference(node.attributes.get("RefId", ""))
        if node.name == "Nil":
            return None
        return primitive(node)

    def _object(self, node: Node) -> Instance:
        properties: dict[str, Value] = {}
        items: list[Value] = []
        types: tuple[str, ...] = ()
        text = ""
        held: int | str | bool | None = None
        for child in node.children:
            match child.name:
                case "TN" | "TNRef":
                    types = self._types(child)
                case "ToString":
                    text = unescape(child.text)
                case "Props" | "MS":
                    properties |= {name_of(one): self.value(one) for one in child.children}
                case "DCT":
                    properties |= dict(self._entries(child))
                case name if name in _LISTS:
                    items += [self.value(one) for one in child.children]
                case name if name in _INTEGERS or name in _TEXTS or name == "B":
                    held = primitive(child)
        made = Instance(types, properties, tuple(items), held, text, node.line)
        self.objects[node.attributes.get("RefId", "")] = made
        if made.cim_class:
            self.instances.append(made)
        return made

    def _types(self, node: Node) -> tuple[str, ...]:
        id_ = node.attributes.get("RefId", "")
        if node.name == "TN":
            self.types[id_] = tuple(one.text for one in node.children)
        return self.types.get(id_, ())

    def _entries(self, node: Node) -> list[tuple[str, Value]]:
        found = []
        for entry in node.all("En"):
            by_name = {name_of(one): self.value(one) for one in entry.children}
            key = by_name.get("key")
            if isinstance(key, str):
                found.append((key.lower(), by_name.get("value")))
        return found

    def resolved(self, value: Value) -> bool | int | str | Instance | None:
        """Return what `value` refers to, None where that is not in the file, and everything else as it is."""
        return self.objects.get(value.id) if isinstance(value, Reference) else value


def primitive(node: Node) -> bool | int | str:
    """Return the value of an element of a primitive type."""
    text = node.text
    if node.name == "B":
        return text.lower() == "true"
    if node.name in _INTEGERS and _NUMBER.fullmatch(text):
        return int(text)
    return unescape(text)


def name_of(node: Node) -> str:
    """Return the name of a property, in lower case."""
    return unescape(node.attributes.get("N", "")).lower()


def unescape(text: str) -> str:
    """Return `text` with `_xHHHH_` as the UTF-16 unit that it stands for; pairs become one character."""
    if "_x" not in text:
        return text
    units = _ESCAPE.sub(lambda found: chr(int(found[1], 16)), text)
    return units.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
