"""Tables as text."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from ipsecmig.cli.printer import Line
from ipsecmig.cli.table import Column, table
from ipsecmig.cli.text import count, listed, visible, width


def text(line: Line) -> str:
    return "".join(piece.text for piece in line)


def test_columns_are_aligned() -> None:
    lines = [
        text(line).rstrip()
        for line in table([Column("name"), Column("n", right=True)], [["a", "1"], ["bb", "20"]], None)
    ]
    assert lines == ["  name   n", "  a      1", "  bb    20"]


def test_wide_characters_take_two_columns() -> None:
    lines = [text(line) for line in table([Column("name"), Column("x")], [["中文", "1"], ["abcd", "1"]], None)]
    assert width(lines[1]) == width(lines[2])


WORDS = st.text(st.characters(codec="utf-8", exclude_categories=["Cs"]), max_size=40)


@given(st.lists(st.tuples(WORDS, WORDS, WORDS), max_size=6), st.integers(48, 200))
def test_fits_a_terminal_and_loses_no_letter(rows: list[tuple[str, str, str]], limit: int) -> None:
    columns = [Column("a"), Column("b", right=True), Column("c")]
    lines = [text(line) for line in table(columns, rows, limit)]
    assert all(width(line) <= limit for line in lines if line.isascii())
    shown = sorted("".join("".join(lines[1:]).split()))
    assert shown == sorted("".join("".join(visible(cell) for row in rows for cell in row).split()))


@given(WORDS)
def test_visible_text_cannot_steer_a_terminal(words: str) -> None:
    assert visible(words).isprintable()
    if words.isprintable():
        assert visible(words) == words


def test_counts_and_lists() -> None:
    assert [count(n, "loss", "losses") for n in (0, 1, 1200)] == ["0 losses", "1 loss", "1,200 losses"]
    assert listed(["a", "b", "c"], most=2) == "a, b and 1 more"
