"""A second opinion on equality: z3 is asked the same question, of policies with and without a planted change."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from strategies.small import small_filters, small_policies

from ipsecmig.model.conflicts import decision_map
from ipsecmig.model.decision import DecisionMap
from ipsecmig.model.flatten import FlatPolicy, flatten
from ipsecmig.model.policy import Filter, PolicyStore
from ipsecmig.model.space import Box, Packet
from ipsecmig.model.treatment import PERMIT, Block, Permit, Protect

z3 = pytest.importorskip("z3", reason="z3-solver is not installed: no second opinion on the proofs")

Expression = Any
"""A term of z3, which has no types that mypy can see."""

WIDTHS = (2, 3, 1, 32, 32, 8, 16, 16)
POINT = [z3.BitVec(name, width) for name, width in zip(Packet._fields, WIDTHS, strict=True)]
FAMILY, PROTOCOL, REMOTE_PORT, LOCAL_PORT = POINT[1], POINT[5], POINT[6], POINT[7]
HAS_PORTS = z3.Or([number == PROTOCOL for number in (6, 17, 33, 132, 136)])
IN_SPACE = z3.And(FAMILY == 4, z3.ULE(POINT[0], 2), z3.Or(HAS_PORTS, z3.And(REMOTE_PORT == 0, LOCAL_PORT == 0)))


def inside(box: Box) -> Expression:
    return z3.And([z3.And(z3.UGE(v, low), z3.ULE(v, high)) for v, (low, high) in zip(POINT, box, strict=True)])


def chain(flat: FlatPolicy, numbers: dict[Permit | Block | Protect, int]) -> Expression:
    result = z3.BitVecVal(0, 8)
    for box, treatment in reversed(list(flat.layers())):
        number = numbers.setdefault(treatment, len(numbers))
        result = z3.If(inside(box), z3.BitVecVal(number, 8), result)
    return result


def z3_difference(left: FlatPolicy, right: FlatPolicy) -> Packet | None:
    """Return a packet that two policies treat differently by first match, or None when z3 proves that there is none."""
    numbers: dict[Permit | Block | Protect, int] = {PERMIT: 0}
    solver = z3.Solver()
    solver.add(IN_SPACE, chain(left, numbers) != chain(right, numbers))
    verdict = solver.check()
    assert verdict != z3.unknown
    if verdict == z3.unsat:
        return None
    model = solver.model()
    return Packet(*(model.eval(v, model_completion=True).as_long() for v in POINT))


def first_match(flat: FlatPolicy) -> DecisionMap[Permit | Block | Protect]:
    return DecisionMap.from_layers(flat.layers(), PERMIT)


def agree(left: FlatPolicy, right: FlatPolicy) -> None:
    ours, theirs = first_match(left), first_match(right)
    found = ours.differences(theirs, lambda a, b: a == b)
    packet = z3_difference(left, right)
    assert (packet is None) == (not found.differences) == ours.is_equal(theirs)
    if packet is not None:
        assert ours.at(packet) != theirs.at(packet)
        assert any(d.box.contains(Box._make((v, v) for v in packet)) for d in found.differences) or found.truncated


@settings(max_examples=25, deadline=None)
@given(small_policies(), small_filters(), st.data())
def test_both_see_a_planted_change_or_neither(store: PolicyStore, change: Filter, data: st.DataObject) -> None:
    number = data.draw(st.integers(0, len(store.filter_lists) - 1))
    changed = store.filter_lists[number]
    others = (*store.filter_lists[:number], replace(changed, filters=(change, *changed.filters[1:])))
    mutant = replace(store, filter_lists=(*others, *store.filter_lists[number + 1 :]))
    agree(flatten(store, store.policies[0]), flatten(mutant, mutant.policies[0]))


@settings(max_examples=25, deadline=None)
@given(small_policies())
def test_a_rewritten_policy_is_never_called_different(store: PolicyStore) -> None:
    """Rules in another order and mirrored filters written as two change nothing, conflicts included."""
    lists = tuple(replace(f, filters=tuple(h for m in f.filters for h in halves(m))) for f in store.filter_lists)
    rules = store.policies[0].rules[::-1]
    policy = replace(store.policies[0], rules=rules)
    left, right = flatten(store, store.policies[0]), flatten(replace(store, filter_lists=lists), policy)
    ours, theirs = decision_map(left), decision_map(right)
    assert ours.is_equal(theirs)
    assert not ours.differences(theirs, lambda a, b: a == b).differences
    agree(left, right)


def halves(filter_: Filter) -> list[Filter]:
    if not filter_.mirrored:
        return [filter_]
    back = Filter(
        filter_.destination,
        filter_.source,
        filter_.protocol,
        filter_.destination_port,
        filter_.source_port,
        mirrored=False,
    )
    return [replace(filter_, mirrored=False), back]
