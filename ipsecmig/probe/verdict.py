"""What came of a negotiation, and why: from what the engine told and what was overheard to one outcome and a reason."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from enum import Enum
from itertools import islice
from typing import Final

from ipsecmig.ike import phase1, phase2, proof
from ipsecmig.ike.configuration import Configuration, RsaCredentials
from ipsecmig.ike.events import ChildEstablished, Discarded, Established, Event, Failed, PeerDeleted, PeerNotified
from ipsecmig.ike.wire.association import SecurityAssociation
from ipsecmig.ike.wire.identification import Identification
from ipsecmig.ike.wire.numbers import Exchange, NotifyNumber, Protocol
from ipsecmig.ike.wire.opaque import KeyExchange
from ipsecmig.probe.payloads import identification_text, notify_name
from ipsecmig.probe.session import Ending
from ipsecmig.probe.tap import Overheard
from ipsecmig.probe.terms import (
    Difference,
    Phase1Terms,
    Phase2Terms,
    Terms,
    offered_in_phase_1,
    offered_in_phase_2,
    what_differs,
)
from ipsecmig.probe.transcript import Transcript


class Outcome(Enum):
    """What came of a probe."""

    ESTABLISHED = "established"
    NO_PROPOSAL = "no-proposal"
    AUTHENTICATION_FAILED = "authentication-failed"
    SELECTORS_REFUSED = "selectors-refused"
    NO_ANSWER = "no-answer"
    ERROR = "error"


@dataclass(frozen=True, slots=True)
class Verdict:
    """The outcome and its reason in words. `attributes` are those named as what stands in the way, if any are."""

    outcome: Outcome
    reason: str
    attributes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class _Course:
    """How far it went, in what it takes to say why."""

    configuration: Configuration
    transcript: Transcript
    events: tuple[Event, ...]
    peer: str

    @property
    def secured(self) -> bool:
        return any(isinstance(event, Established) for event in self.events)

    @property
    def received(self) -> list[Overheard]:
        return self.transcript.heard(sent=False)

    @property
    def has_keys(self) -> bool:
        """Whether both ends have sent their public values."""
        ways = (self.received, self.transcript.heard(sent=True))
        return all(any(isinstance(p, KeyExchange) for one in way for p in one.payloads) for way in ways)

    def offers(self, *, sent: bool) -> tuple[SecurityAssociation, ...]:
        """Return the SA payloads of one end, main mode before quick mode."""
        heard = self.transcript.heard(sent=sent)
        return tuple(p for one in heard for p in one.payloads if isinstance(p, SecurityAssociation))


def judge(configuration: Configuration, transcript: Transcript, ending: Ending) -> Verdict:
    """Return what came of the negotiation."""
    course = _Course(configuration, transcript, ending.events, str(configuration.remote))
    children = [event for event in ending.events if isinstance(event, ChildEstablished)]
    if children:
        return _established(course)
    if ending.unreachable:
        return Verdict(Outcome.NO_ANSWER, f"{course.peer}: {ending.unreachable}")
    failed = next((event for event in ending.events if isinstance(event, Failed)), None)
    if failed is None or failed.notify is None:
        return _silence(course)
    by_peer = any(isinstance(event, PeerNotified) and event.kind == failed.notify for event in ending.events)
    if course.secured:
        return _quick_mode_refused(course, failed, by_peer=by_peer)
    return _main_mode_refused(course, failed, by_peer=by_peer)


def _established(course: _Course) -> Verdict:
    deleted = [event for event in course.events if isinstance(event, PeerDeleted)]
    if deleted:
        reason = f"main mode and quick mode succeeded, but {course.peer} deleted the SA at once"
        return Verdict(Outcome.ESTABLISHED, reason)
    return Verdict(Outcome.ESTABLISHED, "main mode and quick mode succeeded")


def _silence(course: _Course) -> Verdict:
    """Say where the peer stopped."""
    if _unreadable(course.received) and course.has_keys and not course.secured:
        return _cannot_read(course)
    if not course.received:
        reason = f"nothing came from {course.peer}: no host, no IKE there, or something on the way drops it"
        return Verdict(Outcome.NO_ANSWER, reason)
    if course.secured:
        reason = (
            f"main mode succeeded, but {course.peer} does not answer quick mode;"
            " some peers are silent about traffic and offers that they do not want"
        )
        return Verdict(Outcome.NO_ANSWER, reason)
    if not course.has_keys:
        return Verdict(Outcome.NO_ANSWER, f"{course.peer} stopped in the middle of main mode{_doubts(course)}")
    if any(one.repeated for one in course.received):
        return _cannot_read(course)
    reason = (
        f"{course.peer} stopped at the first message that the keys protect;"
        f" most probably {_credential(course)} is not the one that it has for this host"
    )
    return Verdict(Outcome.NO_ANSWER, reason, ("authentication",))


def _cannot_read(course: _Course) -> Verdict:
    reason = (
        f"the ends cannot read what the keys of the other protect:"
        f" {_credential(course)} is not the one that {course.peer} has for this host"
    )
    return Verdict(Outcome.AUTHENTICATION_FAILED, reason, ("authentication",))


def _unreadable(heard: Iterable[Overheard]) -> bool:
    return any(one.sealed and one.problem for one in heard)


def _credential(course: _Course) -> str:
    certificate = isinstance(course.configuration.authentication, RsaCredentials)
    return "the certificate" if certificate else "the preshared key"


def _doubts(course: _Course) -> str:
    discarded = [event.reason for event in course.events if isinstance(event, Discarded)]
    return f" (not understood: {discarded[-1]})" if discarded else ""


_ABOUT_PROOF: Final[dict[int, tuple[str, str]]] = {
    NotifyNumber.INVALID_ID_INFORMATION: ("identity", "the identity is not one that it accepts"),
    NotifyNumber.INVALID_CERTIFICATE: ("certificate", "a certificate is not valid"),
    NotifyNumber.INVALID_CERT_AUTHORITY: ("certificate", "the certificate is not under an authority that is trusted"),
    NotifyNumber.INVALID_CERT_ENCODING: ("certificate", "the encoding of the certificate is not one that it reads"),
    NotifyNumber.CERT_TYPE_UNSUPPORTED: ("certificate", "the type of the certificate is not one that it reads"),
    NotifyNumber.CERTIFICATE_UNAVAILABLE: ("certificate", "there is no certificate for this"),
    NotifyNumber.INVALID_SIGNATURE: ("certificate", "the signature is not right"),
    NotifyNumber.AUTHENTICATION_FAILED: ("identity or authentication method", "it has no place for this identity"),
}


def _main_mode_refused(course: _Course, failed: Failed, *, by_peer: bool) -> Verdict:
    kind = notify_name(failed.notify or 0)
    who = course.peer if by_peer else "this end"
    if not by_peer and failed.notify == NotifyNumber.BAD_PROPOSAL_SYNTAX:
        return Verdict(Outcome.ERROR, f"{course.peer} broke the protocol: {failed.reason}")
    if not course.has_keys:
        return _offers_refused(course, kind, who)
    otherwise = ("authentication", f"{_credential(course)} is most probably another one")
    attribute, why = _ABOUT_PROOF.get(failed.notify or 0, otherwise)
    identities = ", ".join(_identities(course))
    said = f" (identities: {identities})" if identities else ""
    detail = why if by_peer else failed.reason
    reason = f"{who} refused at the proof of identity with {kind}: {detail}{said}"
    return Verdict(Outcome.AUTHENTICATION_FAILED, reason, (attribute,))


def _identities(course: _Course) -> Iterator[str]:
    """Yield who each end says that it is, as far as it has said so."""
    for whose, sent in (("this end", True), (course.peer, False)):
        main_mode = (one for one in course.transcript.heard(sent=sent) if _is_main_mode(one))
        named = (payload for one in main_mode for payload in one.payloads if isinstance(payload, Identification))
        for payload in islice(named, 1):
            yield f"{whose} is {identification_text(payload)}"


def _is_main_mode(heard: Overheard) -> bool:
    return heard.header is not None and heard.header.exchange == Exchange.MAIN


def _offers_refused(course: _Course, kind: str, who: str) -> Verdict:
    """Say what was offered; where this end refused, both sides are known, and what differs."""
    offers = course.offers(sent=True) or course.offers(sent=False)
    offered = offered_in_phase_1(offers[0]) if offers else ()
    reason = f"{who} refused every offer of main mode with {kind}: {_list(offered)}"
    if not course.offers(sent=True) and offers:
        ours = own_phase_1(course.configuration)
        return _compared(Outcome.NO_PROPOSAL, reason, ours, offered)
    return Verdict(Outcome.NO_PROPOSAL, reason)


def own_phase_1(configuration: Configuration) -> tuple[Phase1Terms, ...]:
    """Return the offers of main mode that the policy makes."""
    return offered_in_phase_1(phase1.offer(configuration.main_mode, proof.method(configuration)))


def own_phase_2(configuration: Configuration) -> tuple[Phase2Terms, ...]:
    """Return the offers of quick mode that the policy makes."""
    return offered_in_phase_2(phase2.offer(configuration.traffic, {Protocol.AH: bytes(4), Protocol.ESP: bytes(4)}))


def _compared(outcome: Outcome, reason: str, ours: Sequence[Terms], theirs: Sequence[Terms]) -> Verdict:
    found = what_differs(ours, theirs)
    if not found:
        return Verdict(outcome, reason)
    text, names = difference_text(found)
    return Verdict(outcome, f"{reason}; {text}", names)


def difference_text(found: Sequence[Difference]) -> tuple[str, tuple[str, ...]]:
    """Return in words what stands between the policy and the peer, and the names of the attributes."""
    names = tuple(name for name, _, _ in found)
    said = ", ".join(f"{name} (the policy has {mine}, the peer {theirs})" for name, mine, theirs in found)
    return f"what differs: {said}", names


def _list(offered: Iterable[Phase1Terms | Phase2Terms]) -> str:
    return "; ".join(terms.text() for terms in offered) or "none"


_ABOUT_OFFERS: Final = frozenset(
    {
        NotifyNumber.NO_PROPOSAL_CHOSEN,
        NotifyNumber.BAD_PROPOSAL_SYNTAX,
        NotifyNumber.ATTRIBUTES_NOT_SUPPORTED,
        NotifyNumber.INVALID_TRANSFORM_ID,
        NotifyNumber.INVALID_PROTOCOL_ID,
        NotifyNumber.INVALID_KEY_INFORMATION,
    }
)


def _began_quick_mode(course: _Course) -> bool:
    """Tell whether the first message of quick mode was this end's."""
    first = next(e for e in course.transcript.entries if e.heard.header and e.heard.header.exchange == Exchange.QUICK)
    return first.sent


