"""The netsh target: `ipsec static` scripts that rebuild the same policy on Windows, and take it away again."""

from __future__ import annotations

from ipsecmig.emit.netsh.target import ROLLBACK, SCRIPT, TARGET, emit, script_lines

__all__ = ["ROLLBACK", "SCRIPT", "TARGET", "emit", "script_lines"]
