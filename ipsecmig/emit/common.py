"""What the emitters share: headers, comments, splitting into prefixes, and the judgements that are the same for all.

Administrative attributes (name, store, group policy object, polling interval, assigned) say where a policy lives and
how Windows fetches it; they change no packet. A file that states them in its header says them exactly, and every
emitter writes that header. What IKE negotiates has no meaning where a policy negotiates nothing, so such attributes
are exact there.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

from ipsecmig.model.accounting import EXACT, Attribute, Capabilities, Judge
from ipsecmig.model.attributes import NEGOTIATED, AttributeKind
from ipsecmig.model.expansion import expand
from ipsecmig.model.policy import Action, DefaultResponseRule, FilterAction, Policy, Rule, StoreKind
from ipsecmig.model.selectors import Address, DnsName, Family, ServerAddress
from ipsecmig.model.site import Site
from ipsecmig.model.space import ALL_PORTS, WITH_PORTS, Box, Direction, Span
from ipsecmig.model.targets import EmissionRequest, Loss, LossKind, SecurityDirection
from ipsecmig.model.treatment import Block, Permit, Protect

CLOSED: Final = SecurityDirection.FAILS_CLOSED
OPEN: Final = SecurityDirection.FAILS_OPEN


def one_line(text: str, limit: int = 200) -> str:
    """Return `text` as it may stand in a comment of any target: one line, no control or format characters.

    Backslashes and quotes go too: a backslash at the end of a line continues it, even inside a comment of `ip -batch`.
    At most `limit` characters are left.
    """
    clean = "".join(_harmless(c) for c in text)
    return clean if len(clean) <= limit else clean[: limit - 1] + "…"


def _harmless(character: str) -> str:
    if character in {"\\", '"'}:
        return {"\\": "/", '"': "'"}[character]
    return character if character.isprintable() else "?"


def short_label(text: str, limit: int = 100) -> str:
    """Return `text` as it may stand between quotes in a kernel object's comment: at most `limit` bytes of ASCII."""
    return one_line(text.encode("ascii", "replace").decode("ascii"), limit + 2).replace("…", "")[:limit]


def header(request: EmissionRequest) -> Iterator[str]:
    """Yield the lines at the head of every file, without comment signs, each fit to stand in a comment.

    They are the request's own heading, then the administrative attributes, then what the file rests on.
    """
    policy = request.policy
    yield from (one_line(line, 1000) for line in request.heading)
    yield one_line(f"policy '{policy.name}', {_where(policy)}, {'assigned' if policy.assigned else 'not assigned'}")
    if policy.store.kind in {StoreKind.DOMAIN, StoreKind.CACHE}:
        yield f"a snapshot: Windows fetches the policy anew every {policy.polling_interval_seconds} s"
    elif policy.polling_interval_seconds:
        yield f"polling interval {policy.polling_interval_seconds} s"
    yield from (one_line(f"assumed: {text}", 1000) for text in request.flat.assumptions)


def _where(policy: Policy) -> str:
    domain = f" {policy.store.domain}" if policy.store.domain else ""
    gpo = f", group policy object '{policy.gpo}'" if policy.gpo else ""
    return f"{policy.store.kind.value} store{domain}{gpo}"


def prefixes(family: Family, span: Span) -> Iterator[tuple[int, int]]:
    """Yield base address and length of the fewest prefixes that together are exactly `span`, in ascending order."""
    first, last = span
    while first <= last:
        bits = min((first & -first).bit_length() - 1 if first else family.bits, (last - first + 1).bit_length() - 1)
        yield first, family.bits - bits
        first += 1 << bits


def prefix_length(family: Family, span: Span) -> int | None:
    """Return the prefix length when `span` is a CIDR block, else None."""
    first, last = span
    mask = first ^ last
    if mask & (mask + 1) or first & mask:
        return None
    return family.bits - mask.bit_length()


def with_protocol_stated(box: Box) -> Sequence[Box]:
    """Return boxes that together are `box`, where ports are limited only for a single protocol that has them.

    Packets of other protocols have port 0 at both ends; see `ipsecmig.model.space`.
    """
    low, high = box.protocol
    if box.local_port == ALL_PORTS == box.remote_port or (low == high and low in WITH_PORTS):
        return (box,)
    stated = [box._replace(protocol=(p, p)) for p in sorted(WITH_PORTS) if low <= p <= high]
    if box.local_port[0] == 0 == box.remote_port[0]:
        others = (p for p in range(low, high + 1) if p not in WITH_PORTS)
        stated += [box._replace(protocol=(p, p), local_port=ALL_PORTS, remote_port=ALL_PORTS) for p in others]
    return stated


