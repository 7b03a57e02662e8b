"""strongSwan's settings files: sections, inheritance by reference and includes. Source: swanctl.conf(5)."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from fnmatch import fnmatch
from functools import lru_cache

from lark import Lark, Token, Tree, UnexpectedInput

from ipsecmig.diagnostics import Origin
from ipsecmig.grammars import load
from ipsecmig.model.policy import NotUnderstood
from ipsecmig.verify.readback.plain_settings import Setting, Settings, take_plain_sections

_Tree = Tree[Token]


@dataclass(slots=True)
class Section:
    """One section: its settings and subsections in the order of their first appearance."""

    name: str
    origin: Origin
    settings: dict[str, Setting] = field(default_factory=dict)
    sections: dict[str, Section] = field(default_factory=dict)
    references: list[str] = field(default_factory=list)

    def get(self, key: str, default: str = "") -> str:
        """Return the value of `key`, or `default` where it is not set or empty."""
        setting = self.settings.get(key)
        return default if setting is None else setting.value or default

    def matching(self, prefix: str) -> Iterator[Section]:
        """Yield the subsections whose name is `prefix` or begins with it and a dash or digit, as `local-1`."""
        pattern = re.compile(re.escape(prefix) + r"(-.*|\d.*)?$")
        return (s for n, s in self.sections.items() if pattern.match(n))


def parse_settings(texts: Mapping[str, str]) -> tuple[Section, tuple[NotUnderstood, ...]]:
    """Return the sections of all files merged, as when one file includes the others, with inheritance resolved.

    `texts` maps file names to their text. An include of a file that is not among them is not understood.
    """
    root = Section("", Origin(next(iter(texts), "")))
    unknown: list[NotUnderstood] = []
    for file, text in texts.items():
        rest, plain = take_plain_sections(text, file)
        try:
            tree = _parser().parse(rest)
        except UnexpectedInput as wrong:
            place = Origin(file, max(wrong.line, 1), max(wrong.column, 1))
            unknown.append(NotUnderstood(_line(text, wrong.line), "not the syntax of a settings file", place))
            continue
        _Builder(file, texts, plain, unknown).fill(root, tree)
    _inherit(root, root, unknown)
    return root, tuple(unknown)


@lru_cache(maxsize=1)
def _parser() -> Lark:
    return load("swanctl.lark", ("start",), positions=True)


def _line(text: str, number: int) -> str:
    lines = text.splitlines()
    return lines[number - 1].strip() if 0 < number <= len(lines) else ""


@dataclass(frozen=True, slots=True)
class _Builder:
    """Turns the tree of one file into sections; `plain` holds the settings that the tree lacks, by line."""

    file: str
    texts: Mapping[str, str]
    plain: Mapping[int, Settings]
    unknown: list[NotUnderstood]

    def fill(self, section: Section, tree: _Tree) -> None:
        for child in tree.children:
            if not isinstance(child, Tree):
                continue
            origin = Origin(self.file, child.meta.line, child.meta.column, child.meta.end_column)
            if child.data == "setting":
                name = str(child.children[0])
                value = _value(child.children[1]) if len(child.children) > 1 else ""
                section.settings[name] = Setting(value, origin)
            elif child.data == "section":
                name = str(child.children[0])
                inner = section.sections.setdefault(name, Section(name, origin))
                self.fill(inner, child)
                inner.settings.update(self.plain.get(origin.line, {}))
            elif child.data == "references":
                section.references.extend(str(t) for t in child.children)
            elif child.data == "include":
                self._include(_value(child), origin)

    def _include(self, pattern: str, origin: Origin) -> None:
        """Accept an include of files that are read anyway; anything else is not understood."""
        if not any(fnmatch(name, pattern) or fnmatch(name, f"*/{pattern}") for name in self.texts):
            self.unknown.append(NotUnderstood(f"include {pattern}", "the included files were not given", origin))


def _value(tree: Tree[Token] | Token) -> str:
    parts = [tree] if isinstance(tree, Token) else list(tree.children)
    return " ".join(_unquoted(str(p)) for p in parts)


_ESCAPES = {"n": "\n", "t": "\t", "r": "\r"}


def _unquoted(text: str) -> str:
    if not text.startswith('"'):
        return text
    return re.sub(r"\\(.)", lambda m: _ESCAPES.get(m[1], m[1]), text[1:-1], flags=re.DOTALL)


def _inherit(section: Section, root: Section, unknown: list[NotUnderstood]) -> None:
    """Copy what each referenced section says and this one does not, first reference first, deepest last."""
    for reference in section.references:
        base = _resolve(reference, section, root)
        if base is None or not _merge(section, base, root, 0):
            reason = f'the section "{reference}" that it refers to is not defined, or by itself'
            unknown.append(NotUnderstood(f"{section.name} : {reference}", reason, section.origin))
    for inner in section.sections.values():
        _inherit(inner, root, unknown)


def _resolve(reference: str, section: Section, root: Section) -> Section | None:
    """Return the section at the dotted path `reference`, from the root."""
    found: Section | None = root
    for part in reference.split("."):
        found = found.sections.get(part) if found is not None else None
    return None if found is section else found


_DEEPEST = 16


def _merge(section: Section, base: Section, root: Section, depth: int) -> bool:
    """Give `section` what `base` says, and after it what `base` itself inherits; False where that has no end."""
    if depth > _DEEPEST:
        return False
    for name, setting in base.settings.items():
        section.settings.setdefault(name, setting)
    for name, inner in list(base.sections.items()):
        own = section.sections.setdefault(name, Section(name, inner.origin))
        if own is not inner and not _merge(own, inner, root, depth + 1):
            return False
    bases = (_resolve(reference, base, root) for reference in base.references)
    return all(b is not None and _merge(section, b, root, depth + 1) for b in bases)
