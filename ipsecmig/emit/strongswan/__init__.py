"""strongSwan: from a flat policy to swanctl.conf connections, traps and shunts for charon."""

from __future__ import annotations

from ipsecmig.model.targets import Emission, EmissionRequest, Target


def emit(request: EmissionRequest) -> Emission:
    """Return the files for /etc/swanctl/conf.d and what they cannot say."""
    return Emission(TARGET.name, (), (), 0)


TARGET = Target("strongswan", "strongSwan (swanctl.conf, IKEv1)", emit)
