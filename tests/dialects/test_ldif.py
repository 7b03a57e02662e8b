"""LDIF dumps become policies, however the tool that made them writes LDIF; what is damaged is said to be."""

from __future__ import annotations

import tracemalloc
from base64 import b64encode
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from stored_blobs import (
    WINDOWS_10_FILTER_LIST,
    WINDOWS_10_ISAKMP_POLICY,
    WINDOWS_10_NEGOTIATION_POLICY,
    WINDOWS_10_POLICY,
    WINDOWS_10_RULE,
)
from stored_objects import guid

from ipsecmig.diagnostics import Severity
from ipsecmig.dialects import registry
from ipsecmig.dialects.base import Reading, ReadOptions, Source
from ipsecmig.errors import InputError
from ipsecmig.model.policy import StoreKind, StoreLocation
from ipsecmig.stored.blobs.nfa import NfaBlob
from ipsecmig.stored.ldif import write_record

DOMAIN = "DC=corp,DC=example"
CONTAINER = f"CN=IP Security,CN=System,{DOMAIN}"
RULE = NfaBlob(NfaBlob.parse(WINDOWS_10_RULE).methods, 0xFFFFFFFD, is_active=1).write()
TYPE, ACTION = "{62F49E10-6C37-11D1-864C-14A300000000}", "{8A171DD3-77E3-11D1-8659-A04F00000000}"


def dn(kind: str, number: int) -> str:
    return f"CN={kind}{guid(number).upper()},{CONTAINER}"


def entry(kind: str, number: int, data: bytes, *pairs: tuple[str, str]) -> str:
    head = [("objectClass", "top"), ("objectClass", kind), ("cn", f"{kind}{guid(number)}")]
    common = [("ipsecID", guid(number).upper()), ("ipsecDataType", "256"), ("whenChanged", "20030101000000.0Z")]
    return write_record(dn(kind, number), [*head, *pairs, *common, ("ipsecData", data)])


OBJECTS = (
    entry(
        "ipsecPolicy",
        1,
        WINDOWS_10_POLICY,
        ("ipsecName", "Büro"),
        ("description", "for the office, " + "with a long text that is folded " * 4 + "."),
        ("ipsecISAKMPReference", dn("ipsecISAKMPPolicy", 2)),
        ("ipsecNFAReference", dn("ipsecNFA", 3)),
    ),
    entry("ipsecISAKMPPolicy", 2, WINDOWS_10_ISAKMP_POLICY, ("ipsecOwnersReference", dn("ipsecPolicy", 1))),
    entry(
        "ipsecNFA",
        3,
        RULE,
        ("ipsecName", "Rule"),
        ("ipsecFilterReference", dn("ipsecFilter", 5)),
        ("ipsecNegotiationPolicyReference", dn("ipsecNegotiationPolicy", 4)),
        ("ipsecOwnersReference", dn("ipsecPolicy", 1)),
    ),
    entry(
        "ipsecNegotiationPolicy",
        4,
        WINDOWS_10_NEGOTIATION_POLICY,
        ("ipsecName", "Secure"),
        ("iPSECNegotiationPolicyType", TYPE),
        ("iPSECNegotiationPolicyAction", ACTION),
        ("ipsecOwnersReference", dn("ipsecNFA", 3)),
    ),
    entry("ipsecFilter", 5, WINDOWS_10_FILTER_LIST, ("ipsecName", "List"), ("ipsecOwnersReference", dn("ipsecNFA", 3))),
)
DUMP = "\n".join(("version: 1\n", *OBJECTS))
GPO = "{31B2F340-016D-11D2-945F-00C04FB984F9}"
POLICIES = f"CN=Policies,CN=System,{DOMAIN}"
ASSIGNMENT = write_record(
    f"CN=IPSEC,CN=Windows,CN=Microsoft,CN=Machine,CN={GPO},{POLICIES}",
    [("objectClass", "ipsecPolicy"), ("ipsecOwnersReference", dn("ipsecPolicy", 1))],
)
GPO_ENTRY = write_record(
    f"CN={GPO},{POLICIES}", [("objectClass", "groupPolicyContainer"), ("displayName", "Servers, all")]
)


