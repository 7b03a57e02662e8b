"""The scripts: one makes the rules, disabled, and enables them when all stand; one takes them away again."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Final

from ipsecmig.emit.common import CLOSED
from ipsecmig.emit.connection_rules import texts
from ipsecmig.emit.connection_rules.plan import Plan, make_plan
from ipsecmig.emit.connection_rules.troubles import ALWAYS, Trouble, capabilities
from ipsecmig.emit.connection_rules.words import authentication_suite
from ipsecmig.emit.consec import words
from ipsecmig.model.accounting import account
from ipsecmig.model.attributes import AttributeKind
from ipsecmig.model.exemptions import ROUTER_DISCOVERY
from ipsecmig.model.targets import Emission, EmissionRequest, LossKind, OutputFile, Target

SCRIPT: Final = "ipsecmig-consec.netsh"
ROLLBACK: Final = "ipsecmig-consec-rollback.netsh"

_NAME: Final = "consec"
_RULE: Final = "advfirewall consec"


def emit(request: EmissionRequest) -> Emission:
    """Return the script that makes the rules for the policy of `request`, and the one that takes them away."""
    plan = make_plan(request, words.refusal)
    if plan.exemptions & ROUTER_DISCOVERY:
        reason = "netsh has no word for the exemption of router discovery"
        trouble = Trouble(LossKind.NARROWED, CLOSED, reason, "set it with Set-NetFirewallSetting -Exemptions")
        plan.troubles.add(request.policy, AttributeKind.POLICY_CONNECTION_SECURITY, trouble)
    _not_ascii(request, plan)
    losses, exact = account(request, capabilities(plan.troubles, _NAME))
    files = (
        OutputFile(SCRIPT, _file(texts.head(request, _PURPOSE), _script(plan)), secret=plan.holds_secret),
        OutputFile(ROLLBACK, _file(texts.head(request, _ROLLBACK_PURPOSE), _rollback(plan))),
    )
    notes = tuple(texts.notes(request, plan, SCRIPT))
    return Emission(_NAME, files, losses, exact, notes, assumptions=plan.assumptions)


def _not_ascii(request: EmissionRequest, plan: Plan) -> None:
    """Note keys and names of authorities that depend on the code page in which netsh reads the script."""
    for rule in request.policy.rules:
        for method in rule.authentication if rule.active else ():
            suite = authentication_suite(method)
            text = suite.authority if suite.secret is None else suite.secret.reveal()
            if not text.isascii():
                reason = "it holds characters outside ASCII, which netsh reads in the code page of the machine"
                advice = "convert the script to that code page before it runs, then check the rule on the machine"
                trouble = Trouble(LossKind.NEEDS_HUMAN, CLOSED, reason, advice)
                plan.troubles.add(rule, AttributeKind.RULE_AUTHENTICATION, trouble, method)


def _file(head: Iterable[str], body: Iterable[str]) -> bytes:
    """Return the file: comments, then `body`, in lines as Windows ends them."""
    return "\r\n".join((*(f"# {line}".rstrip() for line in head), "", *body, "")).encode()


def _script(plan: Plan) -> Iterator[str]:
    yield from (f"# {line}" for line in texts.warnings(plan))
    yield from ("", "# Settings of the whole host")
    yield f"advfirewall set global ipsec defaultexemptions {words.exemptions(plan.exemptions)}"
    if plan.main_mode is not None:
        main = plan.main_mode
        yield f"advfirewall set global mainmode mmsecmethods {words.main_mode(main.suites)}"
        lifetime = f"{main.lifetime_minutes}min,{main.lifetime_sessions}sess"
        yield f"advfirewall set global mainmode mmkeylifetime {lifetime}"
    yield from ("", "# The rules, disabled")
    for planned in plan.rules:
        yield f"{_RULE} add rule {' '.join(words.parameters(planned))}"
    yield from ("", "# Enabled last, when everything stands")
    for planned in plan.rules:
        yield f"{_RULE} set rule name={words.quoted(planned.rule.name)} new enable=yes"


def _rollback(plan: Plan) -> Iterator[str]:
    yield from (f"{_RULE} delete rule name={words.quoted(one.rule.name)}" for one in reversed(plan.rules))
    if plan.main_mode is not None:
        yield "advfirewall set global mainmode mmsecmethods default"
        yield "advfirewall set global mainmode mmkeylifetime 480min,0sess"


_PURPOSE: Final = (
    f"Makes connection security rules: run `netsh -f {SCRIPT}` as an administrator.",
    "It needs Windows 7 or Server 2008 R2, or a later version.",
    "None of the names may exist yet. Keep the settings of the host first: netsh advfirewall show global",
    "Unassign the old policy only after the rules have been tested; both together protect twice.",
    "Check that no command printed an error; netsh goes on after one.",
)
_ROLLBACK_PURPOSE: Final = (
    f"Takes away the rules that {SCRIPT} made: run `netsh -f {ROLLBACK}` as an administrator.",
    "Main mode gets Windows' own settings again; the exemptions stay as they are.",
)

TARGET: Final = Target(
    _NAME,
    "connection security rules (netsh advfirewall)",
    emit,
    {SCRIPT: "makes the rules and enables them last", ROLLBACK: "takes them away again"},
    ALWAYS,
)
