"""Reads policies and target configurations for the tests of verification."""

from __future__ import annotations

from pathlib import Path

from ipsecmig.cli.site import read_site
from ipsecmig.dialects.base import ReadOptions, Source
from ipsecmig.dialects.registry import read
from ipsecmig.model.flatten import FlatPolicy, flatten, select_policy
from ipsecmig.model.site import UNKNOWN_SITE, Site
from ipsecmig.verify.compare import Comparison, compare
from ipsecmig.verify.readback.registry import read_targets

SAMPLES = Path(__file__).parent.parent / "samples"


def site_of(path: Path) -> Site:
    """Return the inventory beside a sample, if it has one."""
    beside = path.with_name(path.name.split(".")[0] + ".site.yaml")
    return read_site(beside) if beside.exists() else UNKNOWN_SITE


def flat_sample(name: str) -> FlatPolicy:
    """Return the policy of `samples/NAME` as packets meet it."""
    path = SAMPLES / name
    return flat_text(path.read_bytes(), path.name, site_of(path))


def flat_text(script: bytes, name: str = "policy.cmd", site: Site = UNKNOWN_SITE) -> FlatPolicy:
    """Return the policy of a script as packets meet it."""
    store = read(Source(name, script), ReadOptions(), None).store
    return flatten(store, select_policy(store), site)


def compare_text(flat: FlatPolicy, *configurations: tuple[str, str]) -> Comparison:
    """Compare `flat` with configurations given as (file name, text)."""
    sources = [Source(name, text.encode()) for name, text in configurations]
    return compare(flat, read_targets(sources, flat.site, ReadOptions()))
