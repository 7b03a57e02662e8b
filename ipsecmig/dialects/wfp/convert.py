"""The dialects `wfp-state` and `wfp-filters`."""

from __future__ import annotations

from typing import Final

from ipsecmig.diagnostics import Diagnostic, Origin
from ipsecmig.dialects.base import Dialect, Evidence, Reading, ReadOptions, Source
from ipsecmig.dialects.wfp import messages
from ipsecmig.dialects.wfp.compiled import Compiled
from ipsecmig.dialects.wfp.state import FILTERS, STATE, State, is_container
from ipsecmig.dialects.xml_input.stream import pieces
from ipsecmig.dialects.xml_input.text import open_text, sniff


def read(source: Source, options: ReadOptions) -> Reading:
    """Return the policy that a state enforces, as far as it tells.

    Raises InputError for what is no XML, UsageError where lxml is missing or the encoding is unknown.
    """
    text, said = open_text(source, options), list[Diagnostic]()
    state, compiled = State(), Compiled(source.name)
    state.walk(pieces(text, is_container, said.append))
    store = compiled.store(state)
    origin = Origin(source.name)
    if state.is_empty:
        said.append(messages.NOTHING.say(origin))
    else:
        said.append(messages.UNVERIFIED.say(origin))
    if state.other_filters:
        said.append(messages.OTHER_FILTERS.say(origin, count=state.other_filters))
    if state.firewall:
        said.append(messages.FIREWALL_STATE.say(origin))
    return Reading(store, (*text.diagnostics, *said, *compiled.said))


def detect_state(source: Source) -> int:
    """Return 100 for a file whose root is that of `show state`, else 0."""
    return _detect(source, STATE)


def detect_filters(source: Source) -> int:
    """Return 100 for a file whose root is that of `show filters`, else 0."""
    return _detect(source, FILTERS)


def _detect(source: Source, name: str) -> int:
    root = sniff(source)
    return 100 if root is not None and root.name == name else 0


_UNVERIFIED: Final = (
    "the elements of provider contexts, and of filters of IPsec layers",
    "everything read from it: compiled state says nothing of what is blocked or passes unprotected",
)
STATE_DIALECT: Final = Dialect(
    name="wfp-state",
    title="state of the filtering platform (netsh wfp show state)",
    detect=detect_state,
    read=read,
    confidence="unverified",
    suffixes=(".xml",),
    evidence=Evidence.LISTING,
    unverified=_UNVERIFIED,
)
FILTERS_DIALECT: Final = Dialect(
    name="wfp-filters",
    title="filters of the platform (netsh wfp show filters)",
    detect=detect_filters,
    read=read,
    confidence="unverified",
    suffixes=(".xml",),
    evidence=Evidence.LISTING,
    unverified=_UNVERIFIED,
)
