"""How sources are found, recognised and joined."""

from __future__ import annotations

import io
from pathlib import Path

import pytest
from fake_parts import Cli


class Pipe:
    """Standard input as bytes."""

    def __init__(self, content: bytes) -> None:
        self.buffer = io.BytesIO(content)


def test_standard_input(cli: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdin", Pipe(b"fake policy=Piped"))
    result = cli("show", "-")
    assert result.code == 0
    assert 'Policy "Piped"' in result.out


def test_folder_is_all_its_files_and_what_is_left_out_is_said(cli: Cli, folder: Path) -> None:
    (folder / "dump" / "deep").mkdir(parents=True)
    (folder / "dump" / "deep" / "a.fake").write_text("fake policy=A")
    (folder / "dump" / "b.fake").write_text("fake policy=B")
    (folder / "dump" / "notes.txt").write_text("dear diary")
    result = cli("show", "dump")
    assert result.code == 0
    assert 'Policy "A"' in result.out
    assert 'Policy "B"' in result.out
    assert "dump/notes.txt: CLI003 warning: left out: no known format fits this file" in result.err


@pytest.mark.parametrize("files", [{}, {"notes.txt": "dear diary"}, {"a.txt": "1", "b.txt": "2"}])
def test_folder_without_a_policy(cli: Cli, folder: Path, files: dict[str, str]) -> None:
    (folder / "dump").mkdir()
    for name, content in files.items():
        (folder / "dump" / name).write_text(content)
    result = cli("show", "dump")
    assert result.code == 2
    assert "error: " in result.err
    assert result.out == ""


def test_several_sources_are_one_store(cli: Cli, folder: Path) -> None:
    (folder / "a.fake").write_text("fake policy=A")
    (folder / "b.fake").write_text("fake policy=B not-understood")
    result = cli("show", "a.fake", "b.fake")
    assert result.code == 3
    assert "a.fake, b.fake: 2 policies, 1 filter list, 1 filter, 1 filter action" in result.out


def test_one_name_for_two_things_is_an_error_with_both_places(cli: Cli, folder: Path) -> None:
    (folder / "a.fake").write_text("fake policy=A")
    (folder / "b.fake").write_text("fake policy=B list-of-9")
    result = cli("show", "a.fake", "b.fake")
    assert result.code == 2
    assert 'b.fake:3:1: CLI004 error: the filter list "Web" is not the one of a.fake:12:3' in result.err


def test_forced_format(cli: Cli, folder: Path) -> None:
    (folder / "strange.txt").write_text("not recognised policy=Forced")
    assert cli("show", "strange.txt").code == 2
    assert 'Policy "Forced"' in cli("show", "strange.txt", "--from", "fake").out
