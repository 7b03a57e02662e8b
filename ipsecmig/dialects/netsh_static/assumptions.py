"""What a person can settle about a script of netsh ipsec commands."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

CONDITIONS: Final = "conditions"
ERRORS: Final = "errors"
IMPORTS: Final = "imports"
RULE_IDS: Final = "rule-ids"
RESTART: Final = "restart"

ASSUMPTIONS: Final[Mapping[str, str]] = {
    CONDITIONS: "every command that depends on a run-time condition runs",
    ERRORS: "netsh skips every command that it refuses, and goes on",
    IMPORTS: "importpolicy and restorepolicyexamples bring nothing that matters here",
    RESTART: "the IPsec service has been restarted since, so that what dynamic mode put into force is gone",
    RULE_IDS: "Windows numbers the rules of a policy from 1 in the order of their creation",
}
"""What --assume can settle about a script."""
