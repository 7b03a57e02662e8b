"""Every form of registry content gives the keys that were written, whoever wrote them."""

from __future__ import annotations

import string
from collections.abc import Iterator, Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from registry_forms import TEXT_FORMS, hive, keys, pol, reg5

from ipsecmig.dialects import containers, decoding, registry
from ipsecmig.dialects.base import ReadOptions, Source
from ipsecmig.dialects.containers.command import Command
from ipsecmig.dialects.hive import walk
from ipsecmig.dialects.hive.cells import Hive
from ipsecmig.dialects.reg_add import syntax as reg_add
from ipsecmig.dialects.reg_file import syntax as reg_file
from ipsecmig.dialects.reg_query import syntax as reg_query
from ipsecmig.dialects.registry_pol import syntax as registry_pol
from ipsecmig.dialects.registry_tree.tree import Change, build
from ipsecmig.stored.registry import RegistryKey, RegistryValue, ValueType

IPSEC = r"HKEY_LOCAL_MACHINE\SOFTWARE\Policies\Microsoft\Windows\IPSec"
LOCAL = rf"{IPSEC}\Policy\Local"
ENCODINGS = {"reg4": "cp1252", "query": "cp850", "query-2003": "cp850", "add": "cp1252"}
LIGHT = settings(max_examples=60, deadline=None)


def changes(data: bytes, form: str) -> Iterator[Change]:
    """Return what `data` changes, read as the form that the registry of dialects would choose for it."""
    text = decoding.decode(Source("x.txt", data), ReadOptions(encoding=ENCODINGS.get(form))).text
    if form.startswith("reg"):
        head = reg_file.head(text)
        assert head is not None
        return reg_file.changes(text, "x", head.end, "cp1252" if head.old else "utf-16-le")
    if form.startswith("query"):
        return reg_query.changes(text, "x")
    statements = containers.statements(text, "x.bat", ReadOptions(), frozenset({"reg"})).statements
    return (change for one in statements if isinstance(one, Command) for change in reg_add.changes(one))


def content(found: Sequence[RegistryKey]) -> dict[str, dict[str, tuple[str, int, object]]]:
    """Return what counts in keys: paths, names, types and data."""
    return {key.path: {n: (v.name, v.type, v.data) for n, v in key.values.items()} for key in found}


NAMES = st.text(string.ascii_letters + string.digits + "{}-_.", min_size=1, max_size=20)
TEXTS = st.text(string.ascii_letters + string.digits + " \\\"'äß,;=[]()%&^", max_size=30).map(str.strip)
PARTS = st.text(string.ascii_letters + string.digits + "äß {}:.", min_size=1, max_size=20).map(str.strip).filter(bool)


def values(texts: st.SearchStrategy[str]) -> st.SearchStrategy[RegistryValue]:
    """Return values that all text forms can say."""
    kinds: list[st.SearchStrategy[tuple[int, object]]] = [
        st.tuples(st.sampled_from([ValueType.SZ, ValueType.EXPAND_SZ]), texts),
        st.tuples(st.just(ValueType.DWORD), st.integers(0, 2**32 - 1)),
        st.tuples(st.just(ValueType.QWORD), st.integers(0, 2**64 - 1)),
        st.tuples(st.just(ValueType.BINARY), st.binary(max_size=200)),
        st.tuples(st.just(ValueType.MULTI_SZ), st.lists(PARTS, max_size=4).map(tuple)),
    ]
    return st.builds(lambda name, data: RegistryValue(name, *data), NAMES, st.one_of(kinds))


def registries(texts: st.SearchStrategy[str] = TEXTS) -> st.SearchStrategy[tuple[RegistryKey, ...]]:
    paths = st.sampled_from([IPSEC, rf"{IPSEC}\Policy", LOCAL, rf"{LOCAL}\ipsecFilter{{0}}", rf"{LOCAL}\a b\c"])
    unique = st.lists(values(texts), max_size=5, unique_by=lambda v: v.name.lower())
    return st.dictionaries(paths, unique, min_size=1).map(keys)


@pytest.mark.parametrize("form", [form for form in TEXT_FORMS if form != "add"])
@LIGHT
@given(found=registries())
def test_text_is_read_back(form: str, found: tuple[RegistryKey, ...]) -> None:
    assert content(build(changes(TEXT_FORMS[form](found), form))) == content(found)


