"""strongSwan: from a flat policy to swanctl.conf connections, traps and shunts for charon.

`demands` says what each traffic selector must do, `cells` what one child can say for both directions, `children` and
`connections` give it charon's form, `configuration` writes it.
"""

from __future__ import annotations

from ipsecmig.emit.strongswan.losses import TARGET_NAME, Outcome, capabilities
from ipsecmig.emit.strongswan.target import FILES, emit
from ipsecmig.model.accounting import always_exact
from ipsecmig.model.targets import Target

TARGET = Target(TARGET_NAME, "strongSwan (swanctl.conf, IKEv1)", emit, FILES, always_exact(capabilities(Outcome())))

__all__ = ["TARGET", "emit"]
