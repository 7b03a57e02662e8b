"""Every mistake gets its message, at its place, and hides nothing else."""

from __future__ import annotations

import pytest
from netsh_language import BASE, after_base, codes, run, said

from ipsecmig.diagnostics import Origin, Severity
from ipsecmig.dialects.base import Reading
from ipsecmig.dialects.containers.redaction import redact
from ipsecmig.dialects.netsh_static import messages
from ipsecmig.dialects.notes import Note
from ipsecmig.model.selectors import ANY

FILTER = "add filter filterlist=L srcaddr=any dstaddr=me"

MISTAKES = [
    ("frobnicate", "NS001", "frobnicate"),
    ("add polcy P", "NS001", "polcy"),
    ("add", "NS001", "add"),
    ("add name=x", "NS001", "add"),
    ("name=x", "NS001", ""),
    ("s policy x", "NS002", "s"),
    ("add filt L any me", "NS002", "filt"),
    ("add filteraction X newname=Y action=block", "NS003", "newname"),
    ("add rule R P filter=L filteraction=B", "NS004", "filter"),
    ("add policy X mm=yes", "NS004", "mm"),
    ("add policy name=X name=Y", "NS005", "name"),
    ("set policy name=P guid={1}", "NS005", "guid"),
    ("add policy", "NS006", "add policy"),
    ("add policy assign=y", "NS006", "add policy assign=y"),
    ("set policy assign=y", "NS006", "set policy assign=y"),
    ("add filter filterlist=L srcaddr=any", "NS006", "add filter filterlist=L srcaddr=any"),
    ("add filter filterlist=L srcaddr= dstaddr=me", "NS007", ""),
    ("add filter filterlist=L srcaddr=any dstaddr=", "NS007", ""),
    ('add policy name=""', "NS007", ""),
    ('add policy name="X" desc="a" no 0 480 no 180 no DES-MD5-1 more', "NS008", "more"),
    ("delete policy P more", "NS008", "more"),
    ('add policy name="X Y', "NS009", "X Y"),
    ("add filterlist name=xnetsh ipsec static add filter filterlist=x", "NS010", "ipsec"),
    ("add policy name=My Policy", "NS011", "Policy"),
    (f"{FILTER} protocol=tcp dstport=80 web", "NS011", "web"),
    (f"{FILTER} protocol=tcp dstport=80 #", "NS011", "#"),
    ("add filterlist name='AD Trusts'", "NS012", "'AD"),
    ('add policy name=a"b"', "NS013", "ab"),
    ('add policy name="x""', "NS009", "x"),
    ("add filter filterlist=My List srcaddr=any dstaddr=me", "NS014", "List"),
    ("add rule name=R policy=P filterlist=L filteraction=N psk=two words", "NS015", "..."),
    ("add policy X assign=maybe", "NS020", "maybe"),
    ("add filteraction X action=request", "NS020", "request"),
    ("add rule R P L N conntype=wan", "NS020", "wan"),
    ("set store nowhere", "NS020", "nowhere"),
    (f"{FILTER} mirrored=1", "NS020", "1"),
    ("add policy X mmlifetime=8h", "NS022", "8h"),
    ("add policy X qmpermm=-1", "NS022", "-1"),
    ("add filter L 300.1.1.1 me", "NS023", "300.1.1.1"),
    ("add filter L 192,168.2.10 me", "NS023", "192,168.2.10"),
    ("add filter L 10.0.0.9-10.0.0.1 me", "NS023", "10.0.0.9-10.0.0.1"),
    ("add filter L 10.0.0.1-host me", "NS023", "10.0.0.1-host"),
    ("add filter L 1.2.3 me", "NS023", "1.2.3"),
    ("add filter L fe80:::1 me", "NS023", "fe80:::1"),
    ("add filter L x.x.x.x me", "NS024", "x.x.x.x"),
    ("add filter L 10.0.X.X me", "NS024", "10.0.X.X"),
    ("add filter L {1} me", "NS024", "{1}"),
    ("add filter L <EDR_IP> me", "NS024", "<EDR_IP>"),
    ("add filter L srcaddr=%1 dstaddr=me", "NS024", "%1"),
    ("add filter L 10.0.0.1,10.0.0.2 me", "NS025", "10.0.0.1,10.0.0.2"),
    ("add filter L 010.0.0.1 me", "NS026", "010.0.0.1"),
    ("add filter L 10.0.0.1 me srcmask=33", "NS027", "33"),
    ("add filter L 10.0.0.1 me srcmask=255.255.255.300", "NS023", "255.255.255.300"),
    ("add filter L 10.0.0.1 me srcmask=big", "NS027", "big"),
    ("add filter L 10.0.0.0/64 me", "NS027", "10.0.0.0/64"),
    ("add filter L 2001:db8:: me srcmask=255.255.0.0", "NS027", "255.255.0.0"),
    ("add filter L 10.0.0.1 me srcmask=255.0.255.0", "NS028", "255.0.255.0"),
    ("add filter L 10.0.0.1-10.0.0.2 me srcmask=24", "NS029", "24"),
    ("add filter L 10.0.0.0/8 me srcmask=8", "NS029", "8"),
    ("add filter L localhost me srcmask=24", "NS029", "24"),
    (f"{FILTER} protocol=tcp dstport=any", "NS030", "any"),
    (f"{FILTER} protocol=tcp dstport=65536", "NS030", "65536"),
    (f"{FILTER} protocol=tcp dstport=80,443", "NS030", "80,443"),
    (f"{FILTER} protocol=tcp srcport=-1", "NS030", "-1"),
    (f"{FILTER} dstport=445", "NS031", "445"),
    (f"{FILTER} protocol=icmp srcport=1", "NS031", "1"),
    (f"{FILTER} protocol=TCP/UDP", "NS032", "TCP/UDP"),
    (f"{FILTER} protocol=256", "NS032", "256"),
    ('add policy X mmsec="3DES-SHA1"', "NS033", "3DES-SHA1"),
    ('add policy X mmsec="3DES-SHA1-2;DES-MD5-1"', "NS033", "3DES-SHA1-2;DES-MD5-1"),
    ('add filteraction X action=neg qmsec="ESP[3DES]"', "NS033", "ESP[3DES]"),
    ('add policy X mmsec="AES256-SHA1 DHGroup14"', "NS034", "AES256-SHA1 DHGroup14"),
    ('add filteraction X action=neg qmsec="ESP[AES,SHA1]"', "NS034", "ESP[AES,SHA1]"),
    ('add filteraction X action=neg qmsec="ESP[None,None]"', "NS035", "ESP[None,None]"),
    ('add filteraction X action=neg qmsec="AH[MD5]+AH[SHA1]"', "NS036", "AH[MD5]+AH[SHA1]"),
    ('add filteraction X action=neg qmsec="AH[MD5]:10s"', "NS037", "AH[MD5]:10s"),
    ("add filter L 10.0.0.1 2001:db8::1", "NS038", "add filter L 10.0.0.1 2001:db8::1"),
    ("add filter L dns any", "NS039", "any"),
    ("add filter L 10.0.0.1 wins", "NS039", "10.0.0.1"),
    ("add filter L 10.0.0.5 me srcmask=24", "NS040", "10.0.0.5"),
    ("add filter L 10.0.0.0/8 me", "NS041", "10.0.0.0/8"),
    ("add filter L ads.example.com me", "NS042", "ads.example.com"),
    ("add filter L any me srcmask=32", "NS043", "any"),
    ("add filter L 0.0.0.0 me", "NS044", "0.0.0.0"),
    ('add rule R P L N rootca="CN=X certmap:maybe"', "NS045", "CN=X certmap:maybe"),
    ("add policy p", "NS050", "p"),
    ("add filterlist l", "NS050", "l"),
    ("add filteraction b action=block", "NS050", "b"),
    ("add policy Q\nset policy Q newname=P", "NS050", "P"),
    (f"{FILTER}\n{FILTER} description=again", "NS051", f"{FILTER} description=again"),
    ("delete policy X", "NS052", "X"),
    ("delete filter L any me", "NS052", "delete filter L any me"),
    ("add rule R Q L B", "NS053", "Q"),
    ("set policy X assign=y", "NS053", "X"),
    ("set policy guid={1} assign=y", "NS053", "{1}"),
    ("add rule R P L2 B\nadd filterlist L2", "NS054", "L2"),
    ("importpolicy x\nset policy X assign=y", "NS055", "X"),
    ("add rule R P L B\ndelete filterlist L", "NS056", "L"),
    ("add filter L any me mirrored=n\ndelete filter L any me", "NS057", "delete filter L any me"),
    ("add rule R P L B\nset rule id=1 policy=P activate=n", "NS058", "1"),
    ("add filteraction X action=negotiate", "NS060", "add filteraction X action=negotiate"),
    ('add filteraction X qmsec="AH[MD5]"', "NS061", 'add filteraction X qmsec="AH[MD5]"'),
    ('add filteraction X action=permit qmsec="AH[MD5]"', "NS062", "AH[MD5]"),
    ("add policy X mmpfs=yes qmpermm=5", "NS063", "5"),
    ("add rule R P L N kerberos=no", "NS064", "R"),
    ("add rule R P L N", "NS065", "add rule R P L N"),
    ("set store domain\nadd policy X assign=y", "NS066", "y"),
    ("add rule R P L B tunnel=no", "NS067", "no"),
    ("set policy P assign=y\nadd policy X assign=y", "NS068", "y"),
    ("add policy X assign=y\nadd rule R X L B\nadd rule S X L B", "NS069", "X"),
    ("importpolicy x", "NS080", "importpolicy x"),
    ("restorepolicyexamples win2k", "NS081", "restorepolicyexamples win2k"),
]

