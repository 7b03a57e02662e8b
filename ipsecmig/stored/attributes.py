"""The attributes of stored objects, by their LDAP names in lower case ([MS-GPIPSEC] 2.2.1)."""

from __future__ import annotations

from typing import Final

NAME: Final = "ipsecname"
DESCRIPTION: Final = "description"
IDENTIFIER: Final = "ipsecid"
DATA_TYPE: Final = "ipsecdatatype"
DATA: Final = "ipsecdata"
OWNERS: Final = "ipsecownersreference"
MAIN_MODE: Final = "ipsecisakmpreference"
RULES: Final = "ipsecnfareference"
FILTER_LIST: Final = "ipsecfilterreference"
FILTER_ACTION: Final = "ipsecnegotiationpolicyreference"
ACTION: Final = "ipsecnegotiationpolicyaction"
ACTION_TYPE: Final = "ipsecnegotiationpolicytype"

SPELLING: Final = {
    name.lower(): name
    for name in (
        "ipsecName",
        "description",
        "ipsecID",
        "ipsecDataType",
        "ipsecData",
        "ipsecOwnersReference",
        "ipsecISAKMPReference",
        "ipsecNFAReference",
        "ipsecFilterReference",
        "ipsecNegotiationPolicyReference",
        "ipsecNegotiationPolicyAction",
        "ipsecNegotiationPolicyType",
    )
}
"""Each as Microsoft spells it."""
