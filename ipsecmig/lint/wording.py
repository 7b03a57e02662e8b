"""Treatments and filters in the words of findings."""

from __future__ import annotations

from collections.abc import Iterable

from ipsecmig.lint.finding import Subject, filter_subject
from ipsecmig.model.flatten import SpecificFilter
from ipsecmig.model.policy import AhTransform
from ipsecmig.model.selectors import AH, ESP
from ipsecmig.model.treatment import Block, Conflict, Permit, Protect, Treatment


def verdict(treatment: Treatment) -> str:
    """Return what becomes of packets: `permitted`, `blocked` or `secured`; several, with "or", in a conflict."""
    if isinstance(treatment, Conflict):
        return " or ".join(sorted({verdict(candidate) for candidate in treatment.candidates}))
    if isinstance(treatment, Permit):
        return "permitted"
    return "blocked" if isinstance(treatment, Block) else "secured"


def protocols(treatment: Treatment) -> tuple[str, ...]:
    """Return the IP protocols that carry what is secured: ESP, AH or both; several candidates may win in a conflict."""
    candidates = treatment.candidates if isinstance(treatment, Conflict) else {treatment}
    offers = (offer for one in candidates if isinstance(one, Protect) for offer in one.offers)
    used = {AH if isinstance(transform, AhTransform) else ESP for offer in offers for transform in offer.transforms}
    return tuple(f"IP protocol {number}" for number in sorted(used))


def subjects(filters: Iterable[SpecificFilter]) -> tuple[Subject, ...]:
    """Return the filters as written that `filters` come from, each once."""
    return tuple(dict.fromkeys(filter_subject(one.filter_list, one.filter) for one in filters))
