"""The entries as files, with what they cannot say."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from ipsecmig.emit.common import one_line
from ipsecmig.emit.ldif.entries import removing, restoring
from ipsecmig.emit.stored.capabilities import ALWAYS_EXACT
from ipsecmig.emit.stored.convert import Stored, to_container
from ipsecmig.model.accounting import attributes
from ipsecmig.model.attributes import AttributeKind
from ipsecmig.model.policy import StoreKind, StoreLocation
from ipsecmig.model.targets import Emission, EmissionRequest, Loss, LossKind, OutputFile, SecurityDirection, Target
from ipsecmig.stored.distinguished import Rdn, domain_dn, format_dn

NAME: Final = "ldif"
RESTORE: Final = "ipsecmig.ldf"
ROLLBACK: Final = "ipsecmig-rollback.ldf"
PLACEHOLDER: Final = (Rdn("dc", "X"),)
"""The domain where the source names none; `ldifde -c` puts the real one in its place."""

_OF_GPO: Final = frozenset({AttributeKind.POLICY_ASSIGNED, AttributeKind.POLICY_GPO})


def emit(request: EmissionRequest) -> Emission:
    """Return the LDIF that adds the policy of `request` to a domain, and the one that deletes it from there."""
    domain = domain_dn(request.policy.store.domain) or PLACEHOLDER
    store = StoreLocation(StoreKind.DOMAIN, request.policy.store.domain)
    stored = to_container(request, NAME, store, lambda name: name)
    unassigned = _unassigned(request, stored)
    heading = (*request.heading, "", f"Adds the policy to {format_dn(domain)}: {_command(RESTORE, domain)}")
    files = (
        OutputFile(RESTORE, _file(heading, restoring(stored.container, domain)), secret=stored.secret),
        OutputFile(ROLLBACK, _file((*request.heading, "", _undo(domain)), removing(stored.container, domain))),
    )
    notes = (*stored.notes, *_notes(domain))
    losses, exact = (*stored.losses, *unassigned), stored.exact - len(unassigned)
    return Emission(NAME, files, losses, exact, notes, holds_settings=False)


def _unassigned(request: EmissionRequest, stored: Stored) -> tuple[Loss, ...]:
    """Return the losses of an assignment: the file adds the policy, no entry of a group policy object."""
    if not stored.container.assignments:
        return ()
    reason = "a group policy object also lists the extensions that it uses, which only its editor keeps right"
    advice = "assign the policy in the group policy object"
    found = (a for a in attributes(request.store, request.policy) if a.kind in _OF_GPO)
    return tuple(a.loss(NAME, LossKind.NEEDS_HUMAN, SecurityDirection.FAILS_OPEN, reason, advice) for a in found)


def _command(file: str, domain: tuple[Rdn, ...]) -> str:
    replacing = " -c DC=X DC=corp,DC=example" if domain == PLACEHOLDER else ""
    return f"ldifde -i -f {file}{replacing}"


def _undo(domain: tuple[Rdn, ...]) -> str:
    return f"Takes away what {RESTORE} added: {_command(ROLLBACK, domain)}. Take the policy out of use first."


def _file(heading: Iterable[str], records: Iterable[str]) -> bytes:
    head = "".join(f"# {one_line(line, 1000)}".rstrip() + "\n" for line in heading)
    return "\n".join((head, *records)).replace("\n", "\r\n").encode("utf-8")


def _notes(domain: tuple[Rdn, ...]) -> Iterable[str]:
    if domain == PLACEHOLDER:
        yield "the source names no domain: give it to ldifde, which puts it in the place of DC=X (-c DC=X DC=...)"


TARGET: Final = Target(
    NAME,
    "LDIF for Active Directory",
    emit,
    {RESTORE: "adds the policy to the domain, assigned to nobody", ROLLBACK: "takes it away again"},
    ALWAYS_EXACT,
)
