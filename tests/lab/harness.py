"""The test lab: machines that are network namespaces, joined by veth pairs, with packets sent between them.

    peer 10.9.0.2 ---- 10.9.0.1 host 10.8.0.1 ---- 10.8.0.2 far

`host` is the machine under test: rulesets and policies are loaded there and it forwards. Nothing leaves the machine.
Arrival is decided without waiting: after the probes a marked frame is sent, and what came before it has arrived.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from itertools import count
from pathlib import Path
from typing import Any, Literal, NamedTuple

from ipsecmig.model.selectors import PORT_PROTOCOLS, Family, format_address
from ipsecmig.model.space import Direction, Packet

HOST_ADDRESS, PEER_ADDRESS = "10.9.0.1", "10.9.0.2"
HOST_FAR_ADDRESS, FAR_ADDRESS = "10.8.0.1", "10.8.0.2"
HOST_ADDRESS6, PEER_ADDRESS6 = "fd09::1", "fd09::2"
HOST_FAR_ADDRESS6, FAR_ADDRESS6 = "fd08::1", "fd08::2"

TO_HOST, TO_PEER, TO_FAR = "to-host", "to-peer", "to-far"
LINE, LINE_TABLE = "line", "7"
_MAC = {"host-peer": "02:00:00:00:09:01", "peer": "02:00:00:00:09:02", "host-far": "02:00:00:00:08:01"}
_AGENT = Path(__file__).with_name("agent.py")
_marks = count(1)

SYN = 2
"""The flag that begins a connection, RFC 9293 3.1."""


class Probe(NamedTuple):
    """One packet to send, or one that was seen. Protocols without ports have ports 0."""

    protocol: int
    source: str
    destination: str
    source_port: int = 0
    destination_port: int = 0

    @classmethod
    def of(cls, packet: Packet) -> Probe:
        """Return the probe for a packet of the model."""
        family = Family(packet.family)
        local, remote = format_address(family, packet.local), format_address(family, packet.remote)
        ports = (packet.local_port, packet.remote_port) if packet.protocol in PORT_PROTOCOLS else (0, 0)
        if packet.direction == Direction.IN:
            return cls(packet.protocol, remote, local, ports[1], ports[0])
        return cls(packet.protocol, local, remote, *ports)


def run(*command: str, text: str | None = None) -> str:
    """Run `command` with `text` on standard input and return its output; a failure raises with what it said."""
    done = subprocess.run(command, input=text, capture_output=True, text=True, check=False)
    if done.returncode:
        raise RuntimeError(f"{' '.join(command)} gave {done.returncode}: {done.stdout}{done.stderr}")
    return done.stdout


class Machine:
    """One namespace and the agent in it."""

    def __init__(self, name: str) -> None:
        self.name = name
        self._agent: subprocess.Popen[str] | None = None

    def run(self, *command: str, text: str | None = None) -> str:
        """Run `command` inside; see `run`."""
        return run("ip", "netns", "exec", self.name, *command, text=text)

    @contextmanager
    def started(self, *command: str) -> Iterator[subprocess.Popen[bytes]]:
        """Run `command` inside meanwhile; it is killed if it has not ended then."""
        inside = ("ip", "netns", "exec", self.name, *command)
        with subprocess.Popen(inside, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
            try:
                yield process
            finally:
                process.kill()

    def ip(self, *arguments: str) -> str:
        """Run `ip` on this namespace."""
        return run("ip", "-n", self.name, *arguments)

    def batch(self, text: str) -> str:
        """Load an `ip -batch` text."""
        return self.run("ip", "-batch", "-", text=text)

    def nft(self, text: str) -> str:
        """Load an nft file."""
        return self.run("nft", "-f", "-", text=text)

    def start(self) -> None:
        """Start the agent and wait until it listens; the interfaces must be there and up."""
        command = ("ip", "netns", "exec", self.name, sys.executable, str(_AGENT))
        self._agent = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.ask("listen", protocols=[])

    def stop(self) -> None:
        """End the agent."""
        if self._agent is not None:
            self._agent.communicate()
            self._agent = None

    def ask(self, verb: str, **arguments: object) -> Any:  # the agent's answers are JSON
        """Return the agent's answer to `verb`."""
        agent = self._agent
        if agent is None or agent.stdin is None or agent.stdout is None:
            raise RuntimeError(f"{self.name} has no agent")
        agent.stdin.write(json.dumps({"do": verb, **arguments}) + "\n")
        agent.stdin.flush()
        answer = json.loads(agent.stdout.readline())
        if "error" in answer:
            raise RuntimeError(f"{self.name}: {answer['error']}")
        return answer["result"]


