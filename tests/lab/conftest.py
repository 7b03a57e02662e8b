"""Fixtures of the lab; `harness` says what a lab is."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from lab.harness import Lab, missing, open_lab


@pytest.fixture
def lab() -> Iterator[Lab]:
    """Give a fresh lab."""
    reason = missing()
    if reason:
        pytest.skip(reason)
    with open_lab() as opened:
        yield opened
