"""What a rule is. Each stands in a file of its own, whose docstring is its documentation, in fixed sections."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import Enum
from typing import Final

from ipsecmig.diagnostics import Severity
from ipsecmig.lint.finding import Finding, Subject, Witness
from ipsecmig.lint.inspection import Changed, Inspection


class Family(Enum):
    """What a rule is about."""

    SCENARIO = "scenario"
    AUTHENTICATION = "authentication"
    CRYPTOGRAPHY = "cryptography"
    FILTERS = "filters"
    TUNNELS = "tunnels"
    EXEMPTIONS = "exemptions"
    MIGRATION = "migration"


@dataclass(frozen=True, slots=True)
class LintRule:
    """One rule. `code` is stable and never reused; `name` is its code in words, `documentation` its docstring.

    `severity` is that of a finding which the rule is certain of, unless the rule says another.
    """

    code: str
    name: str
    family: Family
    severity: Severity
    check: Callable[[Inspection], Iterator[Finding]]
    documentation: str
    repair: Callable[[Inspection], Changed] | None = None
    """Returns the store and the policy without what the rule finds; see `repair`."""

    def finding(
        self,
        message: str,
        subject: Subject,
        witness: Witness | None = None,
        *,
        severity: Severity | None = None,
        related: tuple[Subject, ...] = (),
        certain: bool = True,
    ) -> Finding:
        """Return a finding of this rule."""
        return Finding(self.code, severity or self.severity, message, subject, witness, related, certain)


SECTIONS: Final = ("What", "Why", "Example", "Instead", "References")
"""The sections of a rule's docstring, in their order; the first line is its title."""


@dataclass(frozen=True, slots=True)
class Documentation:
    """A rule's docstring in parts: `sections` are by the names of `SECTIONS`, paragraphs as written."""

    title: str
    sections: dict[str, str]


def documentation(rule: LintRule) -> Documentation:
    """Return the documentation of `rule` in parts. Raises ValueError where a section is missing, doubled or unknown."""
    title, _, rest = rule.documentation.strip().partition("\n")
    parts = re.split(r"^([A-Z][a-z]+):[ \n]", rest, flags=re.MULTILINE)
    names = tuple(parts[1::2])
    if names != SECTIONS:
        raise ValueError(f"{rule.code}: the docstring has the sections {', '.join(names)}, not {', '.join(SECTIONS)}")
    return Documentation(title.rstrip("."), dict(zip(names, (part.strip() for part in parts[2::2]), strict=True)))
