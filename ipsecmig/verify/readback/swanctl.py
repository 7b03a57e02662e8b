"""Reads swanctl.conf as charon 5.9 would: into the kernel policies that it installs, with what IKE would agree.

Only what is enforced counts: a child that is not trapped installs nothing until somebody initiates it, and until then
its traffic passes in clear. Source: swanctl.conf(5); RFC 2401 4.4 for the policies.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from itertools import product
from typing import Final

from ipsecmig.diagnostics import Origin
from ipsecmig.model.authorities import canonical_name, charon_reads
from ipsecmig.model.policy import NotUnderstood, Secret
from ipsecmig.model.selectors import AddressRange, Family
from ipsecmig.model.space import Box, Direction, box
from ipsecmig.model.treatment import Mode, TunnelSense
from ipsecmig.verify.observed import DROPPED, PASSES, Observed, Protection, protocols_of
from ipsecmig.verify.readback.charon import (
    Band,
    TrafficSelector,
    automatic_priority,
    parse_selector,
    single_address,
)
from ipsecmig.verify.readback.owners import ANYBODY, OwnedSecret, owned_secret, preshared_key
from ipsecmig.verify.readback.proposals import child_offers, count_of_bytes, ike_offers, seconds
from ipsecmig.verify.readback.settings import Section, parse_settings
from ipsecmig.verify.readback.spd import SpdDirection, SpdEntry, read_spd
from ipsecmig.verify.target import ReadTarget

_SHUNTS: Final = {"pass": (Band.PASS, PASSES), "drop": (Band.DROP, DROPPED)}
_TRAPS: Final = frozenset({"trap", "trap|start", "start|trap"})
_NOT_TRAPPED: Final = frozenset({"none", "start"})
_BOOLEANS: Final = dict.fromkeys(("yes", "true", "enabled", "1"), True) | dict.fromkeys(
    ("no", "false", "disabled", "0"), False
)
_CONNECTION_KEYS: Final = frozenset({
    "version", "local_addrs", "remote_addrs", "proposals", "rekey_time", "reauth_time", "over_time", "aggressive",
    "unique", "keyingtries", "rand_time", "dpd_delay", "dpd_timeout", "fragmentation", "encap", "mobike", "send_cert",
    "send_certreq", "local_port", "remote_port",
})  # fmt: skip
_AUTHENTICATION_KEYS: Final = frozenset({"auth", "id", "ca_id", "certs", "cacerts", "round", "revocation"})
_CHILD_KEYS: Final = frozenset({
    "local_ts", "remote_ts", "mode", "start_action", "esp_proposals", "ah_proposals", "rekey_time", "life_time",
    "rekey_bytes", "life_bytes", "priority", "policies", "policies_fwd_out", "rand_time", "rand_bytes", "rand_packets",
    "rekey_packets", "reqid", "dpd_action", "close_action", "inactivity", "copy_df", "copy_ecn", "copy_dscp",
    "replay_window",
})  # fmt: skip
"""The keys that are read, or bear on neither which packets pass nor how they are protected."""
_HOUR: Final = "3600"
_FOUR_HOURS: Final = "14400"
_BYTES_PER_KILOBYTE: Final = 1000


@dataclass(slots=True)
class _Reader:
    """What has been found so far."""

    secrets: list[OwnedSecret] = field(default_factory=list)
    assumptions: list[str] = field(default_factory=list)
    entries: list[SpdEntry] = field(default_factory=list)
    unknown: list[NotUnderstood] = field(default_factory=list)

    def doubt(self, section: Section, reason: str) -> None:
        self.unknown.append(NotUnderstood(section.name, reason, section.origin))


def looks_like_swanctl(text: str) -> bool:
    """Whether `text` has one of the top sections of swanctl.conf."""
    return re.search(r"^\s*(connections|secrets|authorities|pools)\s*(:[^{\n]*)?\{", text, re.MULTILINE) is not None


def read(texts: Mapping[str, str]) -> ReadTarget:
    """Return what packets meet under the configuration in `texts`, which maps file names to their text."""
    root, unknown = parse_settings(texts)
    reader = _Reader(unknown=list(unknown))
    for section in root.sections.get("secrets", Section("", Origin(""))).matching("ike"):
        try:
            reader.secrets.append(owned_secret(section))
        except ValueError as reason:
            reader.doubt(section, str(reason))
    for connection in root.sections.get("connections", Section("", Origin(""))).sections.values():
        _read_connection(reader, connection)
    return read_spd(
        "strongswan",
        reader.entries,
        not_understood=tuple(reader.unknown),
        assumptions=(_RUNNING, *dict.fromkeys(reader.assumptions)),
        order_is_known=False,
    )


_RUNNING: Final = "charon is running and has loaded the configuration: before that no policy is installed"


def _read_connection(reader: _Reader, connection: Section) -> None:
    _check_keys(reader, connection, _CONNECTION_KEYS)
    for side in (*connection.matching("local"), *connection.matching("remote")):
        _check_keys(reader, side, _AUTHENTICATION_KEYS)
    children = connection.sections.get("children")
    for child in children.sections.values() if children else ():
        _check_keys(reader, child, _CHILD_KEYS)
        try:
            if _installs(reader, child):
                reader.entries.extend(_child_entries(reader, connection, child))
        except ValueError as reason:
            reader.doubt(child, str(reason))


def _check_keys(reader: _Reader, section: Section, known: frozenset[str]) -> None:
    for key, setting in section.settings.items():
        if key not in known and setting.value:
            reader.unknown.append(NotUnderstood(f"{section.name}: {key}", f"{key} is not modelled", setting.origin))


def _installs(reader: _Reader, child: Section) -> bool:
    """Whether charon installs the child's policies by itself, before anybody negotiates."""
    action = child.get("start_action", "none")
    if not _boolean(child, "policies", default=True):
        return False
    if action in _NOT_TRAPPED:
        reader.assumptions.append(
            f"child {child.name} (start_action {action}) has not been negotiated: until then nothing keeps its packets"
        )
        return False
    if action not in _TRAPS:
        raise ValueError(f'the start_action "{action}" is not known')
    return True


