"""Output of netdiag: two directions become one filter, this host's address becomes `me`, the rest is set aside."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ipsecmig.dialects import registry
from ipsecmig.dialects.base import Reading, ReadOptions, Source
from ipsecmig.dialects.netdiag import convert
from ipsecmig.errors import InputError
from ipsecmig.model.policy import Action, Filter
from ipsecmig.model.selectors import ANY, ANY_PORT, ME, PortRange

HEAD = "IP Security test . . . . . . . . . : Passed\nLocal IPSec Policy Active: 'Block UDP 1434 Filter'\n"
G = "{5EC1FD53-0000-4000-8000-000000000001}"
ENTRY = (
    "No Name\nFilter Id: {g}\nPolicy Id: {g}\nSrc Addr : {s} Src Mask : {sm}\nDest Addr : {d} Dest Mask : {dm}\n"
    "Tunnel Addr : 0.0.0.0 Src Port : {sp} Dest Port : {dp}\nProtocol : 17 TunnelFilter: {t}\nFlags : {f}\n"
)
HOST = ("192.168.1.1", "255.255.255.255")
ALL = ("0.0.0.0", "0.0.0.0")
SQL = PortRange(1434, 1434)


def entry(
    flags: str, source: tuple[str, str], destination: tuple[str, str], ports: tuple[int, int] = (0, 1434), t: str = "No"
) -> str:
    (s, sm), (d, dm), (sp, dp) = source, destination, ports
    return ENTRY.format(g=G, s=s, sm=sm, d=d, dm=dm, sp=sp, dp=dp, t=t, f=flags)


IN, OUT = entry("Inbound Block", ALL, HOST), entry("Outbound Block", HOST, ALL, (1434, 0))


def diagnose(*entries: str, count: int | None = None) -> Reading:
    text = f"{HEAD}There are {len(entries) if count is None else count} filters\n{''.join(entries)}"
    return registry.read(Source("n.txt", text.replace("\n", "\r\n").encode()), ReadOptions())


def codes(reading: Reading) -> set[str]:
    return {diagnostic.code for diagnostic in reading.diagnostics}


@pytest.mark.parametrize(("entries", "mirrored"), [((IN,), False), ((IN, OUT), True), ((IN, IN, OUT), True)])
def test_directions_are_joined(entries: tuple[str, ...], mirrored: bool) -> None:
    reading = diagnose(*entries)
    assert reading.store.policies[0].name == "Block UDP 1434 Filter"
    assert reading.store.filter_lists[0].filters == (Filter(ANY, ME, 17, ANY_PORT, SQL, mirrored=mirrored),)
    assert reading.store.filter_actions[0].action is Action.BLOCK
    assert reading.store.not_understood == ()
    assert codes(reading) == {"ND001", "ND002"}


OTHER = ("192.168.1.2", "255.255.255.255")


@pytest.mark.parametrize(
    ("code", "entries", "count"),
    [
        ("ND004", (IN,), 2),
        ("ND005", (IN, entry("Inbound Block", ALL, OTHER)), None),
        ("ND006", (entry("Inbound Wonder", ALL, HOST),), None),
        ("ND007", (entry("Inbound Negotiate", ALL, HOST),), None),
        ("ND008", (entry("Inbound Block", ALL, HOST, t="Yes"),), None),
        ("ND009", (entry("Inbound Block", HOST, ALL),), None),
    ],
)
def test_what_is_lost_is_undecided(code: str, entries: tuple[str, ...], count: int | None) -> None:
    reading = diagnose(*entries, count=count)
    assert code in codes(reading)
    assert reading.store.not_understood


def test_output_without_filters_is_refused() -> None:
    with pytest.raises(InputError) as refused:
        convert.read(Source("n.txt", HEAD.encode()), ReadOptions())
    assert [d.code for d in refused.value.diagnostics] == ["ND003"]


@settings(max_examples=100, deadline=None)
@given(st.data())
def test_damaged_output_is_never_an_accident(data: st.DataObject) -> None:
    whole = f"{HEAD}There are 2 filters\n{IN}{OUT}"
    cut, more = data.draw(st.integers(0, len(whole))), data.draw(st.text(max_size=5))
    for text in (whole[:cut], whole[:cut] + more + whole[cut:]):
        try:
            reading = convert.read(Source("n.txt", text.encode("utf-8", "replace")), ReadOptions())
        except InputError:
            continue
        assert reading.store.not_understood or len(reading.store.filter_lists) == 1


def test_ports_of_a_protocol_that_has_none_are_not_dropped() -> None:
    reading = diagnose(*(one.replace("Protocol : 17", "Protocol : 1") for one in (IN, OUT)))
    assert "ND010" in codes(reading)
    assert reading.store.not_understood
    assert reading.store.filter_lists == ()
