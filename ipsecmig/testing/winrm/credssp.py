"""CredSSP: TLS within HTTP, Negotiate within that, and at the end the password of the client ([MS-CSSP] 3.1.5).

What TLS is for there is to hide the rounds; that nobody stands between is proved by Negotiate, over the key of TLS.
"""

from __future__ import annotations

import ssl
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Final

from ipsecmig.testing.winrm.accounts import Account, find

if TYPE_CHECKING:
    from spnego import ContextProxy
    from spnego.tls import CredSSPTLSContext

FIRST_TOKENS: Final = (b"\x16\x03",)  # a record of a TLS handshake (RFC 8446 section 5.1)
_FAILED: Final = "Authentication failure"


def make_tls(folder: Path) -> CredSSPTLSContext:
    """Return TLS with a key pair of its own, as the WinRM service of Windows has one unless told otherwise.

    That of HTTPS is of no use here: [MS-CSSP] takes the key as PKCS #1 has it, which is RSA, and authorities for tests
    issue elliptic curves. No TLS 1.3, as few hosts have it, and pywinrm knows no trailers of it ([MS-WSMV] 2.2.9.1.3).
    """
    from spnego.tls import default_tls_context

    certificate, key, public_key = _key_pair()
    file = folder / "credssp.pem"
    file.touch(mode=0o600)
    file.write_bytes(certificate + key)
    made = default_tls_context("accept")
    made.context.maximum_version = ssl.TLSVersion.TLSv1_2
    made.context.load_cert_chain(file)
    made.public_key = public_key
    return made


@cache
def _key_pair() -> tuple[bytes, bytes, bytes]:
    """Return certificate, private and public key, which all servers of this process share: RSA takes its time."""
    from spnego.tls import generate_tls_certificate

    return generate_tls_certificate()


def has_failed(context: ContextProxy) -> bool:
    """Whether the client was told, in the last token, that Negotiate refuses it."""
    return context.protocol == "credssp" and context.get_extra_info("auth_stage") == _FAILED


def has_delegated(context: ContextProxy, account: Account, accounts: Sequence[Account], host: str) -> bool:
    """Whether the client has handed over name and password of the account as whom Negotiate knows it."""
    given = context.get_extra_info("client_credential")
    if not account.password or getattr(given, "password", None) != account.password:  # a smart card has none
        return False
    name = f"{given.domain_name}\\{given.username}" if given.domain_name else given.username
    return find(accounts, name, host) == account
