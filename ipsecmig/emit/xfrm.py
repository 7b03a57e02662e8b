"""The kernel's own IPsec policies, as a batch for ip(8). Source: ip-xfrm(8); RFC 2401 4.4.1 for the SPD.

In each direction the policy with the lowest priority number decides; specificity means nothing to the kernel, so every
policy states its rank. `out` policies are also asked for packets that the host forwards, after `fwd`. What a selector
cannot say is closed: a permit is left out (what decides then is never more open than a permit), a block is applied to
more, and a protection becomes a block.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from itertools import product
from typing import Final, NamedTuple

from ipsecmig.emit.common import (
    ADMINISTRATIVE,
    CLOSED,
    OPEN,
    address_judge,
    header,
    key_management,
    one_line,
    prefixes,
    source_and_destination,
    with_protocol_stated,
)
from ipsecmig.model.accounting import EXACT, Attribute, Capabilities, account
from ipsecmig.model.attributes import AttributeKind
from ipsecmig.model.flatten import FlatPolicy
from ipsecmig.model.policy import Action, AhTransform, ConnectionType, EspTransform, Filter, FilterAction
from ipsecmig.model.selectors import AddressRange, DnsName, Family, PortRange, format_address
from ipsecmig.model.space import ALL_PORTS, ALL_PROTOCOLS, WITH_PORTS, Box, Direction, Link, Span
from ipsecmig.model.targets import Emission, EmissionRequest, Loss, LossKind, OutputFile, Target
from ipsecmig.model.treatment import BLOCK, PERMIT, Block, Permit, Protect, TunnelSense

NAME: Final = "xfrm"

FIRST_PRIORITY: Final = 1000
STEP: Final = 10
"""Filters get `FIRST_PRIORITY + STEP * rank`, default exemptions multiples of `STEP` below."""

PORT_LIMIT: Final = 1024
"""Pairs of single ports that one filter may become; ip(8) has neither port ranges nor port masks."""

_NAMES: Final = {1: "icmp", 6: "tcp", 17: "udp"}
_UDP_LITE: Final = 136
"""Has ports, but ip(8) takes none for it."""

ADVICE: Final = "an SA must come from a key manager: convert to strongswan as well (--to xfrm,strongswan)"


class KernelPolicy(NamedTuple):
    """One policy of the kernel; `selector` and `direction` are its identity, `label` says where it comes from."""

    selector: str
    direction: str
    priority: int
    action: str
    label: str


@dataclass(slots=True)
class _Database:
    """The policies, at most one for each selector and direction: the first, as it has the better priority."""

    policies: dict[tuple[str, str], KernelPolicy] = field(default_factory=dict)

    def add(self, box: Box, effect: _Effect, priority: int, label: str) -> None:
        """Add what packets in `box` meet, in the kernel's own directions."""
        for part in with_protocol_stated(box):
            part, sayable = _without_unsayable_ports(part)
            if not sayable and effect.treatment == PERMIT:
                continue
            actions = (effect if sayable else _BLOCKED).actions(Direction(part.direction[0]))
            for selector in selectors(part):
                for direction, action in actions:
                    key = (selector, direction)
                    if key not in self.policies:
                        self.policies[key] = KernelPolicy(selector, direction, priority, action, label)


@dataclass(frozen=True, slots=True)
class _Effect:
    """A treatment with the number by which its associations are found."""

    treatment: Permit | Block | Protect
    reqid: int = 0

    def actions(self, direction: Direction) -> list[tuple[str, str]]:
        """Return the kernel's directions with what happens in each, for packets that meet the host in `direction`."""
        treatment = self.treatment
        if not isinstance(treatment, Protect):
            action = f"action {'allow' if isinstance(treatment, Permit) else 'block'}"
            return [(name, action) for name in _CHECKS[direction]]
        sense = treatment.tunnel.sense if treatment.tunnel else None
        found = []
        for name in _CHECKS[direction]:
            passes_by = TunnelSense.DECAPSULATE if name == "out" else TunnelSense.ENCAPSULATE
            if direction is Direction.FORWARD and sense is passes_by:
                found.append((name, "action allow"))
            else:
                found.append((name, _templates(treatment, self.reqid, outbound=name == "out")))
        return found


