"""PowerShell scripts: runs the part of the language that scripts with netsh commands use.

Literal variables, arrays, strings, loops over literals and the script's own functions are followed. What only the
running machine knows splits the flow or leaves a hole, as in batch files.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from functools import partial
from typing import Final, NamedTuple

from ipsecmig.dialects.containers import messages, ps_commands
from ipsecmig.dialects.containers.expansion import Unknown
from ipsecmig.dialects.containers.flow import DEAD, Flow
from ipsecmig.dialects.containers.interpreter import Interpreter
from ipsecmig.dialects.containers.output import DEPTH_LIMIT, Output
from ipsecmig.dialects.containers.positions import NOTHING, Document, Mapped, join
from ipsecmig.dialects.containers.ps_tokens import Token, lex
from ipsecmig.dialects.containers.ps_values import NOT_KNOWN, Evaluator, Known, Value, Variables, array
from ipsecmig.dialects.containers.runs import POWERSHELL_SIGNS, FilterLines

_ASSIGNMENT = re.compile(
    r"(?:\[[^\]\n]*\]\s*)*\$(?:\{([^}\n]+)\}|(?:(?:script|global|local|private):)?((?:env:)?\w+))\s*(\+?=)(?!=)\s*",
    re.IGNORECASE,
)
_ASSIGNED = re.compile(r"\$(\w+)\s*(?:[-+*/]?=(?!=)|\+\+|--)")
_COUNTED = re.compile(
    r"\s*\$(\w+)\s*=\s*(-?\d+)\s*;\s*\$(\w+)\s+-(l[te])\s+(-?\d+)\s*;\s*\$(\w+)\s*(?:\+\+|\+=\s*(\d+))\s*",
    re.IGNORECASE,
)
_PARAMETER = re.compile(r"\$(?!true\b|false\b|null\b)(\w+)\s*(=)?", re.IGNORECASE)
_ATTRIBUTE = re.compile(r"\[[^\]\n]*\]")
_CONTINUES: Final = {"|", ",", "&&", "||"}
_FOLLOWS: Final = {"if": {"else", "elseif"}, "try": {"catch", "finally"}, "do": {"while", "until"}}


class Function(NamedTuple):
    """A function of the script: its parameters, each with its default, and its body."""

    parameters: tuple[tuple[str, Mapped | None], ...]
    body: Mapped


def read(lines: Sequence[Mapped], out: Output) -> None:
    """Read the PowerShell script `lines`."""
    whole = lines.whole() if isinstance(lines, Document) else _joined(lines)
    variables: Variables = {name: Known((Mapped(value, [0] * len(value)),)) for name, value in out.definitions.items()}
    runs = FilterLines(lines, POWERSHELL_SIGNS) if isinstance(lines, Document) else None
    Script(out, variables).run(whole, runs)
    if out.depth == 0:
        out.end_script()


def _joined(lines: Sequence[Mapped]) -> Mapped:
    parts = [part for line in lines for part in (line, Mapped("\n", [line.places[-1] + 1 if line.text else 0]))]
    return join(parts)


class Script(Interpreter[Value]):
    """One run through a script, a block of it or a function."""

    def __init__(self, out: Output, variables: Variables, caller: Script | None = None) -> None:
        super().__init__(out, variables, Unknown("its value depends on which way the script goes"))
        self.functions: dict[str, Function] = {} if caller is None else caller.functions
        self._cut: dict[tuple[int, int], list[list[Token]]] = {} if caller is None else caller._cut
        self._left: list[Flow] = []

    @property
    def values(self) -> Evaluator:
        """What works out expressions here."""
        return Evaluator(self.variables, self.out)

    def run(self, code: Mapped, whole_lines: FilterLines | None = None) -> None:
        """Run all statements of `code`."""
        if not code.text.strip():
            return
        if self.out.depth >= DEPTH_LIMIT:
            ps_commands.leave(code, "commands within commands nest too deep", self.out)
            return
        self.out.depth += 1
        for statement in self._statements_of(code, whole_lines):
            if self.out.flow.alive:
                self._statement(statement, code)
        self.out.depth -= 1

    def _statements_of(self, code: Mapped, whole_lines: FilterLines | None) -> list[list[Token]]:
        """Return the statements of `code`, which are kept for the next round of a loop."""
        key = (code.places[0], code.places[-1]) if isinstance(code.places, range) else None
        if key is not None and key in self._cut:
            return self._cut[key]
        tokens, unclosed = lex(code, whole_lines)
        for place, end in unclosed:
            what = "string" if end in "\"'" else "bracket"
            self.out.note_once(messages.NOT_CLOSED, place, str(place.places), what=what, end=end)
        found = _statements(tokens)
        if key is not None:
            self._cut[key] = found
        return found

    def _statement(self, tokens: Sequence[Token], code: Mapped) -> None:
        keyword = ps_commands.bare(tokens[0])
        text = code.cut(tokens[0].start, tokens[-1].end)
        if tokens[0].kind == "lines":
            line, _ = self.out.document.place(text.places[0])
            self.out.filter_run(text.text, line)
        elif keyword in _KEYWORDS and (keyword != "foreach" or len(tokens) > 1):
            used = _KEYWORDS[keyword](self, tokens, code)
            if used < len(tokens) and self.out.flow.alive:
                self._statement(tokens[used:], code)
        elif match := _ASSIGNMENT.match(text.text):
            self._assign((match[1] or match[2]).lower(), match[3] == "+=", text.cut(match.end()))
        else:
            ps_commands.pipeline(self, tokens, code)

    def _assign(self, name: str, append: bool, right: Mapped) -> None:
        tokens = [token for token in lex(right).tokens if token.kind != "\n"]
        value: Value = Unknown(f"`${name}` gets its value when the script runs: give it with --define {name}=VALUE")
        unknown = value
        if tokens and ps_commands.is_command(tokens):
            self._statement(tokens, right)
        elif tokens:
            value = self.values.expression(tokens)
            if isinstance(value, Unknown):
                ps_commands.run_inner(self, tokens)
                value = unknown if value is NOT_KNOWN else value
        if append:
            value = _appended(self.values.variable(name), value)
        if isinstance(value, Unknown) and name in self.out.definitions:
            value = self.variables.get(name, value)
        self.variables = self.variables | {name: value}

    # --- control flow; each returns how many tokens it used ---

    def _if(self, tokens: Sequence[Token], code: Mapped) -> int:
        cases: list[tuple[str, Callable[[], None]]] = []
        used = 0
        otherwise: Mapped = NOTHING
        while used < len(tokens):
            word = ps_commands.bare(tokens[used])
            following = [token.inner for token in tokens[used + 1 : used + 3]]
            if word in {"if", "elseif"} and (word == "elseif") == bool(cases) and len(following) == 2:
                condition, body = following
                used += 3
                if condition is not None and body is not None:
                    ps_commands.run_inner(self, [tokens[used - 2]])
                    cases.append((self.out.readable(condition).strip(), partial(self.run, body)))
            elif word == "else" and cases and following and following[0] is not None:
                otherwise = following[0]
                used += 2
                break
            else:
                break
        if not cases:
            ps_commands.leave(code.cut(tokens[0].start, tokens[-1].end), "is no complete `if`", self.out)
            return len(tokens)
        self.cases(cases, partial(self.run, otherwise))
        return used

    def _foreach(self, tokens: Sequence[Token], code: Mapped) -> int:
        if len(tokens) < 3 or tokens[1].inner is None or tokens[2].inner is None:
            ps_commands.leave(code.cut(tokens[0].start, tokens[-1].end), "is no complete `foreach`", self.out)
            return len(tokens)
        head = [token for token in lex(tokens[1].inner).tokens if token.kind != "\n"]
        name = head[0].parts[0].text.text.lower() if head and head[0].parts else ""
        value = self.values.expression(head[2:]) if len(head) > 2 else NOT_KNOWN
        self.loop(name, value, tokens[2].inner, tokens[1].inner)
        return 3

    def loop(self, name: str, value: Value, body: Mapped, head: Mapped) -> None:
        """Run `body` with the variable `name` going over `value`; `head` says in words over what."""
        if isinstance(value, Unknown):
            self._repeated(f"`{self.out.readable(head).strip()}` has something to go over", body, {name: value})
            return
        outer, self._left = self._left, []
        for item in value.items:
            if not self.out.flow.alive:
                break
            if not self.out.spend():
                self.out.opaque(head, "the loops of this script have too many rounds to be followed")
                break
            self.variables = self.variables | {name: Known((item,), number=value.number)}
            self.run(body)
            self._rejoin()
        self._left = outer

    def _rejoin(self) -> None:
        for flow in self._left:
            self.out.flow = self.out.flow.join(flow)
        self._left = []

    def _repeated(self, question: str, body: Mapped, unknown: Variables) -> None:
        """Run `body` once for a loop whose rounds are not known: what it assigns is unknown too."""
        changed: Variables = {match[1].lower(): NOT_KNOWN for match in _ASSIGNED.finditer(body.text)}
        self.variables = self.variables | changed | unknown
        outer, self._left = self._left, []

        def once() -> None:
            self.run(body)
            self._rejoin()

        self.branches(question, once)
        self._left = outer

    def _for(self, tokens: Sequence[Token], code: Mapped) -> int:
        if len(tokens) > 2 and tokens[1].inner is not None and tokens[2].inner is not None:
            match = _COUNTED.fullmatch(tokens[1].inner.text)
            if match and match[1].lower() == match[3].lower() == match[6].lower() and match[7] != "0":
                end = int(match[5]) + (match[4].lower() == "le")
                numbers = range(int(match[2]), end, int(match[7] or 1))
                place = tokens[1].inner.places[0]
                items = (Mapped(str(n), [place] * len(str(n))) for n in numbers[: len(range(100_001))])
                self.loop(
                    match[1].lower(), Known(tuple(items), array=True, number=True), tokens[2].inner, tokens[1].inner
                )
                return 3
        return self._while(tokens, code)

    def _while(self, tokens: Sequence[Token], code: Mapped) -> int:
        """`while`, `do`, `switch` and other blocks that run as often as the machine decides."""
        blocks = [i for i, token in enumerate(tokens) if token.kind == "{"]
        head = code.cut(tokens[0].start, tokens[blocks[0]].start if blocks else tokens[-1].end)
        for index in blocks[:1]:
            inner = tokens[index].inner
            if inner is not None:
                self._repeated(self.out.readable(head).strip(), inner, {})
        end = blocks[0] + 1 if blocks else len(tokens)
        if ps_commands.bare(tokens[0]) == "do":
            return len(tokens)
        return end

    def _try(self, tokens: Sequence[Token], code: Mapped) -> int:
        mode = "try"
        for index, token in enumerate(tokens):
            word = ps_commands.bare(token)
            mode = word if word in {"try", "catch", "finally"} else mode
            if token.kind == "{" and token.inner is not None:
                if mode == "catch":
                    self.branches("an error is caught", partial(self.run, token.inner))
                else:
                    self.run(token.inner)
            elif index and word not in {"catch", "finally"} and not word.startswith("["):
                return index
        return len(tokens)

    def _function(self, tokens: Sequence[Token], code: Mapped) -> int:
        block = next((i for i, token in enumerate(tokens) if token.kind == "{"), None)
        if block is None or block < 2 or (body := tokens[block].inner) is None:
            return len(tokens)
        head = next((t.inner for t in tokens[:block] if t.kind == "(" and t.inner is not None), None)
        if head is None:
            head = next((_param_block(s) for s in _statements(lex(body).tokens) if _param_block(s) is not None), None)
        self.functions[ps_commands.bare(tokens[1])] = Function(_parameters(head) if head is not None else (), body)
        return block + 1

    def _param(self, tokens: Sequence[Token], code: Mapped) -> int:
        """Give the script's own parameters their defaults, unless the caller defines them."""
        head = _param_block(tokens)
        for name, default in _parameters(head) if head is not None else ():
            if name in self.variables or default is None:
                continue
            self.out.note(messages.PARAMETER_DEFAULT, default, name=name)
            self.variables = self.variables | {name: self.values.expression(lex(default).tokens)}
        return 2

    def _leave(self, tokens: Sequence[Token], code: Mapped) -> int:
        """`exit`, `throw`, and `return` end the script, `break` and `continue` this round of the loop."""
        if len(tokens) > 1 and ps_commands.bare(tokens[0]) == "return":
            ps_commands.pipeline(self, tokens[1:], code)
        if ps_commands.bare(tokens[0]) in {"exit", "throw"}:
            self.out.end_path()
        else:
            self._left.append(self.out.flow.left())
            self.out.flow = DEAD
        return len(tokens)

    def _block(self, tokens: Sequence[Token], code: Mapped) -> int:
        """`begin`, `process`, `end`."""
        if len(tokens) > 1 and tokens[1].inner is not None:
            self.run(tokens[1].inner)
        return 2

    def call(self, function: Function, positional: Sequence[Value], named: Variables) -> None:
        """Run a function of the script."""
        bound: Variables = {
            "args": Known(tuple(i for v in positional if isinstance(v, Known) for i in v.items), array=True)
        }
        rest = list(positional)
        for name, default in function.parameters:
            if name in named:
                bound[name] = named[name]
            elif rest:
                bound[name] = rest.pop(0)
            else:
                bound[name] = self.values.expression(lex(default).tokens) if default is not None else Known((NOTHING,))
        inner = Script(self.out, self.variables | bound, self)
        inner.run(function.body)
        inner._rejoin()


