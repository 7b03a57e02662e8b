"""The dialect `gpo-report`: XML reports of Get-GPOReport, GPMC and `gpresult /x`, and those inside of GPO backups."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Final, TypeVar

from ipsecmig.consec.objects import (
    AuthenticationSet,
    ConsecStore,
    MainModeCryptoSet,
    QuickModeCryptoSet,
    Refused,
)
from ipsecmig.consec.sets import global_settings
from ipsecmig.diagnostics import Diagnostic, Origin
from ipsecmig.dialects.base import Reading, ReadOptions, Source
from ipsecmig.dialects.consec import policy as consec
from ipsecmig.dialects.gpo_report import messages
from ipsecmig.dialects.gpo_report.firewall import Firewall
from ipsecmig.dialects.gpo_report.report import Report, is_container
from ipsecmig.dialects.xml_input.stream import pieces
from ipsecmig.dialects.xml_input.text import open_text

_TWICE: Final = "two group policy objects define this set, and not alike; which one wins is not in the report"


def read(source: Source, options: ReadOptions) -> Reading:
    """Return the connection security rules that a report lists, as one policy.

    Raises InputError for what is no XML, UsageError where lxml is missing or the encoding is unknown.
    """
    text, said = open_text(source, options), list[Diagnostic]()
    report = Report(source.name)
    report.walk(pieces(text, is_container, said.append))
    said += report.said
    found = [one for one in report.found if not one.is_empty]
    for one in report.found:
        said += _remarks(one)
    if not (found or report.not_understood):
        said.append(messages.NOTHING.say(Origin(source.name)))
    names = ", ".join(title for one in found if (title := report.title(one)))
    reading = consec.convert(_joined(report.found if found else (), source.name), options.assumptions, gpo=names)
    if found:
        said.append(messages.UNVERIFIED.say(Origin(source.name)))
    if len(found) > 1:
        said.append(messages.SEVERAL.say(Origin(source.name), count=len(found), names=names))
    kept = (*reading.store.not_understood, *report.not_understood)
    store = replace(reading.store, not_understood=kept, sources=(source.name,))
    return Reading(store, (*text.diagnostics, *said, *reading.diagnostics))


def _remarks(one: Firewall) -> list[Diagnostic]:
    """Return what there is to say about one object's firewall settings beside its rules."""
    origin, said = Origin(one.file), list(one.said)
    if one.firewall_rules:
        said.append(messages.FIREWALL_RULES.say(origin, count=one.firewall_rules))
    if one.merged and not one.is_empty:
        said.append(messages.LOCAL_RULES.say(origin, profiles=" or ".join(one.merged)))
    return said


def _joined(found: Sequence[Firewall], file: str) -> ConsecStore:
    """Return everything that the objects say together."""
    stores = [one.store() for one in found]
    refused = [one for store in stores for one in store.refused]
    return ConsecStore(
        rules=tuple(rule for store in stores for rule in store.rules),
        main_mode_rules=tuple(rule for store in stores for rule in store.main_mode_rules),
        authentication_sets=_sets([one for store in stores for one in store.authentication_sets], refused),
        main_mode_sets=_sets([one for store in stores for one in store.main_mode_sets], refused),
        quick_mode_sets=_sets([one for store in stores for one in store.quick_mode_sets], refused),
        settings=global_settings(dict.fromkeys(token for one in found for token in one.settings)),
        substitutes=tuple(dict.fromkeys(token for store in stores for token in store.substitutes)),
        refused=tuple(refused),
        sources=(file,),
    )


_Set = TypeVar("_Set", AuthenticationSet, MainModeCryptoSet, QuickModeCryptoSet)


def _sets(sets: Sequence[_Set], refused: list[Refused]) -> tuple[_Set, ...]:
    """Return the sets without repetitions; two that differ but share an identifier leave a doubt."""
    found: dict[tuple[str, object], _Set] = {}
    for one in sets:
        phase = one.phase if isinstance(one, AuthenticationSet) else 0
        if found.setdefault((one.id.lower(), phase), one) != one:
            refused.append(Refused(one.name or one.id, _TWICE, one.origin))
    return tuple(found.values())
