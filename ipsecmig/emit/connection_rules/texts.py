"""What the heads of the files for connection security rules say, without comment signs."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from ipsecmig.emit.common import header, one_line
from ipsecmig.emit.connection_rules.plan import Plan
from ipsecmig.model.targets import EmissionRequest

NEEDS_A_PERSON: Final = "NEEDS A PERSON"
"""What one searches for in a file that does not say everything."""


def head(request: EmissionRequest, purpose: tuple[str, ...]) -> Iterator[str]:
    """Yield the lines of the heading, then `purpose`."""
    yield from header(request)
    yield ""
    yield from purpose


def warnings(plan: Plan) -> Iterator[str]:
    """Yield what the rules rest on, and that they do not say everything, then what is not in them."""
    if plan.nested:
        yield "Some rules lie inside others. This file rests on it that Windows follows the narrower one, which is not"
        yield "documented: test it, or read it back with --assume specific-first."
    if plan.withheld:
        yield f"NOT COMPLETE: the lines below marked {NEEDS_A_PERSON} say what is not in the rules."
    for what, reason, origin in dict.fromkeys(plan.withheld):
        place = f" ({origin.file}:{origin.line})" if origin.line else ""
        yield one_line(f"{NEEDS_A_PERSON}: {what}{place}: {reason}", 1000)


def notes(request: EmissionRequest, plan: Plan, file: str) -> Iterator[str]:
    """Yield what is to be known about `file`."""
    if plan.withheld:
        count = len(dict.fromkeys(plan.withheld))
        yield f"{file} does not say everything: {count} line(s) in it are marked {NEEDS_A_PERSON}"
    if plan.main_mode is not None:
        yield f"{file} sets the main mode of the whole host, which its other connection security rules share"
    yield f"{file} sets what the whole host exempts from IPsec, and the rollback does not set it back"
    if len(request.store.policies) > 1:
        yield f"{len(request.store.policies) - 1} other policy or policies of the source are left out"
