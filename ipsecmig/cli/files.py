"""Writes the files of one conversion: all of them or none, and none over a file that is not ours.

A manifest in the folder names what ipsecmig wrote there with its SHA-256. A file may be replaced when it still is what
the manifest says; one that a person changed, or that came from elsewhere, stays unless the caller insists.

Everything is first written and synced in a temporary folder on the same file system. Into a folder that does not
exist yet it then moves with one rename. Into one that does, it moves file by file with signals held back, and a
failure puts back what stood there. Only a crash of the machine or SIGKILL within those renames can part them.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from hashlib import sha256
from pathlib import Path, PurePosixPath

from ipsecmig import __version__, storage
from ipsecmig.errors import OutputError
from ipsecmig.model.targets import OutputFile
from ipsecmig.storage import staging, stoppable, sync_folder, undisturbed

MANIFEST = "ipsecmig.manifest.json"


@dataclass(frozen=True, slots=True)
class Written:
    """What `write_all` did: the paths that it wrote, and those left from an earlier conversion, under the folder."""

    paths: tuple[str, ...]
    left_over: tuple[str, ...]


def write_all(folder: Path, files: Sequence[OutputFile], *, force: bool = False) -> Written:
    """Write `files` under `folder`, with a manifest; secret ones have mode 0600 from their creation on.

    Raises OutputError, and leaves everything as it was, when something cannot be written or is not ours to replace
    (`force` replaces it all the same), and ValueError when two files have one path or a path leads elsewhere.
    """
    _check_paths(files)
    try:
        known = _read_manifest(folder)
        if not force:
            _refuse_foreign(folder, files, known)
        kept = {p: digest for p, digest in known.items() if (folder / p).is_file()}
        everything = (*files, _manifest(files, kept))
        with stoppable():
            _write(folder, everything)
    except OSError as failure:
        where = failure.filename2 or failure.filename or folder
        raise OutputError(f"{where}: {failure.strerror or failure}; nothing was written") from failure
    new = tuple(file.path for file in files)
    return Written((*new, MANIFEST), tuple(sorted(set(kept) - set(new))))


def write_one(path: Path, content: bytes, *, secret: bool = False, replace: bool = False) -> None:
    """Make the file `path`, whole or not at all; raises OutputError, also for one that is there unless `replace`."""
    try:
        with stoppable(), staging(path.parent) as stage:
            made = stage / "new"
            _create(made, OutputFile(path.name, content, secret=secret))
            if replace:
                made.replace(path)
            else:
                path.hardlink_to(made)
            sync_folder(path.parent)
    except FileExistsError:
        raise OutputError(f"{path}: there is such a file already; nothing was written") from None
    except OSError as failure:
        raise OutputError(f"{path}: {failure.strerror or failure}; nothing was written") from failure


def write_text(path: Path, text: str) -> None:
    """Make the file `path` hold `text`, whole or not at all; raises OutputError.

    A link is followed, and what is no regular file, such as a pipe, is written to as it is.
    """
    if path.exists() and not path.is_file():
        try:
            path.write_text(text, encoding="utf-8")
        except OSError as failure:
            raise OutputError(f"{path}: {failure.strerror or failure}") from failure
        return
    write_one(path.resolve(), text.encode("utf-8", "surrogateescape"), replace=True)


def _check_paths(files: Sequence[OutputFile]) -> None:
    paths = [PurePosixPath(file.path) for file in files] + [PurePosixPath(MANIFEST)]
    if len(set(paths)) < len(paths):
        raise ValueError("two files of one conversion have the same path")
    if any(path.is_absolute() or ".." in path.parts or not path.parts for path in paths):
        raise ValueError("the path of a file leads out of its folder")


def _manifest(files: Sequence[OutputFile], kept: Mapping[str, str]) -> OutputFile:
    """Return the manifest. It is as secret as the files: the digest of one with a weak key would betray the key."""
    digests = dict(kept) | {file.path: sha256(file.content).hexdigest() for file in files}
    document = {"tool": "ipsecmig", "version": __version__, "files": dict(sorted(digests.items()))}
    content = json.dumps(document, ensure_ascii=False, indent=2) + "\n"
    return OutputFile(MANIFEST, content.encode(), secret=bool(kept) or any(file.secret for file in files))


def _read_manifest(folder: Path) -> dict[str, str]:
    """Return the digests that the folder's manifest names, none where there is no manifest of ours."""
    try:
        document = json.loads((folder / MANIFEST).read_bytes())
    except (FileNotFoundError, ValueError):
        return {}
    files = document.get("files") if isinstance(document, dict) and document.get("tool") == "ipsecmig" else None
    if not isinstance(files, dict):
        return {}
    return {str(path): str(digest) for path, digest in files.items() if ".." not in PurePosixPath(path).parts}


