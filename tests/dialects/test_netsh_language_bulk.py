"""Reading lines in bulk gives the same as reading them one by one through the grammar."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from netsh_language import FILE

from ipsecmig.dialects.base import Reading, ReadOptions
from ipsecmig.dialects.containers.command import Anchor, Command, FilterRun
from ipsecmig.dialects.netsh_static import bulk
from ipsecmig.dialects.netsh_static.execute import execute
from ipsecmig.model.policy import Filter

PREFIXES = ("", "  ", "netsh ipsec static ", "\tNETSH  ipsec\tStatic ")


def in_bulk(lines: list[str], prefix: str = "") -> Reading:
    text = "".join(f"{prefix}{line}\n" for line in lines)
    return execute([FilterRun(text, FILE, 1)], ReadOptions())


def one_by_one(lines: list[str], prefix: str = "") -> Reading:
    commands = [
        Command("ipsec static", line.rstrip(" \t\r"), FILE, (Anchor(0, number, len(prefix) + 1),))
        for number, line in enumerate(lines, start=1)
    ]
    return execute(commands, ReadOptions())


def origins(reading: Reading) -> list[object]:
    lists = reading.store.filter_lists
    return [[made.origin, [filter_.origin for filter_ in made.filters]] for made in lists]


def assert_same(lines: list[str], prefix: str) -> None:
    fast, slow = in_bulk(lines, prefix), one_by_one(lines, prefix)
    assert fast == slow
    assert origins(fast) == origins(slow)


def mostly(good: list[str], odd: list[str]) -> st.SearchStrategy[str]:
    """Draw from `good`, and about one time in ten from `odd`."""
    return st.sampled_from([*good * (1 + 9 * len(odd) // len(good)), *odd])


NAMES = mostly(
    ['"two words"', "L", "l", '"L"', '"srcaddr=any"', "список"],
    ["a=b", "'q'", '"', '""', 'a"b"', '"open', "\u2028", "L\x0b"],
)
ADDRESSES = mostly(
    ["any", "ANY", "me", "Me", "10.1.2.3", "10.1.2.0", "10.1.2.3-10.1.2.9"],
    [
        '"me"',
        "0.0.0.0",
        "10.1.2.256",
        "010.1.1.1",
        "1.2.3",
        "1.2.3.4.5",
        "10.0.0.0/8",
        "::1",
        "2001:db8::",
        "dns",
        "x.y",
        "x.x.x.x",
    ],
)
MASKS = mostly(
    ["24", "32", "255.255.255.0", "255.255.255.255", "0.0.0.0", "0"], ["33", "255.0.255.0", "-1", "", "٣", "any"]
)
PROTOCOLS = mostly(["tcp", "TCP", "udp", "any", "6"], ["icmp", "raw", "47", "256", "TCP/UDP", "t", ""])
PORTS = mostly(["0", "80", "65535"], ["65536", "any", "-1", "080", '"80"', "80-90", "٣"])
BOOLEANS = mostly(["yes", "no", "Y", "n"], ["maybe", "1", ""])
VALUES = {
    "filterlist": NAMES,
    "srcaddr": ADDRESSES,
    "dstaddr": ADDRESSES,
    "description": NAMES,
    "protocol": PROTOCOLS,
    "mirrored": BOOLEANS,
    "srcmask": MASKS,
    "dstmask": MASKS,
    "srcport": PORTS,
    "dstport": PORTS,
}
BLANKS = st.sampled_from(["", "", "", " ", "\t", "  "])


@st.composite
def arguments(draw: st.DrawFn, tag: str) -> str:
    value = draw(VALUES[tag])
    if draw(st.integers(0, 19)) == 0:
        return value
    written = draw(mostly([tag, tag, tag.upper(), tag[:-1]], [tag[:4], tag[:2], f'"{tag}']))
    return f"{written}{draw(BLANKS)}={draw(BLANKS)}{value}"


@st.composite
def lines(draw: st.DrawFn) -> str:
    """Draw a line that is mostly right, with a few of all the things that go wrong."""
    unique = draw(st.integers(0, 9)) > 0
    tags = draw(st.lists(st.sampled_from(list(VALUES)[3:] if unique else list(VALUES)), max_size=3, unique=unique))
    tags = draw(st.permutations([*list(VALUES)[draw(st.integers(0, 19)) == 0 : 3], *tags]))
    verb = draw(mostly(["add filter", "ADD  Filter", "add\tfilter"], ["ad filter", "add filt"]))
    parts = [verb, *(draw(arguments(tag)) for tag in tags)]
    tail = draw(mostly(["", "", " ", "\t"], ["\r", " web server", " ="]))
    return draw(st.sampled_from([" ", "  ", "\t"])).join(parts) + tail


@settings(max_examples=200, deadline=None)
@given(st.lists(lines(), min_size=1, max_size=5), st.sampled_from(PREFIXES))
def test_bulk_reading_agrees_with_the_grammar(drawn: list[str], prefix: str) -> None:
    assert_same(drawn, prefix)


PLAIN = st.builds(
    "add filter filterlist={} srcaddr={} dstaddr={} protocol={} dstport={} mirror={}".format,
    st.sampled_from(["L", '"two words"', "M"]),
    st.sampled_from(["any", "me", "10.1.2.3", "10.1.2.3-10.1.2.9", "192.0.2.1"]),
    st.sampled_from(["any", "me", "10.1.2.3"]),
    st.sampled_from(["tcp", "UDP"]),
    st.integers(0, 3),
    st.sampled_from(["yes", "no"]),
)


@settings(max_examples=100, deadline=None)
@given(st.lists(PLAIN, min_size=2, max_size=12), st.sampled_from(PREFIXES))
def test_plain_lines_agree_and_repeated_ones_too(drawn: list[str], prefix: str) -> None:
    assert_same(drawn, prefix)


@settings(max_examples=100, deadline=None)
@given(st.text(alphabet=st.characters(exclude_characters="\n", exclude_categories=["Cs"]), max_size=40), lines())
def test_bulk_reading_agrees_on_any_text(text: str, line: str) -> None:
    half = len(line) // 2
    for written in (f"add filter {text}", line[:half] + text + line[half:], line[:half] + text):
        assert_same([written], "")


@pytest.mark.parametrize(
    "line",
    [
        "add filter filterlist=L srcaddr=any dstaddr=me",
        "ADD Filter FILTERLIST=L SrcAddr=Any dstADDR=ME",
        'add filter filterlist="two words" srcaddr = 10.1.2.0 srcmask= 24 dstaddr =me',
        "add filter filterl=L srca=10.1.2.3-10.1.2.9 dsta=any desc=x prot=TCP mirr=n srcp=1 dstp=2",
    ],
)
def test_plain_lines_do_not_need_the_grammar(line: str, monkeypatch: pytest.MonkeyPatch) -> None:
    expected = in_bulk([line])
    monkeypatch.setattr(bulk._Reader, "_add_line", lambda self, text, number: pytest.fail(text))
    assert in_bulk([line]) == expected
    assert len(expected.store.filter_lists[0].filters) == 1


def test_a_long_run_is_read_in_pieces(monkeypatch: pytest.MonkeyPatch) -> None:
    lines_ = [f"add filter filterlist=L srcaddr=10.0.{n >> 8}.{n & 255} dstaddr=me" for n in range(300)]
    lines_[150] = "add filter filterlist=L srcaddr=x.x.x.x dstaddr=me"
    whole = in_bulk(lines_)
    monkeypatch.setattr(bulk, "_CHUNK", 1000)
    assert in_bulk(lines_) == whole
    assert origins(in_bulk(lines_)) == origins(whole) == origins(one_by_one(lines_))
    assert len(whole.store.filter_lists[0].filters) == 299


def test_the_last_line_may_lack_its_end() -> None:
    run = FilterRun("add filter filterlist=L srcaddr=any dstaddr=me", FILE, 1)
    (filter_list,) = execute([run], ReadOptions()).store.filter_lists
    assert isinstance(filter_list.filters[0], Filter)
