"""A real Active Directory: its three default policies dumped and read live, and our own LDIF loaded into it."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterator
from pathlib import Path
from subprocess import CompletedProcess

import pytest

from ipsecmig.cli.credentials import DIRECTORY_PASSWORD
from ipsecmig.dialects import registry
from ipsecmig.dialects.base import ReadOptions, Source
from ipsecmig.dialects.ldif.entries import Role
from ipsecmig.dialects.ldif.records import Reader
from ipsecmig.emit.ldif import RESTORE, ROLLBACK
from ipsecmig.model.policy import Action, AhTransform, EspTransform, Kerberos, PolicyStore, StoreKind, StoreLocation
from ipsecmig.model.selectors import ANY, ICMP, ME
from ipsecmig.stored.blobs import PARSERS
from lab.domain import (
    ADMINISTRATOR,
    BASE,
    CONTAINER,
    DOMAIN,
    HOST,
    PASSWORD,
    DomainController,
    missing_domain,
    open_domain,
)

pytestmark = pytest.mark.lab

LIVE = (f"ldaps://{HOST}", f"ldap://{HOST}")
CLIENT, SERVER, SECURE = "Client (Respond Only)", "Server (Request Security)", "Secure Server (Require Security)"
SAMPLE = Path(__file__).parents[2] / "samples" / "recommended" / "web-to-database-web-server.cmd"


@pytest.fixture(scope="module")
def domain() -> Iterator[DomainController]:
    reason = missing_domain()
    if reason:
        pytest.skip(reason)
    with open_domain() as controller:
        yield controller


def ipsecmig(
    domain: DomainController, *arguments: str, user: str | None = ADMINISTRATOR, password: str = PASSWORD
) -> CompletedProcess[str]:
    """Run the program in the domain, logging in as `user`, or with a ticket."""
    who = () if user is None else ("--user", user)
    variables = {DIRECTORY_PASSWORD: password, "PYTHONPATH": os.pathsep.join(sys.path)}
    return domain.run(sys.executable, "-m", "ipsecmig", *arguments, *who, **variables)


def live_store(domain: DomainController, url: str, user: str | None = ADMINISTRATOR) -> object:
    """Return the store that is read live as JSON, without the places in which things stand."""
    shown = ipsecmig(domain, "show", url, "--format", "json", "--ca-file", str(domain.authority), user=user)
    assert shown.returncode == 0, shown.stderr
    return without_places(json.loads(shown.stdout))


def without_places(value: object) -> object:
    if isinstance(value, dict):
        return {key: without_places(one) for key, one in value.items() if key not in {"origin", "sources"}}
    return [without_places(one) for one in value] if isinstance(value, list) else value


def ldapsearch(domain: DomainController, *arguments: str, user: str = ADMINISTRATOR, password: str = PASSWORD) -> str:
    who = ("-x", "-ZZ", "-H", f"ldap://{HOST}", "-D", user, "-w", password)
    return domain.must("ldapsearch", *who, "-b", CONTAINER, *arguments)


def ldbsearch(domain: DomainController) -> str:
    return domain.must("ldbsearch", "-H", str(domain.database), "-b", CONTAINER)


def dumps(domain: DomainController) -> dict[str, str]:
    plain, bare = ldapsearch(domain), ldapsearch(domain, "-LLL", "-o", "ldif-wrap=no")
    return {"ldbsearch": ldbsearch(domain), "ldapsearch": plain, "ldapsearch, not folded": bare}


def read(text: str) -> PolicyStore:
    reading = registry.read(Source("dump.ldif", text.encode()), ReadOptions())
    assert not [one for one in reading.diagnostics if one.severity.label == "error"]
    return reading.store


def test_every_tool_dumps_the_same_three_policies(domain: DomainController) -> None:
    stores = [read(text) for text in dumps(domain).values()]
    assert [{policy.name for policy in store.policies} for store in stores] == [{CLIENT, SERVER, SECURE}] * 3
    for kind in ("policies", "filter_lists", "filter_actions"):
        named = [{one.name: one for one in getattr(store, kind)} for store in stores]
        assert named[0] == named[1] == named[2]
    assert not any(store.not_understood for store in stores)


def test_they_are_what_microsoft_documents(domain: DomainController) -> None:
    """Compare with the descriptions of the predefined policies in the documentation of Windows Server 2003."""
    store = read(ldbsearch(domain))
    policies = {policy.name: policy for policy in store.policies}
    assert all(policy.store == StoreLocation(StoreKind.DOMAIN, DOMAIN) for policy in policies.values())
    assert all(policy.default_response is not None for policy in policies.values())
    assert policies[CLIENT].rules == ()
    for name, action_name, clear in (
        (SERVER, "Request Security (Optional)", True),
        (SECURE, "Require Security", False),
    ):
        rules = {rule.filter_list: rule for rule in policies[name].rules}
        assert set(rules) == {"All ICMP Traffic", "All IP Traffic"}
        assert all(rule.authentication == (Kerberos(),) and rule.tunnel_endpoint is None for rule in rules.values())
        permit = store.filter_action(rules["All ICMP Traffic"].filter_action, policies[name].store)
        protect = store.filter_action(rules["All IP Traffic"].filter_action, policies[name].store)
        assert permit is not None
        assert permit.action is Action.PERMIT
        assert protect is not None
        assert (protect.name, protect.action, protect.soft) == (action_name, Action.NEGOTIATE, clear)
        assert protect.inbound_passthrough
        assert protect.offers
        kinds = {type(transform) for offer in protect.offers for transform in offer.transforms}
        assert kinds == ({EspTransform, AhTransform} if clear else {EspTransform})
    filters = {
        one.name: [(f.source, f.destination, f.protocol, f.mirrored) for f in one.filters] for one in store.filter_lists
    }
    assert filters == {"All ICMP Traffic": [(ME, ANY, ICMP, True)], "All IP Traffic": [(ME, ANY, 0, True)]}


def test_their_blobs_are_written_to_the_same_octets(domain: DomainController) -> None:
    dump = Reader(Source("dump", b""), lambda _: None).read(ldbsearch(domain).encode())
    blobs = [
        (one.named.kind, value)
        for one in dump.entries
        if one.named.role is Role.OBJECT
        for value in one.attributes["ipsecdata"].values
        if isinstance(value, bytes)
    ]
    assert len(blobs) == 22
    assert [PARSERS[kind](data).write() for kind, data in blobs] == [data for _, data in blobs]


@pytest.mark.parametrize("url", LIVE)
@pytest.mark.parametrize("user", [ADMINISTRATOR, "LAB\\Administrator", f"CN=Administrator,CN=Users,{BASE}", None])
def test_the_container_is_read_live(domain: DomainController, url: str, user: str | None) -> None:
    if user is None:
        domain.log_in()
    assert live_store(domain, url, user) == live_store(domain, LIVE[0])


def test_a_live_container_and_its_dump_say_the_same(domain: DomainController, tmp_path: Path) -> None:
    dump = tmp_path / "dump.ldif"
    dump.write_text(ldbsearch(domain))
    for name in (CLIENT, SERVER, SECURE):
        certified = ("--ca-file", str(domain.authority))
        compared = ipsecmig(domain, "diff", LIVE[0], str(dump), "--policy", name, *certified)
        assert compared.returncode == 0, compared.stdout + compared.stderr


@pytest.mark.parametrize("name", [CLIENT, SERVER, SECURE])
def test_they_convert(domain: DomainController, tmp_path: Path, name: str) -> None:
    certified = ("--ca-file", str(domain.authority), "--me", "10.0.0.5", "--fail-on", "never")
    made = ipsecmig(
        domain, "convert", LIVE[0], "--policy", name, "--to", "nftables,netsh", *certified, "-o", str(tmp_path / "out")
    )
    assert made.returncode == 0, made.stdout + made.stderr


@pytest.mark.parametrize(
    ("url", "options", "password", "said"),
    [
        (LIVE[0], ("--ca-file", "authority"), "wrong", "refuses"),
        (LIVE[1], ("--ca-file", "authority"), "wrong", "refuses"),
        (LIVE[0], ("--ca-file", "stranger"), PASSWORD, "cannot be verified"),
        (LIVE[1], ("--ca-file", "stranger"), PASSWORD, "cannot be verified"),
        (LIVE[0], (), PASSWORD, "cannot be verified"),
        (f"ldaps://other.{DOMAIN}", ("--ca-file", "authority"), PASSWORD, "it is for another name"),
        ("ldap://127.0.0.1", ("--ca-file", "authority"), PASSWORD, "it is for another name"),
        (f"{LIVE[0]}/DC=other,DC=test", ("--ca-file", "authority"), PASSWORD, "is not there"),
        (f"{LIVE[0]}:1", ("--ca-file", "authority"), PASSWORD, "cannot be reached"),
        (f"{LIVE[0]}:389", ("--ca-file", "authority"), PASSWORD, "cannot be reached"),
    ],
)
def test_refusals(domain: DomainController, url: str, options: tuple[str, ...], password: str, said: str) -> None:
    files = {"authority": str(domain.authority), "stranger": str(domain.stranger)}
    shown = ipsecmig(domain, "show", url, *(files.get(option, option) for option in options), password=password)
    assert shown.returncode == 2
    assert shown.stdout == ""
    assert said in shown.stderr
    assert password not in shown.stderr
    assert "Traceback" not in shown.stderr


def test_without_a_ticket_there_is_no_way_in(domain: DomainController) -> None:
    domain.run("kdestroy")
    shown = ipsecmig(domain, "show", LIVE[0], "--ca-file", str(domain.authority), user=None)
    assert shown.returncode == 2
    assert "LD105" in shown.stderr


def test_who_may_not_read_is_told(domain: DomainController, tmp_path: Path) -> None:
    clerk, password = f"clerk@{DOMAIN}", "Cl3rk!pass"
    domain.must("samba-tool", "user", "create", "clerk", password, "-s", str(domain.folder / "etc" / "smb.conf"))
    dump = tmp_path / "dump.ldif"
    dump.write_text(ldapsearch(domain, user=clerk, password=password))
    for source, options in ((str(dump), ()), (LIVE[0], ("--ca-file", str(domain.authority)))):
        shown = ipsecmig(domain, "show", source, *options, user=clerk, password=password)
        assert shown.returncode == 2
        assert "LD004" in shown.stderr


def test_what_is_written_is_loaded_and_read_back_live(domain: DomainController, tmp_path: Path) -> None:
    out = tmp_path / "out"
    made = ipsecmig(domain, "convert", str(SAMPLE), "--to", "ldif", "--fail-on", "never", "-o", str(out))
    assert made.returncode == 0, made.stdout + made.stderr
    for name in (RESTORE, ROLLBACK):
        file = out / name
        file.write_bytes(file.read_bytes().replace(b"DC=X", BASE.encode()))
    before = live_store(domain, LIVE[0])
    load(domain, out / RESTORE)
    policy = registry.read(Source("x", SAMPLE.read_bytes()), ReadOptions()).store.policies[0].name
    certified = ("--ca-file", str(domain.authority))
    shown = ipsecmig(domain, "show", LIVE[0], "--format", "json", "--policy", policy, *certified)
    assert shown.returncode == 0, shown.stderr
    (tmp_path / "live.json").write_text(shown.stdout)
    compared = ipsecmig(domain, "diff", str(SAMPLE), str(tmp_path / "live.json"))
    assert compared.returncode == 0, compared.stdout + compared.stderr
    load(domain, out / ROLLBACK)
    assert live_store(domain, LIVE[0]) == before


def load(domain: DomainController, file: Path) -> None:
    """Load LDIF as an administrator does."""
    who = ("-x", "-ZZ", "-H", f"ldap://{HOST}", "-D", ADMINISTRATOR, "-w", PASSWORD)
    domain.must("ldapmodify", *who, "-f", str(file))
