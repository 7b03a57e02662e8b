"""The vendor IDs that are known here, and which Windows they tell of.

Sources: [MS-IKEE] 1.7 and appendix A, RFC 3947, RFC 3706, draft-beaulieu-ike-xauth-02. Most are the MD5 of a text.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class KnownVendorId:
    """A vendor ID: `text` is what it is the MD5 of, where that is so; `extended` if more octets may follow it."""

    name: str
    value: bytes
    text: bytes | None = None
    extended: bool = False

    def matches(self, data: bytes) -> bool:
        """Tell whether `data` is this vendor ID."""
        return data.startswith(self.value) if self.extended else data == self.value


MICROSOFT: Final = KnownVendorId(
    "MS NT5 ISAKMPOAKLEY", bytes.fromhex("1e2b516905991c7d7c96fcbfb587e461"), b"MS NT5 ISAKMPOAKLEY", extended=True
)
FRAGMENTATION: Final = KnownVendorId(
    "FRAGMENTATION", bytes.fromhex("4048b7d56ebce88525e7de7f00d6c2d3"), b"FRAGMENTATION", extended=True
)
GSSAPI: Final = KnownVendorId("GSSAPI", bytes.fromhex("621b04bb09882ac1e15935fefa24aeee"), b"GSSAPI")
NAT_T_RFC: Final = KnownVendorId("RFC 3947", bytes.fromhex("4a131c81070358455c5728f20e95452f"), b"RFC 3947")
NAT_T_DRAFT_02_NEWLINE: Final = KnownVendorId(
    "draft-ietf-ipsec-nat-t-ike-02 with a newline",
    bytes.fromhex("90cb80913ebb696e086381b5ec427b1f"),
    b"draft-ietf-ipsec-nat-t-ike-02\n",
)
NAT_T_DRAFT_02: Final = KnownVendorId(
    "draft-ietf-ipsec-nat-t-ike-02",
    bytes.fromhex("cd60464335df21f87cfdb2fc68b6a448"),
    b"draft-ietf-ipsec-nat-t-ike-02",
)
NAT_T_DRAFT_03: Final = KnownVendorId(
    "draft-ietf-ipsec-nat-t-ike-03",
    bytes.fromhex("7d9419a65310ca6f2c179d9215529d56"),
    b"draft-ietf-ipsec-nat-t-ike-03",
)
INITIAL_CONTACT: Final = KnownVendorId(
    "Vid-Initial-Contact", bytes.fromhex("26244d38eddb61b3172a36e3d0cfb819"), b"Vid-Initial-Contact"
)
DPD: Final = KnownVendorId("Dead Peer Detection", bytes.fromhex("afcad71368a1f1c96b8696fc77570100"))

KNOWN: Final = (
    MICROSOFT,
    FRAGMENTATION,
    GSSAPI,
    NAT_T_RFC,
    NAT_T_DRAFT_02_NEWLINE,
    INITIAL_CONTACT,
    DPD,
    NAT_T_DRAFT_02,
    NAT_T_DRAFT_03,
    KnownVendorId(
        "draft-ietf-ipsec-nat-t-ike-00",
        bytes.fromhex("4485152d18b6bbcd0be8a8469579ddcc"),
        b"draft-ietf-ipsec-nat-t-ike-00",
    ),
    KnownVendorId("NLBS_PRESENT", bytes.fromhex("72872b95fcda2eb708efe322119b4971"), b"NLBS_PRESENT"),
    KnownVendorId("MS-MamieExists", bytes.fromhex("214ca4faffa7f32d6748e5303395ae83"), b"MS-MamieExists"),
    KnownVendorId("IKE CGA version 1", bytes.fromhex("e3a5966a76379fe707228231e5ce8652"), b"IKE CGA version 1"),
    KnownVendorId(
        "MS-Negotiation Discovery Capable",
        bytes.fromhex("fb1de3cdf341b7ea16b7e5be0855f120"),
        b"MS-Negotiation Discovery Capable",
    ),
    KnownVendorId(
        "A GSS-API Authentication Method for IKE",
        bytes.fromhex("ad2c0dd0b9c32083ccba25b8861ec455"),
        b"A GSS-API Authentication Method for IKE",
    ),
    KnownVendorId("XAUTH", bytes.fromhex("09002689dfd6b712")),
)

_BY_VALUE: Final = {known.value: known for known in KNOWN}
_EXTENDED: Final = tuple(known for known in KNOWN if known.extended)

WINDOWS: Final = {
    2: "Windows 2000",
    3: "Windows XP",
    4: "Windows Server 2003 or Windows XP SP2",
    5: "Windows Vista",
    6: "Windows Server 2008",
    7: "Windows 7",
    8: "Windows Server 2008 R2",
    9: "Windows 8 or Windows Server 2012, or later",
}
"""What the version behind Microsoft's vendor ID says of the sender."""


def identify(data: bytes) -> KnownVendorId | None:
    """Return the known vendor ID that `data` is, None for any other."""
    exact = _BY_VALUE.get(data)
    return exact if exact is not None else next((known for known in _EXTENDED if known.matches(data)), None)


def windows_version(data: bytes) -> int | None:
    """Return the version in Microsoft's vendor ID, a key of `WINDOWS` if known; None for every other vendor ID."""
    size = len(MICROSOFT.value)
    if len(data) != size + 4 or not MICROSOFT.matches(data):
        return None
    return int.from_bytes(data[size:], "big")
