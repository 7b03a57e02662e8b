"""The wheel holds everything that ipsecmig needs: built, installed elsewhere, and put to work there."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import venv
import zipfile
from pathlib import Path

import pytest

pytestmark = pytest.mark.slow

CHECKOUT = Path(__file__).resolve().parents[1]

SCRIPT = """pushd ipsec static
add filterlist name="Web"
add filter filterlist="Web" srcaddr=any dstaddr=me protocol=TCP dstport=443
add filter filterlist="All" srcaddr=any dstaddr=me
add filteraction name="Permit" action=permit
add filteraction name="Block" action=block
add policy name="Perimeter"
add rule name="Allow" policy="Perimeter" filterlist="Web" filteraction="Permit"
add rule name="Rest" policy="Perimeter" filterlist="All" filteraction="Block"
set policy name="Perimeter" assign=yes
popd
"""


def _run(*command: str | Path, cwd: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    kept = {key: value for key, value in os.environ.items() if key not in {"PYTHONPATH", "PYTHONHOME"}}
    return subprocess.run(
        [str(part) for part in command],
        cwd=cwd,
        env={**kept, **environment},
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Build the wheel from the checkout without a network."""
    out = tmp_path_factory.mktemp("dist")
    build = (sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", out, CHECKOUT)
    done = _run(*build, cwd=out)
    assert done.returncode == 0, done.stdout + done.stderr
    (built,) = out.glob("*.whl")
    return built


@pytest.fixture(scope="module")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the `ipsecmig` command of an environment that holds the wheel and nothing else."""
    home = tmp_path_factory.mktemp("elsewhere") / "venv"
    venv.create(home, with_pip=False)
    pip = (sys.executable, "-m", "pip", "--python", home, "install", "--no-deps", "--no-index", "--quiet", wheel)
    done = _run(*pip, cwd=home)
    assert done.returncode == 0, done.stdout + done.stderr
    return home / "bin" / "ipsecmig"


@pytest.fixture(scope="module")
def libraries(tmp_path_factory: pytest.TempPathFactory) -> str:
    """Return a folder that leads to the libraries installed here, without ipsecmig itself."""
    folder = tmp_path_factory.mktemp("libraries")
    for path in map(Path, sys.path):
        if path.name == "site-packages" and path.is_dir():
            for entry in path.iterdir():
                if (
                    "ipsecmig" not in entry.name.lower()
                    and entry.suffix != ".pth"
                    and not (folder / entry.name).exists()
                ):
                    (folder / entry.name).symlink_to(entry)
    return str(folder)


def test_the_wheel_holds_the_grammars_and_schemas(wheel: Path) -> None:
    names = set(zipfile.ZipFile(wheel).namelist())
    shipped = {f"ipsecmig/_data/{p.parent.name}/{p.name}" for p in CHECKOUT.glob("grammar/*.lark")}
    shipped |= {f"ipsecmig/_data/{p.parent.name}/{p.name}" for p in CHECKOUT.glob("schemas/*")}
    assert shipped
    assert shipped <= names
    assert "ipsecmig/py.typed" in names
    assert not any(name.startswith(("tests/", "bench/", "samples/")) for name in names)


def test_the_installed_program_does_not_come_from_the_checkout(installed: Path, libraries: str, tmp_path: Path) -> None:
    code = "import ipsecmig, ipsecmig.resources as r; print(ipsecmig.__file__, r.schema('ir.schema.json'))"
    done = _run(installed.parent / "python", "-c", code, cwd=tmp_path, PYTHONPATH=libraries)
    assert done.returncode == 0, done.stderr
    places = done.stdout.split()
    assert all(str(CHECKOUT) not in place and "venv" in place for place in places), places


def test_a_conversion_runs_where_only_the_wheel_is(installed: Path, libraries: str, tmp_path: Path) -> None:
    (tmp_path / "perimeter.netsh").write_text(SCRIPT, encoding="utf-8")
    convert = (installed, "convert", "perimeter.netsh", "--to", "nftables,netsh", "-o", "out")
    done = _run(*convert, cwd=tmp_path, PYTHONPATH=libraries)
    assert done.returncode in {0, 1}, done.stdout + done.stderr  # 1: losses, which the report names
    assert (tmp_path / "out" / "ipsecmig.netsh").is_file()
    assert list((tmp_path / "out").glob("*.nft"))


def test_the_json_form_goes_out_and_in_again(installed: Path, libraries: str, tmp_path: Path) -> None:
    (tmp_path / "perimeter.netsh").write_text(SCRIPT, encoding="utf-8")
    show = _run(installed, "show", "perimeter.netsh", "--format", "json", cwd=tmp_path, PYTHONPATH=libraries)
    assert show.returncode == 0, show.stderr
    document = json.loads(show.stdout)
    assert [policy["name"] for policy in document["policies"]] == ["Perimeter"]
    (tmp_path / "ir.json").write_text(show.stdout, encoding="utf-8")
    again = _run(installed, "show", "ir.json", "--format", "json", cwd=tmp_path, PYTHONPATH=libraries)
    assert again.returncode == 0, again.stderr
    assert json.loads(again.stdout) == document


def test_the_formats_are_listed(installed: Path, libraries: str, tmp_path: Path) -> None:
    done = _run(installed, "formats", cwd=tmp_path, PYTHONPATH=libraries)
    assert done.returncode == 0, done.stderr
    assert "netsh-static" in done.stdout
