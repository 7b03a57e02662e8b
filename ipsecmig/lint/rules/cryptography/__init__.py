"""Algorithms, groups and lifetimes."""

from __future__ import annotations

from typing import Final

from ipsecmig.lint.rule import LintRule
from ipsecmig.lint.rules.cryptography import (
    bundle,
    des,
    ikev1,
    long_lifetimes,
    md5,
    modp768,
    modp1024,
    modp2048,
    no_common_main_mode,
    no_common_quick_mode,
    no_integrity,
    no_pfs,
    not_encrypted,
    reauthentication,
    sha1,
    too_much_data,
    triple_des,
)

RULES: Final[tuple[LintRule, ...]] = (
    no_common_main_mode.RULE,
    no_common_quick_mode.RULE,
    ikev1.RULE,
    des.RULE,
    triple_des.RULE,
    md5.RULE,
    sha1.RULE,
    modp768.RULE,
    modp1024.RULE,
    modp2048.RULE,
    not_encrypted.RULE,
    bundle.RULE,
    no_integrity.RULE,
    no_pfs.RULE,
    long_lifetimes.RULE,
    too_much_data.RULE,
    reauthentication.RULE,
)
