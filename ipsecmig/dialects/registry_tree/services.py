r"""Settings of the IPsec driver and the policy agent that bear on the meaning of a policy.

Sources: TechNet "Specifying Default Exemptions to IPSec Filtering" and KB811832 (NoDefaultExempt), KB818043 (boot
mode), Microsoft Learn "CurrentControlSet\Services Subkey Entries" (Start).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Final

from ipsecmig.dialects.registry_tree.paths import Place
from ipsecmig.model.policy import HostSettings, NotUnderstood
from ipsecmig.stored.numbers import BOOT_MODES
from ipsecmig.stored.registry import RegistryKey

_EXEMPTIONS: Final = range(4)
_DISABLED: Final = 4


def read(keys: Iterable[tuple[Place, RegistryKey]]) -> tuple[HostSettings, tuple[NotUnderstood, ...]]:
    """Return the settings that the keys of the services state, and the values of them that mean nothing known."""
    settings, unknown = HostSettings(), list[NotUnderstood]()
    for place, key in keys:
        if place.rest:
            continue
        settings = _of_service(place.head.rpartition("\\")[2], key, settings, unknown)
    return settings, tuple(unknown)


def _of_service(service: str, key: RegistryKey, settings: HostSettings, unknown: list[NotUnderstood]) -> HostSettings:
    start = key.values.get("start")
    if service == "policyagent" and start is not None and isinstance(start.data, int):
        settings = replace(settings, service_disabled=start.data == _DISABLED)
    exemptions = _number(key, "nodefaultexempt", _EXEMPTIONS, unknown)
    if exemptions is not None:
        if settings.exemptions not in {None, exemptions}:
            value = key.values["nodefaultexempt"]
            unknown.append(NotUnderstood(f"{key.path}\\{value.name}", "is set twice, and differently", value.origin))
        settings = replace(settings, exemptions=exemptions)
    boot_mode = _number(key, "operationmode", tuple(BOOT_MODES), unknown)
    return settings if boot_mode is None else replace(settings, boot_mode=BOOT_MODES[boot_mode])


def _number(key: RegistryKey, name: str, known: Sequence[int], unknown: list[NotUnderstood]) -> int | None:
    """Return the number of the value `name`; None where it is not there or none of the `known` ones."""
    value = key.values.get(name)
    if value is None:
        return None
    if isinstance(value.data, int) and value.data in known:
        return value.data
    data = f" = {value.data}" if isinstance(value.data, int) else ""
    unknown.append(
        NotUnderstood(f"{key.path}\\{value.name}{data}", "is no value that is known for this setting", value.origin)
    )
    return None
