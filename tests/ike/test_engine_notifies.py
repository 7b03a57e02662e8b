"""What two engines tell each other beside what they negotiate."""

from __future__ import annotations

from dataclasses import replace

import pytest
from ike_ends import ESP_3DES, ends, negotiate

from ipsecmig.ike import natt
from ipsecmig.ike.events import ChildEstablished, Established
from ipsecmig.ike.wire.notification import Notify
from ipsecmig.ike.wire.numbers import NotifyNumber, Protocol


def test_the_initiator_heeds_shorter_lifetimes_of_the_responder(monkeypatch: pytest.MonkeyPatch) -> None:
    told = Notify(1, Protocol.ESP, NotifyNumber.RESPONDER_LIFETIME, b"esp!", bytes.fromhex("80010001 80020258"))
    monkeypatch.setattr(natt, "originals_to_tell", lambda *_, initiator: () if initiator else (told,))
    found = negotiate(ends(quick=(replace(ESP_3DES, lifetime_seconds=900),)))
    lifetimes = [event.lifetimes.seconds for each in found for event in each if isinstance(event, ChildEstablished)]
    assert lifetimes == [600, 900]


@pytest.mark.parametrize("says", [False, True])
def test_the_initiator_says_that_it_is_new_only_if_it_is_told_to(says: bool) -> None:
    one, other = (replace(end, initial_contact=says) for end in ends())
    mine, theirs = negotiate((one, other))
    assert [event.initial_contact for event in mine + theirs if isinstance(event, Established)] == [False, says]
