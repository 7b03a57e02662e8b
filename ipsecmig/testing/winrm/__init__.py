"""A WinRM server for tests: real HTTP and TLS, Negotiate, Basic and certificates, the remote shell of [MS-WSMV]."""

from __future__ import annotations

from ipsecmig.testing.winrm.accounts import Account
from ipsecmig.testing.winrm.authentication import Scheme
from ipsecmig.testing.winrm.server import Message, Settings, Tls, WinrmServer
from ipsecmig.testing.winrm.soap import Action

__all__ = ["Account", "Action", "Message", "Scheme", "Settings", "Tls", "WinrmServer"]
