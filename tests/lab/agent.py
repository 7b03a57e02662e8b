"""Runs inside one network namespace and sends, receives and watches packets on behalf of the test process.

Started by `harness.py`. Speaks JSON lines: a request on standard input, its answer on standard output. A probe is
`[protocol, source, destination, source port, destination port]`. It shares no code with ipsecmig: it is an oracle.
"""

from __future__ import annotations

import fcntl
import ipaddress
import json
import os
import select
import socket
import struct
import sys
from collections.abc import Callable, Iterator
from typing import Any

Probe = tuple[int, str, str, int, int]

ETH_P_ALL = 3
ETH_P_IP, ETH_P_IPV6 = 0x0800, 0x86DD
ETH_P_MARK = 0x88B5  # IEEE 802 local experimental: no IP policy ever sees it
PACKET_OUTGOING = 4
SO_RCVBUFFORCE = 33
IPV6_HDRINCL = 36
NETLINK_XFRM = 6
XFRM_GROUP_ACQUIRE = 1
XFRM_MSG_ACQUIRE, XFRM_MSG_FLUSHSA = 0x17, 0x1C
ACQUIRE_PRIORITY_OFFSET = 248  # in struct xfrm_user_acquire: id 24, saddr 16, selector 56, policy: 56 + 64 + 32
TUNSETIFF, TUNSETLINK = 0x400454CA, 0x400454CD
IFF_TUN_NO_PI = 0x1001
ARPHRD_PPP = 512
WAIT_SECONDS = 10.0
SYN = 2
ECHO_REQUEST6 = 128
_CHECKSUMS = {socket.IPPROTO_TCP: 16, socket.IPPROTO_UDP: 6, socket.IPPROTO_ICMPV6: 2}
"""Where the checksum over the payload and the ends of the packet stands, RFC 9293 3.1, RFC 768, RFC 4443 2.3."""


def _checksum(data: bytes) -> int:
    total: int = sum(struct.unpack(f"!{len(data) // 2}H", data))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return ~total & 0xFFFF


def _transport(protocol: int, source_port: int, destination_port: int, flags: int = SYN) -> bytes:
    if protocol == socket.IPPROTO_TCP:
        return struct.pack("!HHIIBBHHH", source_port, destination_port, 1, 0, 5 << 4, flags, 1024, 0, 0)
    if protocol == socket.IPPROTO_UDP:
        return struct.pack("!HHHH", source_port, destination_port, 12, 0) + b"test"
    if protocol == socket.IPPROTO_ICMP:
        return struct.pack("!BBHHH", 8, 0, 0xF7FE, 0, 1)
    if protocol == socket.IPPROTO_ICMPV6:
        return struct.pack("!BBHHH", ECHO_REQUEST6, 0, 0, 0, 1)
    return b"\x00" * 12


def _with_checksum(protocol: int, ends: bytes, payload: bytes) -> bytes:
    """Return `payload` with the checksum that connection tracking asks for; none where there is none."""
    at = _CHECKSUMS.get(protocol)
    if at is None:
        return payload
    pseudo = ends + struct.pack("!IHBB", len(payload), 0, 0, protocol)
    return payload[:at] + struct.pack("!H", _checksum(pseudo + payload)) + payload[at + 2 :]


def packet(probe: Probe, flags: int = SYN) -> bytes:
    """Return `probe` as an IP packet; `flags` are those of TCP."""
    protocol, source, destination, source_port, destination_port = probe
    low, high = ipaddress.ip_address(source).packed, ipaddress.ip_address(destination).packed
    payload = _with_checksum(protocol, low + high, _transport(protocol, source_port, destination_port, flags))
    if len(low) == 16:
        return struct.pack("!IHBB", 6 << 28, len(payload), protocol, 64) + low + high + payload
    header = struct.pack("!BBHHHBBH", 0x45, 0, 20 + len(payload), 7, 0, 64, protocol, 0) + low + high
    return header[:10] + struct.pack("!H", _checksum(header)) + header[12:] + payload


def parse(data: bytes) -> Probe | None:
    """Return the probe that the IP packet `data` is, or None when it is neither IPv4 nor IPv6."""
    if len(data) >= 20 and data[0] >> 4 == 4:
        protocol, low, high, payload = data[9], data[12:16], data[16:20], data[(data[0] & 15) * 4 :]
    elif len(data) >= 40 and data[0] >> 4 == 6:
        protocol, low, high, payload = data[6], data[8:24], data[24:40], data[40:]
    else:
        return None
    return (protocol, str(ipaddress.ip_address(low)), str(ipaddress.ip_address(high)), *_ports(protocol, payload))


