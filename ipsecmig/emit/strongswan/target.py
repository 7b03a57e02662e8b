"""The files for charon, with what they cannot say."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from ipsecmig.emit.strongswan.cells import decide
from ipsecmig.emit.strongswan.children import Child, Children, make_children
from ipsecmig.emit.strongswan.configuration import (
    connection_section,
    secret_sections,
    shunt_connection,
    shunt_sections,
)
from ipsecmig.emit.strongswan.connections import Connection, chunks, connect, contested_secrets, owned_secrets
from ipsecmig.emit.strongswan.demands import demands, refuses_groups
from ipsecmig.emit.strongswan.losses import TARGET_NAME, Outcome, capabilities
from ipsecmig.emit.strongswan.proposals import DEFAULT_KILOBYTES, DEFAULT_SECONDS, can_negotiate
from ipsecmig.emit.strongswan.settings import file_text, section
from ipsecmig.model.accounting import account
from ipsecmig.model.exemptions import MULTICAST
from ipsecmig.model.flatten import FlatPolicy
from ipsecmig.model.selectors import AddressRange, Family
from ipsecmig.model.space import Direction, box
from ipsecmig.model.targets import Emission, EmissionRequest, OutputFile
from ipsecmig.model.treatment import Mode, Protect

CONNECTIONS: Final = "ipsecmig.swanctl.conf"
SECRETS: Final = "ipsecmig.secrets.conf"
DAEMON: Final = "ipsecmig-strongswan.conf"
ROLLBACK: Final = "ipsecmig-rollback.sh"

FILES: Final = {
    CONNECTIONS: "connections, traps and shunts; goes into /etc/swanctl/conf.d",
    SECRETS: "preshared keys, mode 0600; goes into /etc/swanctl/conf.d",
    DAEMON: "settings of charon itself; goes into /etc/strongswan.d before charon starts",
    ROLLBACK: "takes it all away again",
}

_REMEMBERED_EXCHANGES: Final = 3
"""charon's default of max_ikev1_exchanges."""

_MOST_REMEMBERED: Final = 64


@dataclass(frozen=True, slots=True)
class _Result:
    """Everything that goes into the files."""

    connections: tuple[Connection, ...]
    shunts: tuple[Child, ...]
    made: Children
    outcome: Outcome


def emit(request: EmissionRequest) -> Emission:
    """Return the files for /etc/swanctl/conf.d and /etc/strongswan.d, a rollback, and what they cannot say."""
    result = _convert(request.flat)
    losses, exact = account(request, capabilities(result.outcome))
    secrets = list(secret_sections(owned_secrets(result.connections)))
    files = [OutputFile(CONNECTIONS, _connections_file(request, result, has_secrets=bool(secrets)))]
    if secrets:
        body = section("secrets", secrets)
        files.append(
            OutputFile(SECRETS, file_text(request, ("keep this file readable by root only",), body), secret=True)
        )
    files.append(OutputFile(DAEMON, _daemon_file(request, result)))
    files.append(OutputFile(ROLLBACK, _rollback(request, result), executable=True))
    return Emission(TARGET_NAME, tuple(files), losses, exact, tuple(_notes(request.flat, result)))


def _convert(flat: FlatPolicy) -> _Result:
    wanted = demands(flat)
    decisions = decide(wanted)
    made = make_children(decisions.cells, own_known=bool(flat.site.addresses))
    response = flat.default_response
    if response is not None and not can_negotiate(response):
        response = None
    answer = None if response is None else _response_child(made.next_priority, response)
    connections = connect(made.children, answer)
    shunts = tuple(child for child in made.children if child.protect is None)
    outcome = Outcome(
        frozenset(decisions.one_way),
        frozenset(decisions.one_link),
        frozenset(decisions.stopped),
        frozenset(decisions.displacing),
        frozenset(id(source.filter) for one in wanted if refuses_groups(one) for source in one.sources),
        frozenset(made.inexact),
        frozenset(made.endless),
        contested_secrets(wanted),
    )
    return _Result(connections, shunts, made, outcome)


def _response_child(priority: int, response: Protect) -> Child:
    everything = AddressRange.whole(Family.IPV4)
    return Child(
        Mode.TRANSPORT.value,
        box(Direction.OUT, everything, everything),
        "dynamic",
        "dynamic",
        priority,
        "default response",
        "default response rule: answers peers, never asks",
        response,
    )


