"""What lint says of its own suppressions and baselines."""

from __future__ import annotations

from typing import Final

from ipsecmig.cli.linting.documented import Documented
from ipsecmig.diagnostics import Severity

FAMILY: Final = "suppressions"

UNUSED: Final = Documented(
    "SU001",
    "unused-suppression",
    FAMILY,
    Severity.WARNING,
    "A suppression suppresses nothing",
    {
        "What": "A suppression whose codes were all inspected, but none of which was found where it holds.",
        "Why": "What it accepted is gone. It would hide the next finding of that kind, which nobody has looked at.",
        "Example": "`rem ipsecmig: ignore=S20 ...` before a command that S20 has nothing to say about.",
        "Instead": "Remove it. One of the configuration can name the `file` that it is about; it then counts only"
        " where that file is inspected.",
    },
)
EXPIRED: Final = Documented(
    "SU002",
    "expired-suppression",
    FAMILY,
    Severity.WARNING,
    "A suppression has expired",
    {
        "What": "The day up to which a suppression holds is over. It suppresses nothing any more.",
        "Why": "Somebody accepted a risk for a time, and the time is up.",
        "Example": "`rem ipsecmig: ignore=S20 until the new forest stands until=2026-06-30`, in July.",
        "Instead": "Repair what it was about and remove it, or decide anew and give another day.",
    },
)
BROKEN: Final = Documented(
    "SU003",
    "broken-suppression",
    FAMILY,
    Severity.WARNING,
    "A suppression cannot be understood",
    {
        "What": "A comment begins as a suppression, but has no known code, no reason or no valid day.",
        "Why": "It suppresses nothing, though somebody meant it to. A reason is demanded because whoever audits the"
        " policy needs it.",
        "Example": "`rem ipsecmig: ignore=S20` without a reason.",
        "Instead": "Write `rem ipsecmig: ignore=CODE[,CODE] REASON [until=YYYY-MM-DD]` on the line before a command;"
        " in a netsh script `#` in place of `rem`.",
    },
)
STALE: Final = Documented(
    "SU004",
    "stale-baseline",
    FAMILY,
    Severity.WARNING,
    "The baseline has an entry that is found no more",
    {
        "What": "A finding of the baseline is gone: it was repaired, or its object has another name now.",
        "Why": "The entry would hide the finding should it come back.",
        "Example": "A filter action was repaired, and the baseline still has what was wrong with it.",
        "Instead": "Write the baseline anew with `--write-baseline`.",
    },
)

OWN: Final = (UNUSED, EXPIRED, BROKEN, STALE)
"""Every one of them."""
