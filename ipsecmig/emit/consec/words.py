"""How `netsh advfirewall` writes values. Source: the help of `netsh advfirewall consec add rule`."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Final

from ipsecmig.consec.objects import (
    AuthenticationSuite,
    ConnectionSecurityRule,
    EndpointAddress,
    KeywordAddress,
    MainModeSuite,
    QuickModeCryptoSet,
    QuickModeSuite,
)
from ipsecmig.consec.vocabulary import (
    ACTIONS,
    ADDRESS_KEYWORDS,
    CIPHERS,
    HASHES,
    INTERFACE_TYPES,
    KEY_EXCHANGES,
    METHODS_1,
    PFS_GROUPS,
    Hash,
    Method,
)
from ipsecmig.emit.connection_rules.names import sayable
from ipsecmig.emit.connection_rules.plan import Planned
from ipsecmig.model import selectors
from ipsecmig.model.exemptions import ALL_ICMP, DHCP, NEIGHBOUR_DISCOVERY
from ipsecmig.model.selectors import AddressRange, PortRange

EXEMPTIONS: Final = {NEIGHBOUR_DISCOVERY: "neighbordiscovery", ALL_ICMP: "icmp", DHCP: "dhcp"}

_QUOTES: Final = frozenset('"\u201c\u201d\u201e\u201f\u2033\uff02')
_ESCAPED_QUOTE: Final = "\\'"
_PROTOCOLS: Final = {
    None: "any",
    selectors.TCP: "tcp",
    selectors.UDP: "udp",
    selectors.ICMP: "icmpv4",
    selectors.ICMPV6: "icmpv6",
}
_OPTION: Final = re.compile(r"\w+:[^\s:]+$")
_PARAMETER: Final = re.compile(r"psk\w*[ \t]*=", re.IGNORECASE)


def refusal(suites: Sequence[AuthenticationSuite]) -> str:
    """Return why netsh cannot say the last of `suites` behind the others; empty where it can."""
    last, before = suites[-1], [suite.method for suite in suites[:-1]]
    if last.secret is not None:
        return _unsayable(last.secret.reveal())
    if last.method is not Method.MACHINE_CERTIFICATE:
        return ""
    if Method.MACHINE_CERTIFICATE in before and before[-1] is not Method.MACHINE_CERTIFICATE:
        return "netsh lists certification authorities together, and here another method stands between them"
    name = last.authority
    if "|" in name or _OPTION.search(name) or any(quote in name for quote in _QUOTES - {'"'}):
        return "netsh would take a part of the name of the authority as something else"
    return _unsayable(name.replace('"', "'"))


def _unsayable(text: str) -> str:
    if not text or text != text.strip() or text.endswith("\\") or not text.isprintable():
        return "netsh cannot say it: it is empty, or begins or ends with what netsh takes away"
    if not _QUOTES.isdisjoint(text) or _ESCAPED_QUOTE in text or _PARAMETER.search(text):
        return "netsh would take a part of it as something else"
    return ""


def quoted(text: str) -> str:
    """Return a name or a description, with what netsh cannot say replaced, between quotation marks."""
    return f'"{_PARAMETER.sub("psk ", sayable(text))}"'


def parameters(planned: Planned) -> Iterator[str]:
    """Yield all parameters of `add rule`; nothing rests on netsh's defaults. The key stands in the clear."""
    rule = planned.rule
    yield f"name={quoted(rule.name)}"
    if sayable(rule.description):
        yield f"description={quoted(rule.description)}"
    yield f"enable=no profile=any mode={'tunnel' if rule.tunnel.is_tunnel else 'transport'}"
    yield f"endpoint1={_endpoint(rule.scope.endpoint1)} endpoint2={_endpoint(rule.scope.endpoint2)}"
    yield f"protocol={_PROTOCOLS.get(rule.protocol, str(rule.protocol))}"
    if rule.ports1 or rule.ports2:
        yield f"port1={_ports(rule.ports1)} port2={_ports(rule.ports2)}"
    kinds = ",".join(_word(INTERFACE_TYPES.by_member[kind].netsh) for kind in rule.interface_types)
    yield f"interfacetype={kinds or 'any'}"
    if rule.tunnel.is_tunnel:
        yield f"localtunnelendpoint={rule.tunnel.local[0].text()} remotetunnelendpoint={rule.tunnel.remote[0].text()}"
    yield from _protection(rule, planned)


