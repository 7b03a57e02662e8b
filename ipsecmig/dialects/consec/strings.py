"""The dialect `consec-strings`: a text of registry strings, `v2.10|Action=Secure|...|`, one on each line.

What stands before a string on its line is the name of its value (`{...}=`, `{...} REG_SZ`), if it looks like one.
Firewall rules have the same form; they are left out, unless they let in what connection security authenticates.
"""

from __future__ import annotations

import re
from typing import Final

from ipsecmig.consec import rules, tokens
from ipsecmig.consec.objects import ConnectionSecurityRule, ConsecStore, MainModeRule, Refused
from ipsecmig.diagnostics import Origin
from ipsecmig.dialects import decoding
from ipsecmig.dialects.base import Reading, ReadOptions, Source
from ipsecmig.dialects.consec.policy import convert

_STRING: Final = re.compile(r"\bv\d{1,5}\.\d{1,5}\|", re.IGNORECASE)
_NAME: Final = re.compile(r'"?([^\s"=]+)"?[ \t]*(?:=|:|[ \t]REG_SZ[ \t])?[ \t]*"?')
_SECURITY: Final = re.compile(r"security(?:2(?:_\d+)?)?")
_CUT: Final = 80

Found = ConnectionSecurityRule | MainModeRule | Refused | None


def read_string(text: str, id_: str, origin: Origin) -> Found:
    """Return what the registry string `text` is; None for a firewall rule that is not about authentication."""
    try:
        version, found = tokens.split(text)
    except ValueError:
        return Refused(_named(id_), "is no rule: it does not begin with a version", origin)
    names = {token.name.lower(): token.value.lower() for token in found}
    if "dir" in names:
        asked = any(value and _SECURITY.fullmatch(name) for name, value in names.items())
        is_about = (asked or names.get("action") == "bypass") and names.get("active") != "false"
        reason = "a firewall rule that depends on who the peer was authenticated as"
        return Refused(f'firewall rule "{_named(names.get("name", id_))}"', reason, origin) if is_about else None
    if "crypto1set" in names or ("action" not in names and "auth1set" in names):
        return rules.main_mode_rule_from_tokens(found, id_, version, origin)
    return rules.rule_from_tokens(found, id_, version, origin)


def _named(id_: str) -> str:
    return id_[:_CUT]


def read_text(text: str, file: str) -> ConsecStore:
    """Return the rules in `text`; a line that is neither blank, a remark nor a rule is refused."""
    found: list[Found] = []
    for number, line in enumerate(text.split("\n"), start=1):
        match = _STRING.search(line)
        stripped = line.strip()
        origin = Origin(file, number, 1 + len(line) - len(line.lstrip()), len(line.rstrip()) + 1)
        if match is not None:
            name = _NAME.match(line[: match.start()].strip())
            id_ = name[1] if name else f"line {number}"
            found.append(read_string(line[match.start() :].strip().rstrip('"'), id_, origin))
        elif stripped and stripped[0] not in "#;'/":
            found.append(Refused(f"line {number}", "the line holds no rule", origin))
    return ConsecStore(
        tuple(each for each in found if isinstance(each, ConnectionSecurityRule)),
        tuple(each for each in found if isinstance(each, MainModeRule)),
        refused=tuple(each for each in found if isinstance(each, Refused)),
        sources=(file,),
    )


def read(source: Source, options: ReadOptions) -> Reading:
    """Return the policy of the rules in `source`.

    Raises InputError for what is no text and UsageError for an unknown encoding.
    """
    decoded = decoding.decode(source, options)
    reading = convert(read_text(decoded.text, source.name), options.assumptions)
    return Reading(reading.store, (*decoded.diagnostics, *reading.diagnostics))
