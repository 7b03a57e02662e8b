"""Settings of all tests: reproducible hypothesis runs, groups, interruptions that arrive, no skipped test in CI."""

from __future__ import annotations

import os
import signal
from collections.abc import Generator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings
from xdist.scheduler import LoadScopeScheduling

settings.register_profile(
    "ci", deadline=None, derandomize=True, print_blob=True, suppress_health_check=[HealthCheck.too_slow]
)
settings.register_profile("dev", deadline=None)
settings.load_profile("ci" if os.environ.get("CI") else "dev")

# Whoever starts the tests in the background may have switched interruptions off, for them and the programs they start.
signal.signal(signal.SIGINT, signal.default_int_handler)


LOOPBACK = ("tests/probe/", "tests/lab/test_probe_echo.py")
"""Whose tests use raw sockets and the IKE ports of this machine itself, and so run one after another."""


class _ByFile(LoadScopeScheduling):  # type: ignore[misc]
    """Keeps together what runs in one process where there are several: each file, and all that `LOOPBACK` names."""

    def _split_scope(self, nodeid: str) -> str:
        return "loopback" if nodeid.startswith(LOOPBACK) else nodeid.partition("::")[0]


@pytest.fixture(scope="session")
def no_realm(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return settings of Kerberos for whoever might try it before NTLM: no realm, and none is looked for anywhere."""
    path = tmp_path_factory.mktemp("kerberos") / "krb5.conf"
    path.write_text("[libdefaults]\ndns_lookup_kdc = false\ndns_lookup_realm = false\n", encoding="ascii")
    return path


@pytest.fixture
def no_settings_of_this_machine(monkeypatch: pytest.MonkeyPatch, no_realm: Path) -> None:
    """Let clients of WinRM look at nothing that is set here: authorities, proxies, Kerberos."""
    monkeypatch.setenv("KRB5_CONFIG", str(no_realm))
    for name in ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "HTTP_PROXY", "HTTPS_PROXY", "http_proxy", "https_proxy"):
        monkeypatch.delenv(name, raising=False)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: object) -> _ByFile:
    return _ByFile(config, log)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Turn a skip into a failure in CI: what is skipped there is never tested anywhere."""
    report = yield
    if os.environ.get("CI") and report.skipped and not hasattr(report, "wasxfail"):
        report.outcome = "failed"
        report.longrepr = f"skipped in CI, where nothing may be: {report.longrepr}"
    return report
