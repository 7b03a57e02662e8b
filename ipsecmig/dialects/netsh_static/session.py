"""What every command needs while a script runs: the workspace, what was said, and what was ever defined."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Final, NamedTuple, TypeVar

from ipsecmig.diagnostics import Diagnostic, Origin, Severity
from ipsecmig.dialects.netsh_static import messages
from ipsecmig.dialects.netsh_static.assumptions import ERRORS
from ipsecmig.dialects.netsh_static.binding import Call
from ipsecmig.dialects.netsh_static.workspace import Workspace
from ipsecmig.dialects.notes import Note
from ipsecmig.model.policy import NotUnderstood, StoreLocation

ALL: Final = "all"
"""The word that stands for every object in a delete command."""

T = TypeVar("T")

Identity = tuple[str, StoreLocation, str]
"""Kind, store and name without case of an object."""


class _Missing(NamedTuple):
    """A reference to what was not defined at the time."""

    identity: Identity
    name: str
    origin: Origin


@dataclass(slots=True)
class Session:
    """The state of a script that runs. `defined` has the place of everything that was ever defined."""

    assumptions: frozenset[str] = frozenset()
    workspace: Workspace = field(default_factory=Workspace)
    diagnostics: list[Diagnostic] = field(default_factory=list)
    defined: dict[Identity, Origin] = field(default_factory=dict)
    missing: list[_Missing] = field(default_factory=list)
    remarked: set[str] = field(default_factory=set)

    def set_aside(self, text: str, reason: str, origin: Origin) -> None:
        """Keep what is not carried out, which makes every answer about the store undecided."""
        self.workspace.not_understood.append(NotUnderstood(text, reason, origin))

    def new_remarks(self, said: Iterable[Diagnostic], once: Note) -> Iterator[Diagnostic]:
        """Yield `said` without repetitions of `once` in the same words."""
        for diagnostic in said:
            if diagnostic.code != once.code or diagnostic.message not in self.remarked:
                yield diagnostic
            self.remarked.add(diagnostic.message)

    def define(self, kind: str, name: str, origin: Origin) -> None:
        """Note that the object `name` has been defined."""
        self.defined.setdefault((kind, self.workspace.location, name.casefold()), origin)

    def is_new(self, call: Call, kind: str, objects: Mapping[str, object], tag: str = "name") -> bool:
        """Whether the name in `tag` is still free among `objects`; says so when it is not."""
        name = call.text_of(tag)
        if name.casefold() in objects:
            self.diagnostics.append(call.say(messages.DEFINED_TWICE, tag, kind=kind, name=name))
            return False
        return True

    def look_up(self, call: Call, kind: str, objects: Mapping[str, T], tag: str = "name") -> T | None:
        """Return the object that `call` names in `tag`; says so and returns None when there is none."""
        return self.look_up_by(call, kind, tag, lambda name: objects.get(name.casefold()))

    def look_up_by(self, call: Call, kind: str, tag: str, find: Callable[[str], T | None]) -> T | None:
        """Return what `find` finds for the value of `tag`; says so and returns None when that is nothing."""
        name = str(call.value_of(tag))
        found = find(name)
        if found is None and self.workspace.not_understood:
            self.diagnostics.append(call.say(messages.MAY_BE_DEFINED, tag, kind=kind, name=name))
            self.set_aside(call.text, f'the {kind} "{name}" may come from what was not carried out', call.origin())
        elif found is None:
            identity = (kind, self.workspace.location, name.casefold())
            self.missing.append(_Missing(identity, name, call.origin(tag)))
        return found

    def delete(self, call: Call, kind: str, objects: dict[str, T], users: Mapping[str, str]) -> None:
        """Delete the object that `call` names, or all; `users` has the rule that uses an object and so keeps it."""
        name = call.text_of("name")
        for key in list(objects) if name.lower() == ALL else [name.casefold()]:
            if key not in objects:
                self.diagnostics.append(call.say(messages.NOTHING_TO_DELETE, "name", what=f'{kind} "{name}"'))
            elif key in users:
                self.diagnostics.append(call.say(messages.IN_USE, "name", kind=kind, name=key, rule=users[key]))
            else:
                del objects[key]

    def finish(self) -> tuple[Diagnostic, ...]:
        """Return everything that is to be said, by place, now that all definitions are known."""
        said = [*self.diagnostics, *map(self._say_missing, self.missing)]
        if ERRORS in self.assumptions:
            said = [replace(d, severity=min(d.severity, Severity.WARNING)) for d in said]
        return tuple(sorted(said, key=lambda d: (d.origin.file, d.origin.line, d.origin.column)))

    def _say_missing(self, missing: _Missing) -> Diagnostic:
        kind, place = missing.identity[0], self.defined.get(missing.identity)
        if place is None:
            return messages.NEVER_DEFINED.say(missing.origin, missing.name, kind=kind, name=missing.name)
        return messages.DEFINED_ELSEWHERE.say(
            missing.origin, missing.name, kind=kind, name=missing.name, line=place.line
        )


def renamed(objects: dict[str, T], old: str, new: str) -> dict[str, T]:
    """Return `objects` with the key `old` become `new`, in the same order."""
    return {new if key == old else key: value for key, value in objects.items()}
