"""Many hosts in one run: how many at a time, who is asked again, and how a run ends early."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from extraction import BOB, LIMITS, by_password, secure_server

from ipsecmig.errors import InputError, UsageError
from ipsecmig.remote.campaign import members, plan, run_each, target_of
from ipsecmig.remote.deadline import Stop
from ipsecmig.remote.evidence import read_evidence
from ipsecmig.remote.extraction import extract_host
from ipsecmig.remote.inventory import ListedHost
from ipsecmig.remote.target import HostResult, HostTarget, Status, Transport
from ipsecmig.testing.winrm import Settings, WinrmServer
from ipsecmig.testing.winrm.script import Cut, Garbage, Misdeed, Script, When


def test_no_more_than_so_many_at_a_time() -> None:
    lock, seen, now = threading.Lock(), [], 0
    meeting = threading.Barrier(3)

    def work(item: int) -> int:
        nonlocal now
        with lock:
            now += 1
            seen.append(now)
        meeting.wait(30)
        with lock:
            now -= 1
        return item

    assert sorted(run_each(range(9), work, 3, Stop())) == list(range(9))
    assert max(seen) == 3


def test_an_interruption_stops_those_at_work_and_drops_the_rest() -> None:
    stop, begun = Stop(), list[int]()

    def work(item: int) -> int:
        begun.append(item)
        if item > 0:
            assert stop.wait(30)
        return item

    def interrupted() -> Iterator[int]:
        for result in run_each(range(50), work, 2, stop):
            yield result
            raise KeyboardInterrupt

    found = interrupted()
    assert next(found) == 0
    with pytest.raises(KeyboardInterrupt):
        next(found)
    del found
    assert stop.is_set
    assert len(begun) < 50


@pytest.mark.parametrize(
    ("listed", "expected"),
    [
        (ListedHost("a", "a"), HostTarget("a", 5986, "https", Transport.NTLM)),
        (ListedHost("a", "10.0.0.5"), HostTarget("10.0.0.5", 5986, "https", Transport.NTLM, label="a")),
        (ListedHost("a", "a", 99, "kerberos", "http"), HostTarget("a", 99, "http", Transport.KERBEROS)),
        (ListedHost("fd00::5", "fd00::5", 99), HostTarget("fd00::5", 99, "https", Transport.NTLM)),
    ],
)
def test_a_listed_host_is_asked_as_the_list_says(listed: ListedHost, expected: HostTarget) -> None:
    assert target_of(listed, Transport.NTLM, plain=False, port=None, authority=None) == expected


@pytest.mark.parametrize(
    "listed",
    [ListedHost("a", "a", transport="ssh"), ListedHost("a", "a b"), ListedHost("a", "a", None, "basic", "http")],
)
def test_a_listed_host_that_cannot_be_asked_is_a_mistake_in_the_list(listed: ListedHost) -> None:
    with pytest.raises(InputError):
        target_of(listed, Transport.NTLM, plain=False, port=None, authority=None)


def test_groups_choose_hosts() -> None:
    hosts = [ListedHost(name, name, groups=frozenset({"all", group})) for name, group in ("ax", "by", "cx")]
    assert [one.name for one in members(hosts, ["x"])] == ["a", "c"]
    assert len(members(hosts, [])) == len(members(hosts, ["x", "y"])) == 3
    with pytest.raises(UsageError, match="nobody"):
        members(hosts, ["nobody"])


def test_two_hosts_never_share_a_folder(tmp_path: Path) -> None:
    twins = [HostTarget("10.0.0.1", label="SRV"), HostTarget("10.0.0.2", label="srv")]
    with pytest.raises(UsageError, match="srv"):
        plan(twins, tmp_path, again=False)


def test_whole_evidence_is_kept_and_anything_else_asked_for_again(tmp_path: Path) -> None:
    with WinrmServer(secure_server(), Settings((BOB,))) as server:
        target = HostTarget("localhost", server.port, "http", label="srv")
        extract_host(target, by_password(), LIMITS, tmp_path)
    other = HostTarget("localhost", 1, "http", label="other")
    campaign = plan([other, target], tmp_path, again=False)
    assert campaign.waiting == (other,)
    assert [(one.host, one.status) for one in campaign.kept] == [("srv", Status.KEPT)]
    assert plan([target], tmp_path, again=True).waiting == (target,)
    moved = HostTarget("localhost", 1, "http", label="srv")
    assert plan([moved], tmp_path, again=False).waiting == (moved,)
    (tmp_path / "srv" / "show-all.out").write_bytes(b"changed")
    assert plan([target], tmp_path, again=False).waiting == (target,)


FAULTS: tuple[Misdeed, ...] = (
    Cut(When.BEFORE),
    Cut(When.MIDDLE),
    Cut(When.AFTER),
    Garbage(b"<html>"),
)
HOSTS = 200


@pytest.mark.slow
def test_of_two_hundred_hosts_with_faults_all_finish_and_the_sane_ones_are_whole(tmp_path: Path) -> None:
    """Every tenth host does something wrong at every message from its third on."""
    sane = secure_server()
    faulty: dict[int, Script] = {
        number: dict.fromkeys(range(3, 200), FAULTS[number // 10 % len(FAULTS)]) for number in range(0, HOSTS, 10)
    }
    limits = LIMITS._replace(attempts=2, operation=60, total=300)
    with ExitStack() as running:
        servers = [
            running.enter_context(WinrmServer(sane, Settings((BOB,), script=faulty.get(number, {}))))
            for number in range(HOSTS)
        ]
        targets = [
            HostTarget("localhost", server.port, "http", label=f"h{number:03}") for number, server in enumerate(servers)
        ]

        def work(target: HostTarget) -> HostResult:
            return extract_host(target, by_password(), limits, tmp_path)

        results = {one.host: one for one in run_each(targets, work, 8, Stop())}
    assert len(results) == HOSTS
    failed = {name for name, one in results.items() if one.status is Status.FAILED}
    assert failed == {f"h{number:03}" for number in faulty}
    assert {path.name for path in tmp_path.iterdir()} == set(results) - failed
    assert all(len(read_evidence(path).manifest.commands) > 5 for path in tmp_path.iterdir())
