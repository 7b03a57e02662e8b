"""Reads a site inventory as plain data, with a place for everything in it.

YAML 1.1 through the safe loader, without two traps: a key that stands twice is a mistake and not the last one's, and
aliases, with which a few lines can stand for gigabytes, are refused. A file that ends in `.json` is read as JSON.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import yaml

from ipsecmig.diagnostics import Diagnostic, Origin, Severity
from ipsecmig.errors import InputError

UNREADABLE = "CLI020"
MALFORMED = "CLI021"

Step = str | int
"""One step of a path into a document: a key or a place in a list."""


@dataclass(frozen=True, slots=True)
class Document:
    """A document as plain data. `origin_of` gives the place of what stands at a path."""

    data: object
    origin_of: Callable[[Sequence[Step]], Origin]


def read_document(path: Path) -> Document:
    """Return the document in the file `path`. Raises InputError when it cannot be read or is malformed."""
    try:
        text = path.read_text(encoding="utf-8-sig")
    except OSError as failure:
        raise _failure(UNREADABLE, Origin(str(path)), f"cannot be read: {failure.strerror}") from None
    except UnicodeDecodeError:
        raise _failure(UNREADABLE, Origin(str(path)), "is not UTF-8 text") from None
    return _json(str(path), text) if path.suffix.lower() == ".json" else _yaml(str(path), text)


def problem(origin: Origin, message: str, expected: str = "") -> Diagnostic:
    """Return a mistake in the inventory as a diagnostic."""
    return Diagnostic(MALFORMED, Severity.ERROR, message, origin, expected=expected)


def pointer(path: Iterable[Step]) -> str:
    """Return a path as a JSON pointer, RFC 6901."""
    return "".join("/" + str(step).replace("~", "~0").replace("/", "~1") for step in path) or "/"


def _failure(code: str, origin: Origin, message: str) -> InputError:
    return InputError((Diagnostic(code, Severity.ERROR, message, origin),))


def _json(name: str, text: str) -> Document:
    try:
        data = json.loads(text, object_pairs_hook=_unique)
    except json.JSONDecodeError as failure:
        origin = Origin(name, failure.lineno, failure.colno)
        raise _failure(MALFORMED, origin, f"is no JSON: {failure.msg}") from None
    except _RepeatedKeyError as failure:
        raise _failure(MALFORMED, Origin(name), f'the key "{failure}" stands twice in one object') from None
    return Document(data, lambda _: Origin(name))


class _RepeatedKeyError(ValueError):
    """A key stands twice in one JSON object."""


def _unique(pairs: list[tuple[str, object]]) -> dict[str, object]:
    found: dict[str, object] = {}
    for key, value in pairs:
        if key in found:
            raise _RepeatedKeyError(key)
        found[key] = value
    return found


def _yaml(name: str, text: str) -> Document:
    loader = yaml.SafeLoader(text)
    try:
        root = loader.get_single_node()
        traps = tuple(problem(_at(name, node.start_mark), message) for node, message in _traps(root, set()))
        if traps:
            raise InputError(traps)
        data = {} if root is None else loader.construct_document(root)
    except yaml.MarkedYAMLError as failure:
        raise _failure(MALFORMED, _at(name, failure.problem_mark), f"is no YAML: {failure.problem}") from None
    except (yaml.YAMLError, ValueError, RecursionError) as failure:
        raise _failure(MALFORMED, Origin(name), f"is no YAML: {failure}") from None
    return Document(data, lambda path: _locate(name, root, path))


def _traps(node: yaml.Node | None, met: set[int]) -> Iterator[tuple[yaml.Node, str]]:
    """Yield what YAML allows and an inventory does not, each with its node; `met` holds the nodes seen so far."""
    if node is None:
        return
    if id(node) in met:
        yield node, "aliases are not allowed here: write it out"
        return
    met.add(id(node))
    if isinstance(node, yaml.SequenceNode):
        for item in node.value:
            yield from _traps(item, met)
    elif isinstance(node, yaml.MappingNode):
        yield from _key_traps(node)
        for _, value in node.value:
            yield from _traps(value, met)


def _key_traps(node: yaml.MappingNode) -> Iterator[tuple[yaml.Node, str]]:
    seen: set[str] = set()
    for key, _ in node.value:
        if not isinstance(key, yaml.ScalarNode):
            yield key, "a key must be a word"
        elif key.value in seen:
            yield key, f'the key "{key.value}" stands twice'
        else:
            seen.add(key.value)


def _at(name: str, mark: yaml.Mark | None) -> Origin:
    return Origin(name) if mark is None else Origin(name, mark.line + 1, mark.column + 1)


def _locate(name: str, node: yaml.Node | None, path: Sequence[Step]) -> Origin:
    """Return the place of what stands at `path`, or of the nearest thing around it."""
    for step in path:
        inner: yaml.Node | None = None
        if isinstance(node, yaml.MappingNode):
            inner = next((value for key, value in node.value if key.value == str(step)), None)
        elif isinstance(node, yaml.SequenceNode) and isinstance(step, int):
            inner = node.value[step]
        if inner is None:
            break
        node = inner
    return _at(name, None if node is None else node.start_mark)
