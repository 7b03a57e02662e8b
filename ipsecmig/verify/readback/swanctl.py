"""Reads swanctl.conf as charon 5.9 would: into the kernel policies that it installs, with what IKE would agree.

Only what is enforced counts: a child that is not trapped installs nothing until somebody initiates it, and until then
its traffic passes in clear. Source: swanctl.conf(5); RFC 2401 4.4 for the policies.
"""

from __future__ import annotations

import base64
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Final

from ipsecmig.diagnostics import Origin
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
from ipsecmig.verify.readback.proposals import child_offers, count_of_bytes, ike_offers, seconds
from ipsecmig.verify.readback.settings import Section, parse_settings
from ipsecmig.verify.readback.spd import SpdDirection, SpdEntry, read_spd
from ipsecmig.verify.target import ReadTarget

_SHUNTS: Final = {"pass": (Band.PASS, PASSES), "drop": (Band.DROP, DROPPED)}
_TRAPS: Final = frozenset({"trap", "trap|start", "start|trap"})
_NOT_MODELLED: Final = ("mark_in", "mark_out", "if_id_in", "if_id_out", "hw_offload", "label", "interface")
_HOUR: Final = "3600"
_FOUR_HOURS: Final = "14400"
_BYTES_PER_KILOBYTE: Final = 1000


@dataclass(slots=True)
class _Reader:
    """What has been found so far; `secrets` are the preshared keys with the identities they belong to."""

    secrets: tuple[tuple[frozenset[str], Secret], ...] = ()
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
    reader = _Reader(tuple(_secrets(root)), unknown=list(unknown))
    for connection in root.sections.get("connections", Section("", Origin(""))).sections.values():
        _read_connection(reader, connection)
    assumptions = ("charon is running and has loaded the configuration: before that no policy is installed",)
    return read_spd("strongswan", reader.entries, not_understood=tuple(reader.unknown), assumptions=assumptions)


def _secrets(root: Section) -> Iterator[tuple[frozenset[str], Secret]]:
    section = root.sections.get("secrets")
    if section is None:
        return
    for secret in section.matching("ike"):
        owners = frozenset(s.value for k, s in secret.settings.items() if re.fullmatch(r"id(-.+|\d+)?", k))
        yield owners, Secret(_decoded(secret.get("secret")))


def _decoded(text: str) -> str:
    """Return a secret that is written in hex (`0x`) or base64 (`0s`) as text, swanctl.conf(5) secrets."""
    if text.startswith("0x"):
        return bytes.fromhex(text[2:]).decode("utf-8", "surrogateescape")
    if text.startswith("0s"):
        return base64.b64decode(text[2:]).decode("utf-8", "surrogateescape")
    return text


def _read_connection(reader: _Reader, connection: Section) -> None:
    children = connection.sections.get("children")
    for child in children.sections.values() if children else ():
        if child.get("start_action", "none") not in _TRAPS or child.get("policies", "yes") == "no":
            continue
        try:
            reader.entries.extend(_child_entries(reader, connection, child))
        except ValueError as reason:
            reader.doubt(child, str(reason))


def _child_entries(reader: _Reader, connection: Section, child: Section) -> Iterator[SpdEntry]:
    for key in _NOT_MODELLED:
        if child.get(key):
            raise ValueError(f"{key} is not modelled")
    local_end, remote_end = _end(connection, "local_addrs"), _end(connection, "remote_addrs")
    mode = child.get("mode", "tunnel")
    band, effect = _SHUNTS.get(mode, (Band.PROTECT, None))
    if effect is None:
        effect = Observed(False, _protection(reader, connection, child, Mode(mode)))
    for local, remote in _pairs(child, local_end, remote_end):
        priority = int(child.get("priority", "0")) or automatic_priority(band, local, remote, interface=False)
        yield from _policies(child, local, remote, priority, effect, (local_end, remote_end))


def _end(connection: Section, key: str) -> AddressRange | None:
    return single_address(connection.get(key, "%any"))


def _pairs(
    child: Section, local_end: AddressRange | None, remote_end: AddressRange | None
) -> Iterator[tuple[TrafficSelector, TrafficSelector]]:
    """Yield the pairs of selectors; charon traps every pair, but IKEv1 negotiates the first one only."""
    locals_ = [_selector(t, local_end, child) for t in child.get("local_ts", "dynamic").split(",")]
    remotes = [_selector(t, remote_end, child) for t in child.get("remote_ts", "dynamic").split(",")]
    for local in locals_:
        for remote in remotes:
            if local.addresses.family != remote.addresses.family:
                continue
            if local.protocol != remote.protocol:
                raise ValueError("local_ts and remote_ts name different protocols")
            yield local, remote


def _selector(text: str, dynamic: AddressRange | None, child: Section) -> TrafficSelector:
    family = Family.IPV6 if ":" in child.get("local_ts") + child.get("remote_ts") else Family.IPV4
    return parse_selector(text, dynamic, family)


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
    if child.get("policies_fwd_out", "no") == "yes":
        forwarded = _box(SpdDirection.FORWARD, local, remote)
        yield SpdEntry(SpdDirection.FORWARD, forwarded, priority, PASSES, child.origin, text)


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
    if "proposals" not in connection.settings:
        raise ValueError("the connection relies on default proposals, which depend on how charon was built")
    esp, ah = child.get("esp_proposals"), child.get("ah_proposals")
    if not esp and not ah:
        raise ValueError("the child relies on default proposals, which depend on how charon was built")
    transforms, groups = child_offers(esp, ah)
    kinds, key = _authentication(reader, connection)
    return Protection(
        mode=mode,
        protocols=protocols_of(transforms),
        transforms=transforms,
        lifetime=(_life_seconds(child), _life_kilobytes(child)),
        pfs_groups=groups,
        authentication=kinds,
        preshared_key=key,
        main_mode_offers=ike_offers(connection.get("proposals")),
        main_mode_seconds=_main_mode_seconds(connection),
    )


def _authentication(reader: _Reader, connection: Section) -> tuple[tuple[str, ...], Secret | None]:
    rounds = [(s.get("auth", "pubkey"), s.get("id")) for side in ("local", "remote") for s in connection.matching(side)]
    kinds = {kind for kind, _ in rounds}
    if kinds == {"pubkey"}:
        return ("certificate",), None
    if kinds != {"psk"}:
        raise ValueError(f"authentication by {' and '.join(sorted(kinds)) or 'nothing'} is not modelled")
    names = {name for _, name in rounds if name} | {connection.get("remote_addrs"), connection.get("local_addrs")}
    fitting = [(len(owners & names), secret) for owners, secret in reader.secrets if not owners or owners & names]
    return ("psk",), max(fitting, key=lambda f: f[0])[1] if fitting else None


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
