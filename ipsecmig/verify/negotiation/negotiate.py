"""Negotiates every protected region of a policy with what was read back of the target."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cache, partial
from typing import Final

from ipsecmig.crypto import BlockCipher, keyed_cbc
from ipsecmig.errors import BudgetExceeded
from ipsecmig.model.authorities import charon_reads, name_parts
from ipsecmig.model.conflicts import decision_map
from ipsecmig.model.flatten import FlatPolicy
from ipsecmig.model.offers import main_mode_rows, quick_mode_rows
from ipsecmig.model.policy import MainMode, QuickModeOffer
from ipsecmig.model.selectors import Family, format_address
from ipsecmig.model.treatment import Mode
from ipsecmig.verify.compare import bundle_map
from ipsecmig.verify.negotiation.cases import Case, cases, place_of, place_of_default_response
from ipsecmig.verify.negotiation.certificates import Authorities
from ipsecmig.verify.negotiation.clear import Worlds, exercise
from ipsecmig.verify.negotiation.conversation import RandomOctets
from ipsecmig.verify.negotiation.packets import Ends
from ipsecmig.verify.negotiation.parties import CERTIFICATE, Parties, credentials_for
from ipsecmig.verify.negotiation.regions import Contested, Region, regions
from ipsecmig.verify.negotiation.result import (
    Agreement,
    Exercise,
    Lifetime,
    Mismatch,
    Negotiation,
    Outcome,
    Place,
    Side,
    Stage,
)
from ipsecmig.verify.negotiation.terms import Terms, is_too_long, terms_of_policy, terms_of_target
from ipsecmig.verify.negotiation.traffic import address
from ipsecmig.verify.negotiation.trial import attempt, compared, one_attribute
from ipsecmig.verify.observed import protocols_of
from ipsecmig.verify.target import ReadTarget

_SPEAKERS: Final = ("strongswan", "netsh", "xfrm")
"""The targets that say something about a negotiation, the one that says most first."""

_NO_SPEAKER: Final = (
    "a packet filter holds neither keys nor algorithms; name the configuration of the IKE daemon that goes with it"
)
_RANGES: Final = "IKEv1 identifies one protocol and one port, or all; no selector for this is of that kind"
_OWN_UNKNOWN: Final = "what the tunnel carries depends on this host's own address; give it with --site or --me"
_NOTHING_OFFERED: Final = "a side offers nothing that IKE can make"
_UNREADABLE: Final = {
    True: 'the authority "{}" is no X.500 name: which certificates either end accepts under it cannot be shown',
    False: 'the authority "{}" is no X.500 name that charon reads as Windows does: charon then compares it as a text,'
    " and no certificate can be shown to match it",
}
"""Whether the target is a policy of Windows -> why nothing is run."""

_NO_END: Final = "an end of the tunnel is not known"
_ANSWERS: Final = (
    "the rule answers whoever begins, and what its peers ask for is not in the policy: nothing was negotiated under it"
)
_TOO_LONG: Final = "a lifetime is longer than IKE can say"


@dataclass(frozen=True, slots=True)
class Circumstances:
    """What every negotiation of a run shares."""

    flat: FlatPolicy
    speaker: ReadTarget
    worlds: Worlds
    authorities: Authorities
    random: RandomOctets


def negotiate(
    flat: FlatPolicy, targets: Sequence[ReadTarget], *, random: RandomOctets, at: float
) -> tuple[Negotiation, ...]:
    """Return the outcome of every protected region of `flat` against the host that `targets` configure.

    What the default response rule answers is a region of its own, and always undecided.
    Raises UsageError without the extra `engine`.
    """
    keyed_cbc(BlockCipher.AES, bytes(16))  # Without the extra this says what to install, before any work is done.
    try:
        return (*_outcomes(flat, targets, random, Authorities(at)), *_default_response(flat))
    except BudgetExceeded as excess:
        return (Negotiation(Outcome.UNDECIDED, (), reasons=(str(excess),)),)


def _outcomes(
    flat: FlatPolicy, targets: Sequence[ReadTarget], random: RandomOctets, authorities: Authorities
) -> tuple[Negotiation, ...]:
    treatments = decision_map(flat)
    found, contested = regions(flat, treatments)
    unclaimed = [(one, one.reason) for one in contested]
    speaker = next((t for name in _SPEAKERS for t in targets if t.name == name), None)
    if speaker is None:
        return (*_unclaimed([(one, _NO_SPEAKER) for one in found]), *_unclaimed(unclaimed))
    worlds = Worlds(treatments, cache(partial(bundle_map, targets)), windows_target=speaker.name == "netsh")
    shared = Circumstances(flat, speaker, worlds, authorities, random)
    outcomes = (_negotiated(shared, case) for case in cases(flat, found, speaker, worlds))
    return (*outcomes, *_unclaimed(unclaimed))


def _default_response(flat: FlatPolicy) -> Iterator[Negotiation]:
    place = place_of_default_response(flat)
    if place is not None:
        yield Negotiation(Outcome.UNDECIDED, (place,), reasons=(_ANSWERS,))


def _unclaimed(found: Iterable[tuple[Region | Contested, str]]) -> tuple[Negotiation, ...]:
    """Return one outcome for each reason why regions are not run."""
    alike: dict[str, list[Place]] = {}
    for one, reason in found:
        alike.setdefault(reason, []).append(place_of(one))
    return tuple(Negotiation(Outcome.UNDECIDED, tuple(places), reasons=(reason,)) for reason, places in alike.items())


def _undecided(case: Case, reason: str) -> Negotiation:
    return Negotiation(Outcome.UNDECIDED, case.places, reasons=(reason,))


def _failed(case: Case, mismatch: Mismatch) -> Negotiation:
    return Negotiation(Outcome.FAILED, case.places, mismatches=(mismatch,))


def _negotiated(shared: Circumstances, case: Case) -> Negotiation:
    protection = case.protection
    if protection is None:
        does = "lets them pass in clear" if case.observed.clear else "drops them"
        said = Mismatch(Stage.PROTECTION, (), reason=f"the target {does}", opens=case.observed.clear)
        return _failed(case, said)
    policy = terms_of_policy(case.region.protect, shared.flat.site.windows)
    windows = shared.flat.site.windows if shared.worlds.windows_target else None
    target = terms_of_target(protection, policy, windows)
    if case.own_unknown:
        return _undecided(case, _OWN_UNKNOWN)
    if is_too_long(policy) or is_too_long(target.terms):
        return _undecided(case, _TOO_LONG)
    if case.policy_selector is None or case.target_selector is None:
        return _undecided(case, _RANGES)
    mismatch = _before_running(case, policy, target.terms)
    return _failed(case, mismatch) if mismatch else _run(shared, case, policy, target.terms, target.supposed)


def _before_running(case: Case, policy: Terms, target: Terms) -> Mismatch | None:
    """Return what is plain without a negotiation: other ends of a tunnel, nothing to offer, no common method."""
    ends = _ends_in_words(case)
    if ends is not None:
        return one_attribute(Stage.ENDPOINTS, "tunnel endpoints", *ends)
    if not policy.main_mode_offers or not target.main_mode_offers:
        found = compared(Stage.MAIN_MODE, *(main_mode_rows(end.main_mode_offers) for end in (policy, target)))
        return replace(found, reason=_NOTHING_OFFERED)
    protocols = case.protection.protocols if case.protection is not None else None
    if policy.offers and not target.offers and protocols:
        wanted = protocols_of(tuple(offer.transforms for offer in policy.offers))
        return one_attribute(Stage.QUICK_MODE, "protocol", _named(wanted), _named(protocols))
    if not policy.offers or not target.offers:
        found = compared(
            Stage.QUICK_MODE, *(quick_mode_rows(end.offers, (None,), end.mode) for end in (policy, target))
        )
        return replace(found, reason=_NOTHING_OFFERED)
    if not set(policy.methods) & set(target.methods):
        return one_attribute(Stage.AUTHENTICATION, "authentication method", policy.methods, target.methods)
    return None


def _named(protocols: frozenset[frozenset[str]]) -> tuple[str, ...]:
    return tuple(sorted(" and ".join(sorted(together)) for together in protocols))


def _ends_in_words(case: Case) -> tuple[tuple[str], tuple[str]] | None:
    """Return the ends of the tunnel on both sides if an end that both name differs."""
    tunnel, said = case.region.protect.tunnel, case.observed.protection
    if tunnel is None or said is None or said.mode is not Mode.TUNNEL or said.ends is None:
        return None
    family = _outer_family(case)
    mine = tuple(end.first if end is not None else None for end in (tunnel.local, tunnel.remote))
    pairs = list(zip(mine, said.ends, strict=True))
    if all(own is None or other is None or own == other for own, other in pairs):
        return None
    texts = [
        " - ".join("any" if end is None else format_address(family, end) for end in side) for side in (mine, said.ends)
    ]
    return (texts[0],), (texts[1],)


def _run(shared: Circumstances, case: Case, policy: Terms, target: Terms, supposed: tuple[str, ...]) -> Negotiation:
    method = next(m for m in policy.methods if m in target.methods)
    if method == CERTIFICATE and not _is_readable(policy.authority or "", windows=shared.worlds.windows_target):
        return _undecided(case, _UNREADABLE[shared.worlds.windows_target].format(policy.authority))
    credentials = credentials_for(method, policy, target, shared.authorities)
    ends, mine, theirs = _ends(case), case.policy_selector, case.target_selector
    if ends is None or mine is None or theirs is None:
        return _undecided(case, _NO_END)
    parties = Parties(policy, target, credentials, ends, mine, theirs)
    witness, random = case.region.witness, shared.random
    tried = [attempt(parties, method, side, witness, random) for side in Side]
    agreements = tuple(one for one in tried if isinstance(one, Agreement))
    refused = tuple(one for one in tried if isinstance(one, Mismatch))
    exercises = tuple(exercise(shared.worlds, witness, parties.windows_here(), random))
    aside = (*_lifetimes(policy, agreements), *_in_clear(exercises))
    made_up = (*supposed, *credentials.supposed)
    return Negotiation(
        outcome=_outcome(refused, made_up, aside),
        places=case.places,
        agreements=agreements,
        mismatches=(*_alike(refused), *aside),
        exercises=exercises,
        supposed=made_up,
        assumptions=(*credentials.assumed, *_assumed(target)),
        unexercised=tuple(_unexercised(case.region.protect.main_mode, shared.speaker.name)),
    )


def _is_readable(authority: str, *, windows: bool) -> bool:
    """Whether the target takes the name of the authority for the X.500 name that the policy means."""
    return name_parts(authority) is not None if windows else charon_reads(authority)


def _outcome(refused: Sequence[Mismatch], supposed: Sequence[str], aside: Sequence[Mismatch]) -> Outcome:
    if refused:
        return Outcome.FAILED
    if supposed:
        return Outcome.UNDECIDED
    return Outcome.DIFFERENT if aside else Outcome.AGREED


def _assumed(target: Terms) -> Iterator[str]:
    if len(target.pfs_groups) > 1:
        yield "of several PFS groups of the target that of main mode is used"


def _unexercised(main_mode: MainMode, speaker: str) -> Iterator[str]:
    """Yield what would take a second quick mode to see; charon has neither, as its settings show."""
    seen = "charon has no such setting" if speaker == "strongswan" else "whether the target does so was not seen"
    if main_mode.perfect_forward_secrecy:
        yield f"a new main mode for every quick mode (mmpfs=yes): each run made one quick mode; {seen}"
    elif main_mode.quick_mode_limit:
        limit = f"qmpermm={main_mode.quick_mode_limit}"
        yield f"a limit of quick modes for each main mode ({limit}): each run made one quick mode; {seen}"


def _alike(refused: Sequence[Mismatch]) -> tuple[Mismatch, ...]:
    """Return one mismatch for both beginnings if they fail alike."""
    plain = [_anybody(one) for one in refused]
    return (plain[0],) if len(plain) == len(Side) and plain[0] == plain[1] else tuple(refused)


def _anybody(one: Mismatch) -> Mismatch:
    return Mismatch(one.stage, one.contrasts, one.policy, one.target, one.change, None, one.reason, one.opens)


def _ends(case: Case) -> Ends | None:
    """Return the addresses between which IKE and protected packets run: hosts, or the ends of the tunnel.

    None where an end of a tunnel is not known, and the packet's own address is of another version of IP.
    """
    region, said = case.region, case.observed.protection
    packet, tunnel = region.witness, region.protect.tunnel
    if tunnel is None:
        return Ends(address(packet.local, packet.family), address(packet.remote, packet.family))
    other = (said.ends if said is not None else None) or (None, None)
    family = _outer_family(case)
    found = []
    for named, theirs, inner in zip((tunnel.local, tunnel.remote), other, (packet.local, packet.remote), strict=True):
        number = named.first if named is not None else theirs
        if number is None and family != packet.family:
            return None
        found.append(address(inner if number is None else number, family))
    return Ends(*found)


def _outer_family(case: Case) -> Family:
    tunnel = case.region.protect.tunnel
    ends = (tunnel.remote, tunnel.local) if tunnel is not None else ()
    return next((end.family for end in ends if end is not None), Family(case.region.witness.family))


def _lifetimes(policy: Terms, agreements: Sequence[Agreement]) -> Iterator[Mismatch]:
    """Yield the lifetimes that the target asks for and the policy does not; who begins has the say."""
    for agreement in agreements:
        if agreement.beginner is Side.TARGET:
            wanted = Lifetime(policy.main_mode_seconds, None)
            if agreement.main_mode_lifetime != wanted:
                yield _lifetime("main mode lifetime", wanted, agreement.main_mode_lifetime)
            allowed = _allowed(policy.offers, agreement)
            if agreement.lifetime not in allowed:
                yield _lifetime("quick mode lifetime", allowed[0], agreement.lifetime)


def _allowed(offers: Sequence[QuickModeOffer], agreement: Agreement) -> tuple[Lifetime, ...]:
    """Return the lifetimes of the offer that was agreed, and the smallest of all, which suit every offer."""
    own = [o for o in offers if o.transforms == agreement.transforms]
    least = min(o.lifetime_seconds for o in offers), min(o.lifetime_kilobytes for o in offers)
    return (*(Lifetime(o.lifetime_seconds, o.lifetime_kilobytes) for o in own), Lifetime(*least))


def _lifetime(attribute: str, wanted: Lifetime, present: Lifetime) -> Mismatch:
    return one_attribute(Stage.LIFETIMES, attribute, (lifetime_text(wanted),), (lifetime_text(present),))


def lifetime_text(lifetime: Lifetime) -> str:
    """Return a lifetime as reports write it: `3,600 s and 100,000 kB`."""
    seconds = [] if lifetime.seconds is None else [f"{lifetime.seconds:,} s"]
    kilobytes = [] if lifetime.kilobytes is None else [f"{lifetime.kilobytes:,} kB"]
    return " and ".join((*seconds, *kilobytes)) or "no limit"


def _in_clear(exercises: Sequence[Exercise]) -> Iterator[Mismatch]:
    for one in exercises:
        if one.policy != one.target:
            words = tuple("passes" if passes else "is dropped" for passes in (one.policy, one.target))
            said = one_attribute(Stage.CLEAR, f"clear traffic when {one.situation}", words[:1], words[1:])
            yield Mismatch(said.stage, said.contrasts, said.policy, said.target, opens=one.target)
