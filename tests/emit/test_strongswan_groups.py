"""What comes in for multicast and broadcast addresses, for which nobody negotiates."""

from __future__ import annotations

import pytest

from ipsecmig.dialects.base import ReadOptions, Source
from ipsecmig.dialects.registry import read
from ipsecmig.emit.registry import TARGETS
from ipsecmig.model.flatten import flatten
from ipsecmig.model.selectors import AddressRange
from ipsecmig.model.site import Site
from ipsecmig.model.targets import EmissionRequest
from ipsecmig.verify.compare import Result
from ipsecmig.verify.emitted import verify_emissions

ISOLATION = (
    b'netsh advfirewall consec add rule name="Isolation" endpoint1=any endpoint2=%s '
    b'action=requireinrequireout auth1=computerpsk auth1psk="N0t-A-Real-Key"\r\n'
)


@pytest.mark.parametrize("peers", [b"any", b"10.0.0.9"])
def test_what_an_isolated_host_gets_for_groups_is_dropped_and_said(peers: bytes) -> None:
    store = read(Source("isolation.cmd", ISOLATION % peers), ReadOptions()).store
    flat = flatten(store, store.policies[0], Site(addresses=(AddressRange.parse("10.0.0.5"),)))
    request = EmissionRequest(store, store.policies[0], flat)
    emissions = [target.emit(request) for target in TARGETS if target.name in {"nftables", "strongswan"}]
    for bundle in verify_emissions(flat, emissions):
        assert bundle.comparison.result is Result.EQUAL, (bundle.targets, bundle.comparison)
    charon = emissions[[e.target for e in emissions].index("strongswan")]
    assert b"local_ts = 224.0.0.0/4\n" in charon.files[0].content
    assert any("multicast and broadcast addresses is dropped" in loss.reason for loss in charon.losses)
