"""The commands of `netsh ipsec static`, each with every parameter that can be given.

Nothing rests on netsh's defaults, because not all of them are documented. Source: Microsoft's netsh ipsec reference.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final

from ipsecmig.emit.netsh import words
from ipsecmig.emit.netsh.plan import Plan
from ipsecmig.emit.netsh.words import Inexpressible, quoted, yes_no
from ipsecmig.model.policy import (
    Action,
    AuthenticationMethod,
    Certificate,
    DefaultResponseRule,
    Filter,
    FilterAction,
    FilterList,
    HostSettings,
    Kerberos,
    PresharedKey,
    QuickModeOffer,
    Rule,
    StoreKind,
    StoreLocation,
)

DEFAULT_MAIN_MODE_SECONDS: Final = 28_800
"""What a main mode lifetime of 0 stands for ([MS-GPIPSEC] 2.2.1.2)."""

_METHODS: Final = {
    Kerberos: ("kerberos", "Kerberos"),
    PresharedKey: ("psk", "preshared key"),
    Certificate: ("rootca", "certificate authority"),
}


class Command:
    """One command being put together.

    What cannot be said leaves a marked gap in `text` and a reason in `reasons`; such a command is only fit to be shown.
    """

    def __init__(self, verb: str) -> None:
        self._words = [verb]
        self.reasons: list[str] = []

    @property
    def text(self) -> str:
        """The command as one line."""
        return " ".join(self._words)

    def say(self, *parameters: str) -> Command:
        """Add parameters that are always sayable."""
        self._words += parameters
        return self

    def describe(self, description: str) -> Command:
        """Add the description, with what netsh cannot say in it replaced."""
        said = words.nearest(description)
        return self.say(f"description={quoted(said)}") if said else self

    def attempt(self, tag: str, what: str, speak: Callable[..., str], *values: object) -> Command:
        """Add `tag` with what `speak` makes of `values`, or a gap named `what` when they are inexpressible."""
        try:
            self._words.append(f"{tag}={speak(*values)}")
        except Inexpressible as reason:
            self._words.append(f'{tag}="<{what}>"')
            self.reasons.append(f"{what}: {reason}")
        return self


def set_store(store: StoreLocation) -> Command:
    """Return the command that selects `store`; what no command can write to is rebuilt as local policy."""
    kind = StoreKind.LOCAL if store.kind in {StoreKind.CACHE, StoreKind.DYNAMIC} else store.kind
    command = Command("set store").say(f"location={kind.value}")
    if kind is StoreKind.DOMAIN and store.domain:
        command.attempt("domain", "domain", quoted, store.domain)
    return command


def add_filter_list(filter_list: FilterList, name: str) -> Command:
    """Return the command that makes the empty list `name`."""
    return Command("add filterlist").say(f"name={quoted(name)}").describe(filter_list.description)


def add_filter(value: Filter, quoted_list: str) -> str:
    """Return the command that adds a filter; raises Inexpressible. There are many, so there is no `Command` for it."""
    command = f"add filter filterlist={quoted_list} {words.filter_words(value)}"
    description = words.nearest(value.description)
    return f"{command} description={quoted(description)}" if description else command


def add_filter_action(action: FilterAction, name: str) -> Command:
    """Return the command that makes the filter action `name`; flags and offers mean nothing unless it negotiates."""
    command = Command("add filteraction").say(f"name={quoted(name)}").describe(action.description)
    if action.action is not Action.NEGOTIATE:
        return command.say(f"action={action.action.value}")
    command.say(f"qmpfs={yes_no(action.pfs)}", f"inpass={yes_no(action.inbound_passthrough)}")
    command.say(f"soft={yes_no(action.soft)}", "action=negotiate")
    return _offers(command, action.offers)


def _offers(command: Command, offers: tuple[QuickModeOffer, ...]) -> Command:
    """Add the offers; a source without any leaves the choice to Windows, and so does this."""
    return command.attempt("qmsecmethods", "quick mode offers", words.quick_mode_offers, offers) if offers else command


def add_policy(plan: Plan) -> Command:
    """Return the command that makes the policy, not assigned; in a domain store that is the only way to make one."""
    policy, main = plan.policy, plan.policy.main_mode
    response, pfs = policy.default_response, main.perfect_forward_secrecy
    command = Command("add policy").say(f"name={quoted(plan.policy_name)}").describe(policy.description)
    command.say(
        f"mmpfs={yes_no(pfs)}",
        f"qmpermm={1 if pfs else main.quick_mode_limit}",
        f"mmlifetime={words.minutes(main.lifetime_seconds or DEFAULT_MAIN_MODE_SECONDS)}",
        f"activatedefaultrule={yes_no(response is not None and response.active)}",
        f"pollinginterval={words.minutes(policy.polling_interval_seconds)}",
    )
    if policy.store.kind is not StoreKind.DOMAIN:
        command.say("assign=no")
    if main.offers:
        command.attempt("mmsecmethods", "main mode offers", words.main_mode_offers, main.offers)
    return command


def add_rule(rule: Rule, name: str, plan: Plan) -> Command:
    """Return the command that adds `rule` as `name`."""
    command = Command("add rule").say(f"name={quoted(name)}", f"policy={quoted(plan.policy_name)}")
    command.attempt("filterlist", "filter list", _defined, rule.filter_list, plan.lists)
    command.attempt("filteraction", "filter action", _defined, rule.filter_action, plan.actions)
    if rule.tunnel_endpoint is not None:
        command.attempt("tunnel", "tunnel endpoint", words.endpoint, rule.tunnel_endpoint)
    command.say(f"conntype={rule.connection_type.value}", f"activate={yes_no(rule.active)}")
    return _authentication(command.describe(rule.description), rule.authentication)


def _defined(name: str, objects: Mapping[str, tuple[object, str]]) -> str:
    if name.casefold() not in objects:
        raise Inexpressible(f'the source does not define "{name}"')
    return quoted(objects[name.casefold()][1])


def _authentication(command: Command, methods: tuple[AuthenticationMethod, ...]) -> Command:
    """Add the methods in their order, which is the order of preference; saying one twice means nothing."""
    for method in dict.fromkeys(methods):
        tag, what = _METHODS[type(method)]
        command.attempt(tag, what, words.authentication, method, methods)
    return command


def set_default_rule(response: DefaultResponseRule, plan: Plan) -> Command:
    """Return the command that sets the default response rule."""
    command = Command("set defaultrule").say(f"policy={quoted(plan.policy_name)}", f"qmpfs={yes_no(response.pfs)}")
    command.say(f"activate={yes_no(response.active)}")
    return _authentication(_offers(command, response.offers), response.authentication)


def set_configuration(settings: HostSettings) -> tuple[Command, ...]:
    """Return the commands, in the context `ipsec dynamic`, for the settings of the machine that the source states."""
    stated = (
        ("ipsecexempt", settings.exemptions),
        ("bootmode", settings.boot_mode),
        ("bootexemptions", settings.boot_exemptions),
    )
    return tuple(
        Command("set config").say(f"property={name}").attempt("value", name, _setting, value)
        for name, value in stated
        if value is not None
    )


def _setting(value: int | str) -> str:
    return str(value) if isinstance(value, int) else quoted(value)


def assign(plan: Plan, *, assigned: bool = True) -> Command:
    """Return the command that brings the policy into force, or ends that; in a domain, in a group policy object."""
    command = Command("set policy").say(f"name={quoted(plan.policy_name)}", f"assign={yes_no(assigned)}")
    if plan.policy.store.kind is StoreKind.DOMAIN:
        command.attempt("gponame", "group policy object", quoted, plan.policy.gpo)
    return command
