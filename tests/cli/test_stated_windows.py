"""The version of Windows that evidence states counts in every command, unless the user says another."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from extraction import SECURE_SERVER, store_of
from fake_parts import Cli, Outcome
from host_evidence import write_host

from ipsecmig.cli.app import run
from ipsecmig.cli.guard import exit_code
from ipsecmig.cli.site import read_site
from ipsecmig.model.serial import loads
from ipsecmig.model.windows import TRAITS, WindowsVersion
from ipsecmig.testing.host import Host
from ipsecmig.testing.policies import registry_keys
from ipsecmig.testing.releases import Release

SCRIPT = str(SECURE_SERVER)
XP, SERVER_2003, VISTA = WindowsVersion.XP, WindowsVersion.SERVER_2003, WindowsVersion.VISTA
RELEASES = [(Release.WINDOWS_2003, SERVER_2003), (Release.WINDOWS_2012, VISTA)]


@pytest.fixture
def cli(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Cli:
    """Return what runs the command line in a folder with evidence of hosts of every release: `2003`, `2012`."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("NO_COLOR", "1")
    for release, _ in RELEASES:
        write_host(Path("hosts", release.value), Host(release=release, keys=registry_keys(store_of())))
    Path("site.yaml").write_text("windows: 2000\n")

    def call(*arguments: str) -> Outcome:
        code = exit_code(lambda: run(arguments))
        return Outcome(code, *capsys.readouterr())

    return call


def is_read_as(windows: WindowsVersion, assumptions: list[str]) -> bool:
    """Whether the version is `windows`, and none is taken for want of a statement."""
    (version,) = (one for one in assumptions if one.startswith("the source is "))
    known = not any("is not known: it is taken as" in one for one in assumptions)
    return known and version.startswith(f"the source is {TRAITS[windows].title}, ")


def document(outcome: Outcome) -> Any:
    assert outcome.code == 0, outcome.err
    return json.loads(outcome.out)


@pytest.mark.parametrize(("release", "stated"), RELEASES)
@pytest.mark.parametrize(
    ("options", "overriding"),
    [
        ((), None),
        (("--windows", "xp"), XP),
        (("--site", "site.yaml"), WindowsVersion.WINDOWS_2000),
        (("--site", "site.yaml", "--windows", "xp"), XP),
    ],
)
def test_the_user_goes_before_the_evidence(
    cli: Cli, release: Release, stated: WindowsVersion, options: tuple[str, ...], overriding: WindowsVersion | None
) -> None:
    folder, windows = f"hosts/{release.value}", overriding or stated
    converted = cli(
        "convert", folder, "--to", "nftables,netsh,ldif", "--fail-on", "never", "--format", "json", *options
    )
    assert is_read_as(windows, document(converted)["assumptions"])
    shown = cli("show", folder, "--flat", "--format", "json", *options)
    assert is_read_as(windows, document(shown)["assumptions"])


def test_where_nothing_states_it_that_is_said(cli: Cli) -> None:
    assumptions = document(cli("show", SCRIPT, "--flat", "--format", "json"))["assumptions"]
    assert "the source's version of Windows is not known: it is taken as Windows Server 2003" in assumptions


@pytest.mark.parametrize(
    ("release", "met"), [(Release.WINDOWS_2003, "does not filter IPv6"), (Release.WINDOWS_2012, "neighbour discovery")]
)
def test_the_other_commands_see_it_too(cli: Cli, release: Release, met: str) -> None:
    folder = f"hosts/{release.value}"
    assert met in cli("verify", folder, "--against", SCRIPT).out
    assert cli("convert", folder, "--to", "nftables", "-o", "out", "--fail-on", "never").code == 0
    assert met in cli("verify", folder, "--against", "out/ipsecmig.nft").out
    traced = cli("trace", folder, "out icmpv6 2001:db8::1 > 2001:db8::2")
    assert ("neighbour-discovery" in traced.out) is (release is Release.WINDOWS_2012)


@pytest.mark.parametrize(("release", "stated"), RELEASES)
def test_what_one_of_two_sources_does_not_state_is_no_difference(
    cli: Cli, release: Release, stated: WindowsVersion
) -> None:
    folder = f"hosts/{release.value}"
    for pair in ((folder, SCRIPT), (SCRIPT, folder)):
        compared = document(cli("diff", *pair, "--format", "json"))
        assert compared["result"] == "equal"
        assert is_read_as(stated, compared["assumptions"])


def test_evidence_is_verified_against_a_script(cli: Cli) -> None:
    assert document(cli("verify", SCRIPT, "--against", "hosts/2003", "--format", "json"))["result"] == "equal"
    other = Path("other.cmd")
    other.write_bytes(SECURE_SERVER.read_bytes().replace(b"dstaddr=%DC2% protocol=any", b"dstaddr=%DC2% protocol=udp"))
    compared = cli("verify", str(other), "--against", "hosts/2003", "--format", "json")
    assert (compared.code, json.loads(compared.out)["result"]) == (1, "different")


def test_a_target_that_cannot_say_it_loses_nothing(cli: Cli) -> None:
    assert cli("convert", "hosts/2012", "--to", "ldif,netsh", "-o", "out", "--fail-on", "never").code == 0
    for file in ("ipsecmig.ldf", "ipsecmig.netsh"):
        assert cli("diff", "hosts/2012", f"out/{file}").code == 0


@pytest.mark.parametrize(("release", "stated"), RELEASES)
def test_it_survives_in_what_is_written_from_the_evidence(cli: Cli, release: Release, stated: WindowsVersion) -> None:
    folder = f"hosts/{release.value}"
    assert loads(cli("show", folder, "--format", "json").out).settings.windows is stated
    assert cli("site", "init", folder, "-o", "new.yaml").code == 0
    assert read_site(Path("new.yaml")).windows is stated


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ((), {"2003": SERVER_2003, "2012": VISTA, "script": None}),
        (("--site", "site.yaml"), {"2003": SERVER_2003, "2012": VISTA, "script": WindowsVersion.WINDOWS_2000}),
        (("--site", "site.yaml", "--windows", "xp"), {"2003": XP, "2012": XP, "script": XP}),
    ],
)
def test_the_inventory_of_a_fleet_is_for_hosts_that_do_not_state_it(
    cli: Cli, options: tuple[str, ...], expected: dict[str, WindowsVersion | None]
) -> None:
    Path("hosts/script.cmd").write_bytes(SECURE_SERVER.read_bytes())
    groups = document(cli("fleet", "hosts", "--format", "json", "--fail-on", "never", *options))["groups"]
    found = {host: group["assumptions"] for group in groups for host in group["hosts"]}
    assert found.keys() == expected.keys()
    for host, windows in expected.items():
        assert is_read_as(windows or SERVER_2003, found[host]) is (windows is not None)