ELSEWHERE = {"NS021", "NS082", "NS083", "NS084", "NS090", "NS091", *(f"NS10{n}" for n in range(9))}
"""Codes that need another context or statement, tested beside what they report, or that no list of words can raise."""


@pytest.mark.parametrize(("script", "code", "text"), MISTAKES)
def test_a_mistake_is_reported_and_what_follows_is_still_read(script: str, code: str, text: str) -> None:
    reading = after_base(f"{script}\nset store local\nadd filterlist name=Last")
    assert said(reading, code).text == text
    assert reading.store.filter_list("Last") is not None


NOTES = {value.code: value for value in vars(messages).values() if isinstance(value, Note)}
REFUSED = [
    script
    for script, code, _ in MISTAKES
    if NOTES[code].severity is Severity.ERROR and code not in ("NS054", "NS064")  # where more than one command counts
]


@pytest.mark.parametrize("script", REFUSED)
def test_what_netsh_refuses_changes_nothing(script: str) -> None:
    before = "\n".join(script.split("\n")[:-1])
    assert after_base(script).store == after_base(before).store


def test_every_message_is_tested() -> None:
    notes = [value for value in vars(messages).values() if isinstance(value, Note)]
    assert len({note.code for note in notes}) == len(notes)
    assert {note.code for note in notes} == {code for _, code, _ in MISTAKES} | ELSEWHERE


