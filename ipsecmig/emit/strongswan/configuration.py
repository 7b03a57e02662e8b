"""The sections of swanctl.conf for connections, shunts and secrets."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Sequence
from typing import Final

from ipsecmig.emit.strongswan.children import Child
from ipsecmig.emit.strongswan.connections import Connection, Owned, chunks, owner_text
from ipsecmig.emit.strongswan.distinguished import ca_identity
from ipsecmig.emit.strongswan.proposals import (
    child_lifetime,
    child_proposals,
    ike_proposals,
    main_mode_lifetime,
)
from ipsecmig.emit.strongswan.settings import quoted, secret_value, section
from ipsecmig.model.policy import Certificate, PresharedKey
from ipsecmig.model.treatment import Mode

NOBODY: Final = "CN=ipsecmig: choose an authentication method"
"""The identity asked of a peer where charon has none of the policy's methods: no certificate bears it."""

_NO_PEER: Final = "127.0.0.1"
"""The addresses of connections that only hold shunts, so that no peer's IKE is answered by them."""


_DIGEST_LENGTH: Final = 12


def connection_section(connection: Connection) -> Iterator[str]:
    """Yield the section of one IKE connection."""
    return section(connection.name, _connection_lines(connection))


def _connection_lines(connection: Connection) -> Iterator[str]:
    yield "version = 1"
    yield "aggressive = no"
    yield f"local_addrs = {connection.local}"
    yield f"remote_addrs = {connection.remote_addrs}"
    yield f"proposals = {ike_proposals(connection.main_mode)}"
    yield from main_mode_lifetime(connection.main_mode)
    yield "keyingtries = 1"
    yield "dpd_delay = 0s"
    yield "fragmentation = yes"
    yield "encap = no"
    yield "mobike = no"
    yield from _authentication(connection)
    trap = not connection.passive
    sections = (_child_section(child, _protected_lines(child, trap=trap)) for child in connection.children)
    yield from section("children", (line for lines in sections for line in lines))


def _authentication(connection: Connection) -> Iterator[str]:
    method = connection.method
    match method:
        case PresharedKey():
            yield from section("local", ("auth = psk",))
            remote = ["auth = psk"]
            if connection.remote_id is not None:
                remote.append(f"id = {connection.remote_id}")
            yield from section("remote", remote)
        case Certificate():
            yield "send_cert = always"
            yield f"send_certreq = {'no' if method.exclude_authority_name else 'yes'}"
            yield from section(
                "local", ("# certs = NAME of this host's certificate in /etc/swanctl/x509", "auth = pubkey")
            )
            yield from section("remote", ("auth = pubkey", f"ca_id = {quoted(ca_identity(method.authority))}"))
        case None:
            yield "# The policy allows Kerberos only, which charon does not have: until somebody chooses another method"
            yield "# here, nothing authenticates and the traffic below is dropped."
            yield from section("local", ("auth = pubkey",))
            yield from section("remote", ("auth = pubkey", f"id = {quoted(NOBODY)}"))


def _child_section(child: Child, lines: Iterable[str]) -> Iterator[str]:
    """Yield the section of a child, named after all that it says.

    charon keeps a child that a reload only renames, but under its old name, and can then never take it away again: a
    pass shunt would stay for ever. So the name changes with what charon compares, and with nothing else.
    """
    said = (f"mode = {child.mode}", f"priority = {child.priority}", *lines)
    digest = hashlib.sha256("\n".join(said).encode()).hexdigest()[:_DIGEST_LENGTH]
    yield f"# {child.comment}"
    yield from section(f"{child.mode}-{child.priority}-{digest}", said)


def _protected_lines(child: Child, *, trap: bool) -> Iterator[str]:
    protect = child.protect
    if protect is None:
        raise ValueError(f"{child.comment}: negotiates nothing")
    yield from _selectors(child, trap=trap)
    if protect.mode is Mode.TUNNEL:
        yield "policies_fwd_out = yes"
    yield from child_proposals(protect).lines
    yield from child_lifetime(protect.offers)


def _selectors(child: Child, *, trap: bool) -> Iterator[str]:
    yield f"local_ts = {child.local_ts}"
    yield f"remote_ts = {child.remote_ts}"
    yield f"start_action = {'trap' if trap else 'none'}"


def shunt_sections(children: Sequence[Child]) -> Iterator[str]:
    """Yield the connections that hold the shunts, as many as fit charon's messages."""
    for number, chunk in enumerate(chunks(children), start=1):
        yield from section(shunt_connection(number), _shunt_lines(chunk))


def shunt_connection(number: int) -> str:
    """Return the name of the connection that holds the `number`th run of shunts."""
    return f"ipsecmig-shunts-{number}"


def _shunt_lines(children: Sequence[Child]) -> Iterator[str]:
    yield "version = 1"
    yield f"local_addrs = {_NO_PEER}"
    yield f"remote_addrs = {_NO_PEER}"
    yield from section("children", (line for c in children for line in _child_section(c, _selectors(c, trap=True))))


def secret_sections(secrets: Iterable[Owned]) -> Iterator[str]:
    """Yield the sections of the preshared keys."""
    for number, owned in enumerate(secrets, start=1):
        owners = (f"id-{n} = {owner_text(*owner)}" for n, owner in enumerate(owned.owners, start=1))
        yield from section(f"ike-ipsecmig-{number}", (*owners, f"secret = {secret_value(owned.secret)}"))
