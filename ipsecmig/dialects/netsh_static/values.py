"""From the text of a value to what it means: one reader for each value rule of the grammar."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final, NamedTuple

from ipsecmig.dialects.netsh_static import addresses, messages, methods, syntax
from ipsecmig.dialects.netsh_static.slots import RefusedError, Slot, number
from ipsecmig.model.algorithms import DhGroup
from ipsecmig.model.policy import Action, ConnectionType, PresharedKey, Secret, StoreKind
from ipsecmig.model.selectors import ANY_PORT, ANY_PROTOCOL, ICMP, RAW, TCP, UDP, PortRange

_LARGEST: Final = 0xFFFFFFFF
_MAY_BE_EMPTY: Final = frozenset({"description"})


class Pfs(NamedTuple):
    """The value of pfsgroup: whether there is session key PFS, and its group where that is not main mode's."""

    enabled: bool
    group: DhGroup | None = None


def read(text: str, slot: Slot) -> object:
    """Return what the value `text`, without quotation marks, means. Raises RefusedError for what netsh would refuse."""
    if not text and slot.tag not in _MAY_BE_EMPTY:
        raise RefusedError(messages.EMPTY, "a value")
    return _READERS[syntax.value_rule(slot.tag)](text, slot)


def _read_text(text: str, slot: Slot) -> str:
    if len(text) > 1 and text[0] == "'":
        slot.remark(messages.SINGLE_QUOTED)
    return text


def _read_secret(text: str, slot: Slot) -> PresharedKey:
    return PresharedKey(Secret(_read_text(text, slot)))


def _read_integer(text: str, slot: Slot) -> int:
    del slot
    return number(text, _LARGEST, messages.BAD_NUMBER)


def _read_port(text: str, slot: Slot) -> PortRange:
    del slot
    port = number(text, 65535, messages.BAD_PORT)
    return PortRange(port, port) if port else ANY_PORT


def _read_protocol(text: str, slot: Slot) -> int:
    del slot
    words = syntax.listed_words("ip_protocol")
    found = syntax.complete(text, words)
    if len(found) == 1:
        return _PROTOCOLS[found[0]]
    return number(text, 255, messages.BAD_PROTOCOL, ", ".join(words).upper() + " or a number from 0 to 255")


def _listed(rule: str, meanings: Mapping[str, object]) -> Callable[[str, Slot], object]:
    """Return the reader of a rule that lists words; each may be shortened while that is unambiguous."""

    def read_listed(text: str, slot: Slot) -> object:
        del slot
        words = syntax.listed_words(rule)
        found = syntax.complete(text, words)
        if len(found) == 1:
            return meanings[found[0]]
        if found:
            raise RefusedError(messages.AMBIGUOUS_VALUE, ", ".join(words), candidates=" or ".join(found))
        raise RefusedError(messages.NOT_LISTED, ", ".join(words))

    return read_listed


_PROTOCOLS: Final = {"any": ANY_PROTOCOL, "icmp": ICMP, "tcp": TCP, "udp": UDP, "raw": RAW}

PFS_GROUPS: Final[Mapping[str, Pfs]] = {
    "grp1": Pfs(True, DhGroup.MODP768),
    "grp2": Pfs(True, DhGroup.MODP1024),
    "grp3": Pfs(True, DhGroup.MODP2048),
    "grpmm": Pfs(True),
    "nopfs": Pfs(False),
}

LOGGING_PROPERTIES: Final = frozenset({"ipsecdiagnostics", "ikelogging", "ipsecloginterval"})
_PROPERTIES: Final = (*LOGGING_PROPERTIES, "strongcrlcheck", "ipsecexempt", "bootmode", "bootexemptions")

_READERS: Final[Mapping[str, Callable[[str, Slot], object]]] = {
    "text": _read_text,
    "secret": _read_secret,
    "integer": _read_integer,
    "port": _read_port,
    "ip_protocol": _read_protocol,
    "address": addresses.read_address,
    "endpoint": addresses.read_endpoint,
    "mask": addresses.read_mask,
    "mm_methods": methods.read_mm_methods,
    "qm_methods": methods.read_qm_methods,
    "authority": methods.read_authority,
    "yes_no": _listed("yes_no", {"yes": True, "no": False}),
    "mode_word": _listed("mode_word", {"enable": True, "disable": False}),
    "action_word": _listed("action_word", {action.value: action for action in Action}),
    "connection": _listed("connection", {kind.value: kind for kind in ConnectionType}),
    "store_word": _listed("store_word", {kind.value: kind for kind in StoreKind}),
    "pfs_word": _listed("pfs_word", PFS_GROUPS),
    "property_word": _listed("property_word", {word: word for word in _PROPERTIES}),
}
