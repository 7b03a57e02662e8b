"""What two hosts negotiate for the packets between them, as rules on authentication and on algorithms compare it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from ipsecmig.lint.finding import Subject, Witness, policy_subject, rule_subject
from ipsecmig.lint.inspection import Inspection
from ipsecmig.model.authorities import canonical_name
from ipsecmig.model.policy import AuthenticationMethod, Certificate, Kerberos, PresharedKey
from ipsecmig.model.treatment import Protect


class Meeting(NamedTuple):
    """A rule of this host, or its policy where only the default response rule answers, and what both sides ask for."""

    rule: Subject
    ours: Protect
    theirs: Protect
    witness: Witness


def meetings(inspection: Inspection) -> Iterator[Meeting]:
    """Yield each pair of demands that meet between this host and its peer, once. Raises BudgetExceeded."""
    seen = set()
    for ours, _, here, there in inspection.encounters:
        subject = policy_subject(inspection.policy)
        if isinstance(ours.treatment, Protect):
            subject = rule_subject(inspection.policy, ours.deciding[0].rule)
        if here is not None and there is not None and (subject, here, there) not in seen:
            seen.add((subject, here, there))
            yield Meeting(subject, here, there, Witness(ours.packet, ours.treatment))


def share_method(ours: Sequence[AuthenticationMethod], theirs: Sequence[AuthenticationMethod]) -> bool:
    """Whether two ends have an authentication method in common; a preshared key that is not known may be the same."""
    return any(_is_common(one, other) for one in ours for other in theirs)


def _is_common(one: AuthenticationMethod, other: AuthenticationMethod) -> bool:
    match one, other:
        case Kerberos(), Kerberos():
            return True
        case PresharedKey(secret=key), PresharedKey(secret=their_key):
            return None in (key, their_key) or key == their_key
        case Certificate(authority=trusted), Certificate(authority=their_trusted):
            return canonical_name(trusted) == canonical_name(their_trusted)
        case _:
            return False
