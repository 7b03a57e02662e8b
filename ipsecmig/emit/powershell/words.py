"""How the NetSecurity cmdlets write values. Source: the reference of these cmdlets, and about_Quoting_Rules."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from typing import Final

from ipsecmig.consec.objects import (
    AuthenticationSuite,
    EndpointAddress,
    KeywordAddress,
    MainModeSuite,
    QuickModeSuite,
)
from ipsecmig.consec.vocabulary import (
    ACTIONS,
    ADDRESS_KEYWORDS,
    CIPHERS,
    ENCAPSULATIONS,
    HASHES,
    INTERFACE_TYPES,
    KEY_EXCHANGES,
    Hash,
    Method,
)
from ipsecmig.emit.connection_rules.names import sayable
from ipsecmig.emit.connection_rules.plan import Planned
from ipsecmig.model import selectors
from ipsecmig.model.exemptions import ALL_ICMP, DHCP, NEIGHBOUR_DISCOVERY, ROUTER_DISCOVERY
from ipsecmig.model.selectors import AddressRange, PortRange

EXEMPTIONS: Final = {
    NEIGHBOUR_DISCOVERY: "NeighborDiscovery",
    ALL_ICMP: "Icmp",
    ROUTER_DISCOVERY: "RouterDiscovery",
    DHCP: "Dhcp",
}
_SINGLE_QUOTES: Final = re.compile("['\u2018\u2019\u201a\u201b]")
"""All that PowerShell takes as a single quotation mark."""

_PROTOCOLS: Final = {
    None: "Any",
    selectors.TCP: "TCP",
    selectors.UDP: "UDP",
    selectors.ICMP: "ICMPv4",
    selectors.ICMPV6: "ICMPv6",
}


def quoted(text: str) -> str:
    """Return `text` as a string in which nothing is special: single quotation marks, those inside doubled."""
    return f"'{_SINGLE_QUOTES.sub(lambda match: match[0] * 2, text)}'"


def refusal(suites: Sequence[AuthenticationSuite]) -> str:
    """Return why PowerShell cannot say the last of `suites`; empty where it can."""
    last = suites[-1]
    text = last.secret.reveal() if last.secret is not None else last.authority
    needs_text = last.method in {Method.MACHINE_PRESHARED_KEY, Method.MACHINE_CERTIFICATE}
    if needs_text and (not text or text != text.strip() or not text.isprintable()):
        return "it is empty, begins or ends with a blank, or holds control characters"
    return ""


def authentication_proposal(suite: AuthenticationSuite) -> Iterator[str]:
    """Yield the parameters of New-NetIPsecAuthProposal. A preshared key stands in the clear."""
    yield "-Machine"
    if suite.method is Method.MACHINE_KERBEROS:
        yield "-Kerberos"
    elif suite.secret is not None:
        yield f"-PreSharedKey {quoted(suite.secret.reveal())}"
    else:
        yield f"-Cert -Authority {quoted(suite.authority)} -AuthorityType Root"
        yield from ("-AccountMapping",) if suite.map_to_account else ()
        yield from ("-ExcludeCAName",) if suite.exclude_authority else ()


def main_mode_proposal(suite: MainModeSuite) -> str:
    """Return the parameters of New-NetIPsecMainModeCryptoProposal."""
    cipher = CIPHERS.by_member[suite.encryption].powershell
    group = KEY_EXCHANGES.by_member[suite.key_exchange].powershell
    return f"-Encryption {cipher} -Hash {_hash(suite.hash)} -KeyExchange {group}"


def quick_mode_proposal(suite: QuickModeSuite) -> Iterator[str]:
    """Yield the parameters of New-NetIPsecQuickModeCryptoProposal."""
    yield f"-Encapsulation {ENCAPSULATIONS.by_member[suite.encapsulation].powershell}"
    if suite.ah_hash is not None:
        yield f"-AHHash {_hash(suite.ah_hash)}"
    if "esp" in suite.encapsulation.value:
        yield f"-ESPHash {_hash(suite.esp_hash)} -Encryption {CIPHERS.by_member[suite.encryption].powershell}"
    yield f"-MaxMinutes {suite.lifetime_minutes} -MaxKiloBytes {suite.lifetime_kilobytes}"


def _hash(hash_: Hash | None) -> str:
    return "None" if hash_ is None else HASHES.by_member[hash_].powershell or ""


def rule(planned: Planned) -> Iterator[str]:
    """Yield the parameters of New-NetIPsecRule that say where it applies and what it asks for; it is not enabled."""
    said = planned.rule
    yield f"-Name {quoted(said.id)} -DisplayName {quoted(sayable(said.name))}"
    if sayable(said.description):
        yield f"-Description {quoted(sayable(said.description))}"
    yield f"-Enabled False -Profile Any -Mode {'Tunnel' if said.tunnel.is_tunnel else 'Transport'}"
    if said.action is not None:
        inbound, outbound = (ACTIONS.by_member[said.action].powershell or "").split(",")
        yield f"-InboundSecurity {inbound} -OutboundSecurity {outbound}"
    yield f"-LocalAddress {_addresses(said.scope.endpoint1)} -RemoteAddress {_addresses(said.scope.endpoint2)}"
    yield f"-Protocol {_PROTOCOLS.get(said.protocol, str(said.protocol))}"
    if said.ports1 or said.ports2:
        yield f"-LocalPort {_ports(said.ports1)} -RemotePort {_ports(said.ports2)}"
    yield f"-InterfaceType {_listed(INTERFACE_TYPES.by_member[k].powershell or '' for k in said.interface_types)}"
    if said.tunnel.is_tunnel:
        ends = (said.tunnel.local[0].text(), said.tunnel.remote[0].text())
        yield f"-LocalTunnelEndpoint {quoted(ends[0])} -RemoteTunnelEndpoint {quoted(ends[1])}"
    if planned.authentication is not None:
        yield f"-Phase1AuthSet {quoted(set_name(planned.authentication.id))}"
    if planned.crypto is not None:
        yield f"-QuickModeCryptoSet {quoted(set_name(planned.crypto.id))}"


def set_name(id_: str) -> str:
    """Return what a set is called in the store."""
    return f"ipsecmig-{id_}"


def _addresses(addresses: Sequence[EndpointAddress]) -> str:
    return _listed(quoted(text) for text in dict.fromkeys(map(_address, addresses)))


def _address(address: EndpointAddress) -> str:
    if isinstance(address, KeywordAddress):
        return ADDRESS_KEYWORDS.by_member[address.keyword].powershell or ""
    if address == AddressRange.whole(address.family):
        return "-".join(selectors.format_address(address.family, end) for end in (address.first, address.last))
    return address.text()


def _ports(ports: Sequence[PortRange]) -> str:
    return _listed(quoted(port.text()) for port in ports)


def _listed(texts: Iterable[str]) -> str:
    return ", ".join(texts) or "Any"


def exemptions(value: int) -> str:
    """Return what is exempt as Set-NetFirewallSetting takes it."""
    return ", ".join(word for bit, word in EXEMPTIONS.items() if value & bit) or "None"
