"""A private charon inside a machine of the lab: its own files, its own vici socket, nothing of the system's.

The kernel here may lack ESP; policies, acquires and whole IKE negotiations work without it.
"""

from __future__ import annotations

import re
import shutil
import socket
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final, NamedTuple

from ipsecmig.model.targets import OutputFile
from lab.daemon import Daemon
from lab.harness import Machine

_DAEMONS: Final = ("/usr/lib/ipsec/charon", "/usr/sbin/charon-systemd")
_FOLDERS: Final = ("x509", "x509ca", "x509ocsp", "x509aa", "x509ac", "x509crl", "pubkey", "private", "rsa", "ecdsa")
_MORE_FOLDERS: Final = ("bliss", "pkcs8", "pkcs12", "conf.d")
_PLUGINS: Final = "random nonce drbg aes md5 sha1 sha2 hmac kdf gmp openssl gcrypt pem x509 pubkey pkcs1"
_KERNEL: Final = "kernel-netlink"
USER_SPACE: Final = "kernel-libipsec kernel-netlink"
"""The plugins with which charon itself carries ESP: in UDP, in tunnel mode, through an interface of its own."""
_READY: Final = r"spawning \d+ worker threads"


class KernelPolicy(NamedTuple):
    """One policy as `ip xfrm policy` prints it; the protocol is a number, ports are -1 where none is compared."""

    direction: str
    source: str
    destination: str
    protocol: int
    source_port: int
    destination_port: int
    action: str
    priority: int


class Charon(Daemon):
    """A running charon; `loads` gives it configuration files as an administrator would."""

    def __init__(self, machine: Machine, folder: Path, kernel: str = _KERNEL) -> None:
        super().__init__(machine, folder)
        self._kernel = kernel
        self.socket = f"unix://{folder}/vici"

    def start(self, settings: str = "") -> None:
        """Start the daemon, with more settings for strongswan.conf if given, and wait until it is ready."""
        for name in (*_FOLDERS, *_MORE_FOLDERS):
            (self.folder / "swanctl" / name).mkdir(parents=True, exist_ok=True)
        (self.folder / "swanctl" / "swanctl.conf").write_text("include conf.d/*.conf\n")
        self._write_settings(settings)
        self.spawn("mount -t tmpfs none /run", daemon())
        self.wait_for(_READY)

    def _write_settings(self, more: str) -> None:
        body = (
            f"load_modular = no\nload = {_PLUGINS} {self._kernel} socket-default vici updown\n"
            "filelog { log { path = /dev/stdout\n default = 1\n cfg = 2\n flush_line = yes } }\n"
            f"plugins {{ vici {{ socket = {self.socket} }}\n kernel-libipsec {{ allow_peer_ts = yes }} }}\n"
        )
        text = f"charon {{ {body} }}\ncharon-systemd {{ {body} }}\nswanctl {{ }}\n{more}\n"
        (self.folder / "strongswan.conf").write_text(text)

    def environment(self) -> dict[str, str]:
        """Return the variables by which charon and swanctl find their files."""
        return {"STRONGSWAN_CONF": str(self.folder / "strongswan.conf"), "SWANCTL_DIR": str(self.folder / "swanctl")}

    def swanctl(self, *arguments: str) -> str:
        """Run swanctl and return what it printed; a failure raises."""
        done = self.run("swanctl", *arguments, "--uri", self.socket)
        if done.returncode:
            raise RuntimeError(f"swanctl {' '.join(arguments)} gave {done.returncode}: {done.stdout}{done.stderr}")
        return done.stdout

    def install(self, files: Iterable[OutputFile]) -> None:
        """Put emitted files where an administrator would."""
        for file in files:
            if file.path.endswith(("swanctl.conf", "secrets.conf")):
                path = self.folder / "swanctl" / "conf.d" / file.path
                path.write_bytes(file.content)
                path.chmod(0o600 if file.secret else 0o644)

    def loads(self, files: Iterable[OutputFile]) -> str:
        """Install `files`, load them, and return what charon said meanwhile; what it could not do raises."""
        self.install(files)
        printed = self.swanctl("--load-all", "--noprompt")
        said = self.wait_for(r"vici client \d+ disconnected")
        problems = [line for line in (printed + said).splitlines() if re.search(r"fail|invalid|unsupported", line)]
        if problems:
            raise RuntimeError("\n".join(problems))
        return said

    def policies(self) -> list[KernelPolicy]:
        """Return the kernel's policies in the machine, without those of charon's own sockets."""
        return list(_kernel_policies(self.machine.ip("xfrm", "policy")))


_SELECTOR: Final = re.compile(r"src (\S+) dst (\S+)(?: proto (\S+))?(?: sport (\d+))?(?: dport (\d+))?")
_POLICY: Final = re.compile(r"dir (\w+)(?: action (\w+))?.* priority (\d+)")


def _kernel_policies(text: str) -> Iterator[KernelPolicy]:
    for block in re.split(r"^(?=src )", text, flags=re.MULTILINE):
        selector, policy = _SELECTOR.match(block), _POLICY.search(block)
        if selector is None or policy is None or "socket" in block:
            continue
        action = "protect" if "tmpl" in block else (policy[2] or "allow")
        sport, dport = (-1 if port is None else int(port) for port in (selector[4], selector[5]))
        protocol, priority = _protocol(selector[3] or "0"), int(policy[3])
        yield KernelPolicy(policy[1], selector[1], selector[2], protocol, sport, dport, action, priority)


def _protocol(name: str) -> int:
    return int(name) if name.isdecimal() else socket.getprotobyname(name)


def daemon() -> str:
    """Return the path of charon, or an empty string."""
    return next((path for path in _DAEMONS if Path(path).exists()), "")


def missing_charon() -> str:
    """Return why no charon can be started here, or an empty string when it can."""
    if not daemon():
        return "no charon is installed"
    return "" if shutil.which("swanctl") else "swanctl is not installed"


@contextmanager
def open_charon(machine: Machine, settings: str = "", kernel: str = _KERNEL) -> Iterator[Charon]:
    """Give a charon in `machine`; it is gone afterwards, with its files and policies."""
    with tempfile.TemporaryDirectory(prefix="charon-") as folder:
        charon = Charon(machine, Path(folder), kernel)
        try:
            charon.start(settings)
            yield charon
        finally:
            charon.stop()
            machine.ip("xfrm", "policy", "flush")
