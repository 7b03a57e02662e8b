"""What each Windows version has, as far as it bears on the meaning of an IPsec policy.

Source: [MS-IKEE] appendix A, [MS-GPIPSEC] appendix A, TechNet "Specifying Default Exemptions to IPSec Filtering".
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import Final


class WindowsVersion(Enum):
    """The versions that differ for IPsec policy."""

    WINDOWS_2000 = "2000"
    XP = "xp"
    SERVER_2003 = "2003"
    VISTA = "vista"


@dataclass(frozen=True, slots=True)
class WindowsTraits:
    """The traits of one version. `default_exemptions` is its NoDefaultExempt when the registry says nothing."""

    title: str
    default_exemptions: int
    ipv6_in_policy: bool
    server_addresses: bool
    default_response: bool


TRAITS: Final = {
    WindowsVersion.WINDOWS_2000: WindowsTraits("Windows 2000", 0, False, False, True),
    WindowsVersion.XP: WindowsTraits("Windows XP", 0, False, False, True),
    WindowsVersion.SERVER_2003: WindowsTraits("Windows Server 2003", 3, False, True, True),
    WindowsVersion.VISTA: WindowsTraits("Windows Vista or later", 3, True, True, False),
}

ASSUMED: Final = WindowsVersion.SERVER_2003
"""The version that is assumed where nothing states one."""
