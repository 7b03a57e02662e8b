"""What every dialect gives, and how its input is read.

A dialect turns the bytes of one source into a `Reading`: the policy store, everything to be said about the input, and
how sure it was that the input is its own.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import IntEnum

from ipsecmig.diagnostics import Diagnostic
from ipsecmig.model.policy import PolicyStore


@dataclass(frozen=True, slots=True)
class Source:
    """One input as bytes. `name` is the file's name as the user wrote it, `-` for standard input."""

    name: str
    data: bytes


@dataclass(frozen=True, slots=True)
class ReadOptions:
    """What the caller knows about the input.

    `encoding` overrides detection. `definitions` gives values to a script's parameters and variables (`--define
    1=10.0.0.5`). `assumptions` settles what depends on run time (see `ASSUMPTIONS` of the dialect).
    """

    encoding: str | None = None
    definitions: Mapping[str, str] = field(default_factory=dict)
    assumptions: frozenset[str] = frozenset()


class Evidence(IntEnum):
    """How much a source says about what Windows holds: the larger is believed first."""

    SCRIPT = 0
    """What somebody would run; it may be old, or never have run."""
    LISTING = 1
    """What Windows printed of it, perhaps not all."""
    STORE = 2
    """The store itself, whole."""


@dataclass(frozen=True, slots=True)
class Reading:
    """What a dialect read. Diagnostics of severity ERROR mean that the store must not be used.

    `evidence` is that of the dialect.
    """

    store: PolicyStore
    diagnostics: tuple[Diagnostic, ...]
    evidence: Evidence = Evidence.SCRIPT


@dataclass(frozen=True, slots=True)
class Dialect:
    """One input format, as the registry lists it.

    A `DIALECT` stands in the module `entry` of its package, which the registry imports at every start: it imports
    nothing but what telling formats apart needs, and the reader within `read`. `detect` is given the first MiB at most
    and returns 0 (not this format) to 100 (certainly).
    `confidence` says how well the format is known: `documented` by Microsoft, `seen` in real files, or `unverified`.
    `unverified` names what of it could not be checked against a real file; such parts warn in use.
    `assumptions` are the words that `ReadOptions.assumptions` may hold, each with what it settles.
    """

    name: str
    title: str
    detect: Callable[[Source], int]
    read: Callable[[Source, ReadOptions], Reading]
    confidence: str
    suffixes: tuple[str, ...] = ()
    assumptions: Mapping[str, str] = field(default_factory=dict)
    evidence: Evidence = Evidence.SCRIPT
    unverified: tuple[str, ...] = ()
