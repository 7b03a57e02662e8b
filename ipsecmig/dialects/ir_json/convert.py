"""Reads the JSON form of a policy store (`schemas/ir.schema.json`), as `show --format json` writes it."""

from __future__ import annotations

import re
from typing import Final

from ipsecmig.dialects.base import Dialect, Reading, ReadOptions, Source
from ipsecmig.dialects.decoding import decode
from ipsecmig.model.policy import SCHEMA_FORMAT

_BEGINNING: Final = 4096
_MARK: Final = re.compile(rf'"format"\s*:\s*"{re.escape(SCHEMA_FORMAT)}"')


def detect(source: Source) -> int:
    """Return 100 for a JSON object that names the format near its beginning, else 0."""
    beginning = source.data[:_BEGINNING].replace(b"\0", b"").decode("utf-8", "replace").lstrip("\ufeff\ufffd \t\r\n")
    return 100 if beginning.startswith("{") and _MARK.search(beginning) else 0


def read(source: Source, options: ReadOptions) -> Reading:
    """Return the policy store of `source`; raises InputError for what is not its JSON form."""
    from ipsecmig.model.serial import loads  # only here: most runs of the program read something else

    decoded = decode(source, options)
    return Reading(loads(decoded.text, source.name), decoded.diagnostics)


DIALECT: Final = Dialect("ir", "ipsecmig policy store (JSON)", detect, read, "documented", (".json",))
