"""All files or none, and none that is not ours."""

from __future__ import annotations

import errno
import json
import os
import signal
import stat
from collections.abc import Callable
from pathlib import Path

import pytest
from fake_parts import Cli, FakeTargets

from ipsecmig.cli.files import MANIFEST, write_all
from ipsecmig.errors import OutputError
from ipsecmig.model.targets import OutputFile

OLD = (OutputFile("a.nft", b"old a"), OutputFile("b/secrets", b"old key", secret=True))
NEW = (
    OutputFile("a.nft", b"new a"),
    OutputFile("b/secrets", b"new key", secret=True),
    OutputFile("c/deep/run.sh", b"#!/bin/sh\n", executable=True),
)


def snapshot(folder: Path) -> dict[str, bytes | None]:
    """Return everything under `folder`, hidden things too: files with their content, folders with None."""
    return {str(path.relative_to(folder)): path.read_bytes() if path.is_file() else None for path in folder.rglob("*")}


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


@pytest.mark.parametrize("place", ["out", "a/new/place"])
def test_files_stand_where_they_belong(tmp_path: Path, place: str) -> None:
    written = write_all(tmp_path / place, NEW)
    assert written.paths == ("a.nft", "b/secrets", "c/deep/run.sh", MANIFEST)
    assert [(tmp_path / place / file.path).read_bytes() for file in NEW] == [file.content for file in NEW]
    assert not list(tmp_path.rglob(".ipsecmig-*"))


def test_modes(tmp_path: Path) -> None:
    former = os.umask(0o022)
    try:
        write_all(tmp_path / "out", NEW)
    finally:
        os.umask(former)
    modes = [mode(tmp_path / "out" / name) for name in ("a.nft", "b/secrets", "c/deep/run.sh", "", MANIFEST)]
    assert modes == [0o644, 0o600, 0o755, 0o755, 0o600]


def test_secret_is_0600_from_the_moment_it_exists(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    created: dict[str, int] = {}
    real_open = os.open

    def watched(path: os.PathLike[str], flags: int, asked: int = 0o777, **more: int) -> int:
        descriptor = real_open(path, flags, asked, **more)
        if flags & os.O_CREAT:
            assert os.fstat(descriptor).st_size == 0
            created[Path(path).name] = stat.S_IMODE(os.fstat(descriptor).st_mode)
        return descriptor

    monkeypatch.setattr("ipsecmig.cli.files.os.open", watched)
    former = os.umask(0)
    try:
        write_all(tmp_path / "out", NEW)
    finally:
        os.umask(former)
    assert created["secrets"] == 0o600
    assert created["a.nft"] == 0o666


def test_own_files_are_replaced(tmp_path: Path) -> None:
    write_all(tmp_path, OLD)
    write_all(tmp_path, NEW)
    assert (tmp_path / "a.nft").read_bytes() == b"new a"
    assert mode(tmp_path / "b" / "secrets") == 0o600


def test_same_conversion_twice_gives_the_same_bytes(tmp_path: Path) -> None:
    write_all(tmp_path / "out", NEW)
    first = snapshot(tmp_path)
    write_all(tmp_path / "out", NEW)
    assert snapshot(tmp_path) == first


def test_what_an_earlier_conversion_left_is_named(tmp_path: Path) -> None:
    write_all(tmp_path, NEW)
    written = write_all(tmp_path, OLD)
    assert written.left_over == ("c/deep/run.sh",)
    (tmp_path / "c/deep/run.sh").unlink()
    assert write_all(tmp_path, OLD).left_over == ()


def test_manifest_digests(tmp_path: Path) -> None:
    write_all(tmp_path, OLD)
    manifest = json.loads((tmp_path / MANIFEST).read_text())
    assert manifest["tool"] == "ipsecmig"
    assert sorted(manifest["files"]) == ["a.nft", "b/secrets"]


def _foreign(folder: Path) -> None:
    (folder / "a.nft").write_text("by hand")


def _edited(folder: Path) -> None:
    write_all(folder, OLD)
    (folder / "b" / "secrets").write_text("edited")


def _foreign_manifest(folder: Path) -> None:
    (folder / MANIFEST).write_text("{}")


def _link(folder: Path) -> None:
    (folder / "elsewhere").write_text("by hand")
    (folder / "a.nft").symlink_to(folder / "elsewhere")


def _folder_in_the_way(folder: Path) -> None:
    (folder / "a.nft").mkdir()


@pytest.mark.parametrize(
    ("prepare", "said"),
    [
        (_foreign, "was not written by ipsecmig"),
        (_edited, "was changed since ipsecmig wrote it"),
        (_foreign_manifest, "was not written by ipsecmig"),
        (_link, "is no regular file"),
        (_folder_in_the_way, "is no regular file"),
    ],
)
def test_what_is_not_ours_stays(tmp_path: Path, prepare: Callable[[Path], None], said: str) -> None:
    prepare(tmp_path)
    before = snapshot(tmp_path)
    with pytest.raises(OutputError, match=said):
        write_all(tmp_path, NEW)
    assert snapshot(tmp_path) == before


@pytest.mark.parametrize("prepare", [_foreign, _edited, _foreign_manifest, _link])
def test_force_replaces_it(tmp_path: Path, prepare: Callable[[Path], None]) -> None:
    prepare(tmp_path)
    write_all(tmp_path, NEW, force=True)
    assert (tmp_path / "a.nft").read_bytes() == b"new a"
    assert not (tmp_path / "a.nft").is_symlink()
    if (tmp_path / "elsewhere").exists():
        assert (tmp_path / "elsewhere").read_text() == "by hand"


def _failing(call: Callable[..., object], at: int, failure: BaseException) -> Callable[..., object]:
    count = 0

    def fail(*args: object, **kwargs: object) -> object:
        nonlocal count
        count += 1
        if count == at:
            raise failure
        return call(*args, **kwargs)

    return fail


FULL = OSError(errno.ENOSPC, "No space left on device")


@pytest.mark.parametrize("failure", [FULL, OSError(errno.EIO, "I/O error"), KeyboardInterrupt()])
@pytest.mark.parametrize("at", [1, 2, 3, 4])
@pytest.mark.parametrize("without_links", [False, True])
def test_failure_between_two_renames_puts_everything_back(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, failure: BaseException, at: int, without_links: bool
) -> None:
    write_all(tmp_path, OLD)
    before = snapshot(tmp_path)
    modes = mode(tmp_path / "b" / "secrets")
    with monkeypatch.context() as patch:
        patch.setattr("os.replace", _failing(os.replace, at, failure))
        if without_links:
            patch.setattr("os.link", _failing(os.link, 1, OSError(errno.EPERM, "no links here")))
        with pytest.raises((OutputError, KeyboardInterrupt)):
            write_all(tmp_path, NEW)
    assert snapshot(tmp_path) == before
    assert mode(tmp_path / "b" / "secrets") == modes


@pytest.mark.parametrize("existing", [False, True])
@pytest.mark.parametrize("at", [1, 2, 3])
@pytest.mark.parametrize("failure", [FULL, KeyboardInterrupt()])
def test_full_disk_or_interruption_while_writing_leaves_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, existing: bool, at: int, failure: BaseException
) -> None:
    folder = tmp_path / "out" if existing else tmp_path / "new" / "out"
    if existing:
        write_all(folder, OLD)
    before = snapshot(tmp_path)
    with monkeypatch.context() as patch:
        patch.setattr("os.fsync", _failing(os.fsync, at, failure))
        with pytest.raises((OutputError, KeyboardInterrupt)) as raised:
            write_all(folder, NEW)
    if failure is FULL:
        assert str(raised.value).endswith("No space left on device; nothing was written")
    assert snapshot(tmp_path) == before


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_termination_while_writing_leaves_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: signal.Signals
) -> None:
    monkeypatch.setattr("os.fsync", lambda _: os.kill(os.getpid(), number))
    with pytest.raises(KeyboardInterrupt):
        write_all(tmp_path / "out", NEW)
    assert snapshot(tmp_path) == {}
    assert signal.getsignal(number) is signal.SIG_DFL


