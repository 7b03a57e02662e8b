"""What the oracles of verification say of a packet."""

from __future__ import annotations

from typing import NamedTuple


class Fate(NamedTuple):
    """Whether a packet passes in clear, and whether it passes (or tries to) under an SA."""

    clear: bool
    protected: bool


Fates = frozenset[Fate]
"""Everything that may become of a packet; more than one only where filters of a policy of Windows are in conflict."""
