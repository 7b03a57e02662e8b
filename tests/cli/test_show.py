"""`show`, `formats` and `targets`."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from fake_parts import KEY, Cli
from jsonschema import Draft202012Validator

from ipsecmig.resources import schema


def check(name: str, text: str) -> object:
    document: object = json.loads(text)
    Draft202012Validator(json.loads(schema(name).read_text())).validate(document)
    return document


@pytest.mark.parametrize("flags", [(), ("--flat",), ("--format", "json"), ("--flat", "--format", "json")])
def test_preshared_key_never_shows(cli: Cli, flags: tuple[str, ...]) -> None:
    result = cli("show", "policy.fake", *flags)
    assert result.code == 0
    assert KEY not in result.out + result.err
    assert result.out


@pytest.mark.parametrize("flags", [(), ("--format", "json")])
def test_preshared_key_shows_on_request(cli: Cli, flags: tuple[str, ...]) -> None:
    assert KEY in cli("show", "policy.fake", "--with-secrets", *flags).out


def test_tables(cli: Cli) -> None:
    out = cli("show", "policy.fake").out
    rows = [line.split() for line in out.splitlines()]
    assert "policy.fake: 1 policy, 1 filter list, 1 filter, 1 filter action" in out
    assert ["Require", "Web", "Secure", "preshared", "key", "all", "yes"] in rows
    assert ["any", "me:80", "tcp", "yes", "policy.fake:12:3"] in rows


def test_json_is_the_ir(cli: Cli) -> None:
    document = check("ir.schema.json", cli("show", "policy.fake", "--format", "json").out)
    assert isinstance(document, dict)
    assert document["policies"][0]["name"] == "Web server"


def test_only_the_policy_asked_for(cli: Cli, folder: Path) -> None:
    (folder / "two.fake").write_text("fake policy=Web policy=Mail")
    out = cli("show", "two.fake", "--policy", "mail").out
    assert 'Policy "Mail"' in out
    assert 'Policy "Web"' not in out


def test_flat_list_has_the_order_of_decision(cli: Cli) -> None:
    document = check("flat.schema.json", cli("show", "policy.fake", "--flat", "--format", "json").out)
    assert isinstance(document, dict)
    weights = [one["weight"] for one in document["filters"]]
    assert weights == sorted(weights)
    assert {(*one["directions"], one["mirror"]) for one in document["filters"]} == {("in", False), ("out", True)}


def test_site_bears_on_the_flat_list(cli: Cli) -> None:
    out = cli("show", "policy.fake", "--flat", "--me", "10.0.0.5", "--windows", "2000").out
    assert "10.0.0.5:80" in out
    assert "assumed: the source is Windows 2000, with NoDefaultExempt = 0" in out


def test_control_characters_are_shown_and_not_obeyed(cli: Cli, folder: Path) -> None:
    (folder / "evil.fake").write_text("fake policy=\x1b[2Jclear\x07")
    result = cli("show", "evil.fake")
    assert r'Policy "\x1b[2Jclear\x07"' in result.out
    assert "\x1b" not in result.out


def test_formats(cli: Cli) -> None:
    assert ["fake", "A", "made-up", "format", "seen", ".fake"] in [
        line.split() for line in cli("formats").out.splitlines()
    ]
    check("formats.schema.json", cli("formats", "--format", "json").out)


def test_targets(cli: Cli) -> None:
    out = cli("targets").out
    assert "rules.nft" in out
    assert "session key PFS" in out
    check("targets.schema.json", cli("targets", "--format", "json").out)
