"""What an offer asks for, attribute by attribute in words, and in which attributes two offers differ.

Words are those of strongSwan's proposals where there are any; what has no name here is its number.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from itertools import groupby
from typing import Final, NamedTuple, TypeVar

from ipsecmig.ike.phase1 import Phase1Suite
from ipsecmig.ike.phase2 import Phase2Suite
from ipsecmig.ike.wire.association import Proposal, SecurityAssociation, Transform
from ipsecmig.ike.wire.numbers import AuthenticationMethod, Encapsulation, Phase1Attribute, Phase2Attribute, Protocol
from ipsecmig.model.algorithms import ENCRYPTION, GROUPS, INTEGRITY
from ipsecmig.model.offers import Row, smallest_change
from ipsecmig.model.policy import EspTransform

NONE: Final = "none"

_GROUPS: Final = {group.value: row.strongswan for group, row in GROUPS.items()}
_HASHES: Final = {row.oakley: row.strongswan for row in INTEGRITY.values()}
_AUTHENTICATORS: Final = {row.doi: row.strongswan for row in INTEGRITY.values()}
_METHODS: Final[dict[int, str]] = {
    AuthenticationMethod.PRESHARED_KEY: "psk",
    AuthenticationMethod.DSS_SIGNATURES: "dss",
    AuthenticationMethod.RSA_SIGNATURES: "rsa",
    AuthenticationMethod.RSA_ENCRYPTION: "rsa-encryption",
    AuthenticationMethod.RSA_REVISED_ENCRYPTION: "rsa-revised-encryption",
    AuthenticationMethod.GSS_API: "kerberos",
}
_MODES: Final[dict[int, str]] = {
    Encapsulation.TUNNEL: "tunnel",
    Encapsulation.TRANSPORT: "transport",
    Encapsulation.UDP_TUNNEL: "tunnel in UDP",
    Encapsulation.UDP_TRANSPORT: "transport in UDP",
    Encapsulation.UDP_TUNNEL_DRAFT: "tunnel in UDP",
    Encapsulation.UDP_TRANSPORT_DRAFT: "transport in UDP",
}
_PROTOCOLS: Final[dict[int, str]] = {
    Protocol.ISAKMP: "isakmp",
    Protocol.AH: "ah",
    Protocol.ESP: "esp",
    Protocol.IPCOMP: "ipcomp",
}


class Phase1Terms(NamedTuple):
    """What phase 1 is protected by."""

    cipher: str
    hash: str
    group: str
    authentication: str

    def text(self) -> str:
        """Return the terms as a proposal."""
        return f"{self.cipher}-{self.hash}-{self.group} {self.authentication}"


class Phase2Terms(NamedTuple):
    """What the packets are protected by; `pfs_group` is `none` without PFS, so are cipher and integrity where absent.

    Of AH and ESP together `protocol` is `ah+esp`, and `integrity` says both.
    """

    protocol: str
    cipher: str
    integrity: str
    pfs_group: str
    mode: str

    def text(self) -> str:
        """Return the terms as a proposal."""
        algorithms = [word for word in (self.cipher, self.integrity) if word != NONE]
        group = "" if self.pfs_group == NONE else f"-{self.pfs_group}"
        return f"{self.protocol} {'-'.join(algorithms)}{group} {self.mode}"


def phase_1_terms(transform: Transform) -> Phase1Terms:
    """Return what a transform of phase 1 asks for."""
    bits = transform.amount(Phase1Attribute.KEY_LENGTH)
    number = transform.amount(Phase1Attribute.ENCRYPTION)
    rows = [row for row in ENCRYPTION.values() if row.oakley == number and bits in (None, row.key_bits)]
    return Phase1Terms(
        rows[0].strongswan if rows else _numbered("cipher", number, bits),
        _named(_HASHES, "hash", transform.amount(Phase1Attribute.HASH)),
        _named(_GROUPS, "group", transform.amount(Phase1Attribute.GROUP)),
        _named(_METHODS, "method", transform.amount(Phase1Attribute.AUTHENTICATION)),
    )


def phase_2_terms(together: Sequence[tuple[int, Transform]]) -> Phase2Terms:
    """Return what protocols with a transform each, meant together, ask for."""
    ciphers = [_esp_cipher(transform) for protocol, transform in together if protocol == Protocol.ESP]
    first = together[0][1]
    group = first.amount(Phase2Attribute.GROUP)
    return Phase2Terms(
        "+".join(_named(_PROTOCOLS, "protocol", protocol) for protocol, _ in together),
        "+".join(ciphers) or NONE,
        "+".join(_integrity(transform) for _, transform in together),
        NONE if group is None else _named(_GROUPS, "group", group),
        _named(_MODES, "mode", first.amount(Phase2Attribute.ENCAPSULATION)),
    )


def _esp_cipher(transform: Transform) -> str:
    bits = transform.amount(Phase2Attribute.KEY_LENGTH)
    rows = [row for row in ENCRYPTION.values() if row.esp == transform.transform and bits in (None, row.key_bits)]
    return rows[0].strongswan if rows else _numbered("cipher", transform.transform, bits)


def _integrity(transform: Transform) -> str:
    number = transform.amount(Phase2Attribute.AUTHENTICATION)
    return NONE if number is None else _named(_AUTHENTICATORS, "integrity", number)


def _named(names: Mapping[int, str], kind: str, number: int | None) -> str:
    return names.get(number, _numbered(kind, number)) if number is not None else f"no {kind}"


def _numbered(kind: str, number: int | None, bits: int | None = None) -> str:
    size = "" if bits is None else f"({bits})"
    return f"no {kind}" if number is None else f"{kind}{number}{size}"


def offered_in_phase_1(association: SecurityAssociation) -> tuple[Phase1Terms, ...]:
    """Return the offers of an SA payload of phase 1, in order, each once."""
    transforms = (transform for proposal in association.proposals for transform in proposal.transforms)
    return tuple(dict.fromkeys(phase_1_terms(transform) for transform in transforms))


def offered_in_phase_2(association: SecurityAssociation) -> tuple[Phase2Terms, ...]:
    """Return the offers of an SA payload of phase 2, in order, each once. Of a bundle only first transforms count."""
    groups = (tuple(group) for _, group in groupby(association.proposals, key=lambda proposal: proposal.position))
    return tuple(dict.fromkeys(terms for group in groups for terms in _alternatives(group)))


def _alternatives(group: tuple[Proposal, ...]) -> Iterable[Phase2Terms]:
    if len(group) == 1:
        return (phase_2_terms(((group[0].protocol, transform),)) for transform in group[0].transforms)
    if not all(proposal.transforms for proposal in group):
        return ()
    return (phase_2_terms(tuple((proposal.protocol, proposal.transforms[0]) for proposal in group)),)


def agreed_in_phase_1(suite: Phase1Suite) -> Phase1Terms:
    """Return what was agreed in phase 1."""
    integrity, group = INTEGRITY[suite.hash_].strongswan, _GROUPS[suite.group.value]
    return Phase1Terms(suite.cipher.name, integrity, group, _named(_METHODS, "method", suite.method))


def agreed_in_phase_2(suite: Phase2Suite) -> Phase2Terms:
    """Return what was agreed in phase 2."""
    ciphers = [ENCRYPTION[one.encryption].strongswan for one in suite.transforms if isinstance(one, EspTransform)]
    return Phase2Terms(
        "+".join("esp" if isinstance(one, EspTransform) else "ah" for one in suite.transforms),
        "+".join(ciphers) or NONE,
        "+".join(NONE if one.integrity is None else INTEGRITY[one.integrity].strongswan for one in suite.transforms),
        NONE if suite.pfs_group is None else _GROUPS[suite.pfs_group.value],
        suite.mode.value,
    )


Terms = TypeVar("Terms", Phase1Terms, Phase2Terms)


Difference = tuple[str, str, str]
"""An attribute in which two offers differ: its name, this side's value and the other's."""


def what_differs(mine: Iterable[Terms], theirs: Iterable[Terms]) -> tuple[Difference, ...]:
    """Return in what the two offers differ that differ the least; nothing if one is common or a side has none."""
    own, others = ({row.text: row for row in map(_row, terms)} for terms in (mine, theirs))
    change = smallest_change(tuple(own.values()), tuple(others.values()))
    if change is None:
        return ()
    wanted, present = own[change.wanted].attributes, others[change.present].attributes
    return tuple((name, wanted[name], present[name]) for name in change.attributes)


def _row(terms: Phase1Terms | Phase2Terms) -> Row:
    return Row(terms.text(), {_NAMES.get(name, name): value for name, value in terms._asdict().items()})


_NAMES: Final = {"pfs_group": "PFS group"}
