"""Lint of 10,000 filters, all rules, whole process, beside the start alone of checkov; and how it grows.

Usage: python bench/lint.py [--checkov PATH] [--only checkov|growth]. Without a path checkov is installed, pinned, into
a virtual environment in a temporary folder. Its start is `checkov --version`: it has looked at nothing then. Processor
times of whole processes, medians of five, so that other load on the machine matters less; a first run of each fills the
caches of bytecode. The policies are those of `proof.py`, printed as netsh scripts; the report is text.
"""

from __future__ import annotations

import argparse
import os
import random
import subprocess
import sys
import tempfile
from pathlib import Path
from statistics import median

from proof import KINDS, by_action, store_of

from ipsecmig.emit.netsh import script_lines

CHECKOV = "checkov==3.3.30"
RUNS = 5
COUNT = 10_000
GROWTH = (1_000, 10_000, 100_000)


def write_policy(path: Path, count: int) -> None:
    """Write the script of a policy of `count` filters."""
    store = store_of(by_action(list(KINDS["host"](count, random.Random(count)))))
    path.write_text("\n".join(script_lines(store, store.policies[0])) + "\n")


def seconds(command: list[str], folder: str) -> float:
    """Return the processor time of one run of `command`, in seconds; bytecode is kept in `folder`."""
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    environment["PYTHONPYCACHEPREFIX"] = folder
    before = os.times()
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env=environment)
    after = os.times()
    return (after.children_user - before.children_user) + (after.children_system - before.children_system)


def typical(command: list[str], folder: str, runs: int = RUNS) -> float:
    """Return the median of some runs after one that is not counted."""
    seconds(command, folder)
    return median(seconds(command, folder) for _ in range(runs))


def lint(path: Path) -> list[str]:
    """Return the command that lints `path` with all rules and does not fail for what it finds."""
    return [sys.executable, "-m", "ipsecmig", "lint", str(path), "--fail-on", "never"]


def install_checkov(folder: Path) -> Path:
    """Install checkov into a virtual environment in `folder`, and return its program."""
    subprocess.run([sys.executable, "-m", "venv", str(folder)], check=True)
    subprocess.run([str(folder / "bin" / "pip"), "install", "--quiet", CHECKOV], check=True)
    return folder / "bin" / "checkov"


def beside_checkov(folder: Path, program: Path | None) -> None:
    policy = folder / "policy.netsh"
    write_policy(policy, COUNT)
    program = program or install_checkov(folder / "checkov")
    ours = typical(lint(policy), str(folder / "bytecode"))
    theirs = typical([str(program), "--version"], str(folder / "bytecode"))
    times = f"{ours:.2f} s; start of {CHECKOV}: {theirs:.2f} s, ratio {ours / theirs:.2f}"
    print(f"lint: {COUNT:,} filters, all rules: {times}")


def growth(folder: Path) -> None:
    previous: float | None = None
    for count in GROWTH:
        policy = folder / f"{count}.netsh"
        write_policy(policy, count)
        taken = typical(lint(policy), str(folder / "bytecode"), 1)
        more = "" if previous is None else f", {taken / previous:.1f} times as long for 10 times as many"
        print(f"lint: {count:,} filters: {taken:.2f} s{more}")
        previous = taken


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--checkov", type=Path)
    parser.add_argument("--only", choices=("checkov", "growth"))
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        if arguments.only != "growth":
            beside_checkov(folder, arguments.checkov)
        if arguments.only != "checkov":
            growth(folder)


if __name__ == "__main__":
    main()
