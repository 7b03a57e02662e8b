"""`ipsecmig lint`, `explain` and `rules`: what is found, shown, and answered with which exit code."""

from __future__ import annotations

import json
from io import BytesIO, TextIOWrapper
from pathlib import Path

import pytest
from fake_parts import Cli
from jsonschema import Draft202012Validator

from cli.lint_files import POLICY, S20, document
from ipsecmig.cli.exits import Exit
from ipsecmig.resources import schema

REFUSED = POLICY + "add rule name=more policy=Member filterlist=nowhere filteraction=secure kerberos=yes\n"


def test_text_has_place_object_packet_and_what_it_meets(lint: Cli) -> None:
    result = lint(*S20)
    assert result.code == Exit.FINDINGS
    assert result.out == (
        "policy.netsh:4:1: S20 error: traffic with the domain controller DC1 is secured\n"
        '    policy "Member"\n'
        "    packet: out tcp 192.0.2.10:49152 > 10.0.0.10:80 meets protect\n"
        "\n"
        '1 error in policy "Member"\n'
        "`ipsecmig explain CODE` says why, and what to do instead (S20)\n"
    )


def test_json_has_the_keys_of_the_contract(lint: Cli) -> None:
    result = lint(*S20, "--format", "json")
    [finding] = document(result)["findings"]
    assert result.code == Exit.FINDINGS
    assert {key: finding[key] for key in ("code", "severity", "object", "location", "witness")} == {
        "code": "S20",
        "severity": "error",
        "object": 'policy "Member"',
        "location": {"file": "policy.netsh", "line": 4, "column": 1},
        "witness": "out tcp 192.0.2.10:49152 > 10.0.0.10:80",
    }


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        ((), 1),
        (("--fail-on", "error"), 1),
        (("--fail-on", "never"), 0),
        (("--ignore", "S20"), 0),
        (("--ignore", "secured-domain-controllers"), 0),
        (("--ignore", "scenario"), 0),
    ],
)
def test_options_that_change_the_exit_code(lint: Cli, arguments: tuple[str, ...], code: int) -> None:
    assert lint(*S20, *arguments).code == code


@pytest.mark.parametrize(
    ("level", "least", "code"),
    [
        ("error", "info", 0),
        ("warning", "info", 1),
        ("info", "info", 1),
        ("never", "info", 0),
        ("info", "warning", 1),
        ("info", "error", 0),
    ],
)
def test_threshold_is_inclusive(lint: Cli, level: str, least: str, code: int) -> None:
    Path("odd.netsh").write_text(POLICY + "add filterlist name=dc\n")
    result = lint("lint", "odd.netsh", "--select", "NS050", "--fail-on", level, "--severity", least)
    assert (result.code, "NS050 warning" in result.out) == (code, least != "error")


def test_what_netsh_refuses_is_a_finding_and_the_rest_is_inspected(lint: Cli) -> None:
    Path("refused.netsh").write_text(REFUSED)
    result = lint("lint", "refused.netsh", "--site", "site.yaml", "--select", "S20,NS05", "--format", "json")
    found = document(result)
    assert result.code == Exit.FINDINGS
    assert [(one["code"], one["severity"], one["location"]["line"]) for one in found["findings"]] == [
        ("S20", "error", 4),
        ("NS053", "error", 6),
    ]
    assert "goes on" in found["remarks"][0]


def test_what_stays_unreadable_is_2(lint: Cli) -> None:
    Path("page.html").write_text("<html><body>netsh ipsec static add policy name=x</body></html>")
    result = lint("lint", "page.html", "--from", "netsh-static")
    assert (result.code, result.out) == (Exit.BAD_INPUT, "")
    assert "IN010 error" in result.err


def test_what_is_not_understood_is_3_and_findings_are_shown(lint: Cli) -> None:
    Path("some.cmd").write_text(
        "\n".join(f"netsh {line}" if not line.startswith("ipsec") else "" for line in POLICY.split("\n")).replace(
            "netsh add", "netsh ipsec static add"
        )
        + "\nnetsh ipsec static importpolicy file=other.ipsec\n"
    )
    result = lint("lint", "some.cmd", "--site", "site.yaml", "--select", "S20", "--format", "json")
    found = document(result)
    assert result.code == Exit.UNDECIDED
    assert [one["code"] for one in found["findings"]] == ["S20"]
    assert found["undecided"][0]["location"]["file"] == "some.cmd"
    assert "undecided" in lint("lint", "some.cmd").out


def test_without_a_policy_nothing_is_claimed(lint: Cli) -> None:
    Path("lists.netsh").write_text("ipsec static\nadd filterlist name=empty\n")
    result = lint("lint", "lists.netsh")
    assert result.code == Exit.UNDECIDED
    assert "no policy is defined" in result.out


TWO = POLICY + "add policy name=Other assign=no\n"


@pytest.mark.parametrize(
    ("script", "arguments", "inspected", "said"),
    [
        (TWO, (), ["Member"], 'inspected: "Member"; not inspected: "Other" (--all-policies inspects each)'),
        (TWO, ("--policy", "other"), ["Other"], 'not inspected: "Member"'),
        (TWO, ("--all-policies",), ["Member", "Other"], "inspected each of 2 policies"),
        (TWO.replace("assign=yes", "assign=no"), (), ["Member", "Other"], "inspected each of 2 policies"),
        (POLICY, (), ["Member"], ""),
    ],
)
def test_which_policies_are_inspected(
    lint: Cli, script: str, arguments: tuple[str, ...], inspected: list[str], said: str
) -> None:
    Path("two.netsh").write_text(script)
    result = lint("lint", "two.netsh", *arguments, "--format", "json", "--fail-on", "never")
    assert (result.code, document(result)["policies"]) == (Exit.DONE, inspected)
    assert said in result.err


