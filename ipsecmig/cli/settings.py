"""Settings from `ipsecmig.toml`, or from `[tool.ipsecmig]` in `pyproject.toml`: what a flag says when it is not given.

The nearest file upwards from the working directory counts, and only that one. Keys are the long options without their
dashes; those that lint alone has, or has with other values, stand in the table `lint`. What weakens a safety
(`--force`, `--no-verify`, `--with-secrets`) has no key: it is asked for each time. `suppress` is a list of what lint is
to leave out, which is read by `load_suppressions`.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterator, Mapping
from datetime import date
from pathlib import Path
from typing import NamedTuple

from ipsecmig.diagnostics import Diagnostic, Origin, Severity
from ipsecmig.errors import InputError

Value = str | bool | list[str]

_OWN_FILE = "ipsecmig.toml"
_SHARED_FILE = "pyproject.toml"
_CODE = "CLI010"
_LINT = "lint"
_SUPPRESS = "suppress"


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


LINT_KEYS: Mapping[str, tuple[str, _Kind]] = {
    "all-policies": ("all_policies", _FLAG),
    "baseline": ("baseline", _PATH),
    "fail-on": ("lint_fail_on", _choice("error", "warning", "info", "never")),
    "format": ("lint_format", _choice("text", "json", "sarif", "junit", "github")),
    "ignore": ("ignore", _LISTED),
    "select": ("select", _LISTED),
    "severity": ("severity", _choice("error", "warning", "info")),
    "to": ("lint_to", _LISTED),
}
"""Every key of the table `lint`, with the parameter of the command that it stands for."""


class SuppressSetting(NamedTuple):
    """One entry of `suppress`; `file` is absolute or empty."""

    codes: tuple[str, ...]
    object: str
    reason: str
    origin: Origin
    expires: date | None = None
    file: str = ""


_SUPPRESS_KINDS: Mapping[str, _Kind] = {
    "code": _LISTED,
    "object": _TEXT,
    "reason": _Kind("a string that says why", lambda v: isinstance(v, str) and bool(v.strip()), lambda v, _: str(v)),
    "expires": _Kind("a day, YYYY-MM-DD", lambda v: _day(v) is not None, lambda v, _: str(v)),
    "file": _PATH,
}
_SUPPRESS_NEEDS = ("code", "object", "reason")


def _day(value: object) -> date | None:
    try:
        return date.fromisoformat(str(value))
    except ValueError:
        return None


class _Found(NamedTuple):
    """The settings that hold: their file, its text, and what it says."""

    file: Path
    text: str
    settings: dict[str, object]


def load_settings(folder: Path) -> dict[str, Value]:
    """Return the settings that hold in `folder`, by the name of the parameter that each is for.

    Raises InputError when the file cannot be read, is no TOML, or has an unknown key or a wrong value.
    """
    found = _find(folder)
    return {} if found is None else _checked(found)


def load_suppressions(folder: Path) -> tuple[SuppressSetting, ...]:
    """Return the entries of `suppress` in the settings that hold in `folder`; raises as `load_settings`."""
    found = _find(folder)
    if found is None:
        return ()
    entries = found.settings.get(_SUPPRESS, [])
    lines = [n for n, line in enumerate(found.text.splitlines(), 1) if re.match(r"\s*\[\[.*suppress\s*\]\]", line)]
    places = [Origin(str(found.file), line, 1) for line in lines] if isinstance(entries, list) else []
    made = entries if isinstance(entries, list) else [entries]
    places += [Origin(str(found.file))] * (len(made) - len(places))
    return tuple(_suppress_setting(found.file, entry, place) for entry, place in zip(made, places, strict=False))


def _suppress_setting(file: Path, entry: object, origin: Origin) -> SuppressSetting:
    problems = list(_suppress_problems(entry, origin))
    if problems or not isinstance(entry, dict):
        raise InputError(tuple(problems))
    values = {key: _SUPPRESS_KINDS[key].read(value, file.parent) for key, value in entry.items()}
    codes = tuple(code.strip().upper() for code in str(values["code"]).split(","))
    expires = _day(values["expires"]) if "expires" in values else None
    name = os.path.abspath(str(values["file"])) if "file" in values else ""  # noqa: PTH100 (links stay as they are)
    return SuppressSetting(codes, str(values["object"]), str(values["reason"]), origin, expires, name)


def _suppress_problems(entry: object, origin: Origin) -> Iterator[Diagnostic]:
    if not isinstance(entry, dict):
        yield Diagnostic(_CODE, Severity.ERROR, "`suppress` is no list of tables", origin, expected="[[suppress]]")
        return
    for key in (key for key in _SUPPRESS_NEEDS if key not in entry):
        yield Diagnostic(_CODE, Severity.ERROR, f'the suppression has no "{key}"', origin)
    for key, value in entry.items():
        kind = _SUPPRESS_KINDS.get(key)
        if kind is None:
            expected = "one of " + ", ".join(_SUPPRESS_KINDS)
            yield Diagnostic(_CODE, Severity.ERROR, f'a suppression has no "{key}"', origin, expected=expected)
        elif not kind.check(value):
            message = f'"{key}" of the suppression has a wrong value'
            yield Diagnostic(_CODE, Severity.ERROR, message, origin, expected=kind.expected)


def _find(folder: Path) -> _Found | None:
    for place in (folder, *folder.parents):
        for name in (_OWN_FILE, _SHARED_FILE):
            file = place / name
            if file.is_file():
                text = _text(file)
                settings = _table(file, text)
                if settings is not None:
                    return _Found(file, text, settings)
    return None


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


def _checked(settings: _Found) -> dict[str, Value]:
    lint = settings.settings.get(_LINT, {})
    shared = {key: value for key, value in settings.settings.items() if key not in {_LINT, _SUPPRESS}}
    groups = ((KEYS, shared, ""), (LINT_KEYS, lint if isinstance(lint, dict) else {_LINT: lint}, f"{_LINT}."))
    problems = tuple(p for keys, values, prefix in groups for p in _problems(settings, keys, values, prefix))
    if problems:
        raise InputError(problems)
    folder = settings.file.parent
    return {
        keys[key][0]: keys[key][1].read(value, folder) for keys, values, _ in groups for key, value in values.items()
    }


def _problems(
    settings: _Found, keys: Mapping[str, tuple[str, _Kind]], values: dict[str, object], prefix: str
) -> Iterator[Diagnostic]:
    for key, value in values.items():
        line = _line_of(settings.text, key, _LINT if prefix else "")
        if key not in keys:
            expected = "one of " + ", ".join([*keys, *([] if prefix else [_LINT, _SUPPRESS])])
            yield _problem(settings.file, line, f'there is no setting "{prefix}{key}"', expected)
        elif not keys[key][1].check(value):
            message = f'the setting "{prefix}{key}" has a wrong value'
            yield _problem(settings.file, line, message, keys[key][1].expected)


def _line_of(text: str, key: str, table: str = "") -> int:
    """Return the line that sets `key`, 0 where it cannot be told: the TOML reader of Python keeps no places."""
    pattern = re.compile(rf"""\s*(?:\[(?:tool\.ipsecmig\.)?)?["']?{re.escape(key)}["']?\s*[=.\]]""")
    section = max(text.find(f"{table}]") if table else -1, text.find("[tool.ipsecmig"))
    first = text.count("\n", 0, section) if section > 0 else 0
    for number, line in enumerate(text.splitlines(), 1):
        if number > first and pattern.match(line):
            return number
    return 0


def _problem(file: Path, line: int, message: str, expected: str = "") -> Diagnostic:
    return Diagnostic(_CODE, Severity.ERROR, message, Origin(str(file), line, 1 if line else 0), expected=expected)
