"""A slow second opinion of what an emitted netsh script does with one packet: no code of the reader or of `flatten`."""

from __future__ import annotations

import ipaddress
import shlex
from collections.abc import Callable
from typing import Final

from fates import Fate, Fates
from strategies import SMALL_BASE
from windows_oracle import Universe, Wire, foremost, is_exempt, matches, on_the_wire

from ipsecmig.model.algorithms import Encryption
from ipsecmig.model.policy import (
    Action,
    ConnectionType,
    EspTransform,
    Filter,
    FilterAction,
    FilterList,
    MainMode,
    Policy,
    PolicyStore,
    QuickModeOffer,
    Rule,
)
from ipsecmig.model.selectors import ANY, ANY_PORT, ME, Address, AddressRange, Family, PortRange
from ipsecmig.model.site import Site
from ipsecmig.model.space import Direction, Packet

_UNIVERSE: Final[Universe] = (
    frozenset(
        {SMALL_BASE + i for i in range(5)} | {(SMALL_BASE + (1 << i)) % (1 << 32) for i in range(32)} | {0xE0000009}
    ),
    frozenset(range(12)) | {88, 89, 500, 1088, 40000},
)
"""Enough addresses to tell every two masks apart, and enough ports to tell one from any."""

Words = dict[str, str]


def netsh_oracle(text: str, site: Site) -> Callable[[Packet], Fates]:
    """Return what the script's policy does on the host that `site` describes."""
    store = _store(text)
    value = 3 if site.exemptions is None else site.exemptions
    actions = {a.name: a.action for a in store.filter_actions}
    rules = [r for r in store.policies[0].rules if r.active]
    negotiates = any(actions[rule.filter_action] is Action.NEGOTIATE for rule in rules)

    def fates(packet: Packet) -> Fates:
        wire = on_the_wire(packet)
        if is_exempt(wire, value, negotiates=negotiates):
            return frozenset({Fate(True, False)})
        universe = (
            _UNIVERSE[0] | {packet.local, packet.remote},
            _UNIVERSE[1] | {packet.local_port, packet.remote_port},
        )
        first = foremost(matches(store, site, wire, universe))
        return frozenset(_fate(match.action, wire) for match in first) or frozenset({Fate(True, False)})

    return fates


def _fate(action: FilterAction, wire: Wire) -> Fate:
    if action.action is not Action.NEGOTIATE:
        return Fate(action.action is Action.PERMIT, False)
    if wire.direction is Direction.OUT:
        return Fate(action.soft, True)
    let_in = wire.direction is Direction.IN and action.inbound_passthrough
    return Fate(let_in, not let_in)


def _store(text: str) -> PolicyStore:
    found: dict[str, list[Words]] = {}
    for line in text.splitlines():
        verb, _, rest = line.partition(" ")
        if verb in {"add", "set"}:
            kind, *said = shlex.split(rest)
            if kind != "store":
                pairs = (word.partition("=") for word in said)
                found.setdefault(f"{verb} {kind}", []).append({key: value for key, _, value in pairs})
    (policy,) = found["add policy"]
    assert found.get("set policy", []) in ([], [{"name": policy["name"], "assign": "yes"}])
    lists = {words["name"]: FilterList(words["name"], ()) for words in found.get("add filterlist", [])}
    for words in found.get("add filter", []):
        old = lists[words["filterlist"]]
        lists[old.name] = FilterList(old.name, (*old.filters, _filter(words)))
    actions = tuple(_action(words) for words in found.get("add filteraction", []))
    rules = tuple(_rule(words) for words in found.get("add rule", []))
    assert {r.filter_list for r in rules} <= lists.keys()
    assert {r.filter_action for r in rules} <= {a.name for a in actions}
    return PolicyStore((Policy(policy["name"], MainMode(()), rules),), tuple(lists.values()), actions)


def _filter(words: Words) -> Filter:
    protocol = {"ANY": 0, "TCP": 6, "ICMP": 1, "UDP": 17}.get(words["protocol"])
    return Filter(
        _address(words["srcaddr"], words.get("srcmask")),
        _address(words["dstaddr"], words.get("dstmask")),
        int(words["protocol"]) if protocol is None else protocol,
        _port(words.get("srcport", "0")),
        _port(words.get("dstport", "0")),
        mirrored=words["mirrored"] == "yes",
    )


def _address(name: str, mask: str | None) -> Address:
    if name.casefold() in {"me", "any"}:
        return ME if name.casefold() == "me" else ANY
    if "-" in name:
        low, high = (int(ipaddress.IPv4Address(end)) for end in name.split("-"))
        return AddressRange(Family.IPV4, low, high)
    network = ipaddress.IPv4Network(f"{name}/{mask or '255.255.255.255'}", strict=False)
    return AddressRange(Family.IPV4, int(network.network_address), int(network.broadcast_address))


def _port(number: str) -> PortRange:
    return ANY_PORT if number == "0" else PortRange(int(number), int(number))


_OFFER: Final = QuickModeOffer((EspTransform(Encryption.TRIPLE_DES, None),))


def _action(words: Words) -> FilterAction:
    action = Action(words["action"])
    return FilterAction(
        words["name"],
        action,
        (_OFFER,) if action is Action.NEGOTIATE else (),
        inbound_passthrough=words.get("inpass") == "yes",
        soft=words.get("soft") == "yes",
    )


def _rule(words: Words) -> Rule:
    kind = {"all": ConnectionType.ALL, "lan": ConnectionType.LAN, "dialup": ConnectionType.DIALUP}[words["conntype"]]
    active = words["activate"] == "yes"
    return Rule(words["name"], words["filterlist"], words["filteraction"], connection_type=kind, active=active)