@LIGHT
@given(found=registries(TEXTS.map(lambda text: text.replace('"', "'"))))  # cmd.exe takes quotes for its own
def test_commands_are_read_back(found: tuple[RegistryKey, ...]) -> None:
    assert content(build(changes(TEXT_FORMS["add"](found), "add"))) == content(found)


@pytest.mark.parametrize("lists", ["lf", "lh", "li", "ri"])
@pytest.mark.parametrize("root", [r"HKEY_LOCAL_MACHINE\SOFTWARE", rf"{IPSEC}\Policy", "HKEY_LOCAL_MACHINE"])
@settings(max_examples=15, deadline=None)
@given(found=registries())
def test_hives_are_read_back_wherever_their_root_is(root: str, lists: str, found: tuple[RegistryKey, ...]) -> None:
    below = keys({LOCAL: [RegistryValue("q", 4, 1)]} | {k.path: k.values.values() for k in found if LOCAL in k.path})
    opened = Hive(hive(below, root, lists=lists))
    read = {path: v for path, v in content(build(walk.changes(opened, "x"))).items() if v}
    assert read == {path: v for path, v in content(below).items() if v}


@LIGHT
@given(found=registries())
def test_a_registry_pol_is_read_back(found: tuple[RegistryKey, ...]) -> None:
    expected = {path: v for path, v in content(found).items() if v}
    assert content(build(registry_pol.changes(pol(found), "x"))) == expected


@pytest.mark.parametrize("size", [0, 1, 4, 5, 16344, 16345, 50000])
def test_data_of_any_size_come_out_of_a_hive(size: int) -> None:
    octets = bytes(i % 251 for i in range(size))
    found = keys({LOCAL: [RegistryValue("ipsecData", 3, octets)]})
    (key,) = (k for k in build(walk.changes(Hive(hive(found, r"HKEY_LOCAL_MACHINE\SOFTWARE")), "x")) if k.values)
    assert key.values["ipsecdata"].data == octets


@pytest.mark.parametrize(("form", "name"), [(f, f.split("-")[0].rstrip("45")) for f in TEXT_FORMS])
def test_each_form_is_told_by_its_content(form: str, name: str) -> None:
    found = keys({LOCAL: [RegistryValue("ActivePolicy", 1, "x"), RegistryValue("n", 4, 3)]})
    expected = {"reg": "reg", "query": "reg-query", "add": "reg-add"}[name]
    assert registry.detect(Source("any", TEXT_FORMS[form](found))).name == expected


def test_binary_forms_are_told_by_their_first_bytes() -> None:
    found = keys({LOCAL: [RegistryValue("n", 4, 3)]})
    assert registry.detect(Source("any", hive(found, "HKEY_LOCAL_MACHINE"))).name == "hive"
    assert registry.detect(Source("any", pol(found))).name == "registry-pol"


# --- .reg in particular ---

HEAD = "Windows Registry Editor Version 5.00\n\n"


def read_reg(body: str) -> dict[str, dict[str, tuple[str, int, object]]]:
    return content(build(reg_file.changes(HEAD + body, "x", len(HEAD), "utf-16-le")))


@pytest.mark.parametrize(
    ("line", "value"),
    [
        ('"a"="b"', ("a", 1, "b")),
        ('"a"="b" ; said', ("a", 1, "b")),
        (' "a" = "b"', ("a", 1, "b")),
        ('@="x"', ("", 1, "x")),
        (r'"a\"b\\c"="d\"e\\f"', ('a"b\\c', 1, 'd"e\\f')),
        ('"a"="two\nlines"', ("a", 1, "two\nlines")),
        ('"a"=dword:10', ("a", 4, 16)),
        ('"a"=DWORD:0000000A', ("a", 4, 10)),
        ('"a"=hex(4):01,02,00,00', ("a", 4, 513)),
        ('"a"=hex(b):01,02,00,00,00,00,00,00', ("a", 11, 513)),
        ('"a"=hex:', ("a", 3, b"")),
        ('"a"=hex:0a,FF', ("a", 3, b"\x0a\xff")),
        ('"a"=hex:0a,\\\n  ff,\\\n  00', ("a", 3, b"\x0a\xff\0")),
        ('"a"=hex:0a,\\ \n\tff', ("a", 3, b"\x0a\xff")),
        ('"a"=hex(0):01', ("a", 0, b"\1")),
        ('"a"=hex(1):61,00,00,00', ("a", 1, "a")),
        ('"a"=hex(2):61,00', ("a", 2, "a")),
        ('"a"=hex(7):', ("a", 7, ())),
        ('"a"=hex(7):61,00,00,00,62,00,00,00,00,00', ("a", 7, ("a", "b"))),
        ('"a"=hex(7):61,00,00,00', ("a", 7, ("a",))),
        ('"a"=hex(100):01', ("a", 256, b"\1")),
    ],
)
def test_every_kind_of_value(line: str, value: tuple[str, int, object]) -> None:
    for text in (f"[{LOCAL}]\n{line}\n", f"[{LOCAL}]\n; c\n\n{line}", f"[HKLM{LOCAL[18:]}]\n{line}\n\n[HKLM\\x]\n"):
        assert read_reg(text)[LOCAL] == {value[0].lower(): value}


