"""Distinguished names are taken apart and put together."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ipsecmig.stored.distinguished import Rdn, dns_domain, domain_dn, format_dn, parse_dn

VALUES = st.text(st.characters(codec="utf-8"), min_size=1, max_size=20)
NAMES = st.lists(st.builds(Rdn, st.sampled_from(["cn", "ou", "dc"]), VALUES), max_size=5)


@settings(deadline=None)
@given(NAMES)
def test_names_survive(parts: list[Rdn]) -> None:
    assert parse_dn(format_dn(parts)) == tuple(parts)


@settings(deadline=None)
@given(st.text(max_size=60))
def test_any_text_is_a_name_or_none(text: str) -> None:
    parts = parse_dn(text)
    assert parts is None or parse_dn(format_dn(parts)) is not None


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("", []),
        ("CN=a,DC=b", [("cn", "a"), ("dc", "b")]),
        (" cn = a b , dc = c ", [("cn", "a b"), ("dc", "c")]),
        (r"CN=a\,b\2Cc,DC=d", [("cn", "a,b,c"), ("dc", "d")]),
        (r"CN=x\0ACNF:1", [("cn", "x\nCNF:1")]),
        (r"CN=\C3\A4", [("cn", "ä")]),
        (r"CN=a\ ", [("cn", "a ")]),
        ("CN=a=b", [("cn", "a=b")]),
    ],
)
def test_parts(text: str, parts: list[tuple[str, str]]) -> None:
    assert parse_dn(text) == tuple(Rdn(*part) for part in parts)


@pytest.mark.parametrize("text", ["a", "CN=a,", "CN=a,,DC=b", ",CN=a", "CN=a\\"])
def test_what_is_no_name(text: str) -> None:
    assert parse_dn(text) is None


def test_the_domain_of_a_name() -> None:
    assert dns_domain(parse_dn("CN=IP Security,CN=System,DC=lab,DC=test") or ()) == "lab.test"
    assert format_dn(domain_dn("lab.test")) == "DC=lab,DC=test"
    assert dns_domain(parse_dn("CN=x") or ()) == ""
