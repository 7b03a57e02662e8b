"""Every word of connection security rules in its three spellings: in the registry, for netsh and for PowerShell.

Sources: [MS-GPFAS] 2.2 (registry), the help of `netsh advfirewall consec` and "Suite B cryptographic
algorithms" (netsh), the reference of the NetSecurity cmdlets (PowerShell). All spellings compare without case.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum
from typing import Final, Generic, NamedTuple, TypeVar

from ipsecmig.model.algorithms import DhGroup, Encryption, Integrity

M = TypeVar("M", bound=Enum)


class RuleAction(Enum):
    """What a rule asks of what comes in and of what goes out."""

    REQUIRE_BOTH = "require in and out"
    REQUIRE_IN_REQUEST_OUT = "require in, request out"
    REQUEST_BOTH = "request in and out"
    NO_AUTHENTICATION = "do not secure"
    REQUIRE_IN_CLEAR_OUT = "require in, clear out"


class Profile(Enum):
    """The kind of network that a rule applies in."""

    DOMAIN = "domain"
    PRIVATE = "private"
    PUBLIC = "public"


class InterfaceType(Enum):
    """The kind of interface that a rule applies to."""

    LAN = "lan"
    WIRELESS = "wireless"
    REMOTE_ACCESS = "remote access"


class AddressKeyword(Enum):
    """What stands for addresses that the host has at the time."""

    LOCAL_SUBNET = "local subnet"
    DNS = "dns"
    DHCP = "dhcp"
    WINS = "wins"
    DEFAULT_GATEWAY = "default gateway"


class KeyModule(Enum):
    """The protocol that negotiates."""

    DEFAULT = "default"
    IKEV1 = "ikev1"
    AUTHIP = "authip"
    IKEV2 = "ikev2"


class Method(Enum):
    """How a computer or a user is authenticated."""

    ANONYMOUS = "anonymous"
    MACHINE_KERBEROS = "computer, Kerberos"
    MACHINE_CERTIFICATE = "computer, certificate"
    MACHINE_PRESHARED_KEY = "computer, preshared key"
    MACHINE_NTLM = "computer, NTLM"
    USER_KERBEROS = "user, Kerberos"
    USER_CERTIFICATE = "user, certificate"
    USER_NTLM = "user, NTLM"


class Signing(Enum):
    """How a certificate is signed."""

    RSA = "rsa"
    ECDSA256 = "ecdsa256"
    ECDSA384 = "ecdsa384"


class KeyExchange(Enum):
    """A Diffie-Hellman group."""

    DH1 = 1
    DH2 = 2
    DH14 = 14
    ECDH256 = 19
    ECDH384 = 20
    DH24 = 24


class Cipher(Enum):
    """A cipher of main mode or of ESP."""

    NONE = "none"
    DES = "des"
    TRIPLE_DES = "3des"
    AES128 = "aes128"
    AES192 = "aes192"
    AES256 = "aes256"
    AES_GCM128 = "aes-gcm128"
    AES_GCM192 = "aes-gcm192"
    AES_GCM256 = "aes-gcm256"


class Hash(Enum):
    """A hash of main mode, or the integrity of AH or ESP; AES-GCM here is GMAC, or the same GCM as the cipher's."""

    MD5 = "md5"
    SHA1 = "sha1"
    SHA256 = "sha256"
    SHA384 = "sha384"
    AES_GCM128 = "aes-gcm128"
    AES_GCM192 = "aes-gcm192"
    AES_GCM256 = "aes-gcm256"


class Encapsulation(Enum):
    """The protocol of quick mode."""

    AH = "ah"
    ESP = "esp"
    AH_AND_ESP = "ah and esp"
    NONE = "authentication without encapsulation"


class Pfs(Enum):
    """Perfect forward secrecy of session keys."""

    NONE = "none"
    MAIN_MODE = "that of main mode"
    DH1 = "group 1"
    DH2 = "group 2"
    DH14 = "group 14"
    ECDH256 = "group 19"
    ECDH384 = "group 20"
    DH24 = "group 24"


class Word(NamedTuple, Generic[M]):
    """One row: a member with its spellings; None where a form cannot say it. `since` is the registry's value version.

    A value of a later version stands in the registry under a name of its own: SHA256 as `2_1Hash`, beside `Hash`.
    """

    member: M
    token: str | None
    netsh: str | None
    powershell: str | None
    since: str = ""


@dataclass(frozen=True, slots=True)
class Words(Generic[M]):
    """One table: rows by member and by each spelling in lower case."""

    by_member: Mapping[M, Word[M]]
    by_token: Mapping[str, M]
    by_netsh: Mapping[str, M]
    by_powershell: Mapping[str, M]

    @classmethod
    def of(cls, *rows: Word[M]) -> Words[M]:
        """Return the table of `rows`; the first of rows with the same spelling counts."""
        back = rows[::-1]
        return cls(
            {row.member: row for row in rows},
            {row.token.lower(): row.member for row in back if row.token is not None},
            {row.netsh.lower(): row.member for row in back if row.netsh is not None},
            {row.powershell.lower(): row.member for row in back if row.powershell is not None},
        )

    def token_of_powershell(self, text: str) -> str:
        """Return the registry's word for PowerShell's; one that is not in the table stays, and is then unread."""
        member = self.by_powershell.get(text.lower())
        return text if member is None else self.by_member[member].token or text


