"""The door for XML: encodings, places, bounds, and everything that is refused."""

from __future__ import annotations

import contextlib
import subprocess
import sys
import tracemalloc
from collections.abc import Iterator

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ipsecmig.diagnostics import Diagnostic
from ipsecmig.dialects.base import ReadOptions, Source
from ipsecmig.dialects.xml_input.nodes import HIDDEN, Node, verbatim
from ipsecmig.dialects.xml_input.stream import Piece, pieces
from ipsecmig.dialects.xml_input.text import SIZE_LIMIT, Root, open_text, sniff
from ipsecmig.errors import InputError, UsageError

BOMBS = {
    "billion laughs": "<!DOCTYPE a [<!ENTITY b0 'ha'>"
    + "".join(f"<!ENTITY b{n} '{f'&b{n - 1};' * 10}'>" for n in range(1, 12))
    + "]><a>&b11;</a>",
    "quadratic blowup": f"<!DOCTYPE a [<!ENTITY b '{'x' * 100_000}'>]><a>{'&b;' * 100_000}</a>",
    "entity in an attribute": "<!DOCTYPE a [<!ENTITY b 'x'>]><a c='&b;'/>",
    "external entity": "<!DOCTYPE a [<!ENTITY b SYSTEM 'file:///etc/passwd'>]><a>&b;</a>",
    "parameter entity": "<!DOCTYPE a [<!ENTITY % b SYSTEM 'http://127.0.0.1:9/x'> %b;]><a/>",
    "external document type": "<?xml version='1.0'?><!-- so --><!DOCTYPE a SYSTEM 'http://127.0.0.1:9/x.dtd'><a/>",
    "late document type": f"<!--{'x' * 70_000}--><!DOCTYPE a [<!ENTITY b 'c'>]><a>&b;</a>",
    "document type inside": "<a><!DOCTYPE a [<!ENTITY b 'c'>]>&b;</a>",
    "undeclared entity": "<a>&b;</a>",
    "undeclared entity in an attribute": "<a c='&b;'/>",
    "XInclude": '<a xmlns:x="http://www.w3.org/2001/XInclude"><x:include href="/etc/passwd" parse="text"/></a>',
    "deep": "<a>" * 100_000,
    "just too deep": "<a>" * 130 + "</a>" * 130,
    "huge attribute": f"<a b='{'x' * 600_000}'/>",
    "endless attribute": f"<a b='{'x' * 12_000_000}",
    "many attributes": "<a " + " ".join(f"a{n}='1'" for n in range(500_000)) + "/>",
    "attributes": "<a " + " ".join(f"a{n}='1'" for n in range(129)) + "/>",
    "endless text": f"<a>{'x' * 12_000_000}</a>",
    "endless name": f"<{'a' * 12_000_000}/>",
    "closes our root": "<a/></ipsecmig><b/>",
    "cut off": "<a><b>",
    "empty": "",
    "no XML": "netsh ipsec static add policy name=a",
    "character zero": "<a>&#0;</a>",
    "unknown prefix": "<q:a/>",
}  # fmt: skip


def whole(path: tuple[str, ...], _type: str) -> bool:
    return False


def inside_root(path: tuple[str, ...], _type: str) -> bool:
    return len(path) == 1


def parse(text: str | bytes, encoding: str | None = None) -> tuple[list[Node], list[Diagnostic]]:
    data = text.encode() if isinstance(text, str) else text
    said: list[Diagnostic] = []
    opened = open_text(Source("f.xml", data), ReadOptions(encoding=encoding))
    nodes = [piece.node for piece in pieces(opened, whole, said.append)]
    return nodes, [*opened.diagnostics, *said]


def refusal(text: str | bytes) -> Diagnostic:
    with pytest.raises(InputError) as raised:
        parse(text)
    (only,) = raised.value.diagnostics
    return only


@pytest.mark.parametrize("name", BOMBS)
def test_a_bomb_gives_one_error(name: str) -> None:
    assert refusal(BOMBS[name]).code.startswith("XM")


