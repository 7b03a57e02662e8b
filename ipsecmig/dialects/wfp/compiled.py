"""Puts contexts and filters together as one policy.

Each quick mode policy becomes a filter action, the filters that refer to it a filter list, and both a rule (two for a
tunnel, one each way). All of them share the one main mode policy in force. What cannot be put so is named.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

from ipsecmig.diagnostics import Diagnostic, Origin
from ipsecmig.dialects.wfp import messages
from ipsecmig.dialects.wfp.contexts import (
    POLICIES,
    MainModeContext,
    QuickModeContext,
    context_key,
    main_mode_context,
    quick_mode_context,
    title,
)
from ipsecmig.dialects.wfp.filters import layer_family, policy_filters, selected
from ipsecmig.dialects.wfp.state import State, referred
from ipsecmig.dialects.wfp.words import MAIN_MODE, UnclearError
from ipsecmig.dialects.xml_input.nodes import Node, verbatim
from ipsecmig.model.policy import (
    Action,
    Certificate,
    Filter,
    FilterAction,
    FilterList,
    NotUnderstood,
    Policy,
    PolicyStore,
    PresharedKey,
    Rule,
)

POLICY: Final = "IPsec policy in force"
_COMPILED: Final = (
    "compiled state does not say which packets are blocked, or pass unprotected: that is in {count} filter(s) with"
    " callouts, and in their weights; the policy itself would settle it"
)
_NO_METHODS: Final = "filter: the methods that it asks for are not in this file, or are not read"
_INERT: Final = ("FWPM_FILTER_FLAG_DISABLED", "FWPM_FILTER_FLAG_BOOTTIME")


def _check_flags(item: Node) -> None:
    found = [one.text for each in item.all("flags") for one in each.walk() if one.text in _INERT]
    if found:
        raise UnclearError(f"it is flagged {' and '.join(found)}")


@dataclass(slots=True)
class Compiled:
    """What was made so far of a file's state."""

    file: str
    said: list[Diagnostic] = field(default_factory=list)
    not_understood: list[NotUnderstood] = field(default_factory=list)
    main_modes: dict[str, MainModeContext] = field(default_factory=dict)
    quick_modes: dict[str, QuickModeContext] = field(default_factory=dict)
    names: set[str] = field(default_factory=set)

    def store(self, state: State) -> PolicyStore:
        """Return the policy that the state enforces."""
        self._contexts(state)
        for item in state.unknown:
            self._refuse(item, "object", "its kind is not known")
        text = _COMPILED.format(count=state.callouts)
        self.not_understood.append(NotUnderstood(f"state of {self.file}", text, Origin(self.file)))
        main = self._main_mode(state)
        parts = self._parts(state, main)
        policies = () if main is None else (self._policy(main, parts),)
        return PolicyStore(
            policies=policies,
            filter_lists=tuple(one for part in parts for one in part.lists),
            filter_actions=tuple(part.action for part in parts),
            not_understood=tuple(self.not_understood),
            sources=(self.file,),
        )

    def _policy(self, main: MainModeContext, parts: list[_Part]) -> Policy:
        rules = tuple(rule for part in parts for rule in part.rules)
        return Policy(POLICY, main.main_mode, rules, assigned=True, origin=Origin(self.file, main.line))

    def _contexts(self, state: State) -> None:
        for item in state.contexts:
            key = context_key(item)
            try:
                if item.value("type") not in POLICIES:
                    raise UnclearError(f"{item.value('type')} is none of IKE version 1")
                if item.value("type") == MAIN_MODE:
                    self.main_modes[key] = main_mode_context(item)
                else:
                    self.quick_modes[key] = quick_mode_context(item)
            except UnclearError as error:
                self._refuse(item, "provider context", str(error))

    def _refuse(self, item: Node, kind: str, reason: str) -> None:
        origin = Origin(self.file, item.line)
        name = title(item, item.value("filterKey") or context_key(item))
        self.said.append(messages.NOT_READ.say(origin, kind=kind, name=name, reason=reason))
        self.not_understood.append(NotUnderstood(verbatim(item), f"{kind}: {reason}", origin))

    def _main_mode(self, state: State) -> MainModeContext | None:
        """Return the main mode policy in force: the one that most filters refer to, else the first."""
        used = [key for key in map(referred, state.main_mode) if key in self.main_modes]
        candidates = list(dict.fromkeys(used)) or list(self.main_modes)
        if not candidates:
            return None
        chosen = max(candidates, key=used.count)
        for key in self.main_modes:
            if key != chosen:
                self._second_main_mode(self.main_modes[key])
        self._authentication(self.main_modes[chosen])
        return self.main_modes[chosen]

    def _second_main_mode(self, other: MainModeContext) -> None:
        origin, reason = Origin(self.file, other.line), "several main mode policies stand side by side; one is read"
        self.said.append(messages.NOT_READ.say(origin, kind="main mode policy", name=other.name, reason=reason))
        self.not_understood.append(NotUnderstood(other.name, reason, origin))

    def _authentication(self, main: MainModeContext) -> None:
        origin = Origin(self.file, main.line)
        if any(isinstance(one, PresharedKey) for one in main.authentication):
            self.said.append(messages.KEY_NOT_READ.say(origin, name=main.name))
        if any(isinstance(one, Certificate) for one in main.authentication):
            reason = "the certification authority is a blob whose written form is not documented"
            self.not_understood.append(NotUnderstood(main.name, reason, origin))

    def _parts(self, state: State, main: MainModeContext | None) -> list[_Part]:
        lists: dict[str, list[Filter]] = {}
        missing: set[str] = set()
        for item in state.quick_mode:
            key = referred(item)
            context = self.quick_modes.get(key)
            filters = self._filters(item, context)
            if context is not None:
                lists.setdefault(key, []).extend(filters)
            elif key and not any(context_key(one) == key for one in state.contexts):
                missing.add(key)
        if missing:
            self.said.append(messages.NO_CONTEXTS.say(Origin(self.file), count=len(missing)))
        return [self._part(self.quick_modes[key], tuple(filters), main) for key, filters in lists.items()]

    def _filters(self, item: Node, context: QuickModeContext | None) -> tuple[Filter, ...]:
        """Return what a filter selects; one that has no methods here is kept."""
        origin = Origin(self.file, item.line)
        if context is None:
            self.not_understood.append(NotUnderstood(verbatim(item), _NO_METHODS, origin))
            return ()
        family = layer_family(item.value("layerKey"))
        try:
            _check_flags(item)
            return policy_filters(selected(item, family), family, origin, tunnel=context.endpoints is not None)
        except UnclearError as error:
            self._refuse(item, "filter", str(error))
            return ()

    def _part(self, context: QuickModeContext, filters: tuple[Filter, ...], main: MainModeContext | None) -> _Part:
        name, origin = self._unique(context.name), Origin(self.file, context.line)
        offers, authentication = context.offers, () if main is None else main.authentication
        action = FilterAction(
            name, Action.NEGOTIATE, offers, context.pfs, context.pfs_group, guid=context.key, origin=origin
        )
        out = FilterList(name, filters, origin=origin)
        if context.endpoints is None:
            return _Part(action, (out,), (Rule(name, name, name, authentication, origin=origin),))
        local, remote = context.endpoints
        back = FilterList(self._unique(f"{name} (inbound)"), tuple(one.reversed() for one in filters), origin=origin)
        rules = (
            Rule(name, name, name, authentication, remote, origin=origin),
            Rule(back.name, back.name, name, authentication, local, origin=origin),
        )
        return _Part(action, (out, back), rules)

    def _unique(self, name: str) -> str:
        tried, number = name, 1
        while tried.casefold() in self.names:
            number += 1
            tried = f"{name} ({number})"
        self.names.add(tried.casefold())
        return tried


@dataclass(frozen=True, slots=True)
class _Part:
    """What one quick mode policy becomes."""

    action: FilterAction
    lists: tuple[FilterList, ...]
    rules: tuple[Rule, ...]
