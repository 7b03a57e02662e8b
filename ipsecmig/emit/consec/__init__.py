"""The target `consec`: a script of netsh that makes connection security rules of Windows Firewall."""

from ipsecmig.emit.consec.target import ROLLBACK, SCRIPT, TARGET

__all__ = ["ROLLBACK", "SCRIPT", "TARGET"]
