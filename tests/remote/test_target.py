"""Hosts as they are written on the command line."""

from __future__ import annotations

import pytest

from ipsecmig.errors import UsageError
from ipsecmig.remote.target import HostTarget, Transport, parse_target


@pytest.mark.parametrize(
    ("text", "url", "folder"),
    [
        ("SRV1.example.com", "https://SRV1.example.com:5986/wsman", "srv1.example.com"),
        ("10.0.0.5:443", "https://10.0.0.5:443/wsman", "10.0.0.5_443"),
        ("fd00::5", "https://[fd00::5]:5986/wsman", "fd00__5"),
        ("[FD00:0::5]", "https://[fd00::5]:5986/wsman", "fd00__5"),
        ("[fd00::5]:47001", "https://[fd00::5]:47001/wsman", "fd00__5_47001"),
        ("fe80::1%eth0", "https://[fe80::1%eth0]:5986/wsman", "fe80__1_eth0"),
        ("http://srv1", "http://srv1:5985/wsman", "srv1"),
        ("https://srv1:5985/", "https://srv1:5985/wsman", "srv1_5985"),
    ],
)
def test_hosts(text: str, url: str, folder: str) -> None:
    target = parse_target(text)
    assert (target.url, target.folder_name) == (url, folder)


@pytest.mark.parametrize(
    "text",
    ["", "a b", "user@host", "srv1:0", "srv1:99999", "..", "[srv1]", "fd00::5::1", "ftp://a", "a/b", "-", "[]"],
)
def test_what_names_no_host(text: str) -> None:
    with pytest.raises(UsageError):
        parse_target(text)


def test_options_are_for_what_the_host_leaves_open() -> None:
    assert parse_target("srv1", Transport.KERBEROS, plain=True, port=80) == HostTarget(
        "srv1", 80, "http", Transport.KERBEROS
    )
    assert parse_target("srv1:81", port=80).port == 81


@pytest.mark.parametrize("transport", [Transport.BASIC, Transport.CERTIFICATE])
@pytest.mark.parametrize(("text", "plain"), [("http://srv1", False), ("srv1", True)])
def test_nothing_in_the_clear(transport: Transport, text: str, plain: bool) -> None:
    with pytest.raises(UsageError, match="HTTPS only"):
        parse_target(text, transport, plain=plain)
