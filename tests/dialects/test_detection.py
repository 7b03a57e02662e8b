"""Every format is told by its content, whatever its name and encoding; nothing else is taken for one."""

from __future__ import annotations

import subprocess
import sys

import pytest
from format_examples import examples
from hypothesis import given, settings
from hypothesis import strategies as st

from ipsecmig.dialects.base import Source
from ipsecmig.dialects.registry import DIALECTS, detect
from ipsecmig.errors import InputError

EXAMPLES = list(examples())
BINARY = ("hive", "registry-pol")
IDS = [f"{number}-{name}" for number, (name, _) in enumerate(EXAMPLES)]


def found(data: bytes, name: str = "policy.txt") -> str | None:
    try:
        return detect(Source(name, data)).name
    except InputError:
        return None


def test_there_is_an_example_of_every_format() -> None:
    assert {name for name, _ in EXAMPLES} == {dialect.name for dialect in DIALECTS}


@pytest.mark.parametrize("called", ["policy.reg", "policy.xml", "policy.ipsec"])
@pytest.mark.parametrize(("name", "data"), EXAMPLES, ids=IDS)
def test_its_name_does_not_matter(name: str, data: bytes, called: str) -> None:
    assert found(data, called) == name


@pytest.mark.parametrize(("name", "data"), EXAMPLES, ids=IDS)
def test_it_is_certain_and_no_other_format_is_as_certain(name: str, data: bytes) -> None:
    sure = {dialect.name: dialect.detect(Source("x", data)) for dialect in DIALECTS}
    assert sure[name] >= 50
    assert [other for other, how in sure.items() if other != name and how >= sure[name]] == []


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "utf-16-le", "utf-16-be"])
@pytest.mark.parametrize(("name", "data"), EXAMPLES, ids=IDS)
def test_its_encoding_does_not_matter(name: str, data: bytes, encoding: str) -> None:
    if name in BINARY:
        return
    wide = data.startswith((b"\xff\xfe", b"\xfe\xff"))
    text = data.decode("utf-16") if wide else data.removeprefix(b"\xef\xbb\xbf").decode("latin-1")
    assert found(text.encode(encoding)) == name


@pytest.mark.parametrize(("name", "data"), EXAMPLES, ids=IDS)
def test_the_rest_of_a_large_file_does_not_matter(name: str, data: bytes) -> None:
    assert found(data + b"\r\n" * (1 << 20) + b"netsh ipsec static add policy name=x\nREGEDIT4\n") == name


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\0" * 5000,
        b"\xff\xfe",
        b"hello\n",
        b"# Policies\n\nWhat: these are.\nWho: we.\n",
        b"<?xml version='1.0'?><html><body/></html>",
        b"<" * 5000,
        b'{"a": 1}',
        b"MZ\x90\0\x03\0\0\0" * 500,
        b"PK\x03\x04" + bytes(range(256)) * 50,
        b"[section]\nkey=value\n",
        b"interface: eth0\naddress: 10.0.0.1\nname: value\n",
        b"HKEY",
        b"dn",
    ],
    ids=lambda data: repr(data[:20]),
)
def test_what_is_none_of_them_is_none(data: bytes) -> None:
    assert found(data) is None


BOTH = [
    ("netsh-static", b"rem ipseccmd was here\nnetsh ipsec static add policy name=P\n"),
    ("netsh-static", b"netsh ipsec static add policy name=P\nnetsh advfirewall consec add rule name=R\n"),
    ("netsh-static", b"netsh ipsec static add policy name=P\nreg add HKLM\\System\\X /v NoDefaultExempt /d 1\n"),
    (
        "netsh-show",
        b"C:\\>netsh ipsec static show all\nPolicy Name : P\nDescription : x\nLast Modified : y\nAssigned : YES\n",
    ),
    ("reg", b'REGEDIT4\n\n; netsh ipsec static add policy\n[HKEY_LOCAL_MACHINE\\X]\n"a"="v2.10|Action=Secure|"\n'),
    ("reg-query", b"HKEY_LOCAL_MACHINE\\X\r\n    a    REG_SZ    v2.10|Action=Secure|Active=TRUE|\r\n"),
    ("ldif", b"# netsh ipsec static\ndn: CN=x\nipsecName: netsh ipsec static add\n"),
    ("gpo-report", b'<GPO xmlns="http://www.microsoft.com/GroupPolicy/Settings"><Name>netsh ipsec static</Name></GPO>'),
]


@pytest.mark.parametrize(("name", "data"), BOTH, ids=lambda value: value if isinstance(value, str) else "")
def test_what_mentions_another_format_is_still_itself(name: str, data: bytes) -> None:
    assert found(data) == name


PIECES = [
    b"add rule endpoint1=", b"reg add \\", b"v2.1|", b"HKEY_A\n    ", b"a: b\n", b"netsh ", b"<!---->", b"<a ", b"\n",
    b"Filter Id: {", b"\n\n", b" ", b"\0", b"dn: ",
    b"ipseccmd \\\\", b'{"format"', b"<?xml ", b"Rule Name: x\n----------\n", b":",
]  # fmt: skip


@pytest.mark.parametrize("piece", PIECES, ids=repr)
def test_endless_repetition_takes_bounded_time(piece: bytes) -> None:
    code = "import resource, sys; resource.setrlimit(resource.RLIMIT_CPU, (20, 20)); "
    code += "from ipsecmig.dialects import registry; from ipsecmig.dialects.base import Source; "
    code += f"[d.detect(Source('x', ({piece!r} * 2000000)[:1 << 20])) for d in registry.DIALECTS]"
    subprocess.run([sys.executable, "-c", code], check=True, timeout=120)


@settings(max_examples=100, deadline=None)
@given(st.lists(st.sampled_from(PIECES) | st.binary(max_size=20), max_size=30).map(b"".join))
def test_anything_is_detected_as_something_or_nothing(data: bytes) -> None:
    assert all(0 <= dialect.detect(Source("x", data)) <= 100 for dialect in DIALECTS)


def test_telling_formats_apart_imports_no_reader() -> None:
    code = "import sys; from ipsecmig.dialects import registry; from ipsecmig.dialects.base import Source; "
    code += "print(registry.detect(Source('x', b'netsh ipsec static add policy name=P')).name); "
    code += "heavy = {'lxml', 'lark', 'cryptography', 'regipy', 'ldap3', 'http'} & set(sys.modules); "
    code += "print(sorted(heavy), [m for m in sys.modules if m.endswith(('.convert', '.netsh', '.show'))])"
    done = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    assert done.stdout.splitlines() == ["netsh-static", "[] []"]
