"""Parses XML as a stream of whole elements.

The reader names the elements that it only passes through (the *containers*); each of their other children is given
whole and then forgotten, so that memory is that of the largest of them. Every document is parsed inside a root of our
own: two roots in one file are then no mistake (`netsh wfp show state` writes two), and a document type declaration,
which may only stand before a root, can declare nothing.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final, NamedTuple, cast

from ipsecmig.diagnostics import Diagnostic, Origin
from ipsecmig.dialects.notes import Note
from ipsecmig.dialects.xml_input import messages
from ipsecmig.dialects.xml_input.nodes import Node
from ipsecmig.dialects.xml_input.text import XmlText, after_prolog
from ipsecmig.errors import InputError, UsageError

if TYPE_CHECKING:
    from lxml import etree

DEPTH_LIMIT: Final = 128
"""How deep elements may stand in each other."""

ELEMENT_LIMIT: Final = 2_000_000
"""How many elements one whole element may have in it."""

ATTRIBUTE_LIMIT: Final = 128
"""How many attributes an element may have, and half a million letters in each."""

_ATTRIBUTE_LENGTH: Final = 1 << 19
_EQUALS_SIGNS: Final = 20_000
_LINES_COUNTED: Final = 65_535
_ROOT: Final = "ipsecmig"
_WITHOUT_LXML: Final = 'reading XML needs the "xml" extra: pip install "ipsecmig[xml]"'
_XSI_TYPE: Final = "{http://www.w3.org/2001/XMLSchema-instance}type"
_XINCLUDE: Final = "http://www.w3.org/2001/XInclude"


class Piece(NamedTuple):
    """One element: `path` names the containers that it stands in.

    `opened` is set where a container begins: `node` then has its attributes only, and what is in it follows.
    """

    path: tuple[str, ...]
    node: Node
    opened: bool = False


Containers = Callable[[tuple[str, ...], str], bool]
"""Whether the element of a name in a path, with the `{namespace}name` of its xsi:type, is a container."""


def pieces(text: XmlText, containers: Containers, complain: Callable[[Diagnostic], None]) -> Iterator[Piece]:
    """Yield what is in the XML file `text`, in document order.

    Raises InputError at the first thing that is no XML, is over a limit or is refused, and UsageError where lxml is
    missing. What was yielded before must then not be used.
    """
    parser, state = _parser(), _State(text, containers, complain)
    yield from _fed(parser, f"<{_ROOT}>", state)
    first = True
    for piece in text.pieces():
        if first and piece:
            _refuse_document_type(piece, text.source.name)
            first = False
        state.bound_tag(piece)
        yield from _fed(parser, piece, state)
    if len(state.open) > 1:
        cut = state.open[1]
        raise InputError((messages.CUT_OFF.say(Origin(text.source.name, cut.line), name=cut.name),))
    yield from _fed(parser, f"</{_ROOT}>", state)
    if not state.seen:
        raise InputError((messages.NO_DOCUMENT.say(Origin(text.source.name)),))


def _parser() -> etree.XMLPullParser:
    try:
        from lxml import etree
    except ImportError as error:
        raise UsageError(_WITHOUT_LXML) from error
    return etree.XMLPullParser(
        events=("start", "end"),
        encoding="utf-8",
        resolve_entities=False,
        no_network=True,
        load_dtd=False,
        dtd_validation=False,
        huge_tree=False,
        remove_comments=True,
        remove_pis=True,
        collect_ids=False,
    )


def _refuse_document_type(text: str, file: str) -> None:
    position = after_prolog(text)
    if text.startswith("<!DOCTYPE", position):
        line = text.count("\n", 0, position) + 1
        column = position - text.rfind("\n", 0, position)
        raise InputError((messages.DOCUMENT_TYPE.say(Origin(file, line, column)),))


def _fed(parser: etree.XMLPullParser, text: str, state: _State) -> Iterator[Piece]:
    from lxml import etree

    try:
        for part in state.parts(text):
            parser.feed(part.encode("utf-8", "surrogatepass"))
            _check(parser, state.text)
            for event, element in cast("Iterator[tuple[str, etree._Element]]", parser.read_events()):
                piece = state.start(element) if event == "start" else state.end(element)
                if piece is not None:
                    yield piece
            state.line += part.count("\n")
    except etree.XMLSyntaxError as error:
        _check(parser, state.text)
        raise InputError((_malformed(str(error.msg), error.position, state.text),)) from error


def _check(parser: etree.XMLPullParser, text: XmlText) -> None:
    """Raise InputError for the first mistake that the parser met; it goes on after some, and loses its place."""
    if len(parser.feed_error_log):
        first = parser.feed_error_log[0]
        raise InputError((_malformed(first.message, (first.line, first.column), text),))


def _malformed(reason: str, position: tuple[int, int], text: XmlText) -> Diagnostic:
    """Return the message of a syntax error; our root stands on line 1."""
    line, column = position
    column -= len(_ROOT) + 2 if line == 1 else 0
    origin = Origin(text.source.name, line, max(1, column))
    return messages.MALFORMED.say(origin, reason=reason.split(", line ")[0])


@dataclass(slots=True)
class _Open:
    """An element that has begun: what of it is known, and the path of a container, which ends in its own name."""

    name: str
    namespace: str
    attributes: dict[str, str]
    line: int
    type: str
    path: tuple[str, ...] | None = None
    children: list[Node] = field(default_factory=list)
    text: list[str] = field(default_factory=list)


@dataclass(slots=True)
class _State:
    """Where the parser stands: the elements that are open, ours first."""

    text: XmlText
    containers: Containers
    complain: Callable[[Diagnostic], None]
    open: list[_Open] = field(default_factory=list)
    held: int = 0
    seen: bool = False
    line: int = 1
    equals: int = 0

    def bound_tag(self, text: str) -> None:
        """Refuse a tag of endless attributes before the parser has it whole; its time for them is quadratic."""
        last = text.rfind("<")
        self.equals = text.count("=", last) if last >= 0 else self.equals + text.count("=")
        if self.equals > _EQUALS_SIGNS:
            self._refuse(messages.TOO_MANY, self.line, limit=ATTRIBUTE_LIMIT, what="attributes of one element")

    def parts(self, text: str) -> list[str]:
        """Return `text` as it is to be fed: by lines where libxml2 no longer counts them (it keeps 16 bits)."""
        return [text] if self.line + text.count("\n") < _LINES_COUNTED else re.findall(r"[^\n]*\n|[^\n]+", text)

    def start(self, element: etree._Element) -> Piece | None:
        """Take the beginning of an element; return a piece where it is a container."""
        line = self._line(element)
        namespace, name = _split(str(element.tag))
        attributes = {str(key): str(value) for key, value in element.attrib.items()}
        self._check(namespace, attributes, line)
        type_ = _resolved(attributes[_XSI_TYPE], element) if _XSI_TYPE in attributes else ""
        opened = _Open(name, namespace, attributes, line, type_)
        path = self.open[-1].path if self.open else None
        if not self.open:
            opened.path = ()
        elif path is not None and self.containers((*path, name), type_):
            opened.path = (*path, name)
        self.open.append(opened)
        self.held = self.held + 1 if opened.path is None else 0
        if path is None or opened.path is None:
            return None
        self.seen = True
        return Piece(path, Node(name, namespace, attributes, line=line, type=type_), opened=True)

    def _line(self, element: etree._Element) -> int:
        line = cast("int", element.sourceline)
        return line if line < _LINES_COUNTED else self.line

    def _check(self, namespace: str, attributes: dict[str, str], line: int) -> None:
        if namespace == _XINCLUDE:
            self._refuse(messages.INCLUSION, line)
        if len(self.open) > DEPTH_LIMIT:
            self._refuse(messages.TOO_DEEP, line, limit=DEPTH_LIMIT)
        if self.held >= ELEMENT_LIMIT:
            self._refuse(messages.TOO_MANY, line, limit=ELEMENT_LIMIT, what="elements in one")
        if len(attributes) > ATTRIBUTE_LIMIT:
            self._refuse(messages.TOO_MANY, line, limit=ATTRIBUTE_LIMIT, what="attributes of one element")
        if any(len(value) > _ATTRIBUTE_LENGTH for value in attributes.values()):
            self._refuse(messages.TOO_MANY, line, limit=_ATTRIBUTE_LENGTH, what="letters in one attribute")

    def _refuse(self, note: Note, line: int, limit: int = 0, what: str = "") -> None:
        raise InputError((note.say(Origin(self.text.source.name, line), limit=limit, what=what),))

    def end(self, element: etree._Element) -> Piece | None:
        """Take the end of an element; return it where it stands in a container and is none."""
        done = self.open.pop()
        done.text[:0] = [element.text or ""]
        done.text += [one.tail or "" for one in element]
        previous, parent = element.getprevious(), element.getparent()
        if self.open and previous is not None and parent is not None:
            self.open[-1].text.append(previous.tail or "")
            parent.remove(previous)
        element.clear(keep_tail=True)  # type: ignore[call-arg]  # the stubs do not know it
        text = "".join(done.text).strip()
        if not self.open:
            self._outside(text, done.line)
            return None
        return None if done.path is not None and not text else self._ended(done, text)

    def _ended(self, done: _Open, text: str) -> Piece | None:
        node = Node(done.name, done.namespace, done.attributes, text, tuple(done.children), done.line, done.type)
        parent = self.open[-1]
        if parent.path is None:
            parent.children.append(node)
            return None
        self.held, self.seen = 0, True
        return Piece(parent.path, node)

    def _outside(self, text: str, line: int) -> None:
        if text:
            self.complain(messages.OUTSIDE.say(Origin(self.text.source.name, line), text=text[:80]))


def _split(tag: str) -> tuple[str, str]:
    """Return the namespace and the local name of `{namespace}name`."""
    namespace, found, name = tag.rpartition("}")
    return (namespace[1:], name) if found else ("", tag)


def _resolved(qualified: str, element: etree._Element) -> str:
    """Return the QName `prefix:name` of an attribute's value as `{namespace}name`."""
    prefix, _, name = qualified.strip().rpartition(":")
    namespace = element.nsmap.get(prefix or None)
    return f"{{{namespace}}}{name}" if namespace else name
