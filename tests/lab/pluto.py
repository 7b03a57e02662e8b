"""A private pluto, the daemon of libreswan, inside a machine of the lab: its own files and socket, nothing installed.

Debian's package excludes that of strongSwan, so it is unpacked beside (`make libreswan`). It needs a kernel with ESP.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from lab.daemon import Daemon
from lab.harness import Machine, run

_PROGRAMS: Final = "/usr/libexec/ipsec"
"""Where pluto looks for what it starts."""


def unpacked() -> Path:
    """Return where the package is unpacked, or would be."""
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "ipsecmig" / "libreswan"


def missing_pluto() -> str:
    """Return why no pluto can be started here, or an empty string when it can."""
    return (
        "" if (unpacked() / f"{_PROGRAMS[1:]}/pluto").exists() else "libreswan is not there (as root: make libreswan)"
    )


class Pluto(Daemon):
    """A running pluto."""

    def start(self, connections: str, secrets: str) -> None:
        """Start the daemon with the `conn` sections of an ipsec.conf and an ipsec.secrets; wait until it listens."""
        for name in ("nss", "run", "d"):
            (self.folder / name).mkdir()
        database = f"sql:{self.folder}/nss"
        run("certutil", "-N", "-d", database, "--empty-password")
        (self.folder / "conf").write_text(f"config setup\n\tikev1-policy=accept\n{connections}")
        (self.folder / "secrets").write_text(secrets)
        places = {"config": "conf", "dumpdir": "", "rundir": "run", "nssdir": "nss", "secretsfile": "secrets"}
        options = [word for name, path in places.items() for word in (f"--{name}", str(self.folder / path))]
        own = ("--nofork", "--stderrlog", "--use-xfrm", "--nhelpers", "0", "--no-dnssec")
        mount = f"exec 2>&1 && mount --bind {unpacked()}/usr/libexec /usr/libexec"
        self.spawn(mount, f"{_PROGRAMS}/pluto", *options, *own)
        self.wait_for("loading secrets from")

    def initiate(self, connection: str) -> None:
        """Let it begin, without waiting for what comes of it."""
        socket = ("--ctlsocket", str(self.folder / "run" / "pluto.ctl"))
        self.run(f"{unpacked()}{_PROGRAMS}/whack", *socket, "--name", connection, "--initiate", "--asynchronous")


@contextmanager
def open_pluto(machine: Machine, connections: str, secrets: str) -> Iterator[Pluto]:
    """Give a pluto in `machine`; it is gone afterwards, with its files, policies and SAs."""
    with tempfile.TemporaryDirectory(prefix="pluto-") as folder:
        pluto = Pluto(machine, Path(folder))
        try:
            pluto.start(connections, secrets)
            yield pluto
        finally:
            pluto.stop()
            for what in ("policy", "state"):
                machine.ip("xfrm", what, "flush")
