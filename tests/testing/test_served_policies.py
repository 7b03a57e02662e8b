"""A policy that a host serves is the policy: read back from what its programs print, it means the same."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
import winrm
from windows_hosts import from_json

from ipsecmig.cli.options import HostOptions
from ipsecmig.cli.site import make_site
from ipsecmig.dialects.base import ReadOptions, Source
from ipsecmig.dialects.registry import read
from ipsecmig.errors import UsageError
from ipsecmig.model.flatten import FlatPolicy, flatten, select_policy
from ipsecmig.model.policy import HostSettings, PolicyStore, StoreKind, StoreLocation
from ipsecmig.model.site import Site
from ipsecmig.remote.commands import REGISTRY_JSON, REGISTRY_TEXT, SHOW_ALL
from ipsecmig.stored.registry import RegistryKey
from ipsecmig.testing.host import Host
from ipsecmig.testing.languages import SPEECH, Language, codec
from ipsecmig.testing.policies import registry_keys
from ipsecmig.testing.releases import Release
from ipsecmig.verify.compare import Result, compare
from ipsecmig.verify.readback.windows import read_policy

SAMPLES = Path(__file__).resolve().parents[2] / "samples"
SECURE_SERVER = SAMPLES / "recommended" / "secure-server.cmd"
FOLDERS = ("everyday", "recommended", "not-recommended", "special-considerations")
DYNAMIC = SAMPLES / "everyday" / "incident.netsh"
"""Rules that are in force until the service stops, and are kept nowhere."""

SCRIPTS = sorted(
    path
    for folder in FOLDERS
    for path in (SAMPLES / folder).iterdir()
    if path.suffix in {".cmd", ".netsh"} and path != DYNAMIC
)


def store_of(data: bytes, name: str, encoding: str | None = None, dialect: str | None = None) -> PolicyStore:
    return read(Source(name, data), ReadOptions(encoding=encoding), dialect).store


def site_of(sample: Path) -> Site:
    return make_site(HostOptions(sample.with_suffix(".site.yaml")))


def flat(store: PolicyStore, sample: Path) -> FlatPolicy:
    return flatten(store, select_policy(store), site_of(sample))


def printed(host: Host, code_page: int | None = None) -> bytes:
    """Return all that `reg query` prints about the keys that matter."""
    return b"".join(host.run(command.line, code_page).stdout for command in REGISTRY_TEXT)


def check_same(sample: Path, source: PolicyStore, served: PolicyStore) -> None:
    assert served.not_understood == source.not_understood == ()
    assert compare(flat(source, sample), [read_policy(flat(served, sample))]).result is Result.EQUAL


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda path: path.stem)
def test_a_sample_is_served(script: Path) -> None:
    source = store_of(script.read_bytes(), script.name)
    host = Host(keys=registry_keys(source, site_of(script).names))
    check_same(script, source, store_of(printed(host), "query.txt", "cp437", "reg-query"))


@pytest.mark.parametrize("release", Release)
@pytest.mark.parametrize("language", [Language.GERMAN, Language.CHINESE])
def test_every_release_serves_it_in_every_language(release: Release, language: Language) -> None:
    source = store_of(SECURE_SERVER.read_bytes(), "secure-server.cmd")
    host = Host(release=release, language=language, keys=registry_keys(source))
    check_same(SECURE_SERVER, source, store_of(printed(host), "query.txt", codec(SPEECH[language].oem), "reg-query"))


def test_powershell_tells_what_reg_query_tells() -> None:
    keys = registry_keys(store_of(SECURE_SERVER.read_bytes(), "secure-server.cmd"))
    values, _ = from_json(Host(keys=keys).run(REGISTRY_JSON.line).stdout)
    for key in keys:
        assert {name.lower() for name, _, _ in values[key.path]} >= set(key.values)


def test_the_assigned_policy_is_the_active_one() -> None:
    source = store_of(SECURE_SERVER.read_bytes(), "secure-server.cmd")
    shown = Host(keys=registry_keys(source)).run(SHOW_ALL.line).stdout.decode("cp437")
    assert re.search(rf"^Policy Name +: {re.escape(source.policies[0].name)}\r$", shown, re.MULTILINE)
    assert re.search(r"^Assigned +: YES\r$", shown, re.MULTILINE)


def stored_at(location: StoreLocation) -> PolicyStore:
    """Return the policy of the secure server with all that it uses in another store."""
    store = store_of(SECURE_SERVER.read_bytes(), "secure-server.cmd")
    return replace(
        store,
        policies=tuple(replace(one, store=location) for one in store.policies),
        filter_lists=tuple(replace(one, store=location) for one in store.filter_lists),
        filter_actions=tuple(replace(one, store=location) for one in store.filter_actions),
    )


@pytest.mark.parametrize(
    ("location", "kept"),
    [
        (StoreLocation(StoreKind.PERSISTENT), StoreKind.PERSISTENT),
        (StoreLocation(StoreKind.CACHE), StoreKind.CACHE),
        (StoreLocation(StoreKind.DOMAIN, "corp.example.com"), StoreKind.CACHE),
    ],
)
def test_policies_of_other_stores_are_where_windows_keeps_them(location: StoreLocation, kept: StoreKind) -> None:
    source = stored_at(location)
    served = store_of(printed(Host(keys=registry_keys(source))), "query.txt", "cp437", "reg-query")
    assert [(policy.store.kind, policy.assigned) for policy in served.policies] == [(kept, True)]
    check_same(SECURE_SERVER, source, served)


def test_a_policy_that_windows_keeps_nowhere_is_refused() -> None:
    with pytest.raises(UsageError, match="does not keep"):
        registry_keys(store_of(DYNAMIC.read_bytes(), DYNAMIC.name))


def test_a_host_never_has_less_than_its_source() -> None:
    sample = SECURE_SERVER.with_name("secure-server-keywords.netsh")
    with pytest.raises(UsageError, match="host name no address"):
        registry_keys(store_of(sample.read_bytes(), sample.name))


def test_settings_of_the_host_are_those_of_the_store() -> None:
    settings = HostSettings(exemptions=1, boot_mode="block", service_disabled=True)
    assert values_of(registry_keys(PolicyStore(settings=settings))) == {
        "nodefaultexempt": 1,
        "operationmode": 1,
        "start": 4,
    }
    assert registry_keys(PolicyStore()) == ()


def values_of(keys: tuple[RegistryKey, ...]) -> dict[str, object]:
    return {name: value.data for key in keys for name, value in key.values.items()}


@pytest.mark.parametrize("scheme", ["http", "https"])
def test_a_host_of_the_command_line_can_be_reached_as_it_says(scheme: str) -> None:
    command = [
        sys.executable,
        "-m",
        "ipsecmig.testing.winrm",
        str(SECURE_SERVER),
        "--release",
        "2008",
        "--name",
        "SRV1",
    ]
    secure = ["--https"] if scheme == "https" else []
    environment = {**os.environ, "IPSECMIG_TESTING_PASSWORD": "Geheim 1"}
    with subprocess.Popen([*command, *secure], stdout=subprocess.PIPE, env=environment, text=True) as running:
        assert running.stdout is not None
        facts = dict(next(running.stdout).strip().split(maxsplit=1) for _ in range(3 + len(secure)))
        trust = {"ca_trust_path": facts["authority"]} if secure else {}
        session = winrm.Session(facts["url"], auth=(facts["user"], facts["password"]), transport="ntlm", **trust)
        shown = session.run_cmd("netsh", ["ipsec", "static", "show", "all"])
        running.send_signal(signal.SIGINT)
        assert running.wait() == 0
    assert facts["url"].startswith(f"{scheme}://localhost:")
    assert facts["password"] == "Geheim 1"
    assert b"Local Store <SRV1>" in shown.std_out


def test_a_host_of_no_source_is_a_mistake() -> None:
    command = (sys.executable, "-m", "ipsecmig.testing.winrm", "no-such-file")
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (2, "")
    assert "no-such-file" in done.stderr


def test_a_policy_can_be_singled_out() -> None:
    command = (sys.executable, "-m", "ipsecmig.testing.winrm", str(SECURE_SERVER), "--policy", "None such")
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (2, "")
    assert "None such" in done.stderr
