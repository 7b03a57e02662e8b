"""A dialect and targets made for the tests of the command line: they say what a test wants them to say."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import NamedTuple

from ipsecmig.cli.verification import Verdict, Verification
from ipsecmig.diagnostics import Diagnostic, Origin, Severity
from ipsecmig.dialects.base import Dialect, Reading, ReadOptions, Source
from ipsecmig.model.algorithms import DhGroup, Encryption, Integrity
from ipsecmig.model.attributes import AttributeKind
from ipsecmig.model.policy import (
    Action,
    EspTransform,
    Filter,
    FilterAction,
    FilterList,
    MainMode,
    MainModeOffer,
    NotUnderstood,
    Policy,
    PolicyStore,
    PresharedKey,
    QuickModeOffer,
    Rule,
    Secret,
)
from ipsecmig.model.selectors import ANY, ANY_PORT, ME, TCP, AddressRange, PortRange
from ipsecmig.model.targets import (
    Emission,
    EmissionRequest,
    Loss,
    LossKind,
    OutputFile,
    SecurityDirection,
    Target,
)


class Outcome(NamedTuple):
    """What a run of the command line gave."""

    code: int
    out: str
    err: str


Cli = Callable[..., Outcome]

KEY = "correct-horse-battery-staple"
"""The preshared key of the made-up policy: nothing may print it."""


def policy_store(name: str = "Web server", source: str = "policy.cmd", assigned: bool = True) -> PolicyStore:
    """Return a small store with one negotiating rule and a preshared key."""
    origin = Origin(source, 12, 3, 9)
    offers = (QuickModeOffer((EspTransform(Encryption.TRIPLE_DES, Integrity.SHA1),), 3600, 100000),)
    filters = (Filter(ANY, ME, TCP, ANY_PORT, PortRange(80, 80), origin=origin),)
    rule = Rule("Require", "Web", "Secure", (PresharedKey(Secret(KEY)),), origin=origin)
    main_mode = MainMode((MainModeOffer(Encryption.TRIPLE_DES, Integrity.SHA1, DhGroup.MODP1024),))
    return PolicyStore(
        policies=(Policy(name, main_mode, (rule,), assigned=assigned, origin=origin),),
        filter_lists=(FilterList("Web", filters, origin=origin),),
        filter_actions=(FilterAction("Secure", Action.NEGOTIATE, offers, origin=origin),),
        sources=(source,),
    )


def conflicting(store: PolicyStore, narrow: Action) -> PolicyStore:
    """Return `store` with two rules that meet and whose order is not documented; the files will follow `narrow`."""
    other = Action.BLOCK if narrow is Action.PERMIT else Action.PERMIT
    office = Filter(AddressRange.parse("10.0.0.0/8"), ME, mirrored=False, origin=Origin("policy.cmd", 21, 1))
    telnet = Filter(ANY, ME, TCP, ANY_PORT, PortRange(23, 23), mirrored=False, origin=Origin("policy.cmd", 22, 1))
    lists = (FilterList("Office", (office,)), FilterList("Telnet", (telnet,)))
    actions = (FilterAction("One", narrow), FilterAction("Other", other))
    rules = (Rule("Office", "Office", "One"), Rule("Telnet", "Telnet", "Other"))
    policy = replace(store.policies[0], rules=rules)
    return replace(store, policies=(policy,), filter_lists=lists, filter_actions=actions)


def _read(source: Source, options: ReadOptions) -> Reading:
    """Read the test's own language: words that say what happens, `policy=NAME` for each policy."""
    words = source.data.decode().split()
    store = policy_store(source=source.name)
    names = [word.partition("=")[2] for word in words if word.startswith("policy=")]
    if names:
        policies = tuple(replace(store.policies[0], name=n, assigned=len(names) == 1) for n in names)
        store = replace(store, policies=policies)
    for word in words:
        if word in {"conflict-open", "conflict-closed"}:
            store = conflicting(store, Action.PERMIT if word == "conflict-open" else Action.BLOCK)
    if "list-of-9" in words:
        nine = replace(store.filter_lists[0].filters[0], protocol=9)
        store = replace(store, filter_lists=(FilterList("Web", (nine,), origin=Origin(source.name, 3, 1)),))
    if "not-understood" in words and "settled" not in options.assumptions:
        unknown = NotUnderstood("if exist x", "depends on run time", Origin(source.name, 7, 1))
        store = replace(store, not_understood=(unknown,))
    diagnostics = tuple(_diagnostic(word, source) for word in words if word in {"broken", "odd", "note"})
    return Reading(store, diagnostics)


def _diagnostic(word: str, source: Source) -> Diagnostic:
    severity = {"broken": Severity.ERROR, "odd": Severity.WARNING, "note": Severity.INFO}[word]
    origin = Origin(source.name, 4, 9)
    return Diagnostic("T001", severity, f"this is {word}", origin, "the text", "something else", "write it so")


DIALECT = Dialect(
    "fake",
    "A made-up format",
    lambda s: 90 if s.data.startswith(b"fake") else 0,
    _read,
    "seen",
    (".fake",),
    {"settled": "x exists"},
)


def loss(
    direction: SecurityDirection, kind: LossKind = LossKind.DROPPED, number: int = 1, target: str = "fake"
) -> Loss:
    """Return a loss of a made-up attribute."""
    origin = Origin("policy.cmd", number, 1)
    name = f'rule "{number}": soft'
    return Loss(target, kind, direction, name, origin, "no such thing", "leave it out", AttributeKind.ACTION_SOFT)


@dataclass
class FakeTargets:
    """Targets whose losses and files a test chooses; requests are kept for the test to look at."""

    losses: tuple[Loss, ...] = ()
    files: tuple[OutputFile, ...] = (
        OutputFile("rules.nft", b"table inet x {}\n"),
        OutputFile("conf.d/secrets.conf", f"secret = {KEY}\n".encode(), secret=True),
    )
    requests: list[EmissionRequest] = field(default_factory=list)
    verification: Verification = Verification(Verdict.EQUAL)  # noqa: RUF009 (it is frozen)
    fail: Callable[[], None] = lambda: None

    def emit(self, request: EmissionRequest) -> Emission:
        self.fail()
        self.requests.append(request)
        return Emission("fake", self.files, self.losses, 10, ("a note",))

    def emit_other(self, request: EmissionRequest) -> Emission:
        return Emission("other", (OutputFile("other.conf", b"other\n"),), (), 12)

    @property
    def targets(self) -> tuple[Target, ...]:
        return (
            Target("fake", "A made-up target", self.emit, {"rules.nft": "the rules"}),
            Target("other", "Another one", self.emit_other, {"other.conf": "the other"}),
        )
