"""Which chains of nftables treat packets alike in every state: in clear or protected, of a connection or of none."""

from __future__ import annotations

import re
from typing import Final

from ipsecmig.verify.readback.nft_match import Crossing
from ipsecmig.verify.readback.nft_model import NftChain, NftTable, NftVerdict, VerdictMap

_STATE: Final = re.compile(r"\b(ipsec|secpath|ct state)$")


def asking_chains(table: NftTable) -> frozenset[str]:
    """Return the chains of `table` that ask about protection or connections, or lead to one that does."""
    leads = {name: _leads(table, chain) for name, chain in table.chains.items()}
    found = {name for name, chain in table.chains.items() if _asks(chain)}
    more = found
    while more:
        more = {name for name, others in leads.items() if name not in found and not others.isdisjoint(more)}
        found |= more
    return frozenset(found)


def _leads(table: NftTable, chain: NftChain) -> frozenset[str]:
    """Return the chains that the rules of `chain` jump or go to."""
    found = set()
    for rule in chain.rules:
        for statement in rule.statements:
            if isinstance(statement, NftVerdict):
                found.add(statement.chain)
            elif isinstance(statement, VerdictMap):
                elements = table.sets.get(statement.reference, ()) if statement.reference else statement.elements
                found.update(element.verdict.chain for element in elements if element.verdict is not None)
    return frozenset(found)


def _asks(chain: NftChain) -> bool:
    """Whether a rule of `chain` itself asks about protection or connections."""
    matches = (s for rule in chain.rules for s in rule.statements if not isinstance(s, NftVerdict))
    return any(_STATE.search(selector) for match in matches for selector in match.selectors)


def seen_by(chain: NftChain, crossing: Crossing) -> Crossing:
    """Return `crossing` as the rules of `chain` see it: those that do not ask see new packets in clear only."""
    return crossing if _asks(chain) else plain(crossing)


def plain(crossing: Crossing) -> Crossing:
    """Return `crossing` for new packets in clear."""
    return crossing._replace(arrives_protected=False, leaves_protected=False, state="new")
