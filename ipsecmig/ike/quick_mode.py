"""The steps of quick mode (RFC 2409 section 5.5). The drawing is in `states`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Final, NamedTuple

from ipsecmig.ike import keymat, natt, phase2
from ipsecmig.ike.configuration import Traffic
from ipsecmig.ike.crypto import groups, hashes
from ipsecmig.ike.crypto.ciphers import check_key
from ipsecmig.ike.errors import Malformed, Refused
from ipsecmig.ike.events import ChildEstablished, ProtocolSa
from ipsecmig.ike.exchange import NONCE_OCTETS, Secured, Situation, Step, expect, nonce_of, only, sealed
from ipsecmig.ike.keymat import Phase2Inputs
from ipsecmig.ike.lifetimes import read_phase_2, shortened
from ipsecmig.ike.narrowing import as_seen, implied, narrowed, permitted, text
from ipsecmig.ike.protection import Opened, seal, seal_hashed, unseal
from ipsecmig.ike.wire.association import Proposal, SecurityAssociation
from ipsecmig.ike.wire.generic import Payload
from ipsecmig.ike.wire.identification import Identification
from ipsecmig.ike.wire.message import HEADER, Header
from ipsecmig.ike.wire.nat import NatOriginalAddress
from ipsecmig.ike.wire.numbers import Exchange, Flag, NotifyNumber, Protocol
from ipsecmig.ike.wire.opaque import Hash, KeyExchange, Nonce
from ipsecmig.model.policy import EspTransform
from ipsecmig.model.treatment import Mode
from ipsecmig.udp import Path

_QUICK: Final = int(Exchange.QUICK)
_ENCRYPTED: Final = int(Flag.ENCRYPTED)
_AH_AND_ESP: Final = int(Protocol.AH), int(Protocol.ESP)


@dataclass(frozen=True, slots=True)
class Proposed:
    """The initiator after message 1; `private` is 0 without PFS."""

    message_id: int
    traffic: Traffic
    spis: Mapping[int, bytes]
    private: int = field(repr=False)
    ni_b: bytes
    iv: bytes


class Answered(NamedTuple):
    """The responder after message 2."""

    message_id: int
    ni_b: bytes
    nr_b: bytes
    iv: bytes
    child: ChildEstablished


def offer(situation: Situation) -> Step:
    """Send message 1: the offers, a nonce, and what traffic is meant; the context is the traffic."""
    secured, configuration = expect(situation.secured, Secured), situation.configuration
    traffic = narrowed(expect(situation.context, Traffic), configuration.local, configuration.remote)
    message_id, spis = situation.random.message_id(), _spis(situation)
    private, keys, ni_b = _own(situation, traffic)
    association = phase2.offer(traffic, spis, secured.nat)
    ends: tuple[Payload, ...] = (
        traffic.local,
        traffic.remote,
        *_originals(situation, secured, traffic, initiator=True),
    )
    payloads: tuple[Payload, ...] = (association, Nonce(ni_b), *keys, *ends)
    hash_1 = partial(keymat.hash_1, secured.with_skeyid_a, message_id)
    first_iv = keymat.phase_2_iv(secured.suite.hash_, secured.iv, message_id)
    reply, iv = seal_hashed(_header(secured, message_id), hash_1, payloads, secured.cbc, first_iv)
    return Step(Proposed(message_id, traffic, spis, private, ni_b, iv), reply)


def answer(situation: Situation) -> Step:
    """Answer message 1 with the first offer that is acceptable for the traffic that the peer means."""
    secured, message = expect(situation.secured, Secured), sealed(situation.message)
    message_id = message.header.message_id
    opened = unseal(message, secured.cbc, keymat.phase_2_iv(secured.suite.hash_, secured.iv, message_id))
    rest = _authentic(secured, message_id, b"", opened)
    proposed = _identities(rest)
    initiator, responder = proposed or implied(situation.configuration)
    traffic = permitted(situation.configuration, initiator, responder, _outside(situation, secured))
    chosen = phase2.choose(traffic, only(rest, SecurityAssociation), secured.nat)
    ni_b = nonce_of(only(rest, Nonce).data)
    private, keys, nr_b = _own(situation, traffic)
    spis = _spis(situation)
    inputs = Phase2Inputs(ni_b, nr_b, _secret(traffic, private, rest))
    child = _across_nat(_child(secured, traffic, message_id, chosen, spis, inputs), situation, rest, initiator=False)
    originals = _originals(situation, secured, traffic, initiator=False)
    own = tuple([Proposal(row.position, row.protocol, spis[row.protocol], row.transforms) for row in chosen])
    payloads: tuple[Payload, ...] = (SecurityAssociation(own), Nonce(nr_b), *keys, *proposed, *originals)
    hash_2 = partial(keymat.hash_2, secured.with_skeyid_a, message_id, ni_b)
    reply, iv = seal_hashed(_header(secured, message_id), hash_2, payloads, secured.cbc, opened.next_iv)
    return Step(Answered(message_id, ni_b, nr_b, iv, child), reply)


def confirm(situation: Situation) -> Step:
    """Answer message 2 with the proof of being alive; the child is established."""
    secured, proposed = expect(situation.secured, Secured), expect(situation.context, Proposed)
    traffic, message_id = proposed.traffic, proposed.message_id
    opened = unseal(sealed(situation.message), secured.cbc, proposed.iv)
    rest = _authentic(secured, message_id, proposed.ni_b, opened)
    _same_traffic(rest, traffic, _outside(situation, secured))
    chosen = phase2.accept(traffic, only(rest, SecurityAssociation), secured.nat)
    nr_b = nonce_of(only(rest, Nonce).data)
    inputs = Phase2Inputs(proposed.ni_b, nr_b, _secret(traffic, proposed.private, rest))
    child = _child(secured, traffic, message_id, chosen, proposed.spis, inputs)
    lifetimes = shortened(child.lifetimes, rest)
    child = child if lifetimes is child.lifetimes else replace(child, lifetimes=lifetimes)
    child = _across_nat(child, situation, rest, initiator=True)
    proof = keymat.hash_3(secured.with_skeyid_a, message_id, proposed.ni_b, nr_b)
    reply, _ = seal(_header(secured, message_id), (Hash(proof),), secured.cbc, opened.next_iv)
    return Step(None, reply, (child,))


def check(situation: Situation) -> Step:
    """Check message 3; the child is established."""
    secured, answered = expect(situation.secured, Secured), expect(situation.context, Answered)
    opened = unseal(sealed(situation.message), secured.cbc, answered.iv)
    wanted = keymat.hash_3(secured.with_skeyid_a, answered.message_id, answered.ni_b, answered.nr_b)
    if not hashes.equal(only(opened.payloads, Hash).data, wanted):
        raise Malformed(HEADER, "HASH(3) over this exchange")
    return Step(None, None, (answered.child,))


def _outside(situation: Situation, secured: Secured) -> Path | None:
    """Return the path of the packets if a NAT stands between, else None."""
    return situation.path if secured.nat is not None and secured.nat.found else None


def _originals(
    situation: Situation, secured: Secured, traffic: Traffic, *, initiator: bool
) -> tuple[NatOriginalAddress, ...]:
    return natt.originals_to_tell(traffic.mode, secured.nat, situation.path, initiator=initiator)


def _across_nat(
    child: ChildEstablished, situation: Situation, rest: tuple[Payload, ...], *, initiator: bool
) -> ChildEstablished:
    """Return the child with what its packets need where a NAT stands between."""
    secured = expect(situation.secured, Secured)
    path = _outside(situation, secured)
    if path is None:
        return child
    originals = natt.originals_told(child.suite.mode, secured.nat, path, rest, initiator=initiator)
    return replace(child, path=path, originals=originals)


def _header(secured: Secured, message_id: int) -> Header:
    return Header(*secured.cookies, _QUICK, _ENCRYPTED, message_id)


def _spis(situation: Situation) -> dict[int, bytes]:
    """Return a fresh SPI for each protocol. Those below 256 are reserved (RFC 2406 section 2.1)."""
    take = situation.random.take
    return {protocol: (int.from_bytes(take(4), "big") | 1 << 31).to_bytes(4, "big") for protocol in _AH_AND_ESP}


def _own(situation: Situation, traffic: Traffic) -> tuple[int, tuple[KeyExchange, ...], bytes]:
    """Return private value (0 without PFS), the payload of the public one if there is one, and the nonce."""
    group = traffic.pfs_group
    if group is None:
        return 0, (), situation.random.take(NONCE_OCTETS)
    private = groups.private_value(group, situation.random.take(groups.EXPONENT_OCTETS[group]))
    return private, (KeyExchange(groups.public_value(group, private)),), situation.random.take(NONCE_OCTETS)


def _secret(traffic: Traffic, private: int, rest: tuple[Payload, ...]) -> bytes:
    """Return g(qm)^xy, empty without PFS. Raises Malformed or InvalidKey for what the peer sent."""
    if traffic.pfs_group is None:
        return b""
    return groups.shared_secret(traffic.pfs_group, private, only(rest, KeyExchange).data)


def _authentic(secured: Secured, message_id: int, ni_b: bytes, opened: Opened) -> tuple[Payload, ...]:
    """Return the payloads behind the hash. Raises Malformed unless the hash comes first and is right.

    HASH(1) and HASH(2) differ in the initiator's nonce alone, which is empty for the first.
    """
    wanted = keymat.hash_2(secured.with_skeyid_a, message_id, ni_b, opened.covered)
    if not hashes.equal(only(opened.payloads[:1], Hash).data, wanted):
        raise Malformed(HEADER, "a hash over this message, made with the keys of phase 1")
    return opened.payloads[1:]


def _identities(rest: tuple[Payload, ...]) -> tuple[Identification, ...]:
    """Return the traffic that a message names: of the initiator, then of the responder; nothing if it names none.

    Raises Malformed for one identity, or more than two.
    """
    found = tuple([payload for payload in rest if isinstance(payload, Identification)])
    if len(found) not in (0, 2):
        raise Malformed(HEADER, f"no Identification payload or two, not {len(found)}")
    return found


def _same_traffic(rest: tuple[Payload, ...], traffic: Traffic, outside: Path | None) -> None:
    """Check that the responder repeats the traffic as proposed. Raises Malformed or Refused.

    With a NAT between, charon answers with the addresses that it sees in transport mode.
    """
    found = repeated = _identities(rest)
    if outside is not None and traffic.mode is Mode.TRANSPORT:
        repeated = tuple(as_seen(one, end) for one, end in zip(found, outside, strict=False))
    if repeated != (traffic.local, traffic.remote):
        answered = " to ".join(map(text, found)) or "nothing"
        wanted = f"{text(traffic.local)} to {text(traffic.remote)}"
        raise Refused(NotifyNumber.INVALID_ID_INFORMATION, f"the peer answers with {answered} for {wanted}")


def _child(
    secured: Secured,
    traffic: Traffic,
    message_id: int,
    chosen: tuple[Proposal, ...],
    own: Mapping[int, bytes],
    inputs: Phase2Inputs,
) -> ChildEstablished:
    """Return the child with its keys: what comes in uses the SPI of this end, what goes out that of the peer."""
    associations, with_skeyid_d = [], hashes.keyed_prf(secured.suite.hash_, secured.keys.skeyid_d)
    for proposal in chosen:
        protocol, size = proposal.protocol, phase2.key_octets(proposal.protocol, proposal.transforms[0])
        inbound = keymat.keymat(with_skeyid_d, inputs, protocol, own[protocol], size)
        outbound = keymat.keymat(with_skeyid_d, inputs, protocol, proposal.spi, size)
        associations.append(ProtocolSa(protocol, own[protocol], proposal.spi, inbound, outbound))
    suite, lifetimes = phase2.suite_of(traffic, chosen), read_phase_2(chosen[0].transforms[0].attributes)
    _check_keys(suite, associations)
    return ChildEstablished(message_id, suite, lifetimes, traffic.local, traffic.remote, tuple(associations))


def _check_keys(suite: phase2.Phase2Suite, associations: list[ProtocolSa]) -> None:
    """Check the keys of the ciphers. Raises InvalidKey for a weak one; the next quick mode derives others.

    RFC 2409 appendix A lists the weak keys of DES, RFC 2405 warns of them, RFC 2451 section 2.3 of those of 3DES.
    """
    for transform, row in zip(suite.transforms, associations, strict=True):
        if isinstance(transform, EspTransform):
            check_key(transform.encryption, row.inbound_key)
            check_key(transform.encryption, row.outbound_key)