def test_files_of_different_hosts_are_inspected_each_on_its_own(lint: Cli) -> None:
    Path("other.netsh").write_text(POLICY.replace("3DES", "DES"))
    both = ("policy.netsh", "other.netsh", "--site", "site.yaml", "--select", "S20", "--format", "json")
    assert lint("lint", *both).code == Exit.BAD_INPUT
    result = lint("lint", *both, "--each")
    findings = document(result)["findings"]
    assert [one["location"]["file"] for one in findings] == ["other.netsh", "policy.netsh"]
    assert len({one["fingerprint"] for one in findings}) == 2


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--select", "S2O"), 'there is no rule "S2O"; close to it: S20'),
        (("--ignore", ""), "there is no rule"),
        (("--fail-on", "open"), "open"),
        (("--severity", "never"), "never"),
        (("--format", "xml"), "xml"),
        (("--policy", "Nobody"), '"Member"'),
        (("--peer", "policy.netsh", "--peer-policy", "Nobody"), "--peer: there is no policy"),
        (("--to", "iptables"), "--to: there is no target"),
        (("--peer", "absent.netsh"), "absent.netsh: IN001 error"),
    ],
)
def test_usage_error_is_2_and_says_what_would_be_right(lint: Cli, arguments: tuple[str, ...], said: str) -> None:
    result = lint("lint", "policy.netsh", *arguments)
    assert (result.code, result.out) == (Exit.BAD_INPUT, "")
    assert said in result.err


def test_fingerprints_do_not_depend_on_lines(lint: Cli) -> None:
    Path("moved.netsh").write_text(POLICY.replace("\n", "\n\n"))
    before, after = (
        document(lint("lint", name, "--site", "site.yaml", "--select", "S20", "--format", "json"))["findings"][0]
        for name in ("policy.netsh", "moved.netsh")
    )
    assert before["fingerprint"] == after["fingerprint"]
    assert before["location"] != after["location"]


def test_many_findings_stay_readable(lint: Cli) -> None:
    Path("many.netsh").write_text(POLICY + "add filterlist name=dc\n" * 500)
    told = lint("lint", "many.netsh", "--select", "NS050").out.splitlines()
    brief = lint("lint", "many.netsh", "--select", "NS050", "--quiet").out.splitlines()
    assert sum("NS050 warning" in line for line in told) == 500
    assert len(told) < 540
    assert len(brief) < 10
    assert any(line.startswith("NS050") and " 500 " in line for line in brief)


@pytest.mark.parametrize("word", ["S20", "s20", "secured-domain-controllers", "NS053"])
def test_explain(lint: Cli, word: str) -> None:
    result = lint("explain", word)
    assert result.code == Exit.DONE
    assert "Instead" in result.out


def test_explain_of_an_unknown_code_names_those_close_to_it(lint: Cli) -> None:
    result = lint("explain", "secured-domain-controler")
    assert result.code == Exit.BAD_INPUT
    assert "close to it: secured-domain-controllers" in result.err


def test_rules_as_json_fit_their_schema(lint: Cli) -> None:
    found = json.loads(lint("rules", "--format", "json").out)
    Draft202012Validator(json.loads(schema("rules.schema.json").read_text())).validate(found)
    codes = [rule["code"] for rule in found["rules"]]
    assert {"S20", "NS001", "NS091", "IN004", "BA001"} <= set(codes)
    assert len(codes) == len(set(codes))
    assert all(code in lint("rules").out for code in codes)


def test_every_file_of_a_folder_is_inspected_on_its_own(lint: Cli) -> None:
    folder = Path("policies")
    folder.mkdir()
    (folder / "one.netsh").write_text(POLICY)
    (folder / "two.netsh").write_text(POLICY.replace("3DES", "DES"))
    (folder / "notes.txt").write_text("dear diary")
    command = ("lint", "policies", "--each", "--site", "site.yaml", "--select", "S20", "--format", "json")
    result = lint(*command)
    assert [one["location"]["file"] for one in document(result)["findings"]] == [
        "policies/one.netsh",
        "policies/two.netsh",
    ]
    assert "policies/notes.txt: CLI003 warning" in result.err
    for name in ("one.netsh", "two.netsh"):
        (folder / name).unlink()
    assert lint(*command).code == Exit.BAD_INPUT


KEY = "correct-horse-battery-staple"


@pytest.mark.parametrize("form", ["text", "json", "sarif", "junit", "github"])
def test_no_report_has_a_preshared_key(lint: Cli, form: str) -> None:
    rule = f'add rule name=key policy=Member filterlist=dc filteraction=secure psk="{KEY}"\n'
    Path("keyed.netsh").write_text(
        POLICY + rule + rule.replace("filterlist=dc", "filterlist=nowhere") + f"frob psk={KEY}\n"
    )
    command = ("lint", "keyed.netsh", "--site", "site.yaml", "--format", form)
    result = lint(*command)
    lint(*command, "--write-baseline", "baseline.json")
    assert "S20" in result.out
    assert KEY not in result.out + result.err + Path("baseline.json").read_text()


def test_standard_input(lint: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdin", TextIOWrapper(BytesIO(REFUSED.encode())))
    result = lint("lint", "-", "--site", "site.yaml", "--select", "S20,NS053", "--format", "sarif")
    found = json.loads(result.out)["runs"][0]["results"]
    assert [one["ruleId"] for one in found] == ["S20", "NS053"]
    assert all("physicalLocation" not in place for one in found for place in one["locations"])
