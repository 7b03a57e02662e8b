"""The readers of XFRM policies and of swanctl.conf, which both end in the kernel's policy database."""

from __future__ import annotations

import pytest

from ipsecmig.model.algorithms import DhGroup, Encryption, Integrity
from ipsecmig.model.packets import parse_packet
from ipsecmig.model.policy import EspTransform, MainModeOffer, Secret
from ipsecmig.model.selectors import AddressRange, PortRange
from ipsecmig.model.treatment import Mode, TunnelSense
from ipsecmig.verify.readback import swanctl, xfrm
from ipsecmig.verify.readback.charon import covering_block, widened_ports
from ipsecmig.verify.target import ReadTarget

OUT = "out tcp 10.9.0.1:1042 > 10.9.0.2:53"
IN = "in tcp 10.9.0.2:53 > 10.9.0.1:1042"


def _fate(target: ReadTarget, packet: str) -> str:
    observed = target.map.at(parse_packet(packet))
    if observed.protection is not None:
        return "use" if observed.clear else "require"
    return "allow" if observed.clear else "block"


@pytest.mark.parametrize(
    ("lines", "packet", "fate"),
    [
        (["src 10.9.0.1 dst 10.9.0.2 dir out action block"], OUT, "block"),
        (["src 10.9.0.1 dst 10.9.0.2 proto udp dir out action block"], OUT, "allow"),
        (["src 10.9.0.1 dst 10.9.0.2 dir out action block"], IN, "allow"),
        (["src 10.9.0.2 dst 10.9.0.1 proto tcp sport 53 dir in action block"], IN, "block"),
        (["src 10.9.0.1 dst 10.9.0.2 proto tcp dport 53 dir out tmpl proto esp mode transport"], OUT, "require"),
        (["src 10.9.0.1 dst 10.9.0.2 dir out tmpl proto esp mode transport level use"], OUT, "use"),
        (
            [
                "src 10.0.0.0/8 dst 10.0.0.0/8 dir out priority 5",
                "src 10.9.0.1 dst 10.9.0.2 dir out priority 6 action block",
            ],
            OUT,
            "allow",
        ),
        (
            [
                "src 10.0.0.0/8 dst 10.0.0.0/8 dir out priority 7",
                "src 10.9.0.1 dst 10.9.0.2 dir out priority 6 action block",
            ],
            OUT,
            "block",
        ),
        (["src 10.0.0.0/8 dst 10.0.0.0/8 dir out", "src 10.9.0.1 dst 10.9.0.2 dir out action block"], OUT, "allow"),
    ],
)
def test_policies(lines: list[str], packet: str, fate: str) -> None:
    target = xfrm.read("\n".join(f"xfrm policy add {line}" for line in lines), "batch")
    assert target.not_understood == ()
    assert _fate(target, packet) == fate


def test_a_live_listing_reads_as_the_batch_that_made_it() -> None:
    listing = """src 10.9.0.1/32 dst 10.9.0.2/32 proto tcp dport 53
\tdir out priority 1010 ptype main
\ttmpl src 0.0.0.0 dst 0.0.0.0
\t\tproto esp reqid 1 mode transport
src 10.9.0.2/32 dst 10.9.0.1/32
\tdir in action block priority 1020 ptype main
src 0.0.0.0/0 dst 0.0.0.0/0
\tsocket in priority 0 ptype main
"""
    tcp = "xfrm policy add src 10.9.0.1 dst 10.9.0.2 proto tcp dport 53"
    batch = f"""{tcp} dir out priority 1010 tmpl proto esp mode transport
xfrm policy add src 10.9.0.2 dst 10.9.0.1 dir in priority 1020 action block
"""
    assert xfrm.looks_like_xfrm(listing)
    assert xfrm.looks_like_xfrm(batch)
    one, other = xfrm.read(listing, "live"), xfrm.read(batch, "batch")
    assert one.not_understood == other.not_understood == ()
    assert one.map.is_equal(other.map)


def test_delete_flush_and_default() -> None:
    add = "xfrm policy add src 10.9.0.1 dst 10.9.0.2 dir out action block"
    gone = "xfrm policy delete src 10.9.0.1 dst 10.9.0.2 dir out"
    assert _fate(xfrm.read(f"{add}\n{gone}", "b"), OUT) == "allow"
    assert _fate(xfrm.read(f"{add}\nxfrm policy flush", "b"), OUT) == "allow"
    assert _fate(xfrm.read("xfrm policy setdefault out block", "b"), OUT) == "block"


