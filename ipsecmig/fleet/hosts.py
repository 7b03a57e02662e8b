"""What is known of one host of a fleet, in a form that may leave the machine: its preshared keys are sealed."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final

from ipsecmig.fleet.canonical import digest
from ipsecmig.fleet.sealing import sealed, without_keys
from ipsecmig.lint.finding import Finding, Witness
from ipsecmig.lint.inspection import Inspection
from ipsecmig.lint.registry import RULES
from ipsecmig.lint.rules.authentication import weak_key
from ipsecmig.lint.run import run
from ipsecmig.model.inventory import Host, Inventory
from ipsecmig.model.policy import MainMode, Policy, PolicyStore
from ipsecmig.model.selectors import AddressRange
from ipsecmig.model.windows import WindowsVersion

NO_POLICY: Final = Policy("", MainMode(()))
"""Stands for a host on which no policy is in force: everything passes."""

SEEING_KEYS: Final = frozenset({weak_key.RULE.code})
"""The rules that look at preshared keys themselves, and so must run before the keys are sealed."""


@dataclass(frozen=True, slots=True)
class Text:
    """A policy as it is written, with all that its store says, and the Windows for which it is read, if that is known.

    Hosts with equal texts need one look for all of them. `policy` is one of `store`, or `NO_POLICY`.
    """

    store: PolicyStore
    policy: Policy
    windows: WindowsVersion | None = None

    @property
    def digest(self) -> str:
        """What tells texts apart, wherever they were read; in hexadecimal."""
        return digest((replace(self.store, sources=()), self.policy, self.windows))


@dataclass(frozen=True, slots=True)
class FleetHost:
    """One host with the text of its policy and its own addresses, as far as they are known.

    `key` is the digest of the text; `findings` are those of the rules of lint that have to see preshared keys.
    """

    name: str
    text: Text
    key: str
    addresses: tuple[AddressRange, ...] = ()
    findings: tuple[Finding, ...] = ()


def make_host(
    name: str,
    text: Text,
    seal: bytes,
    inventory: Inventory,
    codes: frozenset[str],
    addresses: tuple[AddressRange, ...] = (),
) -> FleetHost:
    """Return a host whose policy was just read, with its keys sealed, after a look at them by those of `codes`.

    Raises BudgetExceeded.
    """
    looking = [rule for rule in RULES if rule.code in codes & SEEING_KEYS]
    found = run(looking, Inspection(text.store, text.policy, surroundings(inventory, text.windows)))
    findings = tuple(map(_without_keys, found))
    store = sealed(text.store, seal)
    policy = NO_POLICY if text.policy is NO_POLICY else store.policies[text.store.policies.index(text.policy)]
    safe = Text(store, policy, text.windows)
    return FleetHost(name, safe, safe.digest, addresses, findings)


def _without_keys(finding: Finding) -> Finding:
    """Return a finding whose witness does not hold the keys that would be asked for."""
    witness = finding.witness
    if witness is None:
        return finding
    return replace(finding, witness=Witness(witness.packet, without_keys(witness.treatment)))


def surroundings(
    inventory: Inventory, windows: WindowsVersion | None, addresses: tuple[AddressRange, ...] = ()
) -> Inventory:
    """Return `inventory` for one host of the fleet: what it says of its own host is not said of this one."""
    site = replace(inventory.site, addresses=addresses, windows=windows)
    return replace(inventory, site=site, this=Host("this host"))


def inspection_of(host: FleetHost, inventory: Inventory) -> Inspection:
    """Return the policy of `host` under inspection, with its own addresses."""
    text = host.text
    return Inspection(text.store, text.policy, surroundings(inventory, text.windows, host.addresses))
