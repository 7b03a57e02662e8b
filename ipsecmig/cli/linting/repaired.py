"""Repairs as a person sees them: each with the change of the script and what it does to packets."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import fields, replace
from difflib import unified_diff
from typing import TYPE_CHECKING, Final

from ipsecmig.cli.linting.report import met
from ipsecmig.cli.printer import Line, Piece, Style, line
from ipsecmig.cli.text import count
from ipsecmig.emit.netsh import script_lines
from ipsecmig.lint.finding import Witness
from ipsecmig.model.policy import AuthenticationMethod, Policy, PresharedKey, Secret
from ipsecmig.model.treatment import Protect, Treatment

if TYPE_CHECKING:
    from ipsecmig.cli.linting.fixing import Fixed
    from ipsecmig.lint.inspection import Inspection
    from ipsecmig.lint.repair import Step
    from ipsecmig.model.decision import Difference, DifferenceSet

MOST_SHOWN: Final = 5
"""How many boxes of packets that one repair changes are shown."""

_STYLES: Final = {"+": Style.GOOD, "-": Style.BAD, "@": Style.FAINT}


def fixed_lines(fixed: Fixed, *, unsafe: bool) -> Iterator[Line]:
    """Yield what was repaired, what was not and why, and what writing the script anew does besides."""
    outcome = fixed.outcome
    yield line(f'repairs of policy "{fixed.inspection.policy.name}"', Style.STRONG)
    if outcome is None:
        yield (Piece("undecided: ", Style.BAD), Piece(fixed.reason))
        return
    for step in outcome.steps:
        yield from _step(step)
    for withheld in outcome.withheld:
        advice = " (--unsafe-fixes repairs it)" if withheld.repairable and not unsafe else ""
        heading = Piece(f"{withheld.rule.code} {withheld.rule.name}: ", Style.STRONG)
        yield (heading, Piece(f"not repaired: {withheld.reason}{advice}"))
    for text in fixed.rewritten:
        yield line(f"the script is written anew: {text}")
    if not (outcome.steps or outcome.withheld or fixed.rewritten):
        yield line("nothing that is found has a repair")


def _step(step: Step) -> Iterator[Line]:
    heading = Piece(f"{step.rule.code} {step.rule.name}: ", Style.STRONG)
    if step.effect is None and not step.beside:
        yield (heading, Piece("repaired; every packet meets the same as before", Style.GOOD))
    else:
        yield (heading, Piece("repaired; this changes what packets or peers meet", Style.CAREFUL))
    for text in step.beside:
        yield line(f"    {text}")
    if step.effect is not None:
        yield from _effect(step.effect)
    yield from _change(step)


def _effect(effect: DifferenceSet[Treatment, Treatment]) -> Iterator[Line]:
    for difference in effect.differences[:MOST_SHOWN]:
        before, after = _names(difference)
        yield line(f"    {difference.witness.text()}: {before} -> {after}")
        yield line(f"        all of {difference.box.text()}", Style.FAINT)
    more = len(effect.differences) - MOST_SHOWN
    if more > 0 or effect.truncated:
        at_least = "at least " if effect.truncated else ""
        yield line(f"    and {at_least}{count(max(more, 1), 'more box', 'more boxes')}", Style.FAINT)


def _names(difference: Difference[Treatment, Treatment]) -> tuple[str, str]:
    """Return both treatments in words, with what differs where the words are the same."""
    before, after = (met(Witness(difference.witness, one)) for one in (difference.left, difference.right))
    if before == after:
        return before, f"{after}, {_parts(difference.left, difference.right)}"
    return before, after


def _parts(one: Treatment, other: Treatment) -> str:
    if not (isinstance(one, Protect) and isinstance(other, Protect)):
        return "in another way"
    names = [f.name.replace("_", " ") for f in fields(Protect) if getattr(one, f.name) != getattr(other, f.name)]
    return f"with other {' and '.join(names)}"


def _change(step: Step) -> Iterator[Line]:
    """Yield the change of the script; objects that no rule uses are not in a script written anew."""
    numbers: dict[Secret, int] = {}
    before, after = (_script(one, numbers) for one in (step.before, step.after))
    for text in unified_diff(before, after, "before", "after", lineterm=""):
        yield line(f"    {text}", _STYLES.get(text[0], Style.PLAIN))
    gone = sorted(_objects(step.before) - _objects(step.after))
    if before == after and gone:
        yield line(f"    gone: {', '.join(gone)}")


def _objects(inspection: Inspection) -> set[str]:
    store = inspection.store
    lists = {f'filter list "{one.name}"' for one in store.filter_lists}
    return lists | {f'filter action "{one.name}"' for one in store.filter_actions}


def _script(inspection: Inspection, numbers: dict[Secret, int]) -> list[str]:
    """Return the script with the number of each key in the place of the key."""
    return script_lines(inspection.store, _masked(inspection.policy, numbers))


def _masked(policy: Policy, numbers: dict[Secret, int]) -> Policy:
    def masked(method: AuthenticationMethod) -> AuthenticationMethod:
        if not isinstance(method, PresharedKey) or method.secret is None:
            return method
        return PresharedKey(Secret(f"key {numbers.setdefault(method.secret, len(numbers) + 1)}, not shown"))

    rules = tuple(replace(rule, authentication=tuple(map(masked, rule.authentication))) for rule in policy.rules)
    response = policy.default_response
    if response is not None:
        response = replace(response, authentication=tuple(map(masked, response.authentication)))
    return replace(policy, rules=rules, default_response=response)