def _connections_file(request: EmissionRequest, result: _Result, *, has_secrets: bool) -> bytes:
    files = CONNECTIONS if not has_secrets else f"{CONNECTIONS} and {SECRETS}"
    purpose = (
        "",
        f"Put {files} into /etc/swanctl/conf.d and {DAEMON} into /etc/strongswan.d,",
        "restart strongSwan and run `swanctl --load-all`. The lower priority number wins, in the order of Windows.",
        "Traps and shunts last while charon runs: without it, traffic passes in clear.",
    )
    lines = [line for connection in result.connections for line in connection_section(connection)]
    lines.extend(shunt_sections(result.shunts))
    return file_text(request, purpose, section("connections", lines))


def _daemon_file(request: EmissionRequest, result: _Result) -> bytes:
    purpose = ("", "Read when charon starts.")
    return file_text(request, purpose, section("charon", _daemon_lines(result)))


def _daemon_lines(result: _Result) -> Iterator[str]:
    yield "# A policy of Windows changes no route; charon would add one for every tunnel and every pass shunt."
    yield "install_routes = no"
    most = max((len(c.children) for c in result.connections), default=0)
    if most > _REMEMBERED_EXCHANGES:
        yield "# One peer may begin as many quick modes at once as it has filters."
        yield f"max_ikev1_exchanges = {min(most, _MOST_REMEMBERED)}"
    yield "# This plugin lets everything on the local networks pass in clear, whatever the policy says."
    yield from section("plugins", section("bypass-lan", ("load = no",)))


def _rollback(request: EmissionRequest, result: _Result) -> bytes:
    shunts = [shunt_connection(n) for n, _ in enumerate(chunks(result.shunts), start=1)]
    purpose = (
        "",
        "Takes the policy away from charon, after which its traffic passes in clear; may be run again.",
        "Options are handed on to swanctl, for example --uri. SWANCTL_DIR and STRONGSWAN_D name other folders.",
    )
    names = [connection.name for connection in result.connections]
    text = file_text(request, purpose, _rollback_lines(names, [*names, *shunts]))
    return b"#!/bin/sh\n" + text


def _rollback_lines(connections: Sequence[str], everything: Sequence[str]) -> Iterator[str]:
    yield "set -eu"
    yield 'rm -f -- "${SWANCTL_DIR:-/etc/swanctl}/conf.d/' + CONNECTIONS + '" \\'
    yield '  "${SWANCTL_DIR:-/etc/swanctl}/conf.d/' + SECRETS + '" \\'
    yield '  "${STRONGSWAN_D:-/etc/strongswan.d}/' + DAEMON + '"'
    yield f"# swanctl unloads what its files no longer say: {len(everything)} connection(s)"
    yield 'swanctl --load-all --noprompt "$@"'
    for name in connections:
        yield f'swanctl --terminate --ike {name} "$@" >/dev/null 2>&1 || true'


def _notes(flat: FlatPolicy, result: _Result) -> Iterator[str]:
    yield (
        "traps and shunts last while charon runs: when it stops, their traffic passes in clear;"
        " the nftables target is the guard against that"
    )
    if result.shunts and not flat.site.addresses:
        yield "this host's addresses are not known: the shunts would also be met by packets that it forwards"
    if any(c.protect for c in result.made.children) and _has_default_lifetime(result):
        yield f"lifetimes left to Windows' default are written as {DEFAULT_SECONDS} s and {DEFAULT_KILOBYTES} kB"
    if result.made.guarded:
        yield "a tunnel takes packets from one address of this host; those from its other addresses are dropped"
    if any(e.name in {"multicast", "broadcast"} for e in flat.exemptions):
        yield f"packets that claim to come from {MULTICAST.text()} or from a broadcast address are left to the kernel"
    if len(result.connections) > 1:
        yield "a peer that two connections fit is answered by the one whose addresses fit it best"


def _has_default_lifetime(result: _Result) -> bool:
    offers = (o for c in result.made.children if c.protect for o in c.protect.offers)
    return any(o.lifetime_seconds == 0 or o.lifetime_kilobytes == 0 for o in offers)
