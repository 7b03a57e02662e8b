"""The state machine of every exchange, as tables that know no bytes, keys or clocks.

Main mode with preshared keys (RFC 2409 section 5.4); an asterisk marks what is encrypted. With RSA signatures (5.1)
CERT and SIG take the place of HASH, and a certificate may be asked for; what follows on what is the same:

    initiator                                                responder
    IDLE       OFFER           SA -------------------------> IDLE
    OFFERED           <------------------------- SA          CHOOSE         CHOSEN
               SEND_KEY        KE, Ni --------------------->
    KEYED             <------------------------- KE, Nr      ANSWER_KEY     EXCHANGED
               SEND_PROOF      IDii, HASH_I * ------------->
    PROVEN            <------------------------- IDir, HASH_R *  ANSWER_PROOF   ANSWERED
               CHECK_PROOF
    ESTABLISHED

Aggressive mode, of which there is only the responder here; the last message may be encrypted:

    initiator                                                responder
               SA, KE, Ni, IDii -------------------------->  IDLE
                      <---------- SA, KE, Nr, IDir, HASH_R   AGGRESSIVE_ANSWER   AGGRESSIVE_ANSWERED
               HASH_I ------------------------------------>  AGGRESSIVE_CHECK    AGGRESSIVE_CHECKED

Quick mode (RFC 2409 section 5.5), everything encrypted:

    initiator                                                responder
    IDLE       QUICK_OFFER     HASH(1), SA, Ni, [KE], IDci, IDcr --> IDLE
    QUICK_OFFERED     <-- HASH(2), SA, Nr, [KE], IDci, IDcr  QUICK_ANSWER   QUICK_ANSWERED
               QUICK_CONFIRM   HASH(3) -------------------->
    QUICK_CONFIRMED                                          QUICK_CHECK    QUICK_CHECKED

Afterwards, informational messages, encrypted too. Whatever one says, it is heard once and answered if that is due:

    whoever                                                  whoever
    HASH(1), N or D, ... ------------------------------------> IDLE
               [its answer] <-------------------------------- INFORM         INFORMED

Two of them wait for an answer: Microsoft's acknowledged delete ([MS-IKEE] 3.8) and R-U-THERE (RFC 3706 section 5):

    IDLE       DELETE          HASH(1), Ni, D --------------> INFORM
    DELETING          <--------------- HASH(2), Nr, D
               DELETE_CHECK
    DELETED

    IDLE       ASK             HASH(1), N(R-U-THERE) -------> INFORM
    ASKED             <--------------- HASH(1), N(R-U-THERE-ACK)
               HEAR
    HEARD

Who waits for a reply sends again when it stays away. The responder of main mode does not: like Windows, it sends a
reply again only when the request is repeated. The last sender of an exchange answers repetitions, the last receiver
ignores them; were it otherwise, two ends would repeat their last messages to each other for ever.
"""

from __future__ import annotations

from enum import Enum, auto
from typing import Final, NamedTuple


class State(Enum):
    """Where an exchange stands."""

    __hash__ = object.__hash__  # members are looked up for each message, and each is the only one of its kind

    IDLE = auto()
    OFFERED = auto()
    CHOSEN = auto()
    KEYED = auto()
    EXCHANGED = auto()
    PROVEN = auto()
    ANSWERED = auto()
    ESTABLISHED = auto()
    AGGRESSIVE_ANSWERED = auto()
    AGGRESSIVE_CHECKED = auto()
    QUICK_OFFERED = auto()
    QUICK_ANSWERED = auto()
    QUICK_CONFIRMED = auto()
    QUICK_CHECKED = auto()
    INFORMED = auto()
    DELETING = auto()
    DELETED = auto()
    ASKED = auto()
    HEARD = auto()
    FAILED = auto()


class Cause(Enum):
    """What can happen to an exchange."""

    __hash__ = object.__hash__

    START = auto()
    """This end begins."""
    MESSAGE = auto()
    """The next message came."""
    REPEATED = auto()
    """The message that was answered last came again."""
    TIMER = auto()
    """Nothing came for a while."""
    EXHAUSTED = auto()
    """Nothing came, and it is time to give up."""
    REFUSED = auto()
    """One of the ends does not want to go on."""


class Action(Enum):
    """What is done about it."""

    __hash__ = object.__hash__

    OFFER = auto()
    CHOOSE = auto()
    SEND_KEY = auto()
    ANSWER_KEY = auto()
    SEND_PROOF = auto()
    ANSWER_PROOF = auto()
    CHECK_PROOF = auto()
    AGGRESSIVE_ANSWER = auto()
    AGGRESSIVE_CHECK = auto()
    QUICK_OFFER = auto()
    QUICK_ANSWER = auto()
    QUICK_CONFIRM = auto()
    QUICK_CHECK = auto()
    INFORM = auto()
    DELETE = auto()
    DELETE_CHECK = auto()
    ASK = auto()
    HEAR = auto()
    RESEND = auto()
    WAIT = auto()
    IGNORE = auto()
    FAIL = auto()


class Row(NamedTuple):
    """What is done, and the state after it succeeded."""

    action: Action
    state: State


Table = dict[tuple[State, Cause], Row]

