"""Addresses are read as the standard library reads them."""

from __future__ import annotations

import ipaddress

from hypothesis import example, given
from hypothesis import strategies as st

from ipsecmig.model.selectors import AddressRange, Family

_numbers = st.integers(0, 300).map(str) | st.sampled_from(["00", "01", "", " 1", "1_0", "٣"])
_addresses = st.lists(_numbers, min_size=3, max_size=5).map(".".join)
_texts = _addresses | st.tuples(_addresses, _numbers).map("/".join)


@given(_texts)
@example("0.0.0.0/0")
@example("255.255.255.255/32")
@example("10.1.2.3/255.255.0.0")
@example("10.0.0.1\n")
def test_blocks_are_read_as_the_standard_library_reads_them(text: str) -> None:
    try:
        network = ipaddress.ip_network(text, strict=False)
    except ValueError:
        wanted = None
    else:
        wanted = AddressRange(Family(network.version), int(network[0]), int(network[-1]))
    try:
        found = AddressRange.parse(text)
    except ValueError:
        found = None
    assert found == wanted
