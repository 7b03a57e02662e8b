"""The view of a whole fleet: its distinct policies, who has which, and who cannot agree with whom."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass, replace
from typing import Final

from ipsecmig.fleet.examination import Examined, examine
from ipsecmig.fleet.executors import for_each
from ipsecmig.fleet.hosts import FleetHost, inspection_of
from ipsecmig.fleet.pairs import Disagreement, Names, classes, disagreements, view
from ipsecmig.lint.finding import Finding
from ipsecmig.model.inventory import Inventory
from ipsecmig.model.policy import NotUnderstood

_BATCH: Final = 8
"""How many classes of pairs are compared at one go: hosts often are in several."""

ADDRESSES_UNKNOWN: Final = "its addresses are not known"
TRANSLATED: Final = "an address translator stands before it"
UNDECIDED: Final = "its policy was not understood whole"


@dataclass(frozen=True, slots=True)
class GroupFinding:
    """What lint found in the policies of these hosts of a group, which are written alike there."""

    finding: Finding
    hosts: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Group:
    """Hosts whose policies treat every packet alike, with `me` for each of them.

    `fingerprint` names what they do, preshared keys left out. Groups of one fingerprint differ in their keys alone.
    `policies` are the names that the policy has on them, empty for none in force.
    """

    fingerprint: str
    policies: tuple[str, ...]
    hosts: tuple[str, ...]
    assumptions: tuple[str, ...]
    findings: tuple[GroupFinding, ...]


@dataclass(frozen=True, slots=True)
class Doubt:
    """A host about whose policy nothing is claimed, and why."""

    host: str
    reasons: tuple[NotUnderstood, ...]


@dataclass(frozen=True, slots=True)
class PairFinding:
    """One disagreement and all pairs of hosts that have it. Its witness is of the first pair."""

    disagreement: Disagreement
    pairs: tuple[Names, ...]


@dataclass(frozen=True, slots=True)
class NotCompared:
    """Hosts that were not compared with others, and why."""

    reason: str
    hosts: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Overview:
    """Everything about the fleet; `compared` counts the pairs of hosts that were."""

    groups: tuple[Group, ...]
    undecided: tuple[Doubt, ...]
    pairs: tuple[PairFinding, ...]
    not_compared: tuple[NotCompared, ...]
    compared: int


def survey(hosts: Sequence[FleetHost], inventory: Inventory, codes: frozenset[str], executor: Executor) -> Overview:
    """Return the view of `hosts`, whose names differ, with what those rules of lint that have `codes` find.

    All work on policies is given to `executor`; no preshared key goes with it.
    """
    texts = {host.key: host.text for host in hosts}
    examined = for_each(executor, examine, texts.values(), inventory, codes)
    known = dict(zip(texts, examined, strict=True))
    apart = dict(_left_out(hosts, known, inventory))
    compared = [host for host in hosts if host.name not in apart]
    findings, budget = _compare(compared, inventory, executor)
    apart |= dict.fromkeys(budget, UNDECIDED)
    number = len(compared) - len(budget)
    doubts = (Doubt(host.name, known[host.key].undecided) for host in hosts if known[host.key].fingerprint is None)
    not_compared = tuple(_by_reason(apart))
    return Overview(_groups(hosts, known), tuple(doubts), findings, not_compared, number * (number - 1) // 2)


def _left_out(
    hosts: Iterable[FleetHost], known: Mapping[str, Examined], inventory: Inventory
) -> Iterator[tuple[str, str]]:
    for host in hosts:
        if known[host.key].fingerprint is None:
            yield host.name, UNDECIDED
        elif not host.addresses:
            yield host.name, ADDRESSES_UNKNOWN
        elif inspection_of(host, inventory).is_translated:
            yield host.name, TRANSLATED


def _by_reason(apart: Mapping[str, str]) -> Iterator[NotCompared]:
    for reason in sorted(set(apart.values())):
        yield NotCompared(reason, tuple(name for name, why in apart.items() if why == reason))


def _groups(hosts: Iterable[FleetHost], known: Mapping[str, Examined]) -> tuple[Group, ...]:
    alike: dict[str, list[FleetHost]] = {}
    for host in hosts:
        fingerprint = known[host.key].fingerprint
        if fingerprint is not None:
            alike.setdefault(fingerprint.keyed, []).append(host)
    groups = [_group(members, known) for members in alike.values()]
    return tuple(sorted(groups, key=lambda group: (-len(group.hosts), group.hosts)))


def _group(hosts: Sequence[FleetHost], known: Mapping[str, Examined]) -> Group:
    examined = known[hosts[0].key]
    policies = tuple(dict.fromkeys(host.text.policy.name for host in hosts))
    names = tuple(host.name for host in hosts)
    meaning = "" if examined.fingerprint is None else examined.fingerprint.meaning
    return Group(meaning, policies, names, examined.assumptions, tuple(_group_findings(hosts, known)))


def _group_findings(hosts: Iterable[FleetHost], known: Mapping[str, Examined]) -> Iterator[GroupFinding]:
    found: dict[tuple[str, str, str, str], tuple[Finding, list[str]]] = {}
    for host in hosts:
        for one in (*known[host.key].findings, *host.findings):
            key = (one.code, one.message, one.subject.kind, one.subject.name)
            members = found.setdefault(key, (one, []))[1]
            if host.name not in members:
                members.append(host.name)
    for one, members in sorted(found.values(), key=lambda entry: (-entry[0].severity, entry[0].code)):
        yield GroupFinding(one, tuple(members))


def _compare(
    hosts: Sequence[FleetHost], inventory: Inventory, executor: Executor
) -> tuple[tuple[PairFinding, ...], list[str]]:
    """Return what pairs of `hosts` disagree about, and the hosts that took too much to compare."""
    hosts = [replace(host, findings=()) for host in hosts]
    named = {host.name: host for host in hosts}
    addresses = {host.name: host.addresses for host in hosts}
    views = for_each(executor, view, hosts, addresses, inventory)
    alike = classes(views)
    first = [(named[here], named[there]) for (here, there), *_ in alike]
    batches = [first[begin : begin + _BATCH] for begin in range(0, len(first), _BATCH)]
    answers = [one for batch in for_each(executor, disagreements, batches, inventory) for one in batch]
    found: dict[tuple[str, str], tuple[Disagreement, list[Names]]] = {}
    for pairs, reasons in zip(alike, answers, strict=True):
        for reason in reasons:
            found.setdefault((reason.kind, reason.reason), (reason, []))[1].extend(pairs)
    merged = (PairFinding(reason, tuple(pairs)) for reason, pairs in found.values())
    findings = sorted(merged, key=lambda one: (-one.disagreement.severity, one.disagreement.kind, one.pairs))
    return tuple(findings), [one.host for one in views if one.of is None]
