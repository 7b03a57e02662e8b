"""Damaged configurations: a reader raises nothing but IpsecmigError, and what is lost is never called equal.

Also: what is read without the grammar, because it is long and plain, means what the grammar says.
"""

from __future__ import annotations

import re
from codecs import BOM_UTF16_LE
from functools import cache

import pytest
from ground_truth import HANDMADE, SAMPLES, Sample, emission_request, flat_policy
from handmade import flat_text
from hypothesis import given, settings
from hypothesis import strategies as st

from ipsecmig.dialects.base import ReadOptions, Source
from ipsecmig.emit.registry import TARGETS
from ipsecmig.errors import IpsecmigError
from ipsecmig.model.site import UNKNOWN_SITE
from ipsecmig.verify.compare import Result, compare
from ipsecmig.verify.readback import nft_elements, nft_text, swanctl, xfrm
from ipsecmig.verify.readback.nft_json import read_json
from ipsecmig.verify.readback.nft_text import read_text
from ipsecmig.verify.readback.nftables import read_ruleset
from ipsecmig.verify.readback.registry import is_configuration, read_targets
from ipsecmig.verify.target import ReadTarget

SAMPLE = Sample(SAMPLES / "traps" / "leak.cmd")
CLOSED = "netsh ipsec static add policy name=P assign=yes\nnetsh ipsec static add filteraction name=B action=block\n"


@cache
def texts() -> tuple[tuple[str, str], ...]:
    """Return every kind of configuration: emitted, written by hand, and printed by nft."""
    emitted = [
        (file.path, file.content.decode("utf-16" if file.content.startswith(BOM_UTF16_LE) else "utf-8"))
        for target in TARGETS
        for file in target.emit(emission_request(SAMPLE)).files
        if is_configuration(file.path) and not file.secret
    ]
    printed = SAMPLES.parent / "tests" / "verify" / "data" / "ruleset.json"
    more = [
        *sorted(HANDMADE.glob("*.nft")),
        *sorted(HANDMADE.glob("*.conf")),
        *sorted(HANDMADE.glob("*.xfrm")),
        printed,
    ]
    return tuple(emitted + [(path.name, path.read_text()) for path in more])


def targets_of(content: bytes) -> tuple[ReadTarget, ...]:
    """Return what the readers make of `content`; none where they refuse it."""
    try:
        return read_targets([Source("fuzz", content)], UNKNOWN_SITE, ReadOptions())
    except IpsecmigError:
        return ()


@st.composite
def damaged(draw: st.DrawFn) -> bytes:
    """Draw a configuration cut short, with a piece left out, put in, doubled or replaced."""
    one, other = draw(st.sampled_from(texts()))[1].encode(), draw(st.sampled_from(texts()))[1].encode()
    start = draw(st.integers(0, len(one)))
    end = min(len(one), start + draw(st.integers(0, 60)))
    first = draw(st.integers(0, len(other)))
    piece = draw(
        st.sampled_from(
            [b"", other[first : first + 40], one[start:end] * 2, b'"', b"{", b"}", b"#", b"\x00", b"\xff\n"]
        )
        | st.binary(max_size=8)
    )
    return one[:start] + piece + (b"" if draw(st.booleans()) else one[end:])


@given(damaged())
@settings(max_examples=150, deadline=None)
def test_a_damaged_configuration_raises_nothing_unexpected(content: bytes) -> None:
    for target in targets_of(content):
        assert target.map.leaves()


READERS = {
    "nft": lambda text: read_ruleset(*read_text(text, "x")),
    "nft -j": lambda text: read_ruleset(*read_json(text, "x")),
    "xfrm": lambda text: xfrm.read(text, "x"),
    "swanctl": lambda text: swanctl.read({"x": text}),
}


@pytest.mark.parametrize("name", READERS)
@given(st.text(max_size=80) | damaged().map(lambda content: content.decode("latin-1")))
@settings(max_examples=40, deadline=None)
def test_any_text_can_be_given_to_every_reader(name: str, text: str) -> None:
    assert READERS[name](text).map.leaves()


