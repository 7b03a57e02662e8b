"""Rulesets of the lab's host, and what the readers say of a configuration."""

from __future__ import annotations

from ipsecmig.dialects.base import ReadOptions, Source
from ipsecmig.model.site import UNKNOWN_SITE
from ipsecmig.verify.readback.registry import read_targets
from ipsecmig.verify.target import ReadTarget


def read(name: str, text: str) -> ReadTarget:
    """Return the one target that `text` configures."""
    (target,) = read_targets([Source(name, text.encode())], UNKNOWN_SITE, ReadOptions(encoding="utf-8"))
    return target


BASE = """table inet f {{
{more}
	chain input {{
		type filter hook input priority 0; policy {policy};
{rules}
	}}
	chain output {{
		type filter hook output priority filter + 5; policy accept;
{out}
	}}
	chain forward {{
		type filter hook forward priority -1; policy accept;
{forward}
	}}
}}
"""


def ruleset(*rules: str, more: str = "", policy: str = "accept", out: str = "", forward: str = "") -> str:
    """Return a ruleset with these rules in its input chain."""
    return BASE.format(rules="\n".join(rules), more=more, policy=policy, out=out, forward=forward)
