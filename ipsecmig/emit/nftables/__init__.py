"""nftables: one table of its own, with verdict maps instead of rule lists."""

from ipsecmig.emit.nftables.target import TARGET

__all__ = ["TARGET"]
