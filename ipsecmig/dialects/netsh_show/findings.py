"""What is said about one source, each thing once, and what is set aside."""

from __future__ import annotations

from dataclasses import dataclass, field

from ipsecmig.diagnostics import Diagnostic, Origin
from ipsecmig.dialects.notes import Note
from ipsecmig.model.policy import NotUnderstood


@dataclass(slots=True)
class Findings:
    """Collects messages and doubts about `file`. What recurs in thousands of lines is said once, with its count."""

    file: str
    _said: dict[tuple[str, str], Diagnostic] = field(default_factory=dict)
    _doubted: dict[tuple[str, str], tuple[str, int]] = field(default_factory=dict)

    def origin(self, line: int) -> Origin:
        """Return the place of a line."""
        return Origin(self.file, line, 1)

    def note(self, note: Note, line: int, **fields: object) -> None:
        """Say `note` about a line, unless it was said already in the same words."""
        said = note.say(self.origin(line), **fields)  # type: ignore[arg-type]
        self._said.setdefault((note.code, said.message), said)

    def doubt(self, note: Note, line: int, what: str, **fields: object) -> None:
        """Say `note`, and set aside `what`, which is never a secret: nothing is claimed about the store any more."""
        said = note.say(self.origin(line), **fields)  # type: ignore[arg-type]
        key = (note.code, said.message)
        self._said.setdefault(key, said)
        text, times = self._doubted.get(key, (what, 0))
        self._doubted[key] = (text, times + 1)

    def diagnostics(self) -> tuple[Diagnostic, ...]:
        """Return everything that was said, by place."""
        return tuple(sorted(self._said.values(), key=lambda d: d.origin.line))

    def not_understood(self) -> tuple[NotUnderstood, ...]:
        """Return everything that was set aside, by its first place."""
        found = []
        for key, (text, times) in self._doubted.items():
            said = self._said[key]
            often = f" ({times} places)" if times > 1 else ""
            found.append(NotUnderstood(text, said.message + often, said.origin))
        return tuple(sorted(found, key=lambda one: one.origin.line))
