"""Certificates made for one run, under authorities of the names that the policy and the target say.

They show that the two ends ask for the same authority and can prove that they come from it. They say nothing of the
real certificates, which only their owners have.
"""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Final, NamedTuple

from ipsecmig.ike.configuration import RsaCredentials

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
    from cryptography.x509 import Certificate, Name

_BITS: Final = 2048
_HOST_NAME: Final = "host made for one run"


class _Owned(NamedTuple):
    certificate: Certificate
    key: RSAPrivateKey


class Authorities:
    """Makes authorities and certificates valid at `at`, in seconds since 1970; each name's authority only once."""

    def __init__(self, at: float) -> None:
        self._at = at
        self._known: dict[str, tuple[bytes, _Owned]] = {}

    def credentials(self, authority: str) -> RsaCredentials:
        """Return what a host has that is certified by the authority, and trusts it alone. Takes a moment.

        `authority` is a canonical name: other texts are other authorities.
        """
        if authority not in self._known:
            root = self._issue(f"authority {hashlib.sha256(authority.encode()).hexdigest()[:32]}", None)
            self._known[authority] = (_der(root), self._issue(_HOST_NAME, root))
        root_der, host = self._known[authority]
        return RsaCredentials((_der(host),), host.key, root_der, self._at)

    def _issue(self, common_name: str, issuer: _Owned | None) -> _Owned:
        from cryptography import x509
        from cryptography.hazmat.primitives.asymmetric.rsa import generate_private_key
        from cryptography.hazmat.primitives.hashes import SHA256

        key = generate_private_key(65537, _BITS)
        at, name = datetime.fromtimestamp(self._at, UTC), _name(common_name)
        certificate = (
            x509.CertificateBuilder()
            .subject_name(name)
            .issuer_name(name if issuer is None else issuer.certificate.subject)
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(at - timedelta(days=1))
            .not_valid_after(at + timedelta(days=1))
            .add_extension(x509.BasicConstraints(ca=issuer is None, path_length=None), critical=True)
            .sign(key if issuer is None else issuer.key, SHA256())
        )
        return _Owned(certificate, key)


def _name(common_name: str) -> Name:
    from cryptography import x509
    from cryptography.x509.oid import NameOID

    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common_name)])


def _der(owned: _Owned) -> bytes:
    from cryptography.hazmat.primitives.serialization import Encoding

    return owned.certificate.public_bytes(Encoding.DER)