ACTIONS: Final = Words.of(
    Word(RuleAction.REQUIRE_BOTH, "Secure", "requireinrequireout", "Require,Require"),
    Word(RuleAction.REQUIRE_IN_REQUEST_OUT, "SecureServer", "requireinrequestout", "Require,Request"),
    Word(RuleAction.REQUEST_BOTH, "Boundary", "requestinrequestout", "Request,Request"),
    Word(RuleAction.NO_AUTHENTICATION, "DoNotSecure", "noauthentication", "None,None"),
    Word(RuleAction.REQUIRE_IN_CLEAR_OUT, "Secure", "requireinclearout", "Require,None"),
)
"""PowerShell says it in two parameters: InboundSecurity, OutboundSecurity. The last is `Secure` with a flag."""

PROFILES: Final = Words.of(
    Word(Profile.DOMAIN, "Domain", "domain", "Domain"),
    Word(Profile.PRIVATE, "Private", "private", "Private"),
    Word(Profile.PUBLIC, "Public", "public", "Public"),
)

INTERFACE_TYPES: Final = Words.of(
    Word(InterfaceType.LAN, "Lan", "lan", "Wired"),
    Word(InterfaceType.WIRELESS, "Wireless", "wireless", "Wireless"),
    Word(InterfaceType.REMOTE_ACCESS, "RemoteAccess", "ras", "RemoteAccess"),
)

ADDRESS_KEYWORDS: Final = Words.of(
    Word(AddressKeyword.LOCAL_SUBNET, "LocalSubnet", "localsubnet", "LocalSubnet"),
    Word(AddressKeyword.DNS, "DNS", "dns", "DNS"),
    Word(AddressKeyword.DHCP, "DHCP", "dhcp", "DHCP"),
    Word(AddressKeyword.WINS, "WINS", "wins", "WINS"),
    Word(AddressKeyword.DEFAULT_GATEWAY, "DefaultGateway", "defaultgateway", "DefaultGateway"),
)

KEY_MODULES: Final = Words.of(
    Word(KeyModule.DEFAULT, "KeyModDefault", None, "Default"),
    Word(KeyModule.IKEV1, "IkeV1", None, "IKEv1"),
    Word(KeyModule.AUTHIP, "AuthIP", None, "AuthIP"),
    Word(KeyModule.IKEV2, "IkeV2", None, "IKEv2"),
)

METHODS_1: Final = Words.of(
    Word(Method.ANONYMOUS, "Anonymous", "anonymous", "Anonymous"),
    Word(Method.MACHINE_KERBEROS, "MachineKerb", "computerkerb", "Machine Kerberos"),
    Word(Method.MACHINE_CERTIFICATE, "MachineCert", "computercert", "Machine Cert"),
    Word(Method.MACHINE_PRESHARED_KEY, "MachineSHKey", "computerpsk", "Machine PreSharedKey"),
    Word(Method.MACHINE_NTLM, "MachineNtlm", "computerntlm", "Machine Ntlm"),
)
"""First authentication. PowerShell says it in switches of New-NetIPsecAuthProposal."""

METHODS_2: Final = Words.of(
    Word(Method.ANONYMOUS, "Anonymous", "anonymous", "Anonymous"),
    Word(Method.MACHINE_CERTIFICATE, "MachineCert", "computercert", "Machine Cert"),
    Word(Method.USER_KERBEROS, "UserKerb", "userkerb", "User Kerberos"),
    Word(Method.USER_CERTIFICATE, "UserCert", "usercert", "User Cert"),
    Word(Method.USER_NTLM, "UserNtlm", "userntlm", "User Ntlm"),
)
"""Second authentication, which AuthIP alone has."""

SIGNINGS: Final = Words.of(
    Word(Signing.RSA, "RSA", "", "RSA"),
    Word(Signing.ECDSA256, "ECDSA256", "ecdsap256", "ECDSA256"),
    Word(Signing.ECDSA384, "ECDSA384", "ecdsap384", "ECDSA384"),
)
"""netsh puts its word behind that of the method: `computercertecdsap256`."""

KEY_EXCHANGES: Final = Words.of(
    Word(KeyExchange.DH1, "DH1", "dhgroup1", "DH1"),
    Word(KeyExchange.DH2, "DH2", "dhgroup2", "DH2"),
    Word(KeyExchange.DH14, "DH2048", "dhgroup14", "DH14"),
    Word(KeyExchange.ECDH256, "ECDH-256", "ecdhp256", "DH19"),
    Word(KeyExchange.ECDH384, "ECDH-384", "ecdhp384", "DH20"),
    Word(KeyExchange.DH24, "DH24", "dhgroup24", "DH24", "2_16"),
)

