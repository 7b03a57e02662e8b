"""What a server does wrong on purpose, message by message."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum

from ipsecmig.testing.gate import Gate
from ipsecmig.testing.winrm.faults import Fault
from ipsecmig.testing.winrm.soap import Action


class When(Enum):
    """When a connection is cut: before the request is heeded, in the middle of the answer, or after it."""

    BEFORE = "before"
    MIDDLE = "middle"
    AFTER = "after"


@dataclass(frozen=True, slots=True)
class Cut:
    """The connection is closed, without a word."""

    when: When


@dataclass(frozen=True, slots=True)
class Hang:
    """The request is heeded, and its answer sent, once the gate lets it pass."""

    gate: Gate


@dataclass(frozen=True, slots=True)
class Drip:
    """The answer is sent in so many pieces, each when the gate lets one pass."""

    gate: Gate
    pieces: int = 4


@dataclass(frozen=True, slots=True)
class Garbage:
    """An answer that means nothing, in the clear."""

    body: bytes
    content_type: str = "application/soap+xml;charset=UTF-8"


@dataclass(frozen=True, slots=True)
class Flood:
    """One answer of so many octets, in the clear, which never was asked for."""

    octets: int


@dataclass(frozen=True, slots=True)
class Status:
    """An HTTP status, with nothing else."""

    code: int


@dataclass(frozen=True, slots=True)
class Refuse:
    """A fault of WS-Management, such as an exhausted quota."""

    fault: Fault


Misdeed = Cut | Hang | Drip | Garbage | Flood | Status | Refuse

Script = Mapping[int | Action, Misdeed]
"""Misdeeds by the number of the message, which counts from 1 over the server's life, or by what it asks for."""
