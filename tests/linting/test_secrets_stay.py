"""Nothing that lint says holds a preshared key, whatever the key and whichever rule speaks of it."""

from __future__ import annotations

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from ipsecmig.dialects.base import ReadOptions, Source
from ipsecmig.dialects.registry import read
from ipsecmig.lint.inspection import Inspection
from ipsecmig.lint.registry import RULES
from ipsecmig.lint.run import run
from ipsecmig.lint.secrets import weaknesses
from ipsecmig.model.flatten import select_policy
from ipsecmig.model.inventory import Inventory
from ipsecmig.model.policy import Secret
from ipsecmig.model.selectors import AddressRange
from ipsecmig.model.site import Site

SCRIPT = """ipsec static
add filterlist name=l
add filter filterlist=l srcaddr=me dstaddr={other}
add filterlist name=m
add filter filterlist=m srcaddr=me dstaddr=10.0.0.77
add filteraction name=a action=negotiate soft=yes inpass=yes
add policy name=p
add rule name=r policy=p filterlist=l filteraction=a psk="{key}"
add rule name=s policy=p filterlist=m filteraction=a psk="{key}"
"""

keys = st.text(alphabet=st.sampled_from("QZXJVW0123456789#%!-_"), min_size=6, max_size=30)


def inspection(me: str, other: str, key: str, peer: Inspection | None = None) -> Inspection:
    reading = read(Source("p.netsh", SCRIPT.format(other=other, key=key).encode()), ReadOptions(), "netsh-static")
    site = Inventory(site=Site(addresses=(AddressRange.parse(me),)))
    return Inspection(reading.store, select_policy(reading.store), site, peer)


@settings(max_examples=25, deadline=None)
@given(keys, keys)
@example("password", "password1")
def test_no_finding_shows_a_key(ours: str, theirs: str) -> None:
    peer = inspection("10.0.0.9", "10.0.0.5", theirs)
    found = run(RULES, inspection("10.0.0.5", "10.0.0.9", ours, peer))
    codes = {finding.code for finding in found}
    assert "S43" in codes
    assert ("S42" in codes) == (ours != theirs)
    for finding in found:
        for key in (ours, theirs):
            assert key not in repr(finding).replace("preshared", "")


@pytest.mark.parametrize(
    ("key", "number"),
    [
        ("k7#Vz!pQ92-xLm4@tRw8", 0),
        ("k7#Vz!pQ92-xLm4@tRw", 1),
        ("winter2003", 2),
        ("Summer2003", 2),
        ("secret", 3),
        ("1234567890", 3),
        ("", 3),
        ("correcthorsebatterystaple", 1),
    ],
)
def test_weak_keys_are_told_by_length_kinds_of_characters_and_words(key: str, number: int) -> None:
    assert len(list(weaknesses(Secret(key)))) == number
