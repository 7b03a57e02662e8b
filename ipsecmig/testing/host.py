"""A model of a Windows host: what it is, what its registry holds, and what its programs answer."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Final

from ipsecmig.remote.commands import Output, typed_read
from ipsecmig.stored.registry import RegistryKey
from ipsecmig.testing.answer import Answer
from ipsecmig.testing.languages import SPEECH, Language, Speech, codec, encode
from ipsecmig.testing.netsh import answer_netsh
from ipsecmig.testing.reg_query import answer_reg_query
from ipsecmig.testing.registry import Registry, key
from ipsecmig.testing.releases import TRAITS, Release, Traits, release_keys
from ipsecmig.testing.typed import answer_typed_read

_CHCP: Final = re.compile(r"chcp(?:\.com)?\s*", re.IGNORECASE)
_UNKNOWN_SCRIPT: Final = b"this host has no PowerShell, it only knows the scripts of ipsecmig\r\n"


@dataclass(frozen=True, slots=True)
class Host:
    r"""A host. `keys` are what its registry holds besides what the release and the language put there.

    Paths in `keys` and `denied` are full, `HKEY_LOCAL_MACHINE\...`; an administrator too is kept from reading what is
    `denied`. `answers` go before all others, by the whole command line. `oem` is the OEM code page where it is not
    that of the language.
    """

    name: str = "WINHOST"
    release: Release = Release.WINDOWS_2012
    language: Language = Language.ENGLISH
    keys: tuple[RegistryKey, ...] = ()
    denied: tuple[str, ...] = ()
    answers: Mapping[str, Answer] = field(default_factory=dict)
    oem: int | None = None
    registry: Registry = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        keys = (*_own_keys(self), *self.keys)
        object.__setattr__(self, "registry", Registry(keys, self.denied))

    @property
    def traits(self) -> Traits:
        """What the release brings."""
        return TRAITS[self.release]

    @property
    def speech(self) -> Speech:
        """What the language brings."""
        return SPEECH[self.language]

    @property
    def oem_code_page(self) -> int:
        """The code page of a console for which nobody asked for another."""
        return self.speech.oem if self.oem is None else self.oem

    def run(self, line: str, code_page: int | None = None) -> Answer:
        """Return what a command line gives in a console of that code page, by default and if unknown the OEM one."""
        line = line.strip()
        page = _known(code_page, self.oem_code_page)
        if line in self.answers:
            return self.answers[line]
        answers = (program(self, line, page) for program in _PROGRAMS)
        return next((found for found in answers if found is not None), _no_such_command(self, line, page))


def _own_keys(host: Host) -> Iterable[RegistryKey]:
    control = r"SYSTEM\CurrentControlSet\Control"
    speech = host.speech
    yield from release_keys(host.release)
    yield key(rf"{control}\Nls\CodePage", ACP=str(speech.ansi), OEMCP=str(host.oem_code_page))
    yield key(rf"{control}\Nls\Language", Default=speech.langid, InstallLanguage=speech.langid)
    yield key(rf"{control}\ComputerName\ComputerName", ComputerName=host.name)
    # 2 starts the service with the system, 3 on demand.
    services = r"SYSTEM\CurrentControlSet\Services"
    yield key(rf"{services}\PolicyAgent", Start=2)
    if host.traits.before_vista:
        yield key(rf"{services}\IPSec", Start=1)
    else:
        yield key(rf"{services}\IKEEXT", Start=2)


def _known(code_page: int | None, default: int) -> int:
    try:
        codec(default if code_page is None else code_page)
    except LookupError:
        return default
    return default if code_page is None else code_page


def _reg(host: Host, line: str, code_page: int) -> Answer | None:
    return answer_reg_query(line, host.registry, host.speech, code_page, old=host.traits.before_vista)


def _powershell(host: Host, line: str, code_page: int) -> Answer | None:
    """Answer the scripts that are known; a PowerShell of another generation fails as it would on their commands."""
    if not re.match(r"powershell(?:\.exe)?(?:\s|$)", line, re.IGNORECASE) or not host.traits.powershell:
        return None
    asked = typed_read(line)
    if asked is None:
        return Answer(stderr=_UNKNOWN_SCRIPT, exit_code=1)
    if asked.output is Output.TYPED_JSON and host.traits.powershell_major < 3:
        return Answer(stderr=encode("ConvertTo-Json : CommandNotFoundException\r\n", code_page), exit_code=1)
    return Answer(answer_typed_read(asked, host.registry))


def _netsh(host: Host, line: str, code_page: int) -> Answer | None:
    page = code_page if host.traits.netsh_obeys_code_page else host.oem_code_page
    text = answer_netsh(line, host.name, host.registry)
    return None if text is None else Answer(encode(text, page))


def _chcp(host: Host, line: str, code_page: int) -> Answer | None:
    if not _CHCP.fullmatch(line):
        return None
    return Answer(encode(host.speech.code_page.format(code_page) + "\r\n", code_page))


_PROGRAMS: Final[tuple[Callable[[Host, str, int], Answer | None], ...]] = (_reg, _powershell, _netsh, _chcp)


def _no_such_command(host: Host, line: str, code_page: int) -> Answer:
    name = (line.split() or [""])[0].strip('"')
    return Answer(stderr=encode(host.speech.no_such_command.format(name) + "\r\n", code_page), exit_code=1)
