"""From printed values to what they mean. Every reader returns None for what it does not understand."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Final, NamedTuple

from ipsecmig.dialects.netsh_show.vocabulary import Vocabulary, Word
from ipsecmig.model.algorithms import ENCRYPTION, GROUPS, INTEGRITY, DhGroup, Encryption
from ipsecmig.model.policy import (
    Action,
    AhTransform,
    ConnectionType,
    EspTransform,
    MainModeOffer,
    QuickModeOffer,
    StoreKind,
    Transform,
)
from ipsecmig.model.selectors import (
    ANY,
    ANY_PORT,
    ANY_PROTOCOL,
    ICMP,
    ME,
    RAW,
    TCP,
    UDP,
    Address,
    AddressRange,
    DnsName,
    Family,
    PortRange,
    ServerAddress,
    ServerRole,
)

GUID: Final = re.compile(r"\{[0-9A-F]{8}-[0-9A-F]{4}-[0-9A-F]{4}-[0-9A-F]{4}-[0-9A-F]{12}\}", re.IGNORECASE)

_WHOLE: Final = AddressRange.whole(Family.IPV4)
_ZERO: Final = AddressRange(Family.IPV4, 0, 0)
_ALL_ONES: Final = "255.255.255.255"
_HOST_NAME: Final = re.compile(r"(?=[^A-Za-z]*[A-Za-z])\w(?:[\w.-]*\w)?", re.ASCII)
_CIPHERS: Final = {row.netsh.lower(): row.encryption for row in ENCRYPTION.values() if row.netsh is not None}
_HASHES: Final = {row.netsh.lower(): row.integrity for row in INTEGRITY.values() if row.netsh is not None}
_STORED_GROUP: Final = 0x10000001
_GROUPS: Final = {
    **{int(row.netsh): row.group for row in GROUPS.values() if row.netsh is not None},
    _STORED_GROUP: DhGroup.MODP2048,
    2048: DhGroup.MODP2048,
}
"""What netsh calls the groups, and the numbers of the newest one in the store ([MS-GPIPSEC] 2.2.1.2)."""

_MAIN_MODE: Final = re.compile(
    r"[ \t]*(3?DES)[ \t]+(MD5|SHA1)[ \t]+(?:([^\W\d]+)[ \t]*)?\(?[ \t]*(?:DH)?(\d+)\)?[ \t]*", re.IGNORECASE
)
_QUICK_MODE: Final = re.compile(
    r"[ \t]*(?:\[[ \t]*)?(NONE|MD5|SHA1)(?:[ \t]*\])?[ \t]+"
    r"(?:\[[ \t]*)?(3?DES|NONE|MD5|SHA1)(?:[ \t]*[,/+][ \t]*(3?DES|NONE|MD5|SHA1))?(?:[ \t]*\])?[ \t]+"
    r"(?:\[[ \t]*)?(\d+)[ \t]*s?[ \t]*/[ \t]*(\d+)[ \t]*(?:kB?)?(?:[ \t]*\])?[ \t]*",
    re.IGNORECASE,
)
_INTEGERS: Final = re.compile(r"\d+")


class Side(NamedTuple):
    """One side of a filter. `lacks_mask` says that its mask was not printed; `role` names a server address."""

    address: Address
    lacks_mask: bool = False
    role: str = ""


class Values:
    """Reads values by the words of a `vocabulary`; the same value is read once."""

    def __init__(self, vocabulary: Vocabulary) -> None:
        self.vocabulary = vocabulary
        self.side = lru_cache(maxsize=65536)(self._side)
        self.port = lru_cache(maxsize=65536)(self._port)
        self.protocol = lru_cache(maxsize=1024)(self._protocol)
        self.yes_no = lru_cache(maxsize=1024)(self._yes_no)

    def text(self, value: str) -> str:
        """Return a text, empty where it is printed as NONE."""
        return "" if self.vocabulary.means(value, Word.NONE) else value

    def _yes_no(self, value: str) -> bool | None:
        if self.vocabulary.means(value, Word.YES):
            return True
        return False if self.vocabulary.means(value, Word.NO) else None

    def _port(self, value: str) -> PortRange | None:
        if value.isascii() and value.isdigit() and int(value) <= ANY_PORT.last:
            return PortRange(int(value), int(value)) if int(value) else ANY_PORT
        return ANY_PORT if self.vocabulary.means(value, Word.ANY) else None

    def _protocol(self, value: str) -> int | None:
        if value.isascii() and value.isdigit():
            return int(value) if int(value) <= RAW else None
        return next((number for word, number in _PROTOCOLS.items() if self.vocabulary.means(value, word)), None)

    def action(self, value: str) -> Action | None:
        """Return what a filter action does."""
        return next((action for word, action in _ACTIONS.items() if self.vocabulary.means(value, word)), None)

    def connection(self, value: str) -> ConnectionType | None:
        """Return the interfaces that a rule is for."""
        return next((kind for word, kind in _CONNECTIONS.items() if self.vocabulary.means(value, word)), None)

    def store(self, value: str) -> StoreKind | None:
        """Return the store in `Local Store <HOST>`."""
        name = value.partition("<")[0]
        return next((kind for word, kind in _STORES.items() if self.vocabulary.means(name, word)), None)

    def _side(self, address: str, mask: str | None, name: str | None) -> Side | None:
        """Return the address printed as `address` under `mask`; `name` is the host name that it came from."""
        if address.startswith("<"):
            return self._keyword(address, mask)
        try:
            printed = AddressRange.parse(address)
        except ValueError:
            return None
        if not printed.is_host or "/" in address or "-" in address:
            return Side(printed) if mask in (None, _ALL_ONES) and "/" not in address else None
        side = _under_mask(printed, mask)
        if name is not None and side is not None and side.address == printed and self._is_host_name(name):
            return Side(DnsName(name, (printed,)))
        return side

    def _is_host_name(self, name: str) -> bool:
        return _HOST_NAME.fullmatch(name) is not None and not self.vocabulary.means(name, Word.NONE)

    def _keyword(self, token: str, mask: str | None) -> Side | None:
        """Return what `<...>` means. Under the mask 0.0.0.0 it is every address, whatever the language."""
        if mask == "0.0.0.0":  # noqa: S104  a mask, nothing listens here
            specific = (Word.MY_ADDRESS, *_SERVERS)
            return None if any(self.vocabulary.means(token, word) for word in specific) else Side(ANY)
        if self.vocabulary.means(token, Word.ANY_ADDRESS) and mask is None:
            return Side(ANY)
        if mask not in (None, _ALL_ONES):
            return None
        if self.vocabulary.means(token, Word.MY_ADDRESS):
            return Side(ME)
        role = next((role for word, role in _SERVERS.items() if self.vocabulary.means(token, word)), None)
        return None if role is None else Side(ServerAddress(role), role=role.value)


def _under_mask(host: AddressRange, mask: str | None) -> Side | None:
    """Return the network of `host`; 0.0.0.0 is how `me` is stored, and under the mask 0.0.0.0 it is `any`."""
    if mask is None:
        return None if host == _ZERO else Side(host, lacks_mask=host.family is Family.IPV4)
    if host.family is not Family.IPV4:
        return None
    holes = _holes(mask)
    if holes is None:
        return None
    network = AddressRange(Family.IPV4, host.first & ~holes, host.first | holes)
    if network == _WHOLE:
        return Side(ANY)
    return Side(ME) if network == _ZERO else Side(network)


@lru_cache(maxsize=64)
def _holes(mask: str) -> int | None:
    """Return the zero bits of a dotted mask, which all stand at its end; None for anything else."""
    try:
        found = AddressRange.parse(mask)
    except ValueError:
        return None
    holes = ~found.first & _WHOLE.last
    return None if not found.is_host or "/" in mask or ":" in mask or holes & (holes + 1) else holes


def main_mode_offer(vocabulary: Vocabulary, row: str) -> MainModeOffer | None:
    """Return the offer in a row such as `3DES  SHA1  Medium(2)`."""
    found = _MAIN_MODE.fullmatch(row)
    if found is None or len(found[4]) > len(str(_STORED_GROUP)):
        return None
    group = _GROUPS.get(int(found[4]))
    named = {DhGroup.MODP768: Word.LOW, DhGroup.MODP1024: Word.MEDIUM}
    wrong = [word for one, word in named.items() if one is not group and found[3] and vocabulary.means(found[3], word)]
    if group is None or wrong:
        return None
    return MainModeOffer(_CIPHERS[found[1].lower()], _HASHES[found[2].lower()], group)


def quick_mode_offer(row: str) -> QuickModeOffer | None:
    """Return the offer in a row of the columns AH, ESP and LIFE (seconds/kilobytes); brackets can be missing.

    The cipher and the hash of ESP are told by their names. `NONE` beside a hash is no encryption, beside a cipher no
    integrity, and alone no ESP.
    """
    found = _QUICK_MODE.fullmatch(row)
    if found is None or max(len(found[4]), len(found[5])) > 10:
        return None
    transforms: list[Transform] = []
    if found[1].lower() in _HASHES:
        transforms.append(AhTransform(_HASHES[found[1].lower()]))
    names = [name.lower() for name in (found[2], found[3]) if name is not None]
    ciphers = [_CIPHERS[name] for name in names if name in _CIPHERS and name != "none"]
    hashes = [_HASHES[name] for name in names if name in _HASHES]
    if len(ciphers) > 1 or len(hashes) > 1 or (len(names) == 1 and names != ["none"]):
        return None
    if ciphers or hashes:
        transforms.append(EspTransform((*ciphers, Encryption.NULL)[0], (*hashes, None)[0]))
    return QuickModeOffer(tuple(transforms), int(found[4]), int(found[5])) if transforms else None


def integers(value: str, how_many: int) -> tuple[int, ...] | None:
    """Return the numbers in a value such as `480 minutes / 0 Quick Mode sessions`; None if they are not as many."""
    found = _INTEGERS.findall(value)
    return tuple(map(int, found)) if len(found) == how_many and all(len(n) <= 10 for n in found) else None


_PROTOCOLS: Final = {Word.ANY: ANY_PROTOCOL, Word.TCP: TCP, Word.UDP: UDP, Word.ICMP: ICMP, Word.RAW: RAW}
_ACTIONS: Final = {Word.PERMIT: Action.PERMIT, Word.BLOCK: Action.BLOCK, Word.NEGOTIATE: Action.NEGOTIATE}
_CONNECTIONS: Final = {
    Word.ALL: ConnectionType.ALL,
    Word.LAN: ConnectionType.LAN,
    Word.DIALUP: ConnectionType.DIALUP,
}
_STORES: Final = {
    Word.LOCAL_STORE: StoreKind.LOCAL,
    Word.PERSISTENT_STORE: StoreKind.PERSISTENT,
    Word.DOMAIN_STORE: StoreKind.DOMAIN,
}
_SERVERS: Final = {
    Word.DNS: ServerRole.DNS,
    Word.WINS: ServerRole.WINS,
    Word.DHCP: ServerRole.DHCP,
    Word.GATEWAY: ServerRole.GATEWAY,
}
