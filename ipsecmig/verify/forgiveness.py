"""What a comparison forgives because the conversion already reported it: losses, turned into data.

A loss about a parameter of protection silences that parameter; one about which packets are meant gives slack to
those packets: to close in any case, to open where the loss says that it fails open. A bundle is forgiven what one of
its targets reports, a closing deviation or a weaker protection; that packets pass only when all of them report it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from operator import or_

from ipsecmig.model.attributes import SELECTION, AttributeKind
from ipsecmig.model.decision import DecisionMap
from ipsecmig.model.exemptions import ESP_AND_AH, to_groups
from ipsecmig.model.flatten import FlatPolicy, SpecificFilter
from ipsecmig.model.policy import FilterAction
from ipsecmig.model.space import ALL_LINKS, Box, Direction
from ipsecmig.model.targets import Loss, LossKind, SecurityDirection
from ipsecmig.model.treatment import Protect, Treatment
from ipsecmig.verify.observed import Observed, Slack

_PARAMETERS: dict[AttributeKind, tuple[str, ...]] = {
    AttributeKind.MAIN_MODE_OFFERS: ("main_mode_offers", "pfs_groups"),
    AttributeKind.MAIN_MODE_LIFETIME: ("main_mode_seconds",),
    AttributeKind.MAIN_MODE_PFS: ("main_mode_pfs",),
    AttributeKind.MAIN_MODE_QUICK_MODE_LIMIT: ("quick_mode_limit",),
    AttributeKind.RULE_AUTHENTICATION: ("authentication", "preshared_key", "authority"),
    AttributeKind.ACTION_OFFERS: ("protocols", "transforms", "lifetime", "offer_lifetimes"),
    AttributeKind.ACTION_LIFETIMES: ("lifetime", "offer_lifetimes"),
    AttributeKind.ACTION_PFS: ("pfs_groups",),
}
"""The fields of `Protection` that an attribute decides."""

_PACKETS = SELECTION | {
    AttributeKind.RULE_CONNECTION_TYPE,
    AttributeKind.RULE_TUNNEL,
    AttributeKind.ACTION_ACTION,
    AttributeKind.ACTION_SOFT,
    AttributeKind.ACTION_INBOUND_PASSTHROUGH,
}
"""The attributes that decide which packets are meant, or whether they may go in clear."""

_GONE = frozenset({LossKind.DROPPED, LossKind.NEEDS_HUMAN})
"""The losses after which a filter may not be there at all."""


@dataclass(frozen=True, slots=True)
class Forgiveness:
    """`silent` are the parameters not compared, by treatment; `slack` tells where a target may do otherwise."""

    silent: dict[Protect, frozenset[str]]
    slack: DecisionMap[Slack]

    def soften(self, treatment: Treatment, observed: Observed) -> Observed:
        """Return `observed` without the parameters that are not compared."""
        if not isinstance(treatment, Protect) or observed.protection is None or treatment not in self.silent:
            return observed
        blank = dict.fromkeys(self.silent[treatment], None)
        return replace(observed, protection=replace(observed.protection, **blank))


def forgiveness(flat: FlatPolicy, losses_by_target: Sequence[Sequence[Loss]]) -> Forgiveness:
    """Return what the losses of a bundle's targets excuse; without targets nothing."""
    silent: dict[Protect, frozenset[str]] = {}
    closing: list[Box] = []
    opening: list[set[Box]] = []
    concerned = _Concerned(flat)
    for number, losses in enumerate(losses_by_target):
        found = _silenced(concerned, losses)
        silent = found if number == 0 else {t: silent[t] & names for t, names in found.items() if t in silent}
        closing.extend(_regions(concerned, losses))
        opening.append(set(_regions(concerned, (x for x in losses if x.direction is SecurityDirection.FAILS_OPEN))))
    slack = _where(closing, Slack.CLOSES)
    if any(opening):
        weakening = _where(sorted(set.union(*opening)), Slack.WEAKENS)
        slack = slack.combine(weakening, or_).combine(_where(sorted(set.intersection(*opening)), Slack.OPENS), or_)
    return Forgiveness(silent, slack)


