"""Fixtures of the WinRM tests: those that users get, and clients that look at no settings of this machine."""

from __future__ import annotations

from pathlib import Path

import pytest

from ipsecmig.testing.plugin import kerberos_realm, winrm_authority, winrm_servers

__all__ = ["kerberos_realm", "winrm_authority", "winrm_servers"]


@pytest.fixture(autouse=True)
def _no_settings_of_this_machine(monkeypatch: pytest.MonkeyPatch, no_realm: Path) -> None:
    monkeypatch.setenv("KRB5_CONFIG", str(no_realm))
    for name in ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"):
        monkeypatch.delenv(name, raising=False)
