"""Folders of evidence: whole or not there, for the owner alone, and refused once anything in them changed."""

from __future__ import annotations

import json
import os
import signal
import stat
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta, timezone
from pathlib import Path

import pytest
from jsonschema import Draft202012Validator

from ipsecmig.errors import InputError, OutputError
from ipsecmig.remote.commands import REGISTRY_JSON, SHOW_ALL
from ipsecmig.remote.evidence import (
    MANIFEST,
    Answered,
    Endpoint,
    System,
    evidence_folders,
    is_evidence,
    pack,
    read_evidence,
    read_manifest,
    unpack,
    write_evidence,
)
from ipsecmig.resources import schema

BEGIN = datetime(2026, 3, 1, 14, 0, tzinfo=timezone(timedelta(hours=2)))
ENDPOINT = Endpoint("srv1", 5986, "https", "ntlm")
SYSTEM = System("Windows Server 2012 R2 Standard", "6.3.9600", "", "0407", "4.0", 1252, 850, 65001)
ANSWERS = (
    Answered(REGISTRY_JSON, b"e30=", b"", 0, BEGIN, BEGIN + timedelta(seconds=1)),
    Answered(SHOW_ALL, b"\xff\0\r\n", b"said\r\n", 1, BEGIN + timedelta(seconds=1), BEGIN + timedelta(seconds=2.5)),
)
FILES = {"registry-json.out", "registry-json.err", "show-all.out", "show-all.err", MANIFEST}


def write(folder: Path) -> Path:
    return write_evidence(folder, ENDPOINT, SYSTEM, ANSWERS)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "srv1"


def test_what_is_written_is_what_is_read(tmp_path: Path) -> None:
    folder = tmp_path / "out" / "srv1"
    assert write(folder) == folder / MANIFEST
    evidence = read_evidence(folder)
    assert evidence.manifest == read_manifest(folder)
    assert evidence.manifest.endpoint == ENDPOINT
    assert evidence.manifest.system == SYSTEM
    assert (evidence.manifest.started, evidence.manifest.ended) == (
        "2026-03-01T12:00:00.000Z",
        "2026-03-01T12:00:02.500Z",
    )
    for ran, answer in zip(evidence.manifest.commands, ANSWERS, strict=True):
        assert (ran.name, ran.line, ran.output) == (answer.command.name, answer.command.line, answer.command.output)
        assert (ran.exit_code, evidence.stdout(ran), evidence.stderr(ran)) == (
            answer.exit_code,
            answer.stdout,
            answer.stderr,
        )


def test_the_manifest_fits_its_schema(tmp_path: Path) -> None:
    document = json.loads(write(tmp_path / "srv1").read_bytes())
    definition = json.loads(schema("manifest.schema.json").read_bytes())
    Draft202012Validator.check_schema(definition)
    Draft202012Validator(definition).validate(document)


def test_only_the_owner_may_look(tmp_path: Path) -> None:
    folder = tmp_path / "out" / "srv1"
    umask = os.umask(0)
    try:
        write(folder)
    finally:
        os.umask(umask)
    modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in (folder.parent, folder, *folder.iterdir())}
    assert modes == {"out": 0o700, "srv1": 0o700} | dict.fromkeys(FILES, 0o600)


def test_an_older_extraction_is_replaced_whole(tmp_path: Path) -> None:
    write(tmp_path / "srv1")
    write_evidence(tmp_path / "srv1", ENDPOINT, SYSTEM, ANSWERS[:1])
    assert {path.name for path in (tmp_path / "srv1").iterdir()} == {"registry-json.out", "registry-json.err", MANIFEST}
    assert [path.name for path in tmp_path.iterdir()] == ["srv1"]


@pytest.mark.parametrize("made", [lambda p: p.mkdir(), lambda p: p.touch(), lambda p: p.symlink_to("elsewhere")])
def test_what_is_something_else_stays(tmp_path: Path, made: Callable[[Path], None]) -> None:
    made(tmp_path / "srv1")
    with pytest.raises(OutputError, match="was not written by ipsecmig extract"):
        write(tmp_path / "srv1")
    assert [path.name for path in tmp_path.iterdir()] == ["srv1"]


