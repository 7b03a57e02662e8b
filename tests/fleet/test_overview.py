"""The view of a fleet is the same wherever the work is done, and no preshared key leaves the machine."""

from __future__ import annotations

import os
import pickle
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import Executor, Future
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import ParamSpec, TypeVar

import pytest
from fleet_hosts import EVERY_CODE, KEY, host, script

from ipsecmig.errors import UsageError
from ipsecmig.fleet.executors import SerialExecutor, cluster_executor, local_executor
from ipsecmig.fleet.hosts import FleetHost
from ipsecmig.fleet.overview import ADDRESSES_UNKNOWN, Overview, survey
from ipsecmig.model.inventory import UNKNOWN_SURROUNDINGS
from ipsecmig.model.policy import PolicyStore

P = ParamSpec("P")
Result = TypeVar("Result")
ROOT = Path(__file__).parents[2]

KEYED = script(methods=f"psk={KEY}")


def fleet() -> list[FleetHost]:
    return [
        host("a", script(), "10.0.0.1"),
        host("b", script(name="Andere"), "10.0.0.2"),
        host("c", KEYED, "10.0.0.3"),
        host("d", script(methods="psk=Another-Key"), "10.0.0.4"),
        host("e", KEYED, "10.0.0.5"),
        host("f", script(main="DES-MD5-1")),
    ]


def surveyed(executor: Executor) -> Overview:
    return survey(fleet(), UNKNOWN_SURROUNDINGS, EVERY_CODE, executor)


def test_hosts_with_equal_maps_are_one_group() -> None:
    overview = surveyed(SerialExecutor())
    assert [group.hosts for group in overview.groups] == [("a", "b"), ("c", "e"), ("d",), ("f",)]
    assert overview.groups[0].policies == ("Servers", "Andere")
    keyed = [group.fingerprint for group in overview.groups]
    assert keyed[1] == keyed[2]
    assert len(set(keyed)) == 3
    assert overview.undecided == ()


def test_pairs_that_cannot_agree_are_named_with_those_left_out() -> None:
    overview = surveyed(SerialExecutor())
    found = {frozenset(pair) for one in overview.pairs for pair in one.pairs}
    agree = {frozenset("ab"), frozenset("ce")}
    assert found == {frozenset((x, y)) for x in "abcde" for y in "abcde" if x < y} - agree
    assert {one.disagreement.kind for one in overview.pairs} == {"authentication"}
    assert overview.compared == 10
    assert [(one.reason, one.hosts) for one in overview.not_compared] == [(ADDRESSES_UNKNOWN, ("f",))]


def test_the_rule_that_sees_keys_runs_before_they_are_sealed() -> None:
    overview = surveyed(SerialExecutor())
    weak = {
        name: f.finding.message
        for g in overview.groups
        for f in g.findings
        if f.finding.code == "X12"
        for name in f.hosts
    }
    assert set(weak) == {"c", "d", "e"}
    assert "fewer than" in weak["d"]
    assert "fewer than" not in weak["c"]


def test_a_policy_that_is_not_understood_is_in_no_group() -> None:
    text = script().replace("dstaddr=10.0.0.0 dstmask=24", "dstaddr=dns")
    overview = survey([host("x", text, "10.0.0.9"), *fleet()], UNKNOWN_SURROUNDINGS, EVERY_CODE, SerialExecutor())
    assert [doubt.host for doubt in overview.undecided] == ["x"]
    assert "x" not in {name for group in overview.groups for name in group.hosts}
    assert "x" in {name for one in overview.not_compared for name in one.hosts}


def test_fingerprints_without_keys_are_the_same_in_every_run() -> None:
    again = host("a", script(), "10.7.0.1", file="elsewhere.cmd")
    one, other = (survey([each], UNKNOWN_SURROUNDINGS, frozenset(), SerialExecutor()) for each in (fleet()[0], again))
    assert one.groups[0].fingerprint == other.groups[0].fingerprint


class Recording(Executor):
    """Does everything by way of pickles, as other processes do, and keeps what went over."""

    def __init__(self) -> None:
        self.sent: list[bytes] = []

    def submit(self, fn: Callable[P, Result], /, *args: P.args, **kwargs: P.kwargs) -> Future[Result]:
        self.sent.append(pickle.dumps((fn, args, kwargs)))
        function, there, named = pickle.loads(self.sent[-1])
        answer = pickle.dumps(function(*there, **named))
        self.sent.append(answer)
        future: Future[Result] = Future()
        future.set_result(pickle.loads(answer))
        return future


def test_no_preshared_key_goes_over() -> None:
    recording = Recording()
    assert surveyed(recording) == surveyed(SerialExecutor())
    sent = b"".join(recording.sent)
    assert PolicyStore.__name__.encode() in sent
    assert KEY.encode() not in sent
    assert b"Another-Key" not in sent


def test_processes_of_this_machine_find_the_same() -> None:
    with local_executor(2) as executor:
        assert surveyed(executor) == surveyed(SerialExecutor())


@contextmanager
def _process(module: str, *arguments: str) -> Iterator[subprocess.Popen[str]]:
    command = [sys.executable, "-m", module, *arguments]
    environment = os.environ | {"PYTHONPATH": os.pathsep.join((str(ROOT), str(ROOT / "tests")))}
    with subprocess.Popen(command, env=environment, stderr=subprocess.PIPE, text=True) as process:
        try:
            yield process
        finally:
            process.terminate()


def _line(process: subprocess.Popen[str], pattern: str) -> str:
    assert process.stderr is not None
    for line in process.stderr:
        found = re.search(pattern, line)
        if found:
            return found[1]
    raise AssertionError(f"it ended without a line of {pattern}")


@pytest.fixture(scope="module")
def scheduler() -> Iterator[str]:
    """Give the address of a Dask scheduler with two workers, each a process of its own on loopback."""
    pytest.importorskip("distributed")
    quiet = ("--no-dashboard", "--host", "127.0.0.1")
    with _process("distributed.cli.dask_scheduler", *quiet, "--port", "0") as head:
        address = _line(head, r"Scheduler at:\s+(tcp://\S+)")
        one = ("--nthreads", "1", "--no-nanny", *quiet)
        worker = "distributed.cli.dask_worker"
        with _process(worker, address, *one) as first, _process(worker, address, *one) as second:
            for each in (first, second):
                _line(each, r"(Registered to)")
            yield address


def test_a_cluster_finds_the_same(scheduler: str) -> None:
    with cluster_executor(scheduler) as executor:
        assert surveyed(executor) == surveyed(SerialExecutor())
        assert len({executor.submit(os.getpid).result() for _ in range(8)} - {os.getpid()}) >= 1


def test_a_cluster_that_is_not_there_is_a_mistake_of_the_caller() -> None:
    pytest.importorskip("distributed")
    with pytest.raises(UsageError, match=r"tcp://127\.0\.0\.1:1"), cluster_executor("tcp://127.0.0.1:1", seconds=0.2):
        nullcontext()
