"""Settings of all tests: reproducible hypothesis runs, groups, interruptions that arrive, no skipped test in CI."""

from __future__ import annotations

import os
import signal
from collections.abc import Generator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

settings.register_profile(
    "ci", deadline=None, derandomize=True, print_blob=True, suppress_health_check=[HealthCheck.too_slow]
)
settings.register_profile("dev", deadline=None)
settings.load_profile("ci" if os.environ.get("CI") else "dev")

# Whoever starts the tests in the background may have switched interruptions off, for them and the programs they start.
signal.signal(signal.SIGINT, signal.default_int_handler)


LAB = tuple(Path(__file__).parent / name for name in ("lab", "probe"))
"""Whose tests use the networks and the raw sockets of this machine, and so run one after another."""


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Keep together what runs in one process where there are several: each file, and all that belongs to the lab."""
    if config.pluginmanager.hasplugin("xdist"):
        for item in items:
            group = "lab" if any(map(item.path.is_relative_to, LAB)) else str(item.path)
            item.add_marker(pytest.mark.xdist_group(group))


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
