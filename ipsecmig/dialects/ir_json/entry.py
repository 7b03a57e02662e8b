"""The dialect `ir`, as the registry lists it."""

from __future__ import annotations

import re
from typing import Final

from ipsecmig.dialects.base import Dialect, Reading, ReadOptions, Source
from ipsecmig.model.policy import SCHEMA_FORMAT

_BEGINNING: Final = 4096
_MARK: Final = re.compile(rf'"format"\s*:\s*"{re.escape(SCHEMA_FORMAT)}"')


def read(source: Source, options: ReadOptions) -> Reading:
    """Read `source` by the reader itself, which is imported only now."""
    from ipsecmig.dialects.ir_json.convert import read as read_it

    return read_it(source, options)


def detect(source: Source) -> int:
    """Return 100 for a JSON object that names the format near its beginning, else 0."""
    beginning = source.data[:_BEGINNING].replace(b"\0", b"").decode("utf-8", "replace").lstrip("\ufeff\ufffd \t\r\n")
    return 100 if beginning.startswith("{") and _MARK.search(beginning) else 0


DIALECT: Final = Dialect("ir", "ipsecmig policy store (JSON)", detect, read, "documented", (".json",))
