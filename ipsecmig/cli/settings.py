"""Settings from `ipsecmig.toml`, or from `[tool.ipsecmig]` in `pyproject.toml`: what a flag says when it is not given.

The nearest file upwards from the working directory counts, and only that one. Keys are the long options without their
dashes. What weakens a safety (`--force`, `--no-verify`, `--with-secrets`) has no key: it is asked for each time.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import NamedTuple

from ipsecmig.diagnostics import Diagnostic, Origin, Severity
from ipsecmig.errors import InputError

Value = str | bool | list[str]

_OWN_FILE = "ipsecmig.toml"
_SHARED_FILE = "pyproject.toml"
_CODE = "CLI010"


class _Kind(NamedTuple):
    """What a key may hold: `check` returns whether a TOML value is right, `read` what the option then gets."""

    expected: str
    check: Callable[[object], bool]
    read: Callable[[object, Path], Value]


def _is_texts(value: object) -> bool:
    return isinstance(value, list) and all(isinstance(item, str) for item in value)


def _is_table(value: object) -> bool:
    return isinstance(value, dict) and all(isinstance(item, str) for item in value.values())


def _texts(value: object, folder: Path) -> Value:
    return [str(item) for item in value] if isinstance(value, list) else [str(value)]


def _comma_separated(value: object, folder: Path) -> Value:
    return ",".join(str(item) for item in value) if isinstance(value, list) else str(value)


def _pairs(value: object, folder: Path) -> Value:
    return [f"{name}={text}" for name, text in value.items()] if isinstance(value, dict) else []


_TEXT = _Kind("a string", lambda v: isinstance(v, str), lambda v, _: str(v))
_PATH = _Kind("a string, a path from this file's folder", lambda v: isinstance(v, str), lambda v, d: str(d / str(v)))
_FLAG = _Kind("true or false", lambda v: isinstance(v, bool), lambda v, _: bool(v))
_TEXTS = _Kind("a list of strings", _is_texts, _texts)
_LISTED = _Kind("a string or a list of strings", lambda v: isinstance(v, str) or _is_texts(v), _comma_separated)
_TABLE = _Kind("a table of strings", _is_table, _pairs)


def _choice(*words: str) -> _Kind:
    return _Kind("one of " + ", ".join(words), lambda v: v in words, lambda v, _: str(v))


KEYS: Mapping[str, tuple[str, _Kind]] = {
    "assume": ("assume", _TEXTS),
    "color": ("color", _choice("auto", "always", "never")),
    "define": ("define", _TABLE),
    "encoding": ("encoding", _TEXT),
    "fail-on": ("fail_on", _choice("open", "needs-human", "closed", "never")),
    "format": ("format_", _choice("text", "json")),
    "from": ("from_", _TEXT),
    "me": ("me", _TEXTS),
    "output": ("output", _PATH),
    "policy": ("policy", _TEXT),
    "quiet": ("quiet", _FLAG),
    "site": ("site", _PATH),
    "to": ("to", _LISTED),
    "windows": ("windows", _choice("2000", "xp", "2003", "vista")),
}
"""Every key, with the parameter of the commands that it stands for."""


def load_settings(folder: Path) -> dict[str, Value]:
    """Return the settings that hold in `folder`, by the name of the parameter that each is for.

    Raises InputError when the file cannot be read, is no TOML, or has an unknown key or a wrong value.
    """
    for place in (folder, *folder.parents):
        for name in (_OWN_FILE, _SHARED_FILE):
            file = place / name
            if file.is_file():
                text = _text(file)
                settings = _table(file, text)
                if settings is not None:
                    return _checked(file, text, settings)
    return {}


def _text(file: Path) -> str:
    try:
        return file.read_text(encoding="utf-8")
    except OSError as failure:
        raise InputError((_problem(file, 0, f"cannot be read: {failure.strerror}"),)) from None
    except UnicodeDecodeError:
        raise InputError((_problem(file, 0, "is not UTF-8, which TOML must be"),)) from None


def _table(file: Path, text: str) -> dict[str, object] | None:
    """Return the settings of one file; None for a project file that has none."""
    own = file.name == _OWN_FILE
    if not own and "ipsecmig" not in text:
        return None
    import tomllib

    try:
        document = tomllib.loads(text)
    except tomllib.TOMLDecodeError as failure:
        number = re.search(r"line (\d+)", str(failure))
        raise InputError((_problem(file, int(number[1]) if number else 0, f"is no TOML: {failure}"),)) from None
    if own:
        return document
    tool = document.get("tool", {})
    table = tool.get("ipsecmig") if isinstance(tool, dict) else None
    return table if isinstance(table, dict) else None


def _checked(file: Path, text: str, settings: dict[str, object]) -> dict[str, Value]:
    problems = tuple(_problems(file, text, settings))
    if problems:
        raise InputError(problems)
    found: dict[str, Value] = {}
    for key, value in settings.items():
        parameter, kind = KEYS[key]
        found[parameter] = kind.read(value, file.parent)
    return found


def _problems(file: Path, text: str, settings: dict[str, object]) -> Iterator[Diagnostic]:
    for key, value in settings.items():
        line = _line_of(text, key)
        if key not in KEYS:
            yield _problem(file, line, f'there is no setting "{key}"', "one of " + ", ".join(KEYS))
        elif not KEYS[key][1].check(value):
            yield _problem(file, line, f'the setting "{key}" has a wrong value', KEYS[key][1].expected)


def _line_of(text: str, key: str) -> int:
    """Return the line that sets `key`, 0 where it cannot be told: the TOML reader of Python keeps no places."""
    pattern = re.compile(rf"""\s*(?:\[(?:tool\.ipsecmig\.)?)?["']?{re.escape(key)}["']?\s*[=.\]]""")
    section = text.find("[tool.ipsecmig")
    first = text.count("\n", 0, section) if section > 0 else 0
    for number, line in enumerate(text.splitlines(), 1):
        if number > first and pattern.match(line):
            return number
    return 0


def _problem(file: Path, line: int, message: str, expected: str = "") -> Diagnostic:
    return Diagnostic(_CODE, Severity.ERROR, message, Origin(str(file), line, 1 if line else 0), expected=expected)