@pytest.mark.parametrize("existing", [False, True])
@pytest.mark.parametrize("step", ["fsync", "rename"])
@pytest.mark.parametrize("failure", [OSError(28, "No space left on device"), KeyboardInterrupt()])
def test_nothing_half_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, existing: bool, step: str, failure: BaseException
) -> None:
    if existing:
        write(tmp_path / "srv1")
    before = {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()}
    calls = 0
    real = getattr(os, step)

    def failing(*arguments: object) -> object:
        nonlocal calls
        calls += 1
        # The last file of the folder, or the rename that would put the folder into its place.
        if calls == (len(FILES) if step == "fsync" else 1 + existing):
            raise failure
        return real(*arguments)

    with monkeypatch.context() as patch:
        patch.setattr(f"os.{step}", failing)
        expected = OutputError if isinstance(failure, OSError) else KeyboardInterrupt
        with pytest.raises(expected):
            write_evidence(tmp_path / "srv1", ENDPOINT, replace(SYSTEM, product="another"), ANSWERS)
    assert {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()} == before
    assert [path.name for path in tmp_path.iterdir()] == (["srv1"] if existing else [])


def test_a_signal_while_it_is_written_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("os.fsync", lambda _: os.kill(os.getpid(), signal.SIGTERM))
    with pytest.raises(KeyboardInterrupt):
        write(tmp_path / "srv1")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("file", sorted(FILES - {MANIFEST, "registry-json.err"}))
@pytest.mark.parametrize("change", [lambda data: data + b"x", lambda data: bytes([data[0] ^ 1]) + data[1:]])
def test_a_changed_file_is_refused_by_name(folder: Path, file: str, change: Callable[[bytes], bytes]) -> None:
    write(folder)
    path = folder / file
    path.write_bytes(change(path.read_bytes()))
    with pytest.raises(InputError) as caught:
        read_evidence(folder)
    assert [(one.code, one.origin.file) for one in caught.value.diagnostics] == [("EV002", str(path))]


def test_a_manifest_that_promises_too_much_is_refused(folder: Path) -> None:
    path = write(folder)
    path.write_text(path.read_text().replace('"size": 4', f'"size": {1 << 60}', 1))
    with pytest.raises(InputError) as caught:
        read_evidence(folder)
    assert caught.value.diagnostics[0].code == "EV002"


def test_a_missing_file_is_named(folder: Path) -> None:
    write(folder)
    (folder / "show-all.out").unlink()
    with pytest.raises(InputError) as caught:
        read_evidence(folder)
    assert caught.value.diagnostics[0].code == "EV001"
    assert caught.value.diagnostics[0].origin.file == str(folder / "show-all.out")


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ('"format"', '"formats"'),
        ("{", ""),
        ('"registry-json.out"', '"../registry-json.out"'),
        ('"port": 5986', '"port": 0'),
        ('"size": 4', '"size": -4'),
        ("typed-json", "typed"),
    ],
)
def test_a_damaged_manifest_is_still_one_and_is_refused(folder: Path, old: str, new: str) -> None:
    path = write(folder)
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new, 1))
    assert is_evidence(folder)
    for read in (read_manifest, read_evidence):
        with pytest.raises(InputError) as caught:
            read(folder)
        assert caught.value.diagnostics[0].code == "EV003"


def test_folders_are_found_and_unfinished_ones_are_not(tmp_path: Path) -> None:
    for name in ("b", "a", ".ipsecmig-x"):
        write(tmp_path / name / "host")
    (tmp_path / "c").mkdir()
    (tmp_path / "c" / MANIFEST).write_text('{"name": "a web application"}')
    assert evidence_folders(tmp_path) == (tmp_path / "a" / "host", tmp_path / "b" / "host")
    assert evidence_folders(tmp_path / "a" / "host") == (tmp_path / "a" / "host",)


def test_a_packed_folder_says_the_same(folder: Path) -> None:
    write(folder)
    assert unpack(pack(folder)) == read_evidence(folder)


def test_outputs_are_not_in_representations(tmp_path: Path) -> None:
    secret = replace(ANSWERS[0], stdout=b"presharedkey")
    write_evidence(tmp_path / "host", ENDPOINT, SYSTEM, [secret])
    assert "presharedkey" not in repr(secret) + repr(read_evidence(tmp_path / "host"))
