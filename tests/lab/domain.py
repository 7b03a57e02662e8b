"""An Active Directory domain in a machine of the lab: Samba as its only domain controller, with LDAP and Kerberos.

A freshly provisioned domain holds the three IPsec policies that every domain of Microsoft's begins with. The machine
has nothing but its loopback interface, and only commands that `DomainController.run` starts find the domain's name.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, EllipticCurvePrivateKey, generate_private_key
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID

from lab.daemon import Daemon
from lab.harness import Machine, run

REALM: Final = "LAB.TEST"
DOMAIN: Final = "lab.test"
HOST: Final = f"dc1.{DOMAIN}"
BASE: Final = "DC=lab,DC=test"
CONTAINER: Final = f"CN=IP Security,CN=System,{BASE}"
ADMINISTRATOR: Final = f"Administrator@{DOMAIN}"
PASSWORD: Final = "Passw0rd!23"

_TOOLS: Final = ("samba", "samba-tool", "ldbsearch", "ldapsearch", "ldapmodify", "kinit", "ip", "unshare")
_PROVISIONING: Final = Path("/usr/share/samba/setup/provision.ldif")
_READY: Final = r"listening on ncacn_ip_tcp endpoint \[127.0.0.1\]:\[135\]"
_SETTINGS: Final = {
    "interfaces": "lo",
    "bind interfaces only": "yes",
    "server services": "ldap, cldap, kdc, rpc",
    "ldap server require strong auth": "allow_sasl_over_tls",
}


def missing_domain() -> str:
    """Return why there can be no domain here, or an empty string when there can."""
    if os.geteuid() != 0:
        return "the lab needs root"
    tools = [tool for tool in _TOOLS if shutil.which(tool) is None]
    if not _PROVISIONING.exists():
        tools.append("samba-ad-provision")
    return f"the domain needs {', '.join(tools)}" if tools else ""


class DomainController(Daemon):
    """A running domain controller; `folder` holds its databases, `authority` is who issued its certificate."""

    def __init__(self, machine: Machine, folder: Path) -> None:
        super().__init__(machine, folder)
        self.authority = folder / "authority.pem"
        self.stranger = folder / "stranger.pem"
        self.database = folder / "private" / "sam.ldb"

    def environment(self) -> dict[str, str]:
        """Return the variables by which Kerberos finds the domain; they are for the commands, too."""
        return {
            "KRB5_CONFIG": str(self.folder / "krb5.conf"),
            "KRB5CCNAME": f"FILE:{self.folder / 'tickets'}",
            "LDAPTLS_CACERT": str(self.authority),
            "PYTHONDONTWRITEBYTECODE": "1",
        }

    def start(self) -> None:
        """Provision the domain, start the daemon and wait until it answers."""
        self._write_settings()
        self._write_certificates()
        self._provision()
        options = [f"--option={name}={value}" for name, value in _SETTINGS.items()]
        tls = {"tls certfile": "server.pem", "tls keyfile": "server.key", "tls cafile": "authority.pem"}
        options += [f"--option={name}={self.folder / file}" for name, file in tls.items()]
        self.spawn(
            "mount -t tmpfs none /run && mount -t tmpfs none /var/log && mkdir -p /run/samba /var/log/samba",
            *("samba", "-i", "--debug-stdout", "-d4", "-M", "single", "-s", self._configuration(), *options),
            f"--option=pid directory={self.folder}",
        )
        self.wait_for(_READY, seconds=120)

    def _configuration(self) -> str:
        return str(self.folder / "etc" / "smb.conf")

    def _write_settings(self) -> None:
        realm = f"[realms]\n{REALM} = {{\nkdc = 127.0.0.1\n}}\n[domain_realm]\n.{DOMAIN} = {REALM}\n"
        defaults = f"[libdefaults]\ndefault_realm = {REALM}\ndns_lookup_kdc = false\nrdns = false\n"
        (self.folder / "krb5.conf").write_text(f"{defaults}dns_canonicalize_hostname = false\n{realm}")
        (self.folder / "hosts").write_text(f"127.0.0.1 {HOST} other.{DOMAIN} localhost\n")

    def _provision(self) -> None:
        domain = ("--realm", REALM, "--domain=LAB", "--server-role=dc", "--dns-backend=NONE")
        host = ("--host-name=dc1", "--host-ip=127.0.0.1", f"--adminpass={PASSWORD}", f"--targetdir={self.folder}")
        options = [f"--option={name}={value}" for name, value in _SETTINGS.items() if "interfaces" in name]
        self.must("samba-tool", "domain", "provision", *domain, *host, *options)
        for service in (f"ldap/{HOST}", f"ldap/{HOST}/{DOMAIN}"):
            self.must("samba-tool", "spn", "add", service, "DC1$", "-s", self._configuration())

    def _write_certificates(self) -> None:
        authority, key = _certificate("Lab authority", None)
        certificate, own = _certificate(HOST, (authority, key))
        self.authority.write_bytes(authority.public_bytes(Encoding.PEM))
        self.stranger.write_bytes(_certificate("Another authority", None)[0].public_bytes(Encoding.PEM))
        (self.folder / "server.pem").write_bytes(certificate.public_bytes(Encoding.PEM))
        secret = self.folder / "server.key"
        secret.touch(0o600)
        secret.write_bytes(own.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))

    def run(self, *command: str, **variables: str) -> subprocess.CompletedProcess[str]:
        """Run a command in the machine, where the names of the domain are known; `variables` are more of its own."""
        mount = f'mount --bind {self.folder / "hosts"} /etc/hosts && exec "$0" "$@"'
        inside = ("ip", "netns", "exec", self.machine.name, "unshare", "-m", "sh", "-c", mount, *command)
        environment = {**os.environ, **self.environment(), **variables}
        return subprocess.run(
            inside, env=environment, capture_output=True, text=True, check=False, stdin=subprocess.DEVNULL
        )

    def must(self, *command: str) -> str:
        """Run a command and return what it printed; a failure raises."""
        done = self.run(*command)
        if done.returncode:
            raise RuntimeError(f"{' '.join(command)} gave {done.returncode}: {done.stdout}{done.stderr}")
        return done.stdout

    def log_in(self) -> None:
        """Get a Kerberos ticket for the administrator."""
        mount = f'mount --bind {self.folder / "hosts"} /etc/hosts && exec "$0" "$@"'
        inside = ("ip", "netns", "exec", self.machine.name, "unshare", "-m", "sh", "-c", mount)
        environment = {**os.environ, **self.environment()}
        done = subprocess.run(
            (*inside, "kinit", f"Administrator@{REALM}"),
            env=environment,
            input=PASSWORD + "\n",
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode:
            raise RuntimeError(f"kinit gave {done.returncode}: {done.stderr}")


def _certificate(
    name: str, issuer: tuple[x509.Certificate, EllipticCurvePrivateKey] | None
) -> tuple[x509.Certificate, EllipticCurvePrivateKey]:
    """Return a certificate for `name`, of an authority unless another one issues it."""
    key, now = generate_private_key(SECP256R1()), datetime.now(UTC)
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    builder = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject if issuer is None else issuer[0].subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=30))
        .add_extension(x509.BasicConstraints(ca=issuer is None, path_length=None), critical=True)
    )
    if issuer is not None:
        builder = builder.add_extension(x509.SubjectAlternativeName([x509.DNSName(name)]), critical=False)
    return builder.sign(key if issuer is None else issuer[1], SHA256()), key


@contextmanager
def open_domain() -> Iterator[DomainController]:
    """Give a domain of its own; it is gone afterwards."""
    machine = Machine(f"ipsecmig{os.getpid()}-domain")
    run("ip", "netns", "add", machine.name)
    try:
        machine.ip("link", "set", "lo", "up")
        with TemporaryDirectory(prefix="ipsecmig-domain-") as folder:
            controller = DomainController(machine, Path(folder))
            try:
                controller.start()
                yield controller
            finally:
                controller.stop()
    finally:
        run("ip", "netns", "del", machine.name)
