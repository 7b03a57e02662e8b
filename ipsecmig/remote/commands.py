"""Everything that is ever sent to a host: the whole list, and nothing in it writes.

A host is asked with `SURVEY` first, which every Windows understands; it tells the release, the code pages and the
PowerShell. `evidence(powershell)` is what follows. No command has parameters, so that what is allowed can be compared
as a whole: whoever sends takes a `Command`, and only this module makes them.
"""

from __future__ import annotations

import re
from base64 import b64decode, b64encode
from dataclasses import dataclass
from enum import Enum
from typing import Final


class Output(Enum):
    """What standard output holds, and so how its bytes are to be read.

    TYPED_JSON: one line of base64 over UTF-8 JSON: `{"format": "ipsecmig-registry-1", "keys": [...]}`. A key is `p`,
    its path below HKEY_LOCAL_MACHINE, `s`, which is `read`, `absent` or the name of the .NET exception that kept it
    from being read, and `v`, its values, each with `n` (name), `t` (type, the number of winnt.h) and `d`,
    base64 of the data as the registry holds it (strings in UTF-16LE with their NULs, numbers in little-endian octets).

    TYPED_LINES: the same as ASCII lines: `K path state` for a key, `V name type data` for each value of it, and last
    `E` with the number of lines before it. Path and name are base64 of UTF-16LE; what is empty is written `-`.

    REG_QUERY: the text of reg.exe in the code page of the shell. SHOW: the text of netsh, in that code page or, before
    Windows Server 2012, in the OEM code page of the host. CODE_PAGE: a sentence with the number of the code page.
    """

    TYPED_JSON = "typed-json"
    TYPED_LINES = "typed-lines"
    REG_QUERY = "reg-query"
    SHOW = "show"
    CODE_PAGE = "code-page"


@dataclass(frozen=True, slots=True)
class Command:
    """One command: a name that is stable, for file names and manifests, the whole line, and what it prints."""

    name: str
    line: str
    output: Output


@dataclass(frozen=True, slots=True)
class Root:
    r"""A key that is read, below `HKLM\`, with all that is under it or, unless `deep`, its own values only."""

    name: str
    path: str
    deep: bool = True


RELEASE: Final = Root("release", r"SOFTWARE\Microsoft\Windows NT\CurrentVersion", deep=False)
CODE_PAGES: Final = Root("code-pages", r"SYSTEM\CurrentControlSet\Control\Nls\CodePage", deep=False)
LANGUAGE: Final = Root("language", r"SYSTEM\CurrentControlSet\Control\Nls\Language", deep=False)
POWERSHELL_1: Final = Root("powershell-1", r"SOFTWARE\Microsoft\PowerShell\1\PowerShellEngine", deep=False)
"""PowerShell 1 and 2 say their version here."""
POWERSHELL_3: Final = Root("powershell-3", r"SOFTWARE\Microsoft\PowerShell\3\PowerShellEngine", deep=False)
"""PowerShell 3 to 5 say theirs here."""

POLICIES: Final = Root("policies", r"SOFTWARE\Policies\Microsoft\Windows\IPSec")
"""All stores of the host, and which policy a GPO assigns ([MS-GPIPSEC] 2.2)."""
DRIVER: Final = Root("driver", r"SYSTEM\CurrentControlSet\Services\IPSec")
"""The default exemptions, and the mode in which the driver starts (KB811832, KB818043)."""
AGENT: Final = Root("agent", r"SYSTEM\CurrentControlSet\Services\PolicyAgent")
KEYING: Final = Root("keying", r"SYSTEM\CurrentControlSet\Services\IKEEXT")
FIREWALL: Final = Root("firewall", r"SYSTEM\CurrentControlSet\Services\SharedAccess\Parameters\FirewallPolicy")
"""Connection security rules of the host ([MS-FASP] 2.2, [MS-GPFAS] 2.2)."""
FIREWALL_POLICIES: Final = Root("firewall-policies", r"SOFTWARE\Policies\Microsoft\WindowsFirewall")
"""Those of GPOs."""

ROOTS: Final = (POLICIES, DRIVER, AGENT, KEYING, FIREWALL, FIREWALL_POLICIES)
"""What makes up the evidence."""

MAX_LINE: Final = 8191
"""How long a line cmd.exe takes, in characters (KB830473)."""

_POWERSHELL: Final = "powershell -NoProfile -NonInteractive -EncodedCommand "

# Both scripts begin so. Opening a key here asks for the right to read and no other.
_HEAD: Final = r"""# ipsecmig registry 1 {output}
$roots=@({roots})
$ProgressPreference='SilentlyContinue'
$ErrorActionPreference='Stop'
$hive=[Microsoft.Win32.Registry]::LocalMachine
$wide=[Text.Encoding]::Unicode
$out=New-Object Collections.ArrayList
function encode($octets){{if($octets.Length -eq 0){{return ''}};return [Convert]::ToBase64String($octets)}}
function raw($value,$kind){{
if($value -is [byte[]]){{return encode $value}}
if($value -is [int] -or $value -is [long]){{return encode ([BitConverter]::GetBytes($value))}}
$text=[string]$value
if($kind -eq 'MultiString'){{$text='';foreach($part in $value){{$text+=$part+"`0"}}}}
return encode ($wide.GetBytes($text+"`0"))}}
"""