class DialUp:
    """The dial-up line of a machine."""

    def __init__(self, machine: Machine) -> None:
        self._machine = machine

    def outbound(self, probes: Sequence[Probe]) -> set[Probe]:
        """Send `probes` and return those that left over the line."""
        return _among(probes, self._machine.ask("dialled_out", probes=list(probes)))

    def inbound(self, probes: Sequence[Probe]) -> set[Probe]:
        """Let `probes` come in over the line; return those that reached raw sockets."""
        self._machine.ask("listen", protocols=_families_and_protocols(probes))
        return _among(probes, self._machine.ask("dialled_in", probes=list(probes)))


def _families_and_protocols(probes: Iterable[Probe]) -> list[tuple[int, int]]:
    return sorted({(6 if ":" in p.source else 4, p.protocol) for p in probes})


class Lab:
    """Three machines in a row; `host` is the one under test."""

    def __init__(self, prefix: str) -> None:
        self.host, self.peer, self.far = (Machine(f"{prefix}{n}") for n in ("host", "peer", "far"))

    def outbound(self, probes: Sequence[Probe], how: Literal["raw", "socket"] = "raw") -> set[Probe]:
        """Send `probes` from the host and return those that the peer's wire saw.

        `raw` allows any source address; `socket` needs the host's own but gives XFRM the protocol and the ports.
        """
        self.peer.ask("forget", interface=TO_HOST)
        self.host.ask("send", probes=list(probes), how=how)
        return _among(probes, self._passed(self.host, self.peer, "seen", TO_PEER, TO_HOST))

    def inbound(self, probes: Sequence[Probe], flags: int = SYN) -> set[Probe]:
        """Put `probes`, with these TCP flags, on the wire to the host; return those that reached its raw sockets."""
        self.host.ask("listen", protocols=_families_and_protocols(probes))
        self.peer.ask("inject", probes=list(probes), interface=TO_HOST, to=_MAC["host-peer"], flags=flags)
        return _among(probes, self._passed(self.peer, self.host, "delivered", TO_HOST, TO_PEER))

    def forwarded(self, probes: Sequence[Probe]) -> set[Probe]:
        """Send `probes` from the far machine through the host and return those that the peer's wire saw."""
        self.peer.ask("forget", interface=TO_HOST)
        self.far.ask("inject", probes=list(probes), interface=TO_HOST, to=_MAC["host-far"])
        self._passed(self.far, self.host, "seen", TO_HOST, TO_FAR)
        return _among(probes, self._passed(self.host, self.peer, "seen", TO_PEER, TO_HOST))

    def acquires(self, probes: Sequence[Probe]) -> list[int | None]:
        """Send `probes` from the host one by one; for each the priority of the XFRM policy that wanted an SA."""
        answer: list[int | None] = self.host.ask("acquires", probes=list(probes))
        return answer

    @contextmanager
    def dialled_up(self) -> Iterator[DialUp]:
        """Give the host a dial-up line, over which everything goes meanwhile; only nft can tell it from others."""
        self.host.ask("dial", interface=LINE)
        try:
            self.host.ip("link", "set", LINE, "up")
            self.host.ip("route", "add", "default", "dev", LINE, "table", LINE_TABLE)
            self.host.ip("rule", "add", "priority", "1", "table", LINE_TABLE)
            yield DialUp(self.host)
        finally:
            self.host.ask("hang_up")
            self.host.ip("rule", "del", "priority", "1")

    @staticmethod
    def _passed(sender: Machine, receiver: Machine, verb: str, out: str, into: str) -> list[list[Any]]:
        number = next(_marks)
        sender.ask("mark", interface=out, number=number)
        answer: list[list[Any]] = receiver.ask(verb, interface=into, number=number)
        return answer

    def add_addresses(self, addresses: Iterable[str]) -> None:
        """Give the host more addresses, without their networks."""
        for address in addresses:
            self.host.ip("addr", "add", address, "dev", "lo", *(("nodad",) if ":" in address else ()))


