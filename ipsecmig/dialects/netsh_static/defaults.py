"""What netsh takes where a command does not say. What is marked unverified was never confirmed on a machine."""

from __future__ import annotations

from typing import Final

from ipsecmig.model.algorithms import DhGroup, Encryption, Integrity
from ipsecmig.model.policy import Action, EspTransform, MainModeOffer, QuickModeOffer

MAIN_MODE_OFFERS: Final = (
    MainModeOffer(Encryption.TRIPLE_DES, Integrity.SHA1, DhGroup.MODP1024),
    MainModeOffer(Encryption.TRIPLE_DES, Integrity.MD5, DhGroup.MODP1024),
    MainModeOffer(Encryption.DES, Integrity.SHA1, DhGroup.MODP768),
    MainModeOffer(Encryption.DES, Integrity.MD5, DhGroup.MODP768),
)
"""mmsecmethods: the offers of the Windows 2000 and XP snap-in. unverified for netsh."""

QUICK_MODE_OFFERS: Final = (
    QuickModeOffer((EspTransform(Encryption.TRIPLE_DES, Integrity.SHA1),)),
    QuickModeOffer((EspTransform(Encryption.TRIPLE_DES, Integrity.MD5),)),
)
"""qmsecmethods of a filter action that negotiates, and of the default response rule. unverified."""

QUICK_MODE_OFFERS_TEXT: Final = "ESP[3DES,SHA1] ESP[3DES,MD5]"

MAIN_MODE_LIFETIME_MINUTES: Final = 480
"""mmlifetime: [MS-GPIPSEC] 2.2.1.2 stores 28,800 seconds."""

POLLING_INTERVAL_MINUTES: Final = 180
"""pollinginterval: [MS-GPIPSEC] 2.2.1.1 stores 10,800 seconds; netsh's help counts in minutes."""

QUICK_MODE_LIMIT: Final = 0
"""qmpermm: no limit. unverified."""

MASTER_PFS_LIMIT: Final = 1
"""qmpermm with mmpfs=yes, as netsh's help says."""

MASTER_PFS: Final = False
"""mmpfs. unverified."""

SESSION_PFS: Final = False
"""qmpfs. unverified."""

INBOUND_PASSTHROUGH: Final = False
"""inpass. unverified."""

SOFT: Final = False
"""soft. unverified."""

DEFAULT_RESPONSE_ACTIVE: Final = True
"""activatedefaultrule: TechNet "IPsec FAQ": active by default before Windows Vista."""

MIRRORED: Final = True
"""mirrored. unverified for netsh; the snap-in has the box ticked."""

ACTION: Final = Action.NEGOTIATE
"""action. unverified."""

RULE_ACTIVE: Final = True
"""activate of a rule. unverified."""
