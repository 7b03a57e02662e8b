"""The commands `reg add` and `reg delete`, as a script gives them.

Source: Microsoft Learn, "reg add", "reg delete", and "Parsing C command-line arguments" for quotes and backslashes.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Final, NamedTuple

from ipsecmig.dialects.containers.command import Command
from ipsecmig.dialects.registry_tree import words
from ipsecmig.dialects.registry_tree.paths import full
from ipsecmig.dialects.registry_tree.tree import Change, KeyDeleted, KeyMade, ValueDeleted, ValueSet
from ipsecmig.stored.registry import RegistryValue

_PIECE = re.compile(r'(?P<before>\\*+)"|\\++|[^\\"\s]++|\s++')
_SWITCH = re.compile(r"[/-][a-z]{1,6}(?::[0-9]{2})?", re.IGNORECASE)
_WITH_VALUE: Final = frozenset({"/v", "/t", "/s", "/d"})
_ALONE: Final = frozenset({"/ve", "/va", "/f", "/reg:32", "/reg:64"})


class CommandError(ValueError):
    """reg.exe refuses the command. The message says why."""


class UnknownCommandError(CommandError):
    """A command that changes the registry in a way that it does not state itself, such as `reg import`."""


class _Options(NamedTuple):
    """The switches of a command, in lower case, with the values of those that have one."""

    with_value: dict[str, str]
    alone: frozenset[str]


def changes(command: Command) -> Iterator[Change]:
    """Yield what one command of reg.exe changes; nothing for those that only read.

    Raises CommandError where reg.exe refuses the command, UnknownCommandError where what it does is not known,
    DataError for bad data.
    """
    given = arguments(command.text)
    verb = given[0].lower() if given else ""
    if verb in _READING:
        return
    if verb not in _WRITING:
        raise UnknownCommandError("what it changes is not known")
    if len(given) < 2:
        raise CommandError("the key is missing")
    if given[1].startswith("\\\\"):
        raise CommandError("it is for another machine")
    yield from _WRITING[verb](full(given[1]), _options(given[2:]), command)


def subject(text: str) -> list[str]:
    """Return the arguments of a command that name what it is about: its verb, its key and the name of its value."""
    given = arguments(text)
    name = next((at for at, word in enumerate(given) if word.lower() in {"/v", "-v"}), len(given))
    return [*given[:2], *(given[name : name + 2] if name > 1 else ())]


def arguments(text: str) -> list[str]:
    r"""Return the arguments that a program sees: quotes gone, `\"` a quote, other backslashes as they are."""
    found: list[str] = []
    current: list[str] | None = None
    quoted = False
    for piece in _PIECE.finditer(text):
        if piece[0].isspace() and not quoted:
            if current is not None:
                found.append("".join(current))
            current = None
            continue
        current = [] if current is None else current
        if piece["before"] is None:
            current.append(piece[0])
            continue
        backslashes = len(piece["before"])
        current.append("\\" * (backslashes // 2) + '"' * (backslashes % 2))
        quoted = quoted != (backslashes % 2 == 0)
    return found if current is None else [*found, "".join(current)]


def _options(given: Sequence[str]) -> _Options:
    with_value, alone = dict[str, str](), set[str]()
    rest = iter(given)
    for word in rest:
        switch = "/" + word[1:].lower() if word[:1] in {"/", "-"} else ""
        if switch in _WITH_VALUE:
            with_value[switch] = next(rest, "")
        elif switch in _ALONE:
            alone.add(switch)
        else:
            known = _SWITCH.fullmatch(word) is not None  # anything else may be a piece of the data, and secret
            raise CommandError(f"it has no switch `{word}`" if known else "a value with blanks needs quotes")
    return _Options(with_value, frozenset(alone))


def _add(path: str, options: _Options, command: Command) -> Iterator[Change]:
    origin = command.origin()
    if "/v" not in options.with_value and "/ve" not in options.alone:
        if options.with_value:
            raise CommandError("the name of the value is missing (/v or /ve)")
        yield KeyMade(path, origin)
        return
    kind = words.TYPES.get(options.with_value.get("/t", "REG_SZ").upper())
    if kind is None:
        raise CommandError("it has no such type")
    data = words.data(kind, options.with_value.get("/d", ""), options.with_value.get("/s", words.SEPARATOR))
    yield ValueSet(path, RegistryValue(options.with_value.get("/v", ""), kind, data, origin))


def _delete(path: str, options: _Options, command: Command) -> Iterator[Change]:
    origin = command.origin()
    if "/va" in options.alone:
        yield ValueDeleted(path, None, origin)
    elif "/v" in options.with_value or "/ve" in options.alone:
        yield ValueDeleted(path, options.with_value.get("/v", ""), origin)
    else:
        yield KeyDeleted(path, origin)


_WRITING: Final[Mapping[str, Callable[[str, _Options, Command], Iterator[Change]]]] = {"add": _add, "delete": _delete}
_READING: Final = frozenset({"query", "export", "save", "compare", "flags", "/?"})
