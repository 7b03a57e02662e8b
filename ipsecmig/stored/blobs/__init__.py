"""The codec of the five binary blobs (the attribute ipsecData; [MS-GPIPSEC] 2.2.1), both ways.

Counts drive it, the stored lengths do not. Every byte is kept: what `parse` makes of a blob, `write` makes the same
blob again.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final

from ipsecmig.stored.blobs.errors import MalformedBlob
from ipsecmig.stored.blobs.filters import FilterBlob
from ipsecmig.stored.blobs.isakmp import IsakmpBlob
from ipsecmig.stored.blobs.negotiation import NegotiationBlob
from ipsecmig.stored.blobs.nfa import NfaBlob, VersionBlob, parse_nfa
from ipsecmig.stored.blobs.policy import PolicyBlob
from ipsecmig.stored.objects import ObjectClass

__all__ = [
    "PARSERS",
    "Blob",
    "FilterBlob",
    "IsakmpBlob",
    "MalformedBlob",
    "NegotiationBlob",
    "NfaBlob",
    "PolicyBlob",
    "VersionBlob",
]

Blob = PolicyBlob | IsakmpBlob | NfaBlob | VersionBlob | NegotiationBlob | FilterBlob

PARSERS: Final[Mapping[ObjectClass, Callable[[bytes], Blob]]] = {
    ObjectClass.POLICY: PolicyBlob.parse,
    ObjectClass.ISAKMP_POLICY: IsakmpBlob.parse,
    ObjectClass.NFA: parse_nfa,
    ObjectClass.NEGOTIATION_POLICY: NegotiationBlob.parse,
    ObjectClass.FILTER: FilterBlob.parse,
}
"""What reads the blob of each kind of object; each raises MalformedBlob."""
