"""What is negotiated with real peers: the suites of old Windows, and a present one."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from ipsecmig.model.algorithms import DhGroup, Encryption, Integrity
from ipsecmig.model.policy import AhTransform, EspTransform, MainModeOffer, QuickModeOffer


@dataclass(frozen=True)
class Suite:
    """What is agreed on, in charon's words and in ours."""

    ike: str
    child: str
    main: MainModeOffer
    quick: QuickModeOffer
    pfs: DhGroup | None = None


WITH_3DES = MainModeOffer(Encryption.TRIPLE_DES, Integrity.SHA1, DhGroup.MODP1024)
SUITES: Final = {
    "3des": Suite(
        "3des-sha1-modp1024",
        "esp_proposals = 3des-sha1",
        WITH_3DES,
        QuickModeOffer((EspTransform(Encryption.TRIPLE_DES, Integrity.SHA1),)),
    ),
    "des": Suite(
        "des-md5-modp768",
        "esp_proposals = des-md5",
        MainModeOffer(Encryption.DES, Integrity.MD5, DhGroup.MODP768),
        QuickModeOffer((EspTransform(Encryption.DES, Integrity.MD5),)),
    ),
    "null": Suite(
        "3des-sha1-modp1024",
        "esp_proposals = null-sha1",
        WITH_3DES,
        QuickModeOffer((EspTransform(Encryption.NULL, Integrity.SHA1),)),
    ),
    "aes": Suite(
        "aes256-sha256-modp2048",
        "esp_proposals = aes256-sha256-modp2048",
        MainModeOffer(Encryption.AES256, Integrity.SHA256, DhGroup.MODP2048),
        QuickModeOffer((EspTransform(Encryption.AES256, Integrity.SHA256),)),
        DhGroup.MODP2048,
    ),
    "ah": Suite("3des-sha1-modp1024", "ah_proposals = sha1", WITH_3DES, QuickModeOffer((AhTransform(Integrity.SHA1),))),
}
CARRIED: Final = ("3des", "des", "aes")
"""Those that charon carries itself too, without the kernel."""
