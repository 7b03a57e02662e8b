"""Whether a source is the evidence of a host. Every run asks, so that this imports nothing else."""

from __future__ import annotations

from typing import Final

from ipsecmig.dialects.base import Source

FORMAT: Final = "ipsecmig-evidence-1"
MAGIC: Final = FORMAT.encode() + b"\n"


def is_packed(source: Source) -> bool:
    """Whether a source is a folder that `pack` made one of."""
    return source.data.startswith(MAGIC)
