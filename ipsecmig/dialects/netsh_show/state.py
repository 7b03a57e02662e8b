"""What tells the output of `netsh ipsec dynamic show`, which is the state of the service and no policy."""

from __future__ import annotations

import re
from typing import Final

_TITLE: Final = re.compile(
    r"[ \t]*(?:IKE (?:Main Mode SAs|Statistics)|IPsec Statistics"
    r"|(?:Main|Quick) ?Mode (?:SAs?|Polic(?:y|ies)|Filters?)\b"
    r"|(?:Generic |Specific )?(?:Transport|Tunnel) Filters?\b)",
    re.IGNORECASE,
)
_COMMAND: Final = re.compile(r"(?:netsh(?:\.exe)?[ \t]+)?ipsec[ \t]+dynamic\b", re.IGNORECASE)


def is_state(line: str) -> bool:
    """Return whether a line is a title of that output, in English."""
    return _TITLE.match(line) is not None


def is_dynamic(command: str) -> bool:
    """Return whether a command prints it."""
    return _COMMAND.match(command) is not None
