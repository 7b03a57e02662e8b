"""Rules: the NFAs ([MS-GPIPSEC] 2.2.1.4), and among them the default response rule."""

from __future__ import annotations

from ipsecmig.dialects.stored import messages
from ipsecmig.dialects.stored.actions import Negotiation
from ipsecmig.dialects.stored.addresses import flag
from ipsecmig.dialects.stored.authentication import read_authentication
from ipsecmig.dialects.stored.findings import About, NotUnderstoodError
from ipsecmig.dialects.stored.objects import blob, text, trailing
from ipsecmig.model.policy import Action, ConnectionType, DefaultResponseRule, Rule
from ipsecmig.model.selectors import AddressRange, DnsName, Family
from ipsecmig.stored.attributes import DATA, DESCRIPTION
from ipsecmig.stored.blobs import NfaBlob
from ipsecmig.stored.numbers import INTERFACES


def read_rule(about: About, name: str, options: int, negotiation: Negotiation) -> Rule | None:
    """Return the rule without the names of its filter list and filter action; None, after saying why, without a blob.

    `options` are those of the policy's main mode.
    """
    parsed = blob(about, NfaBlob.parse)
    if parsed is None:
        return None
    place = about.attribute(DATA)
    trailing(about, parsed.rest)
    if negotiation.action is Action.NEGOTIATE and not parsed.methods:
        place.doubt(messages.NO_METHODS)
    active, endpoint = True, None
    try:
        endpoint = _endpoint(place, parsed)
        active = flag(parsed.is_active, "active rules")
    except NotUnderstoodError as refused:
        place.refuse(refused)
    return Rule(
        name,
        "",
        "",
        read_authentication(place, parsed, options),
        endpoint,
        _connection_type(place, parsed),
        active,
        text(about.stored, DESCRIPTION),
        about.stored.guid,
        about.stored.origin,
    )


def _connection_type(about: About, parsed: NfaBlob) -> ConnectionType:
    if parsed.interface_name.text or not parsed.interface_name.is_sound:
        about.doubt(messages.INTERFACE_NAME)
    found = INTERFACES.get(parsed.interface_type)
    if found is None:
        about.doubt(messages.INTERFACE, number=parsed.interface_type)
    return found or ConnectionType.ALL


def _endpoint(about: About, parsed: NfaBlob) -> AddressRange | DnsName | None:
    """Return the end of the tunnel, None for transport mode. Raises NotUnderstoodError."""
    address = _endpoint_address(parsed)
    name = parsed.endpoint_name
    if not name.is_sound:
        raise NotUnderstoodError(messages.BROKEN_TEXT, what="name of the tunnel endpoint")
    if not flag(parsed.is_tunnel, "tunnel rules"):
        if address is not None:
            about.doubt(messages.ENDPOINT_UNUSED)
        return None
    if name.text and (address is None or name.text != address.text()):
        return DnsName(name.text, () if address is None else (address,))
    if address is None:
        raise NotUnderstoodError(messages.NO_ENDPOINT)
    return address


def _endpoint_address(parsed: NfaBlob) -> AddressRange | None:
    """Return the address of the endpoint; that of IPv6 comes before the other."""
    ipv6 = int.from_bytes(parsed.extension.tunnel_ipv6 or b"", "big")
    if ipv6:
        return AddressRange(Family.IPV6, ipv6, ipv6)
    return AddressRange(Family.IPV4, parsed.tunnel, parsed.tunnel) if parsed.tunnel else None


def default_response(about: About, rule: Rule, negotiation: Negotiation) -> DefaultResponseRule:
    """Return the default response rule that `rule` is."""
    if rule.tunnel_endpoint is not None or rule.connection_type is not ConnectionType.ALL:
        about.doubt(messages.DEFAULT_TUNNEL)
    if negotiation.action is not Action.NEGOTIATE or negotiation.inbound_passthrough or negotiation.soft:
        about.doubt(messages.DEFAULT_ACTION)
    return DefaultResponseRule(rule.active, rule.authentication, negotiation.offers, negotiation.pfs, rule.origin)