def test_a_forwarded_packet_meets_fwd_and_out() -> None:
    forward = "forward tcp 10.5.0.9:1042 > 10.6.0.9:80"
    back = "forward tcp 10.6.0.9:80 > 10.5.0.9:1042"
    tunnel = "tmpl src {} dst {} proto esp reqid 1 mode tunnel"
    text = "\n".join(
        [
            f"xfrm policy add src 10.5.0.0/16 dst 10.6.0.0/16 dir out {tunnel.format('192.0.2.1', '192.0.2.2')}",
            f"xfrm policy add src 10.6.0.0/16 dst 10.5.0.0/16 dir fwd {tunnel.format('192.0.2.2', '192.0.2.1')}",
        ]
    )
    target = xfrm.read(text, "b")
    leaving, arriving = target.map.at(parse_packet(forward)), target.map.at(parse_packet(back))
    assert leaving.protection is not None
    assert arriving.protection is not None
    assert (leaving.protection.sense, arriving.protection.sense) == (TunnelSense.ENCAPSULATE, TunnelSense.DECAPSULATE)
    local, remote = (AddressRange.parse(a).first for a in ("192.0.2.1", "192.0.2.2"))
    assert leaving.protection.ends == arriving.protection.ends == (local, remote)


@pytest.mark.parametrize(
    "line",
    [
        "xfrm policy add src 10.9.0.1 dst 10.9.0.2 action block",
        "xfrm policy add src 10.9.0.1 dst 2001:db8::1 dir out",
        "xfrm policy add src 10.9.0.1 dst 10.9.0.2 dev eth0 dir out",
        "xfrm policy add src 10.9.0.1 dst 10.9.0.2 dir out mark 5",
        "xfrm state add src 10.9.0.1 dst 10.9.0.2 proto esp spi 1",
        "xfrm policy add src 10.9.0.1 dst 10.9.0.2 dir out tmpl proto comp mode transport",
        "nonsense",
    ],
)
def test_what_xfrm_cannot_read_is_named(line: str) -> None:
    target = xfrm.read(f"# comment\n\n{line}\n", "b")
    assert [(u.origin.line, u.text) for u in target.not_understood] == [(3, line)]


CHILD = """connections {{ c {{ version = 1
 local_addrs = 10.9.0.1
 remote_addrs = 10.9.0.2
 proposals = 3des-sha1-modp1024,des-md5-modp768
 reauth_time = 27000
 over_time = 1800
 local {{ auth = psk }}
 remote {{ auth = psk }}
 children {{ t {{ mode = {mode}
   local_ts = {local}
   remote_ts = {remote}
   start_action = {start}
   esp_proposals = 3des-sha1-modp1024
   rekey_time = 3240
   life_time = 3600
   life_bytes = 100000000 }} }} }} }}
secrets {{ ike {{ secret = "{secret}" }} }}
"""


def _child(
    mode: str = "transport", local: str = "dynamic", remote: str = "dynamic", start: str = "trap", secret: str = "s"
) -> ReadTarget:
    text = CHILD.format(mode=mode, local=local, remote=remote, start=start, secret=secret)
    assert swanctl.looks_like_swanctl(text)
    return swanctl.read({"swanctl.conf": text})


def test_everything_that_ike_would_agree_is_read() -> None:
    target = _child(secret="a # b")
    protection = target.map.at(parse_packet(OUT)).protection
    assert protection is not None
    assert protection.mode is Mode.TRANSPORT
    assert protection.transforms == ((EspTransform(Encryption.TRIPLE_DES, Integrity.SHA1),),)
    assert protection.pfs_groups == frozenset({DhGroup.MODP1024})
    assert protection.lifetime == (3600, 100000)
    assert protection.main_mode_seconds == 28800
    assert protection.authentication == ("psk",)
    assert protection.preshared_key == Secret("a # b")
    assert protection.main_mode_offers == (
        MainModeOffer(Encryption.TRIPLE_DES, Integrity.SHA1, DhGroup.MODP1024),
        MainModeOffer(Encryption.DES, Integrity.MD5, DhGroup.MODP768),
    )


@pytest.mark.parametrize(
    ("changes", "packet", "fate"),
    [
        ({}, OUT, "require"),
        ({}, IN, "require"),
        ({"start": "none"}, OUT, "allow"),
        ({"start": "start"}, OUT, "allow"),
        ({"local": "dynamic[tcp]", "remote": "dynamic[tcp/53]"}, OUT, "require"),
        ({"local": "dynamic[tcp]", "remote": "dynamic[tcp/54]"}, OUT, "allow"),
        ({"local": "dynamic[tcp]", "remote": "dynamic[tcp/50-52]"}, OUT, "require"),
        ({"local": "dynamic[tcp]", "remote": "dynamic[tcp/56-63]"}, OUT, "allow"),
        ({"mode": "drop"}, OUT, "block"),
        ({"mode": "pass"}, IN, "allow"),
    ],
)
def test_child(changes: dict[str, str], packet: str, fate: str) -> None:
    target = _child(**changes)
    assert target.not_understood == ()
    assert _fate(target, packet) == fate


