"""Parsers for the grammars under `grammar/`, with their tables kept in the user's cache folder.

Lark takes 200 ms to build the table of a larger grammar and 20 ms to load it. A cached table is a pickle, so that one
is loaded only when nobody but the user can have written it; everything that is wrong with a cache makes it ignored.
"""

from __future__ import annotations

import hashlib
import io
import os
import stat
import sys
import tempfile
from contextlib import suppress
from pathlib import Path

import lark

from ipsecmig import resources

_DIGEST_SIZE = hashlib.sha256().digest_size
_OTHERS_MAY_WRITE = stat.S_IWGRP | stat.S_IWOTH


def load(name: str, start: tuple[str, ...], *, positions: bool = False) -> lark.Lark:
    """Return the LALR parser of the grammar `name`, for example `netsh_static.lark`, with the symbols `start`.

    With `positions` every node of its trees knows its place.

    Raises FileNotFoundError when the installation is incomplete.
    """
    grammar = resources.grammar(name).read_bytes()
    key = hashlib.sha256(repr((grammar, start, positions, lark.__version__, sys.version)).encode()).hexdigest()
    folder = _cache_folder()
    if folder is None:
        return _build(grammar, start, positions=positions)
    path = folder / f"{Path(name).stem}-{key[:32]}.lalr"
    table = _read(path)
    if table is not None:
        return lark.Lark.load(io.BytesIO(table))
    parser = _build(grammar, start, positions=positions)
    buffer = io.BytesIO()
    parser.save(buffer)
    with suppress(OSError):
        _write(path, buffer.getvalue())
    return parser


def _build(grammar: bytes, start: tuple[str, ...], *, positions: bool) -> lark.Lark:
    return lark.Lark(grammar.decode(), parser="lalr", start=list(start), propagate_positions=positions)


def _cache_folder() -> Path | None:
    """Return the user's cache folder for ipsecmig, made if need be; None where others could write it."""
    if not hasattr(os, "geteuid"):
        return None
    base = os.environ.get("XDG_CACHE_HOME", "")
    try:
        folder = (Path(base) if base.startswith("/") else Path.home() / ".cache") / "ipsecmig"
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        return folder if _is_ours(folder.lstat(), stat.S_ISDIR(folder.lstat().st_mode)) else None
    except (OSError, RuntimeError):
        return None


def _is_ours(status: os.stat_result, right_kind: bool) -> bool:
    return right_kind and status.st_uid == os.geteuid() and not status.st_mode & _OTHERS_MAY_WRITE


def _read(path: Path) -> bytes | None:
    """Return the table cached in `path`, or None when it is missing, damaged or could be somebody else's."""
    try:
        with os.fdopen(os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK), "rb") as file:
            status = os.fstat(file.fileno())
            if not _is_ours(status, stat.S_ISREG(status.st_mode)):
                return None
            digest, table = file.read(_DIGEST_SIZE), file.read()
    except OSError:
        return None
    return table if hashlib.sha256(table).digest() == digest else None


def _write(path: Path, table: bytes) -> None:
    """Put `table` behind its digest into `path` at once, so that no reader ever meets half of it."""
    handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=path.name)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(hashlib.sha256(table).digest() + table)
        Path(temporary).replace(path)
    except OSError:
        Path(temporary).unlink(missing_ok=True)
        raise
