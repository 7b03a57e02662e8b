"""From bytes to text: byte order marks, code pages, damage, line ends."""

from __future__ import annotations

from pathlib import Path

import pytest

from ipsecmig.dialects import decoding, registry
from ipsecmig.dialects.base import ReadOptions, Source
from ipsecmig.errors import InputError, UsageError


def decode(data: bytes, encoding: str | None = None) -> decoding.Decoded:
    return decoding.decode(Source("x.bat", data), ReadOptions(encoding=encoding))


CHINESE = "rem 允许访问\r\nnetsh ipsec static add policy name=允许\r\n"
KOREAN = "rem 정책을 만듭니다 한국어\r\nnetsh ipsec static add policy name=차단정책\r\n"
RUSSIAN = "rem Запретить доступ\r\nnetsh ipsec static add policy name=Правило\r\n"
FRENCH = "rem Créer la stratégie\r\nnetsh ipsec static add policy name=Réseau\r\n"

TEXTS = {
    "ASCII": (b"netsh\r\n", "netsh\n", "ascii"),
    "nothing": (b"", "", "ascii"),
    "UTF-8": (CHINESE.encode(), CHINESE, "utf-8"),
    "UTF-8 with a mark": (b"\xef\xbb\xbf" + CHINESE.encode(), CHINESE, "utf-8"),
    "UTF-16 LE with a mark": (b"\xff\xfe" + CHINESE.encode("utf-16-le"), CHINESE, "utf-16-le"),
    "UTF-16 BE with a mark": (b"\xfe\xff" + CHINESE.encode("utf-16-be"), CHINESE, "utf-16-be"),
    "UTF-16 LE": (CHINESE.encode("utf-16-le"), CHINESE, "utf-16-le"),
    "UTF-16 BE": (FRENCH.encode("utf-16-be"), FRENCH, "utf-16-be"),
    "UTF-32 with a mark": (b"\xff\xfe\0\0" + FRENCH.encode("utf-32-le"), FRENCH, "utf-32-le"),
    "Chinese": (CHINESE.encode("cp936"), CHINESE, "cp936"),
    "Korean": (KOREAN.encode("cp949"), KOREAN, "cp949"),
    "Cyrillic": (RUSSIAN.encode("cp1251"), RUSSIAN, "cp1251"),
    "Cyrillic of DOS": (RUSSIAN.encode("cp866"), RUSSIAN, "cp866"),
    "French": (FRENCH.encode("cp1252"), FRENCH, "cp1252"),
    "as chcp says": (b"@chcp 850 >nul\n" + FRENCH.encode("cp850"), "@chcp 850 >nul\n" + FRENCH, "cp850"),
    "UTF-8 before chcp": (b"chcp 850\n" + FRENCH.encode(), "chcp 850\n" + FRENCH, "utf-8"),
    "an unknown code page": (b"chcp 99999\n" + FRENCH.encode("cp1252"), "chcp 99999\n" + FRENCH, "cp1252"),
}


@pytest.mark.parametrize(("data", "text", "encoding"), TEXTS.values(), ids=TEXTS)
def test_detection(data: bytes, text: str, encoding: str) -> None:
    decoded = decode(data)
    assert decoded.text == text.replace("\r\n", "\n")
    assert decoded.encoding == encoding
    guessed = encoding.startswith("cp")
    assert [d.code for d in decoded.diagnostics] == (["IN004"] if guessed else [])


def test_a_guess_names_the_line_and_the_way_out() -> None:
    (said,) = decode(b"netsh\r\n" + FRENCH.encode("cp1252")).diagnostics
    assert said.origin.line == 2
    assert "--encoding" in said.advice


def test_the_encoding_of_the_user_wins() -> None:
    assert decode(FRENCH.encode("cp850"), "cp850").text == FRENCH.replace("\r\n", "\n")


def test_a_byte_order_mark_wins_over_the_user() -> None:
    assert decode(b"\xff\xfe" + FRENCH.encode("utf-16-le"), "cp850").encoding == "utf-16-le"


@pytest.mark.parametrize("name", ["klingon", "base64", "", "a\0b"])
def test_an_unknown_encoding_is_a_usage_error(name: str) -> None:
    with pytest.raises(UsageError):
        decode(b"netsh", name)


DAMAGED = {
    "in UTF-8": ("é".encode() * 9 + b"\x80\xff name=a", None),
    "in the code page of the user": (b"name=a \x81\x8d", "cp1252"),
    "in a double-byte page": (b"name=a \xff\xff", "cp936"),
    "in UTF-16": (b"\xff\xfea\0\x00\xd8b\0", None),
}


@pytest.mark.parametrize(("data", "encoding"), DAMAGED.values(), ids=DAMAGED)
def test_damage_is_kept_and_said(data: bytes, encoding: str | None) -> None:
    decoded = decode(data, encoding)
    assert "a" in decoded.text
    assert "IN005" in [d.code for d in decoded.diagnostics]
    assert decoded.text.encode("utf-8")


def test_names_that_are_damaged_differently_stay_different() -> None:
    first, second = decode(b"name=\x81\x8d x\nname=\x81\x8f x").text.split("\n")
    assert first != second


@pytest.mark.parametrize("data", [b"MZ\x90\0\3\0\0\0", bytes(range(1, 32)) * 9, b"netsh\0ipsec static"])
def test_what_is_no_text_is_refused(data: bytes) -> None:
    with pytest.raises(InputError) as caught:
        decode(data)
    assert [d.code for d in caught.value.diagnostics] == ["IN003"]


@pytest.mark.parametrize(
    ("data", "text"),
    [
        (b"a\r\nb\rc\nd", "a\nb\nc\nd"),
        (b"a\r\r\nb", "a\nb"),
        (b"a\n\n\nb", "a\n\n\nb"),
        (b"a\n\x1a", "a\n"),
        (b"a\x1a\x1a", "a"),
    ],
)
def test_line_ends_and_the_end_of_file_mark(data: bytes, text: str) -> None:
    assert decode(data).text == text


def test_reading_a_file(tmp_path: Path) -> None:
    path = tmp_path / "x.bat"
    path.write_bytes(b"netsh")
    assert decoding.read_source(str(path)) == Source(str(path), b"netsh")


def test_what_cannot_be_read_is_an_input_error(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="No such file"):
        decoding.read_source(str(tmp_path / "none"))
    with pytest.raises(InputError, match="directory"):
        decoding.read_source(str(tmp_path))


def test_a_source_that_is_too_large_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(decoding, "SIZE_LIMIT", 4)
    path = tmp_path / "x.bat"
    path.write_bytes(b"netsh")
    with pytest.raises(InputError, match="larger"):
        decoding.read_source(str(path))


def test_the_registry_detects_by_content() -> None:
    assert registry.detect(Source("x", b"netsh ipsec static show all")).name == "netsh-static"
    with pytest.raises(InputError, match="no known format"):
        registry.detect(Source("x", b"hello"))


def test_the_registry_finds_dialects_by_name() -> None:
    for dialect in registry.DIALECTS:
        assert registry.dialect(dialect.name) is dialect
    with pytest.raises(UsageError, match="netsh-static"):
        registry.dialect("nothing")


def test_the_registry_reads() -> None:
    source = Source("x.bat", b"netsh ipsec static add policy name=P")
    for forced in (None, "netsh-static"):
        assert [p.name for p in registry.read(source, ReadOptions(), forced).store.policies] == ["P"]