_KEYWORDS: Final[dict[str, Callable[[Script, Sequence[Token], Mapped], int]]] = {
    "if": Script._if,
    "foreach": Script._foreach,
    "for": Script._for,
    "while": Script._while,
    "do": Script._while,
    "switch": Script._while,
    "try": Script._try,
    "function": Script._function,
    "filter": Script._function,
    "param": Script._param,
    "exit": Script._leave,
    "throw": Script._leave,
    "return": Script._leave,
    "break": Script._leave,
    "continue": Script._leave,
    "begin": Script._block,
    "process": Script._block,
    "end": Script._block,
}


def _statements(tokens: Sequence[Token]) -> list[list[Token]]:
    """Cut tokens into statements; a line ends none if it ends in an operator or `else` and the like follow."""
    found: list[list[Token]] = []
    current: list[Token] = []
    for index, token in enumerate(tokens):
        if token.kind == "lines":
            found += [current, [token]]
            current = []
        elif token.kind == ";" or (token.kind == "\n" and not _goes_on(current, tokens, index)):
            found.append(current)
            current = []
        elif token.kind != "\n":
            current.append(token)
    return [statement for statement in [*found, current] if statement]


def _goes_on(current: Sequence[Token], tokens: Sequence[Token], index: int) -> bool:
    if not current:
        return False
    last = current[-1]
    if last.kind in _CONTINUES or (last.kind == "word" and ps_commands.bare(last) in {"+", "="}):
        return True
    if (
        last.parts
        and last.parts[-1].kind == "bare"
        and last.parts[-1].text.text.endswith(("=", "+"))
        and len(current) == 1
    ):
        return True
    following = next((tokens[i] for i in range(index + 1, len(tokens)) if tokens[i].kind != "\n"), None)
    first = ps_commands.bare(current[0])
    if following is None:
        return False
    takes_block = first in _KEYWORDS and following.kind == "{" and not any(t.kind == "{" for t in current)
    return takes_block or following.kind == "|" or ps_commands.bare(following) in _FOLLOWS.get(first, ())


def _param_block(tokens: Sequence[Token]) -> Mapped | None:
    return tokens[1].inner if len(tokens) > 1 and ps_commands.bare(tokens[0]) == "param" else None


def _parameters(head: Mapped) -> tuple[tuple[str, Mapped | None], ...]:
    """Return the parameters that `param(...)` or the head of a function declares, with the code of their defaults."""
    found: list[tuple[str, Mapped | None]] = []
    tokens = [token for token in lex(head).tokens if token.kind != "\n"]
    start = 0
    for end in [*(i for i, token in enumerate(tokens) if token.kind == ","), len(tokens)]:
        if end > start:
            part = head.cut(tokens[start].start, tokens[end - 1].end)
            match = _PARAMETER.search(part.text)
            if match:
                found.append((match[1].lower(), part.cut(match.end()) if match[2] else None))
        start = end + 1
    return tuple(found)


def _appended(left: Value, right: Value) -> Value:
    if isinstance(left, Unknown) or isinstance(right, Unknown):
        return left if isinstance(left, Unknown) else right
    if left.array:
        return array([*left.items, *right.items])
    return NOT_KNOWN if left.number else Known((join([*left.items, *right.items]),))
