"""Reads policies as lint does, and runs the rules over them.

What netsh refuses is a finding, not the end: a script that has such mistakes is read once more as netsh runs it, which
goes on without the command.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from ipsecmig.cli.linting.reported import Reported, Undecided, merged, of_diagnostic, of_finding
from ipsecmig.cli.linting.suppressions import SIGN
from ipsecmig.cli.sources import left_out, load, read_loaded
from ipsecmig.cli.text import count, listed
from ipsecmig.diagnostics import Diagnostic, Severity, worst
from ipsecmig.dialects.base import Reading, ReadOptions, Source
from ipsecmig.dialects.decoding import decode
from ipsecmig.errors import BudgetExceeded, InputError, UsageError
from ipsecmig.lint.finding import Subject, policy_subject
from ipsecmig.lint.inspection import Inspection
from ipsecmig.lint.run import run
from ipsecmig.model.collector import collector_paused
from ipsecmig.model.flatten import select_policy

if TYPE_CHECKING:
    from ipsecmig.cli.options import Inputs
    from ipsecmig.lint.rule import LintRule
    from ipsecmig.model.inventory import Inventory
    from ipsecmig.model.policy import NotUnderstood, Policy, PolicyStore
    from ipsecmig.model.targets import Loss, Target

ERRORS: Final = "errors"
"""The assumption of a dialect that makes it go on without the commands that Windows refuses."""

_OURS: Final = "CLI"
"""How the codes begin of what is said about the command line's own work, which is nobody's finding."""


@dataclass(frozen=True, slots=True)
class Job:
    """What is to be inspected, and by which rules. `policy` names one policy, `every` means all there are."""

    inputs: Inputs
    inventory: Inventory
    rules: tuple[LintRule, ...]
    policy: str | None = None
    every: bool = False
    peer: Inspection | None = None
    targets: tuple[Target, ...] = ()


@dataclass(frozen=True, slots=True)
class Inspected:
    """What came of it, under the `inspections` made.

    `texts` are the names and texts of the scripts that hold comments to lint, `remarks` what a person must know of how
    it was done, `diagnostics` what the command line has to say beside the findings.
    """

    reported: tuple[Reported, ...]
    sources: tuple[Source, ...]
    texts: tuple[tuple[str, str], ...]
    policies: tuple[str, ...]
    undecided: tuple[Undecided, ...]
    remarks: tuple[str, ...]
    diagnostics: tuple[Diagnostic, ...]
    inspections: tuple[Inspection, ...] = ()


Loaded = tuple[Source, bool]
"""An input, and whether the command line names it itself."""


def inspect_together(job: Job) -> Inspected:
    """Inspect the inputs as one store. Raises InputError where they cannot be read, UsageError for a wrong name."""
    return _inspect(job, _loaded(job), "")


def inspect_each(job: Job) -> Inspected:
    """Inspect each file as a store of its own, as those of different hosts; raises as `inspect_together`."""
    loaded = _loaded(job)
    aside = {one: None if one[1] or job.inputs.format else left_out(one[0]) for one in loaded}
    kept = [one for one in loaded if aside[one] is None]
    parts = [_inspect(job, [one], one[0].name) for one in kept or loaded]
    return Inspected(
        merged(one for part in parts for one in part.reported),
        tuple(one for part in parts for one in part.sources),
        tuple(one for part in parts for one in part.texts),
        tuple(one for part in parts for one in part.policies),
        tuple(one for part in parts for one in part.undecided),
        tuple(one for part in parts for one in part.remarks),
        (*filter(None, aside.values()), *(one for part in parts for one in part.diagnostics)),
        tuple(one for part in parts for one in part.inspections),
    )


def _loaded(job: Job) -> list[Loaded]:
    return [one for name in job.inputs.names for one in load(name, job.inputs.access)]


@collector_paused()
def _inspect(job: Job, loaded: Sequence[Loaded], source: str) -> Inspected:
    reading = read_on(loaded, job.inputs)
    policies = _chosen(reading.store, job)
    inspections = tuple(_inspection(job, reading.store, policy) for policy in policies)
    found = [of_diagnostic(one, source) for one in reading.diagnostics if not one.code.startswith(_OURS)]
    undecided = [_not_understood(one) for one in _doubts(reading.store, inspections)]
    if not policies:
        undecided.append(
            Undecided(
                "no policy is defined, so that no rule was run",
                Subject("source", ", ".join(one.name for one, _ in loaded)),
            )
        )
    for inspection in inspections:
        for rule in job.rules:
            try:
                found += [of_finding(one, inspection.policy.name, source) for one in run((rule,), inspection)]
            except BudgetExceeded as failure:
                undecided.append(Undecided(f"{rule.code}: {failure}", policy_subject(inspection.policy)))
    ours = tuple(one for one in reading.diagnostics if one.code.startswith(_OURS))
    remarks = tuple(_remarks(reading, policies))
    sources = tuple(one for one, _ in loaded if one.name in reading.store.sources)
    texts = tuple(_texts(sources, job.inputs))
    names_found = tuple(policy.name for policy in policies)
    return Inspected(merged(found), sources, texts, names_found, tuple(undecided), remarks, ours, inspections)


def read_on(loaded: Sequence[Loaded], inputs: Inputs) -> Reading:
    """Return the store that Windows would be left with, and all that is to be said, as severe as it is.

    Raises InputError for what stays unreadable when the commands that Windows refuses are left out.
    """
    from ipsecmig.dialects.registry import DIALECTS

    reading = read_loaded(loaded, inputs)
    if worst(reading.diagnostics) is not Severity.ERROR:
        return reading
    if not any(ERRORS in dialect.assumptions for dialect in DIALECTS):
        raise InputError(reading.diagnostics)
    again = read_loaded(loaded, inputs._replace(assumptions=inputs.assumptions | {ERRORS}))
    if worst(again.diagnostics) is Severity.ERROR:
        raise InputError(reading.diagnostics)
    return Reading(again.store, reading.diagnostics)


def _texts(sources: Sequence[Source], inputs: Inputs) -> Iterator[tuple[str, str]]:
    """Yield name and text of the scripts that hold comments to lint."""
    sign = SIGN.encode()
    for source in sources:
        if sign in source.data.replace(b"\0", b"").lower():
            yield source.name, decode(source, ReadOptions(inputs.encoding)).text


def peer_inspection(inputs: Inputs, policy: str | None, inventory: Inventory) -> Inspection:
    """Return the other host's policy. Raises as `inspect_together`, and UsageError for several policies."""
    store = read_on([one for name in inputs.names for one in load(name, inputs.access)], inputs).store
    try:
        return Inspection(store, select_policy(store, policy), inventory)
    except UsageError as failure:
        raise UsageError(f"--peer: {str(failure).replace('--policy', '--peer-policy')}") from None


