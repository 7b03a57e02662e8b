"""What a policy says and connection security rules cannot, collected while the rules are made."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final, NamedTuple

from ipsecmig.emit.common import ADMINISTRATIVE, CLOSED, OPEN
from ipsecmig.model.accounting import EXACT, Attribute, Capabilities, Judge
from ipsecmig.model.attributes import AttributeKind
from ipsecmig.model.space import Direction
from ipsecmig.model.targets import EmissionRequest, Loss, LossKind, SecurityDirection


class Trouble(NamedTuple):
    """What becomes of one attribute; `along` limits it to packets of one direction."""

    kind: LossKind
    direction: SecurityDirection
    reason: str
    advice: str
    along: Direction | None = None


Key = tuple[int, AttributeKind, object]
"""Which attribute: the identity of the object, the kind, and for authentication the method, else None."""


@dataclass(slots=True)
class Troubles:
    """The troubles of a policy, one for each attribute: the first, but one that opens before one that closes."""

    found: dict[Key, Trouble] = field(default_factory=dict)

    def add(self, subject: object, about: AttributeKind, trouble: Trouble, value: object = None) -> None:
        """Note what becomes of the attribute `about` of `subject`."""
        key = (id(subject), about, value)
        before = self.found.get(key)
        if before is None or _gravity(trouble) > _gravity(before):
            self.found[key] = trouble

    def withhold(self, subject: object, about: AttributeKind, reason: str, *, opens: bool, advice: str = "") -> None:
        """Note that what `subject` says is withheld until a person acts."""
        said = advice or "complete the marked rule in the script by hand"
        self.add(subject, about, Trouble(LossKind.NEEDS_HUMAN, OPEN if opens else CLOSED, reason, said))

    def judge(self, target: str) -> Judge:
        """Return the judge that knows these troubles."""

        def judge(attribute: Attribute, request: EmissionRequest) -> Loss | None:
            value = attribute.value if attribute.kind is AttributeKind.RULE_AUTHENTICATION else None
            found = self.found.get((id(attribute.subject), attribute.kind, value))
            if found is None:
                return None
            return attribute.loss(target, found.kind, found.direction, found.reason, found.advice, found.along)

        return judge


def _gravity(trouble: Trouble) -> tuple[bool, bool]:
    """Return how far a trouble goes: what concerns all packets before what concerns some, what opens first."""
    return trouble.along is None, trouble.direction is OPEN


ALWAYS: Final = frozenset(
    {
        *(set(ADMINISTRATIVE) - {AttributeKind.POLICY_CONNECTION_SECURITY, AttributeKind.RULE_ACTIVE}),
        AttributeKind.RULE_CONNECTION_TYPE,
        AttributeKind.FILTER_SOURCE_PORT,
        AttributeKind.FILTER_DESTINATION_PORT,
    }
)
"""What connection security rules always say exactly: headers state where a policy lives."""


def capabilities(troubles: Troubles, target: str) -> Capabilities:
    """Return what the target can say of the policy that `troubles` are of."""
    judge: Callable[[Attribute, EmissionRequest], Loss | None] = troubles.judge(target)
    return {kind: EXACT if kind in ALWAYS else judge for kind in AttributeKind}