_CHECKS: Final = {Direction.OUT: ("out",), Direction.IN: ("in",), Direction.FORWARD: ("fwd", "out")}
_BLOCKED: Final = _Effect(BLOCK)


def _templates(protect: Protect, reqid: int, *, outbound: bool) -> str:
    """Return the templates, the innermost first; the first offer says whether ESP, AH or both."""
    level = "use" if protect.accept_clear_inbound and not outbound else "required"
    ends, mode = "", "transport"
    if protect.tunnel is not None:
        local, remote = (_end(end) for end in (protect.tunnel.local, protect.tunnel.remote))
        ends, mode = (f"src {local} dst {remote} " if outbound else f"src {remote} dst {local} "), "tunnel"
    words = []
    for kind in security_protocols(protect):
        words.append(f"tmpl {ends}proto {kind} reqid {reqid} mode {mode} level {level}")
        ends, mode = "", "transport"
    return " ".join(words)


def _end(end: AddressRange | None) -> str:
    """Return the outer address; an unknown one of our own is chosen by the kernel."""
    return "0.0.0.0" if end is None else format_address(end.family, end.first)  # noqa: S104 (ip's word for any)


def security_protocols(protect: Protect) -> tuple[str, ...]:
    """Return `esp`, `ah` or both as the first offer asks, the innermost header first."""
    kinds = _kinds(protect.offers[0].transforms) if protect.offers else frozenset({"esp"})
    return tuple(kind for kind in ("esp", "ah") if kind in kinds)


def _kinds(transforms: Iterable[EspTransform | AhTransform]) -> frozenset[str]:
    return frozenset("ah" if isinstance(t, AhTransform) else "esp" for t in transforms)


def ports_are_sayable(protocol: int, one: Span, other: Span) -> bool:
    """Whether ports of a packet can be selected by few single ports; 0 means any protocol, port 0 any port to ip(8)."""
    if one == ALL_PORTS == other:
        return True
    limited = [span for span in (one, other) if span != ALL_PORTS]
    pairs = 1
    for low, high in limited:
        pairs *= high - low + 1
    return protocol in WITH_PORTS - {_UDP_LITE} and all(low > 0 for low, _ in limited) and pairs <= PORT_LIMIT


def _without_unsayable_ports(box: Box) -> tuple[Box, bool]:
    """Return `box` as a selector can say it, and whether that is all of it."""
    if ports_are_sayable(box.protocol[0], box.local_port, box.remote_port):
        return box, True
    return box._replace(local_port=ALL_PORTS, remote_port=ALL_PORTS), False


def selectors(box: Box) -> Iterator[str]:
    """Yield the selectors, in ip(8)'s words, that together are `box`."""
    family = Family(box.family[0])
    (source, source_port), (destination, destination_port) = source_and_destination(box)
    protocol = "" if box.protocol == ALL_PROTOCOLS else _protocol(box.protocol[0])
    upper = [
        f"{protocol}{sport}{dport}"
        for sport, dport in product(_ports("sport", source_port), _ports("dport", destination_port))
    ]
    for low, high in product(_addresses(family, source), _addresses(family, destination)):
        for words in upper:
            yield f"src {low} dst {high}{words}"


def _addresses(family: Family, span: Span) -> list[str]:
    return [f"{format_address(family, base)}/{length}" for base, length in prefixes(family, span)]


def _protocol(protocol: int) -> str:
    return f" proto {_NAMES.get(protocol, protocol)}"


def _ports(word: str, span: Span) -> list[str]:
    return [""] if span == ALL_PORTS else [f" {word} {port}" for port in range(span[0], span[1] + 1)]


def _database(flat: FlatPolicy) -> _Database:
    database = _Database()
    for number, exemption in enumerate(flat.exemptions, 1):
        for box in exemption.boxes:
            database.add(box, _Effect(PERMIT), STEP * number, f"default exemption: {exemption.name}")
    effects = _effects(flat)
    for rank, specific in enumerate(flat.filters):
        effect = effects[id(specific.treatment)]
        label = f"filter list '{specific.filter_list.name}', rule '{specific.rule.name}'"
        for box in specific.boxes:
            if box.link != (Link.DIALUP, Link.DIALUP) or specific.treatment != PERMIT:
                database.add(box, effect, FIRST_PRIORITY + STEP * rank, label)
    return database


