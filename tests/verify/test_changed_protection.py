"""Protection changed in a target's text: exactly the parameters that differ are named, where they are compared.

The expected names are what the changed words mean by the manual of the target.
"""

from __future__ import annotations

import re

import pytest
from handmade import compare_text, store_text

from ipsecmig.emit.registry import TARGETS
from ipsecmig.model.flatten import flatten
from ipsecmig.model.selectors import AddressRange
from ipsecmig.model.site import Site
from ipsecmig.model.targets import EmissionRequest
from ipsecmig.verify.compare import Comparison, Result
from ipsecmig.verify.readback.registry import is_configuration

SITE = Site(addresses=(AddressRange.parse("10.0.0.1"),))
POLICY = """ipsec static
add policy name="P" activatedefaultrule=no mmlifetime=240 mmsecmethods="3DES-SHA1-2 DES-MD5-1" assign=yes
add filterlist name="one"
add filter filterlist="one" srcaddr=me dstaddr=10.1.1.1 protocol=TCP mirrored=yes
add filteraction name="secure" action=negotiate inpass=no soft=no qmpfs=no \
qmsecmethods="ESP[3DES,SHA1]:100000k/3600s ESP[DES,MD5]:100000k/3600s"
add rule name="r" policy="P" filterlist="one" filteraction="secure" psk="Open-Sesame"
"""
TUNNEL = """ipsec static
add policy name="P" activatedefaultrule=no mmsecmethods="3DES-SHA1-2" assign=yes
add filterlist name="out"
add filterlist name="in"
add filter filterlist="out" srcaddr=10.2.0.0 srcmask=255.255.0.0 dstaddr=10.3.0.0 dstmask=255.255.0.0 mirrored=no
add filter filterlist="in" srcaddr=10.3.0.0 srcmask=255.255.0.0 dstaddr=10.2.0.0 dstmask=255.255.0.0 mirrored=no
add filteraction name="secure" action=negotiate inpass=no soft=no qmpfs=no qmsecmethods="ESP[3DES,SHA1]:100000k/3600s"
add rule name="o" policy="P" filterlist="out" filteraction="secure" tunnel=10.9.9.9 psk="Open-Sesame"
add rule name="i" policy="P" filterlist="in" filteraction="secure" tunnel=10.0.0.1 psk="Open-Sesame"
"""

Names = frozenset[str]
NOT_SAID = "not understood"
"""The verdict on a configuration that is not modelled."""


def verdict(policy: str, name: str, pattern: str, other: str) -> set[Names] | str:
    """Return the sets of parameters in which the changed target differs; what passes otherwise is an empty set."""
    comparison = compared(policy, name, pattern, other)
    if comparison.undecided:
        return NOT_SAID
    assert (comparison.result is Result.EQUAL) == (not comparison.differences)
    return {frozenset(d.parameters) for d in comparison.differences}


def compared(policy: str, name: str, pattern: str, other: str) -> Comparison:
    """Compare `policy` with what the target `name` gets for it, changed by a regular expression that must match."""
    store = store_text(policy, "policy.netsh")
    flat = flatten(store, store.policies[0], SITE)
    (target,) = (t for t in TARGETS if t.name == name)
    files = [f for f in target.emit(EmissionRequest(store, flat.policy, flat)).files if is_configuration(f.path)]
    changed = [(f.path, *re.subn(pattern, other, f.content.decode(), flags=re.MULTILINE)) for f in files]
    assert any(times for _, _, times in changed)
    return compare_text(flat, *((path, text) for path, text, _ in changed))


@pytest.mark.parametrize("policy", [POLICY, TUNNEL], ids=["transport", "tunnel"])
@pytest.mark.parametrize("name", ["xfrm", "strongswan", "netsh"])
def test_what_is_not_changed_is_equal(policy: str, name: str) -> None:
    assert verdict(policy, name, r"\A", "") == set()


Row = tuple[str, str, set[str] | str | None]
"""What is changed into what, and the names; a word where the answer is another, None where nothing differs."""

