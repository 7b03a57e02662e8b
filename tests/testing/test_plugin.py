"""The fixtures reach users through pytest's entry points, and cost nothing where nobody asks for them."""

from __future__ import annotations

import subprocess
import sys
import tomllib
from pathlib import Path

CHECKOUT = Path(__file__).resolve().parents[2]

USERS_TEST = """
import sys

HEAVY = {"spnego", "cryptography", "ipsecmig.testing.winrm", "ipsecmig.testing.host", "http.server"}

def test_nothing_is_loaded_before_it_is_wanted():
    assert not HEAVY & set(sys.modules)

def test_a_host(winrm_servers, winrm_authority):
    from ipsecmig.testing.host import Host
    from ipsecmig.testing.winrm import Account, Settings, Tls
    server = winrm_servers(Host(), Settings((Account("admin", "secret"),), tls=Tls(winrm_authority.server())))
    assert server.url.startswith("https://127.0.0.1:")
    assert "secret" not in repr(server.settings)
"""


def test_a_user_gets_the_fixtures(tmp_path: Path) -> None:
    (tmp_path / "test_users.py").write_text(USERS_TEST, encoding="utf-8")
    command = (sys.executable, "-m", "pytest", "-q", "-p", "ipsecmig.testing.plugin", "-p", "no:cacheprovider", ".")
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "2 passed" in done.stdout


def test_pytest_finds_the_plugin_by_its_own_name() -> None:
    project = tomllib.loads((CHECKOUT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    # The name is that of the module, so that `-p` with an installed ipsecmig does not register it twice.
    assert project["entry-points"]["pytest11"] == {"ipsecmig.testing.plugin": "ipsecmig.testing.plugin"}
    assert {"testing", "kerberos"} <= set(project["optional-dependencies"])
