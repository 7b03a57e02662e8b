"""The scripts: one makes the rules, disabled, and enables them when all stand; one takes them away again."""

from __future__ import annotations

import codecs
from collections.abc import Iterable, Iterator
from typing import Final

from ipsecmig.consec.vocabulary import PFS_GROUPS
from ipsecmig.emit.connection_rules import texts
from ipsecmig.emit.connection_rules.plan import Plan, make_plan
from ipsecmig.emit.connection_rules.troubles import ALWAYS, capabilities
from ipsecmig.emit.powershell import words
from ipsecmig.emit.powershell.words import quoted, set_name
from ipsecmig.model.accounting import account
from ipsecmig.model.targets import Emission, EmissionRequest, OutputFile, Target

SCRIPT: Final = "ipsecmig.ps1"
ROLLBACK: Final = "ipsecmig-rollback.ps1"

_NAME: Final = "powershell"
_MAIN_MODE: Final = "ipsecmig-main-mode"
_STORE: Final = "-PolicyStore $PolicyStore"
_HEAD: Final = (
    "param([string] $PolicyStore = 'PersistentStore')",
    "Set-StrictMode -Version Latest",
    "$ErrorActionPreference = 'Stop'",
)


def emit(request: EmissionRequest) -> Emission:
    """Return the script that makes the rules for the policy of `request`, and the one that takes them away."""
    plan = make_plan(request, words.refusal)
    losses, exact = account(request, capabilities(plan.troubles, _NAME))
    files = (
        OutputFile(SCRIPT, _file(texts.head(request, _PURPOSE), _script(plan)), secret=plan.holds_secret),
        OutputFile(ROLLBACK, _file(texts.head(request, _ROLLBACK_PURPOSE), _rollback(plan))),
    )
    notes = tuple(texts.notes(request, plan, SCRIPT))
    return Emission(_NAME, files, losses, exact, notes, assumptions=plan.assumptions)


def _file(head: Iterable[str], body: Iterable[str]) -> bytes:
    """Return the file with the mark by which Windows PowerShell 5 knows UTF-8, in lines as Windows ends them.

    A comment line never ends in a backtick, nor holds what ends or begins a comment of several lines.
    """
    comments = (f"# {line}".replace("`", "'").replace("#>", "# >").replace("<#", "< #").rstrip() for line in head)
    return codecs.BOM_UTF8 + "\r\n".join((*comments, "", *_HEAD, "", *body, "")).encode()


def _script(plan: Plan) -> Iterator[str]:
    yield from (f"# {line}".replace("`", "'") for line in texts.warnings(plan))
    yield from ("", "# What the rules name")
    yield from _sets(plan)
    yield from ("", "# The rules, disabled")
    for planned in plan.rules:
        yield f"$null = New-NetIPsecRule {_STORE} {' '.join(words.rule(planned))}"
    yield from ("", "# Settings of the whole host")
    yield f"Set-NetFirewallSetting {_STORE} -Exemptions {words.exemptions(plan.exemptions)}"
    yield from ("", "# Enabled last, when everything stands")
    for planned in plan.rules:
        yield f"Enable-NetIPsecRule {_STORE} -Name {quoted(planned.rule.id)}"


def _sets(plan: Plan) -> Iterator[str]:
    """Yield the crypto set of main mode, which is the host's, then the sets of the rules."""
    if plan.main_mode is not None:
        main = plan.main_mode
        made = [f"New-NetIPsecMainModeCryptoProposal {words.main_mode_proposal(s)}" for s in main.suites]
        limits = f"-MaxMinutes {main.lifetime_minutes} -MaxSessions {main.lifetime_sessions}"
        yield from _set("New-NetIPsecMainModeCryptoSet", _MAIN_MODE, made, f"{limits} -Default")
    for methods in plan.sets.authentication.values():
        made = [f"New-NetIPsecAuthProposal {' '.join(words.authentication_proposal(s))}" for s in methods.suites]
        yield from _set("New-NetIPsecPhase1AuthSet", set_name(methods.id), made)
    for crypto in plan.sets.quick_mode.values():
        made = [f"New-NetIPsecQuickModeCryptoProposal {' '.join(words.quick_mode_proposal(s))}" for s in crypto.suites]
        pfs = f"-PerfectForwardSecrecyGroup {PFS_GROUPS.by_member[crypto.pfs].powershell}"
        yield from _set("New-NetIPsecQuickModeCryptoSet", set_name(crypto.id), made, pfs)


def _set(cmdlet: str, name: str, proposals: list[str], more: str = "") -> Iterator[str]:
    variables = [f"$proposal{number}" for number in range(1, len(proposals) + 1)]
    yield from (f"{variable} = {proposal}" for variable, proposal in zip(variables, proposals, strict=True))
    called = f"-Name {quoted(name)} -DisplayName {quoted(name)} -Proposal {', '.join(variables)}"
    yield f"$null = {cmdlet} {_STORE} {called} {more}".rstrip()


def _rollback(plan: Plan) -> Iterator[str]:
    yield from (f"Remove-NetIPsecRule {_STORE} -Name {quoted(one.rule.id)}" for one in reversed(plan.rules))
    for crypto in plan.sets.quick_mode.values():
        yield f"Remove-NetIPsecQuickModeCryptoSet {_STORE} -Name {quoted(set_name(crypto.id))}"
    for methods in plan.sets.authentication.values():
        yield f"Remove-NetIPsecPhase1AuthSet {_STORE} -Name {quoted(set_name(methods.id))}"
    if plan.main_mode is not None:
        yield f"Remove-NetIPsecMainModeCryptoSet {_STORE} -Name {quoted(_MAIN_MODE)}"


_PURPOSE: Final = (
    f"Makes connection security rules (Windows 8, Server 2012 and later): run .\\{SCRIPT} as an administrator.",
    "It stops at the first error, before any rule is enabled; the rollback takes away what stands by then.",
    "Where the store has a default main mode crypto set already, it stops there: remove or rename that one first.",
    "Unassign the old policy only after the rules have been tested; both together protect twice.",
)
_ROLLBACK_PURPOSE: Final = (
    f"Takes away what {SCRIPT} made: run .\\{ROLLBACK} as an administrator.",
    "The exemptions of the host stay as they are.",
)

TARGET: Final = Target(
    _NAME,
    "connection security rules (NetSecurity cmdlets)",
    emit,
    {SCRIPT: "makes the rules and enables them last", ROLLBACK: "takes them away again"},
    ALWAYS,
)
