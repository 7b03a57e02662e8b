"""A preshared key can be guessed, or serves several pairs of hosts.

What: The preshared key of a rule is shorter than 20 characters, has characters of one kind only, consists for half or
more of common words and patterns, or is used between more than one pair of hosts. The key itself is never shown.

Why: Whoever records or takes part in a main mode with a preshared key can try keys against it at leisure, millions in a
second. Where many hosts have one key, each of them can be any other. In aggressive mode, which some Linux systems
offer and this kind of policy never uses, watching is enough: keep to main mode when carrying the policy over (X13).

Example: add rule name=r policy=p filterlist=l filteraction=secure psk="winter2003"

Instead: Use certificates or Kerberos. Where a key must stay, take 20 or more random characters for each pair of hosts.

References: CERT VU#857035; RFC 8247; NIST SP 800-77 Revision 1; swanctl.conf(5).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from ipsecmig.diagnostics import Severity
from ipsecmig.lint.finding import Finding, rule_subject
from ipsecmig.lint.inspection import Inspection
from ipsecmig.lint.rule import Family, LintRule
from ipsecmig.lint.secrets import weaknesses
from ipsecmig.model.flatten import SpecificFilter
from ipsecmig.model.policy import AuthenticationMethod, PresharedKey, Secret
from ipsecmig.model.selectors import AddressRange
from ipsecmig.model.treatment import Protect, Tunnel


def check(inspection: Inspection) -> Iterator[Finding]:
    """Yield a finding for each rule whose key is weak or serves several pairs."""
    pairs = _pairs(inspection)
    for specific, witness in inspection.protecting:
        for secret in dict.fromkeys(_secrets(specific.rule.authentication)):
            reasons = [*weaknesses(secret), *_sharing(secret, pairs)]
            if reasons:
                message = f"the preshared key is weak: {'; '.join(reasons)}"
                yield RULE.finding(message, rule_subject(inspection.policy, specific.rule), witness)


def _secrets(methods: tuple[AuthenticationMethod, ...]) -> Iterator[Secret]:
    return (m.secret for m in methods if isinstance(m, PresharedKey) and m.secret is not None)


_Pair = frozenset[AddressRange | None]
"""Who has a key in common; None is this host."""


def _sharing(secret: Secret, pairs: Mapping[Secret, set[_Pair]]) -> Iterator[str]:
    if len(pairs[secret]) > 1 or not all(end is None or end.is_host for pair in pairs[secret] for end in pair):
        yield "it serves more than one pair of hosts"


def _pairs(inspection: Inspection) -> Mapping[Secret, set[_Pair]]:
    """Return between whom each key of the rules that decide is used."""
    deciding = {id(specific.rule): specific.rule for specific, _ in inspection.protecting}
    secrets = {number: tuple(_secrets(rule.authentication)) for number, rule in deciding.items()}
    found: dict[Secret, set[_Pair]] = {secret: set() for group in secrets.values() for secret in group}
    own = frozenset(inspection.inventory.site.addresses)
    for specific in inspection.flat.filters:
        for secret in secrets.get(id(specific.rule), ()):
            found[secret].add(_pair(specific, own))
    return found


def _pair(specific: SpecificFilter, own: frozenset[AddressRange]) -> _Pair:
    match specific.treatment:
        case Protect(tunnel=Tunnel(remote=remote)):
            return frozenset((None, remote))
    terms = (specific.source, specific.destination)
    return frozenset(None if term.me or term.range in own else term.range for term in terms)


RULE = LintRule("X12", "weak-preshared-key", Family.AUTHENTICATION, Severity.WARNING, check, __doc__)
