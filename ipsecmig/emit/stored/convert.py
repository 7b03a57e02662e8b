"""A policy as the objects of a container, with what they cannot say."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

from ipsecmig.emit.stored.capabilities import capabilities
from ipsecmig.emit.stored.filters import needs_second_version
from ipsecmig.emit.stored.objects import Refer, assignments, make_objects
from ipsecmig.emit.stored.plan import Plan, make_plan
from ipsecmig.model.accounting import account
from ipsecmig.model.algorithms import DhGroup
from ipsecmig.model.policy import AuthenticationMethod, Certificate, HostSettings, PresharedKey, StoreLocation
from ipsecmig.model.targets import EmissionRequest, Loss
from ipsecmig.stored.objects import Container


@dataclass(frozen=True, slots=True)
class Stored:
    """What a container is to hold, with the losses and the number of exact attributes; `secret` if keys are in it."""

    container: Container
    losses: tuple[Loss, ...]
    exact: int
    notes: tuple[str, ...]
    secret: bool


def to_container(request: EmissionRequest, target: str, store: StoreLocation, refer: Refer) -> Stored:
    """Return the policy of `request` as objects for a container of `store`; `target` is the name that losses bear.

    References are what `refer` makes of the names of objects. The objects hold preshared keys in clear. They are the
    same for the same policy: GUIDs that the source does not give come from what the objects are.
    """
    plan = make_plan(request.store, request.policy, store)
    objects = make_objects(plan, refer)
    losses, exact = account(request, capabilities(target, plan, request.store))
    container = Container(store, objects, assignments(plan, objects, refer))
    return Stored(container, losses, exact, tuple(_notes(request, plan)), _holds_secret(plan))


def _methods(plan: Plan) -> list[AuthenticationMethod]:
    methods = [method for rule in plan.rules for method in rule.authentication]
    return methods if plan.response is None else [*methods, *plan.response.authentication]


def _holds_secret(plan: Plan) -> bool:
    return any(isinstance(method, PresharedKey) for method in _methods(plan))


def _notes(request: EmissionRequest, plan: Plan) -> Iterator[str]:
    if not plan.complete:
        yield "the policy is not complete, so it is not assigned"
    filters = (f for filter_list in plan.lists.values() for f in filter_list.filters)
    if any(map(needs_second_version, filters)):
        yield (
            "some filters need Windows Vista or later, in a form that was never compared with one that Windows wrote:"
            " compare them in Windows' own editor"
        )
    if any(action.pfs for action in plan.actions.values()):
        yield "session key PFS is stored as the flag 1; Microsoft's documentation has it the other way round: check it"
    if any(isinstance(m, Certificate) and (m.map_to_account or m.exclude_authority_name) for m in _methods(plan)):
        yield "how each certificate is used is read by Windows Vista and later only; earlier ones have it for all alike"
    if any(offer.group is DhGroup.MODP2048 for offer in plan.policy.main_mode.offers):
        yield "group 14 needs Windows Server 2003, Windows XP SP2 or later"
    unused = len(request.store.filter_lists) + len(request.store.filter_actions) - len(plan.lists) - len(plan.actions)
    if unused:
        yield f"{unused} filter list(s) and action(s) that the policy does not use are left out"
    if len(request.store.policies) > 1:
        yield f"{len(request.store.policies) - 1} other policy or policies of the source are left out"
    if replace(request.store.settings, windows=None) != HostSettings():
        yield "settings of the host outside the policy, such as exemptions, are left out: hosts keep theirs"