def read(data: str | bytes, name: str = "dump.ldf", encoding: str | None = None) -> Reading:
    octets = data.encode() if isinstance(data, str) else data
    return registry.read(Source(name, octets), ReadOptions(encoding), "ldif")


def codes(reading: Reading) -> set[str]:
    """Return the codes of what was said, but that no real file confirmed it."""
    return {one.code for one in reading.diagnostics} - {"LD012"}


WHOLE = read(DUMP)


def test_the_dump_is_a_policy() -> None:
    (policy,) = WHOLE.store.policies
    (rule,) = policy.rules
    assert (policy.name, rule.filter_list, rule.filter_action) == ("Büro", "List", "Secure")
    assert policy.store == StoreLocation(StoreKind.DOMAIN, "corp.example")
    assert not policy.assigned
    assert (policy.origin.file, policy.origin.line) == ("dump.ldf", 3)
    assert not WHOLE.store.not_understood


def wide(text: str) -> bytes:
    return text.encode("utf-16")


def shuffled(text: str) -> str:
    records = text.split("\n\n")[1:]
    return "\n\n".join("\n".join([lines[0], *reversed(lines[1:])]) for lines in map(unfolded, reversed(records)))


def unfolded(record: str) -> list[str]:
    return record.strip("\n").replace("\n ", "").split("\n")


def with_cases_changed(text: str) -> str:
    lines = [line for record in text.split("\n\n") for line in [*unfolded(record), ""]]
    return "\n".join(line.partition(":")[0].swapcase() + line[len(line.partition(":")[0]) :] for line in lines)


def in_base64(text: str) -> str:
    def line(plain: str) -> str:
        name, separator, value = plain.partition(": ")
        return f"{name}:: {b64encode(value.encode()).decode()}" if separator and "::" not in plain else plain

    return "\n\n".join("\n".join(map(line, unfolded(record))) for record in text.split("\n\n")[1:])


@pytest.mark.parametrize(
    "data",
    [
        DUMP.replace("\n", "\r\n"),
        "\ufeff" + DUMP,
        wide(DUMP),
        wide(DUMP.replace("\n", "\r\n")),
        DUMP.encode("utf-16-le"),
        DUMP.removeprefix("version: 1\n\n"),
        DUMP.replace("version: 1\n\n", "version: 1\n"),
        shuffled(DUMP),
        with_cases_changed(DUMP),
        in_base64(DUMP),
        DUMP.replace("ipsecData:", "ipsecData;binary:"),
        DUMP.replace("ipsecNFAReference:", "ipsecNFAReference;range=0-*:"),
        "# extended LDIF\n#\n# LDAPv3\n\n"
        + DUMP
        + "\n# search result\nsearch: 2\nresult: 0 Success\n\n# numEntries: 6",
        DUMP.replace("\n\n", "\n\n# record\n") + "\n# Referral\nref: ldap://corp.example/CN=Configuration\n",
        DUMP.replace("\nobjectClass: top", "\nchangetype: add\nobjectClass: top"),
        "dn: CN=Users,DC=corp\nphoto:< file:///etc/shadow\n\n" + DUMP,
        DUMP.replace("\n\n", "\n\n\n\n"),
    ],
)
def test_every_way_to_write_it_gives_the_same(data: str | bytes) -> None:
    reading = read(data)
    assert reading.store == WHOLE.store
    assert codes(reading) == codes(WHOLE)


@pytest.mark.parametrize("text", [DUMP, "\n# a comment\n folded\n\n" + DUMP, DUMP.replace("version: 1\n\n", "")])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_it_is_known_by_its_content(text: str, encoding: str) -> None:
    assert registry.detect(Source("x", text.encode(encoding))).name == "ldif"


@pytest.mark.parametrize(
    "text", ["", "netsh ipsec static add policy x", "# a\nadd policy name=x", "version: 2", "cn: x"]
)
def test_other_things_are_not_taken_for_it(text: str) -> None:
    ldif = registry.dialect("ldif")
    assert ldif.detect(Source("x.ldif", text.encode())) == 0


