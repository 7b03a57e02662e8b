"""From a folder of evidence to the policies of the host: its registry, and what netsh printed to compare it with.

Nothing here needs the libraries that `extract` needs.
"""

from __future__ import annotations

import codecs
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import Final

from ipsecmig.diagnostics import Diagnostic, Origin, Severity, worst
from ipsecmig.dialects import registry
from ipsecmig.dialects.base import Evidence as Strength
from ipsecmig.dialects.base import Reading, ReadOptions, Source
from ipsecmig.dialects.reg_query import syntax
from ipsecmig.dialects.registry_tree import messages as registry_messages
from ipsecmig.dialects.registry_tree.convert import reading
from ipsecmig.dialects.registry_tree.data import DataError, from_bytes
from ipsecmig.dialects.registry_tree.paths import place
from ipsecmig.dialects.registry_tree.tree import Change, KeyMade, ValueSet
from ipsecmig.errors import InputError
from ipsecmig.model.policy import NotUnderstood, PolicyStore
from ipsecmig.model.windows import WindowsVersion
from ipsecmig.remote import evidence_messages as messages
from ipsecmig.remote.commands import POWERSHELL_3, REGISTRY_TEXT, Output
from ipsecmig.remote.evidence import Evidence, Ran, unpack
from ipsecmig.remote.typed_registry import ABSENT, READ, MalformedError, RawValue, SeenKey, from_json, from_lines
from ipsecmig.stored.registry import RegistryValue
from ipsecmig.verify.merging import merge

UTF_8: Final = 65001
_NETSH_OBEYS: Final = (6, 2)
"""From this version of Windows on, netsh prints in the code page of its console."""

_VERSIONS: Final[Mapping[str, WindowsVersion]] = MappingProxyType(
    {"5.0": WindowsVersion.WINDOWS_2000, "5.1": WindowsVersion.XP, "5.2": WindowsVersion.SERVER_2003}
)
_FIRST_VISTA: Final = 6

_TEXTS: Final = frozenset(command.name for command in REGISTRY_TEXT)
_TYPED: Final[Mapping[Output, Callable[[bytes], tuple[SeenKey, ...]]]] = MappingProxyType(
    {Output.TYPED_JSON: from_json, Output.TYPED_LINES: from_lines}
)


@dataclass(slots=True)
class _Found:
    """What the commands that read the registry gave."""

    changes: list[Change] = field(default_factory=list)
    doubts: list[NotUnderstood] = field(default_factory=list)
    said: list[Diagnostic] = field(default_factory=list)

    def doubt(self, text: str, reason: str, origin: Origin) -> None:
        self.doubts.append(NotUnderstood(text, reason, origin))
        self.said.append(messages.NOT_READ.say(origin, text, reason=reason))


def read_packed(source: Source, options: ReadOptions) -> Reading:
    """Return the policies in a folder of evidence that `evidence.pack` made a source of.

    The registry says what there is, and the manifest on which Windows; what netsh printed only shows whether it
    contradicts the registry. Raises InputError for a folder that was changed, or whose registry makes no sense.
    """
    evidence = unpack(source)
    readings = [_registry(evidence, options), *_shown(evidence)]
    return merge(readings)


def _registry(evidence: Evidence, options: ReadOptions) -> Reading:
    found = _Found()
    for ran in evidence.manifest.commands:
        if ran.output in _TYPED:
            _read_typed(evidence, ran, found)
        elif ran.name in _TEXTS:
            _read_text(evidence, ran, found)
    if _has_texts(evidence):
        found.said.append(registry_messages.UNCHECKED.say(Origin(evidence.folder), what="the output of reg query"))
    store = PolicyStore(sources=(evidence.folder,))
    if any(place(change.path) is not None for change in found.changes):
        made = reading(found.changes, evidence.folder, options)
        store, found.said = made.store, [*found.said, *made.diagnostics]
    elif not found.doubts:
        found.doubt("the registry", "no command of the evidence has read it", Origin(evidence.folder))
    doubts = (*store.not_understood, *found.doubts)
    settings = replace(store.settings, windows=windows_of(evidence.manifest.system.version))
    return Reading(replace(store, settings=settings, not_understood=doubts), tuple(found.said), Strength.STORE)


def windows_of(version: str) -> WindowsVersion | None:
    """Return the Windows of a version such as `6.3.9600`; None where it is not known."""
    major, _, rest = version.partition(".")
    if major.isdecimal() and int(major) >= _FIRST_VISTA:
        return WindowsVersion.VISTA
    return _VERSIONS.get(f"{major}.{rest.partition('.')[0]}")


