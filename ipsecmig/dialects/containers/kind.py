"""Which container a text is, and the scripts that documents quote."""

from __future__ import annotations

import re
from enum import Enum
from typing import Final

from ipsecmig.diagnostics import Diagnostic, Origin
from ipsecmig.dialects.containers.messages import MARKUP, QUOTED_COMMANDS, SOURCE_CODE
from ipsecmig.dialects.containers.runs import telling
from ipsecmig.errors import InputError


class Kind(Enum):
    """The containers."""

    BATCH = "batch"
    SCRIPT = "netsh script"
    POWERSHELL = "powershell"


_COMMAND = re.compile(
    r"\bnetsh\b|\bipsec(?:cmd|pol)\b|\bipsec[ \t]+(?:static|dynamic)\b|\badvfirewall[ \t]+consec\b"
    r"|\bstatic[ \t]+(?:add|set|delete)\b",
    re.IGNORECASE,
)
_MARKUP_START = re.compile(r"\s*<(?:!doctype|\?xml|html|head|body|!--)", re.IGNORECASE)
_MARKUP = re.compile(
    r"</?(?:span|pre|code|p|br|div|td|li|font|b|a)\b[^<>\n]*>|&(?:quot|lt|gt|nbsp|#\d+);", re.IGNORECASE
)
_LANGUAGES: Final = {
    "C#": r"^[ \t]*using\s+System(?:\.[\w.]+)?\s*;|^[ \t]*namespace\s+[\w.]+\s*[{;]?\s*$",
    "Java": r"^[ \t]*import\s+java[\w.]*\.|^[ \t]*public\s+(?:final\s+|abstract\s+)?class\s+\w+",
    "Go": r"^package\s+\w+\s*$",
    "Python": r"^(?:import\s+(?:os|sys|re|subprocess|socket|time|logging)\b|from\s+[\w.]+\s+import\s)"
    r"|^[ \t]*def\s+\w+\(.*\).*:\s*(?:#.*)?$|\b(?:os\.system|subprocess\.\w+)\(",
    "C or C++": r'^[ \t]*#\s*include\s*[<"]',
    "JavaScript": r"\brequire\(\s*['\"]child_process|^[ \t]*(?:const|let|var)\s+\w+\s*=.*[;{(]\s*$|\bexec(?:Sync)?\(",
    "VBScript": r"\bCreateObject\s*\(|^[ \t]*WScript\.",
    "PHP": r"<\?php|\bshell_exec\(",
    "Perl or Ruby": r"^[ \t]*use\s+strict\s*;|^[ \t]*require\s+['\"]\w+['\"]\s*$|^#!.*\b(?:perl|ruby|python)",
    "Delphi": r"^[ \t]*unit\s+\w+\s*;",
}
_PROGRAM: Final = {name: re.compile(pattern, re.MULTILINE) for name, pattern in _LANGUAGES.items()}
_POWERSHELL = re.compile(
    r"^[ \t]*\$[\w:]+\s*\+?="
    r"|^[ \t]*\[[\w.\[\]]+\]\s*\$\w+|^[ \t]*(?:foreach|if|param|function|try|while)\b[^\n]*[({]\s*$"
    r"|^[ \t]*foreach\s*\(|^[ \t]*param\s*\(|^[ \t]*&\s*[\"'$]?\w*netsh|\$_\b|\$\(|\$env:|ForEach-Object|\|\s*%\s*\{"
    r"|\b(?:Write-(?:Host|Output)|Out-Null|Out-File|Set-Content|Add-Content|Start-Process|Invoke-\w+|Set-Service"
    r"|New-ItemProperty|Set-ItemProperty|Import-Module)\b|`$|@[\"']$|^[\"']@|2>\s*\$null|^[ \t]*<#"
    r"|^[ \t]*function\s+\w+-\w+"
    r"|^[ \t]*netsh[^\n]*[ \t]@\w+[ \t]*$|^[^\n%]*\bnetsh[^\n%^]*=\$\w+",
    re.MULTILINE | re.IGNORECASE,
)
_BATCH = re.compile(
    r"^[ \t]*@?(?:echo[ \t]+off|rem\b|setlocal|endlocal|goto[ \t:]|set[ \t]+\"?\w+=|set[ \t]+/[ap]\b|pause|cls|@\w+)"
    r"|^[ \t]*::|%[~\w]+%|%[0-9*]|%~|%%\w|>\s*nul\b|^[ \t]*:\w+\s*$|\^$|&&"
    r"|\bif[ \t]+(?:/i|not|exist|errorlevel|defined)\b",
    re.MULTILINE | re.IGNORECASE,
)
_SCRIPT_LINE = re.compile(
    r"^[ \t]*(?:pushd[ \t]+(?:ipsec|advfirewall)\b|advfirewall(?:[ \t]+(?:consec|mainmode|set)\b|[ \t]*$)"
    r"|consec(?:[ \t]+(?:add|set|delete|del)\b|[ \t]*$)"
    r"|ipsec(?:[ \t]+(?:static|dynamic)\b|[ \t]*$)|static[ \t]+(?:add|set|delete|del)\b"
    r"|(?:add|set|delete|del)[ \t]+(?:policy|rule|filter\w*|store|defaultrule|all)\b)",
    re.MULTILINE | re.IGNORECASE,
)
_NETSH_LINE = re.compile(r"^[ \t@(&]*+(?:\"?[^\s\"]*[\\/])?netsh(?:\.exe)?[\"']?[ \t]", re.MULTILINE | re.IGNORECASE)
_FENCE = re.compile(r"^[ \t>]*(?:```|~~~)[^\n]*$", re.MULTILINE)
_PROMPT = re.compile(r"^[ \t]*(?:PS[ \t]+)?[A-Z]:\\[^<>|\"\n]*>[ \t]*(?=\S)", re.MULTILINE | re.IGNORECASE)
_NETSH_PROMPT = re.compile(r"^[ \t]*netsh[ \t]*((?:ipsec(?:[ \t]+\w+)?)?)[ \t]*>", re.MULTILINE | re.IGNORECASE)
_SUFFIXES: Final = {
    ".bat": Kind.BATCH,
    ".cmd": Kind.BATCH,
    ".ps1": Kind.POWERSHELL,
    ".psm1": Kind.POWERSHELL,
    ".netsh": Kind.SCRIPT,
    ".nsh": Kind.SCRIPT,
}


