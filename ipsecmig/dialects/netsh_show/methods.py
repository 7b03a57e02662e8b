"""The rows of the tables of methods, and the lines about authentication."""

from __future__ import annotations

from dataclasses import replace

from ipsecmig.dialects.netsh_show import values
from ipsecmig.dialects.netsh_show.records import ActionRecord, PolicyRecord, Record, RuleRecord
from ipsecmig.dialects.netsh_show.vocabulary import Key, Vocabulary, Word
from ipsecmig.model.policy import Certificate, Kerberos, PresharedKey, Secret


def take_row(owner: Record | None, text: str, vocabulary: Vocabulary) -> bool:
    """Add the offer in a row of a table to its owner, or Kerberos to a rule; return whether it was one."""
    if isinstance(owner, RuleRecord) and vocabulary.means(text, Word.KERBEROS):
        owner.methods.append(Kerberos())
        return True
    if isinstance(owner, ActionRecord) and (offer := values.quick_mode_offer(text)) is not None:
        owner.offers.append(offer)
        return True
    if isinstance(owner, PolicyRecord) and (method := values.main_mode_offer(vocabulary, text)) is not None:
        owner.offers.append(method)
        return True
    return False


def take_method(rule: RuleRecord, key: Key, value: str, *, flag: bool | None) -> bool:
    """Add a preshared key or a root certificate to `rule`, or set a `flag` of the last one; return whether it fits."""
    last = rule.methods[-1] if rule.methods else None
    if key is Key.PRESHARED_KEY:
        rule.methods.append(PresharedKey(Secret(value) if value else None))
    elif key is Key.ROOT_CA:
        rule.methods.append(Certificate(value))
    elif not isinstance(last, Certificate) or flag is None:
        return False
    elif key is Key.CERT_MAP:
        rule.methods[-1] = replace(last, map_to_account=flag)
    else:
        rule.methods[-1] = replace(last, exclude_authority_name=flag)
    return True
