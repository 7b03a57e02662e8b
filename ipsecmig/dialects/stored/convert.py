"""Containers of stored policies become one policy store."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from ipsecmig.diagnostics import Diagnostic
from ipsecmig.dialects.base import Reading
from ipsecmig.dialects.stored import messages
from ipsecmig.dialects.stored.findings import About, Findings
from ipsecmig.dialects.stored.library import read_library
from ipsecmig.dialects.stored.objects import Index, index
from ipsecmig.dialects.stored.policies import read_policies
from ipsecmig.dialects.stored.references import check, used
from ipsecmig.model.policy import NotUnderstood, Policy, PolicyStore, StoreLocation
from ipsecmig.stored.objects import Assignment, Container, object_name, parse_name


def read_containers(containers: Iterable[Container], sources: tuple[str, ...]) -> Reading:
    """Return what `containers` hold; those of one store are read as one.

    Never raises for what they hold: what is not understood is kept as such, which leaves answers undecided.
    """
    findings = Findings()
    stores: dict[StoreLocation, list[Container]] = {}
    for container in containers:
        stores.setdefault(container.store, []).append(container)
    read = [_store(location, parts, findings) for location, parts in stores.items()]
    merged = PolicyStore(
        tuple(policy for store in read for policy in store.policies),
        tuple(filter_list for store in read for filter_list in store.filter_lists),
        tuple(action for store in read for action in store.filter_actions),
        not_understood=tuple(findings.not_understood),
        sources=sources,
    )
    return Reading(merged, tuple(sorted(findings.diagnostics, key=_place)))


def _place(diagnostic: Diagnostic) -> tuple[str, int, int, int]:
    origin = diagnostic.origin
    return origin.file, origin.line, origin.column, origin.offset or 0


def _store(location: StoreLocation, parts: list[Container], findings: Findings) -> PolicyStore:
    objects = index((stored for part in parts for stored in part.objects), findings)
    in_use = used(objects)
    check(objects, in_use, findings)
    library = read_library(objects, in_use, location, findings)
    policies = read_policies(objects, library, location, findings)
    for assignment in (assignment for part in parts for assignment in part.assignments):
        _assign(assignment, policies, objects, findings)
    return PolicyStore(tuple(policies.values()), tuple(library.lists.values()), tuple(library.actions.values()))


def _assign(assignment: Assignment, policies: dict[str, Policy], objects: Index, findings: Findings) -> None:
    """Mark the policy as assigned; a store has one such policy, or one for each group policy object."""
    named = parse_name(assignment.policy)
    name = "" if named is None else object_name(*named)
    policy = policies.get(name)
    if policy is None:
        said = messages.BAD_ASSIGNMENT.say(assignment.origin, assignment.policy, path=assignment.policy)
        findings.diagnostics.append(said)
        findings.not_understood.append(NotUnderstood(assignment.policy, said.message, assignment.origin))
        return
    about = About(findings, objects[name], assignment.origin)
    if policy.assigned and policy.gpo != assignment.gpo:
        about.say(messages.SEVERAL_GPOS, gpo=assignment.gpo)
        return
    if any(other.assigned and other.gpo == assignment.gpo and key != name for key, other in policies.items()):
        about.doubt(messages.SEVERAL_ASSIGNED, name=policy.name)
    policies[name] = replace(policy, assigned=True, gpo=assignment.gpo)
