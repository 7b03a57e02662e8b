"""Emits nftables."""

from __future__ import annotations

from ipsecmig.model.targets import Emission, EmissionRequest, Target


def emit(request: EmissionRequest) -> Emission:
    """Return the nftables files for the policy of `request`, and what they cannot say."""
    return Emission("nftables", (), (), 0)


TARGET = Target("nftables", "nftables", emit)
