"""Collects from the stream what is about IPsec: provider contexts, and the filters of the layers that they serve."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Final

from ipsecmig.dialects.wfp.entry import FILTERS, STATE
from ipsecmig.dialects.wfp.words import (
    CALLOUTS,
    CONTEXTS,
    KEYING_LAYERS,
    MAIN_MODE_LAYERS,
    QUICK_MODE_LAYERS,
)
from ipsecmig.dialects.xml_input.nodes import Node
from ipsecmig.dialects.xml_input.stream import Piece

FIREWALL: Final = "firewallState"
_PASSED: Final = frozenset({STATE, FILTERS, FIREWALL, "layers", "filters", "providerContexts"})
_NO_KEY: Final = "{00000000-0000-0000-0000-000000000000}"


def is_container(path: tuple[str, ...], _type: str) -> bool:
    """Whether the element at `path` is passed through: the roots, the lists, and each layer."""
    name = path[-1]
    return (len(path) == 1 and name in _PASSED) or (path[0] in _PASSED and _is_list(path[1:]))


def _is_list(path: tuple[str, ...]) -> bool:
    return path in {
        ("layers",),
        ("layers", "item"),
        ("layers", "item", "filters"),
        ("filters",),
        ("providerContexts",),
    }


@dataclass(slots=True)
class State:
    """What the file holds of IPsec. `callouts` are the filters of other layers that call IPsec."""

    contexts: list[Node] = field(default_factory=list)
    main_mode: list[Node] = field(default_factory=list)
    quick_mode: list[Node] = field(default_factory=list)
    callouts: int = 0
    other_filters: int = 0
    unknown: list[Node] = field(default_factory=list)
    firewall: bool = False

    def walk(self, pieces: Iterable[Piece]) -> None:
        """Take all pieces of a file."""
        for piece in pieces:
            if piece.opened:
                self.firewall |= piece.node.name == FIREWALL
            elif piece.path[:1] == (FIREWALL,):
                continue
            elif piece.path[-1:] == ("providerContexts",):
                self._context(piece.node)
            elif piece.path[-1:] == ("filters",):
                self._filter(piece.node)

    def _context(self, item: Node) -> None:
        if item.value("type").startswith(CONTEXTS):
            self.contexts.append(item)
        elif "ipsec" in item.value("type").lower() or not item.value("type"):
            self.unknown.append(item)

    def _filter(self, item: Node) -> None:
        layer = item.value("layerKey")
        if layer in KEYING_LAYERS:
            return
        if layer in QUICK_MODE_LAYERS:
            self.quick_mode.append(item)
        elif layer in MAIN_MODE_LAYERS:
            self.main_mode.append(item)
        elif any(one.text.startswith(CALLOUTS) for one in item.walk()):
            self.callouts += 1
        elif not layer or "IPSEC" in layer.upper():
            self.unknown.append(item)
        else:
            self.other_filters += 1

    @property
    def is_empty(self) -> bool:
        """Whether nothing in the file is about IPsec."""
        return not (self.contexts or self.main_mode or self.quick_mode or self.callouts or self.unknown)


def referred(item: Node) -> str:
    """Return the key of the provider context that a filter refers to, empty where it refers to none."""
    key = item.value("providerContextKey").lower()
    return "" if key == _NO_KEY else key
