"""charon and our side prove themselves with certificates of one root in place of a preshared key."""

from __future__ import annotations

import re
import time
from dataclasses import replace
from typing import Final

from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from ike_certificates import BETWEEN, FAR, ROOT, TWO, Owned

from ipsecmig.ike.configuration import RsaCredentials
from ipsecmig.model.targets import OutputFile
from lab.charon import Charon

_AUTHENTICATION: Final = """local { auth = pubkey
                certs = two.der }
        remote { auth = pubkey
                 id = "O=Lab, CN=far"
                 cacerts = root.der }
        """


def by_certificate(charon: Charon, file: OutputFile) -> OutputFile:
    """Give charon its certificate; return settings like those of the file, by which both ends show one of the root."""
    keys = charon.folder / "swanctl"
    (keys / "x509ca" / "root.der").write_bytes(ROOT.der)
    (keys / "x509" / "two.der").write_bytes(TWO.der)
    (keys / "rsa" / "two.pem").write_bytes(private_pem(TWO))
    text, changes = re.subn(r"local \{.*?(?=children)", _AUTHENTICATION, file.content.decode(), flags=re.DOTALL)
    assert changes == 1
    return replace(file, content=text.encode())


def private_pem(owned: Owned) -> bytes:
    """Return the private key in PEM."""
    return owned.key.private_bytes(Encoding.PEM, PrivateFormat.TraditionalOpenSSL, NoEncryption())


def our_credentials() -> RsaCredentials:
    """Return what our side shows, whose certificate an intermediate authority issued."""
    return RsaCredentials((FAR.der, BETWEEN.der), FAR.key, ROOT.der, time.time(), TWO.subject)
