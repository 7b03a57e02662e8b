"""The authorities whose certificates are trusted."""

from __future__ import annotations

import ssl
from pathlib import Path

from ipsecmig.errors import UsageError


def read_authorities(authority: Path) -> str:
    """Return the certificates in a file, in PEM. Raises UsageError where there is none, or no such file."""
    try:
        text = authority.read_text(encoding="ascii")
        if "-----BEGIN" not in text:
            raise ValueError
        ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT).load_verify_locations(cadata=text)
    except (ssl.SSLError, ValueError):
        raise UsageError(f"--ca-file {authority}: no certificate in PEM in it") from None
    except OSError as failure:
        raise UsageError(f"--ca-file {authority}: cannot be read: {failure.strerror}") from None
    return text


def trusted(authority: Path | None) -> str | bool:
    """Return the file or folder of those to trust, by default what the system trusts; True where it has none.

    Raises UsageError for a file without a certificate.
    """
    if authority is not None:
        read_authorities(authority)
        return str(authority)
    paths = ssl.get_default_verify_paths()
    return paths.cafile or paths.capath or True
