"""The command line in this process, with made-up dialects and targets in place of the real ones."""

from __future__ import annotations

from pathlib import Path

import pytest
from fake_parts import DIALECT, Cli, FakeTargets, Outcome

from cli.lint_files import POLICY, SITE
from ipsecmig.cli.app import run
from ipsecmig.cli.guard import exit_code


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return the working directory of the test, with one source called `policy.fake` in it."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("NO_COLOR", "1")
    (tmp_path / "policy.fake").write_text("fake")
    return tmp_path


@pytest.fixture
def fakes(monkeypatch: pytest.MonkeyPatch) -> FakeTargets:
    """Return the targets that stand in for the real ones."""
    fakes = FakeTargets()
    monkeypatch.setattr("ipsecmig.cli.conversion.verification_of", lambda flat, emissions: fakes.verification)
    monkeypatch.setattr("ipsecmig.emit.registry.TARGETS", fakes.targets)
    monkeypatch.setattr("ipsecmig.dialects.registry.DIALECTS", (DIALECT,))
    return fakes


@pytest.fixture
def cli(folder: Path, fakes: FakeTargets, capsys: pytest.CaptureFixture[str]) -> Cli:
    """Return what runs the command line and gives its exit code and output."""

    def call(*arguments: str) -> Outcome:
        code = exit_code(lambda: run(arguments))
        out, err = capsys.readouterr()
        return Outcome(code, out, err)

    return call


@pytest.fixture
def lint(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Cli:
    """Return what runs the command line, with the real parts, in a folder with a policy and a site for lint."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("NO_COLOR", "1")
    Path("policy.netsh").write_text(POLICY)
    Path("site.yaml").write_text(SITE)

    def call(*arguments: str) -> Outcome:
        code = exit_code(lambda: run(arguments))
        out, err = capsys.readouterr()
        return Outcome(code, out, err)

    return call
