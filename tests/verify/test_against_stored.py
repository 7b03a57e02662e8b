"""A policy beside its own stored forms: `verify --against` and `diff` read what is not text as well."""

from __future__ import annotations

import pytest
from format_examples import leak, written
from ground_truth import emission_request, flat_policy, reading_of
from registry_forms import TEXT_FORMS, hive
from show_output import render

from ipsecmig.dialects.base import ReadOptions, Source
from ipsecmig.dialects.registry import read
from ipsecmig.errors import InputError
from ipsecmig.model.flatten import flatten, select_policy
from ipsecmig.model.serial import dumps
from ipsecmig.testing.policies import registry_keys
from ipsecmig.verify.compare import Result, compare
from ipsecmig.verify.readback.registry import read_targets

KEYS = registry_keys(reading_of(leak()).store)
FORMS = {
    "hive": hive(KEYS, r"HKEY_LOCAL_MACHINE\SOFTWARE"),
    "reg": written("reg", leak()),
    "reg-utf-8": TEXT_FORMS["reg5-utf8"](KEYS),
    "reg-query": TEXT_FORMS["query"](KEYS),
    "reg-add": TEXT_FORMS["add"](KEYS),
    "ldif": written("ldif", leak()),
    "ir": dumps(emission_request(leak()).store).encode(),
    "netsh-show": render(reading_of(leak()).store).encode(),
}


@pytest.mark.parametrize("form", FORMS)
def test_a_policy_is_equal_to_its_own_stored_forms(form: str) -> None:
    flat = flat_policy(leak())
    targets = read_targets([Source(f"policy.{form}", FORMS[form])], flat.site, ReadOptions())
    assert compare(flat, targets).result is Result.EQUAL


def test_a_change_of_a_hive_is_found() -> None:
    other = leak().path.read_bytes().replace(b"1433", b"1434").replace(b"action=block", b"action=permit")
    targets = read_targets([Source("x", FORMS["hive"])], flat_policy(leak()).site, ReadOptions())
    store = read(Source("x", other), ReadOptions()).store
    assert compare(flatten(store, select_policy(store), flat_policy(leak()).site), targets).result is Result.DIFFERENT


def test_binary_that_is_no_policy_is_refused_with_its_reason() -> None:
    with pytest.raises(InputError, match="not text"):
        read_targets([Source("x", bytes(range(256)) * 9)], flat_policy(leak()).site, ReadOptions())
