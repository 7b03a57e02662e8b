"""A Kerberos realm on loopback: MIT's own key distribution center, with principals that live as long as a test."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Final

from ipsecmig.errors import UsageError

_PROGRAMS: Final = ("kdb5_util", "kadmin.local", "krb5kdc", "kinit")
_SYSTEM_PROGRAMS: Final = "/usr/sbin:/sbin:/usr/local/sbin"
_READY: Final = "commencing operation"

_CLIENT: Final = """[libdefaults]
 default_realm = {realm}
 dns_lookup_kdc = false
 dns_lookup_realm = false
 dns_canonicalize_hostname = false
 rdns = false
[realms]
 {realm} = {{
  kdc = 127.0.0.1:{port}
 }}
[domain_realm]
 localhost = {realm}
"""

_SERVER: Final = """[kdcdefaults]
 kdc_listen = 127.0.0.1:{port}
 kdc_tcp_listen = 127.0.0.1:{port}
[realms]
 {realm} = {{
  database_name = {folder}/principal
  key_stash_file = {folder}/stash
  acl_file = {folder}/acl
 }}
[logging]
 kdc = STDERR
"""


def missing_programs() -> tuple[str, ...]:
    """Return the programs of MIT Kerberos that this machine lacks (in Debian: krb5-kdc krb5-admin-server krb5-user)."""
    return tuple(name for name in _PROGRAMS if _program(name) is None)


def _program(name: str) -> str | None:
    return shutil.which(name) or shutil.which(name, path=_SYSTEM_PROGRAMS)


class Realm:
    """A realm in a folder of its own, from `start` to `close`, or in a `with` statement.

    `environment` is what clients and servers of the realm need in theirs; `keytab` holds the keys of its services.
    """

    def __init__(self, folder: Path, name: str = "LAB.TEST") -> None:
        """Describe the realm. Raises UsageError where a program is missing."""
        missing = missing_programs()
        if missing:
            packages = "krb5-kdc krb5-admin-server krb5-user"
            raise UsageError(f"a Kerberos realm needs {', '.join(missing)}; in Debian: apt-get install {packages}")
        self.name = name
        self.keytab = folder / "keytab"
        self._folder = folder
        self._kdc: subprocess.Popen[str] | None = None
        self.environment: Mapping[str, str] = {
            "KRB5_CONFIG": str(folder / "krb5.conf"),
            "KRB5_KDC_PROFILE": str(folder / "kdc.conf"),
            "KRB5CCNAME": f"FILE:{folder / 'tickets'}",
        }

    def __enter__(self) -> Realm:
        self.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, value: BaseException | None, at: TracebackType | None) -> None:
        self.close()

    def start(self) -> None:
        """Make the database and start the center; when this returns it answers."""
        values = {"realm": self.name, "folder": self._folder, "port": _free_port()}
        (self._folder / "krb5.conf").write_text(_CLIENT.format(**values), encoding="utf-8")
        (self._folder / "kdc.conf").write_text(_SERVER.format(**values), encoding="utf-8")
        self._run("kdb5_util", "create", "-s", "-r", self.name, "-P", "master")
        self._kdc = subprocess.Popen(
            [str(_program("krb5kdc")), "-n"],
            env={**os.environ, **self.environment},
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
        )
        said = self._kdc.stderr
        if said is None or not any(_READY in line for line in said):
            raise OSError("the key distribution center does not start")

    def close(self) -> None:
        """Stop the center."""
        if self._kdc is not None:
            self._kdc.terminate()
            self._kdc.communicate()
            self._kdc = None

    def add_user(self, name: str, password: str) -> str:
        """Make a principal with a password, and return its full name."""
        self._admin(f"addprinc -pw {password} {name}")
        return f"{name}@{self.name}"

    def add_service(self, host: str, service: str = "HTTP") -> None:
        """Make the principal of a service on a host, and put its key into the keytab."""
        principal = f"{service}/{host}"
        self._admin(f"addprinc -randkey {principal}", f"ktadd -k {self.keytab} {principal}")

    def take_ticket(self, name: str, password: str) -> None:
        """Get a ticket for a principal into the cache that the environment names."""
        self._run("kinit", name, said=f"{password}\n")

    def _admin(self, *commands: str) -> None:
        self._run("kadmin.local", "-r", self.name, said="".join(f"{command}\n" for command in commands))

    def _run(self, program: str, *arguments: str, said: str = "") -> None:
        done = subprocess.run(
            [str(_program(program)), *arguments],
            env={**os.environ, **self.environment},
            input=said,
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode != 0:
            raise OSError(f"{program} failed: {done.stderr.strip()}")


def _free_port() -> int:
    """Return a port of loopback that nobody listens on, neither over TCP nor over UDP."""
    with socket.create_server(("127.0.0.1", 0)) as stream, socket.socket(type=socket.SOCK_DGRAM) as datagrams:
        port: int = stream.getsockname()[1]
        datagrams.bind(("127.0.0.1", port))
        return port
