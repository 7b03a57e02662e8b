"""What the tests of the lab take from the samples: what is written for them, and those packets that can be sent."""

from __future__ import annotations

from ground_truth import Row, Sample, decide, emission_request, flat_policy

from ipsecmig.model.exemptions import MULTICAST
from ipsecmig.model.selectors import AH, ESP, Family, format_address
from ipsecmig.model.space import Direction, Link
from ipsecmig.model.targets import Target


def own_ipv6(sample: Sample) -> set[str]:
    """Return the host's side of IPv6 packets, which no inventory of Windows Server 2003 names."""
    rows = [row for row in sample.rows() if row.packet.family == Family.IPV6]
    return {format_address(Family.IPV6, row.packet.local) for row in rows}


def _can_be_sent(row: Row) -> bool:
    """Whether the lab can send it and a treatment is claimed: no broadcasts."""
    packet = row.packet
    ends = (packet.local, packet.remote) if packet.family == Family.IPV4 else ()
    unicast = not any(end >= MULTICAST.first or end & 255 == 255 for end in ends)
    return row.expected.treatment != "conflict" and unicast


def passes(row: Row) -> bool:
    """Whether it passes in clear."""
    if row.expected.treatment == "protect":
        return row.packet.direction == Direction.IN and "inpass" in row.expected.parameters.split("; ")
    return row.expected.treatment == "permit"


def texts_for(sample: Sample, target: Target) -> list[str]:
    """Return the texts of the files to load; the rollback stands beside them."""
    files = target.emit(emission_request(sample)).files
    return [file.content.decode() for file in files if "rollback" not in file.path and not file.path.endswith(".sh")]


def rows_to_send(sample: Sample, link: Link = Link.LAN) -> dict[Direction, list[Row]]:
    """Return the rows of this kind of interface that the lab can send."""
    rows = [row for row in sample.rows() if row.packet.link == link and _can_be_sent(row)]
    return {direction: [row for row in rows if row.packet.direction == direction] for direction in Direction}


def rows_for_xfrm(sample: Sample, direction: Direction) -> list[Row]:
    """Return the rows that the lab can send and XFRM can say.

    A selector cannot name a kind of interface: where that matters, the connection type is a loss. ESP and AH are sent
    by the kernel itself, past its policies.
    """
    rows = [row for row in rows_to_send(sample)[direction] if row.packet.protocol not in {ESP, AH}]
    return [row for row in rows if not depends_on_link(sample, row)]


def depends_on_link(sample: Sample, row: Row) -> bool:
    """Whether the kind of interface decides about the packet."""
    return decide(flat_policy(sample), row.packet._replace(link=Link.DIALUP)) != row.expected
