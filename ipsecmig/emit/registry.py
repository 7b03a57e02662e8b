"""The targets, each by its name."""

from __future__ import annotations

from ipsecmig.emit import consec, ldif, netsh, nftables, powershell, reg, strongswan, xfrm
from ipsecmig.model.targets import Target

TARGETS: tuple[Target, ...] = (
    nftables.TARGET,
    xfrm.TARGET,
    strongswan.TARGET,
    netsh.TARGET,
    reg.TARGET,
    ldif.TARGET,
    consec.TARGET,
    powershell.TARGET,
)
