"""The files that restore the policy in the local store, and take it away again."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from typing import Final

from ipsecmig.emit.reg import text
from ipsecmig.emit.stored.capabilities import ALWAYS_EXACT
from ipsecmig.emit.stored.convert import Stored, to_container
from ipsecmig.model.policy import LOCAL_STORE, HostSettings
from ipsecmig.model.targets import Emission, EmissionRequest, OutputFile, Target
from ipsecmig.stored import attributes
from ipsecmig.stored.numbers import BOOT_MODES
from ipsecmig.stored.objects import StoredObject

FILE: Final = "ipsecmig.reg"
ROLLBACK: Final = "ipsecmig-rollback.reg"

_NAME: Final = "reg"
_MACHINE: Final = "HKEY_LOCAL_MACHINE"
_LOCAL: Final = r"SOFTWARE\Policies\Microsoft\Windows\IPSec\Policy\Local"
_SERVICES: Final = r"HKEY_LOCAL_MACHINE\SYSTEM\CurrentControlSet\Services"
_ACTIVE: Final = "ActivePolicy"
_MULTIPLE: Final = frozenset({attributes.OWNERS, attributes.RULES, attributes.FILTER_LIST})
"""The attributes that are lists of strings in the registry."""

_OPTIONAL: Final = (attributes.NAME, attributes.DESCRIPTION, *sorted(_MULTIPLE))
"""What an older object of the same name may have and a new one lacks; a list of filters too many is a default rule."""

_CHANGED: Final = 946_684_800
"""whenChanged, in seconds since 1970: Windows wants a date, and the same policy is to give the same file."""

_BOOT_MODES: Final = {mode: number for number, mode in BOOT_MODES.items()}


def emit(request: EmissionRequest) -> Emission:
    """Return the file that restores the policy of `request` on Windows, and the one that takes it away."""
    bare = replace(request, store=replace(request.store, settings=HostSettings()))
    stored = to_container(bare, _NAME, LOCAL_STORE, _path)
    files = (
        OutputFile(FILE, text.document(_file(request, stored)), secret=stored.secret),
        OutputFile(ROLLBACK, text.document(_rollback(request, stored))),
    )
    settings = request.store.settings
    notes = [*stored.notes]
    if settings.boot_exemptions is not None:
        notes.append("boot exemptions are left out: set them with netsh ipsec dynamic set config")
    if settings.service_disabled:
        notes.append("the source disables the IPsec service, which this file does not")
    return Emission(_NAME, files, stored.losses, stored.exact, tuple(notes))


def _path(name: str) -> str:
    """Return the reference to the object `name`."""
    return rf"{_LOCAL}\{name}"


def _comments(request: EmissionRequest, purpose: Iterable[str]) -> Iterator[str]:
    yield from map(text.comment, (*request.heading, "", *purpose))


def _file(request: EmissionRequest, stored: Stored) -> Iterator[str]:
    """Yield the lines of the file: first all objects, last what assigns the policy."""
    yield from _comments(request, _PURPOSE)
    for one in stored.container.objects:
        yield ""
        yield from _object(one)
    yield from _settings(request.store.settings)
    for assignment in stored.container.assignments:
        yield from ("", text.comment("Assigned last, when everything stands."))
        yield text.key(rf"{_MACHINE}\{_LOCAL}")
        yield from text.value(_ACTIVE, assignment.policy)


def _object(one: StoredObject) -> Iterator[str]:
    yield text.key(rf"{_MACHINE}\{_path(one.name)}")
    yield from text.value("className", one.kind.value)
    yield from text.value("name", one.name)
    for name, spelling in attributes.SPELLING.items():
        found = one.attributes.get(name)
        if found is None:
            yield from (text.deleted_value(spelling),) if name in _OPTIONAL else ()
        elif name in _MULTIPLE:
            yield from text.value(spelling, tuple(map(str, found.values)))
        else:
            yield from text.value(spelling, found.values[0])
    yield from text.value("whenChanged", _CHANGED)


def _settings(settings: HostSettings) -> Iterator[str]:
    """Yield the settings of the machine that the source states: the policy's meaning depends on them (KB811832)."""
    exemptions = () if settings.exemptions is None else tuple(text.value("NoDefaultExempt", settings.exemptions))
    boot = settings.boot_mode
    mode = () if boot is None else tuple(text.value("OperationMode", _BOOT_MODES[boot]))
    if exemptions or mode:
        yield from ("", text.comment(_SETTINGS), text.key(rf"{_SERVICES}\IPSec"), *exemptions, *mode)
    if exemptions:
        yield from ("", text.key(rf"{_SERVICES}\PolicyAgent"), *exemptions)


def _rollback(request: EmissionRequest, stored: Stored) -> Iterator[str]:
    """Yield the lines that take back the assignment, and then delete the objects in the reverse order."""
    yield from _comments(request, _ROLLBACK_PURPOSE)
    if stored.container.assignments:
        yield from ("", text.key(rf"{_MACHINE}\{_LOCAL}"), text.deleted_value(_ACTIVE))
    yield ""
    for one in reversed(stored.container.objects):
        yield text.deleted_key(rf"{_MACHINE}\{_path(one.name)}")


_PURPOSE: Final = (
    f"Restores the policy in the local store: run `reg import {FILE}` as an administrator.",
    rf"Keep what is there first: reg export HKLM\{_LOCAL} before.reg",
    "Windows takes it up when the service starts anew: net stop policyagent, then net start policyagent.",
    "A policy that Group Policy assigns goes before it.",
)
_ROLLBACK_PURPOSE: Final = (
    f"Takes away what {FILE} made: run `reg import {ROLLBACK}` as an administrator, then restart the service.",
    "It assigns no other policy; import the file that was kept to have the former one back.",
)
_SETTINGS: Final = "Settings of the machine, in force from its next start; the rollback does not undo them."

TARGET: Final = Target(
    _NAME,
    "registry of Windows, local store (.reg)",
    emit,
    {FILE: "restores the policy and assigns it last", ROLLBACK: "takes it away again"},
    ALWAYS_EXACT,
)
