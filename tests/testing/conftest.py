"""Fixtures of the WinRM tests: those that users get, and clients that look at no settings of this machine."""

from __future__ import annotations

import pytest

from ipsecmig.testing.plugin import kerberos_realm, winrm_authority, winrm_servers

__all__ = ["kerberos_realm", "winrm_authority", "winrm_servers"]


@pytest.fixture(autouse=True)
def _alone(no_settings_of_this_machine: None) -> None:
    pass
