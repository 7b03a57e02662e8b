"""Releases of Windows, as far as a client of WinRM notices which one it talks to."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import Final, NamedTuple

from ipsecmig.stored.registry import RegistryKey
from ipsecmig.testing.registry import key


class Quotas(NamedTuple):
    """Limits of the service (`winrm get winrm/config`): shells and operations of a user at a time, idle time, size.

    `idle_seconds` is how long a shell is kept that nobody uses, `envelope` the size of a request in octets.
    """

    shells: int
    operations: int
    idle_seconds: int
    envelope: int


class Release(Enum):
    """The releases that a host may be."""

    WINDOWS_2003 = "2003"
    WINDOWS_2008 = "2008"
    WINDOWS_2012 = "2012"
    WINDOWS_2025 = "2025"


@dataclass(frozen=True, slots=True)
class Traits:
    """What tells a release: `version` is major, minor and build; `powershell` is empty where there is none.

    `netsh_obeys_code_page` says whether netsh writes in the code page of its console, not always in the OEM one.
    """

    product: str
    version: tuple[int, int, int]
    service_pack: int
    powershell: str
    stack: str
    quotas: Quotas
    netsh_obeys_code_page: bool

    @property
    def before_vista(self) -> bool:
        """Whether the programs are those of Windows XP and Server 2003."""
        return self.version[0] < 6

    @property
    def powershell_major(self) -> int:
        """The major version of PowerShell, 0 for none."""
        return int(self.powershell.partition(".")[0] or 0)


_SMALL: Final = Quotas(shells=5, operations=15, idle_seconds=180, envelope=150 * 1024)
_LARGE: Final = Quotas(shells=30, operations=1500, idle_seconds=7200, envelope=500 * 1024)

TRAITS: Final = {
    Release.WINDOWS_2003: Traits("Microsoft Windows Server 2003 R2", (5, 2, 3790), 2, "", "1.1", _SMALL, False),
    Release.WINDOWS_2008: Traits("Windows Server (R) 2008 Enterprise", (6, 0, 6002), 2, "2.0", "2.0", _SMALL, False),
    Release.WINDOWS_2012: Traits("Windows Server 2012 R2 Standard", (6, 3, 9600), 0, "4.0", "3.0", _LARGE, True),
    Release.WINDOWS_2025: Traits(
        "Windows Server 2025 Datacenter", (10, 0, 26100), 0, "5.1.26100.1", "3.0", _LARGE, True
    ),
}


def release_keys(release: Release) -> tuple[RegistryKey, ...]:
    """Return the keys in which a release says what it is, and that of its PowerShell."""
    traits = TRAITS[release]
    major, minor, build = traits.version
    # From Windows 10 on the old value stays at 6.3, and the true numbers stand beside it.
    version = f"{major}.{minor}" if major < 10 else "6.3"
    said: dict[str, str | int] = {
        "ProductName": traits.product,
        "CurrentVersion": version,
        "CurrentBuildNumber": str(build),
    }
    if major >= 10:
        said |= {"CurrentMajorVersionNumber": major, "CurrentMinorVersionNumber": minor}
    if traits.service_pack:
        said["CSDVersion"] = f"Service Pack {traits.service_pack}"
    return (key(r"SOFTWARE\Microsoft\Windows NT\CurrentVersion", **said), *_powershell_keys(traits))


def _powershell_keys(traits: Traits) -> tuple[RegistryKey, ...]:
    """Return the engine's key, whose parent is 1 for PowerShell 1 and 2, and 3 from PowerShell 3 on, beside the old."""
    if not traits.powershell:
        return ()
    engine = r"SOFTWARE\Microsoft\PowerShell\{}\PowerShellEngine"
    old = key(engine.format(1), PowerShellVersion="2.0")
    if traits.powershell_major < 3:
        return (old,)
    return (old, key(engine.format(3), PowerShellVersion=traits.powershell))
