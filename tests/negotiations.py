"""Negotiates policies with target configurations, for the tests of verification."""

from __future__ import annotations

import hashlib
import itertools
from collections.abc import Callable

from ipsecmig.dialects.base import ReadOptions, Source
from ipsecmig.emit.registry import TARGETS
from ipsecmig.model.flatten import FlatPolicy
from ipsecmig.model.policy import PolicyStore
from ipsecmig.model.targets import Emission, EmissionRequest
from ipsecmig.verify.negotiation.negotiate import negotiate
from ipsecmig.verify.negotiation.result import Negotiation
from ipsecmig.verify.readback.registry import is_configuration, read_targets

NOW = 1_800_000_000.0


def octets() -> Callable[[int], bytes]:
    """Return a source of octets that is the same in every run."""
    numbers = itertools.count()
    return lambda count: hashlib.shake_128(str(next(numbers)).encode()).digest(count)


def emitted(store: PolicyStore, flat: FlatPolicy, target: str) -> Emission:
    """Return what `target` writes for the policy."""
    (emit,) = [t.emit for t in TARGETS if t.name == target]
    return emit(EmissionRequest(store, flat.policy, flat, ()))


def texts(emission: Emission) -> dict[str, str]:
    """Return the configurations among the emitted files."""
    return {f.path: f.content.decode() for f in emission.files if is_configuration(f.path)}


def negotiate_texts(flat: FlatPolicy, configurations: dict[str, str]) -> tuple[Negotiation, ...]:
    """Negotiate the policy with configurations given by file name."""
    sources = [Source(name, text.encode()) for name, text in configurations.items()]
    return negotiate(flat, read_targets(sources, flat.site, ReadOptions(encoding="utf-8")), random=octets(), at=NOW)
