"""Reads the sources that the command line names, and joins what they say into one policy store."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from ipsecmig.cli.text import listed
from ipsecmig.diagnostics import Diagnostic, Origin, Severity, worst
from ipsecmig.dialects.base import Dialect, Reading, ReadOptions, Source
from ipsecmig.errors import InputError, UsageError
from ipsecmig.model.policy import PolicyStore

if TYPE_CHECKING:
    from ipsecmig.cli.options import Access, Inputs
    from ipsecmig.cli.printer import Printer
    from ipsecmig.model.site import Site
    from ipsecmig.verify.target import ReadTarget

STANDARD_INPUT = "-"

EMPTY = "CLI002"
SKIPPED = "CLI003"

_NAMED = 10


def read_store(options: Inputs, printer: Printer) -> PolicyStore:
    """Return the store that the sources describe, after printing what there is to say about them.

    Raises InputError when a source cannot be read, is of no known format or holds a mistake, and UsageError for a
    format that does not exist.
    """
    reading = read_sources(options)
    if worst(reading.diagnostics) is Severity.ERROR:
        raise InputError(reading.diagnostics)
    printer.diagnostics(reading.diagnostics)
    return reading.store


def read_sources(options: Inputs) -> Reading:
    """Return what the sources say together; each is read on its own, in order."""
    return read_loaded([loaded for name in options.names for loaded in load(name, options.access)], options)


def read_loaded(loaded: Iterable[tuple[Source, bool]], options: Inputs) -> Reading:
    """Return what the inputs that `load` gave say together; only the names among `options` do not matter."""
    _check_assumptions(options.assumptions)
    loaded = tuple(loaded)
    _check_hosts([source for source, _ in loaded])
    return _join([_read(source, named, options) for source, named in loaded])


def _check_hosts(sources: Sequence[Source]) -> None:
    """Raise InputError where the evidence of several hosts would be read as that of one."""
    from ipsecmig.remote.packed import is_packed

    folders = sorted({source.name for source in sources if is_packed(source)})
    if len(folders) > 1:
        from ipsecmig.remote import evidence_messages

        named = listed(folders, _NAMED)
        raise InputError((evidence_messages.SEVERAL.say(Origin(folders[0]), folders=named),))


def _check_assumptions(given: frozenset[str]) -> None:
    """Raise UsageError for a word that settles nothing in any format: it is a slip of the pen."""
    if not given:
        return
    from ipsecmig.dialects.registry import DIALECTS

    known = {name for dialect in DIALECTS for name in dialect.assumptions}
    if given - known:
        unknown = ", ".join(sorted(given - known))
        raise UsageError(f"--assume: there is no assumption {unknown}; there are: {', '.join(sorted(known))}")


def read_configurations(names: Iterable[str], access: Access, site: Site) -> tuple[ReadTarget, ...]:
    """Return the targets that the inputs called `names` configure, and of a folder those of every configuration in it.

    Rollbacks and the like are left out; the evidence of a host is a policy of Windows. Raises InputError.
    """
    from ipsecmig.remote.packed import is_packed
    from ipsecmig.verify.readback.registry import is_configuration, read_targets, read_windows

    loaded = [one for name in names for one, named in load(name, access) if named or is_configuration(one.name)]
    held = [read_windows(_read_evidence(one, ReadOptions(), None), site) for one in loaded if is_packed(one)]
    return (*read_targets([one for one in loaded if not is_packed(one)], site, ReadOptions()), *held)


def load(name: str, access: Access) -> Iterator[tuple[Source, bool]]:
    """Yield the input called `name`, or every file of the folder of that name; whether it was named itself.

    The evidence of a host, which `extract` wrote, is one input.
    """
    from ipsecmig.dialects.decoding import read_source
    from ipsecmig.remote.location import is_directory

    if is_directory(name):
        yield _directory(name, access), True
        return
    path = Path(name)
    if name == STANDARD_INPUT or not path.is_dir():
        yield read_source(name), True
        return
    from ipsecmig.remote.evidence import evidence_folders, pack

    evidence = evidence_folders(path)
    for folder in evidence:
        yield pack(folder), True
    files = [file for file in _files(path) if not any(folder in file.parents for folder in evidence)]
    if not files and not evidence:
        raise InputError((_error(EMPTY, name, "the folder holds no file"),))
    for file in files:
        yield read_source(str(file)), False


def _files(folder: Path) -> list[Path]:
    """Return the files in a folder and below it, without hidden ones and those in hidden folders."""
    return sorted(
        path
        for path in folder.rglob("*")
        if path.is_file() and not any(part.startswith(".") for part in path.relative_to(folder).parts)
    )


def _directory(name: str, access: Access) -> Source:
    """Return what a live directory answers; the URL names it from then on."""
    from ipsecmig.cli.credentials import directory_login
    from ipsecmig.remote.directory import read_directory
    from ipsecmig.remote.location import parse_url

    at = parse_url(name)
    return Source(at.url, read_directory(at, directory_login(access.user), access.authority))


def _error(code: str, file: str, message: str, advice: str = "") -> Diagnostic:
    return Diagnostic(code, Severity.ERROR, message, Origin(file), advice=advice)


def _read(source: Source, named: bool, options: Inputs) -> Reading:
    from ipsecmig.dialects import registry
    from ipsecmig.remote.packed import is_packed

    wanted = ReadOptions(options.encoding, options.definitions, options.assumptions)
    if is_packed(source):
        return _read_evidence(source, wanted, options.format)
    if named or options.format is not None:
        return registry.read(source, wanted, options.format)
    dialect = _recognised(source)
    if dialect is None:
        return Reading(PolicyStore(), (_skipped(source),))
    return registry.read(source, wanted, dialect.name)


def _read_evidence(source: Source, wanted: ReadOptions, forced: str | None) -> Reading:
    from ipsecmig.remote.reading import read_packed

    if forced is not None:
        raise UsageError(f"{source.name}: this is a folder that extract wrote, so that --from has nothing to say")
    return read_packed(source, wanted)


def left_out(source: Source) -> Diagnostic | None:
    """Return what is said where no format fits a file of a folder, which is then left out; None where one fits."""
    return _skipped(source) if _recognised(source) is None else None


def _skipped(source: Source) -> Diagnostic:
    return Diagnostic(SKIPPED, Severity.WARNING, "left out: no known format fits this file", Origin(source.name))


def _recognised(source: Source) -> Dialect | None:
    from ipsecmig.dialects import registry

    try:
        return registry.detect(source)
    except InputError:
        return None


def _join(readings: Sequence[Reading]) -> Reading:
    if readings and all([d.code for d in reading.diagnostics] == [SKIPPED] for reading in readings):
        said = tuple(d for reading in readings for d in reading.diagnostics)
        return Reading(PolicyStore(), (*said, _error(EMPTY, "the folder", "no known format fits any of its files")))
    if len(readings) == 1:
        return readings[0]
    from ipsecmig.verify.merging import merge

    return merge(readings)
