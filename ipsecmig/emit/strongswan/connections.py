"""From children to connections: who authenticates how, and to whom a preshared key belongs."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from ipsecmig.emit.strongswan.children import Child
from ipsecmig.emit.strongswan.demands import Demand
from ipsecmig.emit.strongswan.exact import block_text, is_whole
from ipsecmig.emit.strongswan.names import Names
from ipsecmig.model.policy import AuthenticationMethod, Certificate, Kerberos, MainMode, PresharedKey, Secret
from ipsecmig.model.selectors import AddressRange, Family, format_address
from ipsecmig.model.space import Span
from ipsecmig.model.treatment import Protect

UsableMethod = PresharedKey | Certificate

MOST_TEXT: Final = 300_000
"""The most text of one connection's children; swanctl sends a connection in one message of at most 512 KiB."""


@dataclass(frozen=True, slots=True)
class Connection:
    """One IKE connection.

    `remotes` are the peers as blocks of `family`; every address is written as `%any`. `method` is None where charon
    has none of those that the policy allows: nothing then authenticates. `passive` connections only answer.
    """

    name: str
    family: Family
    local: str
    remotes: tuple[Span, ...]
    single_peer: bool
    identify: bool
    method: UsableMethod | None
    main_mode: MainMode
    children: tuple[Child, ...]
    passive: bool = False
    transit: bool = False

    @property
    def remote_addrs(self) -> str:
        """The value of remote_addrs.

        A transport peer is always written as a block: charon would shrink the trap of a single address to one of this
        host's addresses, and let those of the others pass in clear. Blocks of IPv6 it cannot trap at all, only all.
        """
        if self.single_peer:
            return format_address(self.family, self.remotes[0][0])
        if any(is_whole(self.family, remote) for remote in self.remotes):
            return "%any" if self.family is Family.IPV4 else "%any6"
        if self.family is Family.IPV6:
            return "%any6"
        return ",".join(block_text(self.family, remote) for remote in self.remotes)

    @property
    def remote_id(self) -> str | None:
        """The peer's identity, by which charon finds its preshared key; None for any."""
        if not self.identify or len(self.remotes) != 1 or is_whole(self.family, self.remotes[0]):
            return None
        return owner_text(self.family, self.remotes[0])


def owner_text(family: Family, block: Span) -> str:
    """Return the identity of the peers in `block`: an address or a block of addresses."""
    return format_address(family, block[0]) if block[0] == block[1] else block_text(family, block)


def usable(methods: Iterable[AuthenticationMethod]) -> tuple[UsableMethod, ...]:
    """Return the methods that charon has, in order of preference: all but Kerberos."""
    return tuple(dict.fromkeys(m for m in methods if not isinstance(m, Kerberos)))


@dataclass(frozen=True, slots=True)
class _Key:
    """What children of one connection share."""

    methods: tuple[UsableMethod, ...]
    main_mode: MainMode
    family: Family
    local: str
    peer: Span | None
    tunnel: bool
    transit: bool


def connect(children: Sequence[Child], answer: Child | None) -> tuple[Connection, ...]:
    """Return the connections of all negotiating `children`, then that of the default response rule's `answer`."""
    protected = [(child, child.protect) for child in children if child.protect is not None]
    protects = [protect for _, protect in protected] + ([answer.protect] if answer and answer.protect else [])
    several_keys = len(preshared_keys(protects)) > 1
    groups: dict[_Key, list[Child]] = {}
    for child, protect in protected:
        groups.setdefault(_key(child, protect, several_keys=several_keys), []).append(child)
    names = Names()
    found = [c for key, members in groups.items() for c in _connections(key, members, names, identify=several_keys)]
    found.sort(key=lambda c: (c.passive, c.transit))
    if answer is not None and answer.protect is not None:
        found.extend(_responders(answer.protect, answer, names))
    return tuple(found)


def preshared_keys(protects: Iterable[Protect]) -> frozenset[Secret]:
    """Return the preshared keys that `protects` authenticate with."""
    methods = (m for p in protects for m in p.authentication)
    return frozenset(m.secret for m in methods if isinstance(m, PresharedKey) and m.secret is not None)


def _key(child: Child, protect: Protect, *, several_keys: bool) -> _Key:
    family = Family(child.box.family[0])
    methods = usable(protect.authentication)
    if protect.tunnel is not None and protect.tunnel.remote is not None:
        peer = protect.tunnel.remote
        local = _address(protect.tunnel.local) if protect.tunnel.local else "%any"
        return _Key(methods, protect.main_mode, peer.family, local, (peer.first, peer.last), tunnel=True, transit=False)
    low, high = child.box.local
    local = format_address(family, low) if low == high else "%any"
    apart = several_keys and any(isinstance(m, PresharedKey) for m in methods)
    block = child.box.remote if apart else None
    return _Key(methods, protect.main_mode, family, local, block, tunnel=False, transit=child.transit)


