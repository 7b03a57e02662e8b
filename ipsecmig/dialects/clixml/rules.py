"""Rules of the NetSecurity cmdlets as the tokens of registry strings, which one reader then understands.

Classes and properties: MSFT_NetConSecRule, MSFT_NetMainModeRule and the filters that are associated with a rule, which
have its InstanceID (reference of the NetSecurity cmdlets). What has no token is kept under its own name.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Final

from ipsecmig.consec.objects import Token
from ipsecmig.consec.rules import action_tokens
from ipsecmig.consec.vocabulary import ACTIONS, INTERFACE_TYPES, KEY_MODULES, PROFILES
from ipsecmig.dialects.clixml.properties import Properties

ADDRESSES: Final = "MSFT_NetAddressFilter"
PORTS: Final = "MSFT_NetProtocolPortFilter"
INTERFACES: Final = "MSFT_NetInterfaceFilter"
INTERFACE_KINDS: Final = "MSFT_NetInterfaceTypeFilter"
FILTERS: Final[Mapping[str, str]] = {
    ADDRESSES: "addresses",
    PORTS: "protocol and ports",
    INTERFACES: "interfaces",
    INTERFACE_KINDS: "interface types",
}

_PROTOCOLS: Final = {"tcp": "6", "udp": "17", "icmpv4": "1", "icmpv6": "58"}
_SECURITY: Final = {"0": "None", "1": "Request", "2": "Require"}
_ENABLED: Final = {"true": "TRUE", "1": "TRUE", "false": "FALSE", "2": "FALSE"}
_PROFILE_BITS: Final = {1: "Domain", 2: "Private", 4: "Public"}
_FAMILY_OF_KEYWORD: Final = {"localsubnet4": ("4", "LocalSubnet"), "localsubnet6": ("6", "LocalSubnet")}
_FLAGS: Final = {
    "EncryptedTunnelBypass": "ByPassTunnel",
    "BypassTunnelIfEncrypted": "ByPassTunnel",
    "RequireAuthorization": "Authz",
    "AllowSetKey": "KeyManagerDictate",
    "AllowWatchKey": "KeyManagerNotify",
}
_TEXTS: Final = {
    "RemoteTunnelHostname": "RTunnelFqdn",
    "User": "TransportUserAuthzSDDL",
    "Users": "TransportUserAuthzSDDL",
    "Machine": "TransportMachineAuthzSDDL",
    "Machines": "TransportMachineAuthzSDDL",
}

Filters = Mapping[str, Properties]
"""The filters of one rule, by their class."""


def id_of(properties: Properties) -> str:
    """Return the identifier of a rule or a set."""
    return properties.text("InstanceID", "Name", "ID")


def title(properties: Properties) -> str:
    """Return the name that an object shows."""
    return properties.text("DisplayName", "ElementName") or id_of(properties)


def rule_tokens(rule: Properties, filters: Filters) -> list[Token]:
    """Return everything that a rule and its filters say; a kind of filter that is missing leaves a token unread."""
    found = [*_common(rule), *_action(rule)]
    found += _set(rule, "Phase1AuthSet", "Auth1Set") + _set(rule, "Phase2AuthSet", "Auth2Set")
    found += _set(rule, "QuickModeCryptoSet", "Crypto2Set")
    found += [Token(token, "TRUE") for name, token in _FLAGS.items() if rule.flag(name)]
    found += [Token(token, value) for name, token in _TEXTS.items() if (value := rule.text(name)).lower() not in _ANY]
    found += _module(rule) + _tunnel(rule)
    lifetime = rule.text("ForwardPathLifetime")
    found += [Token("FwdLifetime", lifetime)] if lifetime not in {"", "0"} else []
    found += _conditions(filters)
    found += [Token(kind, "not in the export") for kind in FILTERS if kind not in filters]
    return [*found, *_unread([rule, *filters.values()])]


_ANY: Final = frozenset({"", "any", "0"})


def main_mode_tokens(rule: Properties, filters: Filters) -> list[Token]:
    """Return everything that a main mode rule and its address filter say."""
    found = list(_common(rule))
    found += _set(rule, "Phase1AuthSet", "Auth1Set") + _set(rule, "MainModeCryptoSet", "Crypto1Set")
    known = {ADDRESSES: filters[ADDRESSES]} if ADDRESSES in filters else {}
    found += _conditions(known)
    found += [] if known else [Token(ADDRESSES, "not in the export")]
    return [*found, *_unread([rule, *known.values()])]


def _unread(all_properties: Iterable[Properties]) -> Iterator[Token]:
    """Yield what no token stands for, which the reader of tokens then keeps."""
    for properties in all_properties:
        yield from (Token(f"{properties.instance.cim_class}.{name}", value) for name, value in properties.rest())


def _common(rule: Properties) -> Iterator[Token]:
    yield Token("Name", title(rule))
    yield Token("Desc", rule.text("Description"))
    enabled = rule.text("Enabled")
    active = _ENABLED.get(enabled.lower())
    yield Token("Active", active or "TRUE")
    if active is None:  # taken for active, since what rules that are not active say is no matter
        yield Token("Enabled", enabled or "not in the export")
    yield from (Token("Profile", one) for one in _profiles(rule))
    yield from (Token("Platform", one) for one in (*rule.texts("Platforms"), *rule.texts("Platform")))


def _profiles(rule: Properties) -> tuple[str, ...]:
    """Return the profiles, whether as names or as the sum of their bits; none for all."""
    names, sum_ = rule.chosen("Profile"), rule.text("Profiles")
    found = names or (() if sum_.lower() in _ANY or rule.text("Profile").lower() == "any" else tuple(sum_.split(",")))
    if len(found) == 1 and found[0].isdecimal():
        bits = int(found[0][:6])
        if bits & 7 == 7 and bits in {7, 0x7FFF}:
            return ()
        return tuple(name for bit, name in _PROFILE_BITS.items() if bits & bit) if 0 < bits < 8 else found
    return tuple(PROFILES.token_of_powershell(one.strip()) for one in found if one != "0")


def _action(rule: Properties) -> list[Token]:
    sides = [rule.text(name) for name in ("InboundSecurity", "OutboundSecurity")]
    words = ",".join(_SECURITY.get(side, side) for side in sides).lower()
    action = ACTIONS.by_powershell.get(words)
    return [Token("Action", words)] if action is None else list(action_tokens(action))


def _set(rule: Properties, name: str, token: str) -> list[Token]:
    value = rule.text(name)
    return [Token(token, value)] if value.lower() not in {"", "none", "default"} else []


def _module(rule: Properties) -> list[Token]:
    stated = (one for one in rule.texts("KeyModule") if one not in {"0", "Default"})
    return [Token("KeyMod", KEY_MODULES.token_of_powershell(one)) for one in stated]


def _tunnel(rule: Properties) -> list[Token]:
    """Return the ends of a tunnel; one whose ends are not stated is a dynamic one."""
    found = []
    for name, token in (("LocalTunnelEndpoint", "LTunnel"), ("RemoteTunnelEndpoint", "RTunnel")):
        found += [Token(f"{token}{_family(one)}", one) for one in rule.chosen(name)]
    is_tunnel = rule.text("Mode").lower() == "tunnel"
    if is_tunnel and len({one.name[0] for one in found}) < 2:
        found.append(Token("LTunnel4_2", "Any"))
    modes = {"", "none", "transport", "tunnel"}
    return found if rule.text("Mode").lower() in modes else [*found, Token("Mode", rule.text("Mode"))]


def _family(address: str) -> str:
    return "6" if ":" in address else "4"


def _conditions(filters: Filters) -> list[Token]:
    found: list[Token] = []
    for kind, sides in ((ADDRESSES, ("LocalAddress", "RemoteAddress")), (PORTS, ("LocalPort", "RemotePort"))):
        for side, name in zip(("EP1", "EP2"), sides, strict=True):
            if kind in filters:
                chosen = filters[kind].chosen(name)
                found += _addresses(side, chosen) if kind == ADDRESSES else _ports(side, chosen)
    if ADDRESSES in filters:
        filters[ADDRESSES].asked.update({"localip", "remoteip"})
    if PORTS in filters:
        found += _protocol(filters[PORTS])
    if INTERFACES in filters:
        found += [Token("IF", one) for one in filters[INTERFACES].chosen("InterfaceAlias")]
    if INTERFACE_KINDS in filters:
        kinds = filters[INTERFACE_KINDS].chosen("InterfaceType")
        found += [Token("IFType", INTERFACE_TYPES.token_of_powershell(one)) for one in kinds if one != "0"]
    return found


def _addresses(side: str, addresses: tuple[str, ...]) -> list[Token]:
    found = []
    for one in addresses:
        families, word = _FAMILY_OF_KEYWORD.get(one.lower(), ("46", one))
        if word[:1].isalpha() and ":" not in word:
            found += [Token(f"{side}_{family}", word) for family in families]
        else:
            found.append(Token(f"{side}_{_family(one)}", one))
    return found


def _ports(side: str, ports: tuple[str, ...]) -> list[Token]:
    return [Token(f"{side}Port2_10" if "-" in one else f"{side}Port", one) for one in ports]


def _protocol(filter_: Properties) -> list[Token]:
    name = filter_.text("Protocol")
    found = [] if name.lower() in {"", "any"} else [Token("Protocol", _PROTOCOLS.get(name.lower(), name))]
    found += [Token("IcmpType", one) for one in filter_.chosen("IcmpType")]
    dynamic = filter_.text("DynamicTarget", "DynamicTransport")
    return found if dynamic.lower() in _ANY else [*found, Token("DynamicTarget", dynamic)]
