"""What a host is, from its answers to the survey: only names and numbers that are the same in every language count."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Final

from ipsecmig.dialects.reg_query.syntax import VALUE
from ipsecmig.remote.commands import (
    CODE_PAGES,
    LANGUAGE,
    POWERSHELL_1,
    POWERSHELL_3,
    REGISTRY_TEXT,
    RELEASE,
    SURVEY,
    Command,
    Output,
    Root,
    evidence,
)
from ipsecmig.remote.evidence import Answered, System

_NUMBER: Final = re.compile(rb"\d{3,5}")
_LOOKED_AT: Final = 1 << 20
_LAST_OF_OLD: Final = "6.3"
"""What CurrentVersion stays at from Windows 10 on; the true numbers stand beside it."""

Run = Callable[[Command], Answered]


def gather(run: Run) -> tuple[System, tuple[Answered, ...]]:
    """Ask a host everything, and return what it is and its answers, in order.

    A host whose PowerShell does not do what it is told, as where a policy restricts it, is asked through reg.exe.
    """
    surveyed = [run(command) for command in SURVEY]
    system = describe(surveyed)
    major = system.powershell.partition(".")[0]
    answers = [run(command) for command in evidence(int(major) if major.isdecimal() else 0)]
    if any(_typed(one.command) and one.exit_code != 0 for one in answers):
        answers += [run(command) for command in REGISTRY_TEXT]
    return system, (*surveyed, *answers)


def _typed(command: Command) -> bool:
    return command.output in {Output.TYPED_JSON, Output.TYPED_LINES}


def describe(answers: Sequence[Answered]) -> System:
    """Return what the answers to the survey say; what they do not is left empty."""
    release, pages = _values(answers, RELEASE), _values(answers, CODE_PAGES)
    return System(
        product=release.get("productname", ""),
        version=_version(release),
        service_pack=release.get("csdversion", ""),
        language=_values(answers, LANGUAGE).get("installlanguage", ""),
        powershell=_powershell(answers),
        ansi_code_page=_number(pages.get("acp", "")),
        oem_code_page=_number(pages.get("oemcp", "")),
        code_page=next(_code_pages(answers), 0),
    )


def _version(release: Mapping[str, str]) -> str:
    version, build = release.get("currentversion", ""), release.get("currentbuildnumber", "")
    major, minor = (_number(release.get(f"current{part}versionnumber", "")) for part in ("major", "minor"))
    if version == _LAST_OF_OLD and major:
        version = f"{major}.{minor}"
    return f"{version}.{build}" if version and build else version


def _powershell(answers: Sequence[Answered]) -> str:
    for root in (POWERSHELL_3, POWERSHELL_1):
        if version := _values(answers, root).get("powershellversion", ""):
            return version
    return ""


def _values(answers: Sequence[Answered], root: Root) -> dict[str, str]:
    """Return the data of the values of a key by their names in lower case."""
    text = next((one.stdout[:_LOOKED_AT] for one in answers if one.command.name == f"reg-{root.name}"), b"")
    # The bytes beyond ASCII are of no interest here: what is asked for has none.
    lines = text.decode("ascii", "replace").replace("\r\n", "\n")
    return {found["name"].lower(): (found["data"] or "").strip() for found in VALUE.finditer(lines)}


def _number(text: str) -> int:
    """Return a number as reg.exe writes it, in decimal or after 0x; 0 for what is none."""
    try:
        return max(0, int(text, 0))
    except ValueError:
        return 0


def _code_pages(answers: Sequence[Answered]) -> Iterator[int]:
    for answer in answers:
        if answer.command.output is Output.CODE_PAGE:
            yield from (int(number) for number in _NUMBER.findall(answer.stdout[:_LOOKED_AT]))