def test_every_error_and_warning_gives_advice() -> None:
    notes = [value for value in vars(messages).values() if isinstance(value, Note)]
    assert [note.code for note in notes if note.severity >= Severity.WARNING and not note.advice] == []


@pytest.mark.parametrize(
    ("script", "code", "column", "end"),
    [
        ("add filter L 300.1.1.1 me", "NS023", 14, 23),
        ('add filter L "300.1.1.1" me', "NS023", 14, 25),
        ('add policy X mmsec="DES-MD5-1 AES-SHA1-2"', "NS034", 31, 34),
        ('add policy X mmsec="DES-MD5-1 3DES-SHA1"', "NS033", 36, 40),
        ("add policy name = X  foo = y", "NS003", 22, 25),
        ("  add policy", "NS006", 3, 13),
        ('add policy name=ab"c d', "NS009", 19, 23),
        ("add policy name=X name=Y", "NS005", 19, 25),
    ],
)
def test_the_place_of_a_mistake(script: str, code: str, column: int, end: int) -> None:
    reading = run(f"\n{script}")
    assert said(reading, code).origin == Origin("script.txt", 2, column, end)


def test_all_mistakes_of_a_command_are_reported() -> None:
    reading = run(
        "add filter filterlist=L srcaddr=x.x.x.x protocol=TCP/UDP dstport=70000 colour=red srcmask=255.0.255.0"
    )
    assert codes(reading) == ["NS006", "NS024", "NS032", "NS030", "NS003", "NS028"]


