"""The two scripts: one builds the policy and assigns it last, one takes it away again.

A command stands whole or not at all. One that holds something that netsh cannot say becomes a comment with the gap
marked, for a person to complete, and then the policy is not assigned: half a policy must not come into force.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Final

from ipsecmig.diagnostics import NOWHERE, Origin
from ipsecmig.emit.common import one_line
from ipsecmig.emit.netsh import commands
from ipsecmig.emit.netsh.commands import Command
from ipsecmig.emit.netsh.plan import Plan
from ipsecmig.emit.netsh.words import Inexpressible, quoted
from ipsecmig.model.policy import FilterList, HostSettings, StoreKind

NEEDS_A_PERSON: Final = "NEEDS A PERSON"
"""What one searches for in a script that is not complete."""


@dataclass(slots=True)
class Script:
    """Lines being written. `withheld` counts the commands that a person must complete."""

    lines: list[str] = field(default_factory=list)
    withheld: int = 0

    def comment(self, text: str = "") -> None:
        """Write `text`, which is one harmless line, as a comment."""
        self.lines.append(f"# {text}".rstrip())

    def section(self, title: str) -> None:
        """Begin a new part of the script."""
        self.lines.append("")
        self.comment(title)

    def write(self, command: Command, what: str, origin: Origin = NOWHERE) -> None:
        """Write `command`, or withhold it when something in it could not be said."""
        if command.reasons:
            self.withhold(what, command.reasons, origin, command.text)
        else:
            self.lines.append(command.text)

    def withhold(self, what: str, reasons: Iterable[str], origin: Origin, template: str = "") -> None:
        """Write, in the place of a command, what it lacks and why."""
        self.withheld += 1
        why = "; ".join(dict.fromkeys(reasons))
        self.comment(one_line(f"{NEEDS_A_PERSON}: {what}{_place(origin)}: {why}", 1000))
        if template:
            self.comment(template)


def _place(origin: Origin) -> str:
    if origin == NOWHERE:
        return ""
    return f" ({origin.file}:{origin.line})" if origin.line else f" ({origin.file})"


def build(plan: Plan, settings: HostSettings) -> Script:
    """Return the script that builds the policy, from `pushd` to `popd`."""
    script = _begin(plan)
    script.section("Filter lists")
    for filter_list, name in plan.lists.values():
        _filter_list(script, filter_list, name)
    script.section("Filter actions")
    for action, name in plan.actions.values():
        script.write(commands.add_filter_action(action, name), f'filter action "{action.name}"', action.origin)
    script.section("The policy, not assigned yet")
    policy = plan.policy
    script.write(commands.add_policy(plan), f'policy "{policy.name}"', policy.origin)
    script.section("Rules")
    for rule, name in plan.rules:
        script.write(commands.add_rule(rule, name, plan), f'rule "{rule.name}"', rule.origin)
    _default_rule(script, plan)
    _settings(script, settings)
    _assignment(script, plan)
    script.lines += ["", "popd"]
    return script


def _begin(plan: Plan) -> Script:
    script = Script(["pushd ipsec static"])
    script.write(commands.set_store(plan.policy.store), "the store of the policy", plan.policy.origin)
    return script


def _filter_list(script: Script, filter_list: FilterList, name: str) -> None:
    script.write(commands.add_filter_list(filter_list, name), f'filter list "{filter_list.name}"', filter_list.origin)
    quoted_list = quoted(name)
    for value in filter_list.filters:
        try:
            script.lines.append(commands.add_filter(value, quoted_list))
        except Inexpressible as reason:
            script.withhold(f'a filter of the list "{filter_list.name}"', [str(reason)], value.origin)


def _default_rule(script: Script, plan: Plan) -> None:
    response = plan.policy.default_response
    if response is not None:
        script.section("The default response rule, which Windows Vista and later ignore")
        script.write(commands.set_default_rule(response, plan), "the default response rule", response.origin)


def _settings(script: Script, settings: HostSettings) -> None:
    """Write the settings of the machine that the source states: the policy's meaning depends on them."""
    configuration = commands.set_configuration(settings)
    if not configuration:
        return
    script.section("Settings of the machine, in force from its next start; the rollback does not undo them")
    script.lines += ["popd", "pushd ipsec dynamic"]
    for command in configuration:
        script.write(command, "a setting of the machine")
    script.lines += ["popd", "pushd ipsec static"]


def _assignment(script: Script, plan: Plan) -> None:
    policy = plan.policy
    if not policy.assigned:
        return
    command = commands.assign(plan)
    if script.withheld:
        command.reasons.insert(0, "the script is not complete, see above")
    script.section("Assigned last, when everything stands")
    script.write(command, "the assignment", policy.origin)


def rollback(plan: Plan) -> Script:
    """Return the script that takes away what `build` makes, in the reverse order, from `pushd` to `popd`."""
    script = _begin(plan)
    policy = quoted(plan.policy_name)
    script.section("The policy")
    if plan.policy.store.kind is not StoreKind.DOMAIN:
        script.lines.append(f"set policy name={policy} assign=no")
    elif plan.policy.assigned:
        script.write(commands.assign(plan, assigned=False), "taking back the assignment", plan.policy.origin)
    script.lines += [f"delete rule name={quoted(name)} policy={policy}" for _, name in reversed(plan.rules)]
    script.lines.append(f"delete policy name={policy}")
    script.section("What its rules used")
    script.lines += [f"delete filteraction name={quoted(name)}" for _, name in reversed(list(plan.actions.values()))]
    script.lines += [f"delete filterlist name={quoted(name)}" for _, name in reversed(list(plan.lists.values()))]
    script.lines += ["", "popd"]
    return script
