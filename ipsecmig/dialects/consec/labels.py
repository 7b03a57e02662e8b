"""The labels of `netsh advfirewall consec show rule ... verbose`, by language: one table for each.

A language is added by a table of its own. Labels compare without case and without blanks. Sources: the sample outputs
of "Suite B cryptographic algorithms" and of the article about L2TP error 787; those of tunnels are not confirmed.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import Enum
from itertools import product
from typing import Final

from ipsecmig.consec.vocabulary import SIGNINGS, Signing


class Field(Enum):
    """What a line says besides a parameter of `add rule`."""

    MAIN_MODE_METHODS = "mmsecmethods"
    MAIN_MODE_LIFETIME = "mmkeylifetime"
    NOTHING = "nothing"
    """Where the rule comes from, or which group it is shown in."""


_ENGLISH: Final[Mapping[str, str | Field]] = {
    "Rule Name": "name",
    "Description": "description",
    "Enabled": "enable",
    "Profiles": "profile",
    "Type": "type",
    "Mode": "mode",
    "InterfaceTypes": "interfacetype",
    "Endpoint1": "endpoint1",
    "Endpoint2": "endpoint2",
    "Port1": "port1",
    "Port2": "port2",
    "Protocol": "protocol",
    "Action": "action",
    "LocalTunnelEndpoint": "localtunnelendpoint",
    "RemoteTunnelEndpoint": "remotetunnelendpoint",
    "Auth1": "auth1",
    "Auth1PSK": "auth1psk",
    "Auth2": "auth2",
    "QuickModeSecMethods": "qmsecmethods",
    "QuickModePFS": "qmpfs",
    "ApplyAuthorization": "applyauthz",
    "ExemptIPsecProtectedConnections": "exemptipsecprotectedconnections",
    "MainModeSecMethods": Field.MAIN_MODE_METHODS,
    "MainModeKeyLifetime": Field.MAIN_MODE_LIFETIME,
    "Rule source": Field.NOTHING,
    "Grouping": Field.NOTHING,
}

_OF_CERTIFICATES: Final = {
    "CAName": "ca",
    "CertMapping": "certmapping",
    "ExcludeCAName": "excludecaname",
    "CertType": "catype",
    "HealthCert": "healthcert",
}
"""What follows `Auth1` or `Auth2` and how the certificate is signed; its values belong to the name before them."""

_SIGNED: Final = tuple("" if s is Signing.RSA else row.netsh or "" for s, row in SIGNINGS.by_member.items())

LABELS: Final[Mapping[str, Mapping[str, str | Field]]] = {
    "English": {
        **{label.replace(" ", "").lower(): tag for label, tag in _ENGLISH.items()},
        **{
            f"auth{phase}{signed}{label}".lower(): f"auth{phase}{signed}.{part}"
            for phase, signed, (label, part) in product("12", _SIGNED, _OF_CERTIFICATES.items())
        },
    }
}
"""By language: label to parameter. Those of certificates name what they detail before a dot: `auth1.certmapping`."""


def meaning(label: str) -> str | Field | None:
    """Return what `label` stands for in any language, None where no table has it."""
    key = label.replace(" ", "").lower()
    return next((table[key] for table in LABELS.values() if key in table), None)
