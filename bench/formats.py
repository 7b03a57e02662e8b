"""Reads one policy of 10,000 filters from the forms in which Windows keeps it, beside the netsh script of that policy.

Usage: python bench/formats.py [FILTERS]. Every form is read to the IR in a process of its own, so that its peak memory
is its own; seconds are those of the processor, the best of three. XML is a group policy report with as many connection
security rules, which hold one filter each: a policy of another kind, of the same size.
"""

from __future__ import annotations

import resource
import subprocess
import sys
import tempfile
import time
from ipaddress import IPv4Address
from pathlib import Path

ROUNDS = 3
SETTINGS = "http://www.microsoft.com/GroupPolicy/Settings"
FORMS = {"netsh script": "netsh", ".reg": "reg", "LDIF": "ldf", "XML": "xml"}


def script(count: int) -> str:
    """Return a netsh script: one list, all filters different."""
    lines = ["pushd ipsec static", "add policy name=bench", "add filteraction name=block action=block"]
    for number in range(count):
        address, port = IPv4Address(0x0A000001 + 7 * number), 1 + 37 * number % 65000
        lines.append(f"add filter filterlist=bad srcaddr={address} dstaddr=me protocol=tcp dstport={port} mirrored=yes")
    lines.append("add rule name=bad policy=bench filterlist=bad filteraction=block")
    return "\n".join([*lines, "set policy name=bench assign=yes", "popd", ""])


def report(count: int) -> bytes:
    """Return a group policy report with as many connection security rules, in UTF-16 as Windows writes it."""
    rules = "".join(
        "<q1:ConnectionSecurityRules><q1:Version>2.10</q1:Version><q1:Action>DoNotSecure</q1:Action>"
        f"<q1:Active>true</q1:Active><q1:Name>rule {number}</q1:Name><q1:Protocol>6</q1:Protocol>"
        f"<q1:EP1Port>{1 + 37 * number % 65000}</q1:EP1Port>"
        f"<q1:EP2_4>{IPv4Address(0x0A000001 + 7 * number)}</q1:EP2_4></q1:ConnectionSecurityRules>\n"
        for number in range(count)
    )
    text = (
        '<?xml version="1.0" encoding="utf-16"?>\n<GPO xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" '
        f'xmlns="{SETTINGS}"><Name>bench</Name><Computer><Enabled>true</Enabled><ExtensionData><Extension '
        f'xmlns:q1="{SETTINGS}/WindowsFirewall" xsi:type="q1:WindowsFirewallSettings">{rules}</Extension>'
        "<Name>Windows Firewall</Name></ExtensionData></Computer></GPO>"
    )
    return text.encode("utf-16")


def write(folder: Path, count: int) -> None:
    """Write the policy in every form."""
    from ipsecmig.dialects.base import ReadOptions, Source
    from ipsecmig.dialects.registry import read
    from ipsecmig.emit.registry import TARGETS
    from ipsecmig.model.flatten import flatten, select_policy
    from ipsecmig.model.targets import EmissionRequest

    text = script(count).encode()
    (folder / "policy.netsh").write_bytes(text)
    (folder / "policy.xml").write_bytes(report(count))
    store = read(Source("policy.netsh", text), ReadOptions()).store
    policy = select_policy(store)
    request = EmissionRequest(store, policy, flatten(store, policy))
    for target, suffix in (("reg", "reg"), ("ldif", "ldf")):
        files = next(one for one in TARGETS if one.name == target).emit(request).files
        content = next(file.content for file in files if "rollback" not in file.path)
        (folder / f"policy.{suffix}").write_bytes(content)


def measure(path: Path, count: int) -> float:
    """Return the best of some times of reading, in seconds of the processor."""
    from ipsecmig.dialects.base import ReadOptions, Source
    from ipsecmig.dialects.registry import read

    best, source = float("inf"), Source(str(path), path.read_bytes())
    for _ in range(ROUNDS):
        start = time.process_time()
        reading = read(source, ReadOptions())
        best = min(best, time.process_time() - start)
        filters = sum(len(one.filters) for one in reading.store.filter_lists)
        if filters != count or reading.store.not_understood:
            raise SystemExit(f"{path.name}: {filters} filters, {len(reading.store.not_understood)} not understood")
        del reading
    return best


def main() -> None:
    if sys.argv[1:2] == ["write"]:
        write(Path(sys.argv[2]), int(sys.argv[3]))
        return
    if len(sys.argv) > 2:
        taken = measure(Path(sys.argv[1]), int(sys.argv[2]))
        print(taken, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024)
        return
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 10_000
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        # in a process of its own too: a child's peak begins with that of its parent
        subprocess.run([sys.executable, __file__, "write", name, str(count)], check=True)
        for form, suffix in FORMS.items():
            file = folder / f"policy.{suffix}"
            command = [sys.executable, __file__, str(file), str(count)]
            done = subprocess.run(command, check=True, capture_output=True, text=True)
            seconds, megabytes = map(float, done.stdout.split())
            size = file.stat().st_size / 1e6
            print(f"formats: {count:,} filters from {form} ({size:.1f} MB) in {seconds:.2f} s, {megabytes:.0f} MiB")


if __name__ == "__main__":
    main()
