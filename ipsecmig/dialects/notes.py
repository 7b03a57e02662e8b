"""The form in which a dialect keeps what it can say: one row of a table for each message."""

from __future__ import annotations

from typing import NamedTuple

from ipsecmig.diagnostics import Diagnostic, Origin, Severity


class Note(NamedTuple):
    """One message. `message` and `advice` are formats whose fields `say` fills in."""

    code: str
    severity: Severity
    message: str
    advice: str = ""

    def say(self, origin: Origin, text: str = "", expected: str = "", **fields: object) -> Diagnostic:
        """Return this message about the place `origin`, where `text` stands; `text` must not be a secret."""
        message, advice = self.message.format(**fields), self.advice.format(**fields)
        return Diagnostic(self.code, self.severity, message, origin, text=text, expected=expected, advice=advice)
