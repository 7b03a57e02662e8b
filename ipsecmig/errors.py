"""The failures that a caller of ipsecmig can meet, apart by whose mistake they are.

Everything raised on purpose derives from `IpsecmigError`; any other exception is a defect of ipsecmig.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ipsecmig.diagnostics import Diagnostic


class IpsecmigError(Exception):
    """Base of all failures that ipsecmig raises on purpose."""


class UsageError(IpsecmigError):
    """The caller asked for something impossible: an unknown option value, policy name, target or format."""


class InputError(IpsecmigError):
    """The input cannot be read or is malformed.

    `diagnostics` holds every mistake that was found, each with its place; it is never empty.
    """

    def __init__(self, diagnostics: tuple[Diagnostic, ...]) -> None:
        if not diagnostics:
            raise ValueError("an InputError needs at least one diagnostic")
        self.diagnostics = diagnostics
        super().__init__(f"{len(diagnostics)} mistake(s) in the input; the first: {diagnostics[0].message}")


class OutputError(IpsecmigError):
    """The result cannot be written: a full disk, missing rights, or a file that is not ours to overwrite."""


class BudgetExceeded(IpsecmigError):  # noqa: N818  it is an outcome that callers turn into *undecided*, not a mistake
    """The exact comparison would take more memory than allowed. Callers must say *undecided*, never *equal*."""

    def __init__(self, budget: int) -> None:
        self.budget = budget
        super().__init__(f"the packet space of this policy falls into more than {budget:,} parts; nothing is claimed")
