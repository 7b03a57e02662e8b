"""Whatever the text, commands give a reading and messages, never anything else."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from netsh_language import BASE, FILE, after_base, run

from ipsecmig.dialects.base import Reading, ReadOptions
from ipsecmig.dialects.containers.command import Anchor, Command, FilterRun, Statement
from ipsecmig.dialects.netsh_static import syntax
from ipsecmig.dialects.netsh_static.execute import execute
from ipsecmig.model.flatten import flatten

SCRIPT = [
    *BASE.splitlines(),
    'add policy "Two words" "a text" mmpfs=yes qmpermm=1 mmlifetime=60 assign=yes mmsec="3DES-SHA1-2 DES-MD5-1"',
    "set policy name=P newname=P2 activatedefaultrule=no pollinginterval=5",
    "set policy P2 P",
    "add filter filterlist=L srcaddr=10.0.0.0 srcmask=8 dstaddr=me protocol=tcp dstport=80 desc=web",
    "add filter filterlist=L srcaddr=me dstaddr=ads.example.com mirror=no",
    "add filter filterlist=L srcaddr=0.0.0.0 dstaddr=any",
    "add filter filterlist=L srcaddr=2001:db8::1-2001:db8::9 dstaddr=me",
    'add filteraction S qmpfs=y inpass=y soft=n action=neg qmsec="AH[MD5]+ESP[3DES,None]:100000k/3600s"',
    'add rule R P L S tunnel=192.0.2.1 conntype=lan kerberos=no psk="a key" rootca="CN=X certmap:yes"',
    "set rule name=R policy=P newname=R2 filteraction=N activate=no kerberos=yes",
    "set rule id=1 policy=P tunnel=no",
    'set defaultrule P qmpfs=yes activate=no qmsec="ESP[DES,SHA1]"',
    "set filteraction S newname=S2 action=permit",
    "set filterlist L newname=L2",
    "delete filter L2 any 0.0.0.0",
    "delete rule R2 P",
    "delete filteraction all",
    "delete filterlist L2",
    "set store domain example.com",
    "importpolicy x.ipsec",
    "delete all",
]
WORDS = sorted({word for line in SCRIPT for word in line.split()})

TEXT = st.text(st.characters(exclude_characters="\n", exclude_categories=["Cs"]), max_size=60)
SPLICED = st.lists(st.sampled_from([*WORDS, '"', "=", " ", "'", "ipsec", "static", "\\'"]), max_size=12).map(" ".join)
CONTEXTS = st.sampled_from(["ipsec static", "ipsec dynamic", "advfirewall", ""])


def check(reading: Reading, lines: int) -> None:
    """Check what holds for every reading."""
    for diagnostic in reading.diagnostics:
        assert 1 <= diagnostic.origin.line <= lines
        assert 1 <= diagnostic.origin.column < diagnostic.origin.end_column
        assert diagnostic.message
        assert "{" not in diagnostic.message or "{" in diagnostic.text
    store = reading.store
    for objects in (store.policies, store.filter_lists, store.filter_actions):
        names = [(made.store, made.name.casefold()) for made in objects]
        assert len(set(names)) == len(names)
    for policy in store.policies:
        for rule in policy.rules:
            assert store.filter_list(rule.filter_list, policy.store) is not None
            assert store.filter_action(rule.filter_action, policy.store) is not None
        flatten(store, policy)


@settings(max_examples=300, deadline=None)
@given(TEXT, CONTEXTS)
def test_any_text(text: str, context: str) -> None:
    check(execute([Command(context, text, FILE, (Anchor(0, 1, 1),))], ReadOptions()), 1)


@settings(max_examples=300, deadline=None)
@given(st.sampled_from(["add ", "set ", "delete ", ""]), SPLICED, TEXT)
def test_spliced_words(verb: str, words: str, text: str) -> None:
    check(after_base(f"{verb}{words}\n{words} {text}"), 6)


@settings(max_examples=100, deadline=None)
@given(st.data())
def test_cut_and_spliced_scripts(data: st.DataObject) -> None:
    lines = data.draw(st.lists(st.sampled_from(SCRIPT), min_size=1, max_size=20))
    text = "\n".join(lines)
    start = data.draw(st.integers(0, len(text)))
    end = data.draw(st.integers(0, len(text)))
    spliced = text[:start] + text[end:]
    assumptions = data.draw(st.sets(st.sampled_from(["errors", "imports", "rule-ids", "conditions"])))
    check(run(spliced, *assumptions, condition=data.draw(st.sampled_from(["", "if asked"]))), len(lines) * 2)


@settings(max_examples=100, deadline=None)
@given(st.lists(TEXT, max_size=5))
def test_any_lines_in_bulk(lines: list[str]) -> None:
    statements: list[Statement] = [FilterRun("".join(f"{line}\n" for line in lines), FILE, 1)]
    check(execute(statements, ReadOptions()), len(lines) or 1)


@settings(max_examples=300, deadline=None)
@given(TEXT | SPLICED)
def test_arguments_cover_the_text(text: str) -> None:
    position = 0
    for argument in syntax.split(text):
        assert not text[position : argument.begin].strip(" \t")
        assert argument.begin <= argument.start <= argument.end <= len(text)
        position = argument.end
    assert not text[position:].strip(" \t")


def test_the_script_itself_is_understood() -> None:
    reading = run("\n".join(SCRIPT))
    assert not [d for d in reading.diagnostics if d.severity.label == "error"]
    check(reading, len(SCRIPT))


@pytest.mark.parametrize("name", sorted(usage.name for usage in syntax.usages(syntax.STATIC).values()))
def test_every_command_runs_or_is_known_to_change_nothing(name: str) -> None:
    from ipsecmig.dialects.netsh_static.execute import _HANDLERS

    idle = {"set_batch", "set_interactive", "exportpolicy", "show", "dump", "help", "question"}
    assert (name in _HANDLERS) != (name in idle)