def _refuse_foreign(folder: Path, files: Sequence[OutputFile], known: Mapping[str, str]) -> None:
    for file in files:
        path = folder / file.path
        if path.is_symlink() or (path.exists() and not path.is_file()):
            raise OutputError(f"{path}: is no regular file; nothing was written")
        if not path.exists():
            continue
        content = path.read_bytes()
        if content == file.content or known.get(file.path) == sha256(content).hexdigest():
            continue
        what = "was changed since ipsecmig wrote it" if file.path in known else "was not written by ipsecmig"
        raise OutputError(f"{path}: {what}; nothing was written (--force replaces it)")
    manifest = folder / MANIFEST
    if manifest.exists() and not _is_ours(manifest):
        raise OutputError(f"{manifest}: was not written by ipsecmig; nothing was written (--force replaces it)")


def _is_ours(manifest: Path) -> bool:
    with suppress(ValueError):
        document = json.loads(manifest.read_bytes())
        return isinstance(document, dict) and document.get("tool") == "ipsecmig"
    return False


def _write(folder: Path, files: Sequence[OutputFile]) -> None:
    if folder.exists():
        with staging(folder) as stage:
            _fill(stage / "new", files)
            with undisturbed():
                _replace_each(stage, folder, files)
        return
    first_missing = folder
    while not first_missing.parent.exists():
        first_missing = first_missing.parent
    with staging(first_missing.parent) as stage:
        _fill(stage / "new" / folder.relative_to(first_missing), files)
        with undisturbed():
            (stage / "new").replace(first_missing)
            sync_folder(first_missing.parent)


def _fill(folder: Path, files: Sequence[OutputFile]) -> None:
    for file in files:
        path = folder / file.path
        path.parent.mkdir(parents=True, exist_ok=True)
        _create(path, file)
    for root, _, _ in os.walk(folder):
        sync_folder(Path(root))


def _create(path: Path, file: OutputFile) -> None:
    mode = (0o700 if file.executable else 0o600) if file.secret else (0o777 if file.executable else 0o666)
    storage.create(path, file.content, mode)


def _replace_each(stage: Path, folder: Path, files: Sequence[OutputFile]) -> None:
    undo: list[Callable[[], object]] = []
    try:
        for number, file in enumerate(files):
            target, backup = folder / file.path, stage / str(number)
            _make_parents(target, undo)
            if os.path.lexists(target):
                _back_up(target, backup)
                undo.append(partial(backup.replace, target))
            else:
                undo.append(partial(target.unlink, missing_ok=True))
            (stage / "new" / file.path).replace(target)
        for changed in {(folder / file.path).parent for file in files}:
            sync_folder(changed)
    except BaseException:
        for step in reversed(undo):
            step()
        raise


def _make_parents(path: Path, undo: list[Callable[[], object]]) -> None:
    missing = [parent for parent in path.parents if not parent.exists()]
    for parent in reversed(missing):
        parent.mkdir()
        undo.append(parent.rmdir)


def _back_up(target: Path, backup: Path) -> None:
    """Keep the old file under a second name, so that its own name never is without a file; else move it away."""
    try:
        os.link(target, backup, follow_symlinks=False)
    except OSError:
        target.rename(backup)
