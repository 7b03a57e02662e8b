"""Finds the grammars and schemas: inside the installed package, else in the checkout."""

from __future__ import annotations

from pathlib import Path

_PACKAGE = Path(__file__).resolve().parent


def _find(folder: str, name: str) -> Path:
    for base in (_PACKAGE / "_data", _PACKAGE.parent):
        path = base / folder / name
        if path.is_file():
            return path
    raise FileNotFoundError(f"{folder}/{name} belongs to ipsecmig and is missing: the installation is incomplete")


def grammar(name: str) -> Path:
    """Return the path of the Lark grammar `name`, for example `netsh_static.lark`."""
    return _find("grammar", name)


def schema(name: str) -> Path:
    """Return the path of the schema `name`: `ir.schema.json` of JSON, `clixml.rng` in RELAX NG of XML."""
    return _find("schemas", name)