def _ports(protocol: int, payload: bytes) -> tuple[int, int]:
    if protocol not in {socket.IPPROTO_TCP, socket.IPPROTO_UDP} or len(payload) < 4:
        return 0, 0
    source, destination = struct.unpack("!HH", payload[:4])
    return source, destination


def _family(probe: Probe) -> socket.AddressFamily:
    return socket.AF_INET6 if ":" in probe[2] else socket.AF_INET


def _send_raw(probe: Probe) -> None:
    """Send with our own IP header, so that any source address and protocol can be had."""
    family = _family(probe)
    with socket.socket(family, socket.SOCK_RAW, socket.IPPROTO_RAW) as out:
        out.setsockopt(socket.SOL_SOCKET, socket.SO_BROADCAST, 1)
        if family is socket.AF_INET6:
            out.setsockopt(socket.IPPROTO_IPV6, IPV6_HDRINCL, 1)
        out.sendto(packet(probe), (probe[2], 0))


def _send_socket(probe: Probe) -> None:
    """Send as a program would: the kernel's flow then carries protocol and ports, as XFRM selectors need."""
    protocol, source, destination, source_port, destination_port = probe
    kind = {socket.IPPROTO_TCP: socket.SOCK_STREAM, socket.IPPROTO_UDP: socket.SOCK_DGRAM}.get(
        protocol, socket.SOCK_RAW
    )
    with socket.socket(_family(probe), kind, protocol) as out:
        out.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        out.setsockopt(socket.SOL_SOCKET, socket.SO_BROADCAST, 1)
        out.setblocking(False)
        out.bind((source, source_port))
        if kind == socket.SOCK_STREAM:
            out.connect((destination, destination_port))
        else:
            out.sendto(_transport(protocol, 0, 0), (destination, destination_port))


