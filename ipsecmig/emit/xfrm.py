"""Emits xfrm."""

from __future__ import annotations

from ipsecmig.model.targets import Emission, EmissionRequest, Target


def emit(request: EmissionRequest) -> Emission:
    """Return the xfrm files for the policy of `request`, and what they cannot say."""
    return Emission("xfrm", (), (), 0)


TARGET = Target("xfrm", "xfrm", emit)
