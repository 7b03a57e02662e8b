"""What is said while stored objects are read."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import NamedTuple

from ipsecmig.diagnostics import Diagnostic, Origin
from ipsecmig.dialects.notes import Note
from ipsecmig.model.policy import NotUnderstood
from ipsecmig.stored.objects import StoredObject


class NotUnderstoodError(Exception):
    """Something stored that is not understood; it never leaves this package, and `Findings` say it."""

    def __init__(self, note: Note, **fields: object) -> None:
        super().__init__(note.code)
        self.note = note
        self.fields = fields


@dataclass(slots=True)
class Findings:
    """Diagnostics, and what makes every answer undecided."""

    diagnostics: list[Diagnostic] = field(default_factory=list)
    not_understood: list[NotUnderstood] = field(default_factory=list)

    def absorb(self, other: Findings, *, matters: bool) -> None:
        """Take over what `other` holds; what does not matter, as nothing uses it, leaves nothing undecided."""
        self.diagnostics += other.diagnostics
        if matters:
            self.not_understood += other.not_understood


class About(NamedTuple):
    """Where findings go, and the object and the place in the input that they are about."""

    findings: Findings
    stored: StoredObject
    origin: Origin

    def at(self, offset: int) -> About:
        """Return the same for the place `offset` of the object's blob."""
        return self._replace(origin=self.origin._replace(offset=offset))

    def attribute(self, name: str) -> About:
        """Return the same for the attribute `name`, in lower case; for the object where it has none."""
        found = self.stored.attributes.get(name)
        return self if found is None else self._replace(origin=found.origin)

    def say(self, note: Note, **fields: object) -> None:
        """Say `note`."""
        said = note.say(self.origin, self.stored.name, "", **{"name": self.stored.name, **fields})
        self.findings.diagnostics.append(said)

    def doubt(self, note: Note, **fields: object) -> None:
        """Say `note` about something that is not understood."""
        self.say(note, **fields)
        reason = self.findings.diagnostics[-1].message
        self.findings.not_understood.append(NotUnderstood(self.stored.name, reason, self.origin))

    def refuse(self, refused: NotUnderstoodError) -> None:
        """Say why something was not understood."""
        self.doubt(refused.note, **refused.fields)
