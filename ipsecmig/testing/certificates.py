"""A certificate authority for tests, and what it issues: right certificates, and wrong ones on demand."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path
from typing import TYPE_CHECKING, Final

from ipsecmig.errors import UsageError

if TYPE_CHECKING:
    from cryptography import x509
    from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePrivateKey

LOOPBACK: Final = ("localhost", "127.0.0.1", "::1")
_DAY: Final = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class KeyPair:
    """A certificate and its private key, both as PEM files; the key is not encrypted."""

    certificate: Path
    key: Path


class Authority:
    """An authority whose files lie in a folder; `certificate` is what its clients must trust."""

    def __init__(self, folder: Path, name: str = "Test authority") -> None:
        """Make the authority with a key of its own. Raises UsageError without `cryptography`."""
        try:
            from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, generate_private_key
        except ImportError as missing:
            raise UsageError("certificates need the extra `testing`: pip install 'ipsecmig[testing]'") from missing
        self._folder = folder
        self._key = generate_private_key(SECP256R1())
        self._name = _name(name)
        self._count = 0
        now = datetime.now(UTC)
        # Another authority of the same name has another key identifier, by which chains are told apart.
        built = self._builder(self._name, self._key, now - 2 * _DAY, now + _DAY, authority=True)
        self.certificate = self._write("authority.pem", self._signed(built))

    def server(self, names: Iterable[str] = LOOPBACK, *, expired: bool = False) -> KeyPair:
        """Return a certificate of a server for names and addresses; an expired one ended an hour ago."""
        from cryptography import x509
        from cryptography.x509.oid import ExtendedKeyUsageOID

        listed = list(names)
        alternatives = x509.SubjectAlternativeName(list(map(_general_name, listed)))
        return self._issue(listed[0], (alternatives,), ExtendedKeyUsageOID.SERVER_AUTH, expired=expired)

    def client(self, name: str, *, expired: bool = False) -> KeyPair:
        """Return a certificate of a client, for the account of that name."""
        from cryptography.x509.oid import ExtendedKeyUsageOID

        return self._issue(name, (), ExtendedKeyUsageOID.CLIENT_AUTH, expired=expired)

    def _issue(
        self, name: str, extensions: Sequence[x509.ExtensionType], usage: x509.ObjectIdentifier, *, expired: bool
    ) -> KeyPair:
        from cryptography import x509
        from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, generate_private_key

        key = generate_private_key(SECP256R1())
        now = datetime.now(UTC)
        end = now - timedelta(hours=1) if expired else now + _DAY
        builder = self._builder(_name(name), key, now - _DAY, end, authority=False)
        for extension in (*extensions, x509.ExtendedKeyUsage([usage])):
            builder = builder.add_extension(extension, critical=False)
        self._count += 1
        return KeyPair(
            self._write(f"{self._count}.pem", self._signed(builder)), self._write(f"{self._count}.key", _pem(key))
        )

    def _builder(
        self, name: x509.Name, key: EllipticCurvePrivateKey, begin: datetime, end: datetime, *, authority: bool
    ) -> x509.CertificateBuilder:
        from cryptography import x509

        return (
            x509.CertificateBuilder()
            .subject_name(name)
            .issuer_name(self._name)
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(begin)
            .not_valid_after(end)
            .add_extension(x509.BasicConstraints(ca=authority, path_length=None), critical=True)
            .add_extension(_usage(authority=authority), critical=True)
            .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
            .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(self._key.public_key()), critical=False)
        )

    def _signed(self, builder: x509.CertificateBuilder) -> bytes:
        from cryptography.hazmat.primitives.hashes import SHA256
        from cryptography.hazmat.primitives.serialization import Encoding

        return builder.sign(self._key, SHA256()).public_bytes(Encoding.PEM)

    def _write(self, file: str, content: bytes) -> Path:
        path = self._folder / file
        path.touch(mode=0o600)
        path.write_bytes(content)
        return path


def end_point_hash(certificate: Path) -> bytes:
    """Return the hash of a certificate to which clients bind (RFC 5929 section 4.1): SHA-256, as it is signed."""
    from cryptography import x509
    from cryptography.hazmat.primitives.hashes import SHA256

    return x509.load_pem_x509_certificate(certificate.read_bytes()).fingerprint(SHA256())


def _name(common_name: str) -> x509.Name:
    from cryptography import x509
    from cryptography.x509.oid import NameOID

    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common_name)])


def _usage(*, authority: bool) -> x509.KeyUsage:
    from cryptography import x509

    return x509.KeyUsage(
        digital_signature=True,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=authority,
        crl_sign=False,
        encipher_only=False,
        decipher_only=False,
    )


def _general_name(name: str) -> x509.GeneralName:
    from cryptography import x509

    try:
        return x509.IPAddress(ip_address(name))
    except ValueError:
        return x509.DNSName(name)


def _pem(key: EllipticCurvePrivateKey) -> bytes:
    from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