def classify(text: str, file: str) -> Kind:
    """Return the container that `text` is. Raises InputError for markup and for the source of a program."""
    suffix = next((kind for end, kind in _SUFFIXES.items() if file.lower().endswith(end)), None)
    if suffix is not None:
        return suffix
    sample = telling(text)
    _refuse(sample.text, text, file)
    powershell, batch = len(_POWERSHELL.findall(sample.text)), len(_BATCH.findall(sample.text))
    if powershell > batch:
        return Kind.POWERSHELL
    if sample.netsh_lines or _NETSH_LINE.search(sample.text):
        return Kind.BATCH
    return Kind.SCRIPT if _SCRIPT_LINE.search(sample.text) or not sample.text.strip() else Kind.BATCH


def _refuse(sample: str, text: str, file: str) -> None:
    marked = (line for line in sample.split("\n") if _MARKUP.search(line))
    if _MARKUP_START.match(sample) or any(_COMMAND.search(line) for line in marked):
        raise InputError((MARKUP.say(Origin(file, 1, 1)),))
    for language, pattern in _PROGRAM.items():
        if match := pattern.search(sample):
            line = text.count("\n", 0, text.find(match[0].strip())) + 1
            raise InputError((SOURCE_CODE.say(Origin(file, line, 1), match[0].strip(), language=language),))


def quoted(text: str, file: str) -> tuple[str, tuple[Diagnostic, ...]]:
    """Return `text` with everything blanked that is not a command, as long as before.

    In Markdown that is all outside fences, if commands stand inside; in a transcript the prompts.
    """
    says: tuple[Diagnostic, ...] = ()
    if "```" in text or "~~~" in text:
        fenced = _fenced(text)
        if fenced is not None:
            text, says = fenced, (QUOTED_COMMANDS.say(Origin(file, 1, 1), what="fenced code blocks"),)
    sample = telling(text).text if ">" in text else ""
    if _PROMPT.search(sample) or _NETSH_PROMPT.search(sample):
        text = _PROMPT.sub(lambda match: " " * len(match[0]), text)
        text = _NETSH_PROMPT.sub(lambda match: match[0][:-1] + " ", text)
    return text, says


def _fenced(text: str) -> str | None:
    """Return `text` with everything outside fences blanked, or None when the fences hold no command."""
    fences = [match.span() for match in _FENCE.finditer(text)]
    if len(fences) % 2:
        fences.append((len(text), len(text)))
    inside = [(opening[1], closing[0]) for opening, closing in zip(fences[0::2], fences[1::2], strict=True)]
    if not any(_COMMAND.search(text, start, end) for start, end in inside):
        return None
    parts, done = [], 0
    for start, end in inside:
        parts += [_blank(text[done:start]), text[start:end]]
        done = end
    return "".join([*parts, _blank(text[done:])])


def _blank(text: str) -> str:
    return re.sub(r"[^\n]", " ", text)
