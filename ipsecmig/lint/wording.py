"""Treatments and filters in the words of findings."""

from __future__ import annotations

from collections.abc import Iterable

from ipsecmig.lint.finding import Subject, filter_subject
from ipsecmig.model.flatten import SpecificFilter
from ipsecmig.model.treatment import Block, Conflict, Permit, Treatment


def verdict(treatment: Treatment) -> str:
    """Return what becomes of packets: `permitted`, `blocked` or `secured`; several, with "or", in a conflict."""
    if isinstance(treatment, Conflict):
        return " or ".join(sorted({verdict(candidate) for candidate in treatment.candidates}))
    if isinstance(treatment, Permit):
        return "permitted"
    return "blocked" if isinstance(treatment, Block) else "secured"


def subjects(filters: Iterable[SpecificFilter]) -> tuple[Subject, ...]:
    """Return the filters as written that `filters` come from, each once."""
    return tuple(dict.fromkeys(filter_subject(one.filter_list, one.filter) for one in filters))
