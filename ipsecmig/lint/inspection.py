"""What rules look at: one policy, what packets meet under it, and what is known of its surroundings.

What is costly is worked out once, when the first rule asks for it. Rules about treatment ask `decisions`, so that a
filter that a more specific one covers triggers nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from functools import cached_property
from itertools import product
from typing import Final

from ipsecmig.errors import BudgetExceeded
from ipsecmig.lint.addresses import AddressSet, other_hosts, unnamed, without
from ipsecmig.lint.finding import Witness
from ipsecmig.lint.peers import Encounter, Side, encounters
from ipsecmig.model.conflicts import ConflictReport, FilterIndex, conflicts_among
from ipsecmig.model.decision import DecisionMap
from ipsecmig.model.flatten import FlatPolicy, SpecificFilter, flatten
from ipsecmig.model.inventory import UNKNOWN_SURROUNDINGS, Host, HostRole, Inventory, RangeKind
from ipsecmig.model.packets import witness
from ipsecmig.model.policy import FilterAction, FilterList, Policy, PolicyStore, Rule
from ipsecmig.model.selectors import ANY_PROTOCOL, ICMP, TCP, UDP, AddressRange, Family, PortRange
from ipsecmig.model.space import WITH_PORTS, Box, Direction, Span, box
from ipsecmig.model.specificity import ContestMap
from ipsecmig.model.standing import Ranking, Verdict, ranking
from ipsecmig.model.targets import Loss
from ipsecmig.model.treatment import Conflict, Permit, Protect, Treatment

Predicate = Callable[[Treatment], bool]

_MOST_CONFLICTS: Final = 100

DYNAMIC_PORT: Final = PortRange(49152, 49152)
"""A port (RFC 6335 6) that stands for those of clients and for all that no filter names."""

_PLAIN_PROTOCOLS: Final = (TCP, UDP, 47)
"""TCP, UDP, and GRE for the protocols without ports."""


def is_protected(treatment: Treatment) -> bool:
    """Whether packets pass only inside ESP or AH (or are sent to do so), whatever wins where filters conflict."""
    if isinstance(treatment, Conflict):
        return all(isinstance(candidate, Protect) for candidate in treatment.candidates)
    return isinstance(treatment, Protect)


def must_be_protected(treatment: Treatment) -> bool:
    """Whether packets pass only protected, even when the peer does not answer IKE."""
    return isinstance(treatment, Protect) and not treatment.fallback_to_clear


def is_clear(treatment: Treatment) -> bool:
    """Whether packets pass as they are."""
    return isinstance(treatment, Permit)


def _usual(within: Box) -> Iterator[Box]:
    """Yield the parts of `within` that people think of first."""
    for protocol in (TCP, UDP, ICMP):
        if within.protocol[0] <= protocol <= within.protocol[1]:
            yield within._replace(protocol=(protocol, protocol))


def same_as(wanted: Treatment) -> Predicate:
    """Return whether a treatment is `wanted`, as a predicate."""
    return lambda treatment: treatment == wanted


def along(boxes: Iterable[Box], direction: Direction) -> Iterator[Box]:
    """Yield those of `boxes` that are of `direction`."""
    return (box for box in boxes if box.direction == (direction, direction))


Changed = tuple[PolicyStore, Policy]
"""A store and the policy of it that is inspected, after a change."""


class Inspection:
    """One policy of a store under inspection. `peer` is another host's policy, `losses` what targets cannot say."""

    def __init__(
        self,
        store: PolicyStore,
        policy: Policy,
        inventory: Inventory = UNKNOWN_SURROUNDINGS,
        peer: Inspection | None = None,
        losses: Iterable[Loss] = (),
    ) -> None:
        self.store: Final = store
        self.policy: Final = policy
        self.inventory: Final = inventory
        self.peer: Final = peer
        self.losses: Final = tuple(losses)

    def repaired(self, store: PolicyStore, policy: Policy) -> Inspection:
        """Return the inspection of a changed policy in the same surroundings."""
        return Inspection(store, policy, self.inventory, self.peer)

    @cached_property
    def flat(self) -> FlatPolicy:
        """What packets meet, filter by filter."""
        return flatten(self.store, self.policy, self.inventory.site)

    @cached_property
    def decisions(self) -> DecisionMap[Treatment]:
        """What packets meet, as an exact function of packets. Raises BudgetExceeded."""
        return self.contests.map.map(self.contests.contenders.treatment)

    @property
    def ranking(self) -> Ranking:
        """The foremost filters at every packet, and those next to them. Raises BudgetExceeded."""
        return self._ranked[0]

    @property
    def contests(self) -> ContestMap:
        """The foremost filters at every packet. Raises BudgetExceeded."""
        return self._ranked[1]

    @property
    def _ranked(self) -> tuple[Ranking, ContestMap]:
        if isinstance(self._ranked_or_not, BudgetExceeded):
            raise BudgetExceeded(self._ranked_or_not.budget)
        return self._ranked_or_not

    @cached_property
    def _ranked_or_not(self) -> tuple[Ranking, ContestMap] | BudgetExceeded:
        """The costly part of every answer about packets: what it fails by is kept too, for all rules ask for it."""
        try:
            ranked = ranking(self.flat)
            return ranked, ranked.contests()
        except BudgetExceeded as failure:
            return failure

    @cached_property
    def verdicts(self) -> tuple[Verdict, ...]:
        """What each filter of the active rules contributes. Raises BudgetExceeded."""
        return self.ranking.verdicts()

    @cached_property
    def filter_index(self) -> FilterIndex:
        """The filters by what they select. Raises BudgetExceeded."""
        return FilterIndex(self.flat, self.contests)

    @cached_property
    def exchanges(self) -> DecisionMap[tuple[Treatment, Treatment]]:
        """What packets between two ends meet on the way out and on the way in; whichever direction is asked for."""
        out, in_ = self.decisions.along(Direction.OUT), self.decisions.along(Direction.IN)
        return out.combine(in_, lambda one, other: (one, other))

    @cached_property
    def conflicts(self) -> ConflictReport:
        """Pairs of filters between which the documentation does not decide, 100 at most. Raises BudgetExceeded."""
        return conflicts_among(self.flat, self.contests, _MOST_CONFLICTS)

    @cached_property
    def bound(self) -> tuple[tuple[Rule, FilterList, FilterAction], ...]:
        """The active rules with the list and the action that they name; those with a dangling name are left out."""
        lists, actions = self.store.defined_in(self.policy.store)
        rules = ((r, lists.get(r.filter_list.casefold()), actions.get(r.filter_action.casefold())) for r in self.rules)
        return tuple((rule, ours, action) for rule, ours, action in rules if ours is not None and action is not None)

    @property
    def is_translated(self) -> bool:
        """Whether an address translator of the inventory stands before this host."""
        inside = AddressSet(nat.inside for nat in self.inventory.nats)
        return any(map(inside.contains, self.inventory.site.addresses))

    @property
    def sides(self) -> tuple[Side, Side] | None:
        """This host and `peer`, to be compared; None without a peer, or where they see other addresses than each has.

        Raises BudgetExceeded.
        """
        if self.peer is None or self.is_translated or self.peer.is_translated:
            return None
        return Side(self.flat, self.decisions), Side(self.peer.flat, self.peer.decisions)

    @cached_property
    def encounters(self) -> tuple[Encounter, ...]:
        """What `sides` protect of the packets between them, none where there are none. Raises BudgetExceeded."""
        return () if self.sides is None else encounters(*self.sides)

    @property
    def rules(self) -> tuple[Rule, ...]:
        """The active rules."""
        return tuple(rule for rule in self.policy.rules if rule.active)

    def find(self, boxes: Iterable[Box], wanted: Predicate) -> Witness | None:
        """Return some packet of `boxes` whose treatment is wanted, or None when there is none. Raises BudgetExceeded.

        Packets that cannot exist, such as one that goes out with another host's address, are left out; see `possible`.
        """
        for within in self.possible(boxes):
            found = self.decisions.find(within, wanted)
            if found is not None and within.protocol[0] == within.protocol[1]:
                return Witness(witness(found[0]), found[1])
            if found is not None:
                usual = (self.decisions.find(part, wanted) for part in _usual(within))
                region, treatment = next((better for better in usual if better is not None), found)
                return Witness(witness(region), treatment)
        return None

    def shown(self, first: Witness, boxes: Iterable[Box]) -> Witness | None:
        """Return `first` if its packet can exist, else another of `boxes` that meets the same; raises as `find`."""
        point = Box._make((value, value) for value in first.packet)
        return first if any(self.possible([point])) else self.find(boxes, same_as(first.treatment))

    def find_with(self, remotes: Iterable[AddressRange], wanted: Predicate) -> Witness | None:
        """Return some packet between this host and `remotes` whose treatment is wanted, or None; raises as `find`."""
        return self.find((within for remote in remotes for within in self.traffic(remote)), wanted)

    def deciding(self, wanted: Predicate) -> Iterator[tuple[SpecificFilter, Witness]]:
        """Yield each filter whose own treatment is wanted and is what some packet that it selects meets."""
        for specific in self.flat.filters:
            if wanted(specific.treatment):
                found = self.decided_by(specific)
                if found is not None:
                    yield specific, found

    @cached_property
    def protecting(self) -> tuple[tuple[SpecificFilter, Witness], ...]:
        """One deciding filter of each rule that demands protection; rules that never decide are left out.

        Raises BudgetExceeded.
        """
        found: dict[int, tuple[SpecificFilter, Witness]] = {}
        for specific in self.flat.filters:
            if isinstance(specific.treatment, Protect) and id(specific.rule) not in found:
                decided = self.decided_by(specific)
                if decided is not None:
                    found[id(specific.rule)] = specific, decided
        return tuple(found.values())

    def decided_by(self, specific: SpecificFilter) -> Witness | None:
        """Return a packet that `specific` selects and that meets its treatment, or None. Raises BudgetExceeded."""
        return self.find(specific.boxes, same_as(specific.treatment))

    def _strangers(self, whole: Box) -> Iterator[Span]:
        """Yield the stranger if it is a remote end of `whole`: it reads best in a witness."""
        number = -1 if self.stranger is None else self.stranger.first
        if whole.family[0] == Family.IPV4 and whole.remote[0] <= number <= whole.remote[1]:
            yield number, number

    def possible(self, boxes: Iterable[Box]) -> Iterator[Box]:
        """Yield the parts of `boxes` whose packets have one end at this host, or none if they are forwarded.

        All of them where this host's addresses are not known. What comes in to multicast and broadcast addresses is
        left out.
        """
        own = self.inventory.site.addresses
        for whole in boxes if own else ():
            ours = [address.first for address in own if whole.family[0] == address.family]
            here = [(number, number) for number in ours if whole.local[0] <= number <= whole.local[1]]
            locals_ = without(whole.local, ours) if whole.direction[0] == Direction.FORWARD else here
            for local, remote in product(locals_, (*self._strangers(whole), *without(whole.remote, ours))):
                yield whole._replace(local=local, remote=remote)
        if not own:
            yield from boxes

    @cached_property
    def stranger(self) -> AddressRange | None:
        """A host that no filter names, and that stands for everybody unknown; None where filters name all."""
        return unnamed(self.flat)

    @cached_property
    def others(self) -> tuple[AddressRange, ...]:
        """Every IPv4 address that another host may have."""
        return other_hosts(self.inventory.site)

    @cached_property
    def everything_secured(self) -> Witness | None:
        """A packet that shows that all traffic is secured, or None when it is not. Raises BudgetExceeded.

        All traffic is that of every protocol with everybody, and no address is exempt; single services may be.
        """
        if self.stranger is None:
            return None
        for protocol in _PLAIN_PROTOCOLS:
            if self.find(self.plain(self.stranger, protocol), lambda treatment: not is_protected(treatment)):
                return None
        if any(self.find(self.plain(others, TCP), is_clear) for others in self.others):
            return None
        return self.find(self.traffic(self.stranger, directions=(Direction.OUT,)), is_protected)

    def plain(self, remote: AddressRange, protocol: int, direction: Direction = Direction.OUT) -> Iterator[Box]:
        """Yield packets between this host and `remote` that filters for single services leave alone."""
        port = DYNAMIC_PORT if protocol in WITH_PORTS else None
        return self.traffic(remote, protocol, service=port, serving=port, directions=(direction,))

    def neighbours(self, *roles: HostRole) -> Iterator[Host]:
        """Yield the hosts of the inventory that are not this one: those with one of `roles`, or all without roles."""
        own = frozenset(self.inventory.site.addresses)
        hosts = self.inventory.with_role(*roles) if roles else self.inventory.hosts
        return (host for host in hosts if own.isdisjoint(host.addresses))

    def pool(self, *kinds: RangeKind) -> AddressSet:
        """Return the addresses of the inventory's ranges of `kinds`."""
        return AddressSet(pool.network for pool in self.inventory.pools_of(*kinds))

    def traffic(
        self,
        remote: AddressRange,
        protocol: int = ANY_PROTOCOL,
        *,
        service: PortRange | None = None,
        serving: PortRange | None = None,
        directions: tuple[Direction, ...] = (Direction.OUT, Direction.IN),
    ) -> Iterator[Box]:
        """Yield the packets between this host and `remote`.

        `service` is the port at the remote end, `serving` the port at this one.
        """
        own = [address for address in self.inventory.site.addresses if address.family is remote.family]
        for local in own or [AddressRange.whole(remote.family)]:
            for direction in directions:
                yield box(direction, local, remote, protocol, serving, service)

    def traffic_with(self, host: Host, protocol: int = ANY_PROTOCOL, service: PortRange | None = None) -> Iterator[Box]:
        """Yield the packets between this host and any address of `host`."""
        for address in host.addresses:
            yield from self.traffic(address, protocol, service=service)

    def everyone(self, family: Family = Family.IPV4) -> AddressRange:
        """Return every address of `family`."""
        return AddressRange.whole(family)
