"""Traffic between members and domain controllers is secured.

What: This host is a member, and traffic with a domain controller of the inventory is secured; or it is a domain
controller, and traffic with members of its domain is. Without domain controllers in the inventory: a service that
members use of them is secured with everybody, and no address is exempt.

Why: A member needs its domain controllers before it can negotiate with them: to find one, to log on and to get the
Kerberos ticket that most policies authenticate with. Securing that traffic slows logon or breaks it, and makes every
controller keep security associations with all of its members.

Example: A rule that negotiates security for all traffic of a member, with no exemption for its domain controllers.

Instead: Permit the traffic between members and domain controllers by a filter list of its own that names the
controllers, as a secure server does. Between controllers, for example of two forests, protection is recommended, and
triggers nothing.

References: Microsoft, "What Is IPSec?", "Securing Communication Between Domain Members and their Domain Controllers",
"Secure Server" and "End-to-End Security Between Specific Hosts"; KB254949.
"""

from __future__ import annotations

from collections.abc import Iterator

from ipsecmig.diagnostics import Severity
from ipsecmig.lint.finding import Finding, policy_subject
from ipsecmig.lint.inspection import DYNAMIC_PORT, Inspection, is_protected
from ipsecmig.lint.rule import Family, LintRule
from ipsecmig.lint.services import DOMAIN_CONTROLLER, secured_everywhere
from ipsecmig.model.inventory import Host, HostRole
from ipsecmig.model.selectors import TCP, PortRange

_DC = HostRole.DOMAIN_CONTROLLER
_LDAP = PortRange(389, 389)


def check(inspection: Inspection) -> Iterator[Finding]:
    """Yield a finding for each domain controller that is secured, or one for the policy of a domain controller."""
    this = inspection.inventory.this
    controllers = tuple(inspection.neighbours(_DC))
    if _DC in this.roles:
        yield from _with_members(inspection)
    elif this.domain == "":
        return
    elif controllers:
        for host in controllers:
            witness = inspection.find_with(host.addresses, is_protected)
            if witness is not None:
                message = f"traffic with the domain controller {host.name} is secured"
                yield RULE.finding(message, policy_subject(inspection.policy), witness)
    else:
        yield from _with_unknown_controllers(inspection)


def _with_unknown_controllers(inspection: Inspection) -> Iterator[Finding]:
    found = list(secured_everywhere(inspection, DOMAIN_CONTROLLER))
    if not found:
        return
    member = inspection.inventory.this.domain is not None
    names = ", ".join(service.text for service, _ in found)
    assumed = "" if member else ", if this host is a member of a domain,"
    message = f"no domain controller{assumed} is exempt for {names}"
    severity = None if member else Severity.WARNING
    yield RULE.finding(message, policy_subject(inspection.policy), found[0][1], severity=severity, certain=member)


def _with_members(inspection: Inspection) -> Iterator[Finding]:
    subject = policy_subject(inspection.policy)
    members = [host for host in inspection.neighbours() if _is_member(host, inspection.inventory.this)]
    found = [(host, inspection.find_with(host.addresses, is_protected)) for host in members]
    secured = [(host, witness) for host, witness in found if witness is not None]
    if secured:
        first, shown = secured[0]
        message = f"this domain controller secures its traffic with {len(secured)} members, {first.name} for example"
        yield RULE.finding(message, subject, shown)
    elif not members and inspection.stranger is not None:
        boxes = inspection.traffic(inspection.stranger, TCP, service=DYNAMIC_PORT, serving=_LDAP)
        witness = inspection.find(boxes, is_protected)
        if witness is not None:
            message = "this domain controller secures its traffic with everybody, members of its domain among them"
            yield RULE.finding(message, subject, witness, severity=Severity.WARNING, certain=False)


def _is_member(host: Host, controller: Host) -> bool:
    """Whether `host` is known to be a member, no controller, of the domain of `controller`."""
    same = host.domain is not None and host.domain.casefold() == (controller.domain or "").casefold()
    return _DC not in host.roles and bool(host.domain) and same


RULE = LintRule("S20", "secured-domain-controllers", Family.SCENARIO, Severity.ERROR, check, __doc__)
