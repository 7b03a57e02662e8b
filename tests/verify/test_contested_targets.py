"""Packets for which a policy's own filters are in conflict: of the policy they are left out, of a target not."""

from __future__ import annotations

import pytest
from handmade import compare_text, flat_text

from ipsecmig.verify.compare import Comparison, Result

TCP = "srcaddr=me dstaddr=any protocol=TCP mirrored=no"
HOST = "srcaddr=any dstaddr=10.0.0.1 mirrored=no"
BOTH = "srcaddr=me dstaddr=10.0.0.1 protocol=TCP mirrored=no"


def script(*filters: tuple[str, str]) -> str:
    """Return a policy with a rule for each (filter, what to do with what it selects)."""
    lines = ["add policy name=P assign=yes activatedefaultrule=no"]
    for number, (selected, action) in enumerate(filters):
        name = f"N{number}"
        lines += [
            f"add filterlist name={name}",
            f"add filter filterlist={name} {selected}",
            f"add filteraction name={name} action={action}",
            f"add rule name={name} policy=P filterlist={name} filteraction={name}",
        ]
    return "\n".join(f"netsh ipsec static {line}" for line in lines) + "\n"


def compared(policy: str, target: str) -> Comparison:
    """Compare two policies."""
    return compare_text(flat_text(policy), ("target.cmd", target))


CONTESTED = script((TCP, "block"), (HOST, "permit"))


def test_what_a_target_may_open_is_not_equal() -> None:
    comparison = compared(script((TCP, "block"), (HOST, "permit"), (BOTH, "block")), CONTESTED)
    assert comparison.result is Result.UNDECIDED
    (difference, *_) = comparison.differences
    assert difference.opens
    assert not difference.certain
    assert {a.clear for a in difference.target.alternatives} == {True, False}
    assert [r.text for r in difference.responsible] == [
        'rule "N0", filter list "N0", in conflict with rule "N1", filter list "N1"'
    ]


@pytest.mark.parametrize("other", [script((TCP, "permit")), script((TCP, "block"), (HOST, "permit"), (BOTH, "permit"))])
def test_what_a_policy_leaves_open_is_left_out_and_said(other: str) -> None:
    comparison = compared(CONTESTED, other)
    assert any("in conflict are left out" in assumption for assumption in comparison.assumptions)
    assert not any(d.box.text().startswith("out tcp") and "10.0.0.1" in d.box.text() for d in comparison.differences)


def test_a_contested_policy_is_equal_to_itself() -> None:
    assert compared(CONTESTED, CONTESTED).result is Result.EQUAL


def test_where_no_alternative_agrees_the_target_surely_differs() -> None:
    ways = (
        'negotiate qmsecmethods="ESP[3DES,SHA1]:100000k/3600s"',
        'negotiate qmsecmethods="ESP[DES,MD5]:100000k/3600s"',
    )
    contested = script((TCP, ways[0]), (HOST, ways[1]))
    comparison = compared(script((BOTH, "block"), (TCP, ways[0]), (HOST, ways[1])), contested)
    assert comparison.result is Result.DIFFERENT
    assert all(d.certain and d.opens for d in comparison.differences)
