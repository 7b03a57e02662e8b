"""From what was found to the report: what is wanted, what is suppressed, what is known."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ipsecmig.cli.linting.report import Judged, Report
from ipsecmig.cli.linting.reported import identities

if TYPE_CHECKING:
    from ipsecmig.cli.linting.inspecting import Inspected
    from ipsecmig.cli.linting.selection import Selection
    from ipsecmig.diagnostics import Severity


def judge(inspected: Inspected, selection: Selection, least: Severity) -> Report:
    """Return the report on what is wanted and at least as severe as `least`."""
    marked = zip(inspected.reported, identities(inspected.reported), strict=True)
    judged = [Judged(one, identity) for one, identity in marked]
    return Report(
        tuple(one for one in judged if one.reported.severity >= least and selection.has(one.reported.code)),
        tuple(source.name for source in inspected.sources),
        inspected.policies,
        inspected.undecided,
        inspected.remarks,
    )