def _chosen(store: PolicyStore, job: Job) -> tuple[Policy, ...]:
    """Return the policy that is named, else the assigned one, else all: which is in force is then not known."""
    if job.policy is not None:
        return (select_policy(store, job.policy),)
    assigned = tuple(policy for policy in store.policies if policy.assigned)
    return assigned if len(assigned) == 1 and not job.every else store.policies


def _inspection(job: Job, store: PolicyStore, policy: Policy) -> Inspection:
    losses = _losses(job, Inspection(store, policy, job.inventory)) if job.targets else ()
    return Inspection(store, policy, job.inventory, job.peer, losses)


def _losses(job: Job, inspection: Inspection) -> Iterator[Loss]:
    from ipsecmig.model.targets import EmissionRequest

    request = EmissionRequest(inspection.store, inspection.policy, inspection.flat, ())
    for target in job.targets:
        yield from target.emit(request).losses


def _doubts(store: PolicyStore, inspections: Sequence[Inspection]) -> dict[NotUnderstood, None]:
    """Return what was not understood, each once: of the store, of the policies, and of the peer's."""
    peers = [inspection.peer for inspection in inspections if inspection.peer is not None]
    flats = [inspection.flat for inspection in (*inspections, *peers)]
    return dict.fromkeys((*store.not_understood, *(one for flat in flats for one in flat.not_understood)))


def _not_understood(one: NotUnderstood) -> Undecided:
    return Undecided(one.reason, Subject("text", one.text, one.origin))


def _remarks(reading: Reading, policies: Sequence[Policy]) -> Iterator[str]:
    store = reading.store
    if worst(reading.diagnostics) is Severity.ERROR:
        yield "what the errors of the script leave is inspected, as netsh goes on without a command that it refuses"
    names = [f'"{policy.name}"' for policy in policies]
    others = [f'"{policy.name}"' for policy in store.policies if policy not in policies]
    if others:
        yield f"inspected: {names[0]}; not inspected: {listed(others)} (--all-policies inspects each)"
    elif len(names) > 1:
        yield f"inspected each of {count(len(names), 'policy', 'policies')}: {listed(names)}"
