"""Places as other programs take them."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Final
from urllib.parse import quote

from ipsecmig.diagnostics import NOWHERE

STANDARD_INPUT: Final = "-"


def in_file(name: str) -> bool:
    """Whether `name` is that of a file: it is not standard input, nor nowhere."""
    return name not in {STANDARD_INPUT, NOWHERE.file, ""}


def relative(name: str) -> str:
    """Return the path of the file `name` from the working directory, with slashes; one outside of it in full."""
    path = Path(os.path.normpath(Path.cwd() / name))
    return (path.relative_to(Path.cwd()) if path.is_relative_to(Path.cwd()) else path).as_posix()


def uri(name: str) -> str:
    """Return the URI reference of the file `name` (RFC 3986): relative within the working directory, else `file:`."""
    path = relative(name)
    encoded = quote(path, safe="/", errors="surrogateescape")
    return f"file://{encoded}" if path.startswith("/") else encoded
