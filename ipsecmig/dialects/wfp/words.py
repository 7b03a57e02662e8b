"""The words of the platform's structures, as the Windows SDK names them (iketypes.h, ipsectypes.h, fwpmtypes.h)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from ipsecmig.dialects.xml_input.nodes import Node
from ipsecmig.model.algorithms import DhGroup, Encryption, Integrity

MAIN_MODE: Final = "FWPM_IPSEC_IKE_MM_CONTEXT"
TRANSPORT: Final = "FWPM_IPSEC_IKE_QM_TRANSPORT_CONTEXT"
TUNNEL: Final = "FWPM_IPSEC_IKE_QM_TUNNEL_CONTEXT"
CONTEXTS: Final = "FWPM_IPSEC_"
"""What the types of all provider contexts of IPsec begin with."""

QUICK_MODE_LAYERS: Final = frozenset({"FWPM_LAYER_IPSEC_V4", "FWPM_LAYER_IPSEC_V6"})
MAIN_MODE_LAYERS: Final = frozenset({"FWPM_LAYER_IKEEXT_V4", "FWPM_LAYER_IKEEXT_V6"})
KEYING_LAYERS: Final = frozenset({"FWPM_LAYER_IPSEC_KM_DEMUX_V4", "FWPM_LAYER_IPSEC_KM_DEMUX_V6"})
CALLOUTS: Final = "FWPM_CALLOUT_IPSEC_"
"""What the keys of all callouts of IPsec begin with."""

MAIN_MODE_CIPHERS: Final[Mapping[str, Encryption]] = {
    "IKEEXT_CIPHER_DES": Encryption.DES,
    "IKEEXT_CIPHER_3DES": Encryption.TRIPLE_DES,
    "IKEEXT_CIPHER_AES_128": Encryption.AES128,
    "IKEEXT_CIPHER_AES_192": Encryption.AES192,
    "IKEEXT_CIPHER_AES_256": Encryption.AES256,
}
MAIN_MODE_HASHES: Final[Mapping[str, Integrity]] = {
    "IKEEXT_INTEGRITY_MD5": Integrity.MD5,
    "IKEEXT_INTEGRITY_SHA1": Integrity.SHA1,
    "IKEEXT_INTEGRITY_SHA_256": Integrity.SHA256,
    "IKEEXT_INTEGRITY_SHA_384": Integrity.SHA384,
}
MAIN_MODE_GROUPS: Final[Mapping[str, DhGroup]] = {
    "IKEEXT_DH_GROUP_1": DhGroup.MODP768,
    "IKEEXT_DH_GROUP_2": DhGroup.MODP1024,
    "IKEEXT_DH_GROUP_14": DhGroup.MODP2048,
    "IKEEXT_DH_GROUP_2048": DhGroup.MODP2048,
}
CIPHERS: Final[Mapping[str, Encryption]] = {
    "IPSEC_CIPHER_TYPE_DES": Encryption.DES,
    "IPSEC_CIPHER_TYPE_3DES": Encryption.TRIPLE_DES,
    "IPSEC_CIPHER_TYPE_AES_128": Encryption.AES128,
    "IPSEC_CIPHER_TYPE_AES_192": Encryption.AES192,
    "IPSEC_CIPHER_TYPE_AES_256": Encryption.AES256,
}
HASHES: Final[Mapping[str, Integrity]] = {
    "IPSEC_AUTH_MD5": Integrity.MD5,
    "IPSEC_AUTH_SHA_1": Integrity.SHA1,
    "IPSEC_AUTH_SHA_256": Integrity.SHA256,
}
PFS_GROUPS: Final[Mapping[str, tuple[bool, DhGroup | None]]] = {
    "IPSEC_PFS_NONE": (False, None),
    "IPSEC_PFS_MM": (True, None),
    "IPSEC_PFS_1": (True, DhGroup.MODP768),
    "IPSEC_PFS_2": (True, DhGroup.MODP1024),
    "IPSEC_PFS_14": (True, DhGroup.MODP2048),
    "IPSEC_PFS_2048": (True, DhGroup.MODP2048),
}


class UnclearError(ValueError):
    """Something in the state means nothing here. Its text says what, without secrets."""


def word(node: Node, prefix: str) -> str:
    """Return the only word in `node` that begins with `prefix`. Raises UnclearError where there is none, or several."""
    found = {one.text for one in node.walk() if one.text.startswith(prefix)}
    if len(found) != 1:
        raise UnclearError(f"{node.name}, line {node.line}: " + (" and ".join(sorted(found)) or f"no {prefix}..."))
    return found.pop()


def number(node: Node, *path: str) -> int:
    """Return the decimal number that `path` leads to. Raises UnclearError where there is none."""
    text = node.value(*path)
    if not (text.isascii() and text.isdecimal() and len(text) < 20):
        raise UnclearError(f"{'/'.join(path)} is no number")
    return int(text)