def _read_typed(evidence: Evidence, ran: Ran, found: _Found) -> None:
    file = _file(evidence, ran)
    if ran.exit_code != 0:
        if not _has_texts(evidence):
            found.doubt("the registry", f"PowerShell ended with exit code {ran.exit_code}", Origin(file))
        return
    try:
        keys = _TYPED[ran.output](evidence.stdout(ran))
    except MalformedError as failure:
        raise InputError((messages.NO_REGISTRY.say(Origin(file), reason=str(failure)),)) from None
    for key in keys:
        if key.state not in {READ, ABSENT}:
            found.doubt(key.path, f"this key could not be read ({key.state})", Origin(file))
        elif key.state == READ and place(key.path) is not None:
            found.changes += _changes(key, file)


def _has_texts(evidence: Evidence) -> bool:
    return any(ran.name in _TEXTS for ran in evidence.manifest.commands)


def _changes(key: SeenKey, file: str) -> Iterator[Change]:
    yield KeyMade(key.path, Origin(f"{file}: {key.path}"))
    for value in key.values:
        yield ValueSet(key.path, _value(value, key.path, file))


def _value(value: RawValue, path: str, file: str) -> RegistryValue:
    origin = Origin(rf"{file}: {path}\{value.name}")
    try:
        return RegistryValue(value.name, value.type, from_bytes(value.type, value.data), origin)
    except DataError as error:
        note = registry_messages.DATA.say(origin, value.name, reason=str(error), offset=error.offset)
        raise InputError((note,)) from None


def _read_text(evidence: Evidence, ran: Ran, found: _Found) -> None:
    """Read what reg.exe printed. A failure is an absent key only if it is the one that an absent key gave before."""
    file, system = _file(evidence, ran), evidence.manifest.system
    if ran.exit_code != 0 and _outcome(evidence, ran) == _absence(evidence):
        return
    if ran.exit_code != 0 or evidence.stderr(ran):
        said = f"reg.exe ended with exit code {ran.exit_code}, so that keys may be missing"
        found.doubt(ran.line, said, Origin(file))
    text = _decoded(evidence.stdout(ran), system.code_page)
    if text is None:
        found.doubt(ran.line, f"its output is not in code page {system.code_page}", Origin(file))
        text = evidence.stdout(ran).decode("latin-1")
    found.changes += syntax.changes(_lines(text), file)


def _outcome(evidence: Evidence, ran: Ran) -> tuple[int, bytes, bytes]:
    return ran.exit_code, evidence.stdout(ran), evidence.stderr(ran)


def _absence(evidence: Evidence) -> tuple[int, bytes, bytes] | None:
    """Return how this host says that a key is absent, in whatever language: that of a PowerShell it does not have."""
    asked = f"reg-{POWERSHELL_3.name}"
    return next((_outcome(evidence, ran) for ran in evidence.manifest.commands if ran.name == asked), None)


def _shown(evidence: Evidence) -> Iterator[Reading]:
    """Yield what netsh printed, as far as it can be compared with the registry."""
    for ran in evidence.manifest.commands:
        if ran.output is not Output.SHOW:
            continue
        file = _file(evidence, ran)
        text = _decoded(evidence.stdout(ran), _page_of_netsh(evidence))
        read = _listing(Source(file, text.encode())) if text is not None else _in_no_known_page(file)
        reason = _why_not(read)
        if reason:
            said = (messages.NOT_COMPARED.say(Origin(file), reason=reason),)
            yield Reading(PolicyStore(), said, Strength.LISTING)
        else:
            yield replace(read, diagnostics=())


def _in_no_known_page(file: str) -> Reading:
    note = messages.NO_PAGE.say(Origin(file))
    return Reading(PolicyStore(), (note,), Strength.LISTING)


def _listing(source: Source) -> Reading:
    try:
        return registry.read(source, ReadOptions(encoding="utf-8"), "netsh-show")
    except InputError as failure:
        return Reading(PolicyStore(), failure.diagnostics, Strength.LISTING)


def _why_not(read: Reading) -> str:
    """Return why what netsh printed cannot be compared; nothing where it can."""
    if worst(read.diagnostics) is Severity.ERROR:
        return next(one.message for one in read.diagnostics if one.severity is Severity.ERROR)
    return read.store.not_understood[0].reason if read.store.not_understood else ""


def _page_of_netsh(evidence: Evidence) -> int:
    system = evidence.manifest.system
    numbers = system.version.split(".")[:2]
    version = tuple(int(part) for part in numbers if part.isdecimal())
    return system.code_page if version >= _NETSH_OBEYS else system.oem_code_page


def _decoded(output: bytes, code_page: int) -> str | None:
    """Return text in a code page; None where it is not in it, or the code page not known."""
    try:
        return output.decode(codecs.lookup("utf-8" if code_page == UTF_8 else f"cp{code_page}").name)
    except (LookupError, UnicodeDecodeError):
        return None


def _lines(text: str) -> str:
    return text.replace("\r\n", "\n").replace("\r", "\n")


def _file(evidence: Evidence, ran: Ran) -> str:
    return f"{evidence.folder}/{ran.stdout.file}"
