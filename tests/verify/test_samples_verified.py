"""Every sample, converted to every target, is proved equal apart from its listed losses."""

from __future__ import annotations

import pytest
from ground_truth import Sample, decided_samples, emission_request, every_sample, flat_policy

from ipsecmig.emit.registry import TARGETS
from ipsecmig.verify.compare import Result
from ipsecmig.verify.emitted import verify_emissions

BUNDLES = [
    ("nftables",),
    ("xfrm",),
    ("strongswan",),
    ("ldif",),
    ("netsh",),
    ("reg",),
    ("consec",),
    ("powershell",),
    ("nftables", "xfrm"),
    ("nftables", "strongswan"),
]


@pytest.mark.parametrize("sample", decided_samples(), ids=lambda sample: sample.name)
def test_sample_is_proved_equal(sample: Sample) -> None:
    request = emission_request(sample)
    bundles = verify_emissions(flat_policy(sample), [target.emit(request) for target in TARGETS])
    assert sorted(bundle.targets for bundle in bundles) == sorted(BUNDLES)
    for bundle in bundles:
        comparison = bundle.comparison
        assert not comparison.undecided, (bundle.targets, comparison.undecided)
        shown = [(d.witness.text(), d.source, d.target) for d in comparison.differences]
        assert comparison.result is Result.EQUAL, (bundle.targets, shown)


def test_what_is_not_understood_is_never_equal() -> None:
    (sample,) = [s for s in every_sample() if s.name == "traps/run-time.cmd"]
    request = emission_request(sample)
    for bundle in verify_emissions(flat_policy(sample), [target.emit(request) for target in TARGETS]):
        assert bundle.comparison.result is not Result.EQUAL
