"""The dialect `netsh-show`: what `netsh ipsec static show` prints, captured or redirected, in any language."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Final

from ipsecmig.diagnostics import Diagnostic, Origin, Severity
from ipsecmig.dialects import decoding
from ipsecmig.dialects.base import Dialect, Evidence, Reading, ReadOptions, Source
from ipsecmig.dialects.netsh_show import messages, structure
from ipsecmig.dialects.netsh_show.assemble import Assembler
from ipsecmig.dialects.netsh_show.findings import Findings
from ipsecmig.dialects.netsh_show.lines import items
from ipsecmig.dialects.netsh_show.reader import Reader
from ipsecmig.dialects.netsh_show.vocabulary import Key, Vocabulary, entries
from ipsecmig.errors import InputError
from ipsecmig.model.collector import collector_paused

_LOOKED_AT: Final = 1 << 16
_CERTAIN: Final = 97
_LIKELY: Final = 40
_COMMANDS: Final = re.compile(
    r"\b(?:static|dynamic)[ \t]+(?:add|set|del\w*)[ \t]|^[ \t]*(?:add|set|del\w*)[ \t]+(?:policy|rule|filter\w*)[ \t]",
    re.IGNORECASE | re.MULTILINE,
)
_FAILURE: Final = re.compile(r"^[ \t]*ERR IPsec\[\d{4,5}\]", re.IGNORECASE | re.MULTILINE)
_STATE: Final = re.compile(
    r"^[ \t]*IKE Main Mode SAs at\b|^[^\n]*\bipsec[ \t]+dynamic[ \t]+show\b", re.IGNORECASE | re.MULTILINE
)
_BEGINNINGS: Final = frozenset(
    {Key.POLICY_NAME, Key.LIST_NAME, Key.ACTION_NAME, Key.RULE_ID, Key.SOURCE_MACHINE, Key.MIRRORED}
)
_ENOUGH: Final = 3


@collector_paused()
def read(source: Source, options: ReadOptions) -> Reading:
    """Return what the output `source` shows. `options.definitions` gives English for labels and words not known.

    Raises InputError for what is no text, for the state of the service, and for what holds no such output; UsageError
    for an unknown encoding.
    """
    decoded = decoding.decode(source, options)
    learnt = structure.learn(decoded.text, Vocabulary(options.definitions))
    vocabulary = Vocabulary(options.definitions, {label: one.key for label, one in learnt.items()})
    findings = Findings(source.name)
    for one in learnt.values():
        findings.note(messages.LEARNT, one.line, label=one.label, meaning=_english(one.key))
    reader = Reader(vocabulary, findings)
    reader.read(items(decoded.text, vocabulary))
    store = Assembler(reader, vocabulary, findings).store(source.name)
    _remark(reader, vocabulary, findings)
    reading = Reading(store, (*decoded.diagnostics, *findings.diagnostics()))
    _refuse_nothing(reader, findings, reading)
    return reading


def _remark(reader: Reader, vocabulary: Vocabulary, findings: Findings) -> None:
    """Say what the whole rests on, and what is missing from it."""
    blocks = [*reader.policies, *reader.actions]
    if blocks:
        findings.note(messages.UNVERIFIED_BLOCKS, min(block.line for block in blocks))
    for language in sorted(vocabulary.relied_on):
        findings.note(messages.UNVERIFIED_LANGUAGE, 1, language=language)
    shown = (*reader.lists, *reader.actions)
    if shown and not reader.policies:
        kinds = [name for name, held in (("filter lists", reader.lists), ("filter actions", reader.actions)) if held]
        findings.note(messages.NO_POLICY, shown[0].line, what=" and ".join(kinds))
    if reader.state_line and (shown or reader.policies):
        findings.note(messages.STATE_LEFT_OUT, reader.state_line)


def _refuse_nothing(reader: Reader, findings: Findings, reading: Reading) -> None:
    """Raise InputError when no object was printed, unless netsh said that there is none."""
    if reader.policies or reader.lists or reader.actions or reader.assignments or reader.rules_alone:
        return
    failed = [d for d in reading.diagnostics if d.code in (messages.FAILED.code, messages.NO_ACCESS.code)]
    if reader.state_line:
        raise InputError((messages.STATE.say(findings.origin(reader.state_line)),))
    if failed:
        raise InputError(tuple(replace(d, severity=Severity.ERROR) for d in failed))
    if not reader.failures:
        unknown: tuple[Diagnostic, ...] = findings.diagnostics()
        raise InputError((messages.NOTHING.say(Origin(findings.file, 1, 1)), *unknown))


def _english(key: Key) -> str:
    return next(entry.text for entry in entries() if entry.language == "en" and entry.meaning is key)


def detect(source: Source) -> int:
    """Return how sure it is, from 0 to 100, that `source` is such an output."""
    beginning = source.data[:_LOOKED_AT]
    if beginning.count(b":") < 1 or beginning.startswith((b"regf", b"<?xml")):
        return 0
    try:
        text = decoding.decode(Source(source.name, beginning[: len(beginning) & ~3]), ReadOptions()).text
    except InputError:
        return 0
    vocabulary = Vocabulary({})
    found = {key for line in text.split("\n") if (key := _key(line, vocabulary)) is not None}
    if (found & _BEGINNINGS and len(found) >= _ENOUGH) or _is_structured(text):
        return _CERTAIN
    if _STATE.search(text) or _FAILURE.search(text):
        return _LIKELY if _COMMANDS.search(text) else _CERTAIN
    return _LIKELY if found & _BEGINNINGS else 0


def _key(line: str, vocabulary: Vocabulary) -> Key | None:
    label, colon, _ = line.partition(":")
    return vocabulary.key(label) if colon else None


def _is_structured(text: str) -> bool:
    """Whether the blocks of a filter list stand there, under labels that no table has."""
    return bool(structure.learn(text, Vocabulary({})))


DIALECT: Final = Dialect(
    name="netsh-show",
    title="output of netsh ipsec static show, in several languages",
    detect=detect,
    read=read,
    confidence="seen",
    suffixes=(".txt", ".log"),
    evidence=Evidence.LISTING,
    unverified=(
        "policies, rules and filter actions, tables, and server addresses",
        "labels other than the English and Chinese ones of filter lists",
    ),
)
