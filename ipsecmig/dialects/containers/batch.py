"""Batch files: runs a script as cmd.exe would, as far as the script alone says what happens.

Variables, loops, calls and forward jumps are followed. What only the running machine knows splits the flow: both ways
are read, and the statements carry the condition. A jump back over what was already read is not followed.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import Final

from ipsecmig.dialects.containers import expansion, launchers, loops, messages, netsh_script
from ipsecmig.dialects.containers.batch_syntax import (
    Block,
    For,
    If,
    Malformed,
    Node,
    Parser,
    Pipe,
    Redirect,
    Simple,
    Step,
    Unclosed,
)
from ipsecmig.dialects.containers.expansion import Environment, Unknown, known
from ipsecmig.dialects.containers.flow import DEAD, Flow
from ipsecmig.dialects.containers.output import DEPTH_LIMIT, Output
from ipsecmig.dialects.containers.positions import HOLE, NOTHING, Document, Mapped
from ipsecmig.dialects.containers.program import Program
from ipsecmig.dialects.containers.shell import INTERNAL, QUIET, WORD, Shell, split_name

_SKIPPED = re.compile(r"[ \t@]*(?:$|[:#]|//|rem(?=netsh\b|[^\w\\:]|$))", re.IGNORECASE)
_CALLS = re.compile(r"(?:call[ \t]+)*", re.IGNORECASE)
_ALWAYS_SUCCEEDS: Final = {"echo", "set", "setlocal", "endlocal", "title", "cls", "rem", "shift", "color", "pause"}
_NO_FILES: Final = {"", "nul", "con"}


def read(lines: Sequence[Mapped], out: Output) -> None:
    """Read the batch file `lines`, statement by statement, into `out`."""
    parameters: Environment = {n: v for n, v in out.definitions.items() if re.fullmatch(r"\d|\*", n)}
    variables: Environment = {n: v for n, v in out.definitions.items() if n not in parameters}
    Batch(Program(lines), out, variables, parameters).run(0)
    out.end_script()


def read_line(lines: Sequence[Mapped], out: Output) -> None:
    """Read commands that another program hands to cmd.exe, in which no `%1` and no `%x%` is left to expand."""
    Batch(Program(lines), out, {}, {}).run(0)


class Batch(Shell):
    """One run through a batch file or a part of it."""

    def __init__(
        self, program: Program, out: Output, variables: Environment, parameters: Environment, *, delayed: bool = False
    ) -> None:
        super().__init__(out, variables, parameters, delayed=delayed)
        self._program = program
        self.lines = program.lines
        self._next = 0
        self._arrivals: dict[int, list[tuple[Flow, Environment]]] = {}
        self._visited: set[int] = set()
        self._ended: list[tuple[Flow, Environment]] = []
        self._succeeded = False

    # --- lines ---

    def run(self, start: int) -> None:
        """Read from line `start` to the end; afterwards the flow is that of all ways to get there."""
        self._next = start
        while self._next < len(self.lines):
            self._arrive()
            if not self.out.flow.alive:
                later = [line for line in self._arrivals if line >= self._next]
                if not later:
                    break
                self._next = min(later)
            elif not self._filter_lines():
                self._logical_line()
        self._arrivals[self._next] = [*self._arrivals.get(self._next, []), *self._ended]
        self._ended = []
        self._arrive()

    def _arrive(self) -> None:
        """Join the flows that jumped to the line that comes next."""
        for flow, variables in self._arrivals.pop(self._next, ()):
            both = self.out.flow.alive
            self.variables = self.merged(self.variables, variables) if both else variables
            self.out.flow = self.out.flow.join(flow)

    def _filter_lines(self) -> bool:
        """Hand on plain `add filter` lines in one piece; return whether there were any."""
        runs = self._program.runs
        if not isinstance(self.lines, Document) or runs is None or self.out.host:
            return False
        start = self.lines.starts[self._next]
        end = runs.end(start)
        if end == start:
            return False
        text = self.lines.text[start:end]
        self.out.filter_run(text, self._next + 1)
        self._succeeded = True
        self._next += text.count("\n")
        return True

    def _logical_line(self) -> None:
        self._visited.add(self._next)
        line = self.lines[self._next]
        self._next += 1
        if _SKIPPED.match(line.text):
            return
        parser = Parser(self._expanded(line), self._more)
        try:
            steps = parser.parse()
        except Unclosed as problem:
            self.out.note(messages.UNCLOSED, problem.at)
            steps = problem.steps
        self._steps(steps)

    def _more(self) -> Mapped | None:
        if self._next >= len(self.lines):
            return None
        self._next += 1
        return self._expanded(self.lines[self._next - 1])

    def _expanded(self, line: Mapped) -> Mapped:
        if "%" not in line.text:
            return line
        status: Environment = {"errorlevel": "0"} if self._succeeded else {}
        expanded = expansion.percents(line, self.variables | status, self.parameters, self.out)
        if len(expanded.text) <= max(expansion.LINE_LIMIT, len(line.text)):
            return expanded
        self.out.note(messages.TOO_LONG, line, limit=expansion.LINE_LIMIT)
        self.out.opaque(line, "is longer than cmd.exe takes once its variables are filled in")
        return NOTHING

    # --- structure ---

    def _steps(self, steps: Sequence[Step]) -> None:
        previous: Node | None = None
        for step in steps:
            if not self.out.flow.alive:
                return
            if step.operator == "&" or previous is None:
                self._node(step.node)
            else:
                self._dependent(step, previous)
            previous = step.node

    def _dependent(self, step: Step, previous: Node) -> None:
        """Run a step that depends on how the command before it ended."""
        name = self._command_name(previous)
        wanted = step.operator == "&&"
        if name == "netsh" and wanted:
            if isinstance(step.node, Simple) and self._command_name(step.node) not in _ALWAYS_SUCCEEDS:
                self.out.note_once(messages.TAKEN_TO_SUCCEED, step.node.text)
            self._node(step.node)
        elif name in _ALWAYS_SUCCEEDS or self._settled(previous):
            if wanted:
                self._node(step.node)
        else:
            verb = "succeeds" if wanted else "fails"
            before = (self.out.flow, self.variables)
            self.branches(f"`{_shown(previous, self.out)}` {verb}", lambda: self._node(step.node))
            if name == "netsh":  # netsh is taken to succeed, so what follows a handled failure is not conditional
                self.out.flow, self.variables = before[0].touched(), before[1]

    def _settled(self, node: Node) -> bool:
        """Whether `node` is a block or pipe whose last command is known to succeed."""
        if isinstance(node, Block) and node.steps:
            return self._command_name(node.steps[-1].node) in {*_ALWAYS_SUCCEEDS, "netsh"}
        return False

    def _command_name(self, node: Node) -> str:
        if isinstance(node, Pipe):
            return self._command_name(node.stages[-1])
        return split_name(self.filled(node.text))[0] if isinstance(node, Simple) else ""

    def _node(self, node: Node) -> None:
        if isinstance(node, Simple):
            self._redirected(node.redirects, lambda: self._simple(node))
        elif isinstance(node, Block):
            self._redirected(node.redirects, lambda: self._steps(node.steps))
        elif isinstance(node, Pipe):
            for stage in node.stages:
                self._node(stage)
        elif isinstance(node, If):
            self._if(node)
        elif isinstance(node, For):
            self._for(node)
        elif self.out.flow.alive:
            self.out.note(messages.NOT_PARSED, node.text, reason=node.reason)
            self.out.opaque(node.text, node.reason)

    def _redirected(self, redirects: Sequence[Redirect], run: Callable[[], None]) -> None:
        """Run a command; what it is known to print goes into the file that it is sent to."""
        targets = [r for r in redirects if r.operator != "<" and r.target.text.lower() not in _NO_FILES]
        if not targets:
            run()
            return
        key = netsh_script.file_key(self.filled(targets[-1].target), self.out)
        outer, self.capture = self.capture, []
        run()
        self.out.files.write(key, self.capture, self.out.flow, append=targets[-1].operator == ">>")
        self.capture = outer

    def _if(self, node: If) -> None:
        outcome = self._decided(node)
        if outcome is None:
            question = self.out.readable(self.filled(node.condition))[2:].strip()
            self.branches(question, lambda: self._steps(node.then), lambda: self._steps(node.otherwise))
        else:
            self._steps(node.then if outcome else node.otherwise)

    def _decided(self, node: If) -> bool | None:
        """Return how an `if` goes, None when only the running machine knows."""
        left, right = (known(self.filled(part), self.out) for part in (node.left, node.right))
        outcome: bool | None = None
        if node.kind == "defined" and isinstance(left, str):
            value = self.variables.get(left.lower())
            outcome = bool(value) if isinstance(value, str) else None
        elif node.kind == "errorlevel" and isinstance(left, str) and left.isdecimal() and self._succeeded:
            self.out.note_once(messages.TAKEN_TO_SUCCEED, node.condition)
            outcome = int(left) <= 0
        elif isinstance(left, str) and isinstance(right, str) and node.kind in _COMPARISONS:
            outcome = _compare(node.kind, left, right, ignore_case=node.ignore_case)
        return outcome if outcome is None else outcome != node.negated

    def _for(self, node: For) -> None:
        items = loops.rounds(node, self.filled(node.items), self.out)
        outer = self.loops
        if isinstance(items, Unknown):
            head = self.out.readable(self.filled(node.head))
            names = {chr(ord(node.variable) + n) for n in range(26 if node.kind == "f" else 1)}
            self.loops = outer | {name: items for name in names if name.isprintable()}
            self.branches(f"`{head}` has something to go over", lambda: self._steps(node.body))
        else:
            for variables in items:
                if not self.out.flow.alive:
                    break
                if not self.out.spend():
                    self.out.opaque(node.head, "the loops of this script have too many rounds to be followed")
                    break
                self.loops = outer | variables
                self._steps(node.body)
        self.loops = outer

    # --- commands ---

    def _simple(self, node: Simple) -> None:
        if not self.out.flow.alive:
            return
        text = self.filled(node.text)
        text = text.cut(len(text.text) - len(text.text.lstrip(" \t@,;=")))
        name, arguments = split_name(text)
        inputs = [r.target for r in node.redirects if r.operator == "<"]
        if name == "netsh" and inputs and not arguments.text.strip():
            netsh_script.run_file(self.filled(inputs[-1]), text, self.out)
        elif name == "netsh":
            netsh_script.command_line(arguments, text, self.out)
        elif name in _JUMPS:
            _JUMPS[name](self, arguments, text)
        elif name in INTERNAL:
            INTERNAL[name](self, arguments)
        elif name not in QUIET and not self._script(name, text):
            launchers.read(name, arguments, text, self.out)
        if name not in _ALWAYS_SUCCEEDS and name not in _JUMPS:
            self._succeeded = name == "netsh"

    # --- jumps ---

    def _find_label(self, name: str) -> int | None:
        """Return the line of the label `name`: the next one from here, else the first one."""
        found = self._program.labels.get(name.lower(), [])
        return next((line for line in found if line >= self._next), found[0] if found else None)

    def _goto(self, arguments: Mapped, text: Mapped) -> None:
        word = arguments.text.strip(" \t:").split()
        name = word[0] if word else ""
        if HOLE in arguments.text:
            self.out.opaque(text, self.out.why(text))
            self.out.end_path()
            return
        if name.lower() == "eof":
            self._end()
            return
        line = self._find_label(name)
        if line is None:
            self.out.note(messages.NO_LABEL, text, label=name)
            self._end()
        elif line >= self._next:
            flow, self.out.flow = self.out.flow.left(), DEAD
            self._arrivals.setdefault(line, []).append((flow, self.variables))
        else:
            self._jump_back(line, text)

    def _jump_back(self, line: int, text: Mapped) -> None:
        if not self._arrivals and line not in self._visited and not self.loops:
            self._next = line
            return
        if any(number > line for number in self._visited) and len(self.out):
            self.out.opaque(text, "jumps back: how often the commands in between run is known only at run time")
        self._end()

    def _end(self) -> None:
        """End this run of the script or of a called part of it."""
        self._ended.append((self.out.flow.left(), self.variables))
        self.out.flow = DEAD

    def _exit(self, arguments: Mapped, text: Mapped) -> None:
        if "/b" in arguments.text.lower():
            self._end()
        else:
            self.out.end_path()

    def _call(self, arguments: Mapped, text: Mapped) -> None:
        part = arguments.strip()
        again = _CALLS.match(part.text)
        part = part.cut(again.end() if again else 0)
        if "%" in part.text:
            part = expansion.percents(part, self.variables, self.parameters, self.out)
        if part.text.startswith(":"):
            self._call_label(part, text)
        elif part.text:
            self._simple(Simple(part))

    def _call_label(self, part: Mapped, text: Mapped) -> None:
        words = [part.cut(*match.span()) for match in WORD.finditer(part.text)]
        line = self._find_label(words[0].text[1:])
        if words[0].text.lower() == ":eof":
            return
        if line is None:
            self.out.note(messages.NO_LABEL, text, label=words[0].text[1:])
        elif not self.out.spend() or self.out.depth >= DEPTH_LIMIT:
            self.out.opaque(text, "calls itself too often to be followed")
        else:
            self._nested(self._program, words, part, line)

    def _nested(self, program: Program, words: Sequence[Mapped], part: Mapped, start: int) -> None:
        """Run `program` from `start` as a called script with `words` as its parameters."""
        parameters: Environment = {str(n): "" for n in range(10)}
        parameters |= {str(n): known(word, self.out) for n, word in enumerate(words[:10])}
        parameters["*"] = known(part.cut(len(words[0].text)).strip(), self.out)
        inner = Batch(program, self.out, self.variables, parameters, delayed=self.delayed)
        self.out.depth += 1
        inner.run(start)
        self.out.depth -= 1
        self.variables = inner.saved[0][0] if inner.saved else inner.variables

    def _script(self, name: str, text: Mapped) -> bool:
        """Run another batch file; return whether `text` does that."""
        match = WORD.search(text.text)
        if match is None:
            return False
        key = netsh_script.file_key(text.cut(*match.span()), self.out)
        lines = self.out.files.read(key, self.out.flow)
        if lines is None and not name.endswith((".bat", ".cmd")):
            return False
        if lines is None or self.out.depth >= DEPTH_LIMIT or not self.out.spend():
            self.out.opaque(text, "runs another batch file, which is not part of this one: convert it too")
        else:
            self._nested(Program(lines), [text.cut(*word.span()) for word in WORD.finditer(text.text)], text, 0)
        return True


_COMPARISONS: Final = {"==", "equ", "neq", "lss", "leq", "gtr", "geq"}

_JUMPS: Final[dict[str, Callable[[Batch, Mapped, Mapped], None]]] = {
    "call": Batch._call,
    "exit": Batch._exit,
    "goto": Batch._goto,
}


def _compare(kind: str, left: str, right: str, *, ignore_case: bool) -> bool:
    if kind != "==" and all(re.fullmatch(r"[-+]?\d+", side) for side in (left, right)):
        order = (int(left) > int(right)) - (int(left) < int(right))
    else:
        left, right = (left.lower(), right.lower()) if ignore_case else (left, right)
        order = (left > right) - (left < right)
    signs = {"==": (0,), "equ": (0,), "neq": (-1, 1), "lss": (-1,), "leq": (-1, 0), "gtr": (1,), "geq": (0, 1)}
    return order in signs[kind]


def _shown(node: Node, out: Output) -> str:
    """Return a short text for a command in a condition."""
    if isinstance(node, Pipe):
        return " | ".join(_shown(stage, out) for stage in node.stages)
    if isinstance(node, Block):
        return "(" + " & ".join(_shown(step.node, out) for step in node.steps) + ")"
    part = node.text if isinstance(node, Simple | Malformed) else node.head if isinstance(node, For) else node.condition
    return out.readable(part).strip()
