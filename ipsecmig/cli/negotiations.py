"""The outcome of negotiating each protected region, as text and as JSON."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Final

from ipsecmig.cli.exits import Exit, most_serious
from ipsecmig.cli.parts import Json, location
from ipsecmig.cli.printer import Line, Piece, Style, line
from ipsecmig.cli.text import count, listed
from ipsecmig.model.algorithms import GROUPS
from ipsecmig.model.offers import Change, Contrast, main_mode_text, quick_mode_text
from ipsecmig.verify.negotiation.negotiate import lifetime_text
from ipsecmig.verify.negotiation.result import (
    Agreement,
    Exercise,
    Mismatch,
    Negotiation,
    Outcome,
    Place,
    Side,
)

_STYLES: Final = {
    Outcome.AGREED: Style.GOOD,
    Outcome.DIFFERENT: Style.BAD,
    Outcome.FAILED: Style.BAD,
    Outcome.UNDECIDED: Style.BAD,
}
_EXITS: Final = {
    Outcome.AGREED: Exit.DONE,
    Outcome.DIFFERENT: Exit.FINDINGS,
    Outcome.FAILED: Exit.FINDINGS,
    Outcome.UNDECIDED: Exit.UNDECIDED,
}
_METHODS: Final = {"psk": "preshared key", "certificate": "RSA signatures", "kerberos": "Kerberos (stand-in)"}
_BEGINNERS: Final = {Side.POLICY: "the Windows peer", Side.TARGET: "the target"}


def exit_of(negotiations: Sequence[Negotiation]) -> Exit:
    """Return the exit code that the outcomes come to."""
    return most_serious(tuple(_EXITS[one.outcome] for one in negotiations))


def negotiation_lines(negotiations: Sequence[Negotiation]) -> Iterator[Line]:
    """Yield how many regions came to what, then each outcome with what led to it."""
    if not negotiations:
        yield line("nothing to negotiate: the policy protects no packets")
        return
    numbers = {outcome: sum(len(n.places) for n in negotiations if n.outcome is outcome) for outcome in Outcome}
    found = ", ".join(f"{number:,} {outcome.value}" for outcome, number in numbers.items() if number)
    yield line(f"negotiated, by regions of the policy: {found or 'none'}")
    for one in negotiations:
        yield from _lines(one)


def _lines(one: Negotiation) -> Iterator[Line]:
    yield (Piece("  "), Piece(one.outcome.value, _STYLES[one.outcome]), Piece(f": {_where(one.places)}"))
    for reason in one.reasons:
        yield line(f"      {reason}")
    if one.supposed:
        yield line(f"      not proved, because the target does not say it: {', '.join(one.supposed)}")
        yield line("      this is what ran instead:")
    for mismatch in one.mismatches:
        yield from _mismatch_lines(mismatch)
    yield from _agreement_lines(one)
    if one.exercises:
        yield line(f"      in clear: {'; '.join(_exercise(exercise) for exercise in one.exercises)}", Style.FAINT)
    for demand in one.unexercised:
        yield line(f"      not exercised: {demand}")
    for assumption in one.assumptions:
        yield line(f"      assumed: {assumption}", Style.FAINT)


def _where(places: Sequence[Place]) -> str:
    if not places:
        return "all regions"
    first = places[0]
    shown = first.box.text() if first.witness is None else first.witness.text()
    if first.filter_list is None:
        return first.rule
    more = f" and {count(len(places) - 1, 'more region')} alike" if len(places) > 1 else ""
    return f'rule "{first.rule}", filter list "{first.filter_list}" ({shown}){more}'


def _agreement_lines(one: Negotiation) -> Iterator[Line]:
    """Yield what was agreed; once where it is the same whoever begins."""
    plain = [replace(agreement, beginner=Side.POLICY) for agreement in one.agreements]
    if len(plain) == len(Side) and plain[0] == plain[1]:
        yield from _agreement(one.agreements[0])
        yield line("      packets passed both ways, whoever began")
        return
    for agreement in one.agreements:
        yield from _agreement(agreement)
        yield line(f"      packets passed both ways; {_BEGINNERS[agreement.beginner]} began")


def _agreement(agreement: Agreement) -> Iterator[Line]:
    main_mode = (
        main_mode_text(agreement.main_mode),
        _METHODS[agreement.method],
        lifetime_text(agreement.main_mode_lifetime),
    )
    pfs = "no PFS" if agreement.pfs_group is None else f"PFS {GROUPS[agreement.pfs_group].strongswan}"
    quick_mode = (
        quick_mode_text(agreement.transforms),
        pfs,
        agreement.mode.value,
        agreement.selector.text(),
        lifetime_text(agreement.lifetime),
    )
    yield line(f"      main mode:  {', '.join(main_mode)}")
    yield line(f"      quick mode: {', '.join(quick_mode)}")


def _mismatch_lines(mismatch: Mismatch) -> Iterator[Line]:
    began = f" (when {_BEGINNERS[mismatch.beginner]} begins)" if mismatch.beginner is not None else ""
    opens = " and opens" if mismatch.opens else ""
    why = mismatch.reason or f"no common {' and '.join(c.attribute for c in mismatch.contrasts) or 'ground'}"
    yield (Piece("      "), Piece(f"{mismatch.stage.value}{opens}", Style.BAD), Piece(f"{began}: {why}"))
    if mismatch.policy or mismatch.target:
        yield line(f"          policy: {listed(mismatch.policy) or 'nothing'}")
        yield line(f"          target: {listed(mismatch.target) or 'nothing'}")
    if mismatch.change is not None:
        change = mismatch.change
        attributes = ", ".join(change.attributes)
        yield line(f"          smallest change: in the target {change.wanted} for {change.present} ({attributes})")


def _exercise(exercise: Exercise) -> str:
    fates = {fate: _fate(fate) for fate in (exercise.policy, exercise.target)}
    said = (
        " and ".join(fates.values()) if len(fates) == 1 else f"{_fate(exercise.policy)} by the policy, not the target"
    )
    return f"when {exercise.situation}, {said}"


def _fate(passes: bool) -> str:
    return "passes" if passes else "dropped"


def negotiations_document(negotiations: Sequence[Negotiation]) -> list[Json]:
    """Return the outcomes as JSON, compare.schema.json."""
    return [_document(one) for one in negotiations]


def _document(one: Negotiation) -> Json:
    return {
        "outcome": one.outcome.value,
        "regions": [_place_document(place) for place in one.places],
        "agreements": [_agreement_document(agreement) for agreement in one.agreements],
        "mismatches": [_mismatch_document(mismatch) for mismatch in one.mismatches],
        "clear": [
            {"situation": e.situation, "policy": _fate(e.policy), "target": _fate(e.target)} for e in one.exercises
        ],
        "supposed": list(one.supposed),
        "reasons": list(one.reasons),
        "assumptions": list(one.assumptions),
        "unexercised": list(one.unexercised),
    }


def _place_document(place: Place) -> Json:
    return {
        "rule": place.rule,
        "filter_list": place.filter_list,
        "location": location(place.origin),
        "box": place.box.text(),
        "witness": None if place.witness is None else place.witness.text(),
    }


def _agreement_document(agreement: Agreement) -> Json:
    main_mode, pfs = agreement.main_mode, agreement.pfs_group
    return {
        "begun_by": agreement.beginner.value,
        "main_mode": {
            "encryption": main_mode.encryption.value,
            "integrity": main_mode.integrity.value,
            "group": GROUPS[main_mode.group].strongswan,
            "authentication": agreement.method,
            "seconds": agreement.main_mode_lifetime.seconds,
            "kilobytes": agreement.main_mode_lifetime.kilobytes,
        },
        "quick_mode": {
            "protection": quick_mode_text(agreement.transforms),
            "pfs_group": None if pfs is None else GROUPS[pfs].strongswan,
            "mode": agreement.mode.value,
            "selector": agreement.selector.text(),
            "seconds": agreement.lifetime.seconds,
            "kilobytes": agreement.lifetime.kilobytes,
        },
    }


def _mismatch_document(mismatch: Mismatch) -> Json:
    return {
        "stage": mismatch.stage.value,
        "begun_by": None if mismatch.beginner is None else mismatch.beginner.value,
        "attributes": [_contrast_document(contrast) for contrast in mismatch.contrasts],
        "policy": list(mismatch.policy),
        "target": list(mismatch.target),
        "smallest_change": None if mismatch.change is None else _change_document(mismatch.change),
        "reason": mismatch.reason,
        "opens": mismatch.opens,
    }


def _contrast_document(contrast: Contrast) -> Json:
    return {"attribute": contrast.attribute, "policy": list(contrast.policy), "target": list(contrast.target)}


def _change_document(change: Change) -> Json:
    return {
        "side": Side.TARGET.value,
        "present": change.present,
        "wanted": change.wanted,
        "attributes": list(change.attributes),
    }
