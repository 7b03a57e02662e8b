"""Rules with one condition less, made from their source: each must make a case fail."""

from __future__ import annotations

import ast
import copy
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

from ipsecmig.lint.rule import LintRule


class Mutant:
    """A rule with one condition removed; `text` says which one, by line."""

    def __init__(self, rule: LintRule, tree: ast.Module, text: str) -> None:
        self.text = text
        self._rule, self._tree = rule, tree

    def build(self) -> LintRule:
        """Return the mutant as a rule."""
        original = sys.modules[self._rule.check.__module__]
        module = ModuleType(original.__name__)
        module.__file__ = original.__file__
        exec(compile(self._tree, str(original.__file__), "exec"), module.__dict__)
        built: LintRule = module.__dict__["RULE"]
        return built


def mutants(rule: LintRule) -> Iterator[Mutant]:
    """Yield the mutants of `rule`: conditions taken for true, taken for false, and operands left out."""
    path = Path(str(sys.modules[rule.check.__module__].__file__))
    source = path.read_text(encoding="utf-8")
    tree = ast.parse(source)
    for place, (node, field, number) in enumerate(_conditions(tree)):
        value = getattr(node, field) if number is None else getattr(node, field)[number]
        for replacement in _replacements(node, field, value):
            changed = copy.deepcopy(tree)
            twin, twin_field, twin_number = list(_conditions(changed))[place]
            if replacement is None:
                del getattr(twin, twin_field)[twin_number]
            elif twin_number is None:
                setattr(twin, twin_field, replacement)
            else:
                getattr(twin, twin_field)[twin_number] = replacement
            told = "left out" if replacement is None else f"taken for {ast.unparse(replacement)}"
            yield Mutant(rule, ast.fix_missing_locations(changed), f"line {value.lineno}: {ast.unparse(value)}: {told}")


Place = tuple[ast.AST, str, int | None]
"""A node, a field of it, and the position where that holds a list."""


def _conditions(tree: ast.Module) -> Iterator[Place]:
    for node in ast.walk(tree):
        if _is_about_types(node):
            continue
        if isinstance(node, ast.If | ast.IfExp | ast.While):
            yield node, "test", None
        elif isinstance(node, ast.comprehension):
            yield from ((node, "ifs", number) for number in range(len(node.ifs)))
        elif isinstance(node, ast.BoolOp):
            yield from ((node, "values", number) for number in range(len(node.values)))


def _is_about_types(node: ast.AST) -> bool:
    """Whether the condition is there for the type checker only, or for the imports of one."""
    return isinstance(node, ast.If) and isinstance(node.test, ast.Name) and node.test.id == "TYPE_CHECKING"


def _replacements(node: ast.AST, field: str, value: ast.expr) -> list[ast.expr | None]:
    if field in {"ifs", "values"}:
        return [None] if field == "ifs" or len(getattr(node, field)) > 1 else []
    if isinstance(value, ast.BoolOp):
        return []  # its operands are left out one by one
    return [ast.Constant(True), ast.Constant(False)]
