"""More than three filters protect traffic with one peer.

What: strongSwan is a target of the migration, named with --to, and more than three filters that decide protect traffic
with the same single address.

Why: Each filter becomes a child of its own, negotiated by a quick mode of its own. strongSwan remembers three quick
modes of a connection at a time unless told otherwise, so that answers to others may be lost when all begin at once.

Example: Four filters from me to 10.1.0.9 with four ports, and a service that uses all of them at start.

Instead: Join the filters where the treatment is the same, or raise charon.max_ikev1_exchanges in strongswan.conf.

References: strongswan.conf(5), charon.max_ikev1_exchanges.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice
from typing import Final

from ipsecmig.diagnostics import Severity
from ipsecmig.lint.finding import Finding, policy_subject
from ipsecmig.lint.inspection import Inspection
from ipsecmig.lint.losses import names
from ipsecmig.lint.rule import Family, LintRule
from ipsecmig.model.flatten import SpecificFilter
from ipsecmig.model.selectors import AddressRange
from ipsecmig.model.treatment import Protect

_REMEMBERED: Final = 3


def check(inspection: Inspection) -> Iterator[Finding]:
    """Yield a finding for each peer with too many filters."""
    if not names(inspection, "strongswan"):
        return
    own = inspection.inventory.site.addresses
    with_peer: dict[AddressRange, list[SpecificFilter]] = {}
    for specific in inspection.flat.filters:
        peer = specific.destination.range
        if isinstance(specific.treatment, Protect) and peer.is_host and peer not in own:
            with_peer.setdefault(peer, []).append(specific)
    for peer, filters in filter(lambda item: len(item[1]) > _REMEMBERED, with_peer.items()):
        deciding = filter(None, map(inspection.decided_by, filters))
        for witness in islice(deciding, _REMEMBERED, _REMEMBERED + 1):
            message = f"more than {_REMEMBERED} filters protect traffic with {peer.text()}, a quick mode for each"
            yield RULE.finding(message, policy_subject(inspection.policy), witness)


RULE = LintRule("X38", "many-exchanges", Family.MIGRATION, Severity.INFO, check, __doc__)
