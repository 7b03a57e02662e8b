"""What converting a store of connection security rules collects on its way."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from ipsecmig.diagnostics import Diagnostic, Origin
from ipsecmig.dialects.notes import Note
from ipsecmig.model.policy import NotUnderstood

PLATFORMS: Final = "platforms"
SPECIFIC_FIRST: Final = "specific-first"
COMPUTERS_ONLY: Final = "computers-only"
PROFILE: Final = "profile-"

ASSUMPTIONS: Final[Mapping[str, str]] = {
    "profile-domain": "this host's networks are all of the domain profile",
    "profile-private": "this host's networks are all of the private profile",
    "profile-public": "this host's networks are all of the public profile",
    PLATFORMS: "rules and suites for some versions of Windows are for this host's",
    COMPUTERS_ONLY: "that the computers authenticate is enough: second authentication, of users, is left out",
    SPECIFIC_FIRST: "of connection security rules that overlap Windows follows the narrower one",
}
"""What --assume can settle about connection security rules."""


@dataclass(slots=True)
class Draft:
    """What was said, and what was not understood. `owner` names the rule that is being converted."""

    assumptions: frozenset[str] = frozenset()
    diagnostics: list[Diagnostic] = field(default_factory=list)
    not_understood: list[NotUnderstood] = field(default_factory=list)

    _said: set[Diagnostic] = field(default_factory=set)

    def tell(self, note: Note, origin: Origin, owner: str, **fields: str | int) -> None:
        """Say something that leaves nothing undecided, unless it was said before."""
        self._say(note.say(origin, owner, "", owner=owner, **fields))

    def doubt(self, note: Note, origin: Origin, owner: str, **fields: str | int) -> None:
        """Say something that makes every answer undecided, unless it was said before."""
        said = note.say(origin, owner, "", owner=owner, **fields)
        if self._say(said):
            self.not_understood.append(NotUnderstood(owner, said.message, origin))

    def _say(self, said: Diagnostic) -> bool:
        is_new = said not in self._said
        if is_new:
            self._said.add(said)
            self.diagnostics.append(said)
        return is_new