def _protection(rule: ConnectionSecurityRule, planned: Planned) -> Iterator[str]:
    if rule.action is not None:
        yield f"action={ACTIONS.by_member[rule.action].netsh}"
    if planned.authentication is not None:
        yield from _authentication(planned.authentication.suites)
    if planned.crypto is not None:
        yield from _crypto(planned.crypto)


def _word(text: str | None) -> str:
    return text or ""


def _endpoint(addresses: Sequence[EndpointAddress]) -> str:
    return ",".join(dict.fromkeys(map(_address, addresses))) or "any"


def _address(address: EndpointAddress) -> str:
    if isinstance(address, KeywordAddress):
        return _word(ADDRESS_KEYWORDS.by_member[address.keyword].netsh)
    if address == AddressRange.whole(address.family):
        return "-".join(selectors.format_address(address.family, end) for end in (address.first, address.last))
    return address.text()


def _ports(ports: Sequence[PortRange]) -> str:
    return ",".join(port.text() for port in ports) or "any"


def _authentication(suites: Sequence[AuthenticationSuite]) -> Iterator[str]:
    methods = dict.fromkeys(_word(METHODS_1.by_member[suite.method].netsh) for suite in suites)
    yield f"auth1={','.join(methods)}"
    yield from (f'auth1psk="{suite.secret.reveal()}"' for suite in suites if suite.secret is not None)
    authorities = [_authority(suite) for suite in suites if suite.method is Method.MACHINE_CERTIFICATE]
    if authorities:
        yield f'auth1ca="{"|".join(authorities)}"'


def _authority(suite: AuthenticationSuite) -> str:
    flags = (("certmapping", suite.map_to_account), ("excludecaname", suite.exclude_authority))
    options = " ".join(f"{name}:{'yes' if value else 'no'}" for name, value in flags)
    name = suite.authority.replace('"', _ESCAPED_QUOTE)
    return f"{name} {options}"


def _crypto(crypto: QuickModeCryptoSet) -> Iterator[str]:
    yield f"qmpfs={PFS_GROUPS.by_member[crypto.pfs].netsh}"
    yield f"qmsecmethods={','.join(map(_quick_mode, crypto.suites))}"


def _quick_mode(suite: QuickModeSuite) -> str:
    ah = [f"ah:{_hash(suite.ah_hash)}"] if suite.ah_hash is not None else []
    cipher = CIPHERS.by_member[suite.encryption].netsh
    esp = [f"esp:{_hash(suite.esp_hash)}-{cipher}"] if _has_esp(suite) else []
    return "+".join([*ah, *esp, f"{suite.lifetime_minutes}min", f"{suite.lifetime_kilobytes}kb"])


def _has_esp(suite: QuickModeSuite) -> bool:
    return "esp" in suite.encapsulation.value


def _hash(hash_: Hash | None) -> str:
    return "none" if hash_ is None else _word(HASHES.by_member[hash_].netsh)


def main_mode(suites: Sequence[MainModeSuite]) -> str:
    """Return the offers of main mode as `set global mainmode mmsecmethods` takes them."""
    return ",".join(
        f"{KEY_EXCHANGES.by_member[s.key_exchange].netsh}:{CIPHERS.by_member[s.encryption].netsh}-{_hash(s.hash)}"
        for s in suites
    )


def exemptions(value: int) -> str:
    """Return what is exempt as `set global ipsec defaultexemptions` takes it; netsh has no word for some."""
    return ",".join(word for bit, word in EXEMPTIONS.items() if value & bit) or "none"
