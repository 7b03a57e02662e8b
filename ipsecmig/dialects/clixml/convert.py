"""The dialect `clixml`: Export-Clixml of what Get-NetIPsecRule and its relatives give."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from ipsecmig.consec import rules as consec_rules
from ipsecmig.consec import sets as consec_sets
from ipsecmig.consec.objects import (
    AuthenticationSet,
    ConnectionSecurityRule,
    ConsecStore,
    MainModeCryptoSet,
    MainModeRule,
    QuickModeCryptoSet,
)
from ipsecmig.diagnostics import Diagnostic, Origin
from ipsecmig.dialects.base import Reading, ReadOptions, Source
from ipsecmig.dialects.clixml import messages
from ipsecmig.dialects.clixml.properties import Properties
from ipsecmig.dialects.clixml.rules import FILTERS, Filters, id_of, main_mode_tokens, rule_tokens, title
from ipsecmig.dialects.clixml.sets import is_cut_off, set_tokens, suites
from ipsecmig.dialects.clixml.values import Graph, Instance
from ipsecmig.dialects.consec.policy import convert
from ipsecmig.dialects.xml_input.stream import pieces
from ipsecmig.dialects.xml_input.text import open_text

_ROOT: Final = "Objs"
_SETS: Final[Mapping[str, tuple[str, int]]] = {
    "MSFT_NetIKEP1AuthSet": ("authentication", 1),
    "MSFT_NetIKEP2AuthSet": ("authentication", 2),
    "MSFT_NetIKEMMCryptoSet": ("main", 1),
    "MSFT_NetIKEQMCryptoSet": ("quick", 1),
}


@dataclass(slots=True)
class _Export:
    """What was made of the instances of one file so far."""

    file: str
    graph: Graph = field(default_factory=Graph)
    said: list[Diagnostic] = field(default_factory=list)
    filters: dict[str, dict[str, Properties]] = field(default_factory=dict)
    rules: list[ConnectionSecurityRule] = field(default_factory=list)
    main_mode_rules: list[MainModeRule] = field(default_factory=list)
    authentication_sets: list[AuthenticationSet] = field(default_factory=list)
    main_mode_sets: list[MainModeCryptoSet] = field(default_factory=list)
    quick_mode_sets: list[QuickModeCryptoSet] = field(default_factory=list)
    contested: set[str] = field(default_factory=set)
    others: Counter[str] = field(default_factory=Counter)

    def take_all(self) -> None:
        """Make objects of all instances: filters first, which rules look up by their identifier."""
        for one in self.graph.instances:
            if one.cim_class in FILTERS:
                properties = Properties(self.graph, one)
                self._filter(id_of(properties).lower(), one.cim_class, properties)
        for one in self.graph.instances:
            self._take(Properties(self.graph, one), one)

    def _filter(self, id_: str, kind: str, properties: Properties) -> None:
        """Keep a filter; two of a kind that differ belong to rules of two stores, and nothing says which to which."""
        first = self.filters.setdefault(id_, {}).setdefault(kind, properties)
        if first.instance.properties != properties.instance.properties:
            self.contested.add(id_)

    def _take(self, properties: Properties, one: Instance) -> None:
        origin = Origin(self.file, one.line)
        match one.cim_class:
            case "MSFT_NetConSecRule":
                self._rule(properties, origin)
            case "MSFT_NetMainModeRule":
                self._main_mode_rule(properties, origin)
            case name if name in _SETS:
                self._set(properties, origin, *_SETS[name])
            case name if name not in FILTERS and not name.endswith("Proposal"):
                self.others[name] += 1
        for name in properties.dangling:
            self.said.append(messages.DANGLING.say(origin, id=name))

    def _own(self, properties: Properties) -> Filters:
        """Return the filters of a rule; none of those that may be another's."""
        id_ = id_of(properties).lower()
        return {} if id_ in self.contested else self.filters.get(id_, {})

    def _rule(self, properties: Properties, origin: Origin) -> None:
        own = self._own(properties)
        missing = ", ".join(kind for name, kind in FILTERS.items() if name not in own)
        if missing:
            say = messages.FILTER_MISSING.say(origin, kinds=missing, name=title(properties))
            self.said.append(say)
        found = rule_tokens(properties, own)
        self.rules.append(consec_rules.rule_from_tokens(found, id_of(properties), None, origin))

    def _main_mode_rule(self, properties: Properties, origin: Origin) -> None:
        own = self._own(properties)
        if not own:
            self.said.append(messages.MAIN_MODE_FILTER.say(origin, name=title(properties)))
        found = main_mode_tokens(properties, own)
        made = consec_rules.main_mode_rule_from_tokens(found, id_of(properties), None, origin)
        self.main_mode_rules.append(made)

    def _set(self, properties: Properties, origin: Origin, kind: str, phase: int) -> None:
        id_, own, of_suites = id_of(properties), set_tokens(properties, kind), suites(properties, kind, phase)
        if is_cut_off(of_suites):
            self.said.append(messages.SHALLOW.say(origin, name=title(properties)))
        if kind == "authentication":
            made = consec_sets.authentication_set(id_, phase, own, of_suites, origin)
            self.authentication_sets.append(made)
        elif kind == "main":
            self.main_mode_sets.append(consec_sets.main_mode_set(id_, own, of_suites, origin))
        else:
            self.quick_mode_sets.append(consec_sets.quick_mode_set(id_, own, of_suites, origin))

    def store(self) -> ConsecStore:
        """Return everything that was made."""
        return ConsecStore(
            tuple(self.rules),
            tuple(self.main_mode_rules),
            tuple(self.authentication_sets),
            tuple(self.main_mode_sets),
            tuple(self.quick_mode_sets),
            sources=(self.file,),
        )

    @property
    def is_empty(self) -> bool:
        """Whether there is no object that matters."""
        sets = (self.authentication_sets, self.main_mode_sets, self.quick_mode_sets)
        return not (self.rules or self.main_mode_rules or self.filters or any(sets))


def _is_container(path: tuple[str, ...], _type: str) -> bool:
    return path == (_ROOT,)


def read(source: Source, options: ReadOptions) -> Reading:
    """Return the connection security rules that an export holds, as one policy.

    Raises InputError for what is no XML, UsageError where lxml is missing or the encoding is unknown.
    """
    text, said = open_text(source, options), list[Diagnostic]()
    export, origin = _Export(source.name), Origin(source.name)
    for piece in pieces(text, _is_container, said.append):
        if not piece.opened:
            export.graph.value(piece.node)
    export.take_all()
    said.append((messages.NOTHING if export.is_empty else messages.UNVERIFIED).say(origin))
    if export.others:
        classes = ", ".join(sorted(export.others))
        said.append(messages.NOT_READ.say(origin, count=export.others.total(), classes=classes))
    reading = convert(export.store(), options.assumptions)
    return Reading(reading.store, (*text.diagnostics, *said, *export.said, *reading.diagnostics))