def _among(probes: Sequence[Probe], seen: list[list[Any]]) -> set[Probe]:
    return set(probes) & {Probe(*fields) for fields in seen}


_LINKS = (
    # machine, interface, hardware address, other machine, its interface, its hardware address
    ("host", TO_PEER, _MAC["host-peer"], "peer", TO_HOST, _MAC["peer"]),
    ("host", TO_FAR, _MAC["host-far"], "far", TO_HOST, "02:00:00:00:08:02"),
)
_ADDRESSES = (
    ("host", TO_PEER, HOST_ADDRESS, HOST_ADDRESS6, PEER_ADDRESS, PEER_ADDRESS6, _MAC["peer"]),
    ("host", TO_FAR, HOST_FAR_ADDRESS, HOST_FAR_ADDRESS6, FAR_ADDRESS, FAR_ADDRESS6, "02:00:00:00:08:02"),
    ("peer", TO_HOST, PEER_ADDRESS, PEER_ADDRESS6, HOST_ADDRESS, HOST_ADDRESS6, _MAC["host-peer"]),
    ("far", TO_HOST, FAR_ADDRESS, FAR_ADDRESS6, HOST_FAR_ADDRESS, HOST_FAR_ADDRESS6, _MAC["host-far"]),
)
_SYSCTLS = ("net.ipv4.ip_forward=1", "net.ipv6.conf.all.forwarding=1", "net.ipv4.icmp_ratelimit=0")


def _wire_up(lab: Lab) -> None:
    machines = {"host": lab.host, "peer": lab.peer, "far": lab.far}
    for machine in machines.values():
        run("ip", "netns", "add", machine.name)
        machine.ip("link", "set", "lo", "up")
        quiet = ("net.ipv6.conf.default.accept_dad=0", "net.ipv6.conf.default.router_solicitations=0")
        machine.run("sysctl", "-qw", *quiet, "net.ipv4.conf.all.rp_filter=0", "net.ipv4.conf.default.rp_filter=0")
    for one, name, mac, other, other_name, other_mac in _LINKS:
        peer = ("peer", "name", other_name, "address", other_mac, "netns", machines[other].name)
        machines[one].ip("link", "add", name, "address", mac, "type", "veth", *peer)
    for one, name, address, address6, gateway, gateway6, mac in _ADDRESSES:
        machine = machines[one]
        machine.ip("addr", "add", f"{address}/24", "dev", name)
        machine.ip("addr", "add", f"{address6}/64", "dev", name, "nodad")
        machine.ip("link", "set", name, "up")
        for to in (gateway, gateway6):
            machine.ip("neigh", "replace", to, "lladdr", mac, "dev", name, "nud", "permanent")
    for one, name, *_, gateway, gateway6, _mac in _ADDRESSES:
        if (one, name) != ("host", TO_FAR):
            machines[one].ip("route", "add", "default", "via", gateway, "dev", name)
            machines[one].ip("route", "add", "default", "via", gateway6, "dev", name)
    lab.host.run("sysctl", "-qw", *_SYSCTLS)


@contextmanager
def open_lab(prefix: str = "") -> Iterator[Lab]:
    """Give a lab with machines of its own; they are gone afterwards. Needs root, iproute2 and nft."""
    lab = Lab(prefix or f"ipsecmig{os.getpid()}x{next(_marks)}-")
    machines = (lab.host, lab.peer, lab.far)
    try:
        _wire_up(lab)
        for machine in machines:
            machine.start()
        yield lab
    finally:
        for machine in machines:
            machine.stop()
            if re.search(rf"^{re.escape(machine.name)}\b", run("ip", "netns", "list"), re.MULTILINE):
                run("ip", "netns", "del", machine.name)


def missing() -> str:
    """Return why this machine cannot be a lab, or an empty string when it can."""
    if os.geteuid() != 0:
        return "the lab needs root"
    tools = [tool for tool in ("ip", "nft", "sysctl") if shutil.which(tool) is None]
    return f"the lab needs {', '.join(tools)}" if tools else ""
