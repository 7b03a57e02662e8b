"""What the PowerShell scripts print, decoded; and refused where it is cut off or anything else."""

from __future__ import annotations

import json
from base64 import b64encode

import pytest
from hypothesis import given
from hypothesis import strategies as st
from windows_hosts import EXPECTED, KEYS

from ipsecmig.remote.commands import POLICIES, REGISTRY_JSON, REGISTRY_LINES, Command, Output, typed_read
from ipsecmig.remote.typed_registry import ABSENT, READ, MalformedError, SeenKey, from_json, from_lines
from ipsecmig.testing.registry import Registry
from ipsecmig.testing.typed import answer_typed_read

DECODERS = {REGISTRY_JSON: from_json, REGISTRY_LINES: from_lines}
TYPED = pytest.mark.parametrize("command", DECODERS, ids=lambda one: one.name)
DENIED = rf"HKEY_LOCAL_MACHINE\{POLICIES.path}\Policy\Local"


def printed(command: Command, *, denied: tuple[str, ...] = ()) -> bytes:
    asked = typed_read(command.line)
    assert asked is not None
    return answer_typed_read(asked, Registry(KEYS, denied))


@TYPED
def test_values_are_those_of_the_registry(command: Command) -> None:
    keys = DECODERS[command](printed(command))
    values = {key.path: [tuple(value) for value in key.values] for key in keys if key.state == READ}
    assert {path: found for path, found in values.items() if found} == EXPECTED
    assert {key.state for key in keys} == {READ, ABSENT}


@TYPED
def test_a_key_says_why_it_was_not_read(command: Command) -> None:
    assert SeenKey(DENIED, "SecurityException") in DECODERS[command](printed(command, denied=(DENIED,)))


@TYPED
@given(data=st.data())
def test_whatever_is_cut_off_is_refused(command: Command, data: st.DataObject) -> None:
    whole = printed(command)
    end = data.draw(st.integers(0, len(whole.rstrip()) - 1))
    with pytest.raises(MalformedError):
        DECODERS[command](whole[:end])


@TYPED
@given(noise=st.binary(max_size=200))
def test_noise_is_refused(command: Command, noise: bytes) -> None:
    with pytest.raises(MalformedError):
        DECODERS[command](noise)


@given(data=st.data())
def test_a_missing_line_is_noticed(data: st.DataObject) -> None:
    lines = printed(REGISTRY_LINES).splitlines(keepends=True)
    del lines[data.draw(st.integers(0, len(lines) - 1))]
    with pytest.raises(MalformedError):
        from_lines(b"".join(lines))


KEYS_OF_OBJECTS: tuple[object, ...] = (
    1,
    {"p": "a", "s": "read"},
    {"p": 1, "s": "read", "v": []},
    {"p": "a", "s": None, "v": []},
    {"p": "a", "s": "read", "v": [3]},
    {"p": "a", "s": "read", "v": [{"n": "x", "t": "1", "d": ""}]},
    {"p": "a", "s": "read", "v": [{"n": "x", "t": -1, "d": ""}]},
    {"p": "a", "s": "read", "v": [{"n": "x", "t": 1, "d": "?"}]},
)
WRONG: tuple[object, ...] = (
    [],
    {"format": "ipsecmig-registry-2", "keys": []},
    {"format": "ipsecmig-registry-1", "keys": {}},
    *({"format": "ipsecmig-registry-1", "keys": [key]} for key in KEYS_OF_OBJECTS),
)


@pytest.mark.parametrize("document", WRONG)
def test_other_documents_are_refused(document: object) -> None:
    with pytest.raises(MalformedError):
        from_json(b64encode(json.dumps(document).encode()))


def test_only_typed_outputs_have_a_decoder() -> None:
    assert {command.output for command in DECODERS} == {Output.TYPED_JSON, Output.TYPED_LINES}
