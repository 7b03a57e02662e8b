"""The ldif target: entries that put a policy into Active Directory, and the changes that take it out again."""

from __future__ import annotations

from ipsecmig.emit.ldif.target import RESTORE, ROLLBACK, TARGET, emit

__all__ = ["RESTORE", "ROLLBACK", "TARGET", "emit"]
