"""The URLs by which directories are named as sources."""

from __future__ import annotations

import pytest

from ipsecmig.errors import UsageError
from ipsecmig.remote.location import Location, is_directory, parse_url


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("ldaps://dc1.example.com", Location("ldaps://dc1.example.com", "dc1.example.com", 636, True)),
        ("LDAP://dc1", Location("ldap://dc1", "dc1", 389, False)),
        ("ldaps://dc1:3269/", Location("ldaps://dc1:3269", "dc1", 3269, True)),
        ("ldap://[fd00::1]:1389", Location("ldap://[fd00::1]:1389", "fd00::1", 1389, False)),
        ("ldap://h/DC=a,DC=b", Location("ldap://h", "h", 389, False, "DC=a,DC=b")),
        ("ldap://h/CN=IP%20Security,DC=b", Location("ldap://h", "h", 389, False, "CN=IP Security,DC=b")),
    ],
)
def test_urls(url: str, expected: Location) -> None:
    assert is_directory(url)
    assert parse_url(url) == expected


@pytest.mark.parametrize(
    "url",
    [
        "ldap://",
        "ldaps:///DC=a",
        "ldap://h:0",
        "ldap://h:99999",
        "ldap://h/no-name",
        "ldap://h/DC=a?ipsecName?sub",
        "ldap://[not-v6]/",
    ],
)
def test_what_is_no_url_of_a_directory(url: str) -> None:
    with pytest.raises(UsageError, match="ldaps://dc1"):
        parse_url(url)


@pytest.mark.parametrize("url", ["ldap://admin:hunter2@h", "ldaps://admin@h:hunter2", "ldap://h:hunter2"])
def test_a_password_in_a_url_is_refused_and_not_repeated(url: str) -> None:
    with pytest.raises(UsageError) as refused:
        parse_url(url)
    assert "hunter2" not in str(refused.value)


@pytest.mark.parametrize("name", ["policy.cmd", "-", "ldap", "ldap:dc1", "c:/ldap://x", "https://dc1"])
def test_other_sources(name: str) -> None:
    assert not is_directory(name)
