"""Every code that lint reports, with its documentation: rules, what the reader says, and what lint itself says."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from difflib import get_close_matches
from functools import cache
from typing import TYPE_CHECKING, Final

from ipsecmig.cli.linting.documented import Documented
from ipsecmig.cli.linting.own import OWN
from ipsecmig.errors import UsageError

if TYPE_CHECKING:
    from ipsecmig.cli.parts import Json
    from ipsecmig.dialects.notes import Note
    from ipsecmig.lint.rule import LintRule

READER: Final = "reader"
"""The family of what is said of the text of a script."""

_LOOK_ALIKES: Final = str.maketrans("ol", "01")
_FIELD = re.compile(r"\{(\w+)\}")


@cache
def catalogue() -> Mapping[str, Documented]:
    """Return everything that can be reported, by code."""
    from ipsecmig.dialects.catalogue import notes
    from ipsecmig.lint.registry import RULES
    from ipsecmig.remote import directory_messages, evidence_messages, extraction_messages, inventory_messages

    remote = (directory_messages, evidence_messages, extraction_messages, inventory_messages)
    said = (*notes(), *(note for module in remote for note in module.notes()))
    every = [*(_of_rule(rule) for rule in RULES), *(_of_note(note) for note in said), *OWN]
    return {one.code: one for one in every}


def _of_rule(rule: LintRule) -> Documented:
    from ipsecmig.lint.rule import documentation

    found = documentation(rule)
    return Documented(rule.code, rule.name, rule.family.value, rule.severity, found.title, found.sections)


def _of_note(note: Note) -> Documented:
    title, instead = (_FIELD.sub(r"<\1>", text) for text in (note.message, note.advice))
    return Documented(note.code, "", READER, note.severity, title, {"Instead": instead} if instead else {})


def look_up(word: str) -> Documented:
    """Return what the code or rule name `word` stands for. Raises UsageError with those that come close."""
    for one in catalogue().values():
        if word.casefold() in {one.code.casefold(), one.name}:
            return one
    raise UsageError(f'there is no code "{word}"{close_to(word)}; `ipsecmig rules` lists all')


def close_to(word: str) -> str:
    """Return the codes and names that `word` may be meant to be, in words."""
    known = {text.casefold(): text for one in catalogue().values() for text in (one.code, one.name) if text}
    mistyped = word.casefold().translate(_LOOK_ALIKES)
    alike = [text for text in known if text.translate(_LOOK_ALIKES) == mistyped]
    close = dict.fromkeys([*alike, *get_close_matches(word.casefold(), known, n=3, cutoff=0.6)])
    return f"; close to it: {', '.join(known[text] for text in [*close][:3])}" if close else ""


def matching(words: str, option: str) -> frozenset[str]:
    """Return the codes that a comma-separated list of codes, beginnings of codes, names and families means.

    Raises UsageError for a word that means none; `option` is what the list was given to.
    """
    return frozenset(code for word in words.split(",") for code in _codes(word.strip(), option))


def _codes(word: str, option: str) -> Iterator[str]:
    wanted = word.casefold()
    found = [c for c, d in catalogue().items() if wanted and (_begins(c, wanted) or wanted in {d.name, d.family})]
    if not found:
        raise UsageError(f'{option}: there is no rule "{word}"{close_to(word)}; `ipsecmig rules` lists all')
    yield from found


def _begins(code: str, wanted: str) -> bool:
    """Whether `code` is `wanted`, or `wanted` is its letters with or without some of its digits.

    The letters must be all there: `S` means the rules whose codes begin with S and a digit, not those of another kind.
    """
    rest = code.casefold().removeprefix(wanted)
    return rest != code.casefold() and not re.match(r"[a-z]", rest)


def rule_document(one: Documented) -> Json:
    """Return one code as JSON, rules.schema.json; sections have their titles in lower case for keys."""
    return {
        "code": one.code,
        "name": one.name or None,
        "family": one.family,
        "severity": one.severity.label,
        "title": one.title,
        "documentation": {title.lower(): text for title, text in one.sections.items()},
    }
