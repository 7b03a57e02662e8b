"""All input formats, and the choice of the one that fits a source."""

from __future__ import annotations

from dataclasses import replace
from operator import itemgetter
from typing import Final

from ipsecmig.diagnostics import Origin, Severity
from ipsecmig.dialects.base import Dialect, Reading, ReadOptions, Source
from ipsecmig.dialects.clixml import entry as clixml
from ipsecmig.dialects.consec import entry as consec
from ipsecmig.dialects.gpo_report import entry as gpo_report
from ipsecmig.dialects.hive import entry as hive
from ipsecmig.dialects.ipseccmd import entry as ipseccmd
from ipsecmig.dialects.ir_json import entry as ir_json
from ipsecmig.dialects.ldif import entry as ldif
from ipsecmig.dialects.netdiag import entry as netdiag
from ipsecmig.dialects.netsecurity import entry as netsecurity
from ipsecmig.dialects.netsh_show import entry as netsh_show
from ipsecmig.dialects.netsh_static import entry as netsh_static
from ipsecmig.dialects.notes import Note
from ipsecmig.dialects.reg_add import entry as reg_add
from ipsecmig.dialects.reg_file import entry as reg_file
from ipsecmig.dialects.reg_query import entry as reg_query
from ipsecmig.dialects.registry_pol import entry as registry_pol
from ipsecmig.dialects.wfp import entry as wfp
from ipsecmig.errors import InputError, UsageError

DIALECTS: Final[tuple[Dialect, ...]] = (
    netsh_static.DIALECT,
    netsh_show.DIALECT,
    netdiag.DIALECT,
    ipseccmd.DIALECT,
    ir_json.DIALECT,
    ldif.DIALECT,
    wfp.STATE_DIALECT,
    wfp.FILTERS_DIALECT,
    gpo_report.DIALECT,
    clixml.DIALECT,
    consec.STRINGS,
    consec.SCRIPT,
    consec.LISTING,
    netsecurity.DIALECT,
    reg_file.DIALECT,
    reg_query.DIALECT,
    reg_add.DIALECT,
    hive.DIALECT,
    registry_pol.DIALECT,
)

_LOOKED_AT: Final = 1 << 20
_CERTAIN: Final = 99

NO_FORMAT: Final = Note(
    "IN020",
    Severity.ERROR,
    "no known format fits this input",
    "If it is one of these, say so with --from: {names}.",
)


def dialect(name: str) -> Dialect:
    """Return the dialect called `name`. Raises UsageError, which lists all names, when there is none."""
    for one in DIALECTS:
        if one.name == name:
            return one
    raise UsageError(f'--from: there is no format "{name}"; there are: {_names()}')


def detect(source: Source) -> Dialect:
    """Return the dialect that `source` most likely is in, by its first MiB. Raises InputError when none fits."""
    beginning = Source(source.name, source.data[:_LOOKED_AT])
    certainty, best = max(((one.detect(beginning), one) for one in DIALECTS), key=itemgetter(0))
    if certainty > 0:
        return best
    raise InputError((NO_FORMAT.say(Origin(source.name), names=_names()),))


def certain(source: Source) -> Dialect | None:
    """Return the dialect whose mark `source` bears, such as that of a hive, which no other kind of file has."""
    beginning = Source(source.name, source.data[:_LOOKED_AT])
    return next((one for one in DIALECTS if one.detect(beginning) >= _CERTAIN), None)


def read(source: Source, options: ReadOptions, forced_format: str | None = None) -> Reading:
    """Return what `source` says, read as `forced_format` or as the format that is detected.

    Raises InputError when no format fits or the source cannot be read at all, and UsageError for an unknown format
    or encoding.
    """
    chosen = detect(source) if forced_format is None else dialect(forced_format)
    return replace(chosen.read(source, options), evidence=chosen.evidence)


def _names() -> str:
    return ", ".join(one.name for one in DIALECTS)
