"""The text of strongSwan's settings files: sections, quoting, secrets. Source: strongswan.conf(5)."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Final

from ipsecmig.emit.common import header, one_line
from ipsecmig.model.policy import Secret
from ipsecmig.model.targets import EmissionRequest

_SIMPLE: Final = re.compile(
    r"[A-Za-z0-9!$%&'()*+,./:;<=>?@^_`|~-]([A-Za-z0-9 !$%&'()*+,./:;<=>?@^_`|~-]*"
    r"[A-Za-z0-9!$%&'()*+,./:;<=>?@^_`|~-])?"
)
_ENCODED: Final = ("0x", "0s")
"""What a secret begins with that charon decodes: hex and base64."""


def quoted(text: str) -> str:
    """Return `text`, which must be of one line, as a quoted value."""
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


def secret_value(secret: Secret) -> str:
    """Return the preshared key as the value of `secret`.

    It is written as it is only where every character means itself to every reader; otherwise in hex, as UTF-8.
    """
    text = secret.reveal()
    if _SIMPLE.fullmatch(text) and not text.lower().startswith(_ENCODED):
        return quoted(text)
    return "0x" + text.encode("utf-8", "surrogatepass").hex()


def section(name: str, lines: Iterable[str]) -> Iterator[str]:
    """Yield a section with its lines indented."""
    yield f"{name} {{"
    yield from (f"  {line}" if line else line for line in lines)
    yield "}"


def file_text(request: EmissionRequest, purpose: Iterable[str], lines: Iterable[str]) -> bytes:
    """Return a whole file: the header as comments, what the file is for, and the lines."""
    comments = (f"# {one_line(line, 1000)}".rstrip() for line in (*header(request), *purpose))
    return "".join(f"{line}\n" for line in (*comments, "", *lines)).encode("utf-8")