@pytest.mark.parametrize(
    ("body", "left"),
    [
        (f'[{LOCAL}]\n"a"="1"\n[-{LOCAL}]\n', {}),
        (f'[-{LOCAL}]\n[{LOCAL}]\n"a"="1"\n', {LOCAL: ["a"]}),
        (f'[{LOCAL}\\x]\n"a"="1"\n[-{IPSEC}]\n', {}),
        (f'[{LOCAL}]\n"a"="1"\n"A"=-\n"b"="2"\n', {LOCAL: ["b"]}),
        (f'[{LOCAL}]\n"a"="1"\n[{LOCAL.upper()}]\n"B"="2"\n', {LOCAL: ["a", "b"]}),
        (f'[{LOCAL}]\n@="1"\n@=-\n', {LOCAL: []}),
        ("[-HKEY_LOCAL_MACHINE\\SOFTWARE\\Other]\n", {}),
    ],
)
def test_what_a_file_deletes_is_gone_and_what_it_repeats_is_merged(body: str, left: dict[str, list[str]]) -> None:
    assert {path: list(found) for path, found in read_reg(body).items()} == left


def test_values_of_other_keys_are_passed_over_whatever_they_hold() -> None:
    odd = f'"x"=hex:zz\nrubbish\n"y"="over\n[{LOCAL}]\nlines"\n"z"="\n'
    other = r"[HKEY_LOCAL_MACHINE\SOFTWARE\Other]"
    assert read_reg(f'{other}\n{odd}[{LOCAL}]\n"a"="1"\n') == {LOCAL: {"a": ("a", 1, "1")}}


def test_the_machines_name_the_32_bit_view_and_case_do_not_matter() -> None:
    for path in (
        r"hklm\Software\POLICIES\Microsoft\Windows\ipsec\policy\local",
        r"HKEY_LOCAL_MACHINE\SOFTWARE\Wow6432Node\Policies\Microsoft\Windows\IPSec\Policy\Local",
    ):
        assert [list(v) for v in read_reg(f'[{path}]\n"a"="1"\n').values()] == [["a"]]
    assert read_reg(f'[HKEY_CURRENT_USER{LOCAL[18:]}]\n"a"="1"\n') == {}


def test_places_are_those_of_the_names() -> None:
    text = HEAD + f'[HKLM\\x]\n\n[{LOCAL}]\n"a"="1"\n  "bc"=hex:00,\\\n  00\n'
    (key,) = build(reg_file.changes(text, "f.reg", len(HEAD), "utf-16-le"))
    assert key.origin[:4] == ("f.reg", 5, 2, 2 + len(LOCAL))
    assert [v.origin[:4] for v in key.values.values()] == [("f.reg", 6, 1, 4), ("f.reg", 7, 3, 7)]


def test_old_files_have_strings_in_the_code_page() -> None:
    text = "REGEDIT4\n\n" + f'[{LOCAL}]\n"m"=hex(7):e4,00,62,00,00\n"w"=hex(7):61,00,62,00,00,00,00,00\n'
    (key,) = build(reg_file.changes(text, "x", 10, "cp1252"))
    assert [v.data for v in key.values.values()] == [("ä", "b"), ("ab",)]


def test_a_large_value_is_read_in_one_piece() -> None:
    octets = bytes(range(256)) * 8000
    (key,) = build(changes(reg5(keys({LOCAL: [RegistryValue("d", 3, octets)]})), "reg5"))
    assert key.values["d"].data == octets
