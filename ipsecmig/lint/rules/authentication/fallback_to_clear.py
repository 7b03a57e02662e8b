"""Packets go out in clear when the peer does not answer.

What: A filter action that decides falls back to unsecured communication (soft).

Why: A peer that is silent for a few seconds, because it has no IPsec, is down, or is kept from answering, gets the
packets unprotected, and nobody is told. The filter then only asks for protection; it does not demand it.

Example: add filteraction name=request action=negotiate soft=yes

Instead: Say soft=no once all peers know IPsec, and permit those that never will by filters of their own.

References: Windows 2000 Resource Kit, Internet Protocol Security (filter actions); KB234580; Microsoft TechNet, domain
isolation.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from ipsecmig.diagnostics import Severity
from ipsecmig.lint.changes import with_actions
from ipsecmig.lint.finding import Finding
from ipsecmig.lint.inspection import Changed, Inspection
from ipsecmig.lint.protections import by_action
from ipsecmig.lint.rule import Family, LintRule


def check(inspection: Inspection) -> Iterator[Finding]:
    """Yield a finding for each filter action that falls back."""
    for protection in by_action(inspection):
        if protection.treatment.fallback_to_clear:
            message = "packets go out in clear when the peer does not answer (soft)"
            yield RULE.finding(message, protection.action, protection.witness)


def demanding(inspection: Inspection) -> Changed:
    """Return the store in which no filter action of the policy falls back."""
    return with_actions(inspection, lambda one: replace(one, soft=False))


RULE = LintRule("X18", "fallback-to-clear", Family.AUTHENTICATION, Severity.WARNING, check, __doc__, demanding)
