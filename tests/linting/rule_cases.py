"""The cases of a rule, as data: `tests/linting/cases/CODE.yaml`.

`fires` must give exactly the `findings` listed (each with `subject`, and where stated `severity`, `witness`, `certain`
and a `message` that the finding's contains), `silent` none, and `gaps` none although there is something to find: what
the rule is known not to see. A case has a `name`, a `script` (netsh, executed in one context), and where needed a
`site`, a `policy` name, a `peer` (`script`, `site`, `policy`) whose policy it is compared with, and the `targets` whose
losses are known. `dialect` is that of a script that is not netsh.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from ipsecmig.cli.inventory import Document
from ipsecmig.cli.site import inventory_of
from ipsecmig.diagnostics import Origin, Severity, worst
from ipsecmig.dialects.base import ReadOptions, Source
from ipsecmig.dialects.registry import read
from ipsecmig.emit.registry import TARGETS
from ipsecmig.lint.finding import Finding
from ipsecmig.lint.inspection import Inspection
from ipsecmig.model.flatten import flatten, select_policy
from ipsecmig.model.inventory import Inventory
from ipsecmig.model.policy import Policy, PolicyStore
from ipsecmig.model.targets import EmissionRequest, Loss

FOLDER = Path(__file__).parent / "cases"

KINDS = ("fires", "silent", "gaps")


@dataclass(frozen=True)
class RuleCase:
    """One case of one rule; `findings` is what is expected of it."""

    code: str
    kind: str
    name: str
    source: dict[str, Any]
    findings: tuple[dict[str, Any], ...]

    def inspection(self) -> Inspection:
        """Return the case's policy under inspection."""
        peer = self.source.get("peer")
        return _inspection(self.source, None if peer is None else _inspection(peer, None))


def _inspection(source: dict[str, Any], peer: Inspection | None) -> Inspection:
    site = inventory_of(Document(source.get("site") or {}, lambda _: Origin("site")))
    reading = read(
        Source("policy.netsh", source["script"].encode()), ReadOptions(), source.get("dialect", "netsh-static")
    )
    assert worst(reading.diagnostics) is not Severity.ERROR, reading.diagnostics
    policy = select_policy(reading.store, source.get("policy"))
    return Inspection(
        reading.store, policy, site, peer, _losses(reading.store, policy, site, source.get("targets", ()))
    )


def _losses(store: PolicyStore, policy: Policy, site: Inventory, names: Sequence[str]) -> Iterator[Loss]:
    for target in TARGETS:
        if target.name in names:
            yield from target.emit(EmissionRequest(store, policy, flatten(store, policy, site.site))).losses


def cases_of(code: str) -> list[RuleCase]:
    """Return the cases of the rule `code`."""
    data = yaml.safe_load((FOLDER / f"{code}.yaml").read_text(encoding="utf-8"))
    assert set(data) <= set(KINDS), f"{code}: {set(data) - set(KINDS)}"
    return [
        RuleCase(code, kind, case["name"], case, tuple(case.get("findings", ())))
        for kind in KINDS
        for case in data.get(kind) or ()
    ]


def said(finding: Finding, expected: dict[str, Any]) -> dict[str, Any]:
    """Return what `finding` says of what `expected` states."""
    whole = {
        "subject": finding.subject.text,
        "severity": finding.severity.label,
        "witness": None if finding.witness is None else finding.witness.packet.text(),
        "certain": finding.certain,
        "message": finding.message,
    }
    told = {key: whole[key] for key in expected}
    if "message" in expected and expected["message"] in finding.message:
        told["message"] = expected["message"]
    return told