def test_the_bombs_stay_in_bounds() -> None:
    script = (
        "import resource, sys; sys.path.insert(0, sys.argv[1])\n"
        "resource.setrlimit(resource.RLIMIT_AS, (1 << 30, 1 << 30))\n"
        "resource.setrlimit(resource.RLIMIT_CPU, (30, 30))\n"
        "from dialects.test_xml_input import BOMBS, refusal\n"
        "assert all(refusal(text) for text in BOMBS.values())\n"
    )
    subprocess.run([sys.executable, "-c", script, "tests"], check=True)


@pytest.mark.parametrize(
    ("text", "code", "line", "column"),
    [
        ("<a>\n  <!DOCTYPE a>\n</a>", "XM001", 2, 4),
        (" <!-- a -->\n <!DOCTYPE a><a/>", "XM002", 2, 2),
        ("<a>\n ä</b>", "XM001", 2, 7),
        ("<a></b>", "XM001", 1, 8),
        ("<a>\n<b>\n<c></c>", "XM009", 1, 0),
        ("<a>\n" * 129, "XM004", 129, 0),
        ("<a>\n<b>" + "\n" * 70_000 + "<c/></d></a>", "XM001", 70_002, 9),
    ],
)
def test_a_mistake_has_its_place(text: str, code: str, line: int, column: int) -> None:
    said = refusal(text)
    assert (said.code, said.origin.file, said.origin.line, said.origin.column) == (code, "f.xml", line, column)


def test_bytes_that_are_no_text_have_their_line() -> None:
    said = refusal(b"<a>\n\n" + b"x" * 100_000 + b"\n\xff</a>")
    assert (said.code, said.origin.line) == ("XM007", 4)


DECLARED = '<?xml version="1.0" encoding="{}"?>\n<a>ä漢</a>'


@pytest.mark.parametrize(
    ("data", "codes"),
    [
        (DECLARED.format("utf-8").encode(), []),
        (DECLARED.format("utf-8").encode("utf-8-sig"), []),
        (DECLARED.format("utf-16").encode("utf-16"), []),
        (DECLARED.format("utf-16").encode("utf-16-le"), []),
        (b"\xfe\xff" + DECLARED.format("UTF-16BE").encode("utf-16-be"), []),
        ("<a>ä漢</a>".encode("utf-16-be"), []),
        ("<a>ä漢</a>".encode("utf-32"), []),
        (DECLARED.format("gb18030").encode("gb18030"), []),
        (DECLARED.format("utf-16").encode("utf-8"), ["XM008"]),
        (DECLARED.format("utf-8").encode("utf-16"), ["XM008"]),
        (DECLARED.format("punycode").encode(), ["XM008"]),
        (DECLARED.format("no-such").encode(), ["XM008"]),
        (DECLARED.format("zlib").encode(), ["XM008"]),
    ],
)
def test_the_encoding_is_found_and_a_contradiction_is_said(data: bytes, codes: list[str]) -> None:
    nodes, said = parse(data)
    assert ([node.text for node in nodes], [one.code for one in said]) == (["ä漢"], codes)


def test_a_code_page_is_read_as_declared_or_as_named() -> None:
    assert parse(b'<?xml version="1.0" encoding="windows-1252"?><a>\xe4</a>')[0][0].text == "ä"
    assert parse(b"<a>\x84</a>", "cp850")[0][0].text == "ä"
    with pytest.raises(UsageError, match="no text encoding"):
        parse("<a/>", "no-such")


def test_lines_stay_exact_in_a_long_file() -> None:
    text = "<r>\n" + "".join(f"<i\nn='{4 * n + 3}'>\n<a>{4 * n + 4}</a>\n</i>\n" for n in range(20_000)) + "</r>"
    text = text.replace("\n</i>", "</i>").replace("'>\n<a>", "'>\n<a>")
    opened = open_text(Source("f.xml", text.encode()), ReadOptions())
    items = [piece.node for piece in pieces(opened, inside_root, lambda _: None) if not piece.opened]
    lines = text.split("\n")
    assert len(items) == 20_000
    assert all(f"n='{item.attributes['n']}'" in lines[item.line - 1] for item in items)
    assert all(f"<a>{item.value('a')}<" in lines[item.children[0].line - 1] for item in items)


def test_two_roots_and_text_behind_them() -> None:
    nodes, said = parse("<a/>\n<b>x<c>y</c>z</b>\nC:\\>")
    assert [(node.name, node.text, node.value("c"), node.line) for node in nodes] == [
        ("a", "", "", 1),
        ("b", "xz", "y", 2),
    ]
    assert [one.code for one in said] == ["XM010"]