def _effects(flat: FlatPolicy) -> dict[int, _Effect]:
    """Return the effect of each treatment, by its `id`.

    Distinct protections are numbered from 1 in the order of decision; the two halves of a tunnel are one.
    """
    found: dict[int, _Effect] = {}
    reqids: dict[Protect, int] = {}
    for treatment in (specific.treatment for specific in flat.filters):
        if id(treatment) in found:
            continue
        if not isinstance(treatment, Protect):
            found[id(treatment)] = _Effect(treatment)
        elif _has_no_peer(treatment):
            found[id(treatment)] = _BLOCKED
        else:
            reqid = reqids.setdefault(_both_ways(treatment), len(reqids) + 1)
            found[id(treatment)] = _Effect(treatment, reqid)
    return found


def _has_no_peer(treatment: Permit | Block | Protect) -> bool:
    """Whether it is a tunnel whose far end is not known."""
    return isinstance(treatment, Protect) and treatment.tunnel is not None and treatment.tunnel.remote is None


def _both_ways(protect: Protect) -> Protect:
    if protect.tunnel is None:
        return protect
    return replace(protect, tunnel=replace(protect.tunnel, sense=TunnelSense.ENCAPSULATE))


_SECTIONS: Final = (
    ("blocked", "action block"),
    ("protected: without an SA nothing goes out, and in only where the level is 'use'", "tmpl "),
    ("permitted", "action allow"),
)
"""What closes comes first: a load that breaks off has opened nothing. Order in the file decides nothing else."""


def _batch(request: EmissionRequest, policies: list[KernelPolicy]) -> bytes:
    lines = [
        *_head(request),
        "# load into a host without XFRM policies of its own: ip -batch ipsecmig-xfrm.batch",
        "# a lower priority number decides first; the order of the lines does not matter",
    ]
    for title, start in _SECTIONS:
        section = [policy for policy in policies if policy.action.startswith(start)]
        lines += ["", f"# {title}"] if section else []
        label = ""
        for policy in section:
            if policy.label != label:
                label = policy.label
                lines.append(f"#   {one_line(label)}")
            words = f"{policy.selector} dir {policy.direction} priority {policy.priority} {policy.action}"
            lines.append(f"xfrm policy add {words}")
    return "\n".join([*lines, ""]).encode()


def _rollback(request: EmissionRequest, policies: list[KernelPolicy]) -> bytes:
    lines = [
        *_head(request),
        "# takes the policies of ipsecmig-xfrm.batch away again: ip -batch ipsecmig-xfrm-rollback.batch",
        "# after a load that broke off: ip -force -batch ipsecmig-xfrm-rollback.batch",
        *(f"xfrm policy delete {policy.selector} dir {policy.direction}" for policy in policies),
    ]
    return "\n".join([*lines, ""]).encode()


def _head(request: EmissionRequest) -> list[str]:
    return [f"# {line}" for line in header(request)]


def _judge_connection_type(attribute: Attribute, request: EmissionRequest) -> Loss | None:
    rule = attribute.rule
    if attribute.value is ConnectionType.ALL or rule is None:
        return None
    action = request.store.filter_action(rule.filter_action, request.policy.store)
    does = action.action if action is not None else Action.BLOCK
    reason, advice = "a selector names one device, not a kind", "use the nftables target, which tells PPP from the rest"
    if does is Action.PERMIT and attribute.value is ConnectionType.DIALUP:
        reason += ", so the permit is left out"
        return attribute.loss(NAME, LossKind.NARROWED, CLOSED, reason, advice)
    blocks = any(isinstance(f.treatment, Block) for f in request.flat.filters)
    opens = does is Action.PERMIT or (does is Action.NEGOTIATE and blocks)
    reason += ", so the rule applies to every device"
    return attribute.loss(NAME, LossKind.WIDENED, OPEN if opens else CLOSED, reason, advice)


def _judge_tunnel(attribute: Attribute, request: EmissionRequest) -> Loss | None:
    endpoint, site = attribute.value, request.flat.site
    unknown = isinstance(endpoint, DnsName) and not site.names.get(endpoint.name.casefold(), endpoint.resolved)
    if not unknown and not any(f.rule is attribute.rule and _has_no_peer(f.treatment) for f in request.flat.filters):
        return None
    reason = "the outer address of the peer is not known, so the traffic is blocked"
    return attribute.loss(NAME, LossKind.NEEDS_HUMAN, CLOSED, reason, "name the address in the site inventory (--site)")


