"""Carries out a script of the NetSecurity cmdlets on a store that is empty when it begins."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Final, NamedTuple, TypeVar

from ipsecmig.consec import rules, sets
from ipsecmig.consec.defaults import DEFAULT_MAIN_MODE
from ipsecmig.consec.objects import (
    AuthenticationSet,
    ConnectionSecurityRule,
    ConsecStore,
    GlobalSettings,
    MainModeCryptoSet,
    QuickModeCryptoSet,
    Refused,
    Token,
)
from ipsecmig.diagnostics import Origin
from ipsecmig.dialects.netsecurity import parameters
from ipsecmig.dialects.netsecurity.parameters import Given
from ipsecmig.dialects.netsecurity.syntax import Assignment, Call, Statement, Value

AnySet = TypeVar("AnySet", AuthenticationSet, MainModeCryptoSet, QuickModeCryptoSet)

_EXEMPTIONS: Final = {"none": 0, "neighbordiscovery": 1, "icmp": 2, "routerdiscovery": 4, "dhcp": 8}
_SILENT: Final = frozenset({"set-strictmode", "import-module", "write-host", "write-output", "write-verbose"})
_DEFAULT_STORE: Final = "persistentstore"
_WILDCARDS: Final = frozenset("*?[")
_FOLLOWED: Final = frozenset({"policystore", "name", "enabled"})


class _Proposal(NamedTuple):
    """What New-NetIPsec...Proposal gives."""

    kind: str
    tokens: tuple[Token, ...]


_Held = tuple[str | _Proposal, ...]
"""What a variable holds."""


class _NotUnderstoodError(ValueError):
    """A statement is not carried out; the message says why and holds nothing of the script."""


@dataclass(slots=True)
class Session:
    """The store while a script runs, and its variables."""

    variables: dict[str, _Held] = field(default_factory=dict)
    rules: dict[str, ConnectionSecurityRule] = field(default_factory=dict)
    authentication: dict[str, AuthenticationSet] = field(default_factory=dict)
    main_mode: dict[str, MainModeCryptoSet] = field(default_factory=dict)
    quick_mode: dict[str, QuickModeCryptoSet] = field(default_factory=dict)
    exemptions: int | None = None
    policy_stores: set[str] = field(default_factory=set)
    refused: list[Refused] = field(default_factory=list)

    def run(self, statements: Iterable[Statement]) -> None:
        """Carry out `statements`; what is not understood is kept with its place, without its text."""
        for statement in statements:
            try:
                self._run(statement)
            except _NotUnderstoodError as reason:
                text = f"line {statement.origin.line}"
                self.refused.append(Refused(text, str(reason), statement.origin))

    def _run(self, statement: Statement) -> None:
        match statement:
            case Assignment(variable, values):
                self.variables[variable] = self._held(values)
            case Call():
                self._call(statement)
            case _:
                raise _NotUnderstoodError("the statement is more than a plain call of a cmdlet")

    def _held(self, values: Iterable[Value]) -> _Held:
        found: list[str | _Proposal] = []
        for text, is_variable in values:
            if not is_variable or text in {"true", "false"}:
                found.append(text)
            elif text in self.variables:
                found.extend(self.variables[text])
            else:
                raise _NotUnderstoodError("it uses a variable of which nothing is known")
        return tuple(found)

    def _call(self, call: Call) -> None:
        self.variables.pop(call.variable, None)
        if call.cmdlet in _SILENT:
            return
        proposal, handler = _PROPOSALS.get(call.cmdlet), _HANDLERS.get(call.cmdlet)
        held = {name: self._held(values) for name, values in call.parameters.items()}
        given = {name: tuple(v for v in values if isinstance(v, str)) for name, values in held.items()}
        if any(len(given[name]) != len(values) for name, values in held.items() if name != "proposal"):
            raise _NotUnderstoodError("it uses a proposal where a text belongs")
        if proposal is not None:
            kind, read = proposal
            self.variables[call.variable] = (_Proposal(kind, tuple(read(given))),)
        elif handler is not None:
            self.policy_stores.add(",".join(given.get("policystore", (_DEFAULT_STORE,))).lower())
            proposals = tuple(v for v in held.get("proposal", ()) if isinstance(v, _Proposal))
            if len(proposals) != len(held.get("proposal", ())):
                raise _NotUnderstoodError("it uses a text where a proposal belongs")
            handler(self, _Case(given, proposals, call.origin))
        else:
            raise _NotUnderstoodError("the cmdlet is not one of those that are understood")

    def store(self, sources: tuple[str, ...]) -> ConsecStore:
        """Return the store that the script leaves behind."""
        refused = list(self.refused)
        if len(self.policy_stores) > 1:
            refused.append(Refused("-PolicyStore", "the script writes into several stores", Origin(sources[0], 1)))
        return ConsecStore(
            tuple(self.rules.values()),
            (),
            tuple(self.authentication.values()),
            tuple(self.main_mode.values()),
            tuple(self.quick_mode.values()),
            GlobalSettings(self.exemptions),
            refused=tuple(refused),
            sources=sources,
        )


class _Case(NamedTuple):
    """One call that changes the store."""

    given: Given
    proposals: tuple[_Proposal, ...]
    origin: Origin

    @property
    def name(self) -> str:
        """The name that it gives or looks for, which must be plain."""
        found = self.given.get("name", ())
        if len(found) != 1 or not found[0] or not _WILDCARDS.isdisjoint(found[0]):
            raise _NotUnderstoodError("which object it means is not known: it has no plain -Name")
        return found[0]

    def suites(self, kind: str) -> list[tuple[str, tuple[Token, ...]]]:
        """Return the proposals as suites; all must be of `kind`."""
        if any(one.kind != kind for one in self.proposals):
            raise _NotUnderstoodError("it has proposals of another kind")
        return [(f"{number:04}", one.tokens) for number, one in enumerate(self.proposals)]


def _new_rule(session: Session, case: _Case) -> None:
    key = case.name.casefold()
    if key in session.rules:
        raise _NotUnderstoodError("a rule of this name exists already")
    found = parameters.rule(case.given)
    session.rules[key] = rules.rule_from_tokens(found, case.name, None, case.origin)


def _set_rule(session: Session, case: _Case) -> None:
    key, enabled = case.name.casefold(), case.given.get("enabled", ())
    if (
        key not in session.rules
        or set(case.given) - _FOLLOWED
        or [e.lower() for e in enabled] not in (["true"], ["false"])
    ):
        raise _NotUnderstoodError("which rules it changes, or how, is not known")
    session.rules[key] = replace(session.rules[key], active=enabled[0].lower() == "true")


def _enable(session: Session, case: _Case) -> None:
    _set_rule(session, case._replace(given={**case.given, "enabled": ("True",)}))


def _disable(session: Session, case: _Case) -> None:
    _set_rule(session, case._replace(given={**case.given, "enabled": ("False",)}))


def _remove_rule(session: Session, case: _Case) -> None:
    if session.rules.pop(case.name.casefold(), None) is None:
        raise _NotUnderstoodError("the rule that it removes is none of this script's")


def _authentication_set(session: Session, case: _Case) -> None:
    made = sets.authentication_set(
        case.name, 1, parameters.of_set(case.given), case.suites("authentication"), case.origin
    )
    _keep(session.authentication, made)


def _main_mode_set(session: Session, case: _Case) -> None:
    name = DEFAULT_MAIN_MODE if "default" in case.given else case.name
    made = sets.main_mode_set(name, parameters.of_set(case.given), case.suites("main"), case.origin)
    _keep(session.main_mode, made)


def _quick_mode_set(session: Session, case: _Case) -> None:
    made = sets.quick_mode_set(case.name, parameters.of_set(case.given), case.suites("quick"), case.origin)
    _keep(session.quick_mode, made)


def _keep(held: dict[str, AnySet], made: AnySet) -> None:
    if made.id.casefold() in held:
        raise _NotUnderstoodError("a set of this name exists already")
    held[made.id.casefold()] = made


def _settings(session: Session, case: _Case) -> None:
    names = [name.lower() for name in case.given.get("exemptions", ())]
    if set(case.given) - {"policystore", "exemptions"} or not names or not set(names) <= _EXEMPTIONS.keys():
        raise _NotUnderstoodError("what it sets is not understood")
    session.exemptions = sum(_EXEMPTIONS[name] for name in set(names))


_PROPOSALS: Final[Mapping[str, tuple[str, Callable[[Given], list[Token]]]]] = {
    "new-netipsecauthproposal": ("authentication", parameters.authentication_proposal),
    "new-netipsecmainmodecryptoproposal": ("main", parameters.main_mode_proposal),
    "new-netipsecquickmodecryptoproposal": ("quick", parameters.quick_mode_proposal),
}
_HANDLERS: Final[Mapping[str, Callable[[Session, _Case], None]]] = {
    "new-netipsecphase1authset": _authentication_set,
    "new-netipsecmainmodecryptoset": _main_mode_set,
    "new-netipsecquickmodecryptoset": _quick_mode_set,
    "new-netipsecrule": _new_rule,
    "set-netipsecrule": _set_rule,
    "enable-netipsecrule": _enable,
    "disable-netipsecrule": _disable,
    "remove-netipsecrule": _remove_rule,
    "set-netfirewallsetting": _settings,
}
