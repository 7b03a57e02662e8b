"""The walk-through of the README from a served host to files for Linux, command by command as it stands there."""

from __future__ import annotations

import os
import re
import shlex
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PASSWORD = "secret"


def walkthrough() -> list[str]:
    """Return the commands of the block that serves a host, without their prompts."""
    blocks = re.findall(r"```console\n(.*?)```", (ROOT / "README.md").read_text(), re.DOTALL)
    (block,) = (one for one in blocks if "IPSECMIG_WINRM_PASSWORD=" in one)
    return [line.removeprefix("$ ") for line in block.splitlines()]


@pytest.fixture
def environment() -> dict[str, str]:
    exported = dict(word.split("=") for word in shlex.split(walkthrough()[0])[1:])
    assert set(exported.values()) == {PASSWORD}
    return os.environ | exported | {"PYTHONPATH": str(ROOT), "NO_COLOR": "1"}


@pytest.fixture
def port(environment: dict[str, str]) -> Iterator[int]:
    """Serve the host of the README, on a free port instead of the one that may be taken here."""
    line = walkthrough()[1].removesuffix(" &").replace("--port 5985", "--port 0")
    _, *arguments = shlex.split(line)
    with subprocess.Popen([sys.executable, *arguments], cwd=ROOT, env=environment, stdout=subprocess.PIPE) as server:
        assert server.stdout is not None
        found = re.search(rb":(\d+)/wsman", server.stdout.readline())
        try:
            assert found
            yield int(found[1])
        finally:
            server.send_signal(signal.SIGINT)


def test_the_readme_works(port: int, environment: dict[str, str], tmp_path: Path) -> None:
    (tmp_path / "samples").symlink_to(ROOT / "samples")
    for line in walkthrough()[2:]:
        there = line.replace("extract localhost", f"extract localhost:{port}")
        there = there.replace("evidence/localhost", f"evidence/localhost_{port}")
        _, *arguments = shlex.split(there)
        done = subprocess.run(
            [sys.executable, "-m", "ipsecmig", *arguments],
            cwd=tmp_path,
            env=environment,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, line + "\n" + done.stdout + done.stderr
    assert {path.name for path in (tmp_path / "linux").iterdir()} >= {"ipsecmig.manifest.json"}
