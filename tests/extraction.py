"""Hosts for tests of the extraction, and how they are asked."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from ipsecmig.dialects.base import ReadOptions, Source
from ipsecmig.dialects.registry import read
from ipsecmig.model.policy import PolicyStore, Secret
from ipsecmig.remote.extraction import extract_host
from ipsecmig.remote.target import Credentials, HostResult, HostTarget, Limits, Transport
from ipsecmig.testing.host import Host
from ipsecmig.testing.policies import registry_keys
from ipsecmig.testing.winrm import Account, WinrmServer

SECURE_SERVER = Path(__file__).resolve().parents[1] / "samples" / "recommended" / "secure-server.cmd"
BOB = Account("bob", "Passw0rd! ü")
LIMITS = Limits(connect=5, operation=20, total=60, attempts=3, pause=0)
"""Far beyond what a sane host takes here."""

Extract = Callable[..., HostResult]


def store_of(sample: Path = SECURE_SERVER) -> PolicyStore:
    return read(Source(sample.name, sample.read_bytes()), ReadOptions()).store


def secure_server(**more: object) -> Host:
    return Host(keys=registry_keys(store_of()), **more)  # type: ignore[arg-type]


def target_of(
    server: WinrmServer, transport: Transport = Transport.NTLM, authority: Path | None = None, host: str = "localhost"
) -> HostTarget:
    scheme = "http" if server.settings.tls is None else "https"
    return HostTarget(host, server.port, scheme, transport, authority)


def by_password(account: Account = BOB) -> Credentials:
    return Credentials(account.name, Secret(account.password))


def extract(
    server: WinrmServer,
    folder: Path,
    transport: Transport = Transport.NTLM,
    authority: Path | None = None,
    *,
    credentials: Credentials | None = None,
    limits: Limits = LIMITS,
    host: str = "localhost",
) -> HostResult:
    """Extract from a server, by default as bob."""
    target = target_of(server, transport, authority, host)
    return extract_host(target, by_password() if credentials is None else credentials, limits, folder)