def _boolean(section: Section, key: str, *, default: bool) -> bool:
    text = section.get(key, "yes" if default else "no").lower()
    if text not in _BOOLEANS:
        raise ValueError(f'{key} is neither yes nor no: "{text}"')
    return _BOOLEANS[text]


def _child_entries(reader: _Reader, connection: Section, child: Section) -> Iterator[SpdEntry]:
    mode = child.get("mode", "tunnel")
    band, effect = _SHUNTS.get(mode, (Band.PROTECT, None))
    ends = _end(connection, "local_addrs"), _end(connection, "remote_addrs")
    if effect is None:
        effect = Observed(False, _protection(reader, connection, child, Mode(mode)))
    for local, remote in _pairs(reader, connection, child):
        priority = int(child.get("priority", "0")) or automatic_priority(band, local, remote, interface=False)
        yield from _policies(child, local, remote, priority, effect, ends)


def _end(connection: Section, key: str) -> AddressRange | None:
    return single_address(connection.get(key, "%any"))


def _pairs(reader: _Reader, connection: Section, child: Section) -> Iterator[tuple[TrafficSelector, TrafficSelector]]:
    """Yield the pairs of selectors of one IP version; charon traps every pair, but IKEv1 negotiates the first only."""
    if child.get("mode") in _SHUNTS:
        local_dynamic = remote_dynamic = _EVERYWHERE
    else:
        local_dynamic, remote_dynamic = _dynamic_local(reader, connection, child), _dynamic_remote(connection, child)
    texts = child.get("local_ts", "dynamic").split(","), child.get("remote_ts", "dynamic").split(",")
    locals_ = [parse_selector(text, address) for text in texts[0] for address in _meant(text, local_dynamic)]
    remotes = [parse_selector(text, address) for text in texts[1] for address in _meant(text, remote_dynamic)]
    if child.get("mode") == Mode.TRANSPORT.value and _end(connection, "remote_addrs") is not None:
        yield from _between_ends(connection, locals_, remotes)
        return
    if {a.addresses.family for a in locals_}.isdisjoint(b.addresses.family for b in remotes):
        raise ValueError("local_ts and remote_ts are of different IP versions")
    for local in locals_:
        for remote in remotes:
            if local.addresses.family != remote.addresses.family:
                continue
            if local.protocol != remote.protocol:
                raise ValueError("local_ts and remote_ts name different protocols")
            yield local, remote


