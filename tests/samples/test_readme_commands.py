"""The documents tell the truth: every command that they show runs, and exits as they say."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest
from documents import DOCUMENTS, Session, asks_hosts, blocks, shown_in
from ground_truth import FORMS, ROOT, SAMPLES, every_sample

_LINK = re.compile(r"\]\((?!https?:)([^)#]+)")


def _sessions() -> list[Session]:
    """Return the sessions, without those that ask live hosts, which other tests serve."""
    sessions = (tuple(shown_in(block)) for block in blocks())
    return [session for session in sessions if session and not asks_hosts(session)]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Give a folder with the samples, in which a command may write."""
    (tmp_path / "samples").symlink_to(SAMPLES)
    return tmp_path


@pytest.mark.parametrize("session", _sessions(), ids=lambda session: shlex.join(session[0].arguments))
def test_commands_do_what_the_document_says(session: Session, folder: Path) -> None:
    environment = os.environ | {"PYTHONPATH": str(ROOT), "NO_COLOR": "1"}
    for shown in session:
        command = [sys.executable, "-m", "ipsecmig", *shown.arguments]
        done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)
        assert done.returncode == shown.exit_code, done.stdout + done.stderr
        assert "Traceback" not in done.stderr


def test_documents_show_commands() -> None:
    assert {shown.exit_code for session in _sessions() for shown in session} >= {0, 2, 3}


def test_links_lead_somewhere() -> None:
    for document in DOCUMENTS:
        for target in _LINK.findall(document.read_text(encoding="utf-8")):
            assert (document.parent / target).exists(), f"{document}: {target}"


def test_list_of_samples_is_complete() -> None:
    listed = set(_LINK.findall((SAMPLES / "README.md").read_text(encoding="utf-8")))
    forms = {path.relative_to(SAMPLES).as_posix() for path in FORMS.iterdir() if path.suffix != ".tsv"}
    assert {sample.name for sample in every_sample()} | forms == listed - {"handmade/README.md"}
