"""LDIF as text: what is written is read, and whatever is read ends."""

from __future__ import annotations

import base64
import tracemalloc

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ipsecmig.stored.ldif import WIDTH, Flaw, Value, records, write_record

ATTRIBUTES = st.from_regex(r"[a-z][a-z0-9-]{0,20}(;binary)?", fullmatch=True)
TEXTS = st.text(st.characters(codec="utf-8"), max_size=120)
ENTRIES = st.tuples(TEXTS, st.lists(st.tuples(ATTRIBUTES, TEXTS | st.binary(max_size=200)), max_size=6))


def values(data: bytes) -> list[Value]:
    return [value for record in records(data) for value in record.values()]


def octets(value: str | bytes) -> bytes:
    return value.encode() if isinstance(value, str) else value


@settings(deadline=None, max_examples=200)
@given(st.lists(ENTRIES, max_size=4), st.sampled_from(["\n", "\r\n"]))
def test_what_is_written_is_read(entries: list[tuple[str, list[tuple[str, str | bytes]]]], end: str) -> None:
    written = "\n".join(write_record(dn, pairs) for dn, pairs in entries)
    read = [list(record.values()) for record in records(written.replace("\n", end).encode("ascii"))]
    expected = [[("dn", dn.encode()), *((name, octets(value)) for name, value in pairs)] for dn, pairs in entries]
    assert [[(";".join((v.attribute, *v.options)), v.data) for v in one] for one in read] == expected
    assert all(v.flaw is None for one in read for v in one)


@settings(deadline=None, max_examples=100)
@given(TEXTS | st.binary(max_size=400))
def test_no_line_is_longer_than_the_width(value: str | bytes) -> None:
    lines = write_record("cn=x", [("ipsecData", value)]).splitlines()
    assert max(map(len, lines)) <= WIDTH
    assert all(line[:1] != " " for line in lines[:1])


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("dn: cn=a", [("dn", b"cn=a")]),
        ("DN:cn=a", [("dn", b"cn=a")]),
        ("dn:   cn=a ", [("dn", b"cn=a ")]),
        ("dn: cn=\n a\n  b", [("dn", b"cn=a b")]),
        ("# said\n  and more\ndn: a\n# said\n again\nb: c", [("dn", b"a"), ("b", b"c")]),
        ("dn:: " + base64.b64encode("cn=ä".encode()).decode(), [("dn", "cn=ä".encode())]),
        ("ipsecData;binary:: AAE=", [("ipsecdata", b"\0\1")]),
        ("b:", [("b", b"")]),
        ("b::", [("b", b"")]),
        ("1.2.840.113556: x", [("1.2.840.113556", b"x")]),
        (" lost\ndn: a", [("dn", b"a")]),
    ],
)
@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_lines(text: str, expected: list[tuple[str, bytes]], end: str) -> None:
    assert [(v.attribute, v.data) for v in values(text.replace("\n", end).encode())] == expected


@pytest.mark.parametrize(
    ("line", "flaw"),
    [
        ("no colon", Flaw.NO_COLON),
        ("a b: c", Flaw.NO_COLON),
        (": c", Flaw.NO_COLON),
        ("b:: AAE", Flaw.BASE64),
        ("b:: A?E=", Flaw.BASE64),
        ("b:< file:///etc/shadow", Flaw.URL),
    ],
)
def test_flaws_are_told_and_give_no_value(line: str, flaw: Flaw) -> None:
    (_, value) = values(f"dn: a\n{line}\n".encode())
    assert (value.flaw, value.data, value.line) == (flaw, b"", 2)


def test_lines_are_counted_through_folds_comments_and_gaps() -> None:
    text = b"\r\n# a\r\n\r\ndn: x\r\n y\r\n# c\r\nb: 1\r\n\r\n\r\n\r\ndn: z\r\nb: 2"
    assert [(v.line, v.data) for v in values(text)] == [(4, b"xy"), (7, b"1"), (11, b"z"), (12, b"2")]


@settings(deadline=None, max_examples=300)
@given(
    st.lists(st.sampled_from([b"dn: a", b" ", b"\n", b"\r\n", b"#", b":", b"b:: AA==", b"\0", b"\xff"]), max_size=30)
)
def test_any_octets_are_read_to_their_end(pieces: list[bytes]) -> None:
    data = b"".join(pieces)
    found = list(records(data))
    lines = [v.line for record in found for v in record.values()]
    assert lines == sorted(lines)
    assert all(1 <= line <= data.count(b"\n") + 1 for line in lines)


def test_a_large_dump_of_others_takes_no_memory() -> None:
    one = b"dn: cn=%06d,ou=people\n" + b"photo:: " + b"QUJD" * 400 + b"\n\n"
    data = b"".join(one % number for number in range(5000))
    tracemalloc.start()
    count = sum(1 for record in records(data) for value in [next(record.values())] if value.attribute == "dn")
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert count == 5000
    assert len(data) > 7_000_000
    assert peak < 100_000
