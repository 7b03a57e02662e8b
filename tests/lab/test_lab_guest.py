"""The guest's own behaviour, and that of the tests in it: what goes wrong inside is seen outside."""

from __future__ import annotations

import os
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from lab import guest
from lab.guest.machine import Outcome, missing_guest, run_in_guest

pytestmark = pytest.mark.lab

SECONDS = 60.0
OFF = shlex.join((sys.executable, "-c", "import ctypes; ctypes.CDLL(None).reboot(0x4321FEDC)"))
TESTS = Path(guest.__file__).parents[2]


@pytest.fixture(autouse=True)
def _can_run() -> None:
    if missing_guest():
        pytest.skip(missing_guest())


def run_shell(text: str, folder: Path, seconds: float = SECONDS) -> Outcome:
    return run_in_guest(("sh", "-c", text), {"PATH": os.environ["PATH"], "GREETING": "good day"}, folder, seconds)


def test_output_and_status_come_back(tmp_path: Path) -> None:
    outcome = run_shell('echo "$GREETING"; echo and more >&2; exit 7', tmp_path)
    assert (outcome.status, outcome.output) == (7, "good day\nand more\n")


def test_only_the_folder_keeps_what_is_written(tmp_path: Path) -> None:
    kept, lost = tmp_path / "kept", tmp_path.with_name("lost")
    assert run_shell(f"echo a >{kept} && echo b >{lost} && test -s {lost}", tmp_path).status == 0
    assert (kept.read_text(), lost.exists()) == ("a\n", False)


def test_it_has_a_kernel_with_esp_and_ah(tmp_path: Path) -> None:
    add = "ip xfrm state add src 10.0.0.1 dst 10.0.0.2 proto"
    sha = "auth-trunc 'hmac(sha1)' 0x000102030405060708090a0b0c0d0e0f10111213 96"
    esp, ah = f"{add} esp spi 0x100 enc 'cbc(des)' 0x0123456789abcdef {sha}", f"{add} ah spi 0x200 {sha}"
    outcome = run_shell(f"{esp} && {ah} && ip xfrm state count", tmp_path)
    assert outcome.output.split() == ["SAD", "count", "2"]


@pytest.mark.parametrize("end", [f"exec {OFF}", "exec sleep 1000"], ids=["gone", "late"])
def test_a_guest_that_ends_before_its_command_or_never_has_no_status(tmp_path: Path, end: str) -> None:
    outcome = run_shell(f"echo begun; {end}", tmp_path, seconds=10.0)
    assert (outcome.status, outcome.output) == (None, "begun\n")


@pytest.mark.parametrize(
    ("body", "counted"),
    [
        ("pass", "1 passed"),
        ("assert 1 == 2", "1 failed"),
        ("pytest.skip('not here')", "1 skipped"),
        ("ctypes.CDLL(None).reboot(0x4321FEDC)", "1 failed"),
    ],
    ids=["passes", "fails", "skips", "takes-the-guest-with-it"],
)
def test_a_result_inside_is_the_result_outside(tmp_path: Path, body: str, counted: str) -> None:
    shutil.copy(TESTS / "lab" / "guest" / "conftest.py", tmp_path)
    (tmp_path / "test_it.py").write_text(f"import ctypes, pytest\n\ndef test_it():\n    {body}\n")
    command = (sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "-q", "test_it.py")
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join((str(TESTS), str(TESTS.parent)))}
    done = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, check=False)
    assert counted in done.stdout.splitlines()[-1], done.stdout
