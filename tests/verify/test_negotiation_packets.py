"""Packets through negotiated SAs: they pass between ends that agree, and it shows when they do not."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from ike_ends import AH, AH_ESP, ESP_AES, ESP_BARE, ESP_NULL, A, B, ends
from negotiations import octets
from strategies.ir import address_ranges

from ipsecmig.ike.events import ChildEstablished
from ipsecmig.model.packets import parse_packet
from ipsecmig.model.policy import QuickModeOffer
from ipsecmig.model.selectors import AddressRange, Family, PortRange
from ipsecmig.model.space import Box, Direction, Packet, box
from ipsecmig.model.treatment import Mode
from ipsecmig.verify.negotiation.conversation import Stop, call_silence, converse
from ipsecmig.verify.negotiation.packets import Ends, why_not_passed
from ipsecmig.verify.negotiation.traffic import Selector, selector_for

HTTP = parse_packet("out tcp 10.9.0.1:1042 > 10.9.0.2:80")
SELECTOR = Selector(AddressRange.parse("10.9.0.1"), AddressRange.parse("10.9.0.2"), 6, 0, 80)
ENDS = Ends(A, B)


def children(offer: QuickModeOffer, mode: Mode) -> tuple[ChildEstablished, ChildEstablished]:
    found = converse(*ends(quick=(offer,), mode=mode), octets()).children
    assert found is not None
    return found


@pytest.mark.parametrize("mode", Mode)
@pytest.mark.parametrize("offer", [AH, AH_ESP, ESP_AES, ESP_BARE, ESP_NULL], ids=str)
def test_packets_pass_under_every_kind_of_sa(offer: QuickModeOffer, mode: Mode) -> None:
    assert why_not_passed(children(offer, mode), SELECTOR, ENDS, mode, HTTP, octets()) is None


def test_packets_of_other_keys_do_not_pass() -> None:
    one, _ = children(ESP_AES, Mode.TRANSPORT)
    source = octets()
    source(1)
    found = converse(*ends(quick=(ESP_AES,)), source).children
    assert found is not None
    assert why_not_passed((one, found[1]), SELECTOR, ENDS, Mode.TRANSPORT, HTTP, octets()) is not None


def test_packets_outside_of_the_selector_do_not_pass() -> None:
    other = HTTP._replace(remote_port=81)
    assert why_not_passed(children(AH, Mode.TRANSPORT), SELECTOR, ENDS, Mode.TRANSPORT, other, octets()) is not None


def test_nobody_answers() -> None:
    failed = call_silence(ends()[0], octets())
    assert failed is not None
    assert (failed.message_id, failed.notify) == (0, None)


def test_where_a_negotiation_stops() -> None:
    one, other = ends()
    assert converse(one, other, octets()).stop is None
    (_, quick) = ends(quick=(ESP_NULL,))
    assert converse(one, quick, octets()).stop is Stop.QUICK_MODE


@given(address_ranges(Family.IPV4), address_ranges(Family.IPV4), st.sampled_from(Mode))
@settings(deadline=None)
def test_selector_holds_the_packet_and_only_what_was_selected(
    local: AddressRange, remote: AddressRange, mode: Mode
) -> None:
    packet = Packet(Direction.OUT, Family.IPV4, 0, local.last, remote.first, 6, 443, 1042)
    selected = box(Direction.OUT, local, remote, 6, None, PortRange(443, 443))
    selector = selector_for(selected, packet, mode)
    assert selector is not None
    point = Box._make((value, value) for value in packet)
    assert selector.box().contains(point)
    assert selected.contains(selector.box())
    if mode is Mode.TUNNEL:
        assert selector.box() == selected


def test_some_ports_have_no_form_in_ikev1() -> None:
    anyone = AddressRange.parse("10.0.0.0/8")
    selected = box(Direction.OUT, anyone, anyone, 6, None, PortRange(80, 81))
    assert selector_for(selected, HTTP, Mode.TRANSPORT) is None
