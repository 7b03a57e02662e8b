"""Which protected region of a policy a probe is about, and what the old host would negotiate for it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address
from typing import Final

from ipsecmig.errors import UsageError
from ipsecmig.ike.configuration import Configuration, RsaCredentials, Traffic
from ipsecmig.ike.wire.identification import Identification
from ipsecmig.model.algorithms import DhGroup
from ipsecmig.model.decision import DecisionMap
from ipsecmig.model.explanation import Decider, explain
from ipsecmig.model.flatten import FlatPolicy, SpecificFilter
from ipsecmig.model.packets import witness
from ipsecmig.model.policy import Certificate, Kerberos, PresharedKey, Secret
from ipsecmig.model.selectors import AddressRange, Family
from ipsecmig.model.space import Box, Direction, Packet, Span
from ipsecmig.model.treatment import PERMIT, Mode, Protect, TunnelSense
from ipsecmig.verify.negotiation.traffic import selector_for

Address = IPv4Address | IPv6Address

MAX_LISTED: Final = 20


@dataclass(frozen=True, slots=True)
class Region:
    """What a filter protects on the way to the peer: `packet` is one such packet, `box` what its SA is for."""

    filter: SpecificFilter
    protect: Protect
    box: Box
    packet: Packet


@dataclass(frozen=True, slots=True)
class Keys:
    """What this end can prove itself by, besides what the policy holds."""

    preshared: Secret | None = None
    certificate: RsaCredentials | None = None


@dataclass(frozen=True, slots=True)
class Plan:
    """What is to be negotiated. `notes` say in words where it is not just what the old host would do."""

    region: Region
    configuration: Configuration
    notes: tuple[str, ...]


def choose_region(flat: FlatPolicy, peer: Address, packet: Packet | None) -> Region:
    """Return the region that `packet` is in, or the first that leads to the peer. Raises UsageError for none."""
    if packet is not None:
        return _region_of(flat, peer, packet)
    for specific in flat.filters:
        for box in _towards(specific, peer):
            found = _decided(flat, specific, box)
            if found is not None:
                return found
    raise UsageError(f"the policy protects nothing on the way to {peer}; {_listing(flat)}")


def _region_of(flat: FlatPolicy, peer: Address, packet: Packet) -> Region:
    explanation = explain(flat, packet)
    if explanation.decided_by is not Decider.FILTER or not isinstance(explanation.treatment, Protect):
        raise UsageError(f'the policy does not protect "{packet.text()}"; {_listing(flat)}')
    (specific,) = explanation.deciding
    point = Box._make((value, value) for value in packet)
    (box, *_) = [box for box in specific.boxes if box.contains(point)]
    for towards in _towards(specific, peer):
        if towards.contains(point) or packet.direction == Direction.IN:
            return Region(specific, explanation.treatment, box, packet)
    raise UsageError(f'the peer of "{packet.text()}" is not {peer}; {_listing(flat)}')


def _towards(specific: SpecificFilter, peer: Address) -> Iterator[Box]:
    """Yield what of a filter leads to the peer: to it as the far end of a tunnel, or to it alone."""
    treatment = specific.treatment
    if not isinstance(treatment, Protect):
        return
    family, number = Family(peer.version), int(peer)
    tunnel = treatment.tunnel
    for box in specific.boxes:
        if tunnel is not None:
            wraps = tunnel.sense is TunnelSense.ENCAPSULATE and box.direction[0] != Direction.IN
            if wraps and tunnel.remote == AddressRange(family, number, number):
                yield box
        elif box.direction[0] == Direction.OUT and box.family == (family, family) and number in _span(box.remote):
            yield box._replace(remote=(number, number))


def _span(span: Span) -> range:
    return range(span[0], span[1] + 1)


def _decided(flat: FlatPolicy, specific: SpecificFilter, within: Box) -> Region | None:
    """Return the region of a filter inside a box, None where others decide about all of it, or may."""
    treatment = specific.treatment
    if not isinstance(treatment, Protect):
        return None
    clipped = ((part, leaf) for box, leaf in flat.layers() if (part := box.intersection(within)) is not None)
    decisions = DecisionMap[object].from_layers(clipped, PERMIT)
    found = decisions.find(within, lambda leaf: leaf == treatment)
    if found is None:
        return None
    packet = witness(found[0])
    if explain(flat, packet).decided_by is Decider.CONFLICT:
        return None
    return Region(specific, treatment, within, packet)


def _listing(flat: FlatPolicy) -> str:
    """Return what the policy protects on the way out, for a message."""
    texts = dict.fromkeys(
        _described(specific, box)
        for specific in flat.filters
        for box in specific.boxes
        if isinstance(specific.treatment, Protect) and box.direction[0] != Direction.IN
    )
    if not texts:
        return "it protects nothing that goes out"
    more = f"\n  and {len(texts) - MAX_LISTED:,} more" if len(texts) > MAX_LISTED else ""
    return "it protects:" + "".join(f"\n  {text}" for text in list(texts)[:MAX_LISTED]) + more


def _described(specific: SpecificFilter, box: Box) -> str:
    tunnel = specific.treatment.tunnel if isinstance(specific.treatment, Protect) else None
    end = f", tunnel to {tunnel.remote.text()}" if tunnel is not None and tunnel.remote is not None else ""
    return f"{box.text()} (filter list {specific.filter_list.name}{end})"


def make_plan(flat: FlatPolicy, region: Region, local: Address, peer: Address, keys: Keys) -> Plan:
    """Return what the old host would negotiate, with this host's address in the place of its own.

    Raises UsageError where the policy lacks what is needed for it.
    """
    protect = region.protect
    notes: list[str] = []
    authentication = _authentication(protect, keys, notes)
    if not protect.main_mode.offers or not protect.offers:
        raise UsageError("the policy states no offers of main mode or of quick mode for this region")
    sites = flat.site.addresses
    own = AddressRange(Family(local.version), int(local), int(local))
    if sites and own not in sites:
        notes.append(
            f"this host is {local}, which is not the policy's host: the peer may treat that one in another way"
        )
    traffic = Traffic(*_identifications(region, local, peer), protect.mode, protect.offers, _pfs_group(protect, notes))
    configuration = Configuration(local, peer, authentication, protect.main_mode, traffic, flat.site.windows)
    return Plan(region, configuration, tuple(notes))


def _authentication(protect: Protect, keys: Keys, notes: list[str]) -> Secret | RsaCredentials:
    """Return the first of the policy's methods that can be done."""
    for method in protect.authentication:
        match method:
            case PresharedKey():
                secret = keys.preshared or method.secret
                if secret is not None:
                    return secret
                notes.append("the source was stripped of the preshared key; --preshared-key FILE gives it")
            case Certificate():
                if keys.certificate is not None:
                    return keys.certificate
                notes.append("certificates need --certificate, --private-key and --authority")
            case Kerberos():
                notes.append("the policy allows Kerberos, which cannot be spoken here, and which a peer on Linux lacks")
    raise UsageError("no authentication method of this region can be used: " + ("; ".join(notes) or "it has none"))


def _pfs_group(protect: Protect, notes: list[str]) -> DhGroup | None:
    if not protect.pfs:
        return None
    groups = list(dict.fromkeys(offer.group for offer in protect.main_mode.offers))
    if protect.pfs_group is None and len(groups) > 1:
        notes.append(f"quick mode uses the group of the first offer, {groups[0].name}, whatever main mode settles on")
    return protect.pfs_group or groups[0]


def _identifications(region: Region, local: Address, peer: Address) -> tuple[Identification, Identification]:
    """Return what the SA is for, seen from here: two hosts in transport mode, what the filter names in a tunnel.

    This host's address stands for that of the policy's host. Raises UsageError for what IKEv1 cannot say.
    """
    box, packet, mode = region.box, region.packet, region.protect.mode
    own = (int(local), int(local))
    if region.filter.source.me:
        box = box._replace(local=own)
    if mode is Mode.TRANSPORT:
        packet = packet._replace(local=int(local), remote=int(peer))
    selector = selector_for(box, packet, mode)
    if selector is None:
        raise UsageError("quick mode names one port or all ports, not a range of them, as this filter does")
    return selector.identifications()
