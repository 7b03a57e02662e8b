"""From the bytes of an XML file to its text, piece by piece, and a look at its root without a parser.

The encoding is that of the byte order mark, else the one that the user names, else UTF-16 by its zero bytes, else the
declared one (XML 1.0, appendix F). Windows' tools contradict themselves when their output is redirected: a report
that declares utf-16 is then in UTF-8, or the other way round. That is said, and read.
"""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final, NamedTuple

from ipsecmig.diagnostics import Diagnostic, Origin
from ipsecmig.dialects.base import ReadOptions, Source
from ipsecmig.dialects.xml_input import messages
from ipsecmig.errors import InputError, UsageError

SIZE_LIMIT: Final = 256 << 20
"""The largest XML file that is read, in bytes."""

_MARKS: Final = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
_PIECE: Final = 1 << 16
_SNIFFED: Final = 1 << 16
_DECLARATION: Final = re.compile(r"""\s*<\?xml\s[^>]{0,200}?\bencoding\s*=\s*["']([\w.:-]{1,40})["']""", re.ASCII)
_OPENING: Final = re.compile(r"\s*<\?xml\s[^>]*\?>")
_PLAIN: Final = re.compile(
    r"utf-8|ascii|iso8859-\d+|cp\d{3,4}|koi8-[rtu]|big5(hkscs)?|gb2312|gbk|gb18030|euc_(jp|kr)|shift_jis|johab"
)
_ROOT: Final = re.compile(r"<(?:([\w.-]+):)?([\w.-]+)((?:\s[^<>]*)?)/?>")
_NAMESPACE: Final = re.compile(r"""\sxmlns(?::([\w.-]+))?\s*=\s*["']([^"']*)["']""")


class Root(NamedTuple):
    """The first element of a file: its local name and the URI of its namespace, empty where it has none."""

    name: str
    namespace: str


@dataclass(frozen=True, slots=True)
class XmlText:
    """The text of an XML file, still in bytes: `encoding` from `offset` on, and what there is to say about that."""

    source: Source
    encoding: str
    offset: int
    reason: str
    diagnostics: tuple[Diagnostic, ...] = ()

    def pieces(self) -> Iterator[str]:
        """Yield the text, some 64 KiB at a time, without the XML declaration but with its line ends.

        Raises InputError for bytes that mean nothing in the encoding.
        """
        decoder = codecs.getincrementaldecoder(self.encoding)("strict")
        data, line, first = memoryview(self.source.data), 1, True
        for start in range(self.offset, max(len(data), self.offset + 1), _PIECE):
            try:
                text = decoder.decode(data[start : start + _PIECE], start + _PIECE >= len(data))
            except UnicodeError as error:
                raise InputError((self._unreadable(error, line),)) from error
            line += text.count("\n")
            yield _without_declaration(text) if first else text
            first = first and not text

    def _unreadable(self, error: UnicodeError, line: int) -> Diagnostic:
        problem = getattr(error, "reason", "")
        if isinstance(error, UnicodeDecodeError):
            line += error.object[: error.start].decode(self.encoding, "replace").count("\n")
        origin = Origin(self.source.name, line)
        return messages.UNREADABLE.say(origin, encoding=self.encoding, reason=self.reason, problem=problem)


def _without_declaration(text: str) -> str:
    """Blank out the XML declaration, so that lines stay: two documents in one file are parsed under one root."""
    found = _OPENING.match(text)
    return text if found is None else re.sub(r"[^\n]", " ", found[0]) + text[found.end() :]


def open_text(source: Source, options: ReadOptions) -> XmlText:
    """Return how the text of `source` is to be read. Raises InputError for a file over the limit of size."""
    if len(source.data) > SIZE_LIMIT:
        raise InputError((messages.TOO_LARGE.say(Origin(source.name), limit=SIZE_LIMIT >> 20),))
    encoding, offset, reason = _encoding(source.data, options.encoding)
    declared = _declared(source.data, encoding, offset)
    if declared is None or _agrees(declared, encoding) or options.encoding == encoding:
        return XmlText(source, encoding, offset, reason)
    say = messages.OTHER_ENCODING.say(Origin(source.name, 1), declared=declared, reason=reason, encoding=encoding)
    return XmlText(source, encoding, offset, reason, (say,))


def _encoding(data: bytes, named: str | None) -> tuple[str, int, str]:
    """Return the encoding, where the text begins, and why it is that encoding."""
    if named is not None:
        _check(named)
    for mark, encoding in _MARKS:
        if data.startswith(mark):
            return encoding, len(mark), "its byte order mark says so"
    if named is not None:
        return named, 0, "--encoding says so"
    beginning = data[:256].lstrip(b" \t\r\n\0")[:1]
    if beginning == b"<" and b"\0" in data[:64]:
        return ("utf-16-be" if data[:1] == b"\0" else "utf-16-le"), 0, "its zero bytes say so"
    declared = _DECLARATION.match(data[:256].decode("latin-1"))
    plain = None if declared is None else _plain(declared[1])
    if plain is not None:
        return plain, 0, "it declares so"
    return "utf-8", 0, "nothing readable says another"


def _check(encoding: str) -> None:
    try:
        b" ".decode(encoding, "ignore")
        codecs.getincrementaldecoder(encoding)
    except (LookupError, ValueError) as error:
        raise UsageError(
            f"--encoding {encoding!r} is no text encoding known here; for example utf-8, cp1252"
        ) from error


def _plain(declared: str) -> str | None:
    """Return Python's name of a declared encoding that has ASCII in single bytes; None for every other."""
    try:
        name = codecs.lookup(declared).name
    except LookupError:
        return None
    return name if _PLAIN.fullmatch(name) else None


def _declared(data: bytes, encoding: str, offset: int) -> str | None:
    found = _DECLARATION.match(data[offset : offset + 1024].decode(encoding, "ignore"))
    return None if found is None else found[1]


def _agrees(declared: str, encoding: str) -> bool:
    wide = re.sub("-?[lb]e$", "", declared.lower())
    return encoding == declared.lower() or encoding.startswith(wide) or _plain(declared) == encoding


def after_prolog(text: str) -> int:
    """Return where the first thing of `text` stands that is no blank, comment or processing instruction."""
    position = 0
    while True:
        position += len(text[position:]) - len(text[position:].lstrip())
        opened = next((pair for pair in (("<!--", "-->"), ("<?", "?>")) if text.startswith(pair[0], position)), None)
        end = -1 if opened is None else text.find(opened[1], position)
        if opened is None or end < 0:
            return position
        position = end + len(opened[1])


def sniff(source: Source) -> Root | None:
    """Return the root of what can be XML, by its first 64 KiB; None for everything else. Parses nothing."""
    encoding, offset, _ = _encoding(source.data[:_SNIFFED], None)
    text = source.data[offset:_SNIFFED].decode(encoding, "ignore")
    position = after_prolog(text)
    if text.startswith("<!", position):
        position = max(text.find("<", text.find(">", position)), position)
    found = _ROOT.match(text, position)
    if found is None:
        return None
    spaces = dict(_NAMESPACE.findall(found[3]))
    return Root(found[2], spaces.get(found[1] or "", ""))
