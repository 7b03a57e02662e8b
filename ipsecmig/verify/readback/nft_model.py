"""An nftables ruleset as data, whichever form it was read from: text or JSON. Source: nft(8)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum

from ipsecmig.diagnostics import NOWHERE, Origin


class VerdictKind(Enum):
    """The verdicts that are modelled, by their words."""

    ACCEPT = "accept"
    DROP = "drop"
    REJECT = "reject"
    RETURN = "return"
    CONTINUE = "continue"
    JUMP = "jump"
    GOTO = "goto"


@dataclass(frozen=True, slots=True)
class NftVerdict:
    """A verdict; `chain` is where a jump or goto leads."""

    kind: VerdictKind
    chain: str = ""


@dataclass(frozen=True, slots=True)
class Element:
    """One element of a set or map: a value for each part of the key, and in a verdict map the verdict."""

    key: tuple[str, ...]
    verdict: NftVerdict | None
    origin: Origin


@dataclass(frozen=True, slots=True)
class Match:
    """`selectors operator right`: `elements` are written in place, or stand in the set called `reference`."""

    selectors: tuple[str, ...]
    operator: str
    elements: tuple[Element, ...]
    reference: str = ""


@dataclass(frozen=True, slots=True)
class VerdictMap:
    """`selectors vmap ...`, with the elements in place or in the map called `reference`."""

    selectors: tuple[str, ...]
    elements: tuple[Element, ...]
    reference: str = ""


Statement = Match | VerdictMap | NftVerdict


@dataclass(frozen=True, slots=True)
class NftRule:
    """One rule; counters, logs and comments are left out since they decide nothing."""

    statements: tuple[Statement, ...]
    origin: Origin
    text: str


@dataclass(frozen=True, slots=True)
class NftChain:
    """One chain; only a base chain has a hook. `priority` is the number, smaller ones run first."""

    name: str
    rules: tuple[NftRule, ...]
    type: str = ""
    hook: str = ""
    priority: int = 0
    policy: VerdictKind = VerdictKind.ACCEPT
    origin: Origin = NOWHERE


@dataclass(slots=True)
class NftTable:
    """One table: its chains, and the elements of its sets and maps, by name."""

    family: str
    name: str
    chains: dict[str, NftChain] = field(default_factory=dict)
    sets: dict[str, tuple[Element, ...]] = field(default_factory=dict)


Ruleset = Mapping[tuple[str, str], NftTable]
"""Tables by family and name."""

STANDARD_PRIORITIES: Mapping[str, int] = {
    "raw": -300,
    "mangle": -150,
    "dstnat": -100,
    "filter": 0,
    "security": 50,
    "srcnat": 100,
}
"""The names of priorities, nft(8) table 7."""

VOLATILE: frozenset[str] = frozenset({"dynamic", "timeout"})
"""The flags of sets whose elements come and go while packets pass."""
