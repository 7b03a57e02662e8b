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
    from ipsecmig.remote.target import Credentials, Transport

DIRECTORY_PASSWORD: Final = "IPSECMIG_LDAP_PASSWORD"  # noqa: S105 (the name of a variable)

HOST_PASSWORD: Final = "IPSECMIG_WINRM_PASSWORD"  # noqa: S105 (the name of a variable)
KEYRING: Final = "ipsecmig"
"""The name under which a keyring has the passwords of those who read hosts."""

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
    return Login(user, _password(user, DIRECTORY_PASSWORD, keyring=False))


def host_credentials(
    transport: Transport, user: str | None, certificate: Path | None, private_key: Path | None
) -> Credentials:
    """Return what proves to hosts who asks them: a ticket, a certificate with its key, or a name and its password.

    The password is in the environment, in the keyring of the user if there is one, or is asked for. Raises UsageError
    where something is missing.
    """
    from ipsecmig.remote.target import Credentials, Transport

    if transport is Transport.KERBEROS:
        return Credentials(user or "")
    if transport is Transport.CERTIFICATE:
        if certificate is None or private_key is None:
            raise UsageError("a certificate logs in with --certificate and --private-key")
        return Credentials(certificate=certificate, key=private_key)
    if user is None:
        raise UsageError(f"{transport} needs a name, given with --user")
    return Credentials(user, _password(user, HOST_PASSWORD, keyring=True))


def _password(user: str, variable: str, *, keyring: bool) -> Secret:
    password = os.environ.get(variable)
    if password is None and keyring:
        password = _from_keyring(user)
    if password is None:
        if not sys.stdin.isatty():
            raise UsageError(f"--user needs a password: put it into the environment, as {variable}")
        password = getpass(f"Password of {user}: ")
    if not password or not user:
        raise UsageError("--user needs a name and a password that are not empty")
    return Secret(password)


def _from_keyring(user: str) -> str | None:
    """Return the password that the keyring has for a name; None where it has none, or there is no keyring."""
    try:
        import keyring
        from keyring.errors import KeyringError
    except ImportError:
        return None
    try:
        found: str | None = keyring.get_password(KEYRING, user)
    except KeyringError as failure:
        raise UsageError(f"the keyring does not give the password of {user}: {failure}") from None
    return found


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
