"""The target `reg`: a file of the registry editor that restores the policy in the local store of Windows."""

from ipsecmig.emit.reg.target import FILE, ROLLBACK, TARGET

__all__ = ["FILE", "ROLLBACK", "TARGET"]
