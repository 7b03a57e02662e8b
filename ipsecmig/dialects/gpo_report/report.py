"""Walks through a report: which group policy object a setting is of, and which extension it belongs to.

`Get-GPOReport` and GPMC write a root `GPO`, or a root around several; `gpresult /x` writes a root `Rsop`, whose
`ComputerResults` hold the settings of all objects together, each with the object that it is from.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Final

from ipsecmig.diagnostics import Diagnostic, Origin
from ipsecmig.dialects.gpo_report import messages
from ipsecmig.dialects.gpo_report.firewall import Firewall
from ipsecmig.dialects.xml_input.nodes import Node, verbatim
from ipsecmig.dialects.xml_input.stream import Piece
from ipsecmig.model.policy import NotUnderstood

RESULT: Final = "Rsop"
_PASSED: Final = frozenset({"report", "GPOs", "GPO", RESULT, "Computer", "ComputerResults", "ExtensionData"})
_FIREWALL: Final = "windowsfirewall"
_LEGACY: Final = "ipsec"
_LEGACY_REASON: Final = (
    "a report holds only the reference to an IP security policy; the registry or Active Directory holds the policy"
)
_NAMED: Final = ("name", "policyname", "description", "path", "dn", "distinguishedname", "policydn")


def is_container(path: tuple[str, ...], type_: str) -> bool:
    """Whether the element at `path` is passed through; `ComputerResults/GPO` only lists the objects."""
    name = path[-1]
    if name == "Extension":
        return path[-2:-1] == ("ExtensionData",) and _kind(type_) is not None
    return name in _PASSED and all(one in _PASSED for one in path) and path[-2:] != ("ComputerResults", "GPO")


def _kind(type_or_namespace: str) -> str | None:
    plain = type_or_namespace.lower()
    return next((kind for kind in (_FIREWALL, _LEGACY) if kind in plain), None)


@dataclass(slots=True)
class Report:
    """What was found so far, one `Firewall` for each group policy object."""

    file: str
    found: list[Firewall] = field(default_factory=list)
    not_understood: list[NotUnderstood] = field(default_factory=list)
    said: list[Diagnostic] = field(default_factory=list)
    extension: str = ""
    legacy: list[Node] = field(default_factory=list)
    names: dict[str, str] = field(default_factory=dict)

    def walk(self, pieces: Iterable[Piece]) -> None:
        """Take all pieces of a report."""
        for piece in pieces:
            if piece.opened:
                self._open(piece.node)
            elif piece.path[-1:] == ("Extension",):
                self._setting(piece.node, _kind(self.extension))
            else:
                self._about(piece.path, piece.node)
        self._close_legacy()

    def _open(self, node: Node) -> None:
        self._close_legacy()
        if node.name in {"GPO", RESULT}:
            self.found.append(Firewall(self.file))
        if node.name == "Extension":
            self.extension = node.type

    def _current(self) -> Firewall:
        if not self.found:
            self.found.append(Firewall(self.file))
        return self.found[-1]

    def title(self, one: Firewall) -> str:
        """Return the name of the object that `one` is of, or of those whose settings won."""
        return one.gpo or ", ".join(self.names.get(id_, id_) for id_ in one.winners)

    def _setting(self, node: Node, kind: str | None) -> None:
        if kind == _FIREWALL:
            self._current().take(node)
        else:
            self.legacy.append(node)

    def _about(self, path: tuple[str, ...], node: Node) -> None:
        """Take what stands outside of the extensions that matter: the object's name, and what is wrong with it."""
        match (*path[-1:], node.name):
            case ("GPO", "Name"):
                self._current().gpo = node.text
            case ("ComputerResults", "GPO"):
                self.names[node.value("Path", "Identifier").lower()] = node.value("Name")
            case ("Computer", "Enabled") if node.text.lower() == "false":
                self.said.append(messages.DISABLED.say(self._origin(node), gpo=self._current().gpo))
            case ("ExtensionData", "Extension"):
                self._untyped(node)
            case ("ExtensionData", "Error"):
                problem = " ".join(one.text for one in node.walk() if one.text)
                self.said.append(messages.ACCESS.say(self._origin(node), problem=problem[:200]))

    def _untyped(self, node: Node) -> None:
        """Take an extension without a type, or of another one, by the namespaces of its children."""
        for one in node.children:
            kind = _kind(one.namespace)
            if kind is not None:
                self._setting(one, kind)
        self._close_legacy()

    def _close_legacy(self) -> None:
        """Say what the extension of IP security policies held, once all of it is there."""
        if not self.legacy:
            return
        first = self.legacy[0]
        gpo = self._current().gpo or first.value("GPO", "Identifier")
        named = [one.text for node in self.legacy for one in node.walk() if one.name.lower() in _NAMED and one.text]
        text = f" ({', '.join(named)})" if named else ""
        self.said.append(messages.LEGACY.say(self._origin(first), gpo=gpo, named=text))
        for node in self.legacy:
            self.not_understood.append(NotUnderstood(verbatim(node), _LEGACY_REASON, self._origin(node)))
        self.legacy = []

    def _origin(self, node: Node) -> Origin:
        return Origin(self.file, node.line)
