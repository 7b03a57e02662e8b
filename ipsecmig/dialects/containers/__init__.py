"""Containers around commands: batch files, netsh scripts, PowerShell scripts, and documents that quote them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence, Set
from typing import Final, NamedTuple

from ipsecmig.diagnostics import Diagnostic
from ipsecmig.dialects.base import ReadOptions
from ipsecmig.dialects.containers import kind, netsh_script, typography
from ipsecmig.dialects.containers.command import Statement
from ipsecmig.dialects.containers.kind import Kind
from ipsecmig.dialects.containers.output import Output, Reader
from ipsecmig.dialects.containers.positions import Document, Mapped

# The readers are imported when they are needed: together they take longer to import than a short script to read.


def _read_batch(lines: Sequence[Mapped], out: Output) -> None:
    from ipsecmig.dialects.containers import batch

    batch.read(lines, out)


def _read_command_line(lines: Sequence[Mapped], out: Output) -> None:
    from ipsecmig.dialects.containers import batch

    batch.read_line(lines, out)


def _read_powershell(lines: Sequence[Mapped], out: Output) -> None:
    from ipsecmig.dialects.containers import powershell

    powershell.read(lines, out)


_READERS: Final[Mapping[str, Reader]] = {
    Kind.BATCH.value: _read_batch,
    Kind.SCRIPT.value: netsh_script.read,
    Kind.POWERSHELL.value: _read_powershell,
    "command line": _read_command_line,
}


class Scanned(NamedTuple):
    """The statements of a script in the order in which they run, and what is to be said about the container."""

    statements: list[Statement]
    diagnostics: tuple[Diagnostic, ...]


def statements(text: str, file: str, options: ReadOptions, programs: Set[str] = frozenset()) -> Scanned:
    """Return the statements of the script `text`, whose lines end in line feeds.

    Commands of `programs` (lower case, without path and `.exe`) come with the program as their context; what they
    mean is left to the caller.

    Raises InputError when `text` is no script at all: markup or the source of a program.
    """
    text, quoted = kind.quoted(text, file)
    container = kind.classify(text, file)
    text, typographic = typography.normalise(text, file)
    document = Document.of(text, file)
    out = Output(document, options, _READERS, programs)
    _READERS[container.value](document, out)
    found, said = out.finish()
    return Scanned(found, (*quoted, *typographic, *said))
