"""What proves an identity to a peer, read from the files that the command line names."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable
from getpass import getpass
from pathlib import Path
from typing import TYPE_CHECKING, Final, TypeVar

from ipsecmig.errors import UsageError
from ipsecmig.model.policy import Secret

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey

    from ipsecmig.ike.configuration import RsaCredentials
    from ipsecmig.probe.region import Keys
    from ipsecmig.remote.directory import Login

DIRECTORY_PASSWORD: Final = "IPSECMIG_LDAP_PASSWORD"  # noqa: S105 (the name of a variable)

T = TypeVar("T")


def read_keys(preshared: Path | None, certificate: Path | None, private_key: Path | None, root: Path | None) -> Keys:
    """Return what the files hold.

    Raises UsageError for files that do not hold it or cannot be read, and for a certificate without key or authority.
    """
    from ipsecmig.probe.region import Keys

    secret = None if preshared is None else _secret(preshared)
    if certificate is None and private_key is None and root is None:
        return Keys(secret)
    if certificate is None or private_key is None or root is None:
        raise UsageError("--certificate, --private-key and --authority belong together")
    return Keys(secret, _credentials(certificate, private_key, root))


def directory_login(user: str | None) -> Login | None:
    """Return who logs in, None for the owner of the Kerberos ticket.

    The password is in the environment, or is asked for. Raises UsageError where neither can be, or it is empty: a
    directory takes a name without a password for nobody at all (RFC 4513 5.1.2).
    """
    from ipsecmig.remote.directory import Login

    if user is None:
        return None
    password = os.environ.get(DIRECTORY_PASSWORD)
    if password is None:
        if not sys.stdin.isatty():
            raise UsageError(f"--user needs a password: put it into the environment, as {DIRECTORY_PASSWORD}")
        password = getpass(f"Password of {user}: ")
    if not password or not user:
        raise UsageError("--user needs a name and a password that are not empty")
    return Login(user, Secret(password))


def _secret(path: Path) -> Secret:
    try:
        text = _content(path).decode("utf-8-sig").removesuffix("\n").removesuffix("\r")
    except UnicodeDecodeError:
        raise UsageError(f"{path}: not a preshared key in UTF-8") from None
    if not text:
        raise UsageError(f"{path}: an empty preshared key")
    return Secret(text)


def _credentials(certificate: Path, private_key: Path, root: Path) -> RsaCredentials:
    from ipsecmig.ike.configuration import RsaCredentials

    chain = _parsed(certificate, _certificates, "no certificates")
    key = _parsed(private_key, _private_key, "no RSA key without a password")
    (authority, *_) = _parsed(root, _certificates, "no certificate")
    return RsaCredentials(chain, key, authority, time.time())


def _parsed(path: Path, parse: Callable[[bytes], T], problem: str) -> T:
    try:
        return parse(_content(path))
    except (ValueError, TypeError):
        raise UsageError(f"{path}: {problem} in it, in PEM or DER") from None


def _content(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as failure:
        raise UsageError(f"{path}: cannot be read: {failure.strerror}") from None


def _certificates(content: bytes) -> tuple[bytes, ...]:
    from cryptography import x509
    from cryptography.hazmat.primitives.serialization import Encoding

    if b"-----BEGIN" in content:
        found = x509.load_pem_x509_certificates(content)
    else:
        found = [x509.load_der_x509_certificate(content)]
    return tuple(one.public_bytes(Encoding.DER) for one in found)


def _private_key(content: bytes) -> RSAPrivateKey:
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
    from cryptography.hazmat.primitives.serialization import load_der_private_key, load_pem_private_key

    load = load_pem_private_key if b"-----BEGIN" in content else load_der_private_key
    try:
        key = load(content, None)
    except UnsupportedAlgorithm as unsupported:
        raise ValueError("an algorithm that is not supported") from unsupported
    if not isinstance(key, RSAPrivateKey):
        raise ValueError("not an RSA key")
    return key
