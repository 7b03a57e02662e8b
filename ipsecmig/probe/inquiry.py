"""Asks a peer that refused the offers what it would take, and puts the answer into the verdict."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Final

from ipsecmig.ike.configuration import Configuration
from ipsecmig.ike.exchange import RANDOM_OCTETS
from ipsecmig.ike.wire.message import COOKIE, decode_message
from ipsecmig.ike.wire.numbers import Exchange
from ipsecmig.probe.questions import (
    Answer,
    first_message,
    phase_1_questions,
    phase_2_questions,
    quick_message,
    read_answer,
)
from ipsecmig.probe.session import Session
from ipsecmig.probe.tap import Overheard
from ipsecmig.probe.terms import Phase1Terms, Phase2Terms, what_differs
from ipsecmig.probe.verdict import Verdict, difference_text, own_phase_1, own_phase_2

PATIENCE: Final = 3.0
"""For how many seconds the answer to a question is waited for."""


async def inquire(session: Session, configuration: Configuration, verdict: Verdict, *, phase_1: bool) -> Verdict:
    """Return the verdict with what the peer would take, or how many other offers it refused too."""
    asked = 0
    silent = True
    answers = _ask_phase_1(session, configuration) if phase_1 else _ask_phase_2(session, configuration)
    async for offers, answer in answers:
        if answer.terms is not None:
            return _with_choice(configuration, verdict, answer.terms)
        asked += offers
        silent = silent and answer.notify is None
    if silent:
        return replace(verdict, reason=f"{verdict.reason}; it did not answer when asked what it would take")
    return replace(verdict, reason=f"{verdict.reason}; it refused {asked} other offers too: {_OTHER_CAUSES[phase_1]}")


_OTHER_CAUSES: Final = {
    True: "most probably it has nothing for the address of this host, or nothing for IKEv1 in main mode",
    False: "the traffic, the mode, another group of PFS or AH instead of ESP may be what it wants otherwise",
}


def _with_choice(configuration: Configuration, verdict: Verdict, taken: Phase1Terms | Phase2Terms) -> Verdict:
    if isinstance(taken, Phase1Terms):
        found = what_differs(own_phase_1(configuration), (taken,))
    else:
        found = what_differs(own_phase_2(configuration), (taken,))
    text, names = difference_text(found)
    return replace(verdict, reason=f"{verdict.reason}; it would take {taken.text()}; {text}", attributes=names)


async def _ask_phase_1(session: Session, configuration: Configuration) -> AsyncIterator[tuple[int, Answer]]:
    for offers, association in phase_1_questions(configuration):
        cookie = os.urandom(COOKIE)

        def is_answer(heard: Overheard, cookie: bytes = cookie) -> bool:
            return heard.header is not None and heard.header.initiator_cookie == cookie

        question = session.path.carry(first_message(association, cookie))
        yield offers, read_answer(await session.ask(question, PATIENCE, is_answer), phase_1=True)


async def _ask_phase_2(session: Session, configuration: Configuration) -> AsyncIterator[tuple[int, Answer]]:
    if session.secured is None:
        return
    for offers, traffic in phase_2_questions(configuration, session.secured):
        message = quick_message(configuration, traffic, session.secured, session.path, os.urandom(RANDOM_OCTETS))
        message_id = decode_message(message).header.message_id

        def is_answer(heard: Overheard, message_id: int = message_id) -> bool:
            header = heard.header
            if header is None or not heard.sealed:
                return False
            return header.message_id == message_id or header.exchange == Exchange.INFORMATIONAL

        heard = await session.ask(session.path.carry(message), PATIENCE, is_answer)
        yield offers, read_answer(heard, phase_1=False)
