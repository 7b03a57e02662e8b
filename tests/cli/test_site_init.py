"""`ipsecmig site init`: what it writes can be read, says what the policy mentions, and asserts nothing else."""

from __future__ import annotations

from pathlib import Path

import pytest
from fake_parts import Cli, Outcome

from ipsecmig.cli.app import run
from ipsecmig.cli.guard import exit_code
from ipsecmig.cli.site import read_inventory
from ipsecmig.model.inventory import UNKNOWN_SURROUNDINGS, AddressPool, Gateway, RangeKind
from ipsecmig.model.selectors import AddressRange

SAMPLES = Path(__file__).parents[2] / "samples"
SCRIPTS = sorted(
    path
    for path in SAMPLES.glob("*/*")
    if path.suffix in {".cmd", ".bat", ".netsh", ".ps1"} and "traps" not in path.parts
)

SCRIPT = b"""\
ipsec static
add filterlist name="a # list: \\u00e9"
add filter filterlist="a # list: \\u00e9" srcaddr=me dstaddr=10.0.0.9
add filter filterlist="a # list: \\u00e9" srcaddr=dns dstaddr=me
add filter filterlist="a # list: \\u00e9" srcaddr=me dstaddr=192.168.3.0 dstmask=255.255.255.0
add filter filterlist="a # list: \\u00e9" srcaddr=me dstaddr=198.51.100.0 dstmask=255.255.255.0
add filteraction name=permit action=permit
add filteraction name=secure action=negotiate qmsecmethods="ESP[3DES,SHA1]"
add policy name=p
add rule name=r policy=p filterlist="a # list: \\u00e9" filteraction=permit
add rule name=t policy=p filterlist="a # list: \\u00e9" filteraction=secure tunnel=203.0.113.7
""".decode("unicode_escape")


@pytest.fixture
def cli(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Cli:
    """Return what runs the command line, with the real dialects."""
    monkeypatch.chdir(tmp_path)

    def call(*arguments: str) -> Outcome:
        code = exit_code(lambda: run(arguments))
        return Outcome(code, *capsys.readouterr())

    return call


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda path: path.stem)
def test_of_every_sample_it_can_be_read(cli: Cli, tmp_path: Path, script: Path) -> None:
    result = cli("site", "init", str(script), "-o", str(tmp_path / "site.yaml"))
    assert result.code == 0, result.err
    inventory = read_inventory(tmp_path / "site.yaml")
    assert inventory.site.addresses == ()
    assert inventory.site.servers == {}
    assert inventory.site.names == {}


def test_it_says_what_the_policy_mentions(cli: Cli, tmp_path: Path) -> None:
    (tmp_path / "p.netsh").write_text(SCRIPT, encoding="utf-8")
    assert cli("site", "init", str(tmp_path / "p.netsh"), "-o", str(tmp_path / "site.yaml")).code == 0
    inventory = read_inventory(tmp_path / "site.yaml")
    assert [(host.name, host.addresses) for host in inventory.hosts] == [
        ("host-10-0-0-9", (AddressRange.parse("10.0.0.9"),))
    ]
    assert inventory.pools == (AddressPool(AddressRange.parse("192.168.3.0/24"), RangeKind.INTERNAL),)
    assert inventory.gateways == (Gateway(AddressRange.parse("203.0.113.7")),)
    assert inventory.site == UNKNOWN_SURROUNDINGS.site
    text = (tmp_path / "site.yaml").read_text(encoding="utf-8")
    assert '#   "dns": [192.0.2.1]' in text
    assert '#  - {network: "198.51.100.0/24", kind: internet}' in text


def test_a_file_that_is_there_stays(cli: Cli, tmp_path: Path) -> None:
    (tmp_path / "p.netsh").write_text(SCRIPT, encoding="utf-8")
    (tmp_path / "site.yaml").write_text("windows: xp\n")
    result = cli("site", "init", str(tmp_path / "p.netsh"), "-o", str(tmp_path / "site.yaml"))
    assert (result.code, "there is such a file already" in result.err) == (2, True)
    assert (tmp_path / "site.yaml").read_text() == "windows: xp\n"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["p.netsh", "site.yaml"]


def test_without_a_file_it_goes_to_standard_output(cli: Cli, tmp_path: Path) -> None:
    (tmp_path / "p.netsh").write_text(SCRIPT, encoding="utf-8")
    result = cli("site", "init", str(tmp_path / "p.netsh"))
    assert (result.code, result.out.startswith("# Site inventory for the policy")) == (0, True)
