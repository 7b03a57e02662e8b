"""The site inventory."""

from __future__ import annotations

from pathlib import Path

import pytest
from fake_parts import Cli

from ipsecmig.cli.options import HostOptions
from ipsecmig.cli.site import make_site, read_inventory, read_site
from ipsecmig.errors import InputError
from ipsecmig.model.inventory import (
    AddressPool,
    FirewallKind,
    Gateway,
    Host,
    HostRole,
    Inventory,
    Nat,
    RangeKind,
    Sensitive,
)
from ipsecmig.model.selectors import ANY_PROTOCOL, TCP, AddressRange, PortRange, ServerRole
from ipsecmig.model.site import UNKNOWN_SITE, Site
from ipsecmig.model.windows import WindowsVersion

YAML = """\
# a server
addresses: [10.0.0.5, "2001:db8::5"]
servers:
  dns: [10.0.0.1, 10.0.1.0/24]
  gateway: [10.0.0.250-10.0.0.254]
names:
  DC.example.com: [10.0.0.2]
broadcasts: [10.0.0.255]
windows: 2000
no_default_exempt: 1
"""

JSON = """\
{"addresses": ["10.0.0.5", "2001:db8::5"], "windows": "2000", "no_default_exempt": 1, "broadcasts": ["10.0.0.255"],
 "servers": {"dns": ["10.0.0.1", "10.0.1.0/24"], "gateway": ["10.0.0.250-10.0.0.254"]},
 "names": {"DC.example.com": ["10.0.0.2"]}}
"""


def ranges(*texts: str) -> tuple[AddressRange, ...]:
    return tuple(AddressRange.parse(text) for text in texts)


EXPECTED = Site(
    addresses=ranges("10.0.0.5", "2001:db8::5"),
    servers={
        ServerRole.DNS: ranges("10.0.0.1", "10.0.1.0/24"),
        ServerRole.GATEWAY: ranges("10.0.0.250-10.0.0.254"),
    },
    names={"dc.example.com": ranges("10.0.0.2")},
    broadcasts=ranges("10.0.0.255"),
    windows=WindowsVersion.WINDOWS_2000,
    exemptions=1,
)


@pytest.mark.parametrize(("name", "text"), [("site.yaml", YAML), ("site.json", JSON), ("site.yml", JSON)])
def test_inventory(tmp_path: Path, name: str, text: str) -> None:
    (tmp_path / name).write_text(text)
    assert read_site(tmp_path / name) == EXPECTED


@pytest.mark.parametrize("text", ["", "{}", "# nothing yet\n"])
def test_everything_may_be_left_out(tmp_path: Path, text: str) -> None:
    (tmp_path / "site.yaml").write_text(text)
    assert read_site(tmp_path / "site.yaml") == UNKNOWN_SITE


@pytest.mark.parametrize(
    ("name", "text", "line", "said"),
    [
        ("site.yaml", "addresses: [10.0.0.5\nwindows: xp\n", 2, "is no YAML"),
        ("site.yaml", "windows: xp\nfoo: 1\n", 1, "foo"),
        ("site.yaml", "windows: xp\naddresses:\n  - 10.0.0.5\n  - 10.0.0.0/8\n", 4, "/addresses/1"),
        ("site.yaml", "servers:\n  dns:\n    - nowhere\n", 3, "/servers/dns/0"),
        ("site.yaml", "servers:\n  ntp: [10.0.0.1]\n", 2, "/servers"),
        ("site.yaml", "windows: 95\n", 1, "/windows"),
        ("site.yaml", "no_default_exempt: 4\n", 1, "/no_default_exempt"),
        ("site.yaml", "no_default_exempt: true\n", 1, "/no_default_exempt"),
        ("site.yaml", "addresses: 10.0.0.5\n", 1, "/addresses"),
        ("site.yaml", "windows: xp\nwindows: vista\n", 2, "stands twice"),
        ("site.yaml", "addresses: &a [10.0.0.5]\nbroadcasts: *a\n", 1, "aliases"),
        ("site.yaml", "? [a]\n: b\n", 1, "a key must be a word"),
        ("site.yaml", "windows: !!python/object/apply:os.system [ls]\n", 1, "is no YAML"),
        ("site.yaml", "- 10.0.0.5\n", 1, "/"),
        ("site.yaml", "a: 1\n---\nb: 2\n", 2, "is no YAML"),
        ("site.json", '{"windows": "xp",}\n', 1, "is no JSON"),
        ("site.json", '{"windows": "xp", "windows": "vista"}\n', 0, "stands twice"),
        ("site.json", '{"windows": "95"}\n', 0, "/windows"),
    ],
)
def test_mistake_has_its_place(tmp_path: Path, name: str, text: str, line: int, said: str) -> None:
    (tmp_path / name).write_text(text)
    with pytest.raises(InputError) as raised:
        read_site(tmp_path / name)
    first = raised.value.diagnostics[0]
    assert (first.origin.file, first.origin.line) == (str(tmp_path / name), line)
    assert said in first.message


