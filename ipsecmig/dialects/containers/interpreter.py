"""What the readers of batch files and of PowerShell have in common: variables, and flow that splits at run time."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Generic, TypeVar

from ipsecmig.dialects.containers.flow import Flow
from ipsecmig.dialects.containers.output import Output

_Value = TypeVar("_Value")


class Interpreter(Generic[_Value]):
    """Keeps the variables of the script on the flow that is being read; `differing` stands for a value unknown."""

    def __init__(self, out: Output, variables: dict[str, _Value], differing: _Value) -> None:
        self.out = out
        self.variables = variables
        self._differing = differing

    def merged(self, one: dict[str, _Value], other: dict[str, _Value]) -> dict[str, _Value]:
        """Return the variables where two paths meet: those that differ are unknown."""
        if one == other:
            return one
        both = {name: value if other.get(name) == value else self._differing for name, value in one.items()}
        return both | {name: self._differing for name in other if name not in one}

    def branches(self, question: str, yes: Callable[[], None], no: Callable[[], None] = lambda: None) -> None:
        """Read both ways that a decision can go at run time; `question` says in words what decides."""
        self.cases([(question, yes)], no)

    def cases(self, cases: Sequence[tuple[str, Callable[[], None]]], otherwise: Callable[[], None]) -> None:
        """Read all ways that a chain of decisions can go, of which the first that holds counts."""
        before = self.variables
        ends: list[tuple[Flow, dict[str, _Value]]] = []
        for question, run in cases:
            self.out.flow, other = self.out.flow.split(self.out.decide(question))
            self.variables = before
            run()
            ends.append((self.out.flow, self.variables))
            self.out.flow = other
        self.variables = before
        otherwise()
        for flow, variables in reversed(ends):
            if flow.alive:
                self.variables = self.merged(variables, self.variables) if self.out.flow.alive else variables
            self.out.flow = flow.join(self.out.flow)
