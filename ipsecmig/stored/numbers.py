"""The numbers and GUIDs in stored policies, and what they stand for ([MS-GPIPSEC] 2.2.1)."""

from __future__ import annotations

from typing import Final

from ipsecmig.model.algorithms import DhGroup, Encryption, Integrity
from ipsecmig.model.policy import Action, ConnectionType, MainModeOffer
from ipsecmig.model.selectors import Family, ServerRole

BOOT_MODES: Final = {0: "permit", 1: "block", 3: "stateful"}
"""What the driver does until the policy is in force, by its value OperationMode in the registry (KB818043)."""

DATA_TYPE: Final = 256
"""The value of ipsecDataType: a blob follows."""

POLLING_DEFAULT: Final = 10800
MAIN_MODE_LIFETIME_DEFAULT: Final = 28800
"""What Windows takes for a stored 0, in seconds."""

ORDINARY: Final = "{62f49e10-6c37-11d1-864c-14a300000000}"
DEFAULT_RESPONSE: Final = "{62f49e13-6c37-11d1-864c-14a300000000}"
"""The types of negotiation policies."""

INBOUND_PASSTHROUGH: Final = "{3f91a81a-7647-11d1-864d-d46a00000000}"
"""The action that negotiates and accepts clear packets that come in."""

ACTIONS: Final = {
    "{3f91a819-7647-11d1-864d-d46a00000000}": Action.BLOCK,
    "{8a171dd2-77e3-11d1-8659-a04f00000000}": Action.PERMIT,
    "{8a171dd3-77e3-11d1-8659-a04f00000000}": Action.NEGOTIATE,
}
"""All other actions."""

HASHES: Final = {1: Integrity.MD5, 2: Integrity.SHA1}

MAIN_MODE_CIPHERS: Final = {1: Encryption.DES, 2: Encryption.TRIPLE_DES, 3: Encryption.TRIPLE_DES}
"""Windows writes 3."""

GROUPS: Final = {1: DhGroup.MODP768, 2: DhGroup.MODP1024, 0x10000001: DhGroup.MODP2048}

NEW_DH: Final = {
    1: MainModeOffer(Encryption.DES, Integrity.MD5, DhGroup.MODP2048),
    2: MainModeOffer(Encryption.DES, Integrity.SHA1, DhGroup.MODP2048),
    3: MainModeOffer(Encryption.TRIPLE_DES, Integrity.MD5, DhGroup.MODP2048),
    4: MainModeOffer(Encryption.TRIPLE_DES, Integrity.SHA1, DhGroup.MODP2048),
}
"""The offers that Windows Server 2003 added."""

AH: Final = 1
ESP: Final = 2
"""The operations of an algorithm of quick mode."""

ESP_DES: Final = 1
ESP_CIPHERS: Final = {0: Encryption.NULL, ESP_DES: Encryption.DES, 3: Encryption.TRIPLE_DES}
"""As in the policies that come with Windows 2000, whose offers are known; documentation has 1 for none, 2 for DES."""

PRESHARED_KEY: Final = 1
CERTIFICATE: Final = 3
KERBEROS: Final = 5
"""The types of authentication methods."""

MAP_TO_ACCOUNT: Final = 1
EXCLUDE_AUTHORITY: Final = 2
"""The flags of certificates."""

INTERFACES: Final = {
    0xFFFFFFFD: ConnectionType.ALL,
    0xFFFFFFFE: ConnectionType.LAN,
    0xFFFFFFFF: ConnectionType.DIALUP,
}

SPECIAL: Final = {1: ServerRole.DNS, 2: ServerRole.WINS, 3: ServerRole.DHCP, 4: ServerRole.GATEWAY}
SPECIAL_DESTINATION: Final = 0x80
"""The servers in a filter of the first version, and the bit that makes them the destination."""

V2_HAS_EXPANSION: Final = 8
"""The flag of a filter of the second version that filters of the first repeat."""

V2_SINGLE: Final = 1
V2_RANGE: Final = 2
V2_SUBNET: Final = 4
V2_ANY: Final = 0
V2_ME: Final = 8
V2_SERVERS: Final = {
    0x10: ServerRole.DNS,
    0x20: ServerRole.WINS,
    0x40: ServerRole.DHCP,
    0x80: ServerRole.GATEWAY,
}
"""The types of addresses in a filter of the second version. Of ports, 0 is any, then single and range alike."""

V2_FAMILIES: Final = {1: Family.IPV4, 2: Family.IPV6}
V2_BOTH: Final = 3
"""The versions of addresses in a filter of the second version."""
