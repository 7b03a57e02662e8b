"""An offer names what this version of Windows does not have.

What: An offer of main mode or quick mode names a Diffie-Hellman group, cipher or hash that the host's Windows does not
know: MODP 2048 before Windows Server 2003, AES, SHA-2 and other groups before Windows Vista.

Why: Windows leaves such offers out. Where no other is left there is no negotiation, and what the policy secures is not
sent.

Example: `mmsecmethods="3DES-SHA1-3"` alone, for Windows XP.

Instead: Add an offer that the version knows, until it is replaced.

References: Microsoft, "What Is IPSec?", "Applies To"; [MS-IKEE] and [MS-GPIPSEC], appendix A.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

from ipsecmig.diagnostics import Severity
from ipsecmig.lint.finding import Finding, Subject, action_subject, policy_subject
from ipsecmig.lint.inspection import Inspection
from ipsecmig.lint.rule import Family, LintRule
from ipsecmig.model.algorithms import DhGroup, Encryption, Integrity
from ipsecmig.model.policy import EspTransform, MainModeOffer, QuickModeOffer
from ipsecmig.model.windows import WindowsVersion

Algorithm = Encryption | Integrity | DhGroup

_OLD: Final[frozenset[Algorithm]] = frozenset(
    {
        *(Encryption.NULL, Encryption.DES, Encryption.TRIPLE_DES, Integrity.MD5, Integrity.SHA1),
        *(DhGroup.MODP768, DhGroup.MODP1024),
    }
)
_KNOWN: Final[dict[WindowsVersion | None, frozenset[Algorithm]]] = {
    WindowsVersion.WINDOWS_2000: _OLD,
    WindowsVersion.XP: _OLD,
    WindowsVersion.SERVER_2003: _OLD | {DhGroup.MODP2048},
}
"""What the versions before Vista know."""


def check(inspection: Inspection) -> Iterator[Finding]:
    """Yield a finding for the policy and for each action of an active rule whose offers are not all known."""
    known = _KNOWN.get(inspection.flat.site.windows)
    if known is None:
        return
    main = [_lacking(_main_mode(offer), known) for offer in inspection.policy.main_mode.offers]
    yield from _findings(inspection, policy_subject(inspection.policy), main, "main mode")
    for action in {id(action): action for _, _, action in inspection.bound}.values():
        quick = [_lacking(_quick_mode(offer), known) for offer in action.offers]
        yield from _findings(inspection, action_subject(action), quick, "quick mode")


def _main_mode(offer: MainModeOffer) -> Iterator[Algorithm]:
    yield from (offer.encryption, offer.integrity, offer.group)


def _quick_mode(offer: QuickModeOffer) -> Iterator[Algorithm | None]:
    for transform in offer.transforms:
        yield transform.integrity
        if isinstance(transform, EspTransform):
            yield transform.encryption


def _lacking(algorithms: Iterator[Algorithm | None], known: frozenset[Algorithm]) -> str | None:
    """Return the name of the first of `algorithms` that is not known, or None."""
    unknown = (one for one in algorithms if one is not None and one not in known)
    return next((one.name if isinstance(one, DhGroup) else one.value for one in unknown), None)


def _findings(inspection: Inspection, subject: Subject, lacking: Sequence[str | None], phase: str) -> Iterator[Finding]:
    """Yield an error when no offer is left, and a warning when some are."""
    names = ", ".join(dict.fromkeys(name for name in lacking if name is not None))
    if names:
        left = any(name is None for name in lacking)
        rest = "those offers are left out" if left else "no offer is left"
        title = inspection.flat.site.traits.title
        severity = Severity.WARNING if left else Severity.ERROR
        yield RULE.finding(f"{title} does not know {names} in {phase}; {rest}", subject, severity=severity)


RULE = LintRule("S50", "algorithm-not-in-windows", Family.SCENARIO, Severity.ERROR, check, __doc__)
