"""What becomes of packets, in the words that reports use."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ipsecmig.model.treatment import Block, Permit, Protect, Tunnel

if TYPE_CHECKING:
    from ipsecmig.verify.observed import Observed


def treatment(value: Permit | Block | Protect) -> str:
    """Return the treatment with what changes its meaning: tunnel, inbound in clear, fallback to clear."""
    if isinstance(value, Permit):
        return "permit"
    if isinstance(value, Block):
        return "block"
    extras = [] if value.tunnel is None else [_tunnel(value.tunnel)]
    extras += ["clear inbound allowed"] if value.accept_clear_inbound else []
    extras += ["falls back to clear"] if value.fallback_to_clear else []
    return f"protect ({', '.join(extras)})" if extras else "protect"


def observed(value: Observed) -> str:
    """Return what becomes of a packet; where that is not known, everything that may."""
    if value.others:
        told = dict.fromkeys(observed(alternative) for alternative in value.alternatives)
        return f"{' or '.join(told)} (filters in conflict)"
    if value.protection is None:
        return "passes in clear" if value.clear else "is dropped"
    return "passes protected or in clear" if value.clear else "passes only protected"


def _tunnel(tunnel: Tunnel) -> str:
    ends = ["me" if end is None else end.text() for end in (tunnel.local, tunnel.remote)]
    return f"{tunnel.sense.value} {ends[0]} - {ends[1]}"
