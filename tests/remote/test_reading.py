"""Evidence read back: the policy that the host has, and undecided wherever something of it is missing."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
import show_output
from host_evidence import gather, write_host

from ipsecmig.cli.options import Inputs
from ipsecmig.cli.sources import read_sources
from ipsecmig.dialects.base import Evidence, Reading, ReadOptions, Source
from ipsecmig.dialects.registry import read
from ipsecmig.errors import InputError, UsageError
from ipsecmig.model.flatten import flatten, host_of, select_policy
from ipsecmig.model.policy import PolicyStore
from ipsecmig.model.windows import WindowsVersion
from ipsecmig.remote.commands import POLICIES, REGISTRY_JSON, SHOW_POLICIES
from ipsecmig.remote.evidence import Answered
from ipsecmig.remote.reading import windows_of
from ipsecmig.testing.answer import Answer
from ipsecmig.testing.host import Host
from ipsecmig.testing.languages import Language
from ipsecmig.testing.policies import registry_keys
from ipsecmig.testing.releases import Release
from ipsecmig.verify.compare import Result, compare
from ipsecmig.verify.readback.windows import read_policy

SECURE_SERVER = Path(__file__).resolve().parents[2] / "samples" / "recommended" / "secure-server.cmd"
KEY = "HKEY_LOCAL_MACHINE\\" + POLICIES.path


def source() -> PolicyStore:
    return read(Source("secure-server.cmd", SECURE_SERVER.read_bytes()), ReadOptions()).store


def read_folder(*folders: Path, forced: str | None = None) -> Reading:
    return read_sources(Inputs(tuple(map(str, folders)), forced))


def codes(reading: Reading) -> set[str]:
    return {one.code for one in reading.diagnostics}


def same(store: PolicyStore, other: PolicyStore) -> bool:
    site = host_of((store, other))
    flat, read_back = (flatten(one, select_policy(one), site) for one in (store, other))
    return compare(flat, [read_policy(read_back)]).result is Result.EQUAL


@pytest.mark.parametrize("release", Release)
@pytest.mark.parametrize("language", [Language.GERMAN, Language.CHINESE])
def test_the_policy_is_that_of_the_host(tmp_path: Path, release: Release, language: Language) -> None:
    store = source()
    host = Host(release=release, language=language, keys=registry_keys(store))
    reading = read_folder(write_host(tmp_path / "host", host))
    assert reading.evidence is Evidence.STORE
    assert reading.store.not_understood == ()
    assert same(store, reading.store)
    assert reading.store.settings.service_disabled is False
    before_vista = release is Release.WINDOWS_2003
    assert reading.store.settings.windows is (WindowsVersion.SERVER_2003 if before_vista else WindowsVersion.VISTA)


@pytest.mark.parametrize(
    ("version", "windows"),
    [
        ("5.0.2195", WindowsVersion.WINDOWS_2000),
        ("5.1.2600", WindowsVersion.XP),
        ("5.2.3790", WindowsVersion.SERVER_2003),
        ("6.0.6002", WindowsVersion.VISTA),
        ("10.0.26100", WindowsVersion.VISTA),
        ("4.0.1381", None),
        ("5.3", None),
        ("", None),
        ("x.y", None),
    ],
)
def test_which_windows_a_version_is(version: str, windows: WindowsVersion | None) -> None:
    assert windows_of(version) is windows


def test_the_folder_above_is_the_host_if_there_is_one_only(tmp_path: Path) -> None:
    host = Host(keys=registry_keys(source()))
    write_host(tmp_path / "a", host)
    write_host(tmp_path / ".ipsecmig-unfinished" / "new", host)
    assert read_folder(tmp_path) == read_folder(tmp_path / "a")
    write_host(tmp_path / "b", host)
    with pytest.raises(InputError) as caught:
        read_folder(tmp_path)
    assert caught.value.diagnostics[0].code == "EV014"


def test_evidence_and_a_script_of_the_same_host(tmp_path: Path) -> None:
    folder = write_host(tmp_path / "host", Host(keys=registry_keys(source())))
    assert read_folder(folder, SECURE_SERVER).store.not_understood == ()


def test_a_format_cannot_be_forced_on_a_folder(tmp_path: Path) -> None:
    folder = write_host(tmp_path / "host", Host())
    with pytest.raises(UsageError, match="--from has nothing to say"):
        read_folder(folder, forced="reg-query")


@pytest.mark.parametrize("release", Release)
def test_a_host_without_policies_has_none(tmp_path: Path, release: Release) -> None:
    store = read_folder(write_host(tmp_path / "host", Host(release=release))).store
    assert (store.policies, store.not_understood) == ((), ())


@pytest.mark.parametrize("release", Release)
@pytest.mark.parametrize("denied", [KEY, KEY + r"\Policy\Local"])
def test_what_may_not_be_read_is_not_known(tmp_path: Path, release: Release, denied: str) -> None:
    host = Host(release=release, keys=registry_keys(source()), denied=(denied,))
    reading = read_folder(write_host(tmp_path / "host", host))
    assert reading.store.not_understood
    assert "EV011" in codes(reading)


@pytest.mark.parametrize("release", [Release.WINDOWS_2008, Release.WINDOWS_2012])
def test_a_script_that_failed_leaves_everything_open(tmp_path: Path, release: Release) -> None:
    host = Host(release=release, keys=registry_keys(source()))
    answers = [replace(one, exit_code=1) if one.command.name.startswith("registry") else one for one in gather(host)]
    reading = read_folder(write_host(tmp_path / "host", host, answers))
    assert [one.reason for one in reading.store.not_understood] == ["PowerShell ended with exit code 1"]


def test_evidence_without_the_registry_is_none(tmp_path: Path) -> None:
    host = Host(keys=registry_keys(source()))
    answers = [one for one in gather(host) if one.command is not REGISTRY_JSON]
    assert read_folder(write_host(tmp_path / "host", host, answers)).store.not_understood


@pytest.mark.parametrize("release", [Release.WINDOWS_2008, Release.WINDOWS_2012])
def test_a_registry_that_was_cut_off_is_refused(tmp_path: Path, release: Release) -> None:
    host = Host(release=release, keys=registry_keys(source()))

    def cut(one: Answered) -> Answered:
        return replace(one, stdout=one.stdout[:-50]) if one.command.name.startswith("registry") else one

    folder = write_host(tmp_path / "host", host, [cut(one) for one in gather(host)])
    with pytest.raises(InputError) as caught:
        read_folder(folder)
    assert caught.value.diagnostics[0].code == "EV010"


def shown(text: str, language: Language = Language.ENGLISH, release: Release = Release.WINDOWS_2012) -> Host:
    page = "utf-8" if release is Release.WINDOWS_2012 else {Language.GERMAN: "cp850"}[language]
    answers = {SHOW_POLICIES.line: Answer(text.encode(page))}
    return Host(release=release, language=language, keys=registry_keys(source()), answers=answers)


def test_what_netsh_prints_agrees(tmp_path: Path) -> None:
    reading = read_folder(write_host(tmp_path / "host", shown(show_output.render(source()))))
    assert reading.store.not_understood == ()
    assert not any(one.code == "EV012" and "show-policies" in one.origin.file for one in reading.diagnostics)


def test_old_hosts_print_in_their_own_code_page(tmp_path: Path) -> None:
    text = show_output.render(source()).replace("Payroll", "Gehälter")
    folder = write_host(tmp_path / "host", shown(text, Language.GERMAN, Release.WINDOWS_2008))
    reading = read_folder(folder)
    assert any("Gehälter" in one.text for one in reading.store.not_understood)


def test_what_netsh_prints_contradicts(tmp_path: Path) -> None:
    store = source()
    fewer = replace(store, policies=tuple(replace(one, rules=one.rules[:1]) for one in store.policies))
    reading = read_folder(write_host(tmp_path / "host", shown(show_output.render(fewer))))
    assert "CLI005" in codes(reading)
    assert reading.store.not_understood
    assert same(store, replace(reading.store, not_understood=()))


@pytest.mark.parametrize("said", [b"", b"\xff\xfe\xfd", b"Befehl nicht gefunden.\r\n"])
def test_what_netsh_prints_may_mean_nothing(tmp_path: Path, said: bytes) -> None:
    host = Host(keys=registry_keys(source()), answers={SHOW_POLICIES.line: Answer(said)})
    reading = read_folder(write_host(tmp_path / "host", host))
    assert reading.store.not_understood == ()
    assert "EV012" in codes(reading)
