"""The documents for users, and the commands that they show."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from typing import NamedTuple

from ground_truth import ROOT, SAMPLES

DOCUMENTS = [path for path in (ROOT / "README.md", SAMPLES / "README.md") if path.exists()]
_BLOCK = re.compile(r"^```(?:console|sh)\n(.*?)^```", re.MULTILINE | re.DOTALL)
_EXIT = re.compile(r"#\s*exits with (\d+)")


class Shown(NamedTuple):
    """A command of a document, as its arguments, and the exit code that the document promises."""

    arguments: tuple[str, ...]
    exit_code: int


Session = tuple[Shown, ...]
"""The commands of one block, which are run one after another in one folder."""


def blocks() -> list[str]:
    """Return the blocks of commands of all documents."""
    return [block for document in DOCUMENTS for block in _BLOCK.findall(document.read_text(encoding="utf-8"))]


def asks_hosts(session: Session) -> bool:
    """Whether a session asks live hosts."""
    return any("extract" in shown.arguments for shown in session)


def shown_in(block: str) -> Iterator[Shown]:
    """Yield the commands of a block that are ours."""
    for line in block.replace("\\\n", " ").splitlines():
        command = line.removeprefix("$ ")
        if command.startswith("ipsecmig "):
            promised = _EXIT.search(command)
            yield Shown(tuple(shlex.split(command, comments=True)[1:]), int(promised[1]) if promised else 0)
