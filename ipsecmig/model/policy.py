"""The intermediate representation: a Windows IPsec policy store as data.

Shaped as Windows shapes it ([MS-GPIPSEC] 2.2.1): policies own rules; filter lists and filter actions stand beside
them and are shared by name; names compare without case. Everything is frozen and keeps its `origin`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from enum import Enum
from typing import TypeVar

from ipsecmig.diagnostics import NOWHERE, Origin
from ipsecmig.model.algorithms import DhGroup, Encryption, Integrity
from ipsecmig.model.selectors import ANY_PORT, ANY_PROTOCOL, Address, AddressRange, DnsName, PortRange
from ipsecmig.model.windows import WindowsVersion

SCHEMA_FORMAT = "ipsecmig-ir"
"""The value of `format` in the JSON form, by which it is known."""

SCHEMA_VERSION = "1.2"
"""Version of the JSON form, `major.minor`; a reader accepts its own major version."""


class StoreKind(Enum):
    """Where Windows keeps a policy; DYNAMIC is nowhere: it is in force only until the IPsec service stops."""

    LOCAL = "local"
    PERSISTENT = "persistent"
    DOMAIN = "domain"
    CACHE = "cache"
    DYNAMIC = "dynamic"


@dataclass(frozen=True, slots=True)
class StoreLocation:
    """One policy store; `domain` is the DNS name of the domain where one was given."""

    kind: StoreKind = StoreKind.LOCAL
    domain: str = ""


LOCAL_STORE = StoreLocation()


class Action(Enum):
    """What a filter action does."""

    PERMIT = "permit"
    BLOCK = "block"
    NEGOTIATE = "negotiate"


class ConnectionType(Enum):
    """The kind of interface that a rule applies to."""

    ALL = "all"
    LAN = "lan"
    DIALUP = "dialup"


@dataclass(frozen=True, slots=True)
class AhTransform:
    """Authentication header, RFC 2402."""

    integrity: Integrity


@dataclass(frozen=True, slots=True)
class EspTransform:
    """Encapsulating security payload, RFC 2406; `integrity` is None where the offer says `None`."""

    encryption: Encryption
    integrity: Integrity | None


Transform = AhTransform | EspTransform


@dataclass(frozen=True, slots=True)
class QuickModeOffer:
    """One offer of quick mode: one transform, or AH and ESP together; lifetimes of 0 mean Windows' default."""

    transforms: tuple[Transform, ...]
    lifetime_seconds: int = 0
    lifetime_kilobytes: int = 0


@dataclass(frozen=True, slots=True)
class MainModeOffer:
    """One offer of main mode."""

    encryption: Encryption
    integrity: Integrity
    group: DhGroup


@dataclass(frozen=True, slots=True)
class MainMode:
    """The ISAKMP part of a policy.

    `lifetime_seconds` 28,800 and `quick_mode_limit` 0 (no limit) are Windows' defaults; `perfect_forward_secrecy` is
    master key PFS, which makes every quick mode begin with a new main mode.
    """

    offers: tuple[MainModeOffer, ...]
    lifetime_seconds: int = 28800
    quick_mode_limit: int = 0
    perfect_forward_secrecy: bool = False


class Secret:
    """A preshared key in memory. Its text never shows in `repr`, in messages or in the JSON form by default."""

    __slots__ = ("_text",)

    def __init__(self, text: str) -> None:
        self._text = text

    def reveal(self) -> str:
        """Return the key itself. Call it only where the key must be written into a configuration."""
        return self._text

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Secret) and other._text == self._text

    def __hash__(self) -> int:
        return hash(self._text)

    def __repr__(self) -> str:
        return "Secret(...)"


@dataclass(frozen=True, slots=True)
class Kerberos:
    """Authentication by Kerberos V5 (GSS-API, which no IKE daemon on Linux speaks)."""


@dataclass(frozen=True, slots=True)
class PresharedKey:
    """Authentication by a preshared key; `secret` is None where the source was stripped of it."""

    secret: Secret | None


@dataclass(frozen=True, slots=True)
class Certificate:
    """Authentication by a computer certificate under the root `authority` (an X.500 name as Windows writes it)."""

    authority: str
    map_to_account: bool = False
    exclude_authority_name: bool = False


AuthenticationMethod = Kerberos | PresharedKey | Certificate


@dataclass(frozen=True, slots=True)
class Filter:
    """One filter. A mirrored one also matches the reverse direction, with ports exchanged."""

    source: Address
    destination: Address
    protocol: int = ANY_PROTOCOL
    source_port: PortRange = ANY_PORT
    destination_port: PortRange = ANY_PORT
    mirrored: bool = True
    description: str = ""
    origin: Origin = field(default=NOWHERE, compare=False)

    def reversed(self) -> Filter:
        """Return the filter of the way back: its ends are exchanged, with their ports."""
        return replace(
            self,
            source=self.destination,
            destination=self.source,
            source_port=self.destination_port,
            destination_port=self.source_port,
        )


@dataclass(frozen=True, slots=True)
class FilterList:
    """A named list of filters; their order means nothing."""

    name: str
    filters: tuple[Filter, ...] = ()
    description: str = ""
    store: StoreLocation = LOCAL_STORE
    guid: str = ""
    origin: Origin = field(default=NOWHERE, compare=False)