def test_messages_say_what_was_expected() -> None:
    assert said(run("add filteraction X action=request"), "NS020").expected == "permit, block, negotiate"
    assert "filterlist" in said(run("add polcy x"), "NS001").expected
    assert "qmsecmethods" in said(run("add filteraction X foo=1"), "NS003").expected


def test_a_definition_that_comes_later_is_named() -> None:
    message = said(after_base("add rule R P L2 B\nadd filterlist L2"), "NS054")
    assert "line 6" in message.message


def test_defaults_that_were_taken_are_those_that_are_named() -> None:
    from ipsecmig.dialects.netsh_static import defaults

    explicit = run(f'add filteraction X action=negotiate qmsec="{defaults.QUICK_MODE_OFFERS_TEXT}"')
    assert explicit.store.filter_actions == run("add filteraction X action=negotiate").store.filter_actions


def test_a_script_without_mistakes_says_nothing() -> None:
    script = f'{BASE}{FILTER} protocol=tcp dstport=80\nadd rule "A rule" P L N kerberos=yes\nset policy P assign=y'
    assert run(script).diagnostics == ()


KEYS = [
    'psk="{key} x"',
    "psk={key}",
    "psk = {key}",
    "PS={key} {key}",
    "psk= {key}= {key}",
    'psk="{key}',
    'psk="{key}" psk={key}',
    'psk=a"{key}"',
    '"psk={key} {key}"',
    "psk='{key} {key}'",
]
MISSPELT = ["pks={key}", "p={key}", "psk={key} foo={key}"]
"""Only where the parameters are known can a misspelt one be recognised."""


def shown(reading: Reading) -> str:
    return repr([(d.message, d.text, d.expected, d.advice) for d in reading.diagnostics]) + repr(reading.store)


@pytest.mark.parametrize("parameters", KEYS)
@pytest.mark.parametrize("tail", ["", " conntype=wan", " foo=1", " policy=P"])
def test_nothing_shows_a_key(parameters: str, tail: str) -> None:
    script = f"add rule R P L N {parameters.format(key='hunter2')}{tail}"
    for reading in (
        after_base(script),
        run(script, condition="if asked"),
        run(script, context="advfirewall"),
        run(script, context="ipsec dynamic"),
        run(f"importpolicy x\n{script}"),
    ):
        assert "hunter2" not in shown(reading)


@pytest.mark.parametrize("parameters", MISSPELT)
@pytest.mark.parametrize("condition", ["", "if asked"])
def test_no_message_shows_a_misspelt_key(parameters: str, condition: str) -> None:
    script = f"{BASE}add rule R P L N {parameters.format(key='hunter2')}"
    assert "hunter2" not in shown(run(script, condition=condition))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("add rule psk=a b name=x", "add rule psk=... name=x"),
        ('add rule psk="a name=x" name=y', "add rule psk=... name=y"),
        ("consec add rule auth1psk=a", "consec add rule auth1psk=..."),
        ("ipseccmd -a PRESHARE:abc", "ipseccmd -a PRESHARE:..."),
        ('ipseccmd -f 0+* -a k c:"CN=A B" p:"abc d" -n PASS', 'ipseccmd -f 0+* -a k c:"CN=A B" p:...'),
        ('ipseccmd -A "PRE:abc d"', 'ipseccmd -A "PRE:...'),
        ("add rule psk=...", "add rule psk=..."),
        ("add policy name=x", "add policy name=x"),
    ],
)
def test_redaction(text: str, expected: str) -> None:
    assert redact(text) == expected
    assert redact(redact(text)) == redact(text)


def test_any_is_not_left_over_from_a_refused_mask() -> None:
    reading = run("add filter L 10.0.0.1 me srcmask=33")
    assert not reading.store.filter_lists
    assert ANY not in [filter_.source for made in reading.store.filter_lists for filter_ in made.filters]