CIPHERS: Final = Words.of(
    Word(Cipher.NONE, "None", "none", "None"),
    Word(Cipher.DES, "DES", "des", "DES"),
    Word(Cipher.TRIPLE_DES, "3DES", "3des", "DES3"),
    Word(Cipher.AES128, "AES-128", "aes128", "AES128"),
    Word(Cipher.AES192, "AES-192", "aes192", "AES192"),
    Word(Cipher.AES256, "AES-256", "aes256", "AES256"),
    Word(Cipher.AES_GCM128, "AES-GCM128", "aesgcm128", "AESGCM128", "2_1"),
    Word(Cipher.AES_GCM192, "AES-GCM192", "aesgcm192", "AESGCM192", "2_1"),
    Word(Cipher.AES_GCM256, "AES-GCM256", "aesgcm256", "AESGCM256", "2_1"),
)

HASHES: Final = Words.of(
    Word(Hash.MD5, "MD5", "md5", "MD5"),
    Word(Hash.SHA1, "SHA1", "sha1", "SHA1"),
    Word(Hash.SHA256, "SHA256", "sha256", "SHA256", "2_1"),
    Word(Hash.SHA384, "SHA384", "sha384", "SHA384", "2_1"),
    Word(Hash.AES_GCM128, "AES-GCM128", "aesgmac128", "AESGMAC128", "2_1"),
    Word(Hash.AES_GCM192, "AES-GCM192", "aesgmac192", "AESGMAC192", "2_1"),
    Word(Hash.AES_GCM256, "AES-GCM256", "aesgmac256", "AESGMAC256", "2_1"),
)
"""netsh and PowerShell say `aesgcm` for the integrity of ESP where the cipher is AES-GCM; see `GCM_HASHES`."""

GCM_HASHES: Final = Words.of(
    Word(Hash.AES_GCM128, "AES-GCM128", "aesgcm128", "AESGCM128", "2_1"),
    Word(Hash.AES_GCM192, "AES-GCM192", "aesgcm192", "AESGCM192", "2_1"),
    Word(Hash.AES_GCM256, "AES-GCM256", "aesgcm256", "AESGCM256", "2_1"),
)

ENCAPSULATIONS: Final = Words.of(
    Word(Encapsulation.AH, "AH", "ah", "AH"),
    Word(Encapsulation.ESP, "ESP", "esp", "ESP"),
    Word(Encapsulation.AH_AND_ESP, "AH&ESP", "ah+esp", "AH,ESP"),
    Word(Encapsulation.NONE, "AUTH_NO_ENCAP", "authnoencap", "None", "2_9"),
)

PFS_GROUPS: Final = Words.of(
    Word(Pfs.NONE, "Disable", "none", "None"),
    Word(Pfs.MAIN_MODE, "EnableDHFromPhase1", "mainmode", "SameAsMainMode"),
    Word(Pfs.DH1, "ReKeyDH1", "dhgroup1", "DH1"),
    Word(Pfs.DH2, "ReKeyDH2", "dhgroup2", "DH2"),
    Word(Pfs.DH14, "ReKeyDH2048", "dhgroup14", "DH14"),
    Word(Pfs.ECDH256, "ReKeyECDH256", "ecdhp256", "DH19"),
    Word(Pfs.ECDH384, "ReKeyECDH384", "ecdhp384", "DH20"),
    Word(Pfs.DH24, "ReKeyDH24", "dhgroup24", "DH24", "2_16"),
)

MODEL_CIPHERS: Final[Mapping[Cipher, Encryption]] = {
    Cipher.NONE: Encryption.NULL,
    Cipher.DES: Encryption.DES,
    Cipher.TRIPLE_DES: Encryption.TRIPLE_DES,
    Cipher.AES128: Encryption.AES128,
    Cipher.AES192: Encryption.AES192,
    Cipher.AES256: Encryption.AES256,
}
"""What the policy model has of the ciphers; what is missing here it cannot say."""

MODEL_HASHES: Final[Mapping[Hash, Integrity]] = {
    Hash.MD5: Integrity.MD5,
    Hash.SHA1: Integrity.SHA1,
    Hash.SHA256: Integrity.SHA256,
    Hash.SHA384: Integrity.SHA384,
}

MODEL_GROUPS: Final[Mapping[KeyExchange, DhGroup]] = {
    KeyExchange.DH1: DhGroup.MODP768,
    KeyExchange.DH2: DhGroup.MODP1024,
    KeyExchange.DH14: DhGroup.MODP2048,
}

PFS_KEY_EXCHANGES: Final[Mapping[Pfs, KeyExchange]] = {
    Pfs.DH1: KeyExchange.DH1,
    Pfs.DH2: KeyExchange.DH2,
    Pfs.DH14: KeyExchange.DH14,
    Pfs.ECDH256: KeyExchange.ECDH256,
    Pfs.ECDH384: KeyExchange.ECDH384,
    Pfs.DH24: KeyExchange.DH24,
}
"""The group that a way of perfect forward secrecy names."""
