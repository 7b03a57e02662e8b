"""What `convert` does with the verdict of the real readers on what the real emitters wrote."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from fake_parts import KEY, Outcome
from jsonschema import Draft202012Validator

from ipsecmig.cli.app import run
from ipsecmig.cli.guard import exit_code
from ipsecmig.emit.registry import TARGETS
from ipsecmig.model.targets import Emission, EmissionRequest, Target
from ipsecmig.resources import schema

SCRIPT = f"""\
pushd ipsec static
add policy name=Web activatedefaultrule=no
add filteraction name=Secure action=negotiate qmsecmethods="ESP[3DES,SHA1]:100000k/3600s"
add filter filterlist=Web srcaddr=any dstaddr=me protocol=tcp dstport=80 mirrored=yes
add rule name=Web policy=Web filterlist=Web filteraction=Secure kerberos=no psk="{KEY}"
set policy name=Web assign=yes
popd
"""

Real = Callable[..., Outcome]


@pytest.fixture
def real(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Real:
    """Return what runs the command line on a small script."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "policy.netsh").write_text(SCRIPT)

    def call(*arguments: str) -> Outcome:
        code = exit_code(lambda: run(["convert", "policy.netsh", "--me", "10.0.0.5", "--fail-on", "never", *arguments]))
        out, err = capsys.readouterr()
        return Outcome(code, out, err)

    return call


@pytest.mark.parametrize("names", ["nftables", "xfrm", "strongswan", "netsh", "reg", "nftables,strongswan,xfrm,netsh"])
def test_what_is_emitted_is_verified_and_written(real: Real, tmp_path: Path, names: str) -> None:
    result = real("--to", names, "-o", "out", "--format", "json")
    document = json.loads(result.out)
    Draft202012Validator(json.loads(schema("convert.schema.json").read_text())).validate(document)
    assert (result.code, document["verified"], document["written"]) == (0, "equal", True)
    assert KEY not in result.out + result.err
    spellings = (KEY.encode(), KEY.encode("utf-16-le").hex(",").encode("utf-16-le"))
    written = [path for path in (tmp_path / "out").rglob("*") if path.is_file()]
    holders = [path for path in written if any(one in path.read_bytes() for one in spellings)]
    assert [path.stat().st_mode & 0o777 for path in holders] == [0o600] * len(holders)


def test_every_file_says_what_it_is_for(real: Real) -> None:
    document = json.loads(real("--to", ",".join(target.name for target in TARGETS), "--format", "json").out)
    assert [file["path"] for file in document["files"] if not file["purpose"]] == []
    assert {file["target"] for file in document["files"]} == {target.name for target in TARGETS}
    assert len({file["path"] for file in document["files"]}) == len(document["files"])


@pytest.mark.parametrize("target", TARGETS, ids=lambda target: target.name)
def test_what_a_target_always_carries_is_never_lost(real: Real, target: Target) -> None:
    document = json.loads(real("--to", target.name, "--format", "json").out)
    lost = {loss["attribute"].rpartition(": ")[2] for loss in document["losses"]}
    assert target.exact
    assert not lost & {kind.value for kind in target.exact}


def forget_a_line(target: Target) -> Target:
    """Return `target` with a defect: it forgets the guard of what comes in."""

    def emit(request: EmissionRequest) -> Emission:
        emission = target.emit(request)
        first = emission.files[0]
        content = first.content.replace(b"drop", b"accept")
        assert content != first.content
        return replace(emission, files=(replace(first, content=content), *emission.files[1:]))

    return replace(target, emit=emit)


def test_files_that_leak_are_not_written_and_the_packet_is_shown(
    real: Real, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (nftables,) = [target for target in TARGETS if target.name == "nftables"]
    monkeypatch.setattr("ipsecmig.emit.registry.TARGETS", (forget_a_line(nftables),))
    result = real("--to", "nftables", "-o", "out")
    assert result.code == 3
    assert not (tmp_path / "out").exists()
    assert "Verified: different" in result.out
    assert "opens: in tcp " in result.out
    assert "> 10.0.0.5:80" in result.out
    document = json.loads(real("--to", "nftables", "-o", "out", "--format", "json").out)
    Draft202012Validator(json.loads(schema("convert.schema.json").read_text())).validate(document)
    assert document["verification"][0]["differences"][0]["opens"] is True


def test_encoding_that_does_not_exist(real: Real) -> None:
    result = real("--to", "nftables", "--encoding", "klingon")
    assert (result.code, "klingon" in result.err, result.out) == (2, True, "")


@pytest.mark.parametrize("line", [f"add rule psk={KEY} nonsense=1", f'add rule name="x psk="{KEY}', f"psk={KEY}"])
def test_key_on_a_line_with_a_mistake_never_shows(real: Real, tmp_path: Path, line: str) -> None:
    (tmp_path / "policy.netsh").write_text(SCRIPT.replace("popd", f"{line}\npopd"))
    for format_ in ("text", "json"):
        result = real("--to", "nftables,strongswan", "--format", format_)
        assert result.code in {2, 3}
        assert KEY not in result.out + result.err
