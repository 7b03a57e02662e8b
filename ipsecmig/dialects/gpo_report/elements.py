"""The elements of the Windows Firewall extension as objects of a store of connection security rules.

Rules are repeated elements whose children are called like the tokens of registry strings ([MS-GPFAS] 2.2.6.2), sets
are elements with a GUID and one element for each suite. Names are as public readers of real reports use them.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from ipsecmig.consec.objects import Token
from ipsecmig.consec.tokens import HIDDEN
from ipsecmig.dialects.xml_input.nodes import Node, is_secret, verbatim

_NAMES: Final = {
    "LocalName": "Name",
    "Desc": "Description",
    "EmbedCtxt": "EmbeddedContext",
}
"""What sets call otherwise than the registry does."""

_BASE: Final = frozenset({"GPO", "Precedence"})
"""What `gpresult` puts into each setting: the group policy object that it is from, and its rank."""


def rule_tokens(node: Node) -> tuple[Token, ...]:
    """Return what a rule says, in its order."""
    return tuple(Token(one.name, value_of(one)) for one in node.children if one.name not in _BASE)


def set_tokens(node: Node) -> tuple[Token, ...]:
    """Return what a set says of itself; see `suites` for the rest."""
    found = (one for one in node.children if one.name not in _BASE | {"GUID"} and not _is_suite(one))
    return tuple(Token(_NAMES.get(one.name, one.name), value_of(one)) for one in found)


def suites(node: Node) -> Iterator[tuple[str, tuple[Token, ...]]]:
    """Yield the suites of a set in their order, each with the label that its subkey would have."""
    for number, suite in enumerate(_suites(node)):
        yield f"{number:04}", tuple(Token(one.name, value_of(one)) for one in suite.children)


def _suites(node: Node) -> Iterator[Node]:
    for one in node.children:
        if _is_suite(one) and one.name not in _BASE:
            inner = [each for each in one.children if _is_suite(each)]
            yield from inner or (one,)


def _is_suite(node: Node) -> bool:
    return bool(node.children) and not _is_wrapped(node)


def _is_wrapped(node: Node) -> bool:
    return len(node.children) == 1 and node.children[0].name == "Value" and not node.children[0].children


def value_of(node: Node) -> str:
    """Return the text of an element, or of the only `Value` in it; whatever else is in it comes back as XML."""
    if _is_wrapped(node):
        return node.children[0].text
    if not node.children:
        return node.text
    return HIDDEN if is_secret(node.name) else verbatim(node)


def precedence(node: Node) -> int:
    """Return the rank of a setting in the results of `gpresult`: 1 wins. A report on one object has no ranks."""
    text = node.value("Precedence")
    return int(text) if text.isdecimal() and len(text) < 6 else 1
