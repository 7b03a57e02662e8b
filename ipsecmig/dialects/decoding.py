"""From the bytes of a source to text: byte order marks, UTF-8, UTF-16, and the ANSI and OEM code pages of Windows.

Scripts are often in the code page of the machine that they were written on, and often damaged. Commands are ASCII,
so that such a script must still be read: bytes that no encoding explains become characters one to one, so that
different names stay different, and a warning says so.
"""

from __future__ import annotations

import codecs
import re
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Final

from ipsecmig.diagnostics import Diagnostic, Origin, Severity
from ipsecmig.dialects.base import ReadOptions, Source
from ipsecmig.dialects.notes import Note
from ipsecmig.errors import InputError, UsageError

SIZE_LIMIT: Final = 1 << 30
"""The largest source that is read, in bytes."""

CANNOT_READ: Final = Note("IN001", Severity.ERROR, "cannot be read: {reason}")
TOO_LARGE: Final = Note(
    "IN002", Severity.ERROR, "is larger than {limit} MiB", "A policy is far smaller; check that this is the right file."
)
BINARY: Final = Note(
    "IN003",
    Severity.ERROR,
    "is not text: {reason}",
    "Give the script itself; for UTF-16 or UTF-32 without a byte order mark add --encoding utf-16-le.",
)
GUESSED: Final = Note(
    "IN004",
    Severity.WARNING,
    "is not UTF-8; read as {encoding} because {reason}. Names and comments may come out wrong",
    "Name the code page of the machine that wrote the file, for example --encoding {example}.",
)
DAMAGED: Final = Note(
    "IN005",
    Severity.WARNING,
    "{count} byte(s) mean nothing in {encoding}; each was kept as one character",
    "Give another --encoding, or repair the names and comments from this line on.",
)

_BOMS: Final = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
_CHCP = re.compile(rb"^[ \t@]*chcp(?:\.com)?[ \t]+(\d{3,5})", re.IGNORECASE | re.MULTILINE)
_CODE_PAGES: Final = {65001: "utf-8", 54936: "gb18030", 20866: "koi8_r", 28591: "latin-1", 28605: "iso8859-15"}
_ESCAPED = re.compile("[\udc80-\udcff]")
_UNESCAPE: Final = {0xDC00 + byte: byte for byte in range(0x80, 0x100)}
_CONTROLS = re.compile("[\x01-\x06\x0e-\x19\x1c-\x1f\x7f]")
_NONCHARACTERS = re.compile("[\ufdd0-\ufdef\ufffe\uffff\ud800-\udfff]")
_NEWLINES = re.compile("\r+\n?")
_SAMPLE: Final = 1 << 16
_PIECE: Final = 1 << 20


@dataclass(frozen=True, slots=True)
class Decoded:
    """A source as text. Lines end in line feeds; `encoding` is the Python name of the encoding that was used."""

    text: str
    encoding: str
    diagnostics: tuple[Diagnostic, ...] = ()


def read_source(path: str) -> Source:
    """Return the bytes of the file `path`, or of standard input for `-`. Raises InputError with the system's reason."""
    try:
        if path == "-":
            data = _read(sys.stdin.buffer)
        else:
            with Path(path).open("rb") as file:
                data = _read(file)
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise InputError((CANNOT_READ.say(Origin(path), reason=reason),)) from error
    if len(data) > SIZE_LIMIT:
        raise InputError((TOO_LARGE.say(Origin(path), limit=SIZE_LIMIT >> 20),))
    return Source(path, data)


def _read(file: BinaryIO) -> bytes:
    """Return what is in a file, but hardly more than the limit. To read all at once takes memory for the limit."""
    pieces, octets = [], 0
    while octets <= SIZE_LIMIT and (piece := file.read(_PIECE)):
        pieces.append(piece)
        octets += len(piece)
    return b"".join(pieces)


def decode(source: Source, options: ReadOptions) -> Decoded:
    """Return the text of `source`.

    In this order: a byte order mark, the encoding that the user names, UTF-16 by its zero bytes, UTF-8, and then the
    code page that the script sets with `chcp` or that its bytes suggest. Raises UsageError for an unknown encoding
    and InputError for what is not text.
    """
    if options.encoding is not None:
        _check(options.encoding)
    for mark, encoding in _BOMS:
        if source.data.startswith(mark):
            return _decode(source, source.data[len(mark) :], encoding)
    if options.encoding is not None:
        return _decode(source, source.data, options.encoding)
    if source.data.isascii() and b"\0" not in source.data:
        return Decoded(_tidy(source, source.data.decode("ascii")), "ascii")
    wide = _utf16(source.data[:_SAMPLE])
    if wide is not None:
        return _decode(source, source.data, wide)
    return _decode_bytewise(source)


def _check(encoding: str) -> None:
    try:
        b" ".decode(encoding, "ignore")  # no encoding is looked up for nothing at all
    except (LookupError, ValueError) as error:
        message = f"--encoding {encoding!r} is no known text encoding; for example utf-8, cp850, cp1252, cp1251, cp936"
        raise UsageError(message) from error


