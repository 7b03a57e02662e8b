"""Runs netsh commands in tests without any container: one command on each line."""

from __future__ import annotations

from ipsecmig.diagnostics import Diagnostic
from ipsecmig.dialects.base import Reading, ReadOptions
from ipsecmig.dialects.containers.command import Anchor, Command, Statement
from ipsecmig.dialects.netsh_static.execute import execute
from ipsecmig.model.policy import FilterAction, Policy, Rule

FILE = "script.txt"

BASE = """\
add policy name=P
add filterlist name=L
add filteraction name=N action=negotiate qmsecmethods="ESP[3DES,SHA1]"
add filteraction name=B action=block
"""
"""One object of each kind, made without any message."""


def commands(script: str, context: str = "ipsec static", condition: str = "", first: int = 1) -> list[Statement]:
    """Return the lines of `script` as commands of `context`."""
    lines = enumerate(script.split("\n"), start=first)
    return [Command(context, text, FILE, (Anchor(0, number, 1),), condition) for number, text in lines if text.strip()]


def run(script: str, *assumptions: str, context: str = "ipsec static", condition: str = "") -> Reading:
    """Return what the commands of `script` leave behind."""
    return execute(commands(script, context, condition), ReadOptions(assumptions=frozenset(assumptions)))


def after_base(script: str, *assumptions: str) -> Reading:
    """Return what `script` leaves behind after the commands of `BASE`."""
    return run(BASE + script, *assumptions)


def codes(reading: Reading) -> list[str]:
    """Return the codes of what is said, in order."""
    return [diagnostic.code for diagnostic in reading.diagnostics]


def said(reading: Reading, code: str) -> Diagnostic:
    """Return the only message with `code`."""
    (found,) = (diagnostic for diagnostic in reading.diagnostics if diagnostic.code == code)
    return found


def policy(reading: Reading, name: str = "P") -> Policy:
    """Return the policy `name`."""
    (found,) = (policy for policy in reading.store.policies if policy.name == name)
    return found


def rule(reading: Reading, name: str = "R", of: str = "P") -> Rule:
    """Return the rule `name` of the policy `of`."""
    (found,) = (rule for rule in policy(reading, of).rules if rule.name == name)
    return found


def action(reading: Reading, name: str) -> FilterAction:
    """Return the filter action `name` of the local store."""
    found = reading.store.filter_action(name)
    assert found is not None
    return found
