"""XFRM: the Linux kernel's own IPsec policies."""

from ipsecmig.emit.xfrm.target import TARGET

__all__ = ["TARGET"]