TRANSFORMS = {"transforms"}
NETSH: dict[str, Row] = {
    "cipher": (r"ESP\[3DES,SHA1\]", "ESP[DES,SHA1]", TRANSFORMS),
    "hash": (r"ESP\[3DES,SHA1\]", "ESP[3DES,MD5]", TRANSFORMS),
    "no cipher": (r"ESP\[3DES,SHA1\]", "ESP[NONE,SHA1]", TRANSFORMS),
    "another protocol": (r"ESP\[3DES,SHA1\]", "AH[SHA1]", {"protocols", "transforms"}),
    "two protocols": (r"ESP\[3DES,SHA1\]", "AH[SHA1]+ESP[3DES,SHA1]", {"protocols", "transforms"}),
    "order": (r'"(ESP\S+) (ESP\S+)"', r'"\2 \1"', TRANSFORMS),
    "an offer less": (r' ESP\[DES,MD5\]\S+"', '"', {"transforms", "offer_lifetimes"}),
    "seconds": (r"100000k/3600s", "100000k/900s", {"offer_lifetimes"}),
    "kilobytes": (r"100000k/3600s", "50000k/3600s", {"offer_lifetimes"}),
    "kilobytes of one": (r'100000k(/3600s")', r"900000k\1", {"offer_lifetimes"}),
    "quick modes": (r"qmpermm=0", "qmpermm=5", {"quick_mode_limit"}),
    "master key PFS": (r"mmpfs=no qmpermm=0", "mmpfs=yes qmpermm=1", {"main_mode_pfs", "quick_mode_limit"}),
    "PFS": (r"qmpfs=no", "qmpfs=yes", {"pfs_groups"}),
    "main mode cipher": (r"3DES-SHA1-2", "DES-SHA1-2", {"main_mode_offers"}),
    "main mode hash": (r"3DES-SHA1-2", "3DES-MD5-2", {"main_mode_offers"}),
    "main mode group": (r"3DES-SHA1-2", "3DES-SHA1-1", {"main_mode_offers"}),
    "main mode order": (r"3DES-SHA1-2 DES-MD5-1", "DES-MD5-1 3DES-SHA1-2", {"main_mode_offers"}),
    "main mode lifetime": (r"mmlifetime=240", "mmlifetime=480", {"main_mode_seconds"}),
    "key": (r'psk="[^"]*"', 'psk="another"', {"preshared_key"}),
    "method": (r'psk="[^"]*"', "kerberos=yes", {"authentication"}),
    "authority": (r'psk="[^"]*"', 'rootca="CN=Root"', {"authentication"}),
    "clear when nobody answers": (r"soft=no", "soft=yes", set()),
    "clear let in": (r"inpass=no", "inpass=yes", set()),
    "no protection": (r"action=negotiate", "action=permit", set()),
}
SWANCTL: dict[str, Row] = {
    "cipher": (r"esp_proposals = 3des-sha1", "esp_proposals = des-sha1", TRANSFORMS),
    "hash": (r"esp_proposals = 3des-sha1", "esp_proposals = 3des-md5", TRANSFORMS),
    "no cipher": (r"esp_proposals = 3des-sha1", "esp_proposals = null-sha1", TRANSFORMS),
    "another protocol": (r"esp_proposals = .*", "ah_proposals = sha1", {"protocols", "transforms"}),
    "order": (r"esp_proposals = (.*),(.*)", r"esp_proposals = \2,\1", TRANSFORMS),
    "an offer less": (r"esp_proposals = (.*),(.*)", r"esp_proposals = \1", TRANSFORMS),
    "an offer more": (r"(esp_proposals = .*)", r"\1,null-md5", TRANSFORMS),
    "seconds": (r"life_time = 3600s", "life_time = 2h", {"lifetime"}),
    "bytes": (r"life_bytes = 100000000", "life_bytes = 1G", {"lifetime"}),
    "seconds from rekeying": (r"^ *life_time = .*\n", "", {"lifetime"}),
    "PFS": (r"(esp_proposals = \S+?),(\S+)", r"\1-modp1024,\2-modp1024", {"pfs_groups"}),
    "phase 1 cipher": (r" proposals = 3des-sha1-modp1024", " proposals = des-sha1-modp1024", {"main_mode_offers"}),
    "phase 1 hash": (r" proposals = 3des-sha1-modp1024", " proposals = 3des-md5-modp1024", {"main_mode_offers"}),
    "phase 1 group": (r" proposals = 3des-sha1-modp1024", " proposals = 3des-sha1-modp768", {"main_mode_offers"}),
    "phase 1 order": (r" proposals = (3des\S+),(des\S+)", r" proposals = \2,\1", {"main_mode_offers"}),
    "phase 1 lifetime": (r"over_time = .*", "over_time = 3h", {"main_mode_seconds"}),
    "key": (r"secret = .*", 'secret = "another"', {"preshared_key"}),
    "method": (r"auth = psk", "auth = pubkey", {"authentication"}),
    "default proposals": (r"esp_proposals = .*", "esp_proposals = default", NOT_SAID),
    "IKEv2": (r"version = 1", "version = 2", NOT_SAID),
    "aggressive": (r"aggressive = no", "aggressive = yes", NOT_SAID),
    "mode": (r"mode = transport", "mode = tunnel", {"mode"}),
    "random times": (r"rand_time = .*", "rand_time = 7s", None),
}
XFRM: dict[str, Row] = {
    "protocol": (r"proto esp reqid", "proto ah reqid", {"protocols"}),
    "two protocols": (r"( tmpl) proto esp(.*)$", r"\1 proto esp\2\1 proto ah\2", {"protocols"}),
    "mode": (r"mode transport", "mode tunnel", {"mode"}),
    "clear too": (r"level required", "level use", set()),
    "no template": (r" tmpl .*", " action allow", set()),
    "reqid": (r"reqid 1", "reqid 2", None),
    "a template of compression": (r"proto esp reqid", "proto comp reqid", NOT_SAID),
    "another mode": (r"mode transport", "mode beet", NOT_SAID),
}
TUNNELS: dict[tuple[str, str], Row] = {
    ("netsh", "far end"): (r"tunnel=10\.9\.9\.9", "tunnel=10.9.9.8", {"ends"}),
    ("netsh", "no tunnel"): (r" tunnel=\S+", "", {"mode"}),
    ("strongswan", "far end"): (r"remote_addrs = 10\.9\.9\.9(/32)?", "remote_addrs = 10.9.9.8", {"ends"}),
    ("xfrm", "far end"): (r"(tmpl .*)10\.9\.9\.9", r"\g<1>10.9.9.8", {"ends"}),
    ("xfrm", "mode"): (r"tmpl src \S+ dst \S+ (.*)mode tunnel", r"tmpl \1mode transport", {"mode"}),
}


def rows() -> list[object]:
    """Return the cases of every target: policy, target, what is changed into what, and the verdict."""
    tables = {"netsh": NETSH, "strongswan": SWANCTL, "xfrm": XFRM}
    found = [(POLICY, name, row, what) for name, table in tables.items() for what, row in table.items()]
    found += [(TUNNEL, name, row, f"tunnel: {what}") for (name, what), row in TUNNELS.items()]
    return [pytest.param(policy, name, *row, id=f"{name}: {what}") for policy, name, row, what in found]


@pytest.mark.parametrize(("policy", "name", "pattern", "other", "names"), rows())
def test_changed_protection_is_told_by_name(
    policy: str, name: str, pattern: str, other: str, names: set[str] | str | None
) -> None:
    expected = set() if names is None else names if isinstance(names, str) else {frozenset(names)}
    assert verdict(policy, name, pattern, other) == expected


def test_charon_traps_nothing_in_transport_mode_for_networks_behind_the_ends() -> None:
    """All of it passes in clear, so that the mode is not what differs."""
    assert verdict(TUNNEL, "strongswan", "mode = tunnel", "mode = transport") == {frozenset()}
