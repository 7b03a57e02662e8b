"""The dialects `wfp-state` and `wfp-filters`."""

from __future__ import annotations

from ipsecmig.diagnostics import Diagnostic, Origin
from ipsecmig.dialects.base import Reading, ReadOptions, Source
from ipsecmig.dialects.wfp import messages
from ipsecmig.dialects.wfp.compiled import Compiled
from ipsecmig.dialects.wfp.state import State, is_container
from ipsecmig.dialects.xml_input.stream import pieces
from ipsecmig.dialects.xml_input.text import open_text


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
