"""Extraction of 200 hosts at 1, 8 and 32 at a time, beside bare pywinrm that runs the same commands on the same hosts.

Usage: python bench/extract.py [--hosts N] [--jobs 1,8,32]. The hosts are the WinRM server of ipsecmig.testing, one
listener for each, in processes of their own, with the policy of a small script and NTLM over HTTP. Bare means
`winrm.protocol.Protocol`: open a shell, run the commands of a survey and of the evidence, close it; no files, limits
or manifest. The overhead is that of the processor time of this process, below a quarter is wanted; hosts per second of
wall time depend on the machine, whose processors client and hosts share.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from multiprocessing import get_context
from multiprocessing.connection import Connection
from pathlib import Path
from typing import NamedTuple

from winrm.protocol import Protocol

from ipsecmig.dialects.base import ReadOptions, Source
from ipsecmig.dialects.registry import read
from ipsecmig.model.policy import Secret
from ipsecmig.remote.campaign import run_each
from ipsecmig.remote.commands import SURVEY, evidence
from ipsecmig.remote.deadline import Stop
from ipsecmig.remote.extraction import extract_host
from ipsecmig.remote.target import Credentials, HostTarget, Limits, Status
from ipsecmig.testing.host import Host
from ipsecmig.testing.policies import registry_keys
from ipsecmig.testing.winrm import Account, Settings, WinrmServer

PROCESSES = 2
BATCH = 40
ACCOUNT = Account("bench", "Passw0rd!")
SCRIPT = """netsh ipsec static add policy name=Bench assign=yes
netsh ipsec static add filterlist name=List
netsh ipsec static add filter filterlist=List srcaddr=me dstaddr=10.0.0.0 dstmask=24 protocol=TCP
netsh ipsec static add filteraction name=Action action=negotiate qmsecmethods="ESP[3DES,SHA1]"
netsh ipsec static add rule name=Rule policy=Bench filterlist=List filteraction=Action kerberos=yes
"""
POWERSHELL = 4
"""That of the hosts, Windows Server 2012 R2."""


def serve(count: int, pipe: Connection) -> None:
    """Serve `count` hosts, and send their ports, until something comes through the pipe."""
    store = read(Source("bench.cmd", SCRIPT.encode()), ReadOptions(), None).store
    host = Host(keys=registry_keys(store))
    with ExitStack() as running:
        servers = [running.enter_context(WinrmServer(host, Settings((ACCOUNT,)))) for _ in range(count)]
        pipe.send([server.port for server in servers])
        pipe.recv()


@contextmanager
def fleet(count: int) -> Iterator[list[int]]:
    """Give the ports of `count` hosts."""
    context = get_context("spawn")
    shares = [count // PROCESSES + (number < count % PROCESSES) for number in range(PROCESSES)]
    pipes, processes = [], []
    for share in shares:
        ours, theirs = context.Pipe()
        process = context.Process(target=serve, args=(share, theirs), daemon=True)
        process.start()
        pipes.append(ours)
        processes.append(process)
    try:
        yield [port for pipe in pipes for port in pipe.recv()]
    finally:
        for pipe in pipes:
            pipe.send("done")
        for process in processes:
            process.join()


def bare(port: int) -> None:
    """Run the commands of an extraction through pywinrm alone."""
    protocol = Protocol(
        f"http://localhost:{port}/wsman", transport="ntlm", username=ACCOUNT.name, password=ACCOUNT.password
    )
    shell = protocol.open_shell(codepage=65001)
    for command in (*SURVEY, *evidence(POWERSHELL)):
        identifier = protocol.run_command(shell, command.line)
        done = False
        while not done:
            _, _, _, done = protocol.get_command_output_raw(shell, identifier)
        protocol.cleanup_command(shell, identifier)
    protocol.close_shell(shell)


def extracted(folder: Path) -> Callable[[int], None]:
    """Return what extracts the host at a port into `folder`."""
    credentials = Credentials(ACCOUNT.name, Secret(ACCOUNT.password))

    def extract(port: int) -> None:
        result = extract_host(HostTarget("localhost", port, "http"), credentials, Limits(), folder)
        if result.status is not Status.EXTRACTED:
            raise RuntimeError(str(result.reason))

    return extract


class Cost(NamedTuple):
    """Seconds of wall time, and of processor time of this process."""

    wall: float
    processor: float


def timed(work: Callable[[int], None], ports: list[int], jobs: int) -> Cost:
    """Return what the work on all hosts costs."""
    wall, processor = time.perf_counter(), time.process_time()
    for _ in run_each(ports, work, jobs, Stop()):
        pass
    return Cost(time.perf_counter() - wall, time.process_time() - processor)


def both(ports: list[int], jobs: int) -> tuple[Cost, Cost]:
    """Return what extraction and bare calls cost, in turns, so that other load on the machine meets both alike."""
    ours, theirs = [], []
    with tempfile.TemporaryDirectory() as folder:
        extract = extracted(Path(folder))
        for begin in range(0, len(ports), BATCH):
            some = ports[begin : begin + BATCH]
            ours.append(timed(extract, some, jobs))
            theirs.append(timed(bare, some, jobs))
    return Cost(*map(sum, zip(*ours, strict=True))), Cost(*map(sum, zip(*theirs, strict=True)))


def main() -> None:
    """Print one line for each number of hosts at a time."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--hosts", type=int, default=200)
    parser.add_argument("--jobs", default="1,8,32")
    given = parser.parse_args()
    with fleet(given.hosts) as ports:
        both(ports[:4], 1)
        print(f"{given.hosts} hosts    hosts/s  bare hosts/s    CPU/host  bare CPU/host  overhead")
        for jobs in map(int, given.jobs.split(",")):
            ours, theirs = both(ports, jobs)
            print(
                f"--jobs {jobs:<4} {given.hosts / ours.wall:8.1f} {given.hosts / theirs.wall:13.1f}"
                f" {1000 * ours.processor / given.hosts:8.1f} ms {1000 * theirs.processor / given.hosts:11.1f} ms"
                f" {100 * (ours.processor / theirs.processor - 1):8.0f}%",
                flush=True,
            )


if __name__ == "__main__":
    main()
