"""The findings that were there before: a file that keys them by rule and object, so that lines may move."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Final, NamedTuple

from ipsecmig.cli.linting.own import STALE
from ipsecmig.cli.linting.reported import Identity, Reported
from ipsecmig.cli.linting.suppressions import said
from ipsecmig.diagnostics import Diagnostic, Origin, Severity
from ipsecmig.errors import InputError
from ipsecmig.lint.finding import Subject

if TYPE_CHECKING:
    from ipsecmig.cli.linting.report import Judged

CANNOT_READ: Final = "CLI030"
_VERSION: Final = 1


class Entry(NamedTuple):
    """One finding of a baseline; `file` is the script in which it stood."""

    identity: Identity
    file: str


class Baseline(NamedTuple):
    """The baseline in the file `name`."""

    name: str
    entries: tuple[Entry, ...]

    @property
    def identities(self) -> frozenset[Identity]:
        """What is known."""
        return frozenset(entry.identity for entry in self.entries)


def read_baseline(path: Path) -> Baseline:
    """Return the baseline in the file `path`. Raises InputError when it cannot be read or is none."""
    try:
        document = json.loads(path.read_text(encoding="utf-8"))
    except OSError as failure:
        raise _unusable(path, f"cannot be read: {failure.strerror}") from None
    except ValueError:
        raise _unusable(path, "is no JSON") from None
    if not isinstance(document, dict) or document.get("ipsecmig-baseline") != _VERSION:
        raise _unusable(path, "is no baseline of this version of ipsecmig")
    entries = document.get("findings")
    if not isinstance(entries, list):
        raise _unusable(path, "has no list of findings")
    try:
        return Baseline(str(path), tuple(_entry(entry) for entry in entries))
    except (KeyError, TypeError, ValueError):
        raise _unusable(path, "has an entry that is no finding") from None


def _entry(entry: dict[str, object]) -> Entry:
    code, kind, name, source, file = (str(entry[key]) for key in ("code", "kind", "name", "source", "file"))
    return Entry(Identity(code, kind, name, source, int(str(entry["number"]))), file)


def _unusable(path: Path, message: str) -> InputError:
    advice = "write a new one with --write-baseline"
    return InputError((Diagnostic(CANNOT_READ, Severity.ERROR, message, Origin(str(path)), advice=advice),))


def stale(baseline: Baseline, found: frozenset[Identity], files: Iterable[str]) -> Iterator[Reported]:
    """Yield a finding for each entry that was not found although its file is among those inspected, or is gone."""
    inspected = frozenset(files)
    for identity, file in baseline.entries:
        if identity not in found and (file in inspected or not Path(file).exists()):
            message = (
                f'the baseline has {identity.code} for the {identity.kind} "{identity.name}", which is found no more'
            )
            yield said(STALE, message, Subject(identity.kind, identity.name, Origin(baseline.name)))


def baseline_text(judged: Iterable[Judged]) -> str:
    """Return the content of a baseline that has all of `judged`."""
    entries = [
        {**one.identity._asdict(), "file": one.reported.subject.origin.file}
        for one in sorted(judged, key=lambda one: one.identity)
    ]
    return json.dumps({"ipsecmig-baseline": _VERSION, "findings": entries}, ensure_ascii=False, indent=1) + "\n"
