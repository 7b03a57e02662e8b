"""Runs the tests of this folder inside the guest, those of one module in one guest, and reports them here.

Outside, each test stands for its result inside. Inside, this same file writes the results down.
"""

from __future__ import annotations

import json
import os
import sys
import tempfile
from collections.abc import Iterable
from pathlib import Path
from typing import Final, NamedTuple

import pytest

from lab.guest.machine import Outcome, missing_guest, run_in_guest

HERE: Final = Path(__file__).parent
RESULTS: Final = "IPSECMIG_GUEST_RESULTS"
"""The variable that names, inside, the file for the results."""

SECONDS: Final = 300.0
LAST_PHASE: Final = "teardown"


class Result(NamedTuple):
    """What became of a phase of a test: `passed`, `failed` or `skipped`, and pytest's account of it."""

    phase: str
    outcome: str
    account: str


Results = dict[str, list[Result]]
RESULTS_OF: Final = pytest.StashKey[dict[Path, Results]]()


class FailedInGuestError(Exception):
    """A test failed inside; the text says how."""


class GuestItem(pytest.Item):
    """Stands for a test that runs inside."""

    def runtest(self) -> None:
        """Start a guest for the module unless that has been done, and report what it made of this test."""
        known = self.session.stash.setdefault(RESULTS_OF, {})
        if self.path not in known:
            known[self.path] = _run_module(self)
        for _, outcome, account in known[self.path][self.nodeid]:
            if outcome == "skipped":
                pytest.skip(account)
            if outcome == "failed":
                raise FailedInGuestError(account)

    def repr_failure(self, excinfo: pytest.ExceptionInfo[BaseException], style: object = None) -> str:
        """Return pytest's account from inside."""
        return (
            str(excinfo.value) if isinstance(excinfo.value, FailedInGuestError) else str(super().repr_failure(excinfo))
        )

    def reportinfo(self) -> tuple[Path, int | None, str]:
        """Return where the test is."""
        return self.path, None, self.name


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Outside, put in place of each test of this folder what stands for it."""
    if RESULTS not in os.environ:
        items[:] = [_outside(item) if item.path.is_relative_to(HERE) else item for item in items]


def _outside(item: pytest.Item) -> pytest.Item:
    if item.parent is None:
        raise ValueError("a test without a module")
    return GuestItem.from_parent(item.parent, name=item.name)


def _run_module(item: pytest.Item) -> Results:
    reason = missing_guest()
    if reason:
        pytest.skip(reason)
    tests = [other.nodeid for other in item.session.items if other.path == item.path]
    with tempfile.TemporaryDirectory(prefix="ipsecmig-guest-") as folder:
        file = Path(folder) / "results"
        environment = {**os.environ, RESULTS: str(file)}
        command = (sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "-q", *tests)
        outcome = run_in_guest(command, environment, Path(folder), SECONDS)
        lines = file.read_text().splitlines() if file.exists() else []
    found, lost = _results(lines), Result(LAST_PHASE, "failed", _last_words(outcome))
    return {test: found.get(test, []) if _is_complete(found.get(test, [])) else [lost] for test in tests}


def _results(lines: Iterable[str]) -> Results:
    found: Results = {}
    for line in lines:
        test, *result = json.loads(line)
        found.setdefault(test, []).append(Result(*result))
    return found


def _is_complete(results: list[Result]) -> bool:
    return any(result.phase == LAST_PHASE for result in results)


def _last_words(outcome: Outcome) -> str:
    return (
        f"the guest ended with {outcome.status} before this test did\n{outcome.output[-4000:]}{outcome.console[-4000:]}"
    )


def pytest_runtest_logreport(report: pytest.TestReport) -> None:
    """Inside, write a result down."""
    if RESULTS in os.environ:
        line = json.dumps([report.nodeid, report.when, report.outcome, report.longreprtext])
        with Path(os.environ[RESULTS]).open("a") as file:
            file.write(line + "\n")
