"""The dialect `netsh-show`: what `netsh ipsec static show` prints, captured or redirected, in any language."""

from __future__ import annotations

from dataclasses import replace

from ipsecmig.diagnostics import Diagnostic, Origin, Severity
from ipsecmig.dialects import decoding
from ipsecmig.dialects.base import Reading, ReadOptions, Source
from ipsecmig.dialects.netsh_show import messages, structure
from ipsecmig.dialects.netsh_show.assemble import Assembler
from ipsecmig.dialects.netsh_show.findings import Findings
from ipsecmig.dialects.netsh_show.lines import Prompt, items
from ipsecmig.dialects.netsh_show.reader import Reader
from ipsecmig.dialects.netsh_show.vocabulary import Key, Vocabulary, entries
from ipsecmig.errors import InputError
from ipsecmig.model.collector import collector_paused


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
    last = decoded.text.rpartition("\n")[2]
    if last.strip() and not isinstance(next(items(last, vocabulary), None), Prompt):
        findings.doubt(messages.CUT_OFF, decoded.text.count("\n") + 1, "the last line")
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