_WALK: Final = r"""function walk($path){{
try{{$key=$hive.OpenSubKey($path)}}catch{{put $path ($_.Exception.GetBaseException().GetType().Name) @();return}}
if($key -eq $null){{put $path 'absent' @();return}}
$values=New-Object Collections.ArrayList
foreach($name in $key.GetValueNames()){{
$kind=$key.GetValueKind($name)
$data=raw ($key.GetValue($name,$null,'DoNotExpandEnvironmentNames')) $kind
[void]$values.Add(@{{n=$name;t=[Math]::Max(0,[int]$kind);d=$data}})}}
put $path 'read' $values
foreach($name in $key.GetSubKeyNames()){{walk "$path\$name"}}
$key.Close()}}
foreach($root in $roots){{walk $root}}
"""

_JSON: Final = (
    _HEAD
    + "function put($path,$state,$values){{[void]$out.Add(@{{p=$path;s=$state;v=@($values)}})}}\n"
    + _WALK
    + "$json=ConvertTo-Json -Compress -Depth 5 @{{format='ipsecmig-registry-1';keys=$out}}\n"
    + "[Console]::Out.Write([Convert]::ToBase64String([Text.Encoding]::UTF8.GetBytes($json)))"
)

_LINES: Final = (
    _HEAD
    + "function word($text){{if($text -eq ''){{return '-'}};return $text}}\n"
    + "function wide($text){{return word (encode ($wide.GetBytes($text)))}}\n"
    + "function put($path,$state,$values){{[void]$out.Add('K '+(wide $path)+' '+$state)\n"
    + "foreach($v in $values){{[void]$out.Add('V '+(wide $v.n)+' '+$v.t+' '+(word $v.d))}}}}\n"
    + _WALK
    + "foreach($line in $out){{[Console]::Out.WriteLine($line)}}\n"
    + "[Console]::Out.WriteLine('E '+$out.Count)"
)

_TEMPLATES: Final = {Output.TYPED_JSON: _JSON, Output.TYPED_LINES: _LINES}
_ROOTS_LINE: Final = re.compile(r"^\$roots=@\((.*)\)$", re.MULTILINE)


def _script(output: Output, paths: tuple[str, ...]) -> str:
    quoted = ",".join(f"'{path}'" for path in paths)
    return _TEMPLATES[output].format(output=output.value, roots=quoted)


def _typed(name: str, output: Output) -> Command:
    script = _script(output, tuple(root.path for root in ROOTS))
    return Command(name, _POWERSHELL + b64encode(script.encode("utf-16-le")).decode("ascii"), output)


def _reg_query(root: Root) -> Command:
    line = f'reg query "HKLM\\{root.path}"{" /s" if root.deep else ""}'
    return Command(f"reg-{root.name}", line, Output.REG_QUERY)


REGISTRY_JSON: Final = _typed("registry-json", Output.TYPED_JSON)
REGISTRY_LINES: Final = _typed("registry-lines", Output.TYPED_LINES)
REGISTRY_TEXT: Final = tuple(map(_reg_query, ROOTS))
SHOW_ALL: Final = Command("show-all", "netsh ipsec static show all format=list wide=yes", Output.SHOW)
SHOW_POLICIES: Final = Command(
    "show-policies", "netsh ipsec static show policy all level=verbose format=list wide=yes", Output.SHOW
)
SHOW_ASSIGNED: Final = Command("show-assigned", "netsh ipsec static show gpoassignedpolicy", Output.SHOW)

SHOWN: Final = (SHOW_ALL, SHOW_POLICIES, SHOW_ASSIGNED)

SURVEY: Final = (
    Command("code-page", "chcp", Output.CODE_PAGE),
    *map(_reg_query, (RELEASE, CODE_PAGES, LANGUAGE, POWERSHELL_1, POWERSHELL_3)),
)

COMMANDS: Final = (*SURVEY, REGISTRY_JSON, REGISTRY_LINES, *REGISTRY_TEXT, *SHOWN)
"""All of them."""


def evidence(powershell: int) -> tuple[Command, ...]:
    """Return what is asked of a host with that PowerShell, 0 for one without: the registry, and netsh beside it."""
    if powershell == 0:
        return (*REGISTRY_TEXT, *SHOWN)
    return (REGISTRY_JSON if powershell >= 3 else REGISTRY_LINES, *SHOWN)


@dataclass(frozen=True, slots=True)
class TypedRead:
    """What one of the two scripts asks for: the paths, and how it answers."""

    output: Output
    paths: tuple[str, ...]


def typed_read(line: str) -> TypedRead | None:
    """Return what a command line asks for if it runs one of the two scripts, whatever the keys; None if it does not."""
    if not line.startswith(_POWERSHELL):
        return None
    try:
        script = b64decode(line[len(_POWERSHELL) :], validate=True).decode("utf-16-le")
    except ValueError:
        return None
    found = _ROOTS_LINE.search(script)
    paths = tuple(re.findall(r"'([^']*)'", found[1])) if found else ()
    return next((TypedRead(output, paths) for output in _TEMPLATES if _script(output, paths) == script), None)
