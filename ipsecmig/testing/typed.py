"""The registry as PowerShell hands it over: what the scripts of `ipsecmig.remote.commands` print."""

from __future__ import annotations

import json
from base64 import b64encode
from collections.abc import Iterator
from typing import NamedTuple

from ipsecmig.remote.commands import Output, TypedRead
from ipsecmig.stored.registry import RegistryKey, RegistryValue
from ipsecmig.testing.registry import MACHINE, AccessDenied, Registry, raw


class _Seen(NamedTuple):
    """A key as a script meets it: the path below the hive, what came of opening it, and its values."""

    path: str
    state: str
    values: tuple[RegistryValue, ...] = ()


def answer_typed_read(asked: TypedRead, registry: Registry) -> bytes:
    """Return what a script prints."""
    seen = [one for path in asked.paths for one in _walk(registry, path)]
    return _as_json(seen) if asked.output is Output.TYPED_JSON else _as_lines(seen)


def _walk(registry: Registry, path: str) -> Iterator[_Seen]:
    try:
        key = registry.key(f"{MACHINE}\\{path}")
    except AccessDenied:
        yield _Seen(path, "SecurityException")
        return
    if key is None:
        yield _Seen(path, "absent")
        return
    yield _Seen(path, "read", tuple(key.values.values()))
    for child in registry.subkeys(key.path):
        yield from _walk(registry, f"{path}\\{_name(child)}")


def _name(key: RegistryKey) -> str:
    return key.path.rpartition("\\")[2]


def _as_json(seen: list[_Seen]) -> bytes:
    keys = [{"p": key.path, "s": key.state, "v": list(map(_as_object, key.values))} for key in seen]
    document = {"keys": keys, "format": "ipsecmig-registry-1"}
    return b64encode(json.dumps(document, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "replace"))


def _as_object(value: RegistryValue) -> dict[str, str | int]:
    return {"n": value.name, "t": int(value.type), "d": _base64(raw(value))}


def _as_lines(seen: list[_Seen]) -> bytes:
    lines: list[str] = []
    for key in seen:
        lines.append(f"K {_wide(key.path)} {key.state}")
        lines += [f"V {_wide(v.name)} {int(v.type)} {_base64(raw(v)) or '-'}" for v in key.values]
    lines.append(f"E {len(lines)}")
    return "".join(f"{line}\r\n" for line in lines).encode("ascii")


def _base64(data: bytes) -> str:
    return b64encode(data).decode("ascii")


def _wide(text: str) -> str:
    return _base64(text.encode("utf-16-le", "surrogatepass")) or "-"
