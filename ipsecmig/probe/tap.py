"""Reads the messages of one negotiation as they pass, the encrypted ones too, given the keys that one end derived.

It keeps the IVs itself, apart from the engine: a message that the engine refused, or that came twice, can be shown too.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from ipsecmig.ike import keymat
from ipsecmig.ike.errors import Malformed
from ipsecmig.ike.exchange import Secured
from ipsecmig.ike.fragments import Reassembly, fragment_in
from ipsecmig.ike.protection import unseal
from ipsecmig.ike.wire.generic import Payload
from ipsecmig.ike.wire.message import Header, Message, SealedMessage, decode_message
from ipsecmig.ike.wire.numbers import Exchange
from ipsecmig.ike.wire.opaque import KeyExchange

_PHASE_1 = 0


@dataclass(frozen=True, slots=True)
class Overheard:
    """A message in clear: `payloads` is empty where it could not be read, and `problem` says why.

    `header` is None for what is no message at all. `sealed` tells that it was encrypted, `repeated` that the same
    datagram passed before.
    """

    header: Header | None
    payloads: tuple[Payload, ...] = ()
    sealed: bool = False
    repeated: bool = False
    problem: str = ""


@dataclass(slots=True)
class Tap:
    """What is known of the messages so far: public values, the IV of each exchange's next message, what passed."""

    _publics: list[bytes] = field(default_factory=list)
    _ivs: dict[int, bytes] = field(default_factory=dict)
    _known: dict[bytes, Overheard] = field(default_factory=dict)
    _reassembly: Reassembly = field(default_factory=Reassembly)

    def hear(self, message: bytes, secured: Secured | None, now: float) -> Overheard:
        """Return what the message says; `secured` is phase 1 as far as one end knows it, `now` in seconds."""
        known = self._known.get(message)
        if known is not None:
            return replace(known, repeated=True)
        try:
            heard = self._read(decode_message(message), secured, now)
        except Malformed as error:
            return Overheard(None, problem=f"not a message: {error}")
        if not heard.problem:
            self._known[message] = heard
        return heard

    def _read(self, message: Message | SealedMessage, secured: Secured | None, now: float) -> Overheard:
        if isinstance(message, SealedMessage):
            return self._opened(message, secured)
        if message.header.exchange == Exchange.MAIN:
            self._publics.extend(one.data for one in message.payloads if isinstance(one, KeyExchange))
        fragment = fragment_in(message)
        if fragment is not None:
            self._reassembly, whole = self._reassembly.accept(fragment, now)
            if whole is not None:
                inner = self._read(decode_message(whole), secured, now)
                return replace(inner, payloads=(*message.payloads, *inner.payloads))
        return Overheard(message.header, message.payloads)

    def _opened(self, message: SealedMessage, secured: Secured | None) -> Overheard:
        header = message.header
        if secured is None or len(self._publics) < 2:
            return Overheard(header, sealed=True, problem="encrypted before there are keys")
        try:
            opened = unseal(message, secured.cbc, self._iv(header.message_id, secured))
        except Malformed:
            return Overheard(header, sealed=True, problem="encrypted with other keys than those of this end")
        self._ivs[header.message_id] = opened.next_iv
        return Overheard(header, opened.payloads, sealed=True)

    def _iv(self, message_id: int, secured: Secured) -> bytes:
        hash_, block = secured.suite.hash_, secured.suite.cipher.block_octets
        phase_1 = self._ivs.get(_PHASE_1) or keymat.phase_1_iv(hash_, self._publics[0], self._publics[1], block)
        if message_id == _PHASE_1:
            return phase_1
        return self._ivs.get(message_id) or keymat.phase_2_iv(hash_, phase_1, message_id)
