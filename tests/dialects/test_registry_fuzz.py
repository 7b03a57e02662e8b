"""Whatever a registry file holds: a store or one clear error, never another exception and never without end."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from registry_forms import TEXT_FORMS, Keys, hive, keys, pol

from ipsecmig.dialects import registry
from ipsecmig.dialects.base import ReadOptions, Source
from ipsecmig.errors import InputError
from ipsecmig.model.policy import PolicyStore
from ipsecmig.stored.registry import RegistryValue

IPSEC = r"HKEY_LOCAL_MACHINE\SOFTWARE\Policies\Microsoft\Windows\IPSec"
FILTER = "ipsecFilter{c0ccd3b2-0000-4000-8000-000000000001}"
FOUND = keys(
    {
        rf"{IPSEC}\Policy\Local": [RegistryValue("", 1, ""), RegistryValue("ActivePolicy", 1, r"a\b")],
        rf"{IPSEC}\Policy\Local\{FILTER}": [
            RegistryValue("ipsecName", 1, 'List "1"'),
            RegistryValue("ipsecData", 3, bytes.fromhex("b520dc80c82ed111a89e00a0248d3021") + bytes(40)),
            RegistryValue("ipsecDataType", 4, 256),
            RegistryValue("ipsecOwnersReference", 7, ("a", "b")),
            RegistryValue("q", 11, 5),
        ],
    }
)
WRITERS: Final[Mapping[str, tuple[str, Callable[[Keys], bytes]]]] = {
    "reg5": ("reg", TEXT_FORMS["reg5"]),
    "reg4": ("reg", TEXT_FORMS["reg4"]),
    "query": ("reg-query", TEXT_FORMS["query"]),
    "query-2003": ("reg-query", TEXT_FORMS["query-2003"]),
    "add": ("reg-add", TEXT_FORMS["add"]),
    "pol": ("registry-pol", pol),
    "hive-lh": ("hive", lambda found: hive(found, IPSEC)),
    "hive-ri": ("hive", lambda found: hive(found, "HKEY_LOCAL_MACHINE", lists="ri")),
}
FILES: Final = {name: write(FOUND) for name, (_, write) in WRITERS.items()}
PIECES: Final = (
    *(b'"', b"\\", b"\n", b"[", b"]", b"hex(7):", b"hex:", b"dword:", b"=-", b"@=", b",", b"    ", b"\t", b"REG_SZ"),
    *(b"\0", b"\xff", b"\xff\xff\xff\x7f", b"\xff\xff\xff\xff", b"\0\0\0\x80", b"lf", b"ri", b"db", b"vk", b"nk", b"%"),
)


def check(form: str, data: bytes) -> PolicyStore | None:
    """Read `data`; return the store, or None for one clear error that names the file."""
    try:
        return registry.read(Source("some.file", data), ReadOptions(), WRITERS[form][0]).store
    except InputError as error:
        for said in error.diagnostics:
            assert said.origin.file.startswith("some.file")
            assert said.message
        return None


@pytest.mark.parametrize("form", WRITERS)
def test_whole_files_are_read(form: str) -> None:
    store = check(form, FILES[form])
    assert store is not None


@pytest.mark.parametrize("form", WRITERS)
def test_every_beginning_is_a_store_or_an_error(form: str) -> None:
    data = FILES[form]
    step = max(1, len(data) // 1500)
    for end in range(0, len(data), step):
        check(form, data[:end])


@st.composite
def damaged(draw: st.DrawFn, form: str) -> bytes:
    """Return the file with a few bytes changed, cut out, or put in."""
    data = bytearray(FILES[form])
    used = len(data.rstrip(b"\0"))
    start = 4096 if form.startswith("hive") and draw(st.booleans()) else 0
    for _ in range(draw(st.integers(1, 4))):
        at = draw(st.integers(start, max(start, min(used, len(data)))))
        piece = draw(st.sampled_from(PIECES) | st.binary(max_size=6))
        removed = draw(st.sampled_from((len(piece), len(piece), 0, 1, 7)))
        data[at : at + removed] = piece
    return bytes(data)


@pytest.mark.parametrize("form", WRITERS)
@settings(max_examples=150, deadline=None)
@given(data=st.data())
def test_damage_is_a_store_or_an_error(form: str, data: st.DataObject) -> None:
    check(form, data.draw(damaged(form)))


@pytest.mark.parametrize("form", WRITERS)
@settings(max_examples=60, deadline=None)
@given(lines=st.lists(st.integers(0, 30), min_size=1, max_size=30))
def test_lines_in_any_order_are_a_store_or_an_error(form: str, lines: list[int]) -> None:
    parts = FILES[form].split(b"\n")
    check(form, b"\n".join([parts[0], *(parts[number % len(parts)] for number in lines)]))


def test_a_key_below_itself_is_an_error() -> None:
    data = bytearray(hive(FOUND, IPSEC))
    key = data.index(b"nk", data.index(b"Local") - 90)
    children = int.from_bytes(data[key + 28 : key + 32], "little") + 4096
    for policy in range(children + 8, children + 12):
        data[policy] = (key - 4 - 4096).to_bytes(4, "little")[policy - children - 8]
    with pytest.raises(InputError) as caught:
        registry.read(Source("x", bytes(data)), ReadOptions())
    assert [d.code for d in caught.value.diagnostics] == ["RG042"]


@pytest.mark.parametrize(
    ("name", "other"),
    [
        ("reg", b'[HKEY_LOCAL_MACHINE\\SOFTWARE\\Other]\r\n"x"=hex:zz\r\n"y\r\nz\r\n\r\n'),
        ("reg-query", b"HKEY_LOCAL_MACHINE\\SOFTWARE\\Other\r\n    x    REG_BINARY    zz\r\n    y\r\n\r\n"),
    ],
)
def test_values_of_other_keys_are_not_even_looked_at(name: str, other: bytes) -> None:
    """Each of these lines is an error below a key that matters."""
    whole = TEXT_FORMS["reg5-utf8" if name == "reg" else "query"](FOUND)
    at = whole.index(b"[HKEY" if name == "reg" else b"HKEY")
    assert registry.read(Source("x", whole[:at] + other + whole[at:]), ReadOptions(), name).store.not_understood != ()
    for matters in (
        b"\\Policies\\Microsoft\\Windows\\IPSec\\",
        b"\\Policies\\Microsoft\\Windows\\IPSec\\Policy\\Local\\",
    ):
        with pytest.raises(InputError):
            registry.read(Source("x", whole[:at] + other.replace(b"\\Other", matters + b"x")), ReadOptions(), name)