@dataclass(frozen=True, slots=True)
class FilterAction:
    """A named filter action (negotiation policy).

    `inbound_passthrough` is netsh's inpass, `soft` its soft. `pfs` is session key PFS, whose group is that of main
    mode unless `pfs_group` names one. Offers stand in order of preference.
    """

    name: str
    action: Action
    offers: tuple[QuickModeOffer, ...] = ()
    pfs: bool = False
    pfs_group: DhGroup | None = None
    inbound_passthrough: bool = False
    soft: bool = False
    description: str = ""
    store: StoreLocation = LOCAL_STORE
    guid: str = ""
    origin: Origin = field(default=NOWHERE, compare=False)


@dataclass(frozen=True, slots=True)
class Rule:
    """A rule (NFA): which filter list meets which filter action, and how the peer is authenticated.

    `filter_list` and `filter_action` are names in the same store. `tunnel_endpoint` is None for transport mode.
    """

    name: str
    filter_list: str
    filter_action: str
    authentication: tuple[AuthenticationMethod, ...] = (Kerberos(),)
    tunnel_endpoint: AddressRange | DnsName | None = None
    connection_type: ConnectionType = ConnectionType.ALL
    active: bool = True
    description: str = ""
    guid: str = ""
    origin: Origin = field(default=NOWHERE, compare=False)


@dataclass(frozen=True, slots=True)
class DefaultResponseRule:
    """The default response rule: answers IKE offers that no other rule covers. Vista and later ignore it."""

    active: bool = True
    authentication: tuple[AuthenticationMethod, ...] = (Kerberos(),)
    offers: tuple[QuickModeOffer, ...] = ()
    pfs: bool = False
    origin: Origin = field(default=NOWHERE, compare=False)


@dataclass(frozen=True, slots=True)
class ConnectionSecurity:
    """Marks a policy made of the connection security rules of Windows Firewall (Vista and later).

    In transport mode they apply to this host's own packets only, never to those that it forwards. Their exemptions are
    the firewall's: `exemptions` adds up 1 for neighbour discovery, 2 ICMP, 4 router discovery and 8 DHCP. That it is 9
    where nothing is stated is not confirmed by a document at hand.
    """

    exemptions: int = 9


@dataclass(frozen=True, slots=True)
class Policy:
    """One IPsec policy. `polling_interval_seconds` defaults to Windows' 10,800.

    `connection_security` is None for the policies of netsh ipsec.
    """

    name: str
    main_mode: MainMode
    rules: tuple[Rule, ...] = ()
    default_response: DefaultResponseRule | None = None
    description: str = ""
    polling_interval_seconds: int = 10800
    assigned: bool = False
    gpo: str = ""
    store: StoreLocation = LOCAL_STORE
    guid: str = ""
    origin: Origin = field(default=NOWHERE, compare=False)
    connection_security: ConnectionSecurity | None = None


@dataclass(frozen=True, slots=True)
class NotUnderstood:
    """Something read but not understood. Its presence makes every answer about the store undecided.

    `text` is kept as it stood (secrets removed); `reason` says why, and what would settle it.
    """

    text: str
    reason: str
    origin: Origin = field(default=NOWHERE, compare=False)


@dataclass(frozen=True, slots=True)
class HostSettings:
    """Settings outside the policy that bear on its meaning, where the source states them; None where it does not.

    `exemptions` is the value of NoDefaultExempt (0 to 3); `boot_mode` is `permit`, `block` or `stateful`; `windows` is
    the host's version of Windows, which nothing sets and only some sources state.
    """

    exemptions: int | None = None
    boot_mode: str | None = None
    boot_exemptions: str | None = None
    service_disabled: bool | None = None
    windows: WindowsVersion | None = None


@dataclass(frozen=True, slots=True)
class PolicyStore:
    """Everything that one source says. Names are unique, without case, per kind of object and store."""

    policies: tuple[Policy, ...] = ()
    filter_lists: tuple[FilterList, ...] = ()
    filter_actions: tuple[FilterAction, ...] = ()
    settings: HostSettings = HostSettings()
    not_understood: tuple[NotUnderstood, ...] = ()
    sources: tuple[str, ...] = ()

    def defined_in(self, store: StoreLocation) -> tuple[Mapping[str, FilterList], Mapping[str, FilterAction]]:
        """Return the filter lists and the filter actions of `store` by case-folded names, to look many up."""
        lists = {f.name.casefold(): f for f in self.filter_lists if f.store == store}
        actions = {a.name.casefold(): a for a in self.filter_actions if a.store == store}
        return lists, actions

    def filter_list(self, name: str, store: StoreLocation = LOCAL_STORE) -> FilterList | None:
        """Return the filter list `name` of `store`, or None."""
        return _find(self.filter_lists, name, store)

    def filter_action(self, name: str, store: StoreLocation = LOCAL_STORE) -> FilterAction | None:
        """Return the filter action `name` of `store`, or None."""
        return _find(self.filter_actions, name, store)


_Named = TypeVar("_Named", FilterList, FilterAction)


def _find(objects: tuple[_Named, ...], name: str, store: StoreLocation) -> _Named | None:
    key = name.casefold()
    return next((o for o in objects if o.store == store and o.name.casefold() == key), None)
