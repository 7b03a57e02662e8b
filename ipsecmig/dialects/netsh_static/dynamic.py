"""The commands of `netsh ipsec dynamic` about main mode policies, quick mode policies and rules.

Their parameters are those of Microsoft's netsh ipsec reference; the defaults are unverified.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from ipsecmig.dialects.netsh_static import defaults, messages
from ipsecmig.dialects.netsh_static.binding import Call
from ipsecmig.dialects.netsh_static.dynamic_objects import (
    DEFAULT_MAIN_MODE,
    DEFAULT_QUICK_MODE,
    POLICY_NAME,
    DynamicDraft,
    DynamicRule,
    NamedMainMode,
    RuleKey,
    is_directed,
    main_mode_of,
)
from ipsecmig.dialects.netsh_static.filters import read_filter
from ipsecmig.dialects.netsh_static.rules import AUTHENTICATION, authentication_of
from ipsecmig.dialects.netsh_static.session import Session
from ipsecmig.dialects.netsh_static.values import Pfs
from ipsecmig.model.policy import Action, AuthenticationMethod, ConnectionType, FilterAction, Kerberos, MainMode
from ipsecmig.model.selectors import AddressRange, DnsName

MAIN_MODE_KIND: Final = "main mode policy"
QUICK_MODE_KIND: Final = "quick mode policy"
TOOL: Final = "netsh"


def add_mmpolicy(session: Session, call: Call) -> None:
    """`add mmpolicy`: makes a main mode policy."""
    policies, name = session.workspace.dynamic.main_modes, call.text_of("name")
    if session.is_new(call, MAIN_MODE_KIND, policies):
        policies[name.casefold()] = NamedMainMode(name, _main_mode(session, call, DEFAULT_MAIN_MODE))
        session.define(MAIN_MODE_KIND, name, call.origin())


def set_mmpolicy(session: Session, call: Call) -> None:
    """`set mmpolicy`: changes what is given and keeps the rest; rules that name it follow."""
    policies = session.workspace.dynamic.main_modes
    found = session.look_up(call, MAIN_MODE_KIND, policies)
    if found is not None:
        policies[found.name.casefold()] = NamedMainMode(found.name, _main_mode(session, call, found.main_mode))


def delete_mmpolicy(session: Session, call: Call) -> None:
    """`delete mmpolicy`: removes one main mode policy or all, except those that rules use."""
    dynamic = session.workspace.dynamic
    users = {rule.main_mode: rule.name for rule in dynamic.rules.values() if isinstance(rule.main_mode, str)}
    session.delete(call, MAIN_MODE_KIND, dynamic.main_modes, users)


def add_qmpolicy(session: Session, call: Call) -> None:
    """`add qmpolicy`: makes a quick mode policy."""
    policies, name = session.workspace.dynamic.quick_modes, call.text_of("name")
    if not session.is_new(call, QUICK_MODE_KIND, policies):
        return
    if not call.given("qmsecmethods"):
        session.diagnostics.append(call.say(messages.DEFAULT_OFFERS, offers=defaults.QUICK_MODE_OFFERS_TEXT))
    policies[name.casefold()] = _quick_mode(call, replace(DEFAULT_QUICK_MODE, name=name, origin=call.origin()))
    session.define(QUICK_MODE_KIND, name, call.origin())


def set_qmpolicy(session: Session, call: Call) -> None:
    """`set qmpolicy`: changes what is given and keeps the rest; rules that name it follow."""
    policies = session.workspace.dynamic.quick_modes
    found = session.look_up(call, QUICK_MODE_KIND, policies)
    if found is not None:
        policies[found.name.casefold()] = _quick_mode(call, found)


def delete_qmpolicy(session: Session, call: Call) -> None:
    """`delete qmpolicy`: removes one quick mode policy or all, except those that rules use."""
    dynamic = session.workspace.dynamic
    users = {rule.quick_mode: rule.name for rule in dynamic.rules.values() if isinstance(rule.quick_mode, str)}
    session.delete(call, QUICK_MODE_KIND, dynamic.quick_modes, users)


def add_rule(session: Session, call: Call) -> None:
    """`add rule`: puts one filter into force, with what it names and its own authentication."""
    dynamic = session.workspace.dynamic
    wanted = _rule_named(session, call, dynamic.next_name(TOOL))
    if wanted is None:
        return
    if not call.given("actioninbound", "actionoutbound"):
        session.diagnostics.append(call.say(messages.DEFAULT_ACTION))
    if wanted.negotiates and not call.given("qmpolicy"):
        session.diagnostics.append(call.say(messages.DEFAULT_OFFERS, offers=defaults.QUICK_MODE_OFFERS_TEXT))
    if wanted.negotiates and not call.given(*AUTHENTICATION):
        session.diagnostics.append(call.say(messages.DEFAULT_AUTHENTICATION))
    rule = _changed(session, call, wanted)
    if rule is None:
        return
    if rule.key in dynamic.rules:
        session.diagnostics.append(call.say(messages.RULE_TWICE))
        return
    put(session, rule)


def set_rule(session: Session, call: Call) -> None:
    """`set rule`: changes what is given of the rule that agrees in everything that selects packets."""
    rule = _found(session, call)
    changed = None if rule is None else _changed(session, call, rule)
    if changed is not None:
        put(session, replace(changed, text=call.text, origin=call.origin()))


def delete_rule(session: Session, call: Call) -> None:
    """`delete rule`: takes the rule that agrees in everything that selects packets out of force."""
    rule = _found(session, call)
    if rule is not None:
        del session.workspace.dynamic.rules[rule.key]


def delete_all(session: Session, call: Call) -> None:
    """`delete all`: takes everything out of force, a stored policy included until Windows applies it again."""
    stored = session.workspace.assigned()
    if stored:
        session.diagnostics.append(call.say(messages.DELETE_ALL_DYNAMIC, policy=stored[0]))
        session.set_aside(call.text, "how long the assigned policy is out of force is not known here", call.origin())
    session.workspace.dynamic = DynamicDraft()


def put(session: Session, rule: DynamicRule) -> None:
    """Put `rule` into force, and say what the model cannot say of it."""
    dynamic = session.workspace.dynamic
    if not dynamic.rules:
        note = messages.DYNAMIC_RULES
        session.diagnostics.append(note.say(rule.origin, rule.text, name=POLICY_NAME))
    first = next((other for other in dynamic.rules.values() if other.negotiates), rule)
    if rule.negotiates and main_mode_of(dynamic, rule) != main_mode_of(dynamic, first):
        session.diagnostics.append(messages.OTHER_MAIN_MODE.say(rule.origin, rule.text))
    if not is_directed(rule):
        session.diagnostics.append(messages.SPLIT_BY_DIRECTION.say(rule.origin, rule.text))
    dynamic.rules[rule.key] = rule


def _main_mode(session: Session, call: Call, old: MainMode) -> MainMode:
    if call.given("softsaexpirationtime"):
        session.diagnostics.append(call.say(messages.SOFT_EXPIRY, "softsaexpirationtime"))
    return replace(
        old,
        offers=call.get("mmsecmethods", old.offers),
        lifetime_seconds=call.get("mmlifetime", 0) * 60 if call.given("mmlifetime") else old.lifetime_seconds,
        quick_mode_limit=call.get("qmpermm", old.quick_mode_limit),
    )


def _quick_mode(call: Call, old: FilterAction) -> FilterAction:
    pfs = call.get("pfsgroup", Pfs(old.pfs, old.pfs_group))
    return replace(
        old,
        soft=call.get("soft", old.soft),
        pfs=pfs.enabled,
        pfs_group=pfs.group,
        offers=call.get("qmsecmethods", old.offers),
    )


def _rule_named(session: Session, call: Call, name: str) -> DynamicRule | None:
    """Return the rule whose selectors `call` gives, with the defaults of the rest."""
    filter_ = read_filter(session, call)
    if filter_ is None:
        return None
    endpoint = call.value_of("tunneldstaddress")
    return DynamicRule(
        name,
        (filter_,),
        call.get("actioninbound", Action.NEGOTIATE),
        call.get("actionoutbound", Action.NEGOTIATE),
        tunnel_endpoint=endpoint if isinstance(endpoint, AddressRange | DnsName) else None,
        connection_type=call.get("conntype", ConnectionType.ALL),
        text=call.text,
        origin=call.origin(),
    )


def _changed(session: Session, call: Call, rule: DynamicRule) -> DynamicRule | None:
    """Return `rule` with the policies, actions and authentication that `call` gives; None when one does not exist."""
    dynamic = session.workspace.dynamic
    main_mode, quick_mode = rule.main_mode, rule.quick_mode
    if call.given("mmpolicy"):
        if session.look_up(call, MAIN_MODE_KIND, dynamic.main_modes, "mmpolicy") is None:
            return None
        main_mode = call.text_of("mmpolicy").casefold()
    if call.given("qmpolicy"):
        if session.look_up(call, QUICK_MODE_KIND, dynamic.quick_modes, "qmpolicy") is None:
            return None
        quick_mode = call.text_of("qmpolicy").casefold()
    return replace(
        rule,
        main_mode=main_mode,
        quick_mode=quick_mode,
        inbound=call.get("actioninbound", rule.inbound),
        outbound=call.get("actionoutbound", rule.outbound),
        authentication=_authentication(session, call, rule.authentication),
    )


def _authentication(
    session: Session, call: Call, old: tuple[AuthenticationMethod, ...]
) -> tuple[AuthenticationMethod, ...]:
    """Return the methods that `call` gives; to say only that Kerberos is not meant takes it from the `old` ones."""
    if not call.given(*AUTHENTICATION):
        return old
    found = authentication_of(call) or tuple(method for method in old if not isinstance(method, Kerberos))
    if not found:
        session.diagnostics.append(call.say(messages.NO_AUTHENTICATION, rule=call.usage.title))
    return found


def _found(session: Session, call: Call) -> DynamicRule | None:
    """Return the rule that `call` selects; one that agrees only in what is given may be meant, which is set aside."""
    dynamic = session.workspace.dynamic
    wanted = _rule_named(session, call, "")
    if wanted is None:
        return None
    found = dynamic.rules.get(wanted.key)
    if found is not None:
        return found
    if any(_same_addresses(key, wanted.key) for key in dynamic.rules):
        session.diagnostics.append(call.say(messages.NEAR_MATCH))
        session.set_aside(call.text, "which dynamic rule this is about is not verified", call.origin())
    elif session.workspace.not_understood:
        session.set_aside(call.text, "the rule may come from what was not carried out", call.origin())
    elif call.usage.words[0] == "set":
        session.diagnostics.append(call.say(messages.NEVER_DEFINED, kind="rule", name="with these selectors"))
    else:
        session.diagnostics.append(call.say(messages.NOTHING_TO_DELETE, what="such dynamic rule"))
    return None


def _same_addresses(key: RuleKey, wanted: RuleKey) -> bool:
    """Whether a filter of both has the same addresses, in either order."""
    pairs = {frozenset((filter_[0], filter_[1])) for filter_ in key[0]}
    return any(frozenset((filter_[0], filter_[1])) in pairs for filter_ in wanted[0])
