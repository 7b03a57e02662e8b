"""The site inventory."""

from __future__ import annotations

from pathlib import Path

import pytest
from fake_parts import Cli

from ipsecmig.cli.options import SiteOptions
from ipsecmig.cli.site import make_site, read_site
from ipsecmig.errors import InputError
from ipsecmig.model.selectors import AddressRange, ServerRole
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
    options = SiteOptions(tmp_path / "site.yaml", ("192.0.2.1",), WindowsVersion.XP)
    site = make_site(options)
    assert (site.addresses, site.windows, site.exemptions) == (ranges("192.0.2.1"), WindowsVersion.XP, 1)


def test_convert_uses_it(cli: Cli, folder: Path) -> None:
    (folder / "site.yaml").write_text(YAML)
    out = cli("convert", "policy.fake", "--to", "fake", "--site", "site.yaml").out
    assert "the source is Windows 2000, with NoDefaultExempt = 1" in out
    assert "addresses are not known" not in out
