"""The view of a fleet, as text and as JSON under `fleet.schema.json`."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Final

from ipsecmig.cli.parts import Json, not_understood_entry
from ipsecmig.cli.printer import SEVERITY_STYLES, Line, Piece, Style, line
from ipsecmig.cli.text import count, listed
from ipsecmig.diagnostics import Severity

if TYPE_CHECKING:
    from ipsecmig.fleet.overview import Doubt, Group, GroupFinding, Overview, PairFinding
    from ipsecmig.fleet.pairs import Names
    from ipsecmig.lint.finding import Witness

_SHOWN: Final = 12
"""How many hexadecimal digits of a fingerprint a text shows; JSON has them all."""

_MOST_NAMES: Final = 8
_MOST_PAIRS: Final = 3


def overview_lines(overview: Overview) -> Iterator[Line]:
    """Yield the whole view for a person."""
    hosts = sum(len(group.hosts) for group in overview.groups)
    groups = count(len(overview.groups), "policy", "policies")
    yield line(f"{groups} on {count(hosts, 'host')}", Style.STRONG)
    for number, group in enumerate(overview.groups, 1):
        yield line()
        yield from _group(number, group, overview.groups)
    if overview.undecided:
        yield line()
        yield line(f"undecided: nothing is claimed about {count(len(overview.undecided), 'host')}", Style.BAD)
        for doubt in overview.undecided:
            yield from _doubt(doubt)
    yield line()
    yield from _pairs(overview)


def _group(number: int, group: Group, groups: Sequence[Group]) -> Iterator[Line]:
    name = listed([f'"{policy}"' if policy else "no policy in force" for policy in group.policies])
    yield (
        Piece(f"{number}. {name}", Style.STRONG),
        Piece(f" on {count(len(group.hosts), 'host')}: {listed(group.hosts, _MOST_NAMES)}"),
    )
    yield line(f"   fingerprint {group.fingerprint[:_SHOWN]}", Style.FAINT)
    twins = [n for n, one in enumerate(groups, 1) if n < number and one.fingerprint == group.fingerprint]
    if twins:
        yield line(f"   does what {twins[0]} does, with other preshared keys", Style.CAREFUL)
    for finding in group.findings:
        yield from _finding(finding, len(group.hosts))


def _finding(found: GroupFinding, hosts: int) -> Iterator[Line]:
    one = found.finding
    where = "" if len(found.hosts) == hosts else f" on {listed(found.hosts, _MOST_NAMES)}"
    yield _judgement(f"   {one.code} ", one.severity, f"{one.subject.text}{where}: {one.message}")


def _judgement(before: str, severity: Severity, text: str) -> Line:
    label = severity.label
    return (Piece(before, Style.STRONG), Piece(label, SEVERITY_STYLES[label]), Piece(f": {text}"))


def _doubt(doubt: Doubt) -> Iterator[Line]:
    for reason in doubt.reasons:
        yield line(f"   {doubt.host}: {reason.text}: {reason.reason}")


def _pairs(overview: Overview) -> Iterator[Line]:
    yield line(f"{count(overview.compared, 'pair')} of hosts compared", Style.STRONG)
    for found in overview.pairs:
        one = found.disagreement
        yield _judgement("   ", one.severity, f"{_TITLES[one.kind]}: {one.reason}")
        more = len(found.pairs) - _MOST_PAIRS
        named = "; ".join(f"{here} (here) with {there}" for here, there in found.pairs[:_MOST_PAIRS])
        yield line(f"      {named}{f'; and {more:,} more' if more > 0 else ''}")
        if one.witness is not None:
            yield line(f"      for example {one.witness.text()}", Style.FAINT)
    for left in overview.not_compared:
        yield line(f"   not compared: {listed(left.hosts, _MOST_NAMES)}: {left.reason}", Style.CAREFUL)


_TITLES: Final = {
    "authentication": "no authentication method in common",
    "main-mode": "no offer of main mode in common",
    "quick-mode": "no offer of quick mode in common",
    "one-sided": "only one of them protects",
    "undecided": "undecided",
}


def overview_document(overview: Overview) -> Json:
    """Return the whole view, fleet.schema.json."""
    from ipsecmig import __version__

    return {
        "tool": {"name": "ipsecmig", "version": __version__},
        "groups": [_group_document(group) for group in overview.groups],
        "undecided": [_doubt_document(doubt) for doubt in overview.undecided],
        "pairs": {
            "compared": overview.compared,
            "not_compared": [{"hosts": list(one.hosts), "reason": one.reason} for one in overview.not_compared],
            "findings": [_pair_document(one) for one in overview.pairs],
        },
    }


def _group_document(group: Group) -> Json:
    return {
        "fingerprint": group.fingerprint,
        "policies": [name or None for name in group.policies],
        "hosts": list(group.hosts),
        "assumptions": list(group.assumptions),
        "findings": [_finding_document(one) for one in group.findings],
    }


def _finding_document(found: GroupFinding) -> Json:
    one = found.finding
    return {
        "code": one.code,
        "severity": one.severity.label,
        "message": one.message,
        "object": one.subject.text,
        "witness": _witness(one.witness),
        "certain": one.certain,
        "hosts": list(found.hosts),
    }


def _witness(witness: Witness | None) -> str | None:
    return None if witness is None else witness.packet.text()


def _doubt_document(doubt: Doubt) -> Json:
    return {"host": doubt.host, "reasons": [not_understood_entry(one) for one in doubt.reasons]}


def _pair_document(found: PairFinding) -> Json:
    one = found.disagreement
    return {
        "kind": one.kind,
        "severity": one.severity.label,
        "reason": one.reason,
        "witness": None if one.witness is None else one.witness.text(),
        "pairs": [_pair(names) for names in found.pairs],
    }


def _pair(names: Names) -> Json:
    here, there = names
    return {"here": here, "there": there}


def severities(overview: Overview) -> Iterable[Severity]:
    """Yield the severity of everything that was found."""
    yield from (found.finding.severity for group in overview.groups for found in group.findings)
    yield from (found.disagreement.severity for found in overview.pairs)


def from_severity(overview: Overview, least: Severity) -> Overview:
    """Return the view with the findings of at least this severity; what is undecided stays."""
    groups = tuple(
        replace(group, findings=tuple(one for one in group.findings if one.finding.severity >= least))
        for group in overview.groups
    )
    pairs = tuple(
        one for one in overview.pairs if one.disagreement.severity >= least or one.disagreement.kind == "undecided"
    )
    return replace(overview, groups=groups, pairs=pairs)
