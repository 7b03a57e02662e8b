"""The documentation of one code."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from ipsecmig.diagnostics import Severity


@dataclass(frozen=True, slots=True)
class Documented:
    """One code: its name in words, its family, and its documentation in titled sections, in order."""

    code: str
    name: str
    family: str
    severity: Severity
    title: str
    sections: Mapping[str, str] = field(default_factory=dict)