def test_a_group_policy_object_assigns_it_under_its_name() -> None:
    (policy,) = read("\n".join((DUMP, ASSIGNMENT, GPO_ENTRY))).store.policies
    assert (policy.assigned, policy.gpo) == (True, "Servers, all")
    (policy,) = read("\n".join((ASSIGNMENT, DUMP))).store.policies
    assert (policy.assigned, policy.gpo) == (True, GPO)


def test_a_live_directory_has_names_for_places() -> None:
    (policy,) = read(DUMP, "ldaps://dc1.corp.example").store.policies
    assert policy.origin.line == 0
    assert policy.origin.file.startswith("ldaps://dc1.corp.example/CN=ipsecPolicy{")
    assert policy.origin.file.endswith("CN=IP%20Security,CN=System,DC=corp,DC=example")


def test_two_domains_are_two_stores() -> None:
    plain = "\n\n".join("\n".join(unfolded(record)) for record in DUMP.split("\n\n")[1:])
    both = read(plain + "\n\n" + plain.replace("DC=corp", "DC=other"))
    assert {policy.store.domain for policy in both.store.policies} == {"corp.example", "other.example"}


LEFTOVERS = write_record(f"CN=ipsecNFA{guid(9)}\\0ACNF:0a,{CONTAINER}", [("objectClass", "ipsecNFA")])
PERSON = "dn: CN=A person,DC=corp\nobjectClass: person\n"


@pytest.mark.parametrize(
    ("text", "code", "severity"),
    [
        (DUMP.replace("ipsecDataType: 256", "ipsecDataType 256", 1), "LD001", Severity.ERROR),
        (DUMP.replace("ipsecData:: ", "ipsecData:: =", 1), "LD001", Severity.ERROR),
        (DUMP.replace("ipsecData:: ", "ipsecData:< file:///", 1), "LD002", Severity.ERROR),
        (DUMP + "\nipsecData: lost\n", "LD003", Severity.ERROR),
        ("\n".join(f"dn: {dn('ipsecFilter', n)}\n" for n in range(3)), "LD004", Severity.ERROR),
        (DUMP + f"\ndn: {dn('ipsecFilter', 7)}\nobjectClass: ipsecFilter\n", "LD005", Severity.ERROR),
        (PERSON, "LD006", Severity.WARNING),
        (DUMP + f"\ndn: {dn('ipsecFilter', 5)}\nchangetype: delete\n", "LD007", Severity.WARNING),
        (
            DUMP + f"\ndn: {dn('ipsecFilter', 8)}\nchangetype: modify\nadd: ipsecName\nipsecName: x\n-\n",
            "LD007",
            Severity.WARNING,
        ),
        (DUMP + f"\ndn: {dn('ipsecFilter', 5)}\nchangetype: modrdn\nnewrdn: CN=x\n", "LD007", Severity.WARNING),
        (DUMP.replace("ipsecNFAReference:", "ipsecNFAReference;range=0-0:"), "LD008", Severity.WARNING),
        (DUMP + "\nsearch: 2\nresult: 4 Size limit exceeded\n", "LD009", Severity.WARNING),
        (DUMP + "\n" + LEFTOVERS, "LD010", Severity.INFO),
    ],
)
def test_what_is_said(text: str, code: str, severity: Severity) -> None:
    (said,) = [one for one in read(text).diagnostics if one.code.startswith("LD") and one.code != "LD012"]
    assert (said.code, said.severity) == (code, severity)


@pytest.mark.parametrize("change", ["delete", "modrdn"])
def test_what_is_not_applied_leaves_answers_undecided(change: str) -> None:
    reading = read(DUMP + f"\ndn: {dn('ipsecFilter', 5)}\nchangetype: {change}\n")
    assert [one.text for one in reading.store.not_understood] == [
        f"changetype: {change} of {dn('ipsecFilter', 5)}".replace("}", "}")
    ]


def modification(*lines: str) -> str:
    return "\n".join((DUMP, f"dn: {dn('ipsecFilter', 5)}", "changetype: modify", *lines, ""))


