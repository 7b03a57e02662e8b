"""Where `convert` asks whether what it emitted treats every packet as the policy does, before it writes a file."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum


class Verdict(Enum):
    """What is known of the emitted files."""

    EQUAL = "equal"
    DIFFERENT = "different"
    UNDECIDED = "undecided"
    SKIPPED = "skipped"


@dataclass(frozen=True, slots=True)
class Verification:
    """The verdict with its reasons in plain words."""

    verdict: Verdict
    reasons: tuple[str, ...] = ()


NOT_WANTED = Verification(Verdict.SKIPPED, ("--no-verify was given",))
NO_VERIFIER = Verification(Verdict.SKIPPED, ("this version of ipsecmig cannot verify what it emits",))