def _quick_mode_refused(course: _Course, failed: Failed, *, by_peer: bool) -> Verdict:
    kind = notify_name(failed.notify or 0)
    who = course.peer if by_peer else "this end"
    traffic = course.configuration.traffic
    if failed.notify == NotifyNumber.INVALID_ID_INFORMATION:
        meant = f"{identification_text(traffic.local)} and {identification_text(traffic.remote)}"
        more = "; some peers say this too when their mode, tunnel or transport, is the other" if by_peer else ""
        detail = "" if by_peer else f": {failed.reason}"
        reason = (
            f"main mode succeeded; {who} refused {traffic.mode.value} mode for traffic between {meant}"
            f" with {kind}{detail}{more}"
        )
        return Verdict(Outcome.SELECTORS_REFUSED, reason, ("selectors",))
    if failed.notify not in _ABOUT_OFFERS:
        return Verdict(Outcome.ERROR, f"main mode succeeded; {who} ended quick mode with {kind}: {failed.reason}")
    if not by_peer and failed.notify == NotifyNumber.BAD_PROPOSAL_SYNTAX:
        return Verdict(Outcome.ERROR, f"{course.peer} broke the protocol: {failed.reason}")
    ours = own_phase_2(course.configuration)
    if by_peer and not _began_quick_mode(course):
        reason = f"main mode succeeded; {who} began quick mode, and then ended it with {kind}: it cannot use the choice"
        return Verdict(Outcome.ERROR, reason)
    if by_peer:
        reason = f"main mode succeeded; {who} refused every offer of quick mode with {kind}: {_list(ours)}"
        return Verdict(Outcome.NO_PROPOSAL, reason)
    theirs_offered = offered_in_phase_2(course.offers(sent=False)[-1])
    reason = f"main mode succeeded; this end refused every offer of quick mode: {_list(theirs_offered)}"
    return _compared(Outcome.NO_PROPOSAL, reason, ours, theirs_offered)
