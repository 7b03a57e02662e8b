"""Start-up: `show` of a twenty-line script and `--version`, each beside an empty Typer program.

Usage: python bench/start.py [RUNS]. Every program runs in a process of its own, in turn, so that all see the same
machine; the medians count. The first run of each is not counted: it fills the caches of bytecode and grammar tables,
which an installed program has (the bytecode goes to a temporary folder, so that a setting against it does not matter).
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from pathlib import Path
from statistics import median
from time import perf_counter

EMPTY = """\
import typer

app = typer.Typer()


@app.command()
def main() -> None:
    pass


app()
"""

HEAD = """\
pushd ipsec static
add policy name="Web server" mmsecmethods="3DES-SHA1-2" activatedefaultrule=no
add filteraction name="Permit" action=permit
add filteraction name="Block" action=block
add filteraction name="Secure" action=negotiate qmsecmethods="ESP[3DES,SHA1]:100000k/3600s"
add filter filterlist="All" srcaddr=any dstaddr=me protocol=any mirrored=yes
add filter filterlist="Database" srcaddr=me dstaddr=10.0.0.9 protocol=tcp dstport=1433 mirrored=yes
"""

TAIL = """\
add rule name="All" policy="Web server" filterlist="All" filteraction="Block"
add rule name="Web" policy="Web server" filterlist="Web" filteraction="Permit"
add rule name="Database" policy="Web server" filterlist="Database" filteraction="Secure" psk="not a real key"
set policy name="Web server" assign=yes
popd
"""


def script() -> str:
    """Return a script of twenty lines."""
    line = 'add filter filterlist="Web" srcaddr=any dstaddr=me protocol=tcp dstport={port} mirrored=yes\n'
    lines = HEAD + "".join(line.format(port=port) for port in (80, 443, 8080, 8443, 21, 25, 110, 143)) + TAIL
    assert lines.count("\n") == 20
    return lines


def seconds(command: list[str], folder: str) -> float:
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    environment["PYTHONPYCACHEPREFIX"] = folder
    start = perf_counter()
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL, env=environment)
    return perf_counter() - start


def main() -> None:
    runs = int(sys.argv[1]) if len(sys.argv) > 1 else 15
    with tempfile.TemporaryDirectory() as folder:
        empty, policy = Path(folder) / "empty.py", Path(folder) / "policy.netsh"
        empty.write_text(EMPTY)
        policy.write_text(script())
        commands = {
            "empty": [sys.executable, str(empty)],
            "show": [sys.executable, "-m", "ipsecmig", "show", str(policy)],
            "version": [sys.executable, "-m", "ipsecmig", "--version"],
        }
        for command in commands.values():
            seconds(command, folder)
        times: dict[str, list[float]] = {name: [] for name in commands}
        for _ in range(runs):
            for name, command in commands.items():
                times[name].append(seconds(command, folder))
    empty_ms, show_ms, version_ms = (1000 * median(times[name]) for name in ("empty", "show", "version"))
    print(f"start: show {show_ms:.0f} ms, empty Typer program {empty_ms:.0f} ms, ratio {show_ms / empty_ms:.2f} (< 2)")
    print(f"start: --version {version_ms:.0f} ms, empty Typer program {empty_ms:.0f} ms (faster)")


if __name__ == "__main__":
    main()
