"""Which codes are wanted: `--select` and `--ignore`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from ipsecmig.cli.linting.catalogue import matching

if TYPE_CHECKING:
    from ipsecmig.lint.rule import LintRule


@dataclass(frozen=True, slots=True)
class Selection:
    """The codes that are wanted: those of `only`, all where it is None, without those of `never`."""

    only: frozenset[str] | None = None
    never: frozenset[str] = frozenset()

    def has(self, code: str) -> bool:
        """Whether `code` is wanted."""
        return code not in self.never and (self.only is None or code in self.only)

    @property
    def rules(self) -> tuple[LintRule, ...]:
        """The rules that are wanted."""
        from ipsecmig.lint.registry import RULES

        return tuple(rule for rule in RULES if self.has(rule.code))


def make_selection(select: str | None, ignore: str | None) -> Selection:
    """Return the selection that the two lists say. Raises UsageError for a word that means no code."""
    return Selection(
        None if select is None else matching(select, "--select"),
        frozenset() if ignore is None else matching(ignore, "--ignore"),
    )