def _judge_ports(attribute: Attribute, request: EmissionRequest) -> Loss | None:
    filter_, ports = attribute.subject, attribute.value
    if not isinstance(filter_, Filter) or not isinstance(ports, PortRange):
        return None
    spans = [(p.first, p.last) for p in (filter_.source_port, filter_.destination_port)]
    if ports.is_any or ports_are_sayable(filter_.protocol, spans[0], spans[1]):
        return None
    if ports_are_sayable(filter_.protocol, (ports.first, ports.last), ALL_PORTS) and ports.first == ports.last:
        return None
    permits = attribute.action is not None and attribute.action.action is Action.PERMIT
    does = "the filter is left out" if permits else "all ports of the protocol between these addresses are blocked"
    reason = f"a selector has single ports only, and more than {PORT_LIMIT} of them (or port 0) are too many: {does}"
    return attribute.loss(NAME, LossKind.NEEDS_HUMAN, CLOSED, reason, "use the nftables target, which has port ranges")


def _judge_offers(attribute: Attribute, request: EmissionRequest) -> Loss | None:
    action = attribute.subject
    if not isinstance(action, FilterAction) or action.action is not Action.NEGOTIATE:
        return None
    if len({_kinds(offer.transforms) for offer in action.offers}) > 1:
        reason = "a template asks for one combination of ESP and AH: that of the first offer; the key manager has none"
        return attribute.loss(NAME, LossKind.NARROWED, CLOSED, reason, ADVICE)
    return attribute.loss(NAME, LossKind.DROPPED, CLOSED, "a policy of the kernel names no algorithms", ADVICE)


CAPABILITIES: Final[Capabilities] = {
    **ADMINISTRATIVE,
    **key_management(NAME, "a policy of the kernel asks for associations but does not negotiate them", ADVICE),
    AttributeKind.ACTION_OFFERS: _judge_offers,
    AttributeKind.RULE_TUNNEL: _judge_tunnel,
    AttributeKind.RULE_CONNECTION_TYPE: _judge_connection_type,
    AttributeKind.ACTION_ACTION: EXACT,
    AttributeKind.ACTION_INBOUND_PASSTHROUGH: EXACT,
    AttributeKind.FILTER_SOURCE: address_judge(NAME),
    AttributeKind.FILTER_DESTINATION: address_judge(NAME),
    AttributeKind.FILTER_PROTOCOL: EXACT,
    AttributeKind.FILTER_SOURCE_PORT: _judge_ports,
    AttributeKind.FILTER_DESTINATION_PORT: _judge_ports,
    AttributeKind.FILTER_MIRRORED: EXACT,
}
"""What the kernel's policies can express, by kind of attribute."""


def _notes(flat: FlatPolicy) -> Iterator[str]:
    if not flat.site.addresses and any(f.source.me for f in flat.filters):
        yield "this host's addresses are not known, so policies for what it sends also meet what it forwards"
    if any(isinstance(f.treatment, Protect) for f in flat.filters):
        yield "protected regions stay closed until a key manager has set up associations with the templates' reqid"


def emit(request: EmissionRequest) -> Emission:
    """Return the batch that adds the policies and the one that deletes them, and what they cannot say."""
    policies = list(_database(request.flat).policies.values())
    losses, exact = account(request, CAPABILITIES)
    files = (
        OutputFile("ipsecmig-xfrm.batch", _batch(request, policies)),
        OutputFile("ipsecmig-xfrm-rollback.batch", _rollback(request, policies)),
    )
    return Emission(NAME, files, losses, exact, tuple(_notes(request.flat)))


TARGET: Final = Target(
    NAME,
    "Linux kernel policies (ip xfrm)",
    emit,
    {
        "ipsecmig-xfrm.batch": "adds the policies: ip -batch ipsecmig-xfrm.batch",
        "ipsecmig-xfrm-rollback.batch": "deletes them again: ip -batch ipsecmig-xfrm-rollback.batch",
    },
)
