"""Writes what Export-Clixml does of NetSecurity objects, by the serialisation that [MS-PSRP] 2.2.5 documents."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple
from xml.sax.saxutils import escape

NAMESPACE = "http://schemas.microsoft.com/powershell/2004/04"
RULE = "{11111111-0000-0000-0000-000000000001}"
AUTH = "{11111111-0000-0000-0000-000000000002}"
QUICK = "{11111111-0000-0000-0000-000000000003}"
MAIN = "{E5A5D32A-4BCE-4e4d-B07F-4AB1BA7E5FE1}"


class Named(NamedTuple):
    """An enumeration: its name and its number."""

    name: str
    number: int


class Cim(NamedTuple):
    """A CIM instance: its class and its properties."""

    kind: str
    properties: Mapping[str, object]


class Writer:
    """Gives every object and every list of types the next RefId, as the serialiser does."""

    def __init__(self) -> None:
        self.next = 0
        self.types: dict[tuple[str, ...], int] = {}

    def value(self, value: object, name: str = "") -> str:
        attribute = f' N="{name}"' if name else ""
        match value:
            case None:
                return f"<Nil{attribute} />"
            case bool():
                return f"<B{attribute}>{str(value).lower()}</B>"
            case int():
                return f"<U16{attribute}>{value}</U16>"
            case str():
                return f"<S{attribute}>{escape(value)}</S>"
            case Named(text, number):
                inner = f"<ToString>{text}</ToString><I32>{number}</I32>"
                return self._object(("NetSecurity.Enum", "System.Enum"), inner, attribute)
            case Cim(kind, properties):
                inner = "\n".join(self.value(one, key) for key, one in properties.items())
                types = tuple(
                    f"Microsoft.Management.Infrastructure.CimInstance#{where}{kind}"
                    for where in ("root/standardcimv2/", "")
                )
                return self._object(types, f"<ToString>{kind}</ToString><Props>\n{inner}\n</Props>", attribute)
            case tuple() | list():
                inner = f"<LST>{''.join(self.value(one) for one in value)}</LST>"
                return self._object(("System.Object[]", "System.Array"), inner, attribute)
            case other:
                raise TypeError(repr(other))

    def _object(self, types: tuple[str, ...], inner: str, attribute: str) -> str:
        self.next += 1
        if types in self.types:
            names = f'<TNRef RefId="{self.types[types]}" />'
        else:
            self.types[types] = len(self.types)
            names = f'<TN RefId="{self.types[types]}">{"".join(f"<T>{one}</T>" for one in types)}</TN>'
        return f'<Obj{attribute} RefId="{self.next}">{names}{inner}</Obj>'


def export(*values: object) -> str:
    writer = Writer()
    body = "\n".join(writer.value(one) for one in values)
    return f'<Objs Version="1.1.0.1" xmlns="{NAMESPACE}">\n{body}\n</Objs>'


def rule(**properties: object) -> Cim:
    given = {
        "Caption": None, "InstanceID": RULE, "ElementName": "web", "DisplayName": "web", "Enabled": Named("True", 1),
        "Profile": Named("Any", 0), "Profiles": 0, "InboundSecurity": Named("Require", 2),
        "OutboundSecurity": Named("Require", 2), "Mode": Named("Transport", 2), "QuickModeCryptoSet": QUICK,
        "Phase1AuthSet": AUTH, "Phase2AuthSet": "", "KeyModule": Named("Default", 0), "Platforms": (),
        "AllowSetKey": False, "AllowWatchKey": False, "RequireAuthorization": False, "ForwardPathLifetime": 0,
        "LocalTunnelEndpoint": ("Any",), "RemoteTunnelEndpoint": ("Any",), "PolicyStoreSource": "PersistentStore",
    }  # fmt: skip
    return Cim("MSFT_NetConSecRule", given | properties)


def addresses(local: object = "Any", remote: object = "10.0.0.0/8", key: str = RULE) -> Cim:
    return Cim("MSFT_NetAddressFilter", {"InstanceID": key, "LocalAddress": local, "RemoteAddress": remote})


def ports(protocol: str = "Any", local: object = "Any", remote: object = "Any", key: str = RULE) -> Cim:
    properties = {"InstanceID": key, "Protocol": protocol, "LocalPort": local, "RemotePort": remote, "IcmpType": "Any"}
    return Cim("MSFT_NetProtocolPortFilter", properties)


def interfaces(alias: object = ("Any",), kind: object = "Any", key: str = RULE) -> tuple[Cim, Cim]:
    return (
        Cim("MSFT_NetInterfaceFilter", {"InstanceID": key, "InterfaceAlias": alias}),
        Cim("MSFT_NetInterfaceTypeFilter", {"InstanceID": key, "InterfaceType": kind}),
    )


def authentication(*proposals: object, key: str = AUTH, phase: int = 1) -> Cim:
    properties = {"InstanceID": key, "DisplayName": "a set", "Proposals": proposals or (KERBEROS,)}
    return Cim(f"MSFT_NetIKEP{phase}AuthSet", properties)


def quick_mode(*proposals: object, pfs: str = "None") -> Cim:
    properties = {"InstanceID": QUICK, "PerfectForwardSecrecyGroup": Named(pfs, 0), "Proposals": proposals or (ESP,)}
    return Cim("MSFT_NetIKEQMCryptoSet", properties)


def main_mode(*proposals: object) -> Cim:
    properties = {"InstanceID": MAIN, "MaxMinutes": 60, "MaxSessions": 0, "ForceDiffieHellman": False}
    return Cim("MSFT_NetIKEMMCryptoSet", {**properties, "Proposals": proposals or (IKE,)})


KERBEROS = Cim("MSFT_NetIKEKerbAuthProposal", {"AuthenticationMethod": Named("MachineKerb", 2)})
KEY = Cim("MSFT_NetIKEPSKAuthProposal", {"PreSharedKey": "hunter2"})
CERTIFICATE = Cim(
    "MSFT_NetIKECertAuthProposal",
    {"TrustedCA": "CN=ca", "TrustedCAType": Named("Root", 0), "MapToAccount": False, "EKUs": (), "CertName": ""},
)
ESP = Cim(
    "MSFT_NetIKEQMCryptoProposal",
    {
        "Encapsulation": Named("ESP", 2), "ESPHash": Named("SHA1", 2), "AHHash": Named("None", 0),
        "Encryption": Named("AES128", 3), "MaxMinutes": 60, "MaxKiloBytes": 100000,
    },
)  # fmt: skip
IKE = Cim(
    "MSFT_NetIKEMMCryptoProposal",
    {"KeyExchange": Named("DH14", 5), "Encryption": Named("AES256", 5), "Hash": Named("SHA1", 2)},
)


def everything(**properties: object) -> list[Cim]:
    """Return a rule with its filters and sets."""
    return [
        rule(**properties), addresses(), ports(), *interfaces(), authentication(KERBEROS, CERTIFICATE), quick_mode(),
        main_mode(),
    ]  # fmt: skip
