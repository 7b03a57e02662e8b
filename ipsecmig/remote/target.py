"""Whom `extract` asks, as whom, how patiently, and what came of it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum
from ipaddress import IPv6Address
from pathlib import Path
from typing import TYPE_CHECKING, Final, NamedTuple

from ipsecmig.errors import UsageError

if TYPE_CHECKING:
    from ipsecmig.diagnostics import Diagnostic
    from ipsecmig.model.policy import Secret

HTTPS_PORT: Final = 5986
HTTP_PORT: Final = 5985

_TARGET: Final = re.compile(r"(?:(https?)://)?(\[[^\]]*\]|[^:/\[\]]+|[0-9A-Fa-f:.]+(?:%[\w.-]+)?)(?::(\d{1,5}))?/?")
_NAME: Final = re.compile(r"[\w.-]+")
_NOT_IN_NAMES: Final = re.compile(r"[^a-z0-9.-]")


class Transport(StrEnum):
    """How the client proves who it is; by CredSSP and Basic it hands the host the password itself."""

    NTLM = "ntlm"
    KERBEROS = "kerberos"
    CREDSSP = "credssp"
    CERTIFICATE = "certificate"
    BASIC = "basic"


ENCRYPTING: Final = (Transport.NTLM, Transport.KERBEROS, Transport.CREDSSP)
"""Those that also encrypt messages, and so may go over HTTP."""


@dataclass(frozen=True, slots=True)
class HostTarget:
    """One host. `host` is a name or an address without brackets.

    `authority` is the file of the authorities that its certificate may be from, by default those that the system
    trusts. Over HTTP messages are always encrypted: UsageError is raised for a transport that cannot.
    `label` is what a list of hosts calls it, empty where that is `host`.
    """

    host: str
    port: int = HTTPS_PORT
    scheme: str = "https"
    transport: Transport = Transport.NTLM
    authority: Path | None = None
    label: str = ""

    def __post_init__(self) -> None:
        if self.scheme != "https" and self.transport not in ENCRYPTING:
            raise UsageError(f"{self.host}: {self.transport} does not encrypt messages, and so goes over HTTPS only")

    @property
    def url(self) -> str:
        """The address of the WinRM service."""
        return f"{self.scheme}://{self.name}:{self.port}/wsman"

    @property
    def name(self) -> str:
        """The host as it stands in a URL."""
        return f"[{self.host}]" if ":" in self.host else self.host

    @property
    def folder_name(self) -> str:
        """The name of the folder of the host's evidence: two hosts never share one, nor two ports of one host."""
        if self.label:
            return _NOT_IN_NAMES.sub("_", self.label.lower())
        name = _NOT_IN_NAMES.sub("_", self.host.lower())
        own_port = HTTPS_PORT if self.scheme == "https" else HTTP_PORT
        return name if self.port == own_port else f"{name}_{self.port}"


def parse_target(
    text: str,
    transport: Transport = Transport.NTLM,
    *,
    plain: bool = False,
    port: int | None = None,
    authority: Path | None = None,
) -> HostTarget:
    """Return the host that `HOST`, `HOST:PORT`, an IPv6 address, with or without brackets, or a URL names.

    `plain` asks for HTTP, `port` is that of hosts that name none. Raises UsageError for anything else, and for HTTP
    with a transport that does not encrypt.
    """
    found = _TARGET.fullmatch(text.strip())
    host = _host(found[2]) if found is not None else ""
    if found is None or not host:
        raise UsageError(f"{text}: no host; for example srv1.example.com, 10.0.0.5:5986 or [fd00::5]:5986")
    scheme = found[1] or ("http" if plain else "https")
    named = int(found[3]) if found[3] else port
    chosen = (HTTP_PORT if scheme == "http" else HTTPS_PORT) if named is None else named
    if not 0 < chosen < 1 << 16:
        raise UsageError(f"{text}: there is no port {chosen}")
    return HostTarget(host, chosen, scheme, transport, authority)


def _host(text: str) -> str:
    """Return a name or an address, an IPv6 one in its usual form; empty for neither."""
    bare = text.removeprefix("[").removesuffix("]")
    if ":" not in bare:
        return bare if bare == text and _NAME.fullmatch(bare) and bare.strip(".-_") else ""
    try:
        return str(IPv6Address(bare))
    except ValueError:
        return ""


class Credentials(NamedTuple):
    """What proves an identity: name and password, a client certificate with its key, or nothing but a ticket."""

    user: str = ""
    password: Secret | None = None
    certificate: Path | None = None
    key: Path | None = None


class Limits(NamedTuple):
    """How long a host may take, in seconds, how much it may say, in octets, and how often it is asked again.

    `connect` is for a connection, `operation` for one message, `total` for everything. `octets` is for all outputs
    together. What may pass by itself is tried `attempts` times, the first time again after `pause`, then twice that.
    """

    connect: float = 10
    operation: float = 60
    total: float = 300
    octets: int = 64 << 20
    attempts: int = 3
    pause: float = 2


class Status(StrEnum):
    """What came of a host; KEPT is one whose evidence was there, whole, and so was not asked."""

    EXTRACTED = "extracted"
    KEPT = "kept"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class HostResult:
    """What came of one host: the path of its manifest, or the reason why there is none; and how long it took."""

    target: HostTarget
    status: Status
    seconds: float
    manifest: Path | None = None
    reason: Diagnostic | None = None

    @property
    def host(self) -> str:
        """The host as it was given."""
        return self.target.label or self.target.host
