"""Packets in clear: what becomes of them when the peer is silent, when it refuses, and when one comes first."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from itertools import product
from typing import Final

from ipsecmig.ike.configuration import Configuration
from ipsecmig.ike.events import Failed
from ipsecmig.model.algorithms import DhGroup, Encryption, Integrity
from ipsecmig.model.decision import DecisionMap
from ipsecmig.model.policy import MainModeOffer
from ipsecmig.model.space import Direction, Packet
from ipsecmig.model.treatment import Conflict, Protect, Treatment
from ipsecmig.verify.negotiation.conversation import RandomOctets, call_silence, converse, first
from ipsecmig.verify.negotiation.result import Exercise
from ipsecmig.verify.negotiation.traffic import turned
from ipsecmig.verify.observed import Observed, expected

SILENT: Final = "the peer is silent"
REFUSES: Final = "the peer refuses"
CLEAR_FIRST: Final = "a clear packet comes first"


@dataclass(frozen=True, slots=True)
class Worlds:
    """What packets meet under the policy, and going through all targets, whose map `target` gives for a direction.

    `windows_target` says that the target falls back as Windows does: when nobody answers, not when one refuses.
    """

    policy: DecisionMap[Treatment]
    target: Callable[[Direction], DecisionMap[Observed]]
    windows_target: bool

    def passes_clear(self, witness: Packet) -> tuple[bool | None, bool, bool | None, bool]:
        """Return whether clear packets may pass: out under policy and target, in under policy and target.

        None where the policy's answer is not known, or not about protection.
        """
        out, back = _both(witness)
        sent, got = self.policy.at(out), self.policy.at(back)
        return (
            sent.fallback_to_clear if isinstance(sent, Protect) else None,
            self._passes(out),
            None if isinstance(got, Conflict) else expected(got, Direction(back.direction)).clear,
            self._passes(back),
        )

    def _passes(self, packet: Packet) -> bool:
        return self.target(Direction(packet.direction)).at(packet).clear


def _both(witness: Packet) -> tuple[Packet, Packet]:
    """Return what goes out and what comes in, of a packet and its answer."""
    return (turned(witness), witness) if witness.direction == Direction.IN else (witness, turned(witness))


def exercise(worlds: Worlds, witness: Packet, windows: Configuration, random: RandomOctets) -> Iterator[Exercise]:
    """Yield what becomes of clear packets around `witness`; `windows` is this host as it was under the policy.

    Windows falls back when nobody answers, not when the peer refuses (Windows 2000 Server Resource Kit, filter
    actions); a kernel policy that lets clear packets out does so whatever IKE says.
    """
    falls_back, target_out, accepts, target_in = worlds.passes_clear(witness)
    if falls_back is not None:
        failed = call_silence(windows, random)
        yield Exercise(SILENT, _falls_back(failed, falls_back), target_out)
        refused = first(converse(windows, _refusing(windows), random).beginner, Failed)
        refused_target = target_out and not worlds.windows_target
        yield Exercise(REFUSES, _falls_back(refused, falls_back), refused_target)
    if accepts is not None:
        yield Exercise(CLEAR_FIRST, accepts, target_in)


def _falls_back(failed: Failed | None, allowed: bool) -> bool:
    return allowed and failed is not None and failed.notify is None


def _refusing(peer: Configuration) -> Configuration:
    """Return the other end with an offer that `peer` does not make."""
    every = (MainModeOffer(*parts) for parts in product(Encryption, Integrity, reversed(DhGroup)))
    foreign = next(o for o in every if o.encryption is not Encryption.NULL and o not in peer.main_mode.offers)
    traffic = replace(peer.traffic, local=peer.traffic.remote, remote=peer.traffic.local)
    return replace(
        peer,
        local=peer.remote,
        remote=peer.local,
        main_mode=replace(peer.main_mode, offers=(foreign,)),
        traffic=traffic,
    )
