"""One element with everything in it, as the readers get it: no parser's object outlives the door."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final, NamedTuple
from xml.sax.saxutils import escape, quoteattr

HIDDEN: Final = "..."
_SECRETS: Final = ("shkey", "presharedkey", "psk", "password", "secret", "sharedkey")
_KEPT: Final = 2000


class Node(NamedTuple):
    """One element. `name` is local; `type` is its xsi:type, resolved to `{namespace}name`, else empty.

    `text` is its own text without blanks around it; attributes in a namespace go by `{namespace}name`. `line` counts
    from 1.
    """

    name: str
    namespace: str = ""
    attributes: Mapping[str, str] = {}
    text: str = ""
    children: tuple[Node, ...] = ()
    line: int = 0
    type: str = ""

    def child(self, name: str) -> Node | None:
        """Return the first child called `name`, whatever its namespace, or None."""
        return next((one for one in self.children if one.name == name), None)

    def all(self, name: str) -> tuple[Node, ...]:
        """Return the children called `name`, whatever their namespace."""
        return tuple(one for one in self.children if one.name == name)

    def value(self, *path: str) -> str:
        """Return the text of the descendant that the names of `path` lead to; empty where there is none."""
        node: Node | None = self
        for name in path:
            node = None if node is None else node.child(name)
        return "" if node is None else node.text

    def walk(self) -> Iterator[Node]:
        """Yield this element and everything in it, in document order."""
        yield self
        for one in self.children:
            yield from one.walk()


def verbatim(node: Node) -> str:
    """Return `node` as XML on one line, to keep what was not understood: without secrets, and cut after 2,000 letters.

    What an element is called, by its name, an attribute or the text of a child, decides whether it holds a secret; then
    its other attributes and everything inside it do.
    """
    text = "".join(_rendered(node, False))
    return text if len(text) <= _KEPT else f"{text[:_KEPT]}..."


def is_secret(name: str) -> bool:
    """Return whether the value of something called `name` is a preshared key or another secret."""
    plain = name.lower()
    return any(word in plain for word in _SECRETS)


def _rendered(node: Node, secret: bool) -> Iterator[str]:
    words = (node.name, *node.attributes.values(), *(one.text for one in node.children))
    secret = secret or any(map(is_secret, words))
    shown = {name: HIDDEN if secret and not is_secret(value) else value for name, value in node.attributes.items()}
    pairs = "".join(f" {name.split('}')[-1]}={quoteattr(value)}" for name, value in shown.items())
    if not (node.text or node.children):
        yield f"<{node.name}{pairs}/>"
        return
    yield f"<{node.name}{pairs}>"
    if secret:
        yield HIDDEN
    else:
        yield escape(node.text)
        for one in node.children:
            yield from _rendered(one, secret)
    yield f"</{node.name}>"
