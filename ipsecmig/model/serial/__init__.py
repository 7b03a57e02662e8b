"""The JSON form of a policy store, under `schemas/ir.schema.json`: exact, versioned, without secrets unless asked."""

from __future__ import annotations

from ipsecmig.model.serial.read import from_json, loads
from ipsecmig.model.serial.write import dumps, to_json

__all__ = ["dumps", "from_json", "loads", "to_json"]
