"""The two scripts as files, with what they cannot say."""

from __future__ import annotations

from ipsecmig.model.targets import Emission, EmissionRequest, Target

NAME = "netsh"


def emit(request: EmissionRequest) -> Emission:
    """Return the script that rebuilds the policy of `request` on Windows, and the one that takes it away."""
    return Emission(NAME, (), (), 0)


TARGET = Target(
    NAME,
    "netsh ipsec static (Windows)",
    emit,
    {
        "ipsecmig.netsh": "rebuilds the policy: netsh -f ipsecmig.netsh",
        "ipsecmig-rollback.netsh": "takes it away again: netsh -f ipsecmig-rollback.netsh",
    },
)
