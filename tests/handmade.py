"""Compares policies with target configurations, for the tests of verification."""

from __future__ import annotations

from ground_truth import SAMPLES, Sample, flat_policy

from ipsecmig.dialects.base import ReadOptions, Source
from ipsecmig.dialects.registry import read
from ipsecmig.model.flatten import FlatPolicy, flatten, select_policy
from ipsecmig.model.policy import PolicyStore
from ipsecmig.model.site import UNKNOWN_SITE, Site
from ipsecmig.verify.compare import Comparison, compare
from ipsecmig.verify.readback.registry import read_targets


def flat_sample(name: str) -> FlatPolicy:
    """Return the policy of `samples/NAME` as packets meet it."""
    return flat_policy(Sample(SAMPLES / name))


def store_text(script: str, name: str = "policy.cmd") -> PolicyStore:
    """Return what the script called `name`, by default a batch file, defines."""
    return read(Source(name, script.encode()), ReadOptions(), None).store


def flat_text(script: str, site: Site = UNKNOWN_SITE) -> FlatPolicy:
    """Return the policy of a batch file as packets meet it."""
    store = store_text(script)
    return flatten(store, select_policy(store), site)


def compare_text(flat: FlatPolicy, *configurations: tuple[str, str]) -> Comparison:
    """Compare `flat` with configurations given as (file name, text)."""
    sources = [Source(name, text.encode()) for name, text in configurations]
    return compare(flat, read_targets(sources, flat.site, ReadOptions()))