@pytest.mark.parametrize(
    ("peers", "owners", "key"),
    [
        ("10.9.0.2", {"one": ""}, "one"),
        ("10.9.0.2", {"one": "10.9.0.2"}, "one"),
        ("10.9.0.2", {"one": "10.9.0.0/24"}, "one"),
        ("10.9.0.2", {"one": "10.9.0.2-10.9.0.7"}, "one"),
        ("10.9.0.0/25", {"one": "10.9.0.0/24"}, "one"),
        ("10.9.0.2/32", {"one": "10.9.0.2", "other": "10.9.0.0/24"}, "one"),
        ("10.9.0.2", {"one": "10.9.0.0/24", "other": "10.8.0.0/16"}, "one"),
        ("10.9.0.2", {"one": "10.9.0.0/24", "other": "10.0.0.0/8"}, None),
        ("10.9.0.0/16", {"one": "10.9.0.0/24"}, None),
        ("%any", {"one": "10.9.0.0/24"}, None),
        ("10.9.0.2", {"one": "%any"}, None),
        ("10.9.0.2", {"one": "10.9.0.0/33"}, None),
        ("10.9.0.2", {"one": "*.example.com"}, None),
    ],
)
def test_the_key_is_that_of_the_peer_or_of_a_block_around_it(
    peers: str, owners: dict[str, str], key: str | None
) -> None:
    base = CHILD.format(mode="transport", local="dynamic", remote="10.9.0.2", start="trap", secret="s")
    rows = ((secret, f"\n id-1 = {owner}" if owner else "") for secret, owner in owners.items())
    secrets = "".join(f"\n ike-{n} {{ secret = {secret}{owner} }}" for n, (secret, owner) in enumerate(rows))
    text = base.replace("remote_addrs = 10.9.0.2", f"remote_addrs = {peers}")
    target = swanctl.read({"c": text[: text.index("secrets {")] + f"secrets {{ {secrets} }}\n"})
    assert bool(target.not_understood) == (key is None)
    if key is not None:
        protection = target.map.at(parse_packet(OUT)).protection
        assert protection is not None
        assert protection.preshared_key == Secret(key)


def test_pass_beats_protect_beats_drop_without_priorities() -> None:
    shunt = "\n{} {{ mode = {}\n local_ts = 0.0.0.0/0\n remote_ts = {}\n start_action = trap }}"
    base = CHILD.format(mode="transport", local="dynamic", remote="dynamic", start="trap", secret="s")
    wide = shunt.format("wide", "pass", "10.0.0.0/8")
    narrow = shunt.format("narrow", "drop", "10.9.0.2/32")
    for extra, fate in ((wide, "allow"), (narrow, "require"), (wide + narrow, "allow")):
        text = base.replace("children {", "children {" + extra)
        assert _fate(swanctl.read({"c": text}), OUT) == fate


def test_inheritance_and_includes() -> None:
    base = CHILD.format(mode="transport", local="dynamic", remote="dynamic", start="trap", secret="s")
    derived = base.replace("connections { c {", "base { children { t { priority = 7 } } }\nconnections { c : base {")
    assert swanctl.read({"c": derived}).not_understood == ()
    missing = swanctl.read({"c": base.replace("c { version", "c : nowhere { version")})
    assert "nowhere" in missing.not_understood[0].reason
    assert swanctl.read({"c": base + "include other.conf\n"}).not_understood
    assert not swanctl.read({"c": base + "include conf.d/*.conf\n", "conf.d/x.conf": "pools { }\n"}).not_understood


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("version = 1", "version = 2"),
        ("proposals = 3des", "proposals = xyz"),
        ("esp_proposals = 3des-sha1-modp1024", ""),
        ("auth = psk", "auth = xauth"),
        ("life_time = 3600", "life_time = soon"),
        ("local_ts = dynamic", "local_ts = dynamic[tcp]"),
        ("remote_ts = dynamic", "remote_ts = 10.0.0"),
        ("start_action", "mark_in = 5\n start_action"),
        ("connections {", "connections { ]"),
    ],
)
def test_what_swanctl_cannot_read_is_named(old: str, new: str) -> None:
    text = CHILD.format(mode="transport", local="dynamic", remote="dynamic", start="trap", secret="Hidden-Key")
    target = swanctl.read({"c": text.replace(old, new, 1)})
    assert target.not_understood
    assert "Hidden-Key" not in repr(target.not_understood)


@pytest.mark.parametrize(
    ("ports", "widened"), [((1000, 1002), (1000, 1003)), ((100, 9999), (0, 16383)), ((80, 80), (80, 80))]
)
def test_charon_widens_ports(ports: tuple[int, int], widened: tuple[int, int]) -> None:
    assert widened_ports(PortRange(*ports)) == PortRange(*widened)


def test_charon_widens_addresses() -> None:
    assert covering_block(AddressRange.parse("10.9.0.5-10.9.0.9")) == AddressRange.parse("10.9.0.0/28")
