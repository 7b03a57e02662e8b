"""Commands other than netsh that bear on an IPsec policy: the registry, the service, other tools of the trade.

Sources: TechNet "Specifying Default Exemptions to IPSec Filtering" (NoDefaultExempt), KB811832, KB818043 (boot mode).
"""

from __future__ import annotations

import re
from typing import Final

from ipsecmig.dialects.containers.output import Output
from ipsecmig.dialects.containers.positions import Mapped
from ipsecmig.stored.numbers import BOOT_MODES

_KEY = re.compile(r"services\\(?:ipsec|policyagent)\b", re.IGNORECASE)
_STORE = re.compile(r"\\ipsec\\policy\\|\\ipsec\\gptipsecpolicy", re.IGNORECASE)
_VALUE = re.compile(r"\b(nodefaultexempt|operationmode)\b", re.IGNORECASE)
_DATA = re.compile(r"""(?:/d|-value)[ \t]+["']?(0x[0-9a-f]+|\d+)\b""", re.IGNORECASE)
_POSITIONAL_DATA = re.compile(
    r"""\b(?:nodefaultexempt|operationmode)\b["']?[ \t]+["']?(0x[0-9a-f]+|\d+)\b""", re.IGNORECASE
)
_REGISTRY_WRITERS: Final = {"reg", "set-itemproperty", "new-itemproperty", "sp"}

_SERVICE: Final = r"""["']?(?:policyagent|ipsec services|ipsec policy agent)["']?"""
_START_TYPE = re.compile(
    rf"(?:config[ \t]+{_SERVICE}[ \t].*?start[ \t]*=[ \t]*|{_SERVICE}.*?-startuptype[ \t]+|"
    rf"-startuptype[ \t]+(?=\w+.*{_SERVICE}))[\"']?(\w+)",
    re.IGNORECASE,
)
_STOP = re.compile(rf"(?:\b(?:net|sc)(?:\.exe)?[ \t].*?stop|\bstop-service)\b[^;|&]*{_SERVICE}", re.IGNORECASE)
_START = re.compile(
    rf"(?:\b(?:net|sc)(?:\.exe)?[ \t].*?start|\b(?:re)?start-service)\b[^;|&]*{_SERVICE}", re.IGNORECASE
)
_IMPORTS = re.compile(r"\breg(?:\.exe)?[ \t]+(?:import|restore|load)\b|\bregedit(?:\.exe)?\b.*\.reg\b", re.IGNORECASE)
_MENTION = re.compile(r"\bnetsh\b.*\bipsec\b|\bipsec[ \t]+static\b", re.IGNORECASE)


def read(name: str, whole: Mapped, out: Output) -> None:
    """Read the command `whole`, whose program is `name` (lower case, without path and `.exe`), if it matters."""
    if name in _REGISTRY_WRITERS and _registry(whole, out):
        return
    if start := _START_TYPE.search(whole.text):
        out.setting("service_disabled", start[1].lower() == "disabled", whole)
    elif _STOP.search(whole.text):
        out.service(whole, running=False)
    elif _START.search(whole.text):
        out.service(whole, running=True)
    elif _IMPORTS.search(whole.text):
        out.opaque(whole, "imports a registry file, which may hold a policy: convert that file too")
    elif _MENTION.search(whole.text):
        out.opaque(whole, "hands an IPsec command to another program")


def _registry(whole: Mapped, out: Output) -> bool:
    """Read a command that writes the registry; return whether it is about IPsec."""
    if _STORE.search(whole.text):
        out.opaque(whole, "writes the stored policy straight into the registry: convert a registry export instead")
        return True
    if not _KEY.search(whole.text) or not (value := _VALUE.search(whole.text)):
        return False
    data = _DATA.search(whole.text) or _POSITIONAL_DATA.search(whole.text)
    number = int(data[1], 0 if data[1][:2].lower() == "0x" else 10) if data else -1
    if value[1].lower() == "nodefaultexempt" and 0 <= number <= 3:
        out.setting("exemptions", number, whole)
    elif value[1].lower() == "operationmode" and number in BOOT_MODES:
        out.setting("boot_mode", BOOT_MODES[number], whole)
    else:
        out.opaque(whole, f"changes {value[1]} to something that is not known")
    return True
