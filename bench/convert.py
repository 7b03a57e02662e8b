"""End to end: a netsh script of 10,000 filters to nftables, beside Aerleon with the same 10,000 terms.

Usage: python bench/convert.py [FILTERS]. Both read text files and write their ruleset, each in a process of its own.
Aerleon is given its quickest way in (its older text formats and its library, without shade checking; `aclgen` and YAML
take several times as long). The work is not equal: every one of our filters is mirrored and so is two, and we look
for conflicts and account for losses; Aerleon writes one direction. Aerleon verifies nothing, so the ratio is that of
`--no-verify`. The best of three runs, in turn, counts for both. Then a line for each of nftables and strongSwan says
what the conversion takes without and with its proof, in processor time.
"""

from __future__ import annotations

import ipaddress
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from time import perf_counter
from typing import NamedTuple

AERLEON = """\
import sys
from pathlib import Path
from aerleon.lib import naming, nftables, policy
folder = Path(sys.argv[1])
text = (folder / "policy.pol").read_text()
parsed = policy.ParsePolicy(text, naming.Naming(str(folder)), shade_check=False)
(folder / "aerleon.nft").write_text(str(nftables.Nftables(parsed, 2)))
"""


class Cost(NamedTuple):
    """What one run took: seconds of wall clock and of processor, and the largest resident set in megabytes."""

    seconds: float
    processor: float
    megabytes: float


def terms(count: int) -> list[tuple[str, int, bool]]:
    """Return addresses, ports and whether they are permitted."""
    first = int(ipaddress.ip_address("10.0.0.1"))
    return [(str(ipaddress.ip_address(first + 7 * n)), 1 + 37 * n % 65000, n % 3 > 0) for n in range(count)]


def netsh(count: int) -> str:
    lines = ["pushd ipsec static", "add policy name=bench", "add filteraction name=permit action=permit"]
    lines.append("add filteraction name=block action=block")
    for address, port, permitted in terms(count):
        name = "good" if permitted else "bad"
        lines.append(
            f"add filter filterlist={name} srcaddr={address} dstaddr=me protocol=tcp dstport={port} mirrored=yes"
        )
    lines.append("add rule name=good policy=bench filterlist=good filteraction=permit")
    lines.append("add rule name=bad policy=bench filterlist=bad filteraction=block")
    return "\n".join([*lines, "set policy name=bench assign=yes", "popd", ""])


def write_aerleon(folder: Path, count: int) -> None:
    policy = ["header {\n  target:: nftables inet input\n}"]
    for number, (_, _, permitted) in enumerate(terms(count)):
        action = "accept" if permitted else "deny"
        policy.append(
            f"term t{number} {{\n  source-address:: H{number}\n  protocol:: tcp\n"
            f"  destination-port:: P{number}\n  action:: {action}\n}}"
        )
    (folder / "policy.pol").write_text("\n".join(policy) + "\n")
    pairs = list(enumerate(terms(count)))
    (folder / "hosts.net").write_text("".join(f"H{n} = {address}/32\n" for n, (address, _, _) in pairs))
    (folder / "ports.svc").write_text("".join(f"P{n} = {port}/tcp\n" for n, (_, port, _) in pairs))


def cost(command: list[str]) -> Cost:
    start = perf_counter()
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode != 0:
        raise SystemExit(f"{command} left with {process.returncode}")
    return Cost(perf_counter() - start, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024)


def conversion(folder: Path, target: str) -> list[str]:
    """Return the command that converts and proves."""
    command = [sys.executable, "-m", "ipsecmig", "convert", str(folder / "policy.netsh"), "--to", target]
    return [*command, "--fail-on", "never", "-o", str(folder / target)]


def proof_line(folder: Path, target: str) -> str:
    """Return what converting to `target` takes without and with the proof, in processor time."""
    bare, proved = cost([*conversion(folder, target), "--no-verify"]), cost(conversion(folder, target))
    return (
        f"convert to {target}: {bare.processor:.2f} s, {bare.megabytes:.0f} MB;"
        f" with the proof {proved.processor:.2f} s, {proved.megabytes:.0f} MB"
    )


def main() -> None:
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 10_000
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "policy.netsh").write_text(netsh(count))
        (folder / "run_aerleon.py").write_text(AERLEON)
        write_aerleon(folder, count)
        convert = conversion(folder, "nftables")
        aerleon = [sys.executable, str(folder / "run_aerleon.py"), str(folder)]
        runs = [(cost([*convert, "--no-verify"]), cost(aerleon)) for _ in range(3)]
        ours, theirs = min(run[0] for run in runs), min(run[1] for run in runs)
        proofs = [proof_line(folder, target) for target in ("nftables", "strongswan")]
    print(
        f"convert: {count:,} filters to nftables in {ours.seconds:.2f} s, {ours.megabytes:.0f} MB;"
        f" Aerleon {theirs.seconds:.2f} s, {theirs.megabytes:.0f} MB;"
        f" ratio {ours.seconds / theirs.seconds:.2f} in time, {ours.megabytes / theirs.megabytes:.2f} in memory"
    )
    print("\n".join(proofs))


if __name__ == "__main__":
    main()
