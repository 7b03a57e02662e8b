"""Reads the hosts of a folder: each subfolder, and each file, is one. This happens on this machine only, always.

What is read may hold preshared keys; what is returned holds their seals.
"""

from __future__ import annotations

import ipaddress
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from ipsecmig.cli.sources import SKIPPED, left_out, load, read_loaded
from ipsecmig.diagnostics import Diagnostic, Origin, Severity
from ipsecmig.dialects.base import Evidence
from ipsecmig.errors import BudgetExceeded, InputError, UsageError
from ipsecmig.fleet.hosts import NO_POLICY, FleetHost, Text, make_host
from ipsecmig.model.flatten import select_policy
from ipsecmig.model.policy import NotUnderstood
from ipsecmig.model.selectors import AddressRange
from ipsecmig.model.windows import WindowsVersion
from ipsecmig.remote.evidence import is_evidence, read_manifest

if TYPE_CHECKING:
    from ipsecmig.cli.options import Inputs
    from ipsecmig.dialects.base import Reading
    from ipsecmig.model.inventory import Inventory
    from ipsecmig.model.policy import Policy
    from ipsecmig.remote.evidence import Manifest


@dataclass(frozen=True, slots=True)
class Terms:
    """How hosts are read: as which sources, which policy of them, and by what their keys are sealed.

    `windows` is None where the command line does not say it. `codes` are those of the rules of lint that are wanted.
    """

    inputs: Inputs
    inventory: Inventory
    seal: bytes
    codes: frozenset[str] = frozenset()
    policy: str | None = None
    windows: WindowsVersion | None = None


@dataclass(frozen=True, slots=True)
class HostRead:
    """What came of one host: without `host` nothing is claimed of it, for the `reason`."""

    name: str
    host: FleetHost | None
    diagnostics: tuple[Diagnostic, ...] = ()
    reason: NotUnderstood | None = None


def host_paths(folder: Path) -> dict[str, Path]:
    """Return where each host of a folder is, by its name: that of its subfolder, or of its file without the ending.

    A folder that is evidence itself is one host. Raises InputError where there is none.
    """
    if is_evidence(folder):
        return {folder.resolve().name: folder}
    if not folder.is_dir():
        raise InputError((_error("CLI002", folder, "is no folder"),))
    entries = sorted(path for path in folder.iterdir() if not path.name.startswith("."))
    stems = Counter(path.stem for path in entries if path.is_file()) + Counter(p.name for p in entries if p.is_dir())
    found = {path.stem if path.is_file() and stems[path.stem] == 1 else path.name: path for path in entries}
    if not found:
        raise InputError((_error("CLI002", folder, "the folder holds no host"),))
    return found


def _error(code: str, path: Path, message: str) -> Diagnostic:
    return Diagnostic(code, Severity.ERROR, message, Origin(str(path)))


def read_host(name: str, path: Path, terms: Terms) -> HostRead | None:
    """Return what came of a host; None for a file in no known format. Other failures are among what is returned."""
    try:
        loaded = tuple(load(str(path), terms.inputs.access))
        if path.is_file() and terms.inputs.format is None and left_out(loaded[0][0]) is not None:
            return None
        reading = read_loaded(loaded, terms.inputs)
    except InputError as failure:
        return _unread(name, path, failure.diagnostics)
    if any(one.severity is Severity.ERROR for one in reading.diagnostics):
        return _unread(name, path, reading.diagnostics)
    try:
        policy = policy_in_force(reading, terms.policy)
        manifest = read_manifest(path) if is_evidence(path) else None
        # A fleet has many versions: that of the inventory is for hosts that do not state their own.
        windows = terms.windows or reading.store.settings.windows or terms.inventory.site.windows
        text = Text(reading.store, policy, windows)
        addresses = tuple(_addresses(name, manifest, terms.inventory))
        host = make_host(name, text, terms.seal, terms.inventory, terms.codes, addresses)
    except (UsageError, BudgetExceeded) as failure:
        return HostRead(name, None, reading.diagnostics, NotUnderstood(f'host "{name}"', str(failure)))
    return HostRead(name, host, reading.diagnostics)


def skipped(path: Path) -> Diagnostic:
    """Return what is said of a file in no known format."""
    return Diagnostic(SKIPPED, Severity.WARNING, "left out: no known format fits this file", Origin(str(path)))


def _unread(name: str, path: Path, diagnostics: tuple[Diagnostic, ...]) -> HostRead:
    first = next(one for one in diagnostics if one.severity is Severity.ERROR)
    reason = NotUnderstood(f'host "{name}"', f"it cannot be read: {first.message}", Origin(str(path)))
    return HostRead(name, None, diagnostics, reason)


def policy_in_force(reading: Reading, name: str | None) -> Policy:
    """Return the policy in force, or that called `name`: none where the store itself was read and assigns none.

    Raises UsageError where no policy is singled out.
    """
    store = reading.store
    silent = reading.evidence is Evidence.STORE and not any(policy.assigned for policy in store.policies)
    return NO_POLICY if name is None and silent else select_policy(store, name)


def _addresses(name: str, manifest: Manifest | None, inventory: Inventory) -> Iterator[AddressRange]:
    """Yield the addresses of a host: those of the site inventory, and that by which it was asked."""
    stated = [
        address
        for host in inventory.hosts
        if host.name.casefold() in (name.casefold(), name.casefold().partition(".")[0])
        for address in host.addresses
        if address.is_host
    ]
    asked = [name] if manifest is None else [name, manifest.endpoint.host]
    yield from dict.fromkeys((*stated, *(address for text in asked for address in _address(text))))


def _address(text: str) -> Iterator[AddressRange]:
    try:
        yield AddressRange.parse(str(ipaddress.ip_address(text)))
    except ValueError:
        return


def without_own(inventory: Inventory) -> Inventory:
    """Return an inventory without what it says of its own host, which is none of the fleet in particular."""
    return replace(inventory, site=replace(inventory.site, addresses=()))
