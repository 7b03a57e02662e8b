"""Containers around netsh commands: batch files, netsh scripts, PowerShell scripts, and documents that quote them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, NamedTuple

from ipsecmig.diagnostics import Diagnostic
from ipsecmig.dialects.base import ReadOptions
from ipsecmig.dialects.netsh_static.command import Statement
from ipsecmig.dialects.netsh_static.containers import batch, kind, netsh_script, powershell, typography
from ipsecmig.dialects.netsh_static.containers.kind import Kind
from ipsecmig.dialects.netsh_static.containers.output import Output, Reader
from ipsecmig.dialects.netsh_static.containers.positions import Document

_READERS: Final[Mapping[str, Reader]] = {
    Kind.BATCH.value: batch.read,
    Kind.SCRIPT.value: netsh_script.read,
    Kind.POWERSHELL.value: powershell.read,
    "command line": batch.read_line,
}


class Scanned(NamedTuple):
    """The statements of a script in the order in which they run, and what is to be said about the container."""

    statements: list[Statement]
    diagnostics: tuple[Diagnostic, ...]


def statements(text: str, file: str, options: ReadOptions) -> Scanned:
    """Return the statements of the script `text`, whose lines end in line feeds.

    Raises InputError when `text` is no script at all: markup or the source of a program.
    """
    text, quoted = kind.quoted(text, file)
    container = kind.classify(text, file)
    text, typographic = typography.normalise(text, file)
    document = Document.of(text, file)
    out = Output(document, options, _READERS)
    _READERS[container.value](document, out)
    found, said = out.finish()
    return Scanned(found, (*quoted, *typographic, *said))
