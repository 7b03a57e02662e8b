"""What a person has set aside, with a reason and perhaps a day: in a comment before a command, or in the settings.

A comment reads `rem ipsecmig: ignore=CODE[,CODE] REASON [until=YYYY-MM-DD]`, also with `::` or `#`, and covers the
command after it. One of the settings names codes, the object, a reason, and perhaps a day and a file.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from enum import Enum
from typing import TYPE_CHECKING, Final

from ipsecmig.cli.linting.catalogue import catalogue, close_to
from ipsecmig.cli.linting.own import BROKEN, EXPIRED, UNUSED
from ipsecmig.cli.linting.reported import Reported
from ipsecmig.diagnostics import Origin
from ipsecmig.lint.finding import Subject

if TYPE_CHECKING:
    from ipsecmig.cli.linting.documented import Documented

SIGN: Final = "ipsecmig:"
"""What every comment to lint holds."""

_COMMENT = re.compile(r"\s*(?:@?rem\b|::|#)", re.IGNORECASE)
_DIRECTIVE = re.compile(
    rf"\s*(?:@?rem\s|::|#)\s*{SIGN}\s*ignore=(?P<codes>[\w,]+)\s*(?P<reason>.*?)\s*(?:until=(?P<until>\S*)\s*)?",
    re.IGNORECASE,
)
_CONTINUED = re.compile(r"[\^`]\s*$")


class SuppressionKind(Enum):
    """Where a suppression stands."""

    INLINE = "inline"
    CONFIGURED = "configured"


@dataclass(frozen=True, slots=True)
class Suppression:
    """One suppression of some codes. It holds up to and with the day `expires`.

    An inline one, at `origin`, covers what stands on the lines `first` to `last` of its file. A configured one covers
    the object that is called `object`, with or without its kind, in the `file` or, where that is empty, anywhere;
    its path is absolute.
    """

    kind: SuppressionKind
    codes: frozenset[str]
    reason: str
    origin: Origin
    expires: date | None = None
    first: int = 0
    last: int = 0
    object: str = ""
    file: str = ""

    def covers(self, one: Reported) -> bool:
        """Whether it is about `one`, expired or not."""
        if one.code not in self.codes:
            return False
        origin = one.subject.origin
        if self.kind is SuppressionKind.INLINE:
            return origin.file == self.origin.file and self.first <= origin.line <= self.last
        named = self.object.casefold() in {one.subject.text.casefold(), one.subject.name.casefold()}
        return named and self.is_about([origin.file])

    def is_about(self, files: Iterable[str]) -> bool:
        """Whether it holds in one of `files`."""
        return not self.file or any(os.path.abspath(file) == self.file for file in files)  # noqa: PTH100 (as it stands)

    def is_expired(self, today: date) -> bool:
        """Whether it holds no more."""
        return self.expires is not None and self.expires < today


def inline_suppressions(file: str, text: str, complain: Callable[[Reported], None]) -> Iterator[Suppression]:
    """Yield the suppressions in the script `text`, and tell `complain` of those that cannot be understood."""
    if SIGN not in text.casefold():
        return
    lines = text.split("\n")
    for number, line in enumerate(lines, 1):
        at = line.casefold().find(SIGN)
        if at < 0 or not _COMMENT.match(line):
            continue
        origin = Origin(file, number, at + 1, len(line) + 1)
        found = _directive(line)
        if isinstance(found, str):
            complain(said(BROKEN, found, Subject("suppression", line.strip(), origin)))
            continue
        codes, reason, expires = found
        first, last = _command_after(lines, number)
        yield Suppression(SuppressionKind.INLINE, codes, reason, origin, expires, first, last)


def _directive(line: str) -> tuple[frozenset[str], str, date | None] | str:
    """Return codes, reason and last day of one comment, or what is wrong with it."""
    match = _DIRECTIVE.fullmatch(line)
    if match is None:
        return "the comment is not of the form `ipsecmig: ignore=CODE REASON`"
    codes = frozenset(code.upper() for code in match["codes"].split(",") if code)
    unknown = sorted(codes - set(catalogue()))
    if unknown:
        return f'there is no code "{unknown[0]}"{close_to(unknown[0])}'
    if not match["reason"]:
        return "the suppression has no reason"
    try:
        return codes, match["reason"], None if match["until"] is None else date.fromisoformat(match["until"])
    except ValueError:
        return f'"{match["until"]}" is no day; write until=YYYY-MM-DD'


def _command_after(lines: Sequence[str], number: int) -> tuple[int, int]:
    """Return the first and the last line of the command after line `number`; other comments may stand between."""
    first = number + 1
    while first <= len(lines) and (not lines[first - 1].strip() or _COMMENT.match(lines[first - 1])):
        first += 1
    last = first
    while last < len(lines) and _CONTINUED.search(lines[last - 1]):
        last += 1
    return first, last


def complaints(
    suppressions: Sequence[Suppression],
    used: frozenset[Suppression],
    today: date,
    concerned: Callable[[Suppression], bool],
) -> Iterator[Reported]:
    """Yield a finding for each suppression that has expired, or is unused although what it is about is `concerned`."""
    for one in suppressions:
        name = f"{', '.join(sorted(one.codes))} {one.object}".strip()
        subject = Subject("suppression", name, one.origin)
        if one.is_expired(today):
            yield said(EXPIRED, f"the suppression of {name} expired on {one.expires}: {one.reason}", subject)
        elif one not in used and concerned(one):
            yield said(UNUSED, f"the suppression of {name} suppresses nothing: {one.reason}", subject)


def said(what: Documented, message: str, subject: Subject) -> Reported:
    """Return what lint itself reports."""
    return Reported(what.code, what.severity, message, subject, advice=what.sections["Instead"])
