"""The netsh target: `ipsec static` scripts that rebuild the same policy on Windows, and take it away again."""

from __future__ import annotations

from ipsecmig.emit.netsh.target import NAME, TARGET, emit

__all__ = ["NAME", "TARGET", "emit"]
