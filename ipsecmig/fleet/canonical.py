"""Values and decision maps as digests: equal exactly when what they stand for is equal, in any process.

Values are written without ambiguity, every part with its type and its length, and hashed with SHA-256. The diagram of a
decision map has one shape for one function (see `model/diagram`), so that hashing its nodes from the leaves up, as in a
Merkle tree, gives a name to the function.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterator
from dataclasses import fields, is_dataclass
from enum import Enum, IntEnum
from hashlib import sha256
from typing import Any, Final, TypeVar

from ipsecmig.model.decision import DecisionMap
from ipsecmig.model.diagram import TERMINAL, Node
from ipsecmig.model.policy import Secret

Leaf = TypeVar("Leaf", bound=Hashable)

_PLAIN: Final = (str, int, type(None))


def digest(value: object) -> str:
    """Return the digest of a value of the model, in hexadecimal; fields that do not count for equality are left out.

    Preshared keys go in as they are: seal them first where the digest is shown (see `sealing`). Raises TypeError for
    what is no value of the model.
    """
    return sha256(_written(value)).hexdigest()


def _written(value: object) -> bytes:
    if isinstance(value, IntEnum):  # which equals its number, and a diagram may hold either
        return _written(value.value)
    if isinstance(value, Enum):
        return _sized("e", f"{type(value).__name__}.{value.name}".encode())
    if isinstance(value, _PLAIN):
        return _sized(type(value).__name__, str(value).encode("utf-8", "surrogatepass"))
    if isinstance(value, Secret):
        return _sized("key", value.reveal().encode("utf-8", "surrogatepass"))
    return _sized(type(value).__name__, b"".join(_parts(value)))


def _parts(value: object) -> Iterator[bytes]:
    if isinstance(value, tuple):
        yield from map(_written, value)
    elif isinstance(value, frozenset):
        yield from sorted(map(_written, value))
    elif is_dataclass(value):
        yield from (_written(getattr(value, field.name)) for field in fields(value) if field.compare)
    else:
        raise TypeError(f"{type(value).__name__} is no value of the model")


def _sized(kind: str, content: bytes) -> bytes:
    return f"{kind}:{len(content)}:".encode() + content


def map_digest(map_: DecisionMap[Leaf]) -> str:
    """Return the digest of the function that `map_` is, in hexadecimal."""
    return NodeDigests().of(map_.root)


class NodeDigests:
    """The digests of the nodes of a diagram, each worked out once; what they name is a function of the packets."""

    def __init__(self) -> None:
        self._known: dict[Node[Any], str] = {}

    def of(self, node: Node[Leaf]) -> str:
        """Return the digest of `node`, in hexadecimal."""
        found = self._known.get(node)
        if found is None:
            if node.level == TERMINAL:
                found = digest(("leaf", node.leaf))
            else:
                found = digest((node.level, node.cuts, tuple(map(self.of, node.children))))
            self._known[node] = found
        return found
