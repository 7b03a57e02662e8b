"""The policies of one store, with their main mode and their rules."""

from __future__ import annotations

from dataclasses import replace
from typing import Final, NamedTuple

from ipsecmig.dialects.stored import messages
from ipsecmig.dialects.stored.actions import is_default_response
from ipsecmig.dialects.stored.findings import About, Findings
from ipsecmig.dialects.stored.library import Library
from ipsecmig.dialects.stored.main_mode import read_main_mode
from ipsecmig.dialects.stored.names import given_name, kept_apart
from ipsecmig.dialects.stored.objects import Index, blob, one_referred, referred, text, texts, trailing
from ipsecmig.dialects.stored.rules import default_response, read_rule
from ipsecmig.model.policy import DefaultResponseRule, MainMode, Policy, Rule, StoreLocation
from ipsecmig.stored.attributes import DATA, DESCRIPTION, FILTER_ACTION, FILTER_LIST, MAIN_MODE, RULES
from ipsecmig.stored.blobs import IsakmpBlob, PolicyBlob
from ipsecmig.stored.numbers import EXCLUDE_AUTHORITY, MAP_TO_ACCOUNT, POLLING_DEFAULT
from ipsecmig.stored.objects import ObjectClass, StoredObject

_OPTIONS: Final = MAP_TO_ACCOUNT | EXCLUDE_AUTHORITY


class _Context(NamedTuple):
    """What the rules of one policy need: what they refer to, and the options of the policy's main mode."""

    objects: Index
    library: Library
    findings: Findings
    options: int


def read_policies(objects: Index, library: Library, store: StoreLocation, findings: Findings) -> dict[str, Policy]:
    """Return the policies, by the names of their objects."""
    stored = [one for one in objects.values() if one.kind is ObjectClass.POLICY]
    names = kept_apart([given_name(one) or f"Policy {one.guid}" for one in stored])
    return {
        one.name: replace(_policy(one, objects, library, findings), name=name, store=store)
        for one, name in zip(stored, names, strict=True)
    }


def _policy(stored: StoredObject, objects: Index, library: Library, findings: Findings) -> Policy:
    about = About(findings, stored, stored.origin)
    polling = _polling(about)
    main_mode, options = _main_mode(about, objects)
    context = _Context(objects, library, findings, options)
    rules: list[Rule] = []
    responses: list[DefaultResponseRule] = []
    for nfa in referred(about, RULES, ObjectClass.NFA, objects):
        found = _rule(About(findings, nfa, nfa.origin), context)
        if isinstance(found, Rule):
            rules.append(found)
        elif found is not None:
            responses.append(found)
    if len(responses) > 1:
        about.doubt(messages.TWO_DEFAULTS)
    return Policy(
        "",
        main_mode,
        _named(rules),
        next(iter(responses), None),
        text(stored, DESCRIPTION),
        polling,
        guid=stored.guid,
        origin=stored.origin,
    )


def _polling(about: About) -> int:
    """Return the polling interval in seconds."""
    parsed = blob(about, PolicyBlob.parse)
    if parsed is None:
        return POLLING_DEFAULT
    trailing(about, parsed.rest)
    return parsed.polling_interval or POLLING_DEFAULT


def _main_mode(about: About, objects: Index) -> tuple[MainMode, int]:
    """Return main mode and its options for certificates."""
    stored = one_referred(about, MAIN_MODE, ObjectClass.ISAKMP_POLICY, objects)
    if stored is None:
        return MainMode(()), 0
    about = about._replace(stored=stored, origin=stored.origin)
    parsed = blob(about, IsakmpBlob.parse)
    if parsed is None:
        return MainMode(()), 0
    if parsed.options & ~_OPTIONS:
        about.attribute(DATA).doubt(messages.BAD_OPTIONS, number=parsed.options)
    return read_main_mode(about, parsed), parsed.options & _OPTIONS


def _rule(about: About, context: _Context) -> Rule | DefaultResponseRule | None:
    """Return what one NFA is; None, after saying why, where it is not understood."""
    objects, library = context.objects, context.library
    action = one_referred(about, FILTER_ACTION, ObjectClass.NEGOTIATION_POLICY, objects)
    negotiation = None if action is None else library.negotiations.get(action.name)
    if action is None or negotiation is None:
        about.doubt(messages.LEFT_OUT)
        return None
    if not texts(about.stored, FILTER_LIST):
        if not is_default_response(action):
            about.doubt(messages.NO_FILTER_LIST)
            return None
        rule = read_rule(about, "", context.options, negotiation)
        return None if rule is None else default_response(about, rule, negotiation)
    if is_default_response(action):
        about.doubt(messages.DEFAULT_WITH_LIST)
        return None
    stored_list = one_referred(about, FILTER_LIST, ObjectClass.FILTER, objects)
    filter_list = None if stored_list is None else library.lists.get(stored_list.name)
    if filter_list is None:
        about.doubt(messages.LEFT_OUT)
        return None
    rule = read_rule(about, given_name(about.stored), context.options, negotiation)
    if rule is None:
        return None
    return replace(rule, filter_list=filter_list.name, filter_action=library.actions[action.name].name)


def _named(rules: list[Rule]) -> tuple[Rule, ...]:
    """Return `rules` under names that all differ; one without a name is called after its filter list."""
    names = kept_apart([rule.name or f"Rule for {rule.filter_list}" for rule in rules])
    return tuple(replace(rule, name=name) for rule, name in zip(rules, names, strict=True))
