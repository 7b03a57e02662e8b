"""The model of connection security rules: rules, main mode rules, the sets that they name, and global settings.

Shaped as Windows stores them ([MS-GPFAS] 2.2, [MS-FASP] 2.2): rules name their sets by identifier, and a
store keeps the sets beside them. An empty tuple of profiles, addresses, ports or interfaces means all of them.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum
from typing import Final, NamedTuple

from ipsecmig.consec.vocabulary import (
    AddressKeyword,
    Cipher,
    Encapsulation,
    Hash,
    InterfaceType,
    KeyExchange,
    KeyModule,
    Method,
    Pfs,
    Profile,
    RuleAction,
    Signing,
)
from ipsecmig.diagnostics import NOWHERE, Origin
from ipsecmig.model.policy import Secret
from ipsecmig.model.selectors import AddressRange, Family, PortRange


class Token(NamedTuple):
    """A name with its value, as registry strings, registry values and the elements of GPO reports all have them."""

    name: str
    value: str


class Version(NamedTuple):
    """A schema version; both parts are decimal: `v2.10` comes after `v2.9`."""

    major: int
    minor: int


FIRST_VERSION: Final = Version(2, 0)
"""That of Windows Vista."""


@dataclass(frozen=True, slots=True)
class KeywordAddress:
    """A keyword as an address: those addresses of `family` that it stands for at the time."""

    keyword: AddressKeyword
    family: Family


EndpointAddress = AddressRange | KeywordAddress


class Flag(Enum):
    """What a rule can have beside its action; the value is the name of the token."""

    BYPASS_TUNNEL = "ByPassTunnel"
    APPLY_AUTHORIZATION = "Authz"
    KEY_MANAGER_DICTATES = "KeyManagerDictate"
    KEY_MANAGER_NOTIFIED = "KeyManagerNotify"
    SECURITY_REALM = "SecurityRealmEnabled"


@dataclass(frozen=True, slots=True)
class TunnelEnds:
    """The ends of a tunnel, at most one of each family. `dynamic` holds the tokens that say more than an address."""

    local: tuple[AddressRange, ...] = ()
    remote: tuple[AddressRange, ...] = ()
    dynamic: tuple[Token, ...] = ()

    @property
    def is_tunnel(self) -> bool:
        """Whether anything at all makes this a tunnel."""
        return bool(self.local or self.remote or self.dynamic)


@dataclass(frozen=True, slots=True)
class RuleScope:
    """Where and when a rule of either kind applies."""

    profiles: tuple[Profile, ...] = ()
    endpoint1: tuple[EndpointAddress, ...] = ()
    endpoint2: tuple[EndpointAddress, ...] = ()
    platforms: tuple[str, ...] = ()
    platform_operator: str = ""
    skip_version: str = ""


@dataclass(frozen=True, slots=True)
class ConnectionSecurityRule:
    """One connection security rule. `id` is the name of its value in the registry.

    `action` is None where it is missing or unknown, `protocol` None for every protocol. The names of sets are empty
    where the rule names none. `unread` are the tokens whose name or value means nothing here, and so are kept.
    """

    id: str
    name: str = ""
    action: RuleAction | None = None
    active: bool = False
    scope: RuleScope = RuleScope()
    protocol: int | None = None
    ports1: tuple[PortRange, ...] = ()
    ports2: tuple[PortRange, ...] = ()
    interfaces: tuple[str, ...] = ()
    interface_types: tuple[InterfaceType, ...] = ()
    auth1_set: str = ""
    auth2_set: str = ""
    crypto2_set: str = ""
    tunnel: TunnelEnds = TunnelEnds()
    key_modules: tuple[KeyModule, ...] = ()
    flags: frozenset[Flag] = frozenset()
    forward_lifetime: int | None = None
    machine_authorization: str = ""
    user_authorization: str = ""
    description: str = ""
    context: str = ""
    version: Version = FIRST_VERSION
    unread: tuple[Token, ...] = ()
    origin: Origin = field(default=NOWHERE, compare=False)


@dataclass(frozen=True, slots=True)
class MainModeRule:
    """One main mode rule (Windows 7 and later): which first authentication and main mode serve which peers."""

    id: str
    name: str = ""
    active: bool = False
    scope: RuleScope = RuleScope()
    auth1_set: str = ""
    crypto1_set: str = ""
    description: str = ""
    context: str = ""
    version: Version = FIRST_VERSION
    unread: tuple[Token, ...] = ()
    origin: Origin = field(default=NOWHERE, compare=False)


@dataclass(frozen=True, slots=True)
class AuthenticationSuite:
    """One method of an authentication set. `authority` is a certification authority as Windows writes it."""

    method: Method
    authority: str = ""
    secret: Secret | None = None
    map_to_account: bool = False
    exclude_authority: bool = False
    health_certificate: bool = False
    signing: Signing = Signing.RSA
    intermediate: bool = False
    criteria: str = ""
    allow_proxy: bool = False
    proxy_server: str = ""
    skip_version: str = ""
    unread: tuple[Token, ...] = ()


@dataclass(frozen=True, slots=True)
class AuthenticationSet:
    """The methods of first or second authentication (`phase` 1 or 2), in order of preference.

    `unread` are tokens of the set and whole suites, as `0003: Method=...`, that mean nothing here.
    """

    id: str
    phase: int
    suites: tuple[AuthenticationSuite, ...] = ()
    name: str = ""
    description: str = ""
    context: str = ""
    version: str = ""
    unread: tuple[Token, ...] = ()
    origin: Origin = field(default=NOWHERE, compare=False)


@dataclass(frozen=True, slots=True)
class MainModeSuite:
    """One offer of main mode."""

    key_exchange: KeyExchange
    encryption: Cipher
    hash: Hash
    skip_version: str = ""
    unread: tuple[Token, ...] = ()


@dataclass(frozen=True, slots=True)
class MainModeCryptoSet:
    """The offers of main mode, in order of preference. A limit of 0 sessions is none.

    `force_dh` keeps AuthIP from doing without Diffie-Hellman, which IKE never does.
    """

    id: str
    suites: tuple[MainModeSuite, ...] = ()
    lifetime_minutes: int = 480
    lifetime_sessions: int = 0
    force_dh: bool = False
    name: str = ""
    description: str = ""
    context: str = ""
    version: str = ""
    unread: tuple[Token, ...] = ()
    origin: Origin = field(default=NOWHERE, compare=False)


@dataclass(frozen=True, slots=True)
class QuickModeSuite:
    """One offer of quick mode. `esp_hash` is None where ESP does without; lifetimes of 0 are Windows' default."""

    encapsulation: Encapsulation
    encryption: Cipher = Cipher.NONE
    ah_hash: Hash | None = None
    esp_hash: Hash | None = None
    lifetime_minutes: int = 60
    lifetime_kilobytes: int = 100_000
    skip_version: str = ""
    unread: tuple[Token, ...] = ()


