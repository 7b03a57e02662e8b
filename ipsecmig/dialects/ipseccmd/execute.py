"""Carries out one command line of ipsecpol or ipseccmd on the store that a script edits.

With -w it changes a stored policy (`static`); without, it puts rules into force (`dynamic`).
"""

from __future__ import annotations

from collections.abc import Iterator

from ipsecmig.diagnostics import Diagnostic
from ipsecmig.dialects.containers.command import Command
from ipsecmig.dialects.ipseccmd import dynamic, messages, static
from ipsecmig.dialects.ipseccmd.line import DYNAMIC_MODE, STATIC_MODE, Line, read
from ipsecmig.dialects.netsh_static import messages as netsh
from ipsecmig.dialects.netsh_static.assumptions import CONDITIONS, RESTART
from ipsecmig.dialects.netsh_static.session import Session

_STORED = ("-p", "-r", "-x", "-y", "-o")
_EXCLUSIVE = (("-lan", "-dialup"), ("-x", "-y"), ("-x", "-o"), ("-u", "-f"), ("-u", "-w"))


def run_command(session: Session, command: Command) -> None:
    """Run the command line `command`, which begins with the program."""
    line = read(command)
    if line.query:
        session.diagnostics.append(line.say(messages.QUERY))
        return
    said = (*line.diagnostics, *_contradictions(line))
    session.diagnostics.extend(session.new_remarks(said, messages.UNVERIFIED))
    if not line.values or any(diagnostic.severity is messages.UNKNOWN_OPTION.severity for diagnostic in said):
        return
    condition = command.condition or (messages.ASKED if line.has("-confirm") else "")
    if condition and CONDITIONS not in session.assumptions:
        session.diagnostics.append(line.say(netsh.CONDITIONAL, condition=condition))
        session.set_aside(line.text, f"it runs only {condition}", line.origin())
    elif line.has("-w"):
        static.run(session, line)
    elif RESTART in session.assumptions:
        session.diagnostics.append(line.say(netsh.GONE_BY_RESTART))
    else:
        dynamic.run(session, line)


def _contradictions(line: Line) -> Iterator[Diagnostic]:
    """Yield an objection to each option that is missing or does not go with another; nothing if others came first."""
    if line.refused or not line.values:
        return
    for one, other in _EXCLUSIVE:
        if line.has(one) and line.has(other):
            yield line.say(messages.EXCLUSIVE, one, option=one, other=other)
    if not line.has("-w"):
        for option in filter(line.has, _STORED):
            yield line.say(messages.STATIC_ONLY, option, option=option)
        if not line.has("-f", "-u", *_STORED):
            yield line.say(messages.MISSING, mode=DYNAMIC_MODE, option="-f")
        return
    if not line.has("-p"):
        yield line.say(messages.MISSING, mode=STATIC_MODE, option="-p")
    if line.has("-r") and not line.has("-f", "-o"):
        yield line.say(messages.MISSING, mode="a rule", option="-f")
    if line.has("-f") and not line.has("-r"):
        yield line.say(messages.MISSING, mode="a stored filter", option="-r")
