"""Asks, before a file is written, whether what was emitted treats every packet as the policy does."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING

from ipsecmig.errors import BudgetExceeded, InputError

if TYPE_CHECKING:
    from ipsecmig.model.flatten import FlatPolicy
    from ipsecmig.model.targets import Emission
    from ipsecmig.verify.emitted import VerifiedBundle


class Verdict(Enum):
    """What is known of the emitted files."""

    EQUAL = "equal"
    DIFFERENT = "different"
    UNDECIDED = "undecided"
    SKIPPED = "skipped"


@dataclass(frozen=True, slots=True)
class Verification:
    """The verdict on all files: what each target and bundle compared as, or in `reason` why none was."""

    verdict: Verdict
    bundles: tuple[VerifiedBundle, ...] = ()
    reason: str = ""


NOT_WANTED = Verification(Verdict.SKIPPED, reason="--no-verify was given")


def verify(flat: FlatPolicy, emissions: Sequence[Emission]) -> Verification:
    """Return the verdict: equal only when every target and every bundle is equal apart from its losses."""
    from ipsecmig.verify.emitted import verify_emissions

    try:
        bundles = verify_emissions(flat, emissions)
    except BudgetExceeded as excess:
        return Verification(Verdict.UNDECIDED, reason=str(excess))
    except InputError as unread:
        first = unread.diagnostics[0]
        return Verification(Verdict.UNDECIDED, reason=f"{first.origin.file} cannot be read back: {first.message}")
    verdicts = {Verdict(bundle.comparison.result.value) for bundle in bundles}
    for verdict in (Verdict.DIFFERENT, Verdict.UNDECIDED):
        if verdict in verdicts:
            return Verification(verdict, bundles)
    return Verification(Verdict.EQUAL, bundles)
