"""A WinRM server for tests: HTTP and TLS, Negotiate, CredSSP, Basic and certificates, remote shells ([MS-WSMV])."""

from __future__ import annotations

from ipsecmig.testing.winrm.accounts import Account
from ipsecmig.testing.winrm.authentication import Scheme
from ipsecmig.testing.winrm.server import Message, Settings, Tls, WinrmServer
from ipsecmig.testing.winrm.soap import Action

__all__ = ["Account", "Action", "Message", "Scheme", "Settings", "Tls", "WinrmServer"]
