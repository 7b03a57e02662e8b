"""The ways in which a packet meets charon's policies, and which of them one child covers.

A child of charon has one traffic selector, local and remote, and cannot tell directions apart: it installs an `out`
policy for local to remote and an `in` policy for remote to local, and as a shunt or tunnel a `fwd` policy for remote
to local. A forwarded packet meets both `fwd`, with its destination as local side, and `out`, with its source as local
side (ip-xfrm(8)). So what a filter says must be said for all of these ways at once, on LAN and dial-up interfaces.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from ipsecmig.model.space import ALL_LINKS, Box, Direction, Span

Ways = int
"""A set of ways as a bit mask: two bits, LAN and dial-up, for each of the four ways below."""

OUT: Final[Ways] = 0b11
IN: Final[Ways] = 0b11 << 2
LEAVING: Final[Ways] = 0b11 << 4
"""A forwarded packet as it leaves; its source is the local side."""
ARRIVING: Final[Ways] = 0b11 << 6
"""A forwarded packet as it arrives; its destination is the local side."""

TO_AND_FROM_HOST: Final[Ways] = OUT | IN
FORWARDED: Final[Ways] = LEAVING | ARRIVING
ALL_WAYS: Final[Ways] = TO_AND_FROM_HOST | FORWARDED

_NO_WAY: Final[Span] = (0, 0)


def on_links(way: Ways, link: Span) -> Ways:
    """Return the part of `way`, one of the four, that is on the interfaces of `link`."""
    bits = sum(1 << kind for kind in range(link[0], link[1] + 1))
    lan = way & -way
    return lan * bits


def selector(box: Box) -> Box:
    """Return `box` as a traffic selector: without direction and link, which charon does not select by."""
    return box._replace(direction=_NO_WAY, link=ALL_LINKS)


def turned(box: Box) -> Box:
    """Return `box` with its sides exchanged."""
    return box._replace(local=box.remote, remote=box.local, local_port=box.remote_port, remote_port=box.local_port)


def meetings(box: Box) -> Iterator[tuple[Box, Ways]]:
    """Yield each selector that must do what is wanted of the packets in `box`, with the way in which it meets them."""
    direction = Direction(box.direction[0])
    if direction is Direction.OUT:
        yield selector(box), on_links(OUT, box.link)
    elif direction is Direction.IN:
        yield selector(box), on_links(IN, box.link)
    else:
        yield selector(box), on_links(LEAVING, box.link)
        yield selector(turned(box)), on_links(ARRIVING, box.link)


def lacks_direction(needed: Ways, has: Ways) -> bool:
    """Whether one of the `needed` ways is not in `has` on any interface."""
    return any(needed & way and not has & way for way in (OUT, IN, LEAVING, ARRIVING))


def lacks_link(needed: Ways, has: Ways) -> bool:
    """Whether one of the `needed` ways is in `has` on one kind of interface only."""
    pairs = ((needed & way, has & way) for way in (OUT, IN, LEAVING, ARRIVING))
    return any(covered and covered != wanted for wanted, covered in pairs)