def _address(address: AddressRange) -> str:
    return format_address(address.family, address.first)


def _connections(key: _Key, members: Sequence[Child], names: Names, *, identify: bool) -> Iterator[Connection]:
    """Yield the connection that traps, and one that answers for each further method of authentication."""
    for index, method in enumerate(key.methods or (None,)):
        for chunk in chunks(members):
            remotes = (key.peer,) if key.peer is not None else tuple(dict.fromkeys(c.box.remote for c in chunk))
            yield Connection(
                "ipsecmig-" + names.numbered(_rule_name(chunk[0], index)),
                key.family,
                key.local,
                remotes,
                key.tunnel,
                identify and isinstance(method, PresharedKey),
                method,
                key.main_mode,
                tuple(chunk),
                passive=index > 0,
                transit=key.transit,
            )


def _rule_name(child: Child, index: int) -> str:
    return child.owner if index == 0 else f"{child.owner} answer"


def _responders(response: Protect, child: Child, names: Names) -> Iterator[Connection]:
    for method in usable(response.authentication) or (None,):
        yield Connection(
            "ipsecmig-" + names.numbered("default response"),
            Family.IPV4,
            "%any",
            ((0, Family.IPV4.last),),
            single_peer=False,
            identify=False,
            method=method,
            main_mode=response.main_mode,
            children=(child,),
            passive=True,
        )


def chunks(children: Sequence[Child]) -> Iterator[Sequence[Child]]:
    """Yield `children` in runs that each fit into one message to charon."""
    start, size = 0, 0
    for index, child in enumerate(children):
        weight = _FIXED_TEXT + len(child.local_ts) + len(child.remote_ts)
        if size + weight > MOST_TEXT:
            yield children[start:index]
            start, size = index, 0
        size += weight
    if start < len(children):
        yield children[start:]


_MOST_OWNERS: Final = 4000
"""The most owners of one key: swanctl sends it in one message, too."""

_FIXED_TEXT: Final = 400
"""About what a child takes besides its name and selectors."""


@dataclass(frozen=True, slots=True)
class Owned:
    """A preshared key with the peers that it belongs to; without owners it is for every peer."""

    secret: Secret
    owners: tuple[tuple[Family, Span], ...]


def owned_secrets(connections: Sequence[Connection]) -> tuple[Owned, ...]:
    """Return the preshared keys, those of wide blocks first: charon takes the last key that fits."""
    blocks: dict[tuple[int, Secret], dict[tuple[Family, Span], None]] = {}
    for connection in connections:
        method = connection.method
        if connection.transit or not isinstance(method, PresharedKey) or method.secret is None:
            continue
        for remote in connection.remotes:
            blocks.setdefault((remote[1] - remote[0] + 1, method.secret), {})[connection.family, remote] = None
    ordered = sorted(blocks.items(), key=lambda item: -item[0][0])
    return tuple(owned for (_, secret), found in ordered for owned in _owned(secret, tuple(found)))


def _owned(secret: Secret, blocks: Sequence[tuple[Family, Span]]) -> Iterator[Owned]:
    if any(is_whole(family, block) for family, block in blocks):
        yield Owned(secret, ())
        return
    for start in range(0, len(blocks), _MOST_OWNERS):
        yield Owned(secret, tuple(blocks[start : start + _MOST_OWNERS]))


def contested_secrets(demands: Iterable[Demand]) -> frozenset[Secret]:
    """Return the preshared keys that share a peer with another one: which of them IKE takes is open in Windows too."""
    found: set[Secret] = set()
    reaching: dict[Secret, int] = {}
    for low, high, secret in sorted(_keys_by_peer(demands), key=lambda claim: claim[:2]):
        rivals = {other for other, end in reaching.items() if end >= low and other != secret}
        if rivals:
            found |= rivals | {secret}
        reaching[secret] = max(high, reaching.get(secret, 0))
    return frozenset(found)


_FAMILY_BIT: Final = 1 << 128
"""Keeps the numbers of IPv6 addresses apart from those of IPv4."""


def _keys_by_peer(demands: Iterable[Demand]) -> Iterator[tuple[int, int, Secret]]:
    """Yield the first and last peer of every key that is demanded: of a tunnel its far end."""
    for demand in demands:
        protect = demand.treatment
        if not isinstance(protect, Protect) or demand.is_transit:
            continue
        (low, high), family = demand.box.remote, demand.box.family[0]
        if protect.tunnel is not None and protect.tunnel.remote is not None:
            low, high, family = protect.tunnel.remote.first, protect.tunnel.remote.last, protect.tunnel.remote.family
        base = _FAMILY_BIT if family == Family.IPV6 else 0
        for secret in preshared_keys((protect,)):
            yield base + low, base + high, secret