@pytest.mark.parametrize(
    ("lines", "name"),
    [
        (("replace: ipsecName", "ipsecName: New", "-"), "New"),
        (("replace: ipsecName", "ipsecName: New"), "New"),
        (("delete: ipsecName", "-", "add: ipsecName", "ipsecName: Third", "-"), "Third"),
        (("delete: ipsecName", "ipsecName: List", "-", "add: ipsecName", "ipsecName: Third", "-"), "Third"),
        (("add: info", "info: nothing to us", "-"), "List"),
    ],
)
def test_changes_of_what_stands_in_the_file_are_applied(lines: tuple[str, ...], name: str) -> None:
    reading = read(modification(*lines))
    assert [one.name for one in reading.store.filter_lists] == [name]
    assert not reading.store.not_understood


@pytest.mark.parametrize("lines", [("rename: a", "a: b"), ("add: a", "b: c"), ("-",), ("add:: ?",)])
def test_changes_that_make_no_sense_are_not(lines: tuple[str, ...]) -> None:
    reading = read(modification(*lines))
    assert "LD007" in codes(reading)
    assert reading.store.not_understood


def test_a_name_that_is_not_utf8_is_read_with_a_warning() -> None:
    data = DUMP.replace(f"ipsecName:: {b64encode('Büro'.encode()).decode()}", "ipsecName: Bro").encode()
    data = data.replace(b"ipsecName: Bro", "ipsecName: Büro".encode("cp1252"))
    reading = read(data)
    assert reading.store.policies[0].name == "Büro"
    assert "LD011" in codes(reading)
    told = read(data, encoding="cp1252")
    assert told.store == reading.store
    assert "LD011" not in codes(told)


def test_a_reference_to_a_file_is_never_followed(tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_text("hunter2")
    reading = read(DUMP.replace("ipsecName: List", f"ipsecName:< {secret.as_uri()}"))
    assert "hunter2" not in repr(reading)
    assert "LD002" in codes(reading)


PIECES = st.sampled_from(
    [
        *DUMP.splitlines(keepends=True),
        "\n",
        " ",
        "#",
        ":",
        "-\n",
        "dn:: ",
        "changetype: modify\n",
        "add: ipsecName\n",
        "\0",
    ]
)


@settings(deadline=None, max_examples=150)
@given(st.lists(PIECES, max_size=40).map("".join) | st.binary(max_size=80))
def test_any_text_ends_in_a_store_or_in_our_own_failure(data: str | bytes) -> None:
    try:
        reading = read(data)
    except InputError:
        return
    lines = (data.encode() if isinstance(data, str) else data).count(b"\n") + 1
    assert all(0 <= one.origin.line <= lines for one in reading.diagnostics)


def test_every_prefix_is_read_and_none_passes_for_the_whole() -> None:
    octets = "\n".join((DUMP, "")).encode()
    for end in range(0, len(octets) - 2, 7):
        reading = read(octets[:end])
        complete = (
            reading.store.policies == WHOLE.store.policies and reading.store.filter_lists == WHOLE.store.filter_lists
        )
        doubtful = bool(reading.store.not_understood) or any(d.severity > Severity.INFO for d in reading.diagnostics)
        assert complete or doubtful, octets[:end][-60:]


@settings(deadline=None, max_examples=200)
@given(st.integers(0, len(DUMP) - 1), st.integers(1, 255))
def test_a_changed_octet_is_read_or_said(place: int, change: int) -> None:
    octets = bytearray(DUMP.encode())
    octets[place] ^= change
    try:
        assert read(bytes(octets)) is not None
    except InputError:
        return


def test_entries_of_others_take_no_memory() -> None:
    one = "dn: CN=%06d,OU=people,DC=corp,DC=example\nobjectClass: person\nphoto:: " + "QUJD" * 500 + "\n\n"
    data = ("".join(one % number for number in range(4000)) + DUMP).encode()
    source = Source("dump.ldf", data)
    assert len(data) > 8_000_000
    tracemalloc.start()
    reading = registry.read(source, ReadOptions(), "ldif")
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert reading.store.policies == WHOLE.store.policies
    assert peak < 1_000_000
