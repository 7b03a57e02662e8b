"""What cmd.exe keeps while a batch file runs, and its internal commands that change it.

Source: Microsoft's command-line reference for `set`, `setlocal`, `shift`, `echo`.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Final

from ipsecmig.dialects.containers import arithmetic, expansion, messages, netsh_script
from ipsecmig.dialects.containers.expansion import Environment, Unknown, Value, known
from ipsecmig.dialects.containers.interpreter import Interpreter
from ipsecmig.dialects.containers.output import Output
from ipsecmig.dialects.containers.positions import HOLE, Mapped

WORD: Final = re.compile(r'(?:"[^"]*"?|[^\s"])+')
_INTERNAL = re.compile(
    r"(setlocal|endlocal|set|call|goto|exit|echo|shift|del|erase|rem|title|cd|chdir|pushd|popd|cls|pause|color|ver|type)"
    r"(?=[\s/:.(,;=+\\\"\[\]]|$)",
    re.IGNORECASE,
)


class Shell(Interpreter[Value]):
    """The state of cmd.exe: variables, parameters, loop variables, and what was saved by `setlocal`."""

    def __init__(self, out: Output, variables: Environment, parameters: Environment, *, delayed: bool = False) -> None:
        super().__init__(out, variables, Unknown("its value depends on which way the script goes"))
        self.parameters = parameters
        self.delayed = delayed
        self.loops: Environment = {}
        self.saved: list[tuple[Environment, bool]] = []
        self.capture: list[Mapped] | None = None

    def filled(self, part: Mapped) -> Mapped:
        """Return `part` with loop variables and delayed variables filled in."""
        part = expansion.loop_variables(part, self.loops, self.out)
        return expansion.delayed(part, self.variables, self.out) if self.delayed else part

    def echo(self, arguments: Mapped) -> None:
        """`echo`: keeps the line if it goes into a file."""
        if self.capture is not None:
            self.capture.append(arguments.cut(1))

    def set(self, arguments: Mapped) -> None:
        """`set NAME=value`, `set "NAME=value"`, `set /a` and `set /p`."""
        part = arguments.cut(len(arguments.text) - len(arguments.text.lstrip(" \t")))
        switch = part.text[:2].lower()
        if switch == "/a":
            found = arithmetic.assignments(part.text[2:], self._number)
            self.variables = self.variables | {name: _result(name, value) for name, value in found.items()}
        elif switch == "/p":
            name = part.text[2:].strip().strip('"').partition("=")[0].lower()
            self._assign(name, self.out.definitions.get(name, expansion.unbound(name)))
        else:
            self._set_text(part)

    def _set_text(self, part: Mapped) -> None:
        if part.text.startswith('"') and part.text.rfind('"') > 0:
            part = part.cut(1, part.text.rfind('"'))
        name, equals, _ = part.text.partition("=")
        if not equals or not name or HOLE in name:
            return
        if name != name.strip() and len(name.split()) == 1:
            self.out.note(messages.SPACED_SET, part, name=name.strip())
        self._assign(name, known(part.cut(len(name) + 1), self.out))

    def _assign(self, name: str, value: Value) -> None:
        self.variables = self.variables | {name.lower(): value}

    def _number(self, name: str) -> str | None:
        value = self.variables.get(name.lower())
        return value if isinstance(value, str) else None

    def setlocal(self, arguments: Mapped) -> None:
        """`setlocal`, with or without `enabledelayedexpansion`."""
        self.saved.append((self.variables, self.delayed))
        words = arguments.text.lower().split()
        self.delayed = ("enabledelayedexpansion" in words or self.delayed) and "disabledelayedexpansion" not in words

    def endlocal(self, arguments: Mapped) -> None:
        """`endlocal`."""
        del arguments
        if self.saved:
            self.variables, self.delayed = self.saved.pop()

    def shift(self, arguments: Mapped) -> None:
        """`shift`: every parameter moves down by one."""
        del arguments
        shifted = {str(int(n) - 1): v for n, v in self.parameters.items() if n.isdecimal() and n != "0"}
        self.parameters = shifted | {n: v for n, v in self.parameters.items() if n == "*"}

    def delete(self, arguments: Mapped) -> None:
        """`del`: files start anew."""
        for word in WORD.finditer(arguments.text):
            name = netsh_script.file_key(arguments.cut(*word.span()), self.out)
            self.out.files.write(name, (), self.out.flow, append=False)


INTERNAL: Final[dict[str, Callable[[Shell, Mapped], None]]] = {
    "del": Shell.delete,
    "echo": Shell.echo,
    "endlocal": Shell.endlocal,
    "erase": Shell.delete,
    "set": Shell.set,
    "setlocal": Shell.setlocal,
    "shift": Shell.shift,
}
QUIET: Final = frozenset({"title", "cd", "chdir", "pushd", "popd", "cls", "pause", "color", "ver", "rem", "type"})
"""Internal commands that do not matter here."""


def split_name(text: Mapped) -> tuple[str, Mapped]:
    """Return the program or internal command that `text` runs, in lower case, and its arguments."""
    bare = text.text.lstrip(" \t@")
    if match := _INTERNAL.match(bare):
        return match[1].lower(), text.cut(len(text.text) - len(bare) + match.end())
    first = WORD.search(text.text)
    if first is None:
        return "", text
    name = re.split(r"[\\/]", first[0].strip('"'))[-1].lower()
    return re.sub(r"\.(?:exe|com)$", "", name).lstrip("@"), text.cut(first.end())


def _result(name: str, value: str | None) -> Value:
    return Unknown(f"`{name}` is worked out from something known only at run time") if value is None else value
