"""The target `powershell`: a script of the NetSecurity cmdlets that makes connection security rules."""

from ipsecmig.emit.powershell.target import ROLLBACK, SCRIPT, TARGET

__all__ = ["ROLLBACK", "SCRIPT", "TARGET"]
