"""Policies that filter packets and secure nothing."""

from __future__ import annotations

from ipsecmig.lint.finding import Witness
from ipsecmig.lint.inspection import Inspection
from ipsecmig.model.space import Direction
from ipsecmig.model.treatment import Block


def blocks_only(inspection: Inspection) -> Witness | None:
    """Return a packet that the policy blocks on its way in, or None where there is none or something is secured.

    Raises BudgetExceeded.
    """
    if inspection.protecting:
        return None
    inbound = inspection.traffic(inspection.everyone(), directions=(Direction.IN,))
    return inspection.find(inbound, lambda treatment: isinstance(treatment, Block))
