"""`verify --negotiate`: text, JSON under schema, exit codes, and what is said without the extra."""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from ground_truth import SAMPLES
from jsonschema import Draft202012Validator

from ipsecmig import crypto
from ipsecmig.cli.app import run
from ipsecmig.cli.guard import exit_code
from ipsecmig.resources import schema

KEY = "N0t-A-Real-Key"
TUNNEL = str(SAMPLES / "recommended" / "site-to-site-vendor-gateway")
KERBEROS = str(SAMPLES / "recommended" / "secure-server")

Verify = Callable[..., tuple[int, str, str]]


@pytest.fixture
def verify(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Verify:
    """Convert a sample, change the files, and verify them with --negotiate; no key may be printed."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("NO_COLOR", "1")

    def call(sample: str, targets: str, *arguments: str, change: tuple[str, str] = ("", "")) -> tuple[int, str, str]:
        named = (f"{sample}.cmd", "--site", f"{sample}.site.yaml")
        exit_code(lambda: run(("convert", *named, "--to", targets, "--fail-on", "never", "-o", "out")))
        for file in Path("out").glob("*.swanctl.conf"):
            file.write_text(re.sub(change[0], change[1], file.read_text()) if change[0] else file.read_text())
        capsys.readouterr()
        code = exit_code(lambda: run(("verify", *named, "--against", "out", "--negotiate", *arguments)))
        out, err = capsys.readouterr()
        assert KEY not in out + err
        return code, out, err

    return call


def _negotiation(text: str) -> dict[str, object]:
    document = json.loads(text)
    Draft202012Validator(json.loads(schema("compare.schema.json").read_text())).validate(document)
    (one,) = document["negotiations"]
    assert isinstance(one, dict)
    return one


def test_agreed_suites_are_printed_for_each_region(verify: Verify) -> None:
    code, out, _ = verify(TUNNEL, "strongswan,nftables")
    assert code == 0
    assert "1 agreed" in out
    assert "main mode:  3des-sha1-modp2048, preshared key, 28,800 s" in out
    assert "quick mode: esp 3des-sha1, PFS modp2048, tunnel, any 10.60.0.0/16 - 10.61.0.0/24" in out
    assert "packets passed both ways, whoever began" in out


def test_json_says_what_was_agreed(verify: Verify) -> None:
    code, out, _ = verify(TUNNEL, "strongswan", "--format", "json")
    one = _negotiation(out)
    assert (code, one["outcome"], one["mismatches"]) == (0, "agreed", [])
    agreements = one["agreements"]
    assert isinstance(agreements, list)
    assert [agreement["begun_by"] for agreement in agreements] == ["policy", "target"]
    assert agreements[0]["main_mode"]["group"] == "modp2048"


def test_mismatch_exits_with_1_and_names_the_change(verify: Verify) -> None:
    change = (r"(?m)^( +proposals = ).*", r"\g<1>3des-sha1-modp1024")
    code, out, _ = verify(TUNNEL, "strongswan", change=change)
    assert code == 1
    assert "main mode: no common group" in out
    assert "policy: 3des-sha1-modp2048\n          target: 3des-sha1-modp1024\n" in out
    assert "smallest change: in the target 3des-sha1-modp2048 for 3des-sha1-modp1024 (group)" in out


def test_mismatch_in_json(verify: Verify) -> None:
    code, out, _ = verify(TUNNEL, "strongswan", "--format", "json", change=("auth = psk", "auth = pubkey"))
    one = _negotiation(out)
    assert (code, one["outcome"]) == (1, "failed")


@pytest.mark.parametrize("target", ["xfrm", "nftables"])
def test_target_without_keys_exits_with_3(verify: Verify, target: str) -> None:
    code, out, _ = verify(TUNNEL, target)
    assert code == 3
    assert "1 undecided" in out
    code, out, _ = verify(TUNNEL, target, "--format", "json")
    assert (code, _negotiation(out)["outcome"]) == (3, "undecided")


def test_kerberos_is_never_called_agreed(verify: Verify) -> None:
    code, out, _ = verify(KERBEROS, "netsh")
    assert code == 3
    assert "Kerberos, replaced by a preshared key for this run" in out


def test_policy_without_protection_has_nothing_to_negotiate(verify: Verify) -> None:
    code, out, _ = verify(str(SAMPLES / "everyday" / "management-range"), "strongswan")
    assert code == 0
    assert "nothing to negotiate" in out


def test_what_no_run_shows_is_said(verify: Verify, tmp_path: Path) -> None:
    script = Path(f"{TUNNEL}.cmd").read_text().replace("add policy ", "add policy mmpfs=yes ")
    (tmp_path / "mmpfs.cmd").write_text(script)
    (tmp_path / "mmpfs.site.yaml").write_text(Path(f"{TUNNEL}.site.yaml").read_text())
    code, out, _ = verify("mmpfs", "strongswan")
    assert code == 0
    assert "not exercised: a new main mode for every quick mode (mmpfs=yes)" in out
    _, out, _ = verify("mmpfs", "strongswan", "--format", "json")
    unexercised = _negotiation(out)["unexercised"]
    assert isinstance(unexercised, list)
    assert len(unexercised) == 1


def test_default_response_alone_exits_with_3(verify: Verify, tmp_path: Path) -> None:
    script = (
        'netsh ipsec static add policy name="P" mmsecmethods="3DES-SHA1-2" activatedefaultrule=yes\n'
        f'netsh ipsec static set defaultrule policy="P" qmsecmethods="ESP[3DES,SHA1]" activate=yes psk="{KEY}"\n'
    )
    (tmp_path / "answers.cmd").write_text(script)
    (tmp_path / "answers.site.yaml").write_text("addresses: [192.0.2.5]\n")
    code, out, _ = verify("answers", "strongswan")
    assert code == 3
    assert "  undecided: default response rule\n" in out
    assert "packets that one would protect are not compared" in out
    code, out, _ = verify("answers", "strongswan", "--format", "json")
    regions = _negotiation(out)["regions"]
    assert isinstance(regions, list)
    assert [(r["rule"], r["filter_list"], r["location"]["line"]) for r in regions] == [
        ("default response rule", None, 2)
    ]


def test_without_the_extra_one_sentence_says_what_to_install(verify: Verify, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "cryptography.hazmat.decrepit.ciphers.algorithms", None)
    crypto._cbc_of.cache_clear()  # what an earlier test imported
    code, out, err = verify(TUNNEL, "strongswan")
    assert (code, out) == (2, "")
    assert err == 'error: this needs the "engine" extra: pip install "ipsecmig[engine]"\n'