def _where(boxes: Iterable[Box], slack: Slack) -> DecisionMap[Slack]:
    return DecisionMap.from_layers(((box, slack) for box in boxes), default=Slack.NONE)


def _silenced(concerned: _Concerned, losses: Iterable[Loss]) -> dict[Protect, frozenset[str]]:
    silent: dict[Protect, frozenset[str]] = {}
    for loss in losses:
        names = frozenset(_PARAMETERS.get(loss.about, ())) if loss.about is not None else frozenset()
        if names:
            for specific in concerned.by(loss):
                if isinstance(specific.treatment, Protect):
                    silent[specific.treatment] = silent.get(specific.treatment, frozenset()) | names
    return silent


def _regions(concerned: _Concerned, losses: Iterable[Loss]) -> Iterator[Box]:
    """Yield the packets that the losses speak of, and their answers: a target may tie the two together."""
    gone: set[int] = set()
    for loss in losses:
        if loss.about in _PACKETS or (loss.about is AttributeKind.RULE_ACTIVE and loss.kind in _GONE):
            for specific in concerned.by(loss):
                if loss.kind in _GONE:
                    gone.add(id(specific))
                for box in specific.boxes:
                    if loss.along is not None and box.direction[0] != loss.along:
                        continue
                    meant = box._replace(link=ALL_LINKS) if loss.about is AttributeKind.RULE_CONNECTION_TYPE else box
                    yield meant
                    yield _answers(meant)
                    yield from _forwarded_to_groups(meant)
    protecting = {id(f) for f in concerned.flat.filters if isinstance(f.treatment, Protect)}
    if protecting and protecting <= gone:
        yield from _exempt_with_ike(concerned.flat)


def _exempt_with_ike(flat: FlatPolicy) -> Iterator[Box]:
    """Yield what is exempt only where something is negotiated: without any filter that protects, ESP and AH are not."""
    for exemption in flat.exemptions:
        if exemption.name == ESP_AND_AH:
            yield from exemption.boxes


def _answers(box: Box) -> Box:
    if box.direction[0] == Direction.FORWARD:
        return box._replace(local=box.remote, remote=box.local, local_port=box.remote_port, remote_port=box.local_port)
    other = Direction.IN if box.direction[0] == Direction.OUT else Direction.OUT
    return box._replace(direction=(other, other))


def _forwarded_to_groups(box: Box) -> Iterator[Box]:
    """Yield the packets to groups that arrive as those of `box` do, and are only forwarded: a target may tie them."""
    if box.direction[0] == Direction.IN:
        for part in to_groups(box):
            yield _answers(part._replace(direction=(Direction.FORWARD, Direction.FORWARD)))


class _Concerned:
    """Finds the filters that a loss concerns: a large policy may have a loss for each of them."""

    def __init__(self, flat: FlatPolicy) -> None:
        self.flat = flat
        self._of_objects: dict[int, list[SpecificFilter]] = {}
        self._of_actions: dict[str, list[SpecificFilter]] = {}
        for specific in flat.filters:
            self._of_objects.setdefault(id(specific.rule), []).append(specific)
            self._of_objects.setdefault(id(specific.filter), []).append(specific)
            self._of_actions.setdefault(specific.rule.filter_action.casefold(), []).append(specific)

    def by(self, loss: Loss) -> Sequence[SpecificFilter]:
        """Return them: of the policy all, else those of the rule, the action or the filter."""
        if loss.subject is self.flat.policy:
            return self.flat.filters
        if isinstance(loss.subject, FilterAction):
            return self._of_actions.get(loss.subject.name.casefold(), ())
        return self._of_objects.get(id(loss.subject), ())
