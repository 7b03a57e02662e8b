"""Whole packets through the associations that protect them: one, or AH around ESP."""

from __future__ import annotations

from ipsecmig.esp.association import SecurityAssociation, SecurityProtocol
from ipsecmig.esp.authentication import AhSigner, AhVerifier
from ipsecmig.esp.encapsulation import EspOpener, EspSealer
from ipsecmig.esp.errors import PacketRejected, Reason
from ipsecmig.esp.headers import (
    NO_NEXT_HEADER,
    Parts,
    inner_packet,
    split_for_sending,
    split_received,
    with_next,
    wrap_for_tunnel,
)
from ipsecmig.esp.policy import Admission
from ipsecmig.esp.udp import repair_checksum, unwrap, wrap
from ipsecmig.model.selectors import ESP, UDP
from ipsecmig.model.space import Box
from ipsecmig.model.treatment import Mode


class Sender:
    """One outbound association. `transform` holds its sequence counter and usage.

    `random_octets` is how many each packet needs: an IV for ESP with a cipher, else none.
    """

    __slots__ = ("_is_ipv6", "_is_tunnel", "random_octets", "sa", "transform")

    def __init__(self, sa: SecurityAssociation) -> None:
        self.sa = sa
        self._is_tunnel = sa.mode is Mode.TUNNEL
        self._is_ipv6 = len(sa.destination) == 16
        self.transform: EspSealer | AhSigner = EspSealer(sa) if sa.protocol is SecurityProtocol.ESP else AhSigner(sa)
        self.random_octets = self.transform.random_octets if isinstance(self.transform, EspSealer) else 0

    def protect(self, packet: bytes, random: bytes = b"") -> bytes:
        """Return the packet protected. `random` is `random_octets` fresh octets.

        Raises PacketRejected, ValueError for another number of random octets.
        """
        parts = self._parts(packet)
        if isinstance(self.transform, AhSigner):
            return self.transform.sign(parts)
        body = self.transform.seal(parts.protocol, parts.payload, random)
        if self.sa.udp is None:
            return with_next(parts, ESP, len(body)) + body
        datagram = wrap(self.sa.udp, parts, body)
        return with_next(parts, UDP, len(datagram)) + datagram

    def _parts(self, packet: bytes) -> Parts:
        if self._is_tunnel:
            sa = self.sa
            return wrap_for_tunnel(sa.source, sa.destination, packet, self.transform.sequence.last + 1)
        parts = split_for_sending(packet)
        if parts.is_ipv6 is not self._is_ipv6:
            raise PacketRejected(Reason.WRONG_ENDPOINT, "another version of IP")
        return parts


class Receiver:
    """One inbound association. `transform` holds its usage."""

    __slots__ = ("_is_tunnel", "_protocol", "sa", "transform")

    def __init__(self, sa: SecurityAssociation) -> None:
        self.sa = sa
        self._is_tunnel = sa.mode is Mode.TUNNEL
        self._protocol = int(sa.protocol) if sa.udp is None else UDP
        self.transform: EspOpener | AhVerifier = (
            EspOpener(sa) if sa.protocol is SecurityProtocol.ESP else AhVerifier(sa)
        )

    def unprotect(self, packet: bytes) -> bytes:
        """Return the packet that was protected. Raises PacketRejected, and nothing else whatever the packet is.

        The outer source is not looked at in tunnel mode (RFC 2401 section 5.2.1); `InboundBundle` checks the result.
        """
        parts = split_received(packet)
        if parts.protocol != self._protocol:
            raise PacketRejected(Reason.WRONG_PROTOCOL, f"protocol {parts.protocol}")
        if parts.destination != self.sa.destination:
            raise PacketRejected(Reason.WRONG_ENDPOINT, "destination address")
        if isinstance(self.transform, AhVerifier):
            protocol, payload = self.transform.verify(parts)
        else:
            body = parts.payload if self.sa.udp is None else unwrap(self.sa.udp, parts.payload)
            protocol, payload = self.transform.open(body)
        if protocol == NO_NEXT_HEADER:
            raise PacketRejected(Reason.DUMMY)
        if self._is_tunnel:
            return inner_packet(protocol, payload)
        if self.sa.originals is not None:
            payload = repair_checksum(protocol, payload, self.sa.originals, parts)
        return with_next(parts, protocol, len(payload)) + payload


class OutboundBundle:
    """What goes out through `associations`, outermost first, for packets in one of `boxes`.

    With ESP inside AH, the AH association is of transport mode (RFC 2401 section 4.5). Boxes have this host, or what
    lies behind it, as their local side.
    """

    __slots__ = ("_admission", "senders")

    def __init__(self, associations: tuple[SecurityAssociation, ...], boxes: tuple[Box, ...]) -> None:
        _check_order(associations)
        self._admission = Admission(boxes, outbound=True)
        self.senders = tuple(Sender(sa) for sa in associations)

    @property
    def random_octets(self) -> int:
        """How many random octets each packet needs."""
        return sum(sender.random_octets for sender in self.senders)

    def protect(self, packet: bytes, random: bytes = b"") -> bytes:
        """Return the packet protected. Raises PacketRejected, ValueError for a wrong number of random octets."""
        self._admission.check(packet)
        for sender in reversed(self.senders):
            packet = sender.protect(packet, random if sender.random_octets else b"")
        return packet


class InboundBundle:
    """What comes in through `associations`, outermost first, checked against `boxes`, seen as outbound ones are."""

    __slots__ = ("_admission", "receivers")

    def __init__(self, associations: tuple[SecurityAssociation, ...], boxes: tuple[Box, ...]) -> None:
        _check_order(associations)
        self._admission = Admission(boxes, outbound=False)
        self.receivers = tuple(Receiver(sa) for sa in associations)

    def unprotect(self, packet: bytes) -> bytes:
        """Return the packet that was protected. Raises PacketRejected, and nothing else whatever the packet is."""
        for receiver in self.receivers:
            packet = receiver.unprotect(packet)
        self._admission.check(packet)
        return packet


def _check_order(associations: tuple[SecurityAssociation, ...]) -> None:
    """Raise ValueError unless it is one association, or AH in transport mode around ESP on bare IP."""
    shape = tuple(sa.protocol for sa in associations)
    if len(shape) == 1:
        return
    if shape != (SecurityProtocol.AH, SecurityProtocol.ESP):
        raise ValueError("a bundle is one association, or AH and then ESP")
    if associations[0].mode is not Mode.TRANSPORT or associations[1].udp is not None:
        raise ValueError("AH goes around ESP in transport mode, without UDP")
