"""The JSON form of a policy store as a source."""

from __future__ import annotations

import codecs

import pytest
from hypothesis import given, settings
from strategies import stores

from ipsecmig.dialects import registry
from ipsecmig.dialects.base import ReadOptions, Source
from ipsecmig.errors import InputError
from ipsecmig.model.policy import NotUnderstood, PolicyStore
from ipsecmig.model.serial import dumps, to_json

STORE = PolicyStore(not_understood=(NotUnderstood("netsh ipsec static add filter", "run time"),), sources=("a.bat",))


@settings(deadline=None, max_examples=40)
@given(stores())
def test_what_was_written_is_detected_and_read_back(store: PolicyStore) -> None:
    source = Source("ir.json", dumps(store, with_secrets=True).encode())
    assert registry.detect(source).name == "ir"
    reading = registry.read(source, ReadOptions())
    assert reading.diagnostics == ()
    assert to_json(reading.store, with_secrets=True) == to_json(store, with_secrets=True)


@pytest.mark.parametrize(
    "data",
    [
        dumps(STORE).encode("utf-8-sig"),
        codecs.BOM_UTF16_LE + dumps(STORE).encode("utf-16-le"),  # as `>` of PowerShell 5 writes it
        dumps(STORE).replace("\n", "\r\n").encode(),
    ],
)
def test_encodings_of_windows_are_read(data: bytes) -> None:
    source = Source("ir.json", data)
    assert registry.detect(source).name == "ir"
    assert registry.read(source, ReadOptions()).store == STORE


@pytest.mark.parametrize(
    "data", [b"{}", b"", b'[{"format": "ipsecmig-ir"}]', b'# "format": "ipsecmig-ir"', b'{"format": "other"}']
)
def test_other_json_and_text_is_not_claimed(data: bytes) -> None:
    assert registry.dialect("ir").detect(Source("x", data)) == 0


def test_a_broken_document_is_an_input_error_in_its_file() -> None:
    source = Source("ir.json", b'{"format": "ipsecmig-ir", "version": "1.0"}')
    with pytest.raises(InputError) as refused:
        registry.read(source, ReadOptions())
    assert {d.origin.file for d in refused.value.diagnostics} == {"ir.json"}
