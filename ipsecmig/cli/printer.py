"""The only place that prints.

Results go to standard output, everything said about the work to standard error. Text from the input is made harmless
before it reaches a terminal: control characters are shown, not obeyed.
"""

from __future__ import annotations

import json
import os
import shutil
import sys
from collections.abc import Iterable
from enum import Enum, StrEnum
from typing import TYPE_CHECKING, NamedTuple, TextIO

from ipsecmig.cli.text import visible
from ipsecmig.diagnostics import place

if TYPE_CHECKING:
    from ipsecmig.diagnostics import Diagnostic


class Style(Enum):
    """How a piece of text stands out on a terminal; the value is the SGR parameter of ECMA-48 8.3.117."""

    PLAIN = ""
    STRONG = "1"
    FAINT = "2"
    BAD = "31"
    GOOD = "32"
    CAREFUL = "33"


class ColorMode(StrEnum):
    """When to colour."""

    AUTO = "auto"
    ALWAYS = "always"
    NEVER = "never"


class Piece(NamedTuple):
    """A piece of a line with its style."""

    text: str
    style: Style = Style.PLAIN


Line = tuple[Piece, ...]
"""One line of output."""


def line(text: str = "", style: Style = Style.PLAIN) -> Line:
    """Return a line of one piece."""
    return (Piece(text, style),)


class Printer(NamedTuple):
    """Writes results to `out` and diagnostics to `err`.

    `quiet` keeps back every diagnostic that is not an error, and every remark; results are always written.
    `width` is that of the terminal behind `out` in columns, None when `out` is no terminal.
    """

    out: TextIO
    err: TextIO
    color_out: bool = False
    color_err: bool = False
    quiet: bool = False
    width: int | None = None

    def result(self, lines: Iterable[Line]) -> None:
        """Write the lines of a result in text form."""
        self.out.writelines(_render(one, color=self.color_out) for one in lines)

    def json(self, document: object) -> None:
        """Write a result as one JSON document."""
        json.dump(document, self.out, ensure_ascii=False, indent=2)
        self.out.write("\n")

    def raw(self, text: str) -> None:
        """Write `text` as it is: the content of a file, or a document already in its final form."""
        self.out.write(text)

    def content(self, content: bytes) -> None:
        """Write the content of a file: byte for byte, except to a terminal, which it must not steer."""
        if self.out.isatty():
            self.result(line(text) for text in content.decode("utf-8", "backslashreplace").split("\n"))
            return
        self.out.flush()
        self.out.buffer.write(content)

    def remark(self, lines: Iterable[Line]) -> None:
        """Write what a person may want to know beside the result."""
        if not self.quiet:
            self.err.writelines(_render(one, color=self.color_err) for one in lines)

    def error(self, message: str) -> None:
        """Write why the command failed; further lines of `message` follow as they are."""
        first, *rest = message.splitlines() or [""]
        lines: list[Line] = [(Piece("error: ", Style.BAD), Piece(first)), *(line(text) for text in rest)]
        self.err.writelines(_render(one, color=self.color_err) for one in lines)

    def diagnostics(self, diagnostics: Iterable[Diagnostic]) -> None:
        """Write diagnostics as `FILE:LINE:COL: CODE severity: message`, each with what else it says."""
        for diagnostic in diagnostics:
            if not self.quiet or diagnostic.severity.label == "error":
                lines = _diagnostic(diagnostic)
                self.err.writelines(_render(one, color=self.color_err) for one in lines)

    def flush(self) -> None:
        """Hand everything over to the system now, so that a failure to write shows here."""
        self.out.flush()
        self.err.flush()


def make_printer(color: ColorMode = ColorMode.AUTO, *, quiet: bool = False) -> Printer:
    """Return a printer on this process's standard streams, which say whether they are terminals."""
    for stream in (sys.stdout, sys.stderr):
        reconfigure = getattr(stream, "reconfigure", None)
        if reconfigure is not None:
            reconfigure(errors="backslashreplace")
    width = shutil.get_terminal_size().columns if sys.stdout.isatty() else None
    return Printer(sys.stdout, sys.stderr, _colored(color, sys.stdout), _colored(color, sys.stderr), quiet, width)


def _colored(color: ColorMode, stream: TextIO) -> bool:
    if color is not ColorMode.AUTO:
        return color is ColorMode.ALWAYS
    return stream.isatty() and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"


def _render(pieces: Line, *, color: bool) -> str:
    return "".join(_painted(piece, color=color) for piece in pieces).rstrip(" ") + "\n"


def _painted(piece: Piece, *, color: bool) -> str:
    text = visible(piece.text)
    if not color or not text or piece.style is Style.PLAIN:
        return text
    return f"\x1b[{piece.style.value}m{text}\x1b[0m"


SEVERITY_STYLES = {"error": Style.BAD, "warning": Style.CAREFUL, "info": Style.FAINT}


def _diagnostic(diagnostic: Diagnostic) -> Iterable[Line]:
    label = diagnostic.severity.label
    yield (
        Piece(f"{place(diagnostic.origin)}: {diagnostic.code} ", Style.STRONG),
        Piece(label, SEVERITY_STYLES[label]),
        Piece(f": {diagnostic.message}"),
    )
    for title, text in (("", diagnostic.text), ("expected: ", diagnostic.expected), ("advice: ", diagnostic.advice)):
        if text:
            yield (Piece(f"    {title}", Style.FAINT), Piece(text))


def print_version() -> None:
    """Print the name and version of the program."""
    from ipsecmig import __version__

    make_printer().result([line(f"ipsecmig {__version__}")])
