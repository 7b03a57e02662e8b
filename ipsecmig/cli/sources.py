"""Reads the sources that the command line names, and joins what they say into one policy store."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import fields
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from ipsecmig.cli.text import place
from ipsecmig.diagnostics import Diagnostic, Origin, Severity, worst
from ipsecmig.dialects.base import Reading, ReadOptions, Source
from ipsecmig.errors import InputError, UsageError
from ipsecmig.model.policy import FilterAction, FilterList, HostSettings, Policy, PolicyStore

if TYPE_CHECKING:
    from ipsecmig.cli.options import Inputs
    from ipsecmig.cli.printer import Printer

STANDARD_INPUT = "-"

EMPTY = "CLI002"
SKIPPED = "CLI003"
CLASH = "CLI004"


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
    return read_loaded([loaded for name in options.names for loaded in load(name)], options)


def read_loaded(loaded: Iterable[tuple[Source, bool]], options: Inputs) -> Reading:
    """Return what the inputs that `load` gave say together; only the names among `options` do not matter."""
    _check_assumptions(options.assumptions)
    return _join([_read(source, named, options) for source, named in loaded])


def _check_assumptions(given: frozenset[str]) -> None:
    """Raise UsageError for a word that settles nothing in any format: it is a slip of the pen."""
    if not given:
        return
    from ipsecmig.dialects.registry import DIALECTS

    known = {name for dialect in DIALECTS for name in dialect.assumptions}
    if given - known:
        unknown = ", ".join(sorted(given - known))
        raise UsageError(f"--assume: there is no assumption {unknown}; there are: {', '.join(sorted(known))}")


def load(name: str) -> Iterator[tuple[Source, bool]]:
    """Yield the input called `name`, or every file of the folder of that name; whether it was named itself."""
    from ipsecmig.dialects.decoding import read_source

    path = Path(name)
    if name == STANDARD_INPUT or not path.is_dir():
        yield read_source(name), True
        return
    files = sorted(p for p in path.rglob("*") if p.is_file() and not p.name.startswith("."))
    if not files:
        raise InputError((_error(EMPTY, name, "the folder holds no file"),))
    for file in files:
        yield read_source(str(file)), False


def _error(code: str, file: str, message: str, advice: str = "") -> Diagnostic:
    return Diagnostic(code, Severity.ERROR, message, Origin(file), advice=advice)


def _read(source: Source, named: bool, options: Inputs) -> Reading:
    from ipsecmig.dialects import registry

    wanted = ReadOptions(options.encoding, options.definitions, options.assumptions)
    if not named and options.format is None:
        skipped = left_out(source)
        if skipped is not None:
            return Reading(PolicyStore(), (skipped,))
    return registry.read(source, wanted, options.format)


def left_out(source: Source) -> Diagnostic | None:
    """Return what is said where no format fits a file of a folder, which is then left out; None where one fits."""
    from ipsecmig.dialects import registry

    try:
        registry.detect(source)
    except InputError:
        return Diagnostic(SKIPPED, Severity.WARNING, "left out: no known format fits this file", Origin(source.name))
    return None


def _join(readings: Sequence[Reading]) -> Reading:
    diagnostics = [d for reading in readings for d in reading.diagnostics]
    if all(d.code == SKIPPED for d in diagnostics) and len(diagnostics) == len(readings):
        diagnostics.append(_error(EMPTY, "the folder", "no known format fits any of its files"))
    stores = [reading.store for reading in readings]
    joined = PolicyStore(
        policies=_union((s.policies for s in stores), "policy", diagnostics),
        filter_lists=_union((s.filter_lists for s in stores), "filter list", diagnostics),
        filter_actions=_union((s.filter_actions for s in stores), "filter action", diagnostics),
        settings=_settings(stores, diagnostics),
        not_understood=tuple(n for s in stores for n in s.not_understood),
        sources=tuple(name for s in stores for name in s.sources),
    )
    return Reading(joined, tuple(diagnostics))


_Named = TypeVar("_Named", Policy, FilterList, FilterAction)


def _union(groups: Iterable[tuple[_Named, ...]], kind: str, diagnostics: list[Diagnostic]) -> tuple[_Named, ...]:
    """Return all objects of the stores; two of one name must say the same."""
    found: dict[object, _Named] = {}
    for group in groups:
        for one in group:
            first = found.setdefault((one.store, one.name.casefold()), one)
            if first != one:
                message = f'the {kind} "{one.name}" is not the one of {place(first.origin)}, but has its name'
                diagnostics.append(Diagnostic(CLASH, Severity.ERROR, message, one.origin, advice=_CLASH_ADVICE))
    return tuple(found.values())


_CLASH_ADVICE = "several sources are read each on its own; join scripts that build on each other into one file"


def _settings(stores: Sequence[PolicyStore], diagnostics: list[Diagnostic]) -> HostSettings:
    joined = HostSettings()
    for store in stores:
        joined = _joined_settings(joined, store, diagnostics.append)
    return joined


def _joined_settings(former: HostSettings, store: PolicyStore, complain: Callable[[Diagnostic], None]) -> HostSettings:
    values: dict[str, object] = {}
    for name in (field.name for field in fields(HostSettings)):
        old, new = getattr(former, name), getattr(store.settings, name)
        if None not in (old, new) and old != new:
            file = ", ".join(store.sources)
            complain(_error(CLASH, file, f"the setting {name.replace('_', ' ')} is {new} here and {old} before"))
        values[name] = old if new is None else new
    return HostSettings(**values)  # type: ignore[arg-type]
