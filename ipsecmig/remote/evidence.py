"""The folder in which `extract` keeps what a host answered: every octet, and a manifest that says what they are.

One folder holds one host. `manifest.json` (schemas/manifest.schema.json) names host, time, system and commands, and
the files with their sizes and SHA-256; `NAME.out` and `NAME.err` hold what the command NAME wrote on standard output
and standard error. Policies may hold preshared keys: only the owner may read the folder.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import datetime
from functools import lru_cache
from hashlib import sha256
from pathlib import Path
from typing import Any, Final

from ipsecmig import __version__
from ipsecmig.diagnostics import Origin
from ipsecmig.dialects.base import Source
from ipsecmig.errors import InputError, OutputError
from ipsecmig.remote import evidence_messages as messages
from ipsecmig.remote.commands import COMMANDS, Command, Output
from ipsecmig.remote.packed import FORMAT, MAGIC
from ipsecmig.storage import create, staging, stoppable, sync_folder, undisturbed

MANIFEST: Final = "manifest.json"

_MANIFEST_LIMIT: Final = 1 << 20
_OUT, _ERR = ".out", ".err"


@dataclass(frozen=True, slots=True)
class Endpoint:
    """Where the host was asked, and how: `host` is the name or address that was given, `scheme` http or https."""

    host: str
    port: int
    scheme: str
    transport: str


@dataclass(frozen=True, slots=True)
class System:
    """What the host is, as far as it could be learnt; 0 and empty stand for what could not.

    `version` is that of the system, `6.3.9600`; `language` is the LANGID of its installation in hexadecimal, `0407`;
    `powershell` is empty where there is none. `code_page` is that of the shell in which the commands ran.
    """

    product: str = ""
    version: str = ""
    service_pack: str = ""
    language: str = ""
    powershell: str = ""
    ansi_code_page: int = 0
    oem_code_page: int = 0
    code_page: int = 0


@dataclass(frozen=True, slots=True)
class Answered:
    """What a command gave, octet by octet, and when. Times are aware."""

    command: Command
    stdout: bytes = field(repr=False)
    stderr: bytes = field(repr=False)
    exit_code: int
    started: datetime
    ended: datetime


@dataclass(frozen=True, slots=True)
class StoredFile:
    """One file of the folder: its name, its SHA-256 in hexadecimal, and its size in octets."""

    file: str
    sha256: str
    size: int


@dataclass(frozen=True, slots=True)
class Ran:
    """One command of the manifest. `line` is all that was sent; times are as in `Manifest`."""

    name: str
    line: str
    output: Output
    exit_code: int
    started: str
    ended: str
    stdout: StoredFile
    stderr: StoredFile


@dataclass(frozen=True, slots=True)
class Manifest:
    """What the folder says of itself. Times are UTC in ISO 8601, `2026-11-23T20:00:00.000Z`."""

    endpoint: Endpoint
    started: str
    ended: str
    system: System
    commands: tuple[Ran, ...]
    tool_version: str = __version__

    @property
    def files(self) -> Iterator[StoredFile]:
        """All files, in the order of the commands."""
        for ran in self.commands:
            yield ran.stdout
            yield ran.stderr


@dataclass(frozen=True, slots=True)
class Evidence:
    """A folder read back and found unchanged. `contents` are the octets by the name of their file."""

    folder: str
    manifest: Manifest
    contents: Mapping[str, bytes] = field(repr=False)

    def stdout(self, ran: Ran) -> bytes:
        """Return what a command of the manifest wrote on standard output."""
        return self.contents[ran.stdout.file]

    def stderr(self, ran: Ran) -> bytes:
        """Return what a command of the manifest wrote on standard error."""
        return self.contents[ran.stderr.file]


def write_evidence(folder: Path, endpoint: Endpoint, system: System, answers: Sequence[Answered]) -> Path:
    """Write the evidence of one host, in the order in which it was asked, and return the path of the manifest.

    The folder is there whole or not at all; an older one of the same kind is replaced. Raises OutputError, also where
    `folder` is something else.
    """
    contents = dict(_contents(answers))
    manifest = _manifest(endpoint, system, answers)
    contents[MANIFEST] = (json.dumps(_document(manifest), ensure_ascii=False, indent=2) + "\n").encode()
    if folder.is_symlink() or (folder.exists() and not is_evidence(folder)):
        raise OutputError(f"{folder}: was not written by ipsecmig extract; nothing was written")
    try:
        with stoppable():
            _place(folder, contents)
    except OSError as failure:
        where = failure.filename2 or failure.filename or folder
        raise OutputError(f"{where}: {failure.strerror or failure}; nothing was written") from failure
    return folder / MANIFEST


def _contents(answers: Sequence[Answered]) -> Iterator[tuple[str, bytes]]:
    for answer in answers:
        yield answer.command.name + _OUT, answer.stdout
        yield answer.command.name + _ERR, answer.stderr


def _manifest(endpoint: Endpoint, system: System, answers: Sequence[Answered]) -> Manifest:
    times = [time for answer in answers for time in (answer.started, answer.ended)]
    return Manifest(endpoint, _utc(min(times)), _utc(max(times)), system, tuple(map(_ran, answers)))


def _ran(answer: Answered) -> Ran:
    command = answer.command
    return Ran(
        command.name,
        command.line,
        command.output,
        answer.exit_code,
        _utc(answer.started),
        _utc(answer.ended),
        _stored(command.name + _OUT, answer.stdout),
        _stored(command.name + _ERR, answer.stderr),
    )


def _stored(file: str, content: bytes) -> StoredFile:
    return StoredFile(file, sha256(content).hexdigest(), len(content))


def _utc(time: datetime) -> str:
    from datetime import UTC

    return time.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _document(manifest: Manifest) -> dict[str, object]:
    return {
        "format": FORMAT,
        "tool": {"name": "ipsecmig", "version": manifest.tool_version},
        "endpoint": asdict(manifest.endpoint),
        "started": manifest.started,
        "ended": manifest.ended,
        "system": asdict(manifest.system),
        "commands": [asdict(ran) | {"output": ran.output.value} for ran in manifest.commands],
    }


def _place(folder: Path, contents: Mapping[str, bytes]) -> None:
    folder.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    with staging(folder.parent) as stage:
        new = stage / "new"
        new.mkdir(mode=0o700)
        for name, content in contents.items():
            create(new / name, content, 0o600)
        sync_folder(new)
        with undisturbed():
            _exchange(new, folder, stage / "old")
            sync_folder(folder.parent)


def _exchange(new: Path, folder: Path, aside: Path) -> None:
    """Move `new` to the place of `folder`, which goes `aside`, or leave everything as it was."""
    replaces = folder.exists()
    if replaces:
        folder.rename(aside)
    try:
        new.rename(folder)
    except BaseException:
        if replaces:
            aside.rename(folder)
        raise


def is_evidence(folder: Path) -> bool:
    """Whether a folder holds the evidence of one host, intact or damaged, by its manifest."""
    try:
        with (folder / MANIFEST).open("rb") as file:
            said = file.read(_MANIFEST_LIMIT)
    except OSError:
        return False
    return FORMAT.encode() in said or any((folder / (command.name + _OUT)).exists() for command in COMMANDS)


def evidence_folders(folder: Path) -> tuple[Path, ...]:
    """Return the folders with evidence among `folder` and all below it, sorted; hidden ones are unfinished."""
    if is_evidence(folder):
        return (folder,)
    found = (manifest.parent for manifest in folder.rglob(MANIFEST))
    visible = (one for one in found if not any(part.startswith(".") for part in one.relative_to(folder).parts))
    return tuple(sorted(one for one in visible if is_evidence(one)))


def read_manifest(folder: Path) -> Manifest:
    """Return what the manifest says, without a look at the files. Raises InputError where it is damaged."""
    return _parse(str(folder / MANIFEST), _octets(folder / MANIFEST, _MANIFEST_LIMIT))


def read_evidence(folder: Path) -> Evidence:
    """Return the evidence in a folder. Raises InputError for a file that is missing or changed."""
    return unpack(pack(folder))


def pack(folder: Path) -> Source:
    """Return a folder as one source: its manifest and then its files, in the order of the manifest.

    Raises InputError where a file is missing; `unpack` looks whether one was changed.
    """
    said = _octets(folder / MANIFEST, _MANIFEST_LIMIT)
    manifest = _parse(str(folder / MANIFEST), said)
    parts = [_of_size(folder, one) for one in manifest.files]
    return Source(str(folder), b"".join((MAGIC, b"%d\n" % len(said), said, *parts)))


def _of_size(folder: Path, one: StoredFile) -> bytes:
    content = _octets(folder / one.file, one.size)
    if len(content) != one.size:
        raise InputError((messages.CHANGED.say(Origin(str(folder / one.file))),))
    return content


def _octets(path: Path, limit: int) -> bytes:
    """Return what is in a file, but no more than one octet beyond the limit."""
    try:
        size = path.stat().st_size
        with path.open("rb") as file:
            return file.read(min(size, limit) + 1)  # room is made for all that is asked for
    except OSError as failure:
        raise InputError((messages.MISSING.say(Origin(str(path)), reason=failure.strerror or failure),)) from None


def unpack(source: Source) -> Evidence:
    """Return the evidence that `pack` made a source of. Raises InputError where a file was changed."""
    head, begin = source.data.index(b"\n", len(MAGIC)), len(MAGIC)
    end = head + 1 + int(source.data[begin:head])
    manifest = _parse(f"{source.name}/{MANIFEST}", source.data[head + 1 : end])
    contents: dict[str, bytes] = {}
    changed: list[str] = []
    for one in manifest.files:
        contents[one.file] = source.data[end : end + one.size]
        end += one.size
        if sha256(contents[one.file]).hexdigest() != one.sha256:
            changed.append(one.file)
    if changed:
        raise InputError(tuple(messages.CHANGED.say(Origin(f"{source.name}/{file}")) for file in changed))
    return Evidence(source.name, manifest, contents)


@lru_cache(maxsize=16)
def _parse(path: str, said: bytes) -> Manifest:
    """Return a manifest. Raises InputError for what does not fit the schema.

    Whoever reads a host asks for it several times in a row, and to validate it takes most of the time.
    """
    try:
        document = json.loads(said)
    except ValueError as failure:
        raise InputError((messages.DAMAGED.say(Origin(path), reason=f"it is no JSON: {failure}"),)) from None
    problem = next(_problems(document), None)
    if problem is not None:
        raise InputError((messages.DAMAGED.say(Origin(path), reason=problem),))
    return Manifest(
        Endpoint(**document["endpoint"]),
        document["started"],
        document["ended"],
        System(**document["system"]),
        tuple(map(_parse_ran, document["commands"])),
        document["tool"]["version"],
    )


def _problems(document: object) -> Iterator[str]:
    from jsonschema import Draft202012Validator
    from jsonschema.exceptions import best_match

    from ipsecmig.resources import schema

    validator = Draft202012Validator(json.loads(schema("manifest.schema.json").read_text(encoding="utf-8")))
    error = best_match(validator.iter_errors(document))
    if error is not None:
        yield f"/{'/'.join(map(str, error.absolute_path))}: {error.message[:200]}"


def _parse_ran(entry: dict[str, Any]) -> Ran:
    files = {stream: StoredFile(**entry[stream]) for stream in ("stdout", "stderr")}
    return Ran(**{**entry, **files, "output": Output(entry["output"])})
