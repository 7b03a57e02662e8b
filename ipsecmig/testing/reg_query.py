r"""`reg query` as Windows answers it.

Up to Server 2003 a banner comes first, names and data stand between tabs, and strings of REG_MULTI_SZ end in `\0\0`;
from Vista on four blanks stand between them, and the name of the default value is translated.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Final

from ipsecmig.stored.registry import RegistryKey, RegistryValue, ValueType
from ipsecmig.testing.answer import Answer
from ipsecmig.testing.languages import Speech, encode
from ipsecmig.testing.registry import MACHINE, AccessDenied, Registry

_REQUEST: Final = re.compile(r'reg(?:\.exe)?\s+query\s+(?:"([^"]+)"|(\S+))(\s+/s)?\s*', re.IGNORECASE)
_ABBREVIATED: Final = re.compile(r"HKLM(?=\\|$)", re.IGNORECASE)
_BANNER: Final = "\r\n! REG.EXE VERSION 3.0\r\n"
_NO_NAME: Final = "<NO NAME>"


def answer_reg_query(line: str, registry: Registry, speech: Speech, code_page: int, *, old: bool) -> Answer | None:
    """Return the answer to a command line, None if it is no query of a key. `old` is for releases before Vista."""
    request = _REQUEST.fullmatch(line)
    if request is None:
        return None
    path = _ABBREVIATED.sub(MACHINE, request[1] or request[2]).rstrip("\\")
    try:
        text = _listing(registry, path, speech, deep=bool(request[3]), old=old)
    except AccessDenied:
        return _failure(speech.denied, speech, code_page, old=old)
    if text is None:
        return _failure(speech.no_such_key, speech, code_page, old=old)
    return Answer(encode(text, code_page))


def _failure(said: str, speech: Speech, code_page: int, *, old: bool) -> Answer:
    text = f"\r\n{speech.error.capitalize()}:  {said}\r\n" if old else f"{speech.error}: {said}\r\n"
    return Answer(stderr=encode(text, code_page), exit_code=1)


def _listing(registry: Registry, path: str, speech: Speech, *, deep: bool, old: bool) -> str | None:
    """Return the text about a key and, unless it is `deep`, the names of its subkeys; None where there is no key."""
    top = registry.key(path)
    if top is None:
        return None
    show = _before_vista if old else lambda value: _since_vista(value, speech)
    keys = registry.walk(path) if deep else iter((top,))
    blocks = [_block(path + key.path[len(path) :], key, show) for key in keys]
    if not deep:
        blocks += [path + key.path[len(path) :] for key in registry.subkeys(path)]
    between = "\r\n\r\n" if deep else "\r\n"
    return (_BANNER if old else "") + "\r\n" + between.join(blocks) + "\r\n\r\n"


def _block(path: str, key: RegistryKey, show: Callable[[RegistryValue], str]) -> str:
    return "\r\n".join((path, *(show(value) for value in key.values.values())))


def _before_vista(value: RegistryValue) -> str:
    ending = r"\0\0" if isinstance(value.data, tuple) else ""
    return "    " + "\t".join((value.name or _NO_NAME, _type(value), _data(value) + ending))


def _since_vista(value: RegistryValue, speech: Speech) -> str:
    return "    " + "    ".join((value.name or speech.default_value, _type(value), _data(value)))


def _type(value: RegistryValue) -> str:
    return f"REG_{ValueType(value.type).name}"


def _data(value: RegistryValue) -> str:
    data = value.data
    if isinstance(data, bytes):
        return data.hex().upper()
    if isinstance(data, int):
        return f"{data:#x}"
    return data if isinstance(data, str) else r"\0".join(data)
