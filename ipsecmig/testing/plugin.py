"""Fixtures for pytest: Windows hosts behind WinRM, certificates, and a Kerberos realm.

pytest finds this module by its entry point; nothing else is imported until a test asks for a fixture.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from typing import TYPE_CHECKING, Protocol

import pytest

if TYPE_CHECKING:
    from ipsecmig.testing.certificates import Authority
    from ipsecmig.testing.host import Host
    from ipsecmig.testing.kerberos import Realm
    from ipsecmig.testing.winrm import Settings, WinrmServer


class WinrmServers(Protocol):
    """What the fixture `winrm_servers` gives."""

    def __call__(self, host: Host, settings: Settings | None = None) -> WinrmServer:
        """Serve a host until the test ends."""


@pytest.fixture
def winrm_servers() -> Iterator[WinrmServers]:
    """Give a function that serves a host, `winrm_servers(host, settings)`; the servers end with the test."""
    from ipsecmig.testing.winrm import WinrmServer

    with ExitStack() as running:

        def serve(host: Host, settings: Settings | None = None) -> WinrmServer:
            return running.enter_context(WinrmServer(host, settings))

        yield serve


@pytest.fixture(scope="session")
def winrm_authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    """Give an authority that issues certificates for servers and clients, good ones and bad ones."""
    from ipsecmig.testing.certificates import Authority

    return Authority(tmp_path_factory.mktemp("authority"))


@pytest.fixture
def kerberos_realm(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Iterator[Realm]:
    """Give a realm with the services of `localhost`, in whose environment the test runs; skip where there is none."""
    from ipsecmig.testing.kerberos import Realm, missing_programs

    missing = missing_programs()
    if missing:
        pytest.skip(f"MIT Kerberos is not installed here: {', '.join(missing)}")
    with Realm(tmp_path_factory.mktemp("realm")) as realm:
        for service in ("HTTP", "WSMAN", "host"):
            realm.add_service("localhost", service)
        for name, value in realm.environment.items():
            monkeypatch.setenv(name, value)
        yield realm
