"""The vendor IDs that an end sends, and what those of the peer tell ([MS-IKEE] 1.7 and appendix A)."""

from __future__ import annotations

from functools import lru_cache
from typing import Final

from ipsecmig.ike.configuration import Configuration
from ipsecmig.ike.events import KerberosOffered, PeerAnnounced
from ipsecmig.ike.keymat import Cookies
from ipsecmig.ike.natt import understood
from ipsecmig.ike.wire import vendor
from ipsecmig.ike.wire.association import REMEMBERED, SecurityAssociation, Transform
from ipsecmig.ike.wire.generic import Payload
from ipsecmig.ike.wire.notification import Notify
from ipsecmig.ike.wire.numbers import DOI_IPSEC, AuthenticationMethod, NotifyNumber, Phase1Attribute, Protocol
from ipsecmig.ike.wire.opaque import VendorId
from ipsecmig.model.windows import WindowsVersion

_VERSION: Final = {
    WindowsVersion.WINDOWS_2000: 2,
    WindowsVersion.XP: 3,
    WindowsVersion.SERVER_2003: 4,
    WindowsVersion.VISTA: 5,
}
"""The version behind Microsoft's vendor ID; Windows XP has that of Windows Server 2003 from Service Pack 2."""


_WITHOUT_FRAGMENTS: Final = frozenset({WindowsVersion.XP})


def announce(configuration: Configuration) -> tuple[VendorId, ...]:
    """Return the vendor IDs in the first message of this end, which passes for a Windows or for none.

    What the engine cannot do is not announced: AuthIP. Windows knows no dead peer detection. Nothing was agreed with
    the peer before, so Windows says that this is the first contact.
    """
    variants = tuple([variant.vendor_ids[0].value for variant in understood(configuration)])
    return _vendor_ids(configuration.windows, variants, configuration.initial_contact)


@lru_cache(maxsize=REMEMBERED)
def _vendor_ids(
    windows: WindowsVersion | None, variants: tuple[bytes, ...], initial_contact: bool
) -> tuple[VendorId, ...]:
    able = variants if windows in _WITHOUT_FRAGMENTS else (vendor.FRAGMENTATION.value, *variants)
    if windows is None:
        return tuple(map(VendorId, (*able, vendor.DPD.value)))
    microsoft = vendor.MICROSOFT.value + _VERSION[windows].to_bytes(4, "big")
    first = (vendor.INITIAL_CONTACT.value,) if initial_contact else ()
    return tuple(map(VendorId, (microsoft, vendor.GSSAPI.value, *able, *first)))


def takes_fragments(windows: WindowsVersion | None, announced: PeerAnnounced) -> bool:
    """Tell whether both ends understand fragments: this one, and the peer by what it announced."""
    return windows not in _WITHOUT_FRAGMENTS and vendor.FRAGMENTATION.name in announced.names


def answers_liveness(windows: WindowsVersion | None) -> bool:
    """Tell whether this end answers R-U-THERE, which who announces dead peer detection must (RFC 3706 section 5)."""
    return windows is None


def may_ask(windows: WindowsVersion | None, announced: PeerAnnounced) -> bool:
    """Tell whether both ends know dead peer detection."""
    return windows is None and vendor.DPD.name in announced.names


def acknowledges_deletes(windows: WindowsVersion | None, announced: PeerAnnounced) -> bool:
    """Tell whether both ends are a Windows whose deletes are acknowledged: any but Windows 2000 ([MS-IKEE] 3.8)."""
    oldest = _VERSION[WindowsVersion.XP]
    return windows is not None and _VERSION[windows] >= oldest and (announced.windows or 0) >= oldest


def recognise(payloads: tuple[Payload, ...]) -> tuple[PeerAnnounced, ...]:
    """Return what the vendor IDs among the payloads tell; nothing if there are none."""
    found = tuple([payload.data for payload in payloads if isinstance(payload, VendorId)])
    return _announced(found) if found else ()


@lru_cache(maxsize=REMEMBERED)
def _announced(found: tuple[bytes, ...]) -> tuple[PeerAnnounced, ...]:
    names = tuple([None if known is None else known.name for known in map(vendor.identify, found)])
    versions = [version for version in map(vendor.windows_version, found) if version is not None]
    return (PeerAnnounced(found, names, versions[0] if versions else None),)


def kerberos_in(offered: SecurityAssociation, payloads: tuple[Payload, ...]) -> tuple[KerberosOffered, ...]:
    """Return that Microsoft's Kerberos is among the offers of phase 1; nothing if it is not.

    Its number is also that of XAUTH with a preshared key: it is Kerberos where a GSS identity goes with it, or the
    peer announces GSS-API (draft-ietf-ipsec-isakmp-gss-auth-07).
    """
    methods = [_method(transform) for proposal in offered.proposals for transform in proposal.transforms]
    if AuthenticationMethod.GSS_API not in methods:
        return ()
    names = [
        row.value
        for proposal in offered.proposals
        for transform in proposal.transforms
        for row in transform.attributes
        if row.number == Phase1Attribute.GSS_IDENTITY
    ]
    announced = VendorId(vendor.GSSAPI.value) in payloads
    if not (names or announced):
        return ()
    name = next((name for name in names if isinstance(name, bytes)), None)
    return (KerberosOffered(None if name is None else name.decode("utf-16-le", errors="replace").rstrip("\0")),)


@lru_cache(maxsize=REMEMBERED)
def _method(transform: Transform) -> int | None:
    return transform.amount(Phase1Attribute.AUTHENTICATION)


def first_contact(configuration: Configuration, cookies: Cookies) -> tuple[Notify, ...]:
    """Return the notify by which an end that is no Windows says that it is new (RFC 2407 section 4.6.3.3)."""
    if not configuration.initial_contact or configuration.windows is not None:
        return ()
    both = cookies.initiator + cookies.responder
    return (Notify(DOI_IPSEC, Protocol.ISAKMP, NotifyNumber.INITIAL_CONTACT, both, b""),)


def is_first_contact(payloads: tuple[Payload, ...]) -> bool:
    """Tell whether the peer says in a protected message that it is new."""
    return any(isinstance(payload, Notify) and payload.kind == NotifyNumber.INITIAL_CONTACT for payload in payloads)