def test_every_mistake_is_said_at_once(tmp_path: Path) -> None:
    (tmp_path / "site.yaml").write_text("addresses: [a, b]\nbroadcasts: [c]\n")
    with pytest.raises(InputError) as raised:
        read_site(tmp_path / "site.yaml")
    assert len(raised.value.diagnostics) == 3


def test_command_line_wins(tmp_path: Path) -> None:
    (tmp_path / "site.yaml").write_text(YAML)
    options = HostOptions(tmp_path / "site.yaml", ["192.0.2.1"], WindowsVersion.XP)
    site = make_site(options)
    assert (site.addresses, site.windows, site.exemptions) == (ranges("192.0.2.1"), WindowsVersion.XP, 1)


def test_convert_uses_it(cli: Cli, folder: Path) -> None:
    (folder / "site.yaml").write_text(YAML)
    out = cli("convert", "policy.fake", "--to", "fake", "--site", "site.yaml").out
    assert "the source is Windows 2000, with NoDefaultExempt = 1" in out
    assert "addresses are not known" not in out


SURROUNDINGS = """\
addresses: [10.0.0.5]
this: {name: sql1, roles: [dns], domain: corp.example, forest: example}
hosts:
  - {name: dc1, addresses: [10.0.0.1], roles: [dc, dns], ipsec: true, windows: 2003, domain: "", nat_traversal: false}
ranges: [{network: 192.168.0.0/16, kind: wireless}]
gateways: [{address: 203.0.113.1, vendor: other, l2tp: false}, {address: 203.0.113.2}]
nats: [{outside: 203.0.113.9, inside: 10.9.0.0/16}]
sensitive: [{address: 10.0.0.5, protocol: tcp, port: 1433}, {address: 10.0.0.0/24, port: 1000-2000}]
policies: {dc1: "Domain Controllers"}
firewall: icf
boot_mode: stateful
firewall_admits_ike: false
simple_policy_update: true
third_party_client: false
"""


def test_surroundings(tmp_path: Path) -> None:
    (tmp_path / "site.yaml").write_text(SURROUNDINGS)
    (own, server, wireless, gateway, other, outside, inside, subnet) = ranges(
        *("10.0.0.5", "10.0.0.1", "192.168.0.0/16", "203.0.113.1", "203.0.113.2", "203.0.113.9", "10.9.0.0/16"),
        "10.0.0.0/24",
    )
    both = frozenset({HostRole.DOMAIN_CONTROLLER, HostRole.DNS})
    assert read_inventory(tmp_path / "site.yaml") == Inventory(
        site=Site(addresses=(own,)),
        this=Host("sql1", (), frozenset({HostRole.DNS}), domain="corp.example", forest="example"),
        hosts=(Host("dc1", (server,), both, True, WindowsVersion.SERVER_2003, "", nat_traversal=False),),
        pools=(AddressPool(wireless, RangeKind.WIRELESS),),
        gateways=(Gateway(gateway, microsoft=False, l2tp=False), Gateway(other)),
        nats=(Nat(outside, inside),),
        sensitive=(Sensitive(own, TCP, PortRange(1433, 1433)), Sensitive(subnet, ANY_PROTOCOL, PortRange(1000, 2000))),
        policies={"dc1": "Domain Controllers"},
        firewall=FirewallKind.ICF,
        boot_mode="stateful",
        firewall_admits_ike=False,
        simple_policy_update=True,
        third_party_client=False,
    )


@pytest.mark.parametrize(
    "text",
    [
        "hosts: [{name: x}]",
        "hosts: [{name: x, addresses: [nowhere]}]",
        "hosts: [{name: x, addresses: [10.0.0.1], roles: [king]}]",
        "ranges: [{network: 10.0.0.0/8, kind: large}]",
        "sensitive: [{address: 10.0.0.1, port: 70000}]",
        "sensitive: [{address: 10.0.0.1, port: 9-1}]",
        "sensitive: [{address: 10.0.0.1, protocol: carrier-pigeon}]",
        "gateways: [{address: 10.0.0.1, vendor: acme}]",
        "firewall: yes please",
        "nats: [{outside: 10.0.0.1}]",
    ],
)
def test_mistakes_in_the_surroundings(tmp_path: Path, text: str) -> None:
    (tmp_path / "site.yaml").write_text(text)
    with pytest.raises(InputError) as raised:
        read_inventory(tmp_path / "site.yaml")
    (diagnostic,) = raised.value.diagnostics
    assert (diagnostic.code, diagnostic.origin.line) == ("CLI021", 1)
