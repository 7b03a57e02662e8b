"""Which function takes which action of the state tables."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from ipsecmig.ike import aggressive_mode, informational, main_mode, quick_mode
from ipsecmig.ike.exchange import Situation, Step
from ipsecmig.ike.states import Action

STEPS: Final[dict[Action, Callable[[Situation], Step]]] = {
    Action.OFFER: main_mode.offer,
    Action.CHOOSE: main_mode.choose,
    Action.SEND_KEY: main_mode.send_key,
    Action.ANSWER_KEY: main_mode.answer_key,
    Action.SEND_PROOF: main_mode.send_proof,
    Action.ANSWER_PROOF: main_mode.answer_proof,
    Action.CHECK_PROOF: main_mode.check_proof,
    Action.AGGRESSIVE_ANSWER: aggressive_mode.answer,
    Action.AGGRESSIVE_CHECK: aggressive_mode.check,
    Action.QUICK_OFFER: quick_mode.offer,
    Action.QUICK_ANSWER: quick_mode.answer,
    Action.QUICK_CONFIRM: quick_mode.confirm,
    Action.QUICK_CHECK: quick_mode.check,
    Action.INFORM: informational.inform,
    Action.DELETE: informational.delete,
    Action.DELETE_CHECK: informational.delete_check,
    Action.ASK: informational.ask,
    Action.HEAR: informational.hear,
}
