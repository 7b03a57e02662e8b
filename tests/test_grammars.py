"""The cache of parser tables is only a cache, and only the user's own."""

from __future__ import annotations

import os
from pathlib import Path

import lark
import pytest

from ipsecmig import grammars

NAME = "netsh_static.lark"
START = ("address", "mask")


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    return tmp_path / "ipsecmig"


def works() -> bool:
    tree = grammars.load(NAME, START).parse("10.0.0.1", start="address")
    return str(tree.children[0]) == "10.0.0.1"


def builds(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, ...]]:
    """Return a list that grows with every table that is built."""
    built: list[tuple[str, ...]] = []
    original = grammars._build

    def build(grammar: bytes, start: tuple[str, ...], *, positions: bool) -> lark.Lark:
        built.append(start)
        return original(grammar, start, positions=positions)

    monkeypatch.setattr(grammars, "_build", build)
    return built


def test_a_table_is_built_once(cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    built = builds(monkeypatch)
    assert works()
    assert works()
    assert built == [START]
    assert [path.stat().st_mode & 0o077 for path in cache.iterdir()] == [0]


def test_other_start_symbols_have_another_table(cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    built = builds(monkeypatch)
    grammars.load(NAME, START)
    grammars.load(NAME, START[:1])
    assert len(built) == len(list(cache.iterdir())) == 2


@pytest.mark.parametrize("damage", [b"", b"x", b"\0" * 100])
def test_a_damaged_table_is_ignored_and_replaced(cache: Path, damage: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    assert works()
    (path,) = cache.iterdir()
    for content in (damage, path.read_bytes()[:-1], path.read_bytes() + b"x"):
        path.write_bytes(content)
        built = builds(monkeypatch)
        assert works()
        assert len(built) == 1
        assert works()
        assert len(built) == 1


@pytest.mark.parametrize("mode", [0o602, 0o620])
def test_a_table_that_others_could_have_written_is_ignored(
    cache: Path, mode: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert works()
    (path,) = cache.iterdir()
    path.chmod(mode)
    built = builds(monkeypatch)
    assert works()
    assert len(built) == 1


def test_a_folder_that_others_can_write_is_not_used(cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    cache.mkdir()
    cache.chmod(0o777)
    built = builds(monkeypatch)
    assert works()
    assert works()
    assert len(built) == 2
    assert not list(cache.iterdir())


@pytest.mark.skipif(os.geteuid() != 0, reason="needs to give files away")
def test_what_belongs_to_somebody_else_is_ignored(cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert works()
    (path,) = cache.iterdir()
    os.chown(path, 65534, 65534)
    built = builds(monkeypatch)
    assert works()
    os.chown(cache, 65534, 65534)
    assert works()
    assert len(built) == 2


def test_a_link_is_not_followed(cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert works()
    (path,) = cache.iterdir()
    target = path.rename(cache / "elsewhere")
    path.symlink_to(target)
    built = builds(monkeypatch)
    assert works()
    assert len(built) == 1


@pytest.mark.parametrize("home", ["a file", "relative"])
def test_without_a_cache_folder_nothing_is_cached(home: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "a file").touch()
    monkeypatch.setenv("HOME", str(tmp_path / "a file"))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / home) if home == "a file" else home)
    built = builds(monkeypatch)
    assert works()
    assert works()
    assert len(built) == 2


def test_nothing_is_left_behind_when_writing_fails(cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(self: Path, target: Path) -> Path:
        raise OSError(28, "No space left on device", str(target))

    monkeypatch.setattr(Path, "replace", full)
    assert works()
    assert not list(cache.iterdir())
