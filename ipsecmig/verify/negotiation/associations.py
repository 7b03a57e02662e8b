"""The SAs of quick mode as those that carry packets."""

from __future__ import annotations

from ipsecmig.esp.association import OriginalAddresses, SecurityAssociation, SecurityProtocol, UdpEncapsulation
from ipsecmig.ike.events import ChildEstablished, ProtocolSa
from ipsecmig.model.algorithms import ENCRYPTION
from ipsecmig.model.policy import EspTransform, Transform
from ipsecmig.model.treatment import Mode
from ipsecmig.udp import Path


def ordered(child: ChildEstablished) -> list[tuple[ProtocolSa, Transform]]:
    """Return the SAs with their transforms, outermost first: AH goes around ESP."""
    pairs = zip(child.associations, child.suite.transforms, strict=True)
    return sorted(pairs, key=lambda pair: isinstance(pair[1], EspTransform))


def associations(child: ChildEstablished, path: Path, mode: Mode, *, outbound: bool) -> tuple[SecurityAssociation, ...]:
    """Return the SAs of one direction between the ends of the path, outermost first; AH around ESP is no tunnel."""
    pairs = ordered(child)
    modes = [mode] if len(pairs) == 1 else [Mode.TRANSPORT, mode]
    return tuple(
        _association(child, pair, own_mode, path if outbound else Path(path.remote, path.local), outbound=outbound)
        for pair, own_mode in zip(pairs, modes, strict=True)
    )


def _association(
    child: ChildEstablished,
    pair: tuple[ProtocolSa, Transform],
    mode: Mode,
    way: Path,
    *,
    outbound: bool,
) -> SecurityAssociation:
    """Return one SA; `way` leads from the sender of its packets to their receiver."""
    sa, transform = pair
    spi, key = (sa.outbound_spi, sa.outbound_key) if outbound else (sa.inbound_spi, sa.inbound_key)
    cipher = transform.encryption if isinstance(transform, EspTransform) else None
    cut = 0 if cipher is None else ENCRYPTION[cipher].key_bits // 8
    encapsulated = child.path is not None and cipher is not None
    return SecurityAssociation(
        int.from_bytes(spi, "big"),
        SecurityProtocol.AH if cipher is None else SecurityProtocol.ESP,
        mode,
        way.local.address.packed,
        way.remote.address.packed,
        transform.integrity,
        key[cut:],
        cipher,
        key[:cut],
        UdpEncapsulation(way.local.port, way.remote.port) if encapsulated else None,
        _originals(child, mode) if encapsulated and not outbound else None,
    )


def _originals(child: ChildEstablished, mode: Mode) -> OriginalAddresses | None:
    found = child.originals
    if found is None or mode is Mode.TUNNEL:
        return None
    source, destination = (None if address is None else address.packed for address in (found.remote, found.local))
    return OriginalAddresses(source, destination)
