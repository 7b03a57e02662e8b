"""Lists of hosts and Ansible inventories: which hosts they name, where those are, and what is refused."""

from __future__ import annotations

from textwrap import dedent

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from ipsecmig.dialects.base import Source
from ipsecmig.errors import InputError
from ipsecmig.remote.inventory import MOST_HOSTS, ListedHost, read_hosts

PASSWORD = "Tr0ub4dor-and-3"


def hosts(text: str, name: str = "hosts") -> tuple[ListedHost, ...]:
    return read_hosts(Source(name, dedent(text).encode()))


def refused(text: str, name: str = "hosts") -> list[str]:
    with pytest.raises(InputError) as raised:
        hosts(text, name)
    said = [f"{d.code}:{d.origin.line}" for d in raised.value.diagnostics]
    assert PASSWORD not in str(raised.value.diagnostics)
    return said


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("srv1", [("srv1", "srv1", None)]),
        ("srv1.example.com:5985", [("srv1.example.com", "srv1.example.com", 5985)]),
        ("10.0.0.5", [("10.0.0.5", "10.0.0.5", None)]),
        ("fd00::5", [("fd00::5", "fd00::5", None)]),
        ("[fd00::5]:5986", [("fd00::5", "fd00::5", 5986)]),
        ("srv1   # the old one", [("srv1", "srv1", None)]),
        ("web[08:10]", [(f"web{n}", f"web{n}", None) for n in ("08", "09", "10")]),
        ("web[8:10]", [(f"web{n}", f"web{n}", None) for n in ("8", "9", "10")]),
        ("web[1:7:3].x", [(f"web{n}.x", f"web{n}.x", None) for n in "147"]),
        ("db-[a:c]:5985", [(f"db-{c}", f"db-{c}", 5985) for c in "abc"]),
        ("[a:b][1:2]", [(n, n, None) for n in ("a1", "a2", "b1", "b2")]),
        ("srv1 ansible_host=10.0.0.7 ansible_port=5999", [("srv1", "10.0.0.7", 5999)]),
        (f"srv1 ansible_password='{PASSWORD} x' foo=bar", [("srv1", "srv1", None)]),
    ],
)
def test_a_line_names_hosts(line: str, expected: list[tuple[str, str, int | None]]) -> None:
    found = hosts(f"# comment\n; comment\n\n{line}\n")
    assert [(one.name, one.address, one.port) for one in found] == expected
    assert PASSWORD not in repr(found)


INI = f"""
    lonely
    [web]
    web[01:02] ansible_winrm_transport=credssp
    [db]
    db1 ansible_winrm_scheme=http ansible_port=6000
    [web:vars]
    ansible_winrm_transport = kerberos
    ansible_port=5986
    [windows:children]
    web
    db
    [windows:vars]
    ansible_user=admin
    ansible_password={PASSWORD}
    ansible_port=5985
    ansible_winrm_transport="ntlm,basic"
    [all:vars]
    ansible_port=1
    """

YAML = f"""
    all:
      vars: {{ansible_port: 1}}
      hosts:
        lonely:
      children:
        windows:
          vars:
            ansible_user: admin
            ansible_password: !vault |
              {PASSWORD}
            ansible_port: 5985
            ansible_winrm_transport: ntlm,basic
          children:
            web:
              hosts:
                web[01:02]: {{ansible_winrm_transport: credssp}}
              vars: {{ansible_port: 5986, ansible_winrm_transport: kerberos}}
            db:
              hosts:
                db1: {{ansible_winrm_scheme: http, ansible_port: 6000}}
    """


@pytest.mark.parametrize("text", [INI, YAML], ids=["ini", "yaml"])
def test_both_forms_of_an_inventory_say_the_same(text: str) -> None:
    found = {one.name: (one.port, one.transport, one.scheme) for one in hosts(text)}
    assert found == {
        "lonely": (1, None, None),
        "web01": (5986, "credssp", None),
        "web02": (5986, "credssp", None),
        "db1": (6000, "ntlm", "http"),
    }
    assert {one.name for one in hosts(text) if "windows" in one.groups} == {"web01", "web02", "db1"}
    assert PASSWORD not in repr(hosts(text))


def test_yaml_may_merge_what_it_names() -> None:
    text = """
        all:
          hosts:
            a: &usual {ansible_port: 7, ansible_winrm_scheme: http}
            b: {ansible_port: 8, <<: *usual}
        """
    assert [(one.port, one.scheme) for one in hosts(text)] == [(7, "http"), (8, "http")]


def test_a_host_in_two_groups_is_one_host() -> None:
    found = hosts("[one]\na ansible_port=7\n[two]\na\n")
    assert [(one.name, one.port, one.groups >= {"one", "two", "all"}) for one in found] == [("a", 7, True)]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", ["HL008:0"]),
        ("[web]\n", ["HL008:0"]),
        ("a b\n", ["HL001:1"]),
        (f"a ansible_password='{PASSWORD}\n", ["HL001:1"]),
        (f"[g:vars]\n{PASSWORD}\n[g]\na\n", ["HL001:2"]),
        ("web[5:1]", ["HL003:1"]),
        ("web[1:x]", ["HL003:1"]),
        ("web[1:2:0]", ["HL003:1"]),
        ("web[1:999999999]", ["HL003:1"]),
        (f"web[1:{MOST_HOSTS}]\nmore", ["HL003:2"]),
        ("a ansible_host={{lookup}}", ["HL004:1"]),
        ("a ansible_port=no", ["HL005:1"]),
        ("a ansible_port=65536", ["HL005:1"]),
        ("a ansible_winrm_scheme=ftp", ["HL005:1"]),
        ("a\n[g:children]\nnothing", ["HL006:3"]),
        ("a\n[g:children]\nh\n[h:children]\ng", ["HL007:3", "HL007:5"]),
        ("all:\n  hosts: [a, b]", ["HL002:2"]),
        (f"all:\n  hosts: {{a: {PASSWORD}", ["HL002:2"]),
        ("all:\n  hosts: &a\n    <<: {<<: *a}", ["HL002:0"]),
    ],
)
def test_what_is_no_inventory_is_refused_with_its_place(text: str, expected: list[str]) -> None:
    assert refused(text) == expected


def test_aliases_cannot_make_much_of_little() -> None:
    lines = ["h0: &h0 {vars: {a: x}}"]
    lines += [f"h{n}: &h{n} {{<<: [*h{n - 1}, *h{n - 1}]}}" for n in range(1, 40)]
    assert refused("\n".join(lines), "hosts.yml") == ["HL002:0"]


@given(st.one_of(st.text(alphabet="[]:=ab1{}&*<-'\"#\n \t,!%.", max_size=60), st.text(max_size=40)), st.booleans())
@example("{a: &a {children: *a}}", True)
@settings(deadline=None, max_examples=150)
def test_any_text_is_read_or_refused(text: str, yaml: bool) -> None:
    try:
        found = read_hosts(Source("hosts.yml" if yaml else "hosts", text.encode()))
    except InputError:
        return
    assert len({one.name for one in found}) == len(found) > 0
