"""The SAs of quick mode by their SPIs: how a delete names them."""

from __future__ import annotations

from itertools import groupby

from ipsecmig.ike.events import ChildEstablished, PeerDeleted, ProtocolSa
from ipsecmig.ike.wire.notification import Delete
from ipsecmig.ike.wire.numbers import DOI_IPSEC


def deletes(children: tuple[ChildEstablished, ...]) -> tuple[Delete, ...]:
    """Return what tells the peer that these are gone: for each protocol the SPIs that this end chose.

    Each goes into a message of its own, since some peers read the first payload alone.
    """
    rows = sorted((row for child in children for row in child.associations), key=_protocol)
    return tuple(
        Delete(DOI_IPSEC, protocol, tuple(row.inbound_spi for row in group))
        for protocol, group in groupby(rows, key=_protocol)
    )


def _protocol(row: ProtocolSa) -> int:
    return row.protocol


def is_meant(child: ChildEstablished, deleted: PeerDeleted) -> bool:
    """Tell whether the peer deleted this child. The SPIs are those that the peer chose; one of AH and ESP suffices."""
    return any(row.protocol == deleted.protocol and row.outbound_spi in deleted.spis for row in child.associations)
