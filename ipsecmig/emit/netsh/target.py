"""The scripts as files, with what they cannot say."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from ipsecmig.emit.common import one_line
from ipsecmig.emit.netsh import words
from ipsecmig.emit.netsh.capabilities import JUDGES, capabilities
from ipsecmig.emit.netsh.plan import Plan, make_plan
from ipsecmig.emit.netsh.script import NEEDS_A_PERSON, Script, build, rollback
from ipsecmig.model.accounting import account
from ipsecmig.model.policy import AuthenticationMethod, Policy, PolicyStore, PresharedKey
from ipsecmig.model.selectors import AddressRange, Family
from ipsecmig.model.targets import Emission, EmissionRequest, OutputFile, Target

SCRIPT: Final = "ipsecmig.netsh"
ROLLBACK: Final = "ipsecmig-rollback.netsh"

_CODE_PAGE: Final = (
    "The text below is UTF-8 and goes beyond ASCII. netsh reads a script in the code page of the machine:"
    " convert it to that code page before it runs, or the names come out garbled."
)


def emit(request: EmissionRequest) -> Emission:
    """Return the script that rebuilds the policy of `request` on Windows, and the one that takes it away."""
    plan = make_plan(request.store, request.policy)
    script = build(plan, request.store.settings)
    losses, exact = account(request, capabilities(plan, complete=not script.withheld))
    files = (
        OutputFile(SCRIPT, _file(request, _purpose(script), script), secret=_holds_secret(plan)),
        OutputFile(ROLLBACK, _file(request, _ROLLBACK_PURPOSE, rollback(plan))),
    )
    ascii_only = all(file.content.isascii() for file in files)
    return Emission(
        words.TARGET_NAME, files, losses, exact, tuple(_notes(request, plan, script, ascii_only=ascii_only))
    )


def script_lines(store: PolicyStore, policy: Policy) -> list[str]:
    """Return the script that rebuilds `policy` as lines, without the heading of the file. It holds preshared keys."""
    return build(make_plan(store, policy), store.settings).lines


_ROLLBACK_PURPOSE: Final = (
    f"Takes away what {SCRIPT} made: run `netsh -f {ROLLBACK}` as an administrator.",
    "It deletes by name. If another policy came to use these filter lists or actions, take their lines out first.",
)


def _purpose(script: Script) -> tuple[str, ...]:
    run = (
        f"Rebuilds the policy: run `netsh -f {SCRIPT}` as an administrator.",
        "None of its names may exist in the store yet: filters would be added to a list that is already there.",
    )
    if not script.withheld:
        return (*run, "Check that no command printed an error; netsh goes on after one.")
    gaps = f"NOT COMPLETE: complete the lines marked {NEEDS_A_PERSON}, take the comment mark off them, then run it."
    return (*run, gaps)


def _file(request: EmissionRequest, purpose: tuple[str, ...], body: Script) -> bytes:
    """Return the file: comments, then `body`, in lines as Windows ends them."""
    head = Script()
    for line in request.heading:
        head.comment(one_line(line, 1000))
    head.comment()
    for line in purpose:
        head.comment(line)
    if not all(line.isascii() for line in (*head.lines, *body.lines)):
        head.comment(_CODE_PAGE)
    return "\r\n".join((*head.lines, "", *body.lines, "")).encode()


def _holds_secret(plan: Plan) -> bool:
    response = plan.policy.default_response
    methods: list[AuthenticationMethod] = [m for rule, _ in plan.rules for m in rule.authentication]
    methods += response.authentication if response is not None else ()
    return any(isinstance(m, PresharedKey) and m.secret is not None for m in methods)


def _notes(request: EmissionRequest, plan: Plan, script: Script, *, ascii_only: bool) -> Iterator[str]:
    if script.withheld:
        yield f"{SCRIPT} is not complete: {script.withheld} command(s) in it are marked {NEEDS_A_PERSON}"
    for kind, name, called in plan.renamed():
        yield f'netsh cannot say the name of the {kind} {name!r}, or it is not unique: it is called "{called}"'
    if not ascii_only:
        yield _CODE_PAGE
    if any(
        _needs_vista(side)
        for used, _ in plan.lists.values()
        for f in used.filters
        for side in (f.source, f.destination)
    ):
        yield "address ranges and IPv6 addresses need Windows Vista or later"
    unused = len(request.store.filter_lists) + len(request.store.filter_actions) - len(plan.lists) - len(plan.actions)
    if unused:
        yield f"{unused} filter list(s) and action(s) that the policy does not use are left out"
    if len(request.store.policies) > 1:
        yield f"{len(request.store.policies) - 1} other policy or policies of the source are left out"
    if request.store.settings.service_disabled:
        yield "the source disables the IPsec service, which this script does not"


def _needs_vista(address: object) -> bool:
    if not isinstance(address, AddressRange):
        return False
    return address.family is Family.IPV6 or not address.prefix_length


TARGET: Final = Target(
    words.TARGET_NAME,
    "netsh ipsec static (Windows)",
    emit,
    {SCRIPT: "rebuilds the policy and assigns it last", ROLLBACK: "takes it away again"},
    frozenset(kind for kind, judge in JUDGES.items() if judge is None),
)