def test_interruption_during_the_renames_waits_until_all_is_done(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real_replace = os.replace

    def interrupted(source: str, target: str) -> None:
        os.kill(os.getpid(), signal.SIGINT)
        real_replace(source, target)

    write_all(tmp_path, OLD)
    monkeypatch.setattr("os.replace", interrupted)
    with pytest.raises(KeyboardInterrupt):
        write_all(tmp_path, NEW)
    assert [(tmp_path / file.path).read_bytes() for file in NEW] == [file.content for file in NEW]


def test_destination_that_is_a_file(tmp_path: Path) -> None:
    (tmp_path / "out").write_text("a file")
    with pytest.raises(OutputError, match="out"):
        write_all(tmp_path / "out", NEW)
    with pytest.raises(OutputError, match="out"):
        write_all(tmp_path / "out" / "deeper", NEW)
    assert (tmp_path / "out").read_text() == "a file"


def test_missing_rights(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    denied = PermissionError(errno.EACCES, "Permission denied", str(tmp_path))
    monkeypatch.setattr("tempfile.mkdtemp", _failing(lambda **_: "", 1, denied))
    with pytest.raises(OutputError, match="Permission denied; nothing was written"):
        write_all(tmp_path / "out", NEW)


@pytest.mark.parametrize(
    "files",
    [
        (OutputFile("a", b""), OutputFile("a", b"")),
        (OutputFile("../a", b""),),
        (OutputFile("/etc/passwd", b""),),
        (OutputFile(MANIFEST, b""),),
        (OutputFile("", b""),),
    ],
)
def test_paths_that_no_emitter_may_use(tmp_path: Path, files: tuple[OutputFile, ...]) -> None:
    with pytest.raises(ValueError, match="path"):
        write_all(tmp_path, files)
    assert snapshot(tmp_path) == {}


def test_convert_refuses_and_says_how_to_insist(cli: Cli, folder: Path, fakes: FakeTargets) -> None:
    (folder / "out").mkdir()
    (folder / "out" / "rules.nft").write_text("by hand")
    refused = cli("convert", "policy.fake", "--to", "fake", "-o", "out")
    assert refused.code == 2
    assert "out/rules.nft: was not written by ipsecmig; nothing was written (--force replaces it)" in refused.err
    assert sorted(path.name for path in (folder / "out").iterdir()) == ["rules.nft"]
    assert cli("convert", "policy.fake", "--to", "fake", "-o", "out", "--force").code == 0
    assert mode(folder / "out" / "conf.d" / "secrets.conf") == 0o600
