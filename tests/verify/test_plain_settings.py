"""Plain sections of strongSwan's settings mean without the grammar what they mean with it."""

from __future__ import annotations

from unittest import mock

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from ipsecmig.verify.readback.plain_settings import take_plain_sections
from ipsecmig.verify.readback.settings import parse_settings

LINES = (
    "a {", "b-1.c {", "  a {  ", "include {", "d : a {", "e", "{", "}", "  }", "} f {", "a { k = v }", "x {  # why",
    "k = v", "  key = one two \t three  ", "k=v", "k = v # why", "k =", "k = ", "k = a,b[tcp/5],c", "k = a:b",
    "k = include",
    "include = x", "include conf.d/*.conf", "k = v k2 = v2", "k = =", 'k = "quoted"', 'k = "open', 'closed"',
    'k = "a" "b"',
    'k = "back\\"slash"', "# comment", '# "comment', "", "   ", "\t# { }", "k = v\r", "k = \x0bv", "é = é",
)  # fmt: skip
SETTINGS = (
    "k = v",
    " l = a,b[tcp/5] c",
    "k=w",
    "# why",
    "",
    "k = v # why",
    'k = "v"',
    "k =",
    "m.n = 5 \t",
    "include x",
)

_blocks = st.tuples(
    st.sampled_from(["a {", " b-1.c {", "d : a {", "include {"]),
    st.lists(st.sampled_from(SETTINGS), max_size=4).map("\n".join),
    st.sampled_from(["}", "  }"]),
).map("\n".join)
_nested = st.lists(_blocks, max_size=3).map(lambda inner: "\n".join(["outer {", *inner, "}"]))


@settings(max_examples=400, deadline=None)
@given(st.lists(_blocks | _nested | st.sampled_from(LINES), max_size=8).map("\n".join))
@example("a {\n k = v\n\n # why\n k2 = v w\n k = again\n}\na {\n k2 = other\n}\n")
@example('a {\n k = "\nb {\n c = d\n }\n"\n}\n')
@example("a {\n b {\n k = v\n }\n c = d\n}\ne : a.b {\n k = v\n}")
def test_they_mean_what_the_grammar_says(text: str) -> None:
    quick = parse_settings({"x": text})
    with mock.patch("ipsecmig.verify.readback.settings.take_plain_sections", lambda text, file: (text, {})):
        slow = parse_settings({"x": text})
    assert quick == slow


@pytest.mark.parametrize(
    ("text", "taken"),
    [
        ("a {\n b {\n  k = v\n }\n}\n", {2: {"k": "v"}}),
        ("a {\n  # why\n  k = v  w\n  l = 1\n}\n", {1: {"k": "v w", "l": "1"}}),
        ('a {\n  k = v\n}\nb {\n  k = "v"\n}\n', {1: {"k": "v"}}),
        ('a {\n  k = v\n}\nb {\n  k = "v\n}"\n}\n', {}),
    ],
)
def test_plain_sections_are_taken_out(text: str, taken: dict[int, dict[str, str]]) -> None:
    rest, found = take_plain_sections(text, "x")
    assert {line: {k: s.value for k, s in section.items()} for line, section in found.items()} == taken
    assert rest.count("\n") == text.count("\n")