@dataclass(frozen=True, slots=True)
class QuickModeCryptoSet:
    """The offers of quick mode, in order of preference, and perfect forward secrecy."""

    id: str
    suites: tuple[QuickModeSuite, ...] = ()
    pfs: Pfs = Pfs.NONE
    name: str = ""
    description: str = ""
    context: str = ""
    version: str = ""
    unread: tuple[Token, ...] = ()
    origin: Origin = field(default=NOWHERE, compare=False)


@dataclass(frozen=True, slots=True)
class GlobalSettings:
    """The settings of the store as a whole, None where it does not state them.

    `exemptions` adds up what is exempt: 1 neighbour discovery, 2 ICMP, 4 router discovery, 8 DHCP. `unread` are the
    settings that mean nothing here but bear on IPsec.
    """

    exemptions: int | None = None
    strong_crl_check: int | None = None
    through_nat: int | None = None
    idle_seconds: int | None = None
    unread: tuple[Token, ...] = ()


@dataclass(frozen=True, slots=True)
class ConsecStore:
    """Everything that one store of connection security rules holds.

    `substitutes` gives, by the well-known identifier of a default set, the set that stands in its place in a group
    policy object. `refused` is what was found but is no object: its text without secrets, why, and where.
    """

    rules: tuple[ConnectionSecurityRule, ...] = ()
    main_mode_rules: tuple[MainModeRule, ...] = ()
    authentication_sets: tuple[AuthenticationSet, ...] = ()
    main_mode_sets: tuple[MainModeCryptoSet, ...] = ()
    quick_mode_sets: tuple[QuickModeCryptoSet, ...] = ()
    settings: GlobalSettings = GlobalSettings()
    substitutes: tuple[Token, ...] = ()
    refused: tuple[Refused, ...] = ()
    sources: tuple[str, ...] = ()


class Refused(NamedTuple):
    """Something that is no object of a store: its text without secrets, why, and where it stands."""

    text: str
    reason: str
    origin: Origin
