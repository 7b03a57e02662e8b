"""Many hosts in one run: who is asked, how many at a time, and what is there already."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import replace
from pathlib import Path
from typing import Final, NamedTuple, TypeVar

from ipsecmig.errors import InputError, UsageError
from ipsecmig.remote import inventory_messages as messages
from ipsecmig.remote.deadline import Stop
from ipsecmig.remote.evidence import MANIFEST, is_evidence, read_evidence
from ipsecmig.remote.inventory import ListedHost
from ipsecmig.remote.target import HostResult, HostTarget, Status, Transport, parse_target

Item = TypeVar("Item")
Result = TypeVar("Result")

DEFAULT_JOBS: Final = 8


class Campaign(NamedTuple):
    """All hosts, those still to be asked, and what is known of those whose evidence is there."""

    targets: tuple[HostTarget, ...]
    waiting: tuple[HostTarget, ...]
    kept: tuple[HostResult, ...]


def plan(targets: Sequence[HostTarget], folder: Path, *, again: bool) -> Campaign:
    """Return who is to be asked: those whose evidence below `folder` is not whole, or with `again` all.

    Raises UsageError where two hosts would share a folder.
    """
    folders: dict[str, HostTarget] = {}
    for target in targets:
        other = folders.setdefault(target.folder_name, target)
        if other is not target:
            raise UsageError(f"two hosts would share the folder {target.folder_name}: name one of them otherwise")
    whole = set() if again else {target for target in targets if is_whole(folder / target.folder_name, target)}
    kept = (
        HostResult(target, Status.KEPT, 0, folder / target.folder_name / MANIFEST)
        for target in targets
        if target in whole
    )
    return Campaign(tuple(targets), tuple(target for target in targets if target not in whole), tuple(kept))


def is_whole(folder: Path, target: HostTarget) -> bool:
    """Whether a folder holds the evidence of this very host, unchanged."""
    if not is_evidence(folder):
        return False
    try:
        endpoint = read_evidence(folder).manifest.endpoint
    except InputError:
        return False
    return (endpoint.host, endpoint.port, endpoint.scheme) == (target.host, target.port, target.scheme)


def target_of(
    listed: ListedHost, transport: Transport, *, plain: bool, port: int | None, authority: Path | None
) -> HostTarget:
    """Return how a host of a list is asked; what the list leaves open is as given here.

    Raises InputError for an address, a transport or a scheme that makes none.
    """
    try:
        chosen = transport if listed.transport is None else Transport(listed.transport)
    except ValueError:
        wanted = f"one of {', '.join(Transport)}"
        said = messages.VALUE.say(listed.origin, variable="ansible_winrm_transport", wanted=wanted)
        raise InputError((said,)) from None
    http = plain if listed.scheme is None else listed.scheme == "http"
    try:
        target = parse_target(listed.address, chosen, plain=http, port=listed.port or port, authority=authority)
    except UsageError as failure:
        raise InputError((messages.SYNTAX.say(listed.origin, reason=str(failure)),)) from None
    return target if listed.name == listed.address else replace(target, label=listed.name)


def members(listed: Iterable[ListedHost], groups: Sequence[str]) -> tuple[ListedHost, ...]:
    """Return the hosts that are in one of `groups`, or all without groups. Raises UsageError for an unknown group."""
    hosts = tuple(listed)
    for group in groups:
        if not any(group in host.groups for host in hosts):
            raise UsageError(f'--group: no host of the list is in the group "{group}"')
    return tuple(host for host in hosts if not groups or host.groups.intersection(groups))


def run_each(items: Iterable[Item], work: Callable[[Item], Result], jobs: int, stop: Stop) -> Iterator[Result]:
    """Yield what `work` gives for each of `items`, as it comes, with at most `jobs` of them in work at a time.

    An exception of `work`, and one that is thrown here such as KeyboardInterrupt, ends the run: `stop` is set, what has
    not begun is dropped, and what has is waited for.
    """
    with ThreadPoolExecutor(jobs) as pool:
        futures = [pool.submit(work, item) for item in items]
        try:
            for future in as_completed(futures):
                yield future.result()
        except BaseException:
            stop.set()
            for future in futures:
                future.cancel()
            raise