def _between_ends(
    connection: Section, locals_: list[TrafficSelector], remotes: list[TrafficSelector]
) -> Iterator[tuple[TrafficSelector, TrafficSelector]]:
    """Yield the pairs as charon 5.9.8 traps them in transport mode for one peer: between the two ends alone.

    Selectors that do not hold the ends install nothing. A peer that is written as a block is not one peer.
    """
    own, peer = _end(connection, "local_addrs"), _end(connection, "remote_addrs")
    for local, remote in product(_narrowed(locals_, own), _narrowed(remotes, peer)):
        if local.protocol != remote.protocol:
            raise ValueError("local_ts and remote_ts name different protocols")
        if local.addresses.family == remote.addresses.family:
            yield local, remote


def _narrowed(selectors: list[TrafficSelector], end: AddressRange | None) -> Iterator[TrafficSelector]:
    for one in selectors:
        if end is None:
            yield one
        elif one.addresses.family is end.family and one.addresses.first <= end.first <= one.addresses.last:
            yield replace(one, addresses=end)


_EVERYWHERE: Final = tuple(AddressRange.whole(family) for family in Family)
"""What `dynamic` stands for in a shunt, whatever the connection's addresses are (seen on charon 5.9.8)."""


def _meant(text: str, dynamic: tuple[AddressRange, ...]) -> tuple[AddressRange | None, ...]:
    return dynamic if text.strip().startswith("dynamic") else (None,)


def _dynamic_local(reader: _Reader, connection: Section, child: Section) -> tuple[AddressRange, ...]:
    """Return what `dynamic` stands for in local_ts; where the host's address is not stated, every source is its own."""
    own = _end(connection, "local_addrs")
    if own is not None or "dynamic" not in child.get("local_ts", "dynamic"):
        return () if own is None else (own,)
    if connection.get("local_addrs", "%any") not in ANYBODY:
        raise ValueError("dynamic selectors of several local_addrs are not modelled")
    reader.assumptions.append(f"this host has one address, which is the dynamic one of child {child.name}")
    return _EVERYWHERE


def _dynamic_remote(connection: Section, child: Section) -> tuple[AddressRange, ...]:
    peer = _end(connection, "remote_addrs")
    if peer is None and "dynamic" in child.get("remote_ts", "dynamic"):
        raise ValueError("a dynamic selector needs one address in remote_addrs")
    return () if peer is None else (peer,)


def _policies(
    child: Section,
    local: TrafficSelector,
    remote: TrafficSelector,
    priority: int,
    effect: Observed,
    ends: tuple[AddressRange | None, AddressRange | None],
) -> Iterator[SpdEntry]:
    """Yield the policies of one pair: out and in always, forward for shunts and tunnels."""
    tunnel = effect.protection is not None and effect.protection.mode is Mode.TUNNEL
    outbound, inbound = effect, effect
    if tunnel and effect.protection is not None:
        numbers = (ends[0].first if ends[0] else None, ends[1].first if ends[1] else None)
        outbound = replace(effect, protection=replace(effect.protection, sense=TunnelSense.ENCAPSULATE, ends=numbers))
        inbound = replace(effect, protection=replace(effect.protection, sense=TunnelSense.DECAPSULATE, ends=numbers))
    text = f"{child.name}: {child.get('local_ts', 'dynamic')} to {child.get('remote_ts', 'dynamic')}"
    for direction, observed in ((SpdDirection.OUT, outbound), (SpdDirection.IN, inbound)):
        yield SpdEntry(direction, _box(direction, local, remote), priority, observed, child.origin, text)
    if tunnel or effect.protection is None:
        forwarded = _box(SpdDirection.FORWARD, remote, local)
        yield SpdEntry(SpdDirection.FORWARD, forwarded, priority, inbound, child.origin, text)
    if _boolean(child, "policies_fwd_out", default=False) and (tunnel or effect.protection is None):
        forwarded = _box(SpdDirection.FORWARD, local, remote)
        passing = PASSES if tunnel else effect
        yield SpdEntry(SpdDirection.FORWARD, forwarded, priority, passing, child.origin, text)


