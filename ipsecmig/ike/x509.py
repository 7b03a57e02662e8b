"""X.509 certificates of peers, and their way to a trusted root (RFC 5280 section 6.1, as far as it is done here).

Checked are names, signatures, validity, and that issuers are authorities that may sign certificates. NOT checked are
revocation, the allowed length of the way, name constraints and policies. Signatures with SHA-1 and short keys are
taken, as old hosts have them.
"""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from ipsecmig.ike.errors import Malformed, Refused
from ipsecmig.ike.wire.message import HEADER
from ipsecmig.ike.wire.numbers import NotifyNumber

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
    from cryptography.x509 import Certificate

MAX_CERTIFICATES: Final = 10
"""How many certificates of a peer are looked at."""


@dataclass(frozen=True, slots=True)
class Holder:
    """A certificate that has been read. Names are DER, times in seconds since 1970; `authority`: may sign others."""

    certificate: Certificate
    subject: bytes
    issuer: bytes
    key: RSAPublicKey
    authority: bool
    begins: float
    ends: float


def read(der: bytes) -> Holder:
    """Return what the certificate says. Raises Malformed for one that cannot be read or has no RSA key."""
    from cryptography import x509
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey

    unreadable = (ValueError, TypeError, UnsupportedAlgorithm, x509.DuplicateExtension, x509.InvalidVersion)
    try:
        found = _loaded(der)
        key, subject, issuer = found.public_key(), found.subject.public_bytes(), found.issuer.public_bytes()
        authority = _is_authority(found)
        begins, ends = found.not_valid_before_utc.timestamp(), found.not_valid_after_utc.timestamp()
    except (*unreadable, x509.UnsupportedGeneralNameType) as error:
        raise Malformed(HEADER, f"an X.509 certificate ({error})") from error
    if not isinstance(key, RSAPublicKey):
        raise Malformed(HEADER, "a certificate with an RSA key")
    return Holder(found, subject, issuer, key, authority, begins, ends)


def _loaded(der: bytes) -> Certificate:
    from cryptography import x509
    from cryptography.utils import CryptographyDeprecationWarning

    with warnings.catch_warnings():
        # Old authorities made serial numbers that are not positive. That is the peer's affair, not our user's.
        warnings.simplefilter("ignore", CryptographyDeprecationWarning)
        return x509.load_der_x509_certificate(der)


def _is_authority(certificate: Certificate) -> bool:
    from cryptography import x509

    try:
        if not certificate.extensions.get_extension_for_class(x509.BasicConstraints).value.ca:
            return False
        return certificate.extensions.get_extension_for_class(x509.KeyUsage).value.key_cert_sign
    except x509.ExtensionNotFound as missing:
        # Without a key usage an authority may sign; without basic constraints it is none.
        return missing.oid == x509.KeyUsage.oid


def check_chain(peer: Holder, others: tuple[Holder, ...], root: Holder, at: float) -> None:
    """Check that a way leads from the peer's certificate by others to the root, all of them valid `at` this time.

    Raises Refused.
    """
    current, left = peer, [root, *others]
    while True:
        if not current.begins <= at <= current.ends:
            raise Refused(NotifyNumber.INVALID_CERTIFICATE, "a certificate of the peer is expired or not valid yet")
        if current is root:
            return
        issuer = next((one for one in left if _issued(one, current)), None)
        if issuer is None:
            raise Refused(NotifyNumber.INVALID_CERT_AUTHORITY, "the peer's certificate does not lead to the root")
        left.remove(issuer)
        current = issuer


def _issued(issuer: Holder, certificate: Holder) -> bool:
    from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm

    if not issuer.authority or issuer.subject != certificate.issuer:
        return False
    try:
        certificate.certificate.verify_directly_issued_by(issuer.certificate)
    except (ValueError, TypeError, InvalidSignature, UnsupportedAlgorithm):
        return False
    return True