def source_and_destination(box: Box) -> tuple[tuple[Span, Span], tuple[Span, Span]]:
    """Return address and port of the source, then of the destination, of packets in `box`."""
    local, remote = (box.local, box.local_port), (box.remote, box.remote_port)
    return (remote, local) if box.direction[0] == Direction.IN else (local, remote)


def negotiates(request: EmissionRequest) -> bool:
    """Whether IKE ever runs under the policy."""
    if request.flat.default_response is not None:
        return True
    store, policy = request.store, request.policy
    actions = (store.filter_action(rule.filter_action, policy.store) for rule in policy.rules if rule.active)
    return any(action is not None and action.action is Action.NEGOTIATE for action in actions)


def widening_opens(request: EmissionRequest, rule: Rule) -> bool:
    """Whether `rule` lets through more than the policy does where it is applied to packets that it does not mean.

    A block never does, a permit always. A protection does where the policy blocks or protects otherwise, and when it
    lets clear packets in.
    """
    mine = {f.treatment for f in request.flat.filters if f.rule is rule}
    if any(isinstance(t, Permit) or (isinstance(t, Protect) and t.accept_clear_inbound) for t in mine):
        return True
    if all(isinstance(t, Block) for t in mine):
        return False
    return any(not isinstance(f.treatment, Permit) and f.treatment not in mine for f in request.flat.filters)


def is_known(address: Address, family: Family, site: Site) -> bool:
    """Whether the addresses behind `address` are known."""
    try:
        list(expand(address, family, site))
    except LookupError:
        return False
    return True


ADMINISTRATIVE: Final[Capabilities] = dict.fromkeys(
    (
        AttributeKind.POLICY_NAME,
        AttributeKind.POLICY_STORE,
        AttributeKind.POLICY_POLLING_INTERVAL,
        AttributeKind.POLICY_ASSIGNED,
        AttributeKind.POLICY_GPO,
        AttributeKind.POLICY_CONNECTION_SECURITY,
        AttributeKind.RULE_ACTIVE,
    ),
    EXACT,
)
"""Exact wherever the header is written; an inactive rule leaves nothing behind, as in Windows.

What connection security rules do not apply to is not among the flat policy's boxes, from which targets are written.
"""


def address_judge(target: str) -> Judge:
    """Return the judge of a filter's address for a target that needs plain addresses."""

    def judge(attribute: Attribute, request: EmissionRequest) -> Loss | None:
        address = attribute.value
        if not isinstance(address, ServerAddress | DnsName):
            return None
        permits = attribute.action is not None and attribute.action.action is Action.PERMIT
        direction = CLOSED if permits else OPEN
        if not any(is_known(address, family, request.flat.site) for family in Family):
            return attribute.loss(
                target,
                LossKind.NEEDS_HUMAN,
                direction,
                "the addresses behind it are not known, so the filter is left out",
                "name them in the site inventory (--site) and convert again",
            )
        if isinstance(address, ServerAddress):
            return attribute.loss(
                target,
                LossKind.NARROWED,
                direction,
                "Windows follows the servers that the host is configured with; the file holds those of the inventory",
                "convert again when these servers change",
            )
        return None

    return judge


def key_management(target: str, reason: str, advice: str) -> Capabilities:
    """Return the judges of everything that IKE negotiates, for a target that has no part in it.

    The target drops what no security association protects, so each of these fails closed. `reason` and `advice` stand
    in the losses.
    """

    def judge(attribute: Attribute, request: EmissionRequest) -> Loss | None:
        if not _is_negotiated(attribute, request):
            return None
        return attribute.loss(target, LossKind.DROPPED, CLOSED, reason, advice)

    return {**dict.fromkeys(NEGOTIATED, judge), AttributeKind.ACTION_SOFT: soft_judge(target)}


def _is_negotiated(attribute: Attribute, request: EmissionRequest) -> bool:
    """Whether the attribute has any effect: its rule or action negotiates, or for the policy's own, anything does."""
    if attribute.rule is not None:
        action = request.store.filter_action(attribute.rule.filter_action, request.policy.store)
        return action is not None and action.action is Action.NEGOTIATE
    subject = attribute.subject
    if isinstance(subject, FilterAction):
        return subject.action is Action.NEGOTIATE
    if isinstance(subject, DefaultResponseRule):
        return subject.active and request.flat.site.traits.default_response
    return negotiates(request)


def soft_judge(target: str) -> Judge:
    """Return the judge of `soft` for a target that cannot let traffic go clear when the peer is silent."""

    def judge(attribute: Attribute, request: EmissionRequest) -> Loss | None:
        if not attribute.value or not _is_negotiated(attribute, request):
            return None
        return attribute.loss(
            target,
            LossKind.NARROWED,
            CLOSED,
            "nothing here knows whether a peer answers IKE, so traffic never falls back to clear text",
            "add a permit filter for the peers that do not speak IPsec",
        )

    return judge
