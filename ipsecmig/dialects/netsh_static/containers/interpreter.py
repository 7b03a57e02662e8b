"""What the readers of batch files and of PowerShell have in common: variables, and flow that splits at run time."""

from __future__ import annotations

from collections.abc import Callable
from typing import Generic, TypeVar

from ipsecmig.dialects.netsh_static.containers.output import Output

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
        before = dict(self.variables)
        taken, other = self.out.flow.split(self.out.decide(question))
        self.out.flow = taken
        yes()
        first, after = self.out.flow, self.variables
        self.out.flow, self.variables = other, before
        no()
        if first.alive:
            self.variables = self.merged(after, self.variables) if self.out.flow.alive else after
        self.out.flow = first.join(self.out.flow)