class Agent:
    """The sockets of one namespace and what can be asked of them."""

    def __init__(self) -> None:
        self._wires = {name: self._wire(name) for _, name in socket.if_nameindex() if name != "lo"}
        self._raw: list[socket.socket] = []
        self._line = -1
        self._xfrm = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, NETLINK_XFRM)
        self._xfrm.bind((0, XFRM_GROUP_ACQUIRE))
        self._xfrm.setblocking(False)

    @staticmethod
    def _wire(interface: str) -> socket.socket:
        wire = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(ETH_P_ALL))
        wire.setsockopt(socket.SOL_SOCKET, SO_RCVBUFFORCE, 1 << 26)
        wire.bind((interface, ETH_P_ALL))
        return wire

    def close(self) -> None:
        """Close all sockets."""
        for each in (*self._wires.values(), *self._raw, self._xfrm):
            each.close()
        self.hang_up()

    def dial(self, interface: str) -> None:
        """Make an interface that is a dial-up line to the kernel, and whose other end this is."""
        self._line = os.open("/dev/net/tun", os.O_RDWR | os.O_NONBLOCK)
        fcntl.ioctl(self._line, TUNSETIFF, struct.pack("16sH22x", interface.encode(), IFF_TUN_NO_PI))
        fcntl.ioctl(self._line, TUNSETLINK, ARPHRD_PPP)

    def hang_up(self) -> None:
        """Take the dial-up line away."""
        if self._line >= 0:
            os.close(self._line)
            self._line = -1

    def dialled_out(self, probes: list[Probe]) -> list[Probe]:
        """Send each probe and return those that left over the dial-up line; it has them before `send` returns."""
        self._left_over_the_line()
        self.send(probes, "raw")
        return self._left_over_the_line()

    def dialled_in(self, probes: list[Probe]) -> list[Probe]:
        """Let each probe come in over the dial-up line and return what reached the raw sockets."""
        for probe in probes:
            os.write(self._line, packet(probe))
        return self.arrived()

    def _left_over_the_line(self) -> list[Probe]:
        found: list[Probe] = []
        while select.select([self._line], [], [], 0)[0]:
            probe = parse(os.read(self._line, 65535))
            if probe is not None:
                found.append(probe)
        return found

    def listen(self, protocols: list[tuple[int, int]]) -> None:
        """Open a raw socket for each `[family, protocol]`: it gets what passed the input hook and the in policies."""
        for old in self._raw:
            old.close()
        self._raw = []
        for version, protocol in protocols:
            family = socket.AF_INET if version == 4 else socket.AF_INET6
            raw = socket.socket(family, socket.SOCK_RAW, protocol)
            raw.setsockopt(socket.SOL_SOCKET, SO_RCVBUFFORCE, 1 << 26)
            raw.setblocking(False)
            if version == 6:
                raw.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_RECVPKTINFO, 1)
            self._raw.append(raw)

    def send(self, probes: list[Probe], how: str) -> list[int]:
        """Send each probe, `how` being `raw` or `socket`; return the errno of each, 0 for none."""
        send: Callable[[Probe], None] = {"raw": _send_raw, "socket": _send_socket}[how]
        return [_errno(send, probe) for probe in probes]

    def inject(self, probes: list[Probe], interface: str, to: str, flags: int = SYN) -> None:
        """Put each probe on the wire as a frame for the hardware address `to`, past every policy of this side."""
        target = bytes.fromhex(to.replace(":", ""))
        for probe in probes:
            kind = ETH_P_IPV6 if ":" in probe[2] else ETH_P_IP
            frame = target + b"\x02\x00\x00\x00\x00\x01" + struct.pack("!H", kind) + packet(probe, flags)
            self._wires[interface].send(frame)

    def forget(self, interface: str) -> None:
        """Drop what came in over `interface` so far: answers to earlier probes, for example."""
        wire = self._wires[interface]
        while select.select([wire], [], [], 0)[0]:
            wire.recv(65535)

    def mark(self, interface: str, number: int) -> None:
        """Send the frame that tells the other side that everything before it has been sent."""
        head = b"\xff" * 6 + b"\x02\x00\x00\x00\x00\x01" + struct.pack("!H", ETH_P_MARK)
        self._wires[interface].send(head + struct.pack("!Q", number) + b"\x00" * 40)

    def seen(self, interface: str, number: int) -> list[Probe]:
        """Return what came in over `interface` before mark `number`."""
        found: list[Probe] = []
        while True:
            if not select.select([self._wires[interface]], [], [], WAIT_SECONDS)[0]:
                raise TimeoutError(f"mark {number} did not arrive on {interface}")
            data, (_, kind, way, *_rest) = self._wires[interface].recvfrom(65535)
            if way == PACKET_OUTGOING:
                continue
            if kind == ETH_P_MARK and struct.unpack("!Q", data[14:22])[0] == number:
                return found
            probe = parse(data[14:])
            if probe is not None:
                found.append(probe)

    def delivered(self, interface: str, number: int) -> list[Probe]:
        """Return what reached the raw sockets by the time that mark `number` came in."""
        self.seen(interface, number)
        return self.arrived()

    def arrived(self) -> list[Probe]:
        """Return what reached the raw sockets so far."""
        return [probe for raw in self._raw for probe in _drain(raw)]

    def acquires(self, probes: list[Probe]) -> list[int | None]:
        """Send each probe by a socket; return the priority of the policy that asked for an SA for it, or None."""
        found: list[int | None] = []
        for probe in probes:
            self._flush_states()
            _errno(_send_socket, probe)
            found.append(next(self._priorities(), None))
        self._flush_states()
        return found

    def _flush_states(self) -> None:
        """Forget the larval states, which would keep the kernel from asking again."""
        self._xfrm.send(struct.pack("=IHHIIB3x", 20, XFRM_MSG_FLUSHSA, 1, 1, 0, 0))
        for _ in self._priorities():
            pass

    def _priorities(self) -> Iterator[int]:
        while True:
            try:
                data = self._xfrm.recv(65535)
            except BlockingIOError:
                return
            if struct.unpack("=H", data[4:6])[0] == XFRM_MSG_ACQUIRE:
                yield struct.unpack_from("=I", data, 16 + ACQUIRE_PRIORITY_OFFSET)[0]


def _errno(send: Callable[[Probe], None], probe: Probe) -> int:
    try:
        send(probe)
    except BlockingIOError:
        return 0
    except OSError as error:
        return error.errno or -1
    return 0


def _drain(raw: socket.socket) -> Iterator[Probe]:
    while True:
        try:
            data, control, _, source = raw.recvmsg(65535, 256)
        except BlockingIOError:
            return
        if raw.family is socket.AF_INET:
            probe = parse(data)
            if probe is not None:
                yield probe
            continue
        own = next(value[:16] for level, kind, value in control if (level, kind) == (41, socket.IPV6_PKTINFO))
        ends = str(ipaddress.ip_address(source[0].split("%")[0])), str(ipaddress.ip_address(own))
        yield (raw.proto, *ends, *_ports(raw.proto, data))


def main() -> None:
    """Answer requests until standard input ends."""
    os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})  # one processor: frames stay in order
    agent = Agent()
    for line in sys.stdin:
        request: dict[str, Any] = json.loads(line)
        verb = request.pop("do")
        try:
            answer = {"result": getattr(agent, verb)(**request)}
        except OSError as error:
            answer = {"error": f"{verb}: {error}"}
        sys.stdout.write(json.dumps(answer) + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
