"""What the documents show for CI systems is valid, and its commands do what they are shown for."""

from __future__ import annotations

import json
import os
import re
import shlex
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml
from ground_truth import ROOT, SAMPLES
from junitparser import JUnitXml

README = (ROOT / "README.md").read_text(encoding="utf-8")
BLOCKS = [yaml.safe_load(block) for block in re.findall(r"^```yaml\n(.*?)^```", README, re.MULTILINE | re.DOTALL)]
[HOOK] = yaml.safe_load((ROOT / ".pre-commit-hooks.yaml").read_text(encoding="utf-8"))


def _texts(node: object) -> Iterator[str]:
    if isinstance(node, str):
        yield node
    for child in node.values() if isinstance(node, dict) else node if isinstance(node, list) else ():
        yield from _texts(child)


COMMANDS = [text for text in _texts(BLOCKS) if text.startswith("ipsecmig ")]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Give a folder with policies, and a file beside them that is none."""
    policies = tmp_path / "policies"
    policies.mkdir()
    for name in ("secure-server", "web-to-database-web-server"):
        (policies / f"ipsec-{name}.cmd").write_bytes((SAMPLES / "recommended" / f"{name}.cmd").read_bytes())
    (policies / "README.md").write_text("What these are.")
    return tmp_path


def _run(command: str, folder: Path) -> int:
    environment = os.environ | {"PYTHONPATH": str(ROOT), "NO_COLOR": "1"}
    arguments = [sys.executable, "-m", "ipsecmig", *shlex.split(command)[1:]]
    done = subprocess.run(arguments, cwd=folder, env=environment, capture_output=True, text=True, check=False)
    assert "Traceback" not in done.stderr
    return done.returncode


def test_the_report_of_each_job_is_what_it_uploads(folder: Path) -> None:
    assert [_run(command, folder) for command in COMMANDS] == [1, 1]
    [run] = json.loads((folder / "lint.sarif").read_text())["runs"]
    files = {place["physicalLocation"]["artifactLocation"]["uri"] for r in run["results"] for place in r["locations"]}
    assert files == {"policies/ipsec-secure-server.cmd", "policies/ipsec-web-to-database-web-server.cmd"}
    assert sum(suite.failures for suite in JUnitXml.fromfile(str(folder / "lint.xml"))) > 0
    for command in COMMANDS:
        written = shlex.split(command)[-1]
        assert any(text == written for text in _texts(BLOCKS))


def test_the_hook_has_what_pre_commit_needs_and_runs(folder: Path) -> None:
    assert {"id", "name", "entry", "language", "files"} <= HOOK.keys()
    names = sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file())
    chosen = [name for name in names if re.search(HOOK["files"], name)]
    assert len(chosen) == len(names) - 1
    assert _run(shlex.join([*shlex.split(HOOK["entry"]), *chosen]), folder) == 1