def test_containers_are_passed_through() -> None:
    opened = open_text(Source("f.xml", b"<r k='1'><s>t</s><u><v/></u>w</r>"), ReadOptions())
    found = list(pieces(opened, lambda path, _: path in {("r",), ("r", "u")}, lambda _: None))
    names = [(one.path, one.node.name, one.opened, one.node.text) for one in found]
    assert names == [
        ((), "r", True, ""),
        (("r",), "s", False, "t"),
        (("r",), "u", True, ""),
        (("r", "u"), "v", False, ""),
        ((), "r", False, "w"),
    ]


def test_a_type_is_resolved_whatever_its_prefix() -> None:
    xsi = 'xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"'
    nodes, _ = parse(f'<a {xsi} xmlns:q7="urn:b" xsi:type="q7:C"/><a {xsi} xsi:type="q8:C"/>')
    assert [node.type for node in nodes] == ["{urn:b}C", "C"]


def test_memory_is_that_of_one_piece() -> None:
    data = b"<r>" + b"<item><a>x</a></item>" * 20_000 + b"</r>"

    def read() -> Iterator[Piece]:
        return pieces(open_text(Source("f.xml", data), ReadOptions()), inside_root, lambda _: None)

    assert sum(1 for _ in read()) == 20_001
    tracemalloc.start()
    for _ in read():
        pass
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 2 << 20


def test_a_file_over_the_limit_is_not_parsed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ipsecmig.dialects.xml_input.text.SIZE_LIMIT", 10)
    assert refusal("<a></a>    ").code == "XM003"
    assert SIZE_LIMIT > 10


def test_one_element_holds_so_many_and_no_more(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ipsecmig.dialects.xml_input.stream.ELEMENT_LIMIT", 1000)
    assert len(parse(f"<r>{'<a/>' * 999}</r>")[0][0].children) == 999
    assert refusal(f"<r>{'<a/>' * 1000}</r>").code == "XM005"


def test_a_missing_library_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "lxml", None)
    with pytest.raises(UsageError, match=r"ipsecmig\[xml\]"):
        parse("<a/>")


@pytest.mark.parametrize(
    ("text", "root"),
    [
        ('<?xml version="1.0"?>\n<!-- a --><GPO xmlns="urn:a" b="c">', Root("GPO", "urn:a")),
        ("<q:Rsop b='c' xmlns:q='urn:a'>", Root("Rsop", "urn:a")),
        ("<wfpstate>", Root("wfpstate", "")),
        ("<!DOCTYPE a><wfpstate>", Root("wfpstate", "")),
        ("netsh ipsec static <a>", None),
        ("", None),
        ("<", None),
    ],
)
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le"])
def test_the_root_is_known_without_a_parser(text: str, root: Root | None, encoding: str) -> None:
    assert sniff(Source("f.xml", text.encode(encoding))) == root


def test_what_is_kept_holds_no_secret() -> None:
    nodes, _ = parse(
        '<a><SHKey>hunter2</SHKey><b n="PreSharedKey">hunter2</b><presharedKey><c>hunter2</c></presharedKey></a>'
    )
    kept = verbatim(nodes[0])
    assert "hunter2" not in kept
    assert kept.count(HIDDEN) == 3


@settings(max_examples=150, deadline=None)
@given(st.one_of(st.binary(max_size=60), st.text("<>/ab&;#'\"=! ?[]-x\n", max_size=60).map(str.encode)))
def test_any_bytes_are_parsed_or_refused(data: bytes) -> None:
    sniff(Source("f.xml", data))
    with contextlib.suppress(InputError):
        parse(data)


@pytest.mark.parametrize(
    "node",
    [
        Node("Setting", attributes={"name": "SHKey", "value": "Hunter2"}),
        Node("Setting", children=(Node("Name", text="PreSharedKey"), Node("Value", text="Hunter2"))),
        Node("presharedKey", children=(Node("data", attributes={"hex": "Hunter2"}),)),
    ],
)
def test_what_is_called_secret_beside_its_value_is_one(node: Node) -> None:
    assert "Hunter2" not in verbatim(node)