@pytest.mark.parametrize("number", range(3), ids=["nftables", "xfrm", "strongswan"])
@given(st.data())
@settings(max_examples=20, deadline=None)
def test_what_is_cut_short_is_equal_only_where_nothing_is_lost(number: int, data: st.DataObject) -> None:
    """The sample blocks and protects, so that a file without one of its lines is not what the policy says."""
    emission = next(t for t in TARGETS if t.name == ("nftables", "xfrm", "strongswan")[number]).emit(
        emission_request(SAMPLE)
    )
    whole = next(f for f in emission.files if is_configuration(f.path) and not f.secret).content
    (complete,) = targets_of(whole)
    for target in targets_of(whole[: data.draw(st.integers(0, len(whole)))]):
        if compare(flat_policy(SAMPLE), [target]).result is Result.EQUAL:
            assert target.map.is_equal(complete.map)


BLOCK_ALL = flat_text(
    CLOSED + "netsh ipsec static add filter filterlist=L srcaddr=any dstaddr=me\n"
    "netsh ipsec static add rule name=R policy=P filterlist=L filteraction=B\n"
)


@given(damaged())
@settings(max_examples=60, deadline=None)
def test_no_damage_makes_a_configuration_that_blocks_all(content: bytes) -> None:
    for target in targets_of(content):
        assert compare(BLOCK_ALL, [target]).result is not Result.EQUAL


@pytest.mark.parametrize(
    "elements",
    [
        "10.0.0.1 : accept,\n 10.0.0.2 . tcp . 5-9 : goto side,\n# why, } and {\n fd00::1/64 : drop",
        "10.0.0.1 : accept, 10.0.0.2 : jump a,\n\n 10.0.0.3 : continue,\n",
        "10.0.0.1,\n 10.0.0.2-10.0.0.9, 22\n, ssh",
        "10.0.0.1 10.0.0.2",
        "10.0.0.1 : queue",
        "10.0.0.1 : accept,, 10.0.0.2 : drop",
        '10.0.0.1 : accept comment "a, b"',
        "10.0.0.1 timeout 5s : accept",
        "10.0.0.1 counter packets 1 bytes 2 : drop",
        "10.0.0.1 .\n tcp : drop",
        "accept : drop",
        "10.0.0.1:drop",
        "10.0.0.1 . : drop",
        "",
    ],
)
def test_long_lists_mean_what_the_grammar_says(elements: str, monkeypatch: pytest.MonkeyPatch) -> None:
    text = f"table ip t {{\n map m {{\n type ipv4_addr : verdict\n  elements = {{ {elements} }}\n }}\n}}\n"
    monkeypatch.setattr(nft_elements, "_SHORTEST", 0)
    quick = read_text(text, "x")
    monkeypatch.setattr(nft_text, "take_plain_lists", lambda text, file: (text, {}))
    assert quick == read_text(text, "x")


@pytest.mark.parametrize(
    "line",
    [
        "src 10.0.0.0/8 dst 10.9.0.1 proto tcp sport 5 dport 6 dir out priority 7 action block",
        "src 10.0.0.0/8 dst 10.9.0.1 dir fwd priority 7 tmpl proto ah reqid 1 mode transport level use",
        "src ::/0 dst fd00::/64 dir in tmpl src fd00::1 dst fd00::2 proto esp mode tunnel",
        "src ::/0 dst 10.0.0.0/8 dir in",
        "src 10.0.0.0/8 dst 10.9.0.1 proto 300 dir in",
        "src 10.0.0.0/8 dst 10.9.0.1 proto 6 sport 70000 dir in",
        "src 10.0.0.0/8 dst 10.9.0.1 sport 7 dir in",
        "src 10.0.0.0/40 dst 10.9.0.1 dir in",
        "src 10.0.0.0/8 dst 10.9.0.1 proto 06 dir in priority 010",
        "src 10.0.0.0/8 dst 10.9.0.1 dir in priority 99999999999",
    ],
)
def test_plain_policies_mean_what_the_grammar_says(line: str, monkeypatch: pytest.MonkeyPatch) -> None:
    text = f"xfrm policy add {line}\n"
    assert xfrm._PLAIN.fullmatch(text.strip())
    quick = xfrm.read(text, "x")
    monkeypatch.setattr(xfrm, "_PLAIN", re.compile("(?!)"))
    slow = xfrm.read(text, "x")
    assert quick.not_understood == slow.not_understood
    assert quick.map.is_equal(slow.map)
