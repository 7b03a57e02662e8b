"""How peers prove who they are, and whom they talk to without proof."""

from __future__ import annotations

from typing import Final

from ipsecmig.lint.rule import LintRule
from ipsecmig.lint.rules.authentication import (
    any_certificate,
    authority_revealed,
    clear_to_internet,
    fallback_to_clear,
    kerberos_first,
    kerberos_unreachable,
    no_common_method,
    no_fallback_on_mismatch,
    preshared_key,
    secured_authentication,
    weak_key,
)

RULES: Final[tuple[LintRule, ...]] = (
    no_common_method.RULE,
    preshared_key.RULE,
    kerberos_unreachable.RULE,
    secured_authentication.RULE,
    weak_key.RULE,
    clear_to_internet.RULE,
    fallback_to_clear.RULE,
    no_fallback_on_mismatch.RULE,
    authority_revealed.RULE,
    any_certificate.RULE,
    kerberos_first.RULE,
)
