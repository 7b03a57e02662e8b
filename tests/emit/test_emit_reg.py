"""Files of the registry editor: they hold the policy, in every form that Windows gives it back in."""

from __future__ import annotations

from dataclasses import replace

import pytest
from ground_truth import SAMPLES, Sample, decided_samples, emission_request
from hypothesis import given, settings
from hypothesis import strategies as st
from registry_forms import TEXT_FORMS, hive

from ipsecmig.dialects import registry
from ipsecmig.dialects.base import ReadOptions, Source
from ipsecmig.dialects.reg_file import syntax
from ipsecmig.dialects.registry_tree.tree import build
from ipsecmig.emit.reg import FILE, ROLLBACK, TARGET, text
from ipsecmig.model.policy import HostSettings, PolicyStore
from ipsecmig.model.serial import to_json
from ipsecmig.model.targets import EmissionRequest
from ipsecmig.stored.registry import RegistryKey

LOCAL = r"HKEY_LOCAL_MACHINE\SOFTWARE\Policies\Microsoft\Windows\IPSec\Policy\Local"
KEYED = Sample(SAMPLES / "recommended" / "web-to-database-web-server.cmd")


def files(request: EmissionRequest) -> dict[str, str]:
    """Return the text of the emitted files."""
    found = {file.path: file.content for file in TARGET.emit(request).files}
    assert all(content.startswith(b"\xff\xfe") for content in found.values())
    return {path: content.decode("utf-16") for path, content in found.items()}


def keys_of(*texts: str) -> tuple[RegistryKey, ...]:
    """Return the keys that the files `texts` leave, imported one after another."""
    changes = []
    for one in texts:
        plain = one.replace("\r\n", "\n")
        head = syntax.head(plain)
        assert head is not None
        changes += list(syntax.changes(plain, "x", head.end, "utf-16-le"))
    return build(changes)


def without_places(store: PolicyStore) -> object:
    """Return what a store says, but not where."""

    def strip(value: object) -> object:
        if isinstance(value, dict):
            return {k: strip(v) for k, v in value.items() if k not in {"origin", "sources"}}
        return [strip(one) for one in value] if isinstance(value, list) else value

    return strip(to_json(store, with_secrets=True))


@pytest.mark.parametrize("sample", decided_samples(), ids=lambda sample: sample.name)
def test_a_sample_comes_back_the_same_in_every_form(sample: Sample) -> None:
    request = emission_request(sample)
    content = next(file.content for file in TARGET.emit(request).files if file.path == FILE)
    whole = registry.read(Source("x", content), ReadOptions()).store
    assert [p.name for p in whole.policies] == [request.policy.name]
    assert whole.not_understood == ()
    keys = [key for key in keys_of(content.decode("utf-16")) if key.values]
    forms = {name: write(keys) for name, write in TEXT_FORMS.items()} | {"hive": hive(keys, "HKEY_LOCAL_MACHINE")}
    for name, data in forms.items():
        page = {"query": "cp850", "query-2003": "cp850", "add": "cp1252", "reg4": "cp1252"}.get(name)
        reading = registry.read(Source("x.cmd" if name == "add" else "x", data), ReadOptions(encoding=page))
        assert without_places(reading.store) == without_places(whole), name


def test_the_policy_is_assigned_last() -> None:
    body = files(emission_request(KEYED))[FILE]
    assert body.count("ActivePolicy") == 1
    assert body.index("ActivePolicy") > body.rindex("ipsecData")
    assert next(key for key in keys_of(body) if "activepolicy" in key.values).path == LOCAL


def test_a_policy_that_is_not_assigned_assigns_nothing() -> None:
    request = emission_request(KEYED)
    policy = replace(request.policy, assigned=False)
    asked = replace(request, policy=policy, store=replace(request.store, policies=(policy,)))
    for body in files(asked).values():
        assert "ActivePolicy" not in body


def test_the_rollback_leaves_nothing_of_the_policy() -> None:
    found = files(emission_request(KEYED))
    (left,) = keys_of(found[FILE], found[ROLLBACK])
    assert (left.path, dict(left.values)) == (LOCAL, {})


def test_only_the_file_with_the_key_is_secret_and_the_key_stands_in_no_comment() -> None:
    emission = TARGET.emit(emission_request(KEYED))
    assert {file.path: file.secret for file in emission.files} == {FILE: True, ROLLBACK: False}


def test_what_an_older_object_of_the_same_name_had_is_taken_away() -> None:
    body = files(emission_request(KEYED))[FILE]
    old = body.replace('"description"=-', '"description"="old"')
    assert old != body
    assert not any("old" in str(value.data) for key in keys_of(old, body) for value in key.values.values())


@pytest.mark.parametrize(
    ("settings_", "expected"),
    [
        (HostSettings(), HostSettings()),
        (HostSettings(exemptions=1), HostSettings(exemptions=1)),
        (HostSettings(exemptions=0, boot_mode="block"), HostSettings(exemptions=0, boot_mode="block")),
        (HostSettings(service_disabled=True, boot_exemptions="x"), HostSettings()),
    ],
)
def test_settings_of_the_host_come_along(settings_: HostSettings, expected: HostSettings) -> None:
    request = emission_request(KEYED)
    emission = TARGET.emit(replace(request, store=replace(request.store, settings=settings_)))
    assert registry.read(Source("x", emission.files[0].content), ReadOptions()).store.settings == expected
    assert any("service" in note for note in emission.notes) == bool(settings_.service_disabled)


@settings(max_examples=200, deadline=None)
@given(name=st.text(), data=st.text() | st.integers(0, 2**32 - 1) | st.binary() | st.tuples(st.text("ab", min_size=1)))
def test_any_value_is_read_back(name: str, data: str | int | bytes | tuple[str, ...]) -> None:
    name = "".join(c for c in name if c.isprintable())
    lines = list(text.value(name, data))
    assert all(len(line) <= 80 for line in lines[1:])
    body = text.document([text.key(LOCAL), *lines]).decode("utf-16")
    (key,) = keys_of(body)
    (value,) = key.values.values()
    wanted = data.rstrip("\0").encode("utf-16-le", "replace").decode("utf-16-le") if isinstance(data, str) else data
    assert (value.name, value.data) == (name, wanted)
