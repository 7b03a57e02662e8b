"""Certificates for tests: two authorities, an intermediate one, and the hosts that they certify."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from functools import cache
from typing import NamedTuple

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, generate_private_key
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID

BEGIN, END = datetime(2020, 1, 1, tzinfo=UTC), datetime(2040, 1, 1, tzinfo=UTC)
NOW = datetime(2026, 1, 1, tzinfo=UTC).timestamp()


class Owned(NamedTuple):
    """A certificate with its private key."""

    certificate: x509.Certificate
    key: RSAPrivateKey

    @property
    def der(self) -> bytes:
        return self.certificate.public_bytes(Encoding.DER)

    @property
    def subject(self) -> bytes:
        return self.certificate.subject.public_bytes()


def name(common_name: str) -> x509.Name:
    return x509.Name(
        [x509.NameAttribute(NameOID.ORGANIZATION_NAME, "Lab"), x509.NameAttribute(NameOID.COMMON_NAME, common_name)]
    )


@cache
def issue(
    common_name: str, issuer: Owned | None = None, authority: bool = False, end: datetime = END, signs: bool = True
) -> Owned:
    """Return a new certificate with a new key of 1024 bits, signed by the issuer or, without one, by itself."""
    key = generate_private_key(65537, 1024)
    signer = key if issuer is None else issuer.key
    usage = x509.KeyUsage(
        digital_signature=True,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=authority and signs,
        crl_sign=False,
        encipher_only=False,
        decipher_only=False,
    )
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name(common_name))
        .issuer_name(name(common_name) if issuer is None else issuer.certificate.subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(BEGIN)
        .not_valid_after(end)
        .add_extension(x509.BasicConstraints(ca=authority, path_length=None), critical=True)
        .add_extension(usage, critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(signer.public_key()), critical=False)
        .sign(signer, SHA256())
    )
    return Owned(certificate, key)


ROOT = issue("Root", authority=True)
OTHER_ROOT = issue("Another root", authority=True)
NAMESAKE = issue("Root", authority=True, end=END - timedelta(days=1))
BETWEEN = issue("Between", ROOT, authority=True)
NOT_TO_SIGN = issue("Not to sign", ROOT, authority=True, signs=False)
ONE, TWO, FAR = issue("one", ROOT), issue("two", ROOT), issue("far", BETWEEN)
FOREIGN, FORGED, UNDER_A_HOST = issue("foreign", OTHER_ROOT), issue("forged", NAMESAKE), issue("sub", ONE)
BADLY_SIGNED = issue("badly signed", NOT_TO_SIGN)
EXPIRED = issue("expired", ROOT, end=datetime(2025, 1, 1, tzinfo=UTC))