_DIRECTIONS: Final = {
    SpdDirection.OUT: Direction.OUT,
    SpdDirection.IN: Direction.IN,
    SpdDirection.FORWARD: Direction.FORWARD,
}


def _box(direction: SpdDirection, local: TrafficSelector, remote: TrafficSelector) -> Box:
    return box(_DIRECTIONS[direction], local.addresses, remote.addresses, local.protocol, local.ports, remote.ports)


def _protection(reader: _Reader, connection: Section, child: Section, mode: Mode) -> Protection:
    if connection.get("version", "0") != "1":
        raise ValueError("only IKEv1 connections (version = 1) can be what the policy asks for")
    if _boolean(connection, "aggressive", default=False):
        raise ValueError("aggressive mode is not modelled")
    if "proposals" not in connection.settings:
        raise ValueError("the connection relies on default proposals, which depend on how charon was built")
    esp, ah = child.get("esp_proposals"), child.get("ah_proposals")
    if not esp and not ah:
        raise ValueError("the child relies on default proposals, which depend on how charon was built")
    transforms, groups = child_offers(esp, ah)
    kinds, key = _authentication(reader, connection)
    authority = _authority(reader, connection) if kinds == ("certificate",) else None
    return Protection(
        mode=mode,
        protocols=protocols_of(transforms),
        transforms=transforms,
        lifetime=(_life_seconds(child), _life_kilobytes(child)),
        pfs_groups=groups,
        authentication=kinds,
        preshared_key=key,
        authority=authority,
        main_mode_offers=ike_offers(connection.get("proposals")),
        main_mode_seconds=_main_mode_seconds(connection),
    )


def _authentication(reader: _Reader, connection: Section) -> tuple[tuple[str, ...], Secret | None]:
    sides = [tuple(connection.matching(side)) for side in ("local", "remote")]
    if any(len(side) > 1 for side in sides):
        raise ValueError("several rounds of authentication are not modelled")
    rounds = [(s.get("auth", "pubkey"), s.get("id")) for side in sides for s in side]
    kinds = {kind for kind, _ in rounds}
    if kinds == {"pubkey"}:
        return ("certificate",), None
    if kinds != {"psk"}:
        raise ValueError(f"authentication by {' and '.join(sorted(kinds)) or 'nothing'} is not modelled")
    ends = ",".join((connection.get("remote_addrs"), connection.get("local_addrs")))
    names = {name for _, name in rounds if name} | {_host_or_block(name.strip()) for name in ends.split(",")}
    key = preshared_key(reader.secrets, names, anybody=connection.get("remote_addrs", "%any") in ANYBODY)
    if key is None:
        reader.assumptions.append(
            f"the preshared key of connection {connection.name} is somewhere else, and the right one"
        )
    return ("psk",), key


def _host_or_block(end: str) -> str:
    """Return a block of one address as that address, by which the peer there names itself; anything else as it is."""
    address, _, prefix = end.partition("/")
    return address if prefix == ("128" if ":" in address else "32") else end


def _authority(reader: _Reader, connection: Section) -> str | None:
    """Return the authority that the peer's certificate must come from, where it is named and not in a file."""
    named = next((s.get("ca_id") for s in connection.matching("remote")), "")
    if named:
        return canonical_name(named) if charon_reads(named) else named.casefold()
    reader.assumptions.append(f"connection {connection.name} trusts the authority that the policy names")
    return None


def _life_seconds(child: Section) -> int:
    rekey = seconds(child.get("rekey_time", _HOUR))
    return seconds(child.get("life_time")) if child.get("life_time") else rekey + rekey // 10


def _life_kilobytes(child: Section) -> int:
    rekey = count_of_bytes(child.get("rekey_bytes", "0"))
    life = count_of_bytes(child.get("life_bytes")) if child.get("life_bytes") else rekey + rekey // 10
    return life // _BYTES_PER_KILOBYTE


def _main_mode_seconds(connection: Section) -> int:
    reauth = seconds(connection.get("reauth_time", "0"))
    soft = reauth or seconds(connection.get("rekey_time", _FOUR_HOURS))
    return soft + (seconds(connection.get("over_time")) if connection.get("over_time") else soft // 10)
