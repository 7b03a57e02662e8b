"""`verify`, `trace` and `diff` on real samples: results, exit codes and JSON under schema."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from ground_truth import SAMPLES
from jsonschema import Draft202012Validator

from ipsecmig.cli.app import run
from ipsecmig.cli.guard import exit_code
from ipsecmig.resources import schema

LEAK = str(SAMPLES / "traps" / "leak.cmd")
BY_HAND = str(SAMPLES / "handmade" / "leak.swanctl.conf")
KEY = "N0t-A-Real-Key"

Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def call(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Run:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("NO_COLOR", "1")

    def call(*arguments: str) -> tuple[int, str, str]:
        code = exit_code(lambda: run(arguments))
        out, err = capsys.readouterr()
        assert KEY not in out + err
        return code, out, err

    return call


def _document(name: str, text: str) -> dict[str, object]:
    document: dict[str, object] = json.loads(text)
    Draft202012Validator(json.loads(schema(name).read_text())).validate(document)
    return document


def test_verify_names_the_leaking_packet_and_both_lines(call: Run) -> None:
    code, out, _ = call("verify", LEAK, "--against", BY_HAND)
    assert code == 1
    first = out.split("  opens:")[1]
    assert "> 10.2.0.1" in first
    assert "leak.cmd:11" in first
    assert "leak.swanctl.conf:31" in first
    assert "passes in clear" in first


def test_verify_says_equal_of_what_convert_wrote(call: Run, tmp_path: Path) -> None:
    assert call("convert", LEAK, "--to", "nftables,strongswan", "-o", str(tmp_path / "out"))[0] == 0
    code, out, _ = call("verify", LEAK, "--against", str(tmp_path / "out"), "--format", "json")
    document = _document("compare.schema.json", out)
    assert (code, document["result"], document["differences"]) == (0, "equal", [])
    assert document["assumptions"]


def test_verify_json(call: Run) -> None:
    code, out, _ = call("verify", LEAK, "--against", BY_HAND, "--format", "json")
    document = _document("compare.schema.json", out)
    assert (code, document["result"]) == (1, "different")


@pytest.mark.parametrize(
    ("content", "code", "said"),
    [
        ("table inet f { chain c { type filter hook input priority 0; tcp option maxseg size 5 drop; } }", 3, "maxseg"),
        ("frobnicate the gateway\n", 2, "not a configuration that can be compared"),
    ],
)
def test_verify_never_says_equal_of_what_it_cannot_read(
    call: Run, tmp_path: Path, content: str, code: int, said: str
) -> None:
    (tmp_path / "target").write_text(content)
    found, out, err = call("verify", LEAK, "--against", "target")
    assert found == code
    assert said in out + err
    assert "equal" not in out


def test_verify_of_a_missing_file(call: Run) -> None:
    code, _, err = call("verify", LEAK, "--against", "nowhere.nft")
    assert code == 2
    assert "nowhere.nft" in err


@pytest.mark.parametrize(
    ("packet", "treatment", "decided_by"),
    [
        ("out tcp 192.0.2.50:1042 > 10.1.1.1:80", "protect", "filter"),
        ("out tcp 192.0.2.50:1042 > 10.1.1.2:80", "permit", "filter"),
        ("in udp 10.2.3.4:53 > 192.0.2.50:1042", "block", "filter"),
        ("out tcp 192.0.2.50:1042 > 11.0.0.0:80", "permit", "default"),
        ("out udp 192.0.2.50:500 > 10.2.3.4:500", "permit", "exemption"),
    ],
)
def test_trace(call: Run, packet: str, treatment: str, decided_by: str) -> None:
    code, out, _ = call("trace", LEAK, packet, "--format", "json")
    document = _document("trace.schema.json", out)
    assert (code, document["treatment"], document["decided_by"]) == (0, treatment, decided_by)
    assert (document["filter"] is not None) == (decided_by == "filter")
    code, out, _ = call("trace", LEAK, packet)
    assert code == 0
    assert treatment in out
    assert len(out.splitlines()) < 10


def test_trace_says_what_is_beaten_and_why(call: Run) -> None:
    _, out, _ = call("trace", LEAK, "out tcp 192.0.2.50:1042 > 10.1.1.1:80")
    assert 'it beats filter list "Wide" of rule "Permit"' in out
    assert "a host beats a subnet (/8)" in out


def test_trace_of_a_conflict(call: Run) -> None:
    conflict = SAMPLES / "traps" / "conflict.netsh"
    rows = conflict.with_suffix(".packets.tsv").read_text().splitlines()
    packet = next(row.split("\t")[0] for row in rows if row.split("\t")[1] == "conflict")
    site = str(conflict.with_suffix(".site.yaml"))
    code, out, _ = call("trace", str(conflict), packet, "--site", site, "--format", "json")
    document = _document("trace.schema.json", out)
    assert (code, document["treatment"], document["filter"]) == (0, "conflict", None)
    candidates = document["candidates"]
    assert isinstance(candidates, list)
    assert len(candidates) > 1


@pytest.mark.parametrize("packet", ["out tcp 10.0.0.5 > 10.1.0.9:445", "sideways tcp 1.2.3.4:1 > 1.2.3.5:2", ""])
def test_trace_of_what_is_no_packet(call: Run, packet: str) -> None:
    code, out, err = call("trace", LEAK, packet)
    assert (code, out) == (2, "")
    assert "expected" in err


def test_trace_under_run_time_conditions_is_undecided(call: Run) -> None:
    assert call("trace", str(SAMPLES / "traps" / "run-time.cmd"), "out icmp 192.0.2.1 > 10.0.0.1")[0] == 3


def test_diff(call: Run, tmp_path: Path) -> None:
    assert call("diff", LEAK, LEAK)[0] == 0
    changed = Path(LEAK).read_text().replace("dstaddr=10.2.0.0", "dstaddr=10.3.0.0")
    (tmp_path / "changed.cmd").write_text(changed)
    code, out, _ = call("diff", LEAK, "changed.cmd", "--format", "json")
    document = _document("compare.schema.json", out)
    assert (code, document["result"]) == (1, "different")
    differences = document["differences"]
    assert isinstance(differences, list)
    assert {("10.2." in d["box"], d["opens"]) for d in differences} == {(True, True), (False, False)}


def test_a_directory_says_no_exemptions_and_hosts_keep_theirs(call: Run, tmp_path: Path) -> None:
    stated = str(SAMPLES / "special-considerations" / "wireless-802-11.cmd")
    out = tmp_path / "out"
    assert call("convert", stated, "--to", "ldif,reg", "-o", str(out), "--fail-on", "never")[0] == 0
    assert call("diff", stated, str(out / "ipsecmig.ldf"))[0] == 0
    assert call("diff", str(out / "ipsecmig.reg"), str(out / "ipsecmig.ldf"))[0] == 0
    assert call("diff", stated, str(out / "ipsecmig.ldf"), "--windows", "2000")[0] == 0
