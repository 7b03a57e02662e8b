"""The messages of a probe in words."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from ipsecmig.cli.text import count
from ipsecmig.ike.wire.association import SecurityAssociation
from ipsecmig.ike.wire.numbers import Exchange
from ipsecmig.probe.payloads import payload_line
from ipsecmig.probe.terms import offered_in_phase_1, offered_in_phase_2

if TYPE_CHECKING:
    from ipsecmig.ike.wire.message import Header
    from ipsecmig.probe.terms import Phase1Terms, Phase2Terms
    from ipsecmig.probe.transcript import Entry

_EXCHANGES = {
    Exchange.MAIN: "main mode",
    Exchange.AGGRESSIVE: "aggressive mode",
    Exchange.QUICK: "quick mode",
    Exchange.INFORMATIONAL: "informational",
}


def exchange_name(entry: Entry) -> str:
    """Return which exchange a message is of; `unknown` for what is no message."""
    header = entry.heard.header
    if header is None:
        return "unknown"
    known = header.exchange in Exchange.__members__.values()
    return (
        _EXCHANGES.get(Exchange(header.exchange), Exchange(header.exchange).name.lower())
        if known
        else (f"exchange {header.exchange}")
    )


def entry_title(entry: Entry) -> str:
    """Return the heading of a message."""
    words = ["sent    " if entry.sent else "received", exchange_name(entry)]
    words += ["(a question)"] if entry.question and entry.sent else []
    words += ["encrypted"] if entry.heard.sealed else []
    words += ["again"] if entry.heard.repeated else []
    return f"{' '.join(words)}, {count(entry.octets, 'octet')}"


def payload_rows(entries: Sequence[Entry], entry: Entry) -> Iterator[tuple[str, str]]:
    """Yield name and text of each payload; of one that came before, nothing. A choice says which offer it is."""
    if entry.heard.repeated:
        return
    if entry.heard.problem:
        yield "unreadable", entry.heard.problem
    for payload in entry.heard.payloads:
        name, text = payload_line(payload)
        choice = _choice(entries, entry, payload) if isinstance(payload, SecurityAssociation) else ""
        yield name, text + choice


def _choice(entries: Sequence[Entry], entry: Entry, payload: SecurityAssociation) -> str:
    """Return which of the other end's offers was chosen; empty for what is no choice."""
    for other in entries:
        if other is entry:
            return ""
        for offered in other.heard.payloads:
            same = other.sent is not entry.sent and _same_exchange(other.heard.header, entry.heard.header)
            if same and isinstance(offered, SecurityAssociation):
                return _place(_offers(offered), _offers(payload))
    return ""


def _same_exchange(one: Header | None, other: Header | None) -> bool:
    if one is None or other is None:
        return False
    return (one.initiator_cookie, one.exchange, one.message_id) == (
        other.initiator_cookie,
        other.exchange,
        other.message_id,
    )


def _offers(association: SecurityAssociation) -> tuple[Phase1Terms | Phase2Terms, ...]:
    phase_1 = all(not proposal.spi for proposal in association.proposals)
    return offered_in_phase_1(association) if phase_1 else offered_in_phase_2(association)


def _place(offered: tuple[Phase1Terms | Phase2Terms, ...], chosen: tuple[Phase1Terms | Phase2Terms, ...]) -> str:
    if len(chosen) != 1 or chosen[0] not in offered:
        return ": not among the offers"
    return f": the choice, offer {offered.index(chosen[0]) + 1} of {len(offered)}"
