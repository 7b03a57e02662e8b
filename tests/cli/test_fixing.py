"""`ipsecmig lint --fix` and `--unsafe-fixes`: what is repaired, shown and written."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from fake_parts import Outcome

from ipsecmig.cli.app import run
from ipsecmig.cli.exits import Exit
from ipsecmig.cli.guard import exit_code
from ipsecmig.cli.linting import fixing
from ipsecmig.cli.verification import Verdict, Verification
from ipsecmig.dialects.base import ReadOptions, Source
from ipsecmig.dialects.registry import read
from ipsecmig.model.conflicts import treat_alike
from ipsecmig.model.flatten import FlatPolicy, flatten, select_policy
from ipsecmig.model.policy import PolicyStore

Lint = Callable[..., Outcome]

HALVES = """ipsec static
add filterlist name=l
add filter filterlist=l srcaddr=me dstaddr=10.0.0.9 protocol=tcp dstport=80 mirrored=no
add filter filterlist=l srcaddr=10.0.0.9 dstaddr=me protocol=tcp srcport=80 mirrored=no
add filteraction name=permit action=permit
add policy name=p activatedefaultrule=no
add rule name=r policy=p filterlist=l filteraction=permit
"""
"""Two filters that are one mirrored one: X44, whose repair changes nothing."""

ONE_WAY = HALVES.replace(" action=permit", " action=negotiate").replace(
    "add filter filterlist=l srcaddr=10.0.0.9 dstaddr=me protocol=tcp srcport=80 mirrored=no\n", ""
)
"""A filter that secures one way: X43, whose repair changes what replies meet."""

COMMENT = "rem ipsecmig: ignore=X44 the two are kept apart on purpose"

KEYED = HALVES.replace("filteraction=permit", 'filteraction=permit psk="correct horse"')

GENERATED = """ipsec static
add policy name=p assign=yes activatedefaultrule=no
add filterlist name=l
add filterlist name=l
add filter filterlist=l srcaddr=me dstaddr=10.0.0.9
add filteraction name=block action=block
add rule name=r policy=p filterlist=l filteraction=block
add rule name=s policy=other filterlist=l filteraction=block
"""
"""What the reader reports: a list defined twice, a policy that is nowhere defined, and one assigned before its time."""


@pytest.fixture
def lint(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Lint:
    """Return what lints a script in a folder of its own, and gives exit code and output."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("NO_COLOR", "1")

    def call(script: str, *arguments: str) -> Outcome:
        Path("policy.netsh").write_text(script)
        code = exit_code(lambda: run(("lint", "policy.netsh", *arguments)))
        out, err = capsys.readouterr()
        return Outcome(code, out, err)

    return call


def store_of(content: bytes) -> PolicyStore:
    return read(Source("p.netsh", content), ReadOptions(assumptions=frozenset({"errors"})), "netsh-static").store


def flat_of(content: bytes) -> FlatPolicy:
    store = store_of(content)
    return flatten(store, select_policy(store))


def test_a_safe_repair_is_shown_as_a_change_of_the_script_and_nothing_is_written(lint: Lint, tmp_path: Path) -> None:
    result = lint(HALVES, "--select", "X44", "--fix", "--fail-on", "never")
    assert result.code == Exit.DONE
    assert "X44 filter-written-twice: repaired; every packet meets the same as before\n" in result.out
    changed = [text.strip() for text in result.out.splitlines() if text.startswith(("    -", "    +"))]
    assert [text[:1] for text in changed] == ["-", "+", "-", "-", "+"]
    assert "mirrored=yes" in changed[-1]
    assert [path.name for path in tmp_path.iterdir()] == ["policy.netsh"]


def test_the_written_script_is_repaired_and_treats_packets_as_the_source_does(lint: Lint) -> None:
    result = lint(HALVES, "--select", "X44", "--fix", "-o", "new.netsh", "--fail-on", "never")
    assert result.code == Exit.DONE
    assert "new.netsh is written" in result.err
    written = Path("new.netsh").read_bytes()
    assert treat_alike(flat_of(HALVES.encode()), flat_of(written))
    assert "nothing found" in lint(written.decode(), "--select", "X44").out


