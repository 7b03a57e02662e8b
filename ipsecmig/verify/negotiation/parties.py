"""From terms to engines: keys, certificates, addresses, and who means which traffic."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

from ipsecmig.ike.configuration import Configuration, RsaCredentials, Traffic
from ipsecmig.model.algorithms import DhGroup
from ipsecmig.model.policy import MainMode, Secret
from ipsecmig.verify.negotiation.certificates import Authorities
from ipsecmig.verify.negotiation.packets import Ends
from ipsecmig.verify.negotiation.result import Side
from ipsecmig.verify.negotiation.terms import Terms
from ipsecmig.verify.negotiation.traffic import Selector, as_seen_by_peer

PSK: Final = "psk"
CERTIFICATE: Final = "certificate"
KERBEROS: Final = "kerberos"

_STAND_IN: Final = Secret("stand-in for a key that is not known")


@dataclass(frozen=True, slots=True)
class Credentials:
    """What each side proves itself with. `supposed` and `assumed` say what was made up, and what that rests on."""

    policy: Secret | RsaCredentials = field(repr=False)
    target: Secret | RsaCredentials = field(repr=False)
    supposed: tuple[str, ...] = ()
    assumed: tuple[str, ...] = ()


def credentials_for(method: str, policy: Terms, target: Terms, authorities: Authorities) -> Credentials:
    """Return what both sides prove themselves with by `method`.

    A preshared key that one side does not hold, and Kerberos, which is not done here, are replaced by one key for both
    ends, so that all the rest is run; that such a stand-in works says nothing about the real thing, which is therefore
    `supposed` and leaves the outcome undecided. Certificates are made for the run (see `certificates`).
    """
    if method == KERBEROS:
        return Credentials(_STAND_IN, _STAND_IN, ("Kerberos, replaced by a preshared key for this run",))
    if method == CERTIFICATE:
        named = (policy.authority or "", target.authority or policy.authority or "")
        own, other = (authorities.credentials(name) for name in named)
        return Credentials(own, other, assumed=(_MADE,))
    if policy.key is None or target.key is None:
        lacking = "the policy" if policy.key is None else "the target"
        what = f"the preshared key, which {lacking} does not hold, replaced by another for this run"
        return Credentials(_STAND_IN, _STAND_IN, (what,))
    return Credentials(policy.key, target.key)


_MADE: Final = "certificates were made for this run under authorities of the names given; the real ones were not seen"


PfsGroups = tuple[DhGroup | None, DhGroup | None]
"""The groups of quick mode's own exchange of policy and target; None without PFS."""


@dataclass(frozen=True, slots=True)
class Parties:
    """A Windows host under the policy, as peer, and this host under the target.

    `ends` are the addresses of this host and of the peer; selectors are seen from this host.
    """

    policy: Terms
    target: Terms
    credentials: Credentials
    ends: Ends
    policy_selector: Selector
    target_selector: Selector

    def configurations(self, groups: PfsGroups) -> dict[Side, Configuration]:
        """Return both ends."""
        peer = Ends(self.ends.remote, self.ends.local)
        meant = as_seen_by_peer(self.policy_selector)
        return {
            Side.POLICY: _end(self.policy, self.credentials.policy, peer, meant, groups[0]),
            Side.TARGET: _end(self.target, self.credentials.target, self.ends, self.target_selector, groups[1]),
        }

    def windows_here(self) -> Configuration:
        """Return this host as it was under the policy."""
        group = next(iter(self.policy.pfs_groups), None)
        return _end(self.policy, self.credentials.policy, self.ends, self.policy_selector, group)


def _end(
    terms: Terms, authentication: Secret | RsaCredentials, ends: Ends, selector: Selector, group: DhGroup | None
) -> Configuration:
    local, remote = selector.identifications()
    return Configuration(
        local=ends.local,
        remote=ends.remote,
        authentication=authentication,
        main_mode=MainMode(terms.main_mode_offers, terms.main_mode_seconds),
        traffic=Traffic(local, remote, terms.mode, terms.offers, group),
        windows=terms.windows,
    )
