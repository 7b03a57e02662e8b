"""Provider contexts as the parts of a policy: main mode, authentication methods, and what quick mode offers.

Sources: the structures IKEEXT_POLICY0, IPSEC_TRANSPORT_POLICY0, IPSEC_TUNNEL_POLICY0 and IPSEC_PROPOSAL0 of the Windows
SDK. Elements are called like the members; a union shows the member that is set.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, TypeVar

from ipsecmig.dialects.wfp.words import (
    CIPHERS,
    HASHES,
    MAIN_MODE,
    MAIN_MODE_CIPHERS,
    MAIN_MODE_GROUPS,
    MAIN_MODE_HASHES,
    PFS_GROUPS,
    TRANSPORT,
    TUNNEL,
    UnclearError,
    number,
    word,
)
from ipsecmig.dialects.xml_input.nodes import Node
from ipsecmig.model.algorithms import DhGroup, Encryption
from ipsecmig.model.policy import (
    AhTransform,
    AuthenticationMethod,
    Certificate,
    EspTransform,
    Kerberos,
    MainMode,
    MainModeOffer,
    PresharedKey,
    QuickModeOffer,
    Transform,
)
from ipsecmig.model.selectors import AddressRange

T = TypeVar("T")

POLICIES: Final = {MAIN_MODE: "ikeMmPolicy", TRANSPORT: "ikeQmTransportPolicy", TUNNEL: "ikeQmTunnelPolicy"}
"""The member of FWPM_PROVIDER_CONTEXT that each type of context sets."""


@dataclass(frozen=True, slots=True)
class MainModeContext:
    """A main mode policy: the key of its context, its name, and whom it authenticates how."""

    key: str
    name: str
    main_mode: MainMode
    authentication: tuple[AuthenticationMethod, ...]
    line: int


@dataclass(frozen=True, slots=True)
class QuickModeContext:
    """A quick mode policy. `endpoints` are the local and the remote end of a tunnel, None for transport mode."""

    key: str
    name: str
    offers: tuple[QuickModeOffer, ...]
    pfs: bool
    pfs_group: DhGroup | None
    endpoints: tuple[AddressRange, AddressRange] | None
    line: int


def context_key(item: Node) -> str:
    """Return the key by which filters refer to the provider context `item`."""
    return item.value("providerContextKey").lower()


def title(item: Node, key: str) -> str:
    """Return the name that an object shows, or its key where it has none."""
    return item.value("displayData", "name") or key or f"line {item.line}"


def _policy(item: Node) -> Node:
    name = POLICIES[item.value("type")]
    found = item.child(name)
    if found is None:
        raise UnclearError(f"it has no {name}")
    return found


def main_mode_context(item: Node) -> MainModeContext:
    """Return the main mode policy of a provider context. Raises UnclearError."""
    policy, key = _policy(item), context_key(item)
    proposals = _items(policy, "ikeProposals")
    if not proposals:
        raise UnclearError("it has no ikeProposals")
    lifetimes = {number(one, "maxLifetimeSeconds") for one in proposals}
    limits = {number(one, "quickModeLimit") for one in proposals}
    if len(lifetimes) > 1 or len(limits) > 1:
        raise UnclearError("its proposals differ in their lifetimes")
    offers = tuple(_main_mode_offer(one) for one in proposals)
    limit = limits.pop()
    main_mode = MainMode(offers, lifetimes.pop(), limit, perfect_forward_secrecy=limit == 1)
    methods = tuple(_method(one) for one in _items(policy, "authenticationMethods"))
    if not methods:
        raise UnclearError("it has no authenticationMethods")
    return MainModeContext(key, title(item, key), main_mode, methods, item.line)


def _main_mode_offer(proposal: Node) -> MainModeOffer:
    cipher = _known(MAIN_MODE_CIPHERS, word(proposal, "IKEEXT_CIPHER_"))
    digest = _known(MAIN_MODE_HASHES, word(proposal, "IKEEXT_INTEGRITY_"))
    return MainModeOffer(cipher, digest, _known(MAIN_MODE_GROUPS, word(proposal, "IKEEXT_DH_")))


def _method(item: Node) -> AuthenticationMethod:
    kind = item.value("authenticationMethodType")
    if kind == "IKEEXT_KERBEROS":
        return Kerberos()
    if kind == "IKEEXT_PRESHARED_KEY":
        return PresharedKey(None)
    if kind == "IKEEXT_CERTIFICATE":
        return Certificate("")
    raise UnclearError(f"IKE does not authenticate by {kind or 'an unnamed method'}")


def quick_mode_context(item: Node) -> QuickModeContext:
    """Return the quick mode policy of a provider context. Raises UnclearError."""
    policy, key = _policy(item), context_key(item)
    proposals = _items(policy, "ipsecProposals")
    if not proposals:
        raise UnclearError("it has no ipsecProposals")
    groups = {word(one, "IPSEC_PFS_") for one in proposals}
    if len(groups) > 1:
        raise UnclearError("its proposals differ in perfect forward secrecy")
    pfs, group = _known(PFS_GROUPS, groups.pop())
    offers = tuple(_quick_mode_offer(one) for one in proposals)
    endpoints = _endpoints(policy) if item.value("type") == TUNNEL else None
    return QuickModeContext(key, title(item, key), offers, pfs, group, endpoints, item.line)


def _quick_mode_offer(proposal: Node) -> QuickModeOffer:
    transforms = tuple(_transform(one) for one in _items(proposal, "saTransforms"))
    if not 1 <= len(transforms) <= 2:
        raise UnclearError("a proposal has neither one nor two saTransforms")
    seconds = number(proposal, "lifetime", "lifetimeSeconds")
    return QuickModeOffer(transforms, seconds, number(proposal, "lifetime", "lifetimeKilobytes"))


def _transform(item: Node) -> Transform:
    match item.value("ipsecTransformType"):
        case "IPSEC_TRANSFORM_AH":
            return AhTransform(_known(HASHES, _digest(item)))
        case "IPSEC_TRANSFORM_ESP_AUTH":
            return EspTransform(Encryption.NULL, _known(HASHES, _digest(item)))
        case "IPSEC_TRANSFORM_ESP_CIPHER":
            return EspTransform(_known(CIPHERS, word(item, "IPSEC_CIPHER_TYPE_")), None)
        case "IPSEC_TRANSFORM_ESP_AUTH_AND_CIPHER":
            cipher = _known(CIPHERS, word(item, "IPSEC_CIPHER_TYPE_"))
            return EspTransform(cipher, _known(HASHES, _digest(item)))
        case other:
            raise UnclearError(f"a transform of type {other or 'none'}")


def _digest(item: Node) -> str:
    """Return the integrity algorithm of a transform, whose truncation must be the one that its RFC says."""
    found = {one.text for one in item.walk() if one.name == "authType"}
    configured = {one.text for one in item.walk() if one.name == "authConfig"}
    if len(found) != 1 or not all("HMAC" in one for one in configured):
        raise UnclearError(f"a transform with the integrity {' and '.join(sorted(found | configured)) or 'of no name'}")
    return found.pop()


def _endpoints(policy: Node) -> tuple[AddressRange, AddressRange]:
    ends = policy.child("tunnelEndpoints")
    if ends is None:
        raise UnclearError("a tunnel without tunnelEndpoints")
    found = []
    for side in ("local", "remote"):
        texts = {one.text for one in ends.children if one.name.lower().startswith(side) and one.text}
        if len(texts) != 1:
            raise UnclearError(f"a tunnel without one {side} end")
        found.append(_host(texts.pop()))
    return found[0], found[1]


def _host(text: str) -> AddressRange:
    try:
        found = AddressRange.parse(text)
    except ValueError as error:
        raise UnclearError(f"the end of a tunnel is no address: {text[:60]}") from error
    if not found.is_host or found.first == 0:
        raise UnclearError(f"the end of a tunnel is no single address: {text[:60]}")
    return found


def _items(node: Node, name: str) -> tuple[Node, ...]:
    found = node.child(name)
    return () if found is None else found.all("item")


def _known(table: Mapping[str, T], name: str) -> T:
    if name not in table:
        raise UnclearError(f"{name} has no counterpart in an IPsec policy of IKE")
    return table[name]