def test_a_repair_that_changes_packets_is_made_only_when_that_is_asked_for(lint: Lint) -> None:
    arguments = ("--select", "X43", "-o", "new.netsh", "--fail-on", "never")
    safe = lint(ONE_WAY, "--fix", *arguments)
    assert "X43 missing-mirror: not repaired" in safe.out
    assert treat_alike(flat_of(ONE_WAY.encode()), flat_of(Path("new.netsh").read_bytes()))
    unsafe = lint(ONE_WAY, "--unsafe-fixes", "--force", *arguments)
    assert ": permit -> protect\n" in unsafe.out
    assert "all of in tcp 10.0.0.9:80 > any\n" in unsafe.out
    assert store_of(Path("new.netsh").read_bytes()).filter_lists[0].filters[0].mirrored


def test_what_the_reader_reports_is_repaired_by_writing_the_script_anew(lint: Lint) -> None:
    result = lint(GENERATED, "--fix", "--select", "NS", "-o", "new.netsh", "--fail-on", "never")
    told = [text.split(": ", 1)[1] for text in result.out.splitlines() if text.startswith("the script is written anew")]
    assert told == [
        "1 command that netsh refuses is left out",
        "what is defined twice is defined once",
        "the policy is assigned last, when everything stands",
    ]
    written = Path("new.netsh").read_bytes()
    assert treat_alike(flat_of(GENERATED.encode()), flat_of(written))
    assert "nothing found" in lint(written.decode(), "--select", "NS").out


def test_no_key_is_shown_and_the_file_that_holds_it_is_nobody_elses(lint: Lint) -> None:
    result = lint(KEYED, "--select", "X44", "--fix", "-o", "new.netsh", "--format", "text")
    assert "correct horse" not in result.out + result.err
    assert "correct horse" in Path("new.netsh").read_text()
    assert Path("new.netsh").stat().st_mode & 0o777 == 0o600


def test_a_file_that_is_there_is_replaced_only_by_force(lint: Lint) -> None:
    Path("new.netsh").write_text("mine")
    arguments = ("--select", "X44", "--fix", "-o", "new.netsh", "--fail-on", "never")
    refused = lint(HALVES, *arguments)
    assert (refused.code, Path("new.netsh").read_text()) == (Exit.BAD_INPUT, "mine")
    assert lint(HALVES, *arguments, "--force").code == Exit.DONE
    assert Path("new.netsh").read_text() != "mine"


def test_a_suppressed_finding_keeps_its_rule_from_repairing(lint: Lint) -> None:
    halves = HALVES.replace("add filter filterlist=l srcaddr=me", f"{COMMENT}\nadd filter filterlist=l srcaddr=me")
    dead = "add filterlist name=dead\nadd filterlist name=kept\n"
    result = lint(halves + dead, "--fix", "--fail-on", "never", "--select", "X44,X33")
    assert "X44 filter-written-twice: not repaired: a finding of it is suppressed" in result.out
    assert 'gone: filter list "dead", filter list "kept"' in result.out


def test_what_is_not_understood_is_neither_repaired_nor_lost(lint: Lint) -> None:
    named = HALVES.replace(
        "add filteraction", "add filter filterlist=l srcaddr=me dstaddr=db.example.com\nadd filteraction"
    )
    result = lint(named, "--fix", "--select", "X44", "-o", "new.netsh")
    assert "X44 filter-written-twice: not repaired: the policy was not understood whole" in result.out
    assert result.code == Exit.BAD_INPUT
    assert "what was not understood would be missing" in result.err
    assert not Path("new.netsh").exists()


def test_a_script_that_is_not_proved_is_not_written(lint: Lint, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fixing, "verify", lambda flat, emissions: Verification(Verdict.DIFFERENT))
    result = lint(HALVES, "--select", "X44", "--fix", "-o", "new.netsh")
    assert result.code == Exit.BAD_INPUT
    assert "read back, the script is different" in result.err
    assert not Path("new.netsh").exists()


@pytest.mark.parametrize(
    ("script", "arguments", "said"),
    [
        (HALVES + "add policy name=q\n", ("--fix", "-o", "new.netsh"), "choose with --policy"),
    ],
)
def test_usage(lint: Lint, script: str, arguments: tuple[str, ...], said: str) -> None:
    result = lint(script, *arguments)
    assert result.code == Exit.BAD_INPUT
    assert said in result.err
    assert not Path("new.netsh").exists()


def test_beside_json_the_repairs_are_told_on_standard_error(lint: Lint) -> None:
    result = lint(HALVES, "--select", "X44", "--fix", "--format", "json")
    assert result.out.startswith("{")
    assert "X44 filter-written-twice: repaired" in result.err
