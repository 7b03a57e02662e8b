"""The nftables ruleset: what it consists of and what it cannot say.

Stateless, as Windows' driver is: no conntrack. A region that must be protected ends in a guard, which lets through
only what arrived under an SA (`meta ipsec`) or leaves under one (`rt ipsec`); without a running IKE daemon that is
nothing, so the ruleset fails closed. Source: nft(8); for the order of decision see `ipsecmig.model.flatten`.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import product
from typing import Final

from ipsecmig.emit.common import (
    ADMINISTRATIVE,
    CLOSED,
    address_judge,
    header,
    key_management,
    with_protocol_stated,
)
from ipsecmig.emit.nftables.tables import Selection, Table, arrange
from ipsecmig.emit.nftables.text import (
    conditions,
    indent,
    joined_sections,
    lookup,
    map_lines,
    map_name,
    single_rule,
)
from ipsecmig.model.accounting import EXACT, Attribute, Capabilities, account, always_exact
from ipsecmig.model.attributes import AttributeKind
from ipsecmig.model.collector import collector_paused
from ipsecmig.model.exemptions import Exemption
from ipsecmig.model.flatten import FlatPolicy
from ipsecmig.model.selectors import Family
from ipsecmig.model.space import ALL_PORTS, Box, Direction
from ipsecmig.model.targets import Emission, EmissionRequest, Loss, LossKind, OutputFile, Target
from ipsecmig.model.treatment import Block, Permit, Protect, TunnelSense

NAME: Final = "nftables"
TABLE: Final = "ipsecmig"

_HOOKS: Final = {Direction.IN: "input", Direction.OUT: "output", Direction.FORWARD: "forward"}
_GUARDS: Final = {
    "arrived_protected": (
        "# only what arrived under an SA passes; clear packets are dropped",
        "meta ipsec exists accept",
        "drop",
    ),
    "arrived_protected_or_clear": (
        "# inbound pass-through: the policy accepts clear packets here and protects the answers",
        "accept",
    ),
    "leaves_protected": (
        "# only what leaves under an SA passes; clear packets are dropped",
        "rt ipsec exists accept",
        "drop",
    ),
}


def guard(treatment: Protect, direction: Direction) -> str:
    """Return the chain that lets through what `treatment` wants in `direction`.

    A forwarded packet is judged where the policy protects it: as it leaves, or, unwrapped from a tunnel, as it came.
    """
    unwraps = treatment.tunnel is not None and treatment.tunnel.sense is TunnelSense.DECAPSULATE
    if direction is Direction.OUT or (direction is Direction.FORWARD and not unwraps):
        return "leaves_protected"
    return "arrived_protected_or_clear" if treatment.accept_clear_inbound else "arrived_protected"


def verdict(treatment: Permit | Block | Protect, direction: Direction) -> str:
    """Return the verdict for packets that meet `treatment`."""
    if isinstance(treatment, Protect):
        return f"goto {guard(treatment, direction)}"
    return "accept" if isinstance(treatment, Permit) else "drop"


_ORDER: Final = (Direction.IN, Direction.OUT, Direction.FORWARD)

_Section = tuple[Direction, Family]


def _chain_name(section: _Section) -> str:
    direction, family = section
    return f"{_HOOKS[direction]}_ipv{family.value}"


@dataclass(slots=True)
class _Ruleset:
    """The parts of the table as they are found: the lines of each section's chain, and the maps they look into.

    `names` finds a map with the same contents again, as mirrored filters make input and output look into one map;
    `users` are the chains that look into each map.
    """

    chains: dict[_Section, list[str]] = field(default_factory=dict)
    maps: dict[str, Table] = field(default_factory=dict)
    users: dict[str, list[str]] = field(default_factory=dict)
    names: dict[tuple[object, ...], str] = field(default_factory=dict)
    guards: set[str] = field(default_factory=set)

    def rule(self, table: Table, section: _Section) -> str:
        """Return the rule by which the chain of `section` decides with `table`."""
        self.guards |= {entry.verdict.removeprefix("goto ") for entry in table.entries.values()} & set(_GUARDS)
        if len(table.entries) == 1:
            return single_rule(table, section[0])
        name = self._name_of(table)
        users = self.users.setdefault(name, [])
        if _chain_name(section) not in users:
            users.append(_chain_name(section))
        return lookup(name, table, section[0])

    def _name_of(self, table: Table) -> str:
        contents = (table.family, table.shape[1:], frozenset(table.entries.items()))
        name = self.names.get(contents)
        if name is None:
            wanted = name = map_name(table)
            number = 1
            while name in self.maps:
                number += 1
                name = f"{wanted}_{number}"
            self.names[contents] = name
            self.maps[name] = table
        return name


def _selections(flat: FlatPolicy) -> dict[tuple[int, int], list[Selection]]:
    """Return what decides in each direction and IP version, in order."""
    found: dict[tuple[int, int], list[Selection]] = {section: [] for section in product(Direction, Family)}
    verdicts_of: dict[int, list[str]] = {}
    for specific in flat.filters:
        label = f'filter list "{specific.filter_list.name}", rule "{specific.rule.name}"'
        verdicts = verdicts_of.get(id(specific.treatment))
        if verdicts is None:
            verdicts = [verdict(specific.treatment, direction) for direction in Direction]
            verdicts_of[id(specific.treatment)] = verdicts
        for box in specific.boxes:
            direction = box.direction[0]
            section = found[direction, box.family[0]]
            for part in with_protocol_stated(box):
                section.append(Selection(specific.weight, verdicts[direction], part, label))
    return found


def _ruleset(flat: FlatPolicy) -> _Ruleset:
    ruleset = _Ruleset()
    selections = _selections(flat)
    exempt = {(Direction(b.direction[0]), Family(b.family[0])) for e in flat.exemptions for b in e.boxes}
    for section in product(_ORDER, Family):
        chosen = selections[section]
        if not chosen and section not in exempt:
            continue
        lines = ruleset.chains[section] = list(_exemption_rules(flat, section))
        if chosen:
            lines += ["", "# the policy's filters, most specific first; what none of them selects passes"]
        lines += [ruleset.rule(table, section) for table in arrange(section[1], chosen)]
    return ruleset


def _exemption_rules(flat: FlatPolicy, section: _Section) -> Iterator[str]:
    yield f"# default exemptions (NoDefaultExempt = {flat.exemption_value})"
    for exemption in flat.exemptions:
        boxes = [b for b in exemption.boxes if (b.direction[0], b.family[0]) == section]
        yield from _exemption(exemption, boxes, section)


def _exemption(exemption: Exemption, boxes: list[Box], section: _Section) -> Iterator[str]:
    direction, family = section
    for condition in conditions(boxes):
        yield f'{condition.text(family, direction)}accept comment "exempt: {exemption.name}"'
    if boxes and exemption.name == "broadcast":
        # the kernel knows the directed broadcast addresses of its own networks
        yield f'fib daddr type broadcast accept comment "exempt: {exemption.name}"'


def _base_chain(ruleset: _Ruleset, direction: Direction) -> list[str]:
    hook = _HOOKS[direction]
    families = (family for family in Family if (direction, family) in ruleset.chains)
    return [
        f"chain {hook} {{",
        f"    type filter hook {hook} priority filter; policy accept;",
        *_LOOPBACK[direction],
        *(f"    meta nfproto ipv{family.value} goto {_chain_name((direction, family))}" for family in families),
        "}",
    ]


_LOOPBACK: Final = {
    Direction.IN: ('    iif "lo" accept',),
    Direction.OUT: ('    oif "lo" accept',),
    Direction.FORWARD: (),
}


def _chain(name: str, lines: list[str] | tuple[str, ...]) -> list[str]:
    return [f"chain {name} {{", *indent(lines), "}"]


def _table_sections(ruleset: _Ruleset) -> Iterator[list[str]]:
    """Yield maps, guards and chains, each as its lines; what is jumped to stands before what jumps."""
    for name in _GUARDS:
        if name in ruleset.guards:
            yield _chain(name, _GUARDS[name])
    for name, table in ruleset.maps.items():
        count = len(table.entries)
        yield [f"# {count} entries, looked up in {' and '.join(ruleset.users[name])}", *map_lines(name, table)]
    for section, lines in ruleset.chains.items():
        yield _chain(_chain_name(section), lines)
    for direction in _ORDER:
        if any(d is direction for d, _ in ruleset.chains):
            yield _base_chain(ruleset, direction)


def _comments(request: EmissionRequest, *lines: str) -> list[str]:
    return ["#!/usr/sbin/nft -f", *(f"# {line}" for line in (*header(request), *lines))]


def _file(request: EmissionRequest, ruleset: _Ruleset) -> bytes:
    head = _comments(request, "load with: nft -f ipsecmig.nft (all of it or nothing, as often as wanted)")
    body = joined_sections(_table_sections(ruleset))
    lines = [
        *head,
        "",
        f"table inet {TABLE}",
        f"delete table inet {TABLE}",
        "",
        f"table inet {TABLE} {{",
        *indent(body),
        "}",
        "",
    ]
    return "\n".join(lines).encode()


def _rollback(request: EmissionRequest) -> bytes:
    head = _comments(request, "takes the ruleset away again: nft -f ipsecmig-rollback.nft (as often as wanted)")
    return "\n".join([*head, "", f"table inet {TABLE}", f"delete table inet {TABLE}", ""]).encode()


def _judge_tunnel(attribute: Attribute, request: EmissionRequest) -> Loss:
    return attribute.loss(
        NAME,
        LossKind.DROPPED,
        CLOSED,
        "the guard asks whether a packet is protected, not through which tunnel",
        "convert to strongswan as well, which sets the tunnel up",
    )


CAPABILITIES: Final[Capabilities] = {
    **ADMINISTRATIVE,
    **key_management(
        NAME,
        "a packet filter negotiates nothing; it only drops what no security association protects",
        "convert to strongswan as well (--to nftables,strongswan): charon negotiates the associations",
    ),
    AttributeKind.RULE_TUNNEL: _judge_tunnel,
    AttributeKind.RULE_CONNECTION_TYPE: EXACT,
    AttributeKind.ACTION_ACTION: EXACT,
    AttributeKind.ACTION_INBOUND_PASSTHROUGH: EXACT,
    AttributeKind.FILTER_SOURCE: address_judge(NAME),
    AttributeKind.FILTER_DESTINATION: address_judge(NAME),
    AttributeKind.FILTER_PROTOCOL: EXACT,
    AttributeKind.FILTER_SOURCE_PORT: EXACT,
    AttributeKind.FILTER_DESTINATION_PORT: EXACT,
    AttributeKind.FILTER_MIRRORED: EXACT,
}
"""What nftables can express, by kind of attribute."""


def _notes(request: EmissionRequest, ruleset: _Ruleset) -> Iterator[str]:
    if ruleset.guards & {"arrived_protected", "leaves_protected"}:
        yield "protected regions stay closed until an IKE daemon has set up security associations"
    boxes = [b for f in request.flat.filters for b in f.boxes if b.direction[0] == Direction.FORWARD]
    if any(b.local_port != ALL_PORTS or b.remote_port != ALL_PORTS for b in boxes):
        yield "later fragments of forwarded packets carry no ports: filters with ports do not select them"


def emit(request: EmissionRequest) -> Emission:
    """Return the ruleset and its rollback for the policy of `request`, and what they cannot say."""
    with collector_paused():
        ruleset = _ruleset(request.flat)
        losses, exact = account(request, CAPABILITIES)
        files = (
            OutputFile("ipsecmig.nft", _file(request, ruleset)),
            OutputFile("ipsecmig-rollback.nft", _rollback(request)),
        )
        return Emission(NAME, files, losses, exact, tuple(_notes(request, ruleset)))


TARGET: Final = Target(
    NAME,
    "nftables ruleset",
    emit,
    {
        "ipsecmig.nft": "the ruleset: nft -f ipsecmig.nft",
        "ipsecmig-rollback.nft": "takes it away again: nft -f ipsecmig-rollback.nft",
    },
    always_exact(CAPABILITIES),
)