FINAL: Final = frozenset(
    {
        State.ANSWERED,
        State.ESTABLISHED,
        State.AGGRESSIVE_CHECKED,
        State.QUICK_CONFIRMED,
        State.QUICK_CHECKED,
        State.INFORMED,
        State.DELETED,
        State.HEARD,
        State.FAILED,
    }
)
"""The states in which nothing is waited for."""


def _waiting(state: State, timer: Action, repeated: Action) -> Table:
    """Return the rows that every state has in which a message is waited for."""
    return {
        (state, Cause.TIMER): Row(timer, state),
        (state, Cause.REPEATED): Row(repeated, state),
        (state, Cause.EXHAUSTED): Row(Action.FAIL, State.FAILED),
        (state, Cause.REFUSED): Row(Action.FAIL, State.FAILED),
    }


MAIN_MODE: Final[Table] = {
    (State.IDLE, Cause.START): Row(Action.OFFER, State.OFFERED),
    (State.OFFERED, Cause.MESSAGE): Row(Action.SEND_KEY, State.KEYED),
    (State.KEYED, Cause.MESSAGE): Row(Action.SEND_PROOF, State.PROVEN),
    (State.PROVEN, Cause.MESSAGE): Row(Action.CHECK_PROOF, State.ESTABLISHED),
    (State.ESTABLISHED, Cause.REPEATED): Row(Action.IGNORE, State.ESTABLISHED),
    (State.IDLE, Cause.MESSAGE): Row(Action.CHOOSE, State.CHOSEN),
    (State.IDLE, Cause.REFUSED): Row(Action.FAIL, State.FAILED),
    (State.CHOSEN, Cause.MESSAGE): Row(Action.ANSWER_KEY, State.EXCHANGED),
    (State.EXCHANGED, Cause.MESSAGE): Row(Action.ANSWER_PROOF, State.ANSWERED),
    (State.ANSWERED, Cause.REPEATED): Row(Action.RESEND, State.ANSWERED),
    **_waiting(State.OFFERED, Action.RESEND, Action.IGNORE),
    **_waiting(State.KEYED, Action.RESEND, Action.IGNORE),
    **_waiting(State.PROVEN, Action.RESEND, Action.IGNORE),
    **_waiting(State.CHOSEN, Action.WAIT, Action.RESEND),
    **_waiting(State.EXCHANGED, Action.WAIT, Action.RESEND),
}

AGGRESSIVE_MODE: Final[Table] = {
    (State.IDLE, Cause.MESSAGE): Row(Action.AGGRESSIVE_ANSWER, State.AGGRESSIVE_ANSWERED),
    (State.IDLE, Cause.REFUSED): Row(Action.FAIL, State.FAILED),
    (State.AGGRESSIVE_ANSWERED, Cause.MESSAGE): Row(Action.AGGRESSIVE_CHECK, State.AGGRESSIVE_CHECKED),
    (State.AGGRESSIVE_CHECKED, Cause.REPEATED): Row(Action.IGNORE, State.AGGRESSIVE_CHECKED),
    **_waiting(State.AGGRESSIVE_ANSWERED, Action.WAIT, Action.RESEND),
}

QUICK_MODE: Final[Table] = {
    (State.IDLE, Cause.START): Row(Action.QUICK_OFFER, State.QUICK_OFFERED),
    (State.QUICK_OFFERED, Cause.MESSAGE): Row(Action.QUICK_CONFIRM, State.QUICK_CONFIRMED),
    (State.QUICK_CONFIRMED, Cause.REPEATED): Row(Action.RESEND, State.QUICK_CONFIRMED),
    (State.IDLE, Cause.MESSAGE): Row(Action.QUICK_ANSWER, State.QUICK_ANSWERED),
    (State.IDLE, Cause.REFUSED): Row(Action.FAIL, State.FAILED),
    (State.QUICK_ANSWERED, Cause.MESSAGE): Row(Action.QUICK_CHECK, State.QUICK_CHECKED),
    (State.QUICK_CHECKED, Cause.REPEATED): Row(Action.IGNORE, State.QUICK_CHECKED),
    **_waiting(State.QUICK_OFFERED, Action.RESEND, Action.IGNORE),
    **_waiting(State.QUICK_ANSWERED, Action.RESEND, Action.RESEND),
}

INFORMATIONAL: Final[Table] = {
    (State.IDLE, Cause.MESSAGE): Row(Action.INFORM, State.INFORMED),
    (State.IDLE, Cause.REFUSED): Row(Action.FAIL, State.FAILED),
    (State.INFORMED, Cause.REPEATED): Row(Action.RESEND, State.INFORMED),
}

ACKNOWLEDGED_DELETE: Final[Table] = {
    (State.IDLE, Cause.START): Row(Action.DELETE, State.DELETING),
    (State.DELETING, Cause.MESSAGE): Row(Action.DELETE_CHECK, State.DELETED),
    (State.DELETED, Cause.REPEATED): Row(Action.IGNORE, State.DELETED),
    **_waiting(State.DELETING, Action.RESEND, Action.IGNORE),
}

LIVENESS: Final[Table] = {
    (State.IDLE, Cause.START): Row(Action.ASK, State.ASKED),
    (State.ASKED, Cause.MESSAGE): Row(Action.HEAR, State.HEARD),
    (State.HEARD, Cause.REPEATED): Row(Action.IGNORE, State.HEARD),
    **_waiting(State.ASKED, Action.RESEND, Action.IGNORE),
}
