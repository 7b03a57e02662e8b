"""The YAML form of an Ansible inventory.

Only the tree of nodes is looked at, no object is built: tags such as `!vault` mean nothing here.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Final

from ipsecmig.diagnostics import Origin
from ipsecmig.remote import inventory_messages as messages
from ipsecmig.remote.inventory import Draft, Said, Variables, check_children

if TYPE_CHECKING:
    from yaml.nodes import MappingNode, Node, ScalarNode

_MERGE: Final = "tag:yaml.org,2002:merge"
_MOST_ENTRIES: Final = 200_000
_NULL: Final = "tag:yaml.org,2002:null"


def read_yaml(name: str, text: str) -> Draft:
    """Return what the text of the file `name` says; mistakes are among its problems."""
    import yaml

    draft = Draft()
    try:
        root = yaml.compose(text, Loader=yaml.SafeLoader)
        if root is not None:
            _Reader(name, draft).groups(root)
            check_children(draft)
    except yaml.MarkedYAMLError as failure:
        mark = failure.problem_mark
        origin = Origin(name) if mark is None else Origin(name, mark.line + 1, mark.column + 1)
        draft.problems.append(messages.YAML.say(origin, reason=failure.problem))
    except (yaml.YAMLError, RecursionError) as failure:
        draft.problems.append(messages.YAML.say(Origin(name), reason=str(failure).partition("\n")[0]))
    return draft


class _Reader:
    """Walks the nodes of one file; what it has met for a group is not walked again."""

    def __init__(self, name: str, draft: Draft) -> None:
        self._name, self._draft = name, draft
        self._met: set[tuple[str, int]] = set()
        self._left = _MOST_ENTRIES

    def groups(self, node: Node) -> None:
        """Add the groups of a mapping of groups by name."""
        waiting = list(self._pairs(node))
        while waiting:
            key, value = waiting.pop(0)
            group = self._draft.group(key.value)
            if (key.value, id(value)) in self._met:
                continue
            self._met.add((key.value, id(value)))
            for part, content in self._pairs(value):
                if part.value == "hosts":
                    self._hosts(key.value, content)
                elif part.value == "vars":
                    group.variables |= self._variables(content)
                elif part.value == "children":
                    children = list(self._pairs(content))
                    group.children |= {child.value: self._origin(child) for child, _ in children}
                    waiting += children

    def _hosts(self, group: str, node: Node) -> None:
        for key, value in self._pairs(node):
            self._draft.add(group, key.value, self._variables(value), self._origin(key))

    def _variables(self, node: Node) -> Variables:
        from yaml.nodes import ScalarNode

        pairs = ((key, value) for key, value in self._pairs(node) if isinstance(value, ScalarNode))
        return {key.value: Said(value.value, self._origin(value)) for key, value in pairs}

    def _pairs(self, node: Node) -> Iterator[tuple[ScalarNode, Node]]:
        """Yield what a mapping holds, what it merges first, so that its own entries overrule that; null holds none."""
        from yaml.nodes import MappingNode, ScalarNode

        if isinstance(node, MappingNode):
            for merged in _merged(node):
                yield from self._pairs(merged)
            for key, value in node.value:
                if isinstance(key, ScalarNode) and key.tag != _MERGE:
                    self._count()
                    yield key, value
        elif node.tag != _NULL:
            self._draft.problems.append(messages.YAML.say(self._origin(node), reason="here must be a mapping"))

    def _count(self) -> None:
        """Raise YAMLError where aliases make much out of little."""
        from yaml import YAMLError

        self._left -= 1
        if self._left < 0:
            raise YAMLError(f"aliases make more than {_MOST_ENTRIES:,} entries of it")

    def _origin(self, node: Node) -> Origin:
        return Origin(self._name, node.start_mark.line + 1, node.start_mark.column + 1)


def _merged(node: MappingNode) -> Iterator[MappingNode]:
    """Yield the mappings that `<<` takes in, the least important first."""
    from yaml.nodes import MappingNode, SequenceNode

    for key, value in node.value:
        if key.tag == _MERGE:
            several = reversed(value.value) if isinstance(value, SequenceNode) else [value]
            yield from (one for one in several if isinstance(one, MappingNode) and one is not node)