def _utf16(sample: bytes) -> str | None:
    """Return the byte order of UTF-16 without a mark: ASCII commands have a zero in every other byte."""
    pairs = len(sample) // 2
    if pairs < 2:
        return None
    even, odd = sample[0::2].count(0), sample[1::2].count(0)
    if odd * 10 > pairs * 4 and even * 20 < pairs:
        return "utf-16-le"
    if even * 10 > pairs * 4 and odd * 20 < pairs:
        return "utf-16-be"
    return None


def _decode_bytewise(source: Source) -> Decoded:
    try:
        return Decoded(_tidy(source, source.data.decode("utf-8")), "utf-8")
    except UnicodeDecodeError as error:
        encoding, reason = _guess(source.data)
        line = source.data.count(b"\n", 0, error.start) + 1
        example = "cp936" if encoding != "cp936" else "cp950"
        say = GUESSED.say(Origin(source.name, line, 1), encoding=encoding, reason=reason, example=example)
        decoded = _decode(source, source.data, encoding)
        return Decoded(decoded.text, encoding, (say, *decoded.diagnostics))


def _decode(source: Source, data: bytes, encoding: str) -> Decoded:
    try:
        return Decoded(_tidy(source, data.decode(encoding)), encoding)
    except UnicodeError:
        text, places = _repaired(data, encoding)
        line = text.count("\n", 0, places[0]) + 1 if places else 1
        say = DAMAGED.say(Origin(source.name, line, 1), count=max(1, len(places)), encoding=encoding)
        return Decoded(_tidy(source, text), encoding, (say,))


def _repaired(data: bytes, encoding: str) -> tuple[str, list[int]]:
    """Return `data` as text with undecodable bytes kept as one character each, and where these are."""
    try:
        text = data.decode(encoding, "surrogateescape")
    except UnicodeError:
        text = data.decode(encoding, "replace")
        return text, [m.start() for m in re.finditer("\ufffd", text)]
    return text.translate(_UNESCAPE), [m.start() for m in _ESCAPED.finditer(text)]


def _tidy(source: Source, text: str) -> str:
    """Return `text` with line feeds as line ends and without the end-of-file mark of DOS; refuse what is no text."""
    text = text.rstrip("\x1a")
    zero = text.find("\0")
    if zero >= 0:
        line = text.count("\n", 0, zero) + 1
        raise InputError((BINARY.say(Origin(source.name, line, 1), reason="it contains zero characters"),))
    sample = text[:_SAMPLE]
    if len(_CONTROLS.findall(sample)) * 20 > len(sample):
        raise InputError((BINARY.say(Origin(source.name, 1, 1), reason="it is full of control characters"),))
    if not text.isascii():
        text = _NONCHARACTERS.sub("\ufffd", text)
    return _NEWLINES.sub("\n", text) if "\r" in text else text


def _guess(data: bytes) -> tuple[str, str]:
    """Return the likely encoding of bytes that are not UTF-8, and why."""
    hint = _CHCP.search(data)
    if hint:
        page = int(hint[1])
        encoding = _CODE_PAGES.get(page, f"cp{page}")
        if encoding != "utf-8" and _decodes(data, encoding):
            return encoding, f"the script sets code page {page}"
    text = data.decode("utf-8", "surrogateescape")
    bad = len(_ESCAPED.findall(text))
    if len(text) - len(text.encode("ascii", "ignore")) > 4 * bad:
        return "utf-8", "most of it is, and the rest is damaged"
    return _guess_page(data)


def _decodes(data: bytes, encoding: str) -> bool:
    try:
        data.decode(encoding)
    except (LookupError, UnicodeError):
        return False
    return True


def _guess_page(data: bytes) -> tuple[str, str]:
    """Tell Chinese, Korean and Cyrillic by the ranges that their common letters lie in; else Western European."""
    runs = re.findall(rb"[\x80-\xff]+", data)
    high = b"".join(runs)
    if all(len(run) % 2 == 0 for run in runs) and len(high) >= 6:
        leads = high[0::2]
        if _share(leads, rb"[\xa1\xa3\xb0-\xc8]") == 1 and _decodes(data, "cp949"):
            return "cp949", "its letters look Korean"
        if _share(leads, rb"[\xa1\xa3\xb0-\xd7]") > 0.9 and _decodes(data, "cp936"):
            return "cp936", "its letters look Chinese"
    if len(high) >= 3 * len(runs):
        if _share(high, rb"[\xa8\xb8\xc0-\xff]") > 0.9:
            return "cp1251", "its letters look Cyrillic"
        if _share(high, rb"[\x80-\xaf\xe0-\xf1]") > 0.9:
            return "cp866", "its letters look Cyrillic"
    return "cp1252", "nothing says which code page it is in"


def _share(data: bytes, pattern: bytes) -> float:
    return len(re.findall(pattern, data)) / len(data)
