"""A starting site inventory: what a policy mentions, with a comment on what to fill in."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final, TypeVar

from ipsecmig.model.policy import Policy, PolicyStore
from ipsecmig.model.selectors import Address, AddressRange, DnsName, ServerAddress

_PRIVATE: Final = tuple(
    AddressRange.parse(text) for text in ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "fc00::/7", "fe80::/10")
)


@dataclass(slots=True)
class _Mentioned:
    """What a policy mentions, with the names of the filter lists and rules that do."""

    hosts: dict[AddressRange, list[str]] = field(default_factory=dict)
    networks: dict[AddressRange, list[str]] = field(default_factory=dict)
    gateways: dict[AddressRange, list[str]] = field(default_factory=dict)
    servers: dict[str, list[str]] = field(default_factory=dict)
    names: dict[str, list[str]] = field(default_factory=dict)

    def add(self, address: Address, where: str) -> None:
        """Note what a filter selects by."""
        match address:
            case AddressRange():
                _note(self.hosts if address.is_host else self.networks, address, where)
            case ServerAddress(role):
                _note(self.servers, role.value, where)
            case DnsName(name):
                _note(self.names, name, where)
            case _:
                pass


Key = TypeVar("Key", AddressRange, str)


def _note(found: dict[Key, list[str]], key: Key, where: str) -> None:
    places = found.setdefault(key, [])
    if where not in places:
        places.append(where)


def starting_inventory(store: PolicyStore, policy: Policy, sources: str) -> Iterator[str]:
    """Yield the lines of an inventory that says what `policy` mentions; `sources` names where it comes from."""
    mentioned = _mentions(store, policy)
    yield f"# Site inventory for the policy {_quoted(policy.name)}, begun from {_quoted(sources)}."
    yield "# Every key may be left out: then it is not known, and results say what they assume. Fill in what you know."
    yield ""
    yield "# This host's own addresses, each a single one:"
    yield "# addresses: [10.0.0.5]"
    yield "# What this host is, its domain (empty for a workgroup) and forest:"
    yield "# this: {name: server1, roles: [], domain: example.com, forest: example.com}"
    yield from _settings(store)
    yield from _named("servers", "What the filter keywords stand for on this host:", mentioned.servers)
    yield from _named("names", "The addresses behind DNS names when the filters were made:", mentioned.names)
    yield from _hosts(mentioned)
    yield from _ranges(mentioned)
    yield from _gateways(mentioned)
    yield ""
    yield "# There are also: broadcasts, nats, sensitive, policies, firewall, boot_mode, simple_policy_update and"
    yield "# third_party_client; see site.schema.json."


def _mentions(store: PolicyStore, policy: Policy) -> _Mentioned:
    found = _Mentioned()
    for rule in policy.rules:
        if isinstance(rule.tunnel_endpoint, AddressRange):
            _note(found.gateways, rule.tunnel_endpoint, rule.name)
        filter_list = store.filter_list(rule.filter_list, policy.store)
        for one in () if filter_list is None else filter_list.filters:
            found.add(one.source, rule.filter_list)
            found.add(one.destination, rule.filter_list)
    return found


def _settings(store: PolicyStore) -> Iterator[str]:
    if store.settings.windows is None:
        yield "# windows: 2003                # 2000, xp, 2003 or vista"
    else:
        yield f"windows: {store.settings.windows.value}                # as the source states it"
    if store.settings.exemptions is None:
        yield "# no_default_exempt: 3         # the registry's NoDefaultExempt, 0 to 3"
    else:
        yield f"no_default_exempt: {store.settings.exemptions}           # as the source sets it"
    if store.settings.boot_mode is not None:
        yield f"boot_mode: {store.settings.boot_mode}           # as the source sets it"


def _named(key: str, title: str, found: dict[str, list[str]]) -> Iterator[str]:
    """Yield a part that is all comment: an empty list would say that there are no such addresses."""
    if found:
        yield ""
        yield f"# {title}"
        yield f"# {key}:"
        for name, places in found.items():
            yield f"#   {_quoted(name)}: [192.0.2.1]  # filter {_lists(places)}"


def _hosts(mentioned: _Mentioned) -> Iterator[str]:
    if mentioned.hosts:
        yield ""
        yield "# Hosts that filters name. roles: dc, dns, dhcp, wins, backup, ca, radius, mgmt, nids, qos, snmp;"
        yield "# further: ipsec, windows, domain, forest, nat_traversal."
        yield "hosts:"
    for address, places in mentioned.hosts.items():
        text = address.text()
        name = "host-" + text.replace(".", "-").replace(":", "-")
        yield f'  - {{name: {name}, addresses: ["{text}"], roles: []}}  # filter {_lists(places)}'


def _ranges(mentioned: _Mentioned) -> Iterator[str]:
    if mentioned.networks:
        yield ""
        yield "# Networks that filters name. kind: dynamic, wireless, home, vpn-pool, internet, perimeter or internal;"
        yield "# private addresses are taken to be internal, and others are yours to say."
        private = [network for network in mentioned.networks if _is_private(network)]
        yield "ranges:" if private else "# ranges:"
    for network, places in mentioned.networks.items():
        entry = f'  - {{network: "{network.text()}", kind: {"internal" if _is_private(network) else "internet"}}}'
        yield f"{'' if _is_private(network) else '#'}{entry}  # filter {_lists(places)}"


def _gateways(mentioned: _Mentioned) -> Iterator[str]:
    if mentioned.gateways:
        yield ""
        yield "# Ends of tunnels. vendor: microsoft or other; l2tp: whether it can do L2TP/IPsec."
        yield "gateways:"
    for address, places in mentioned.gateways.items():
        yield f'  - {{address: "{address.text()}"}}  # tunnel of {", ".join(map(_quoted, places))}'


def _is_private(network: AddressRange) -> bool:
    return any(
        network.family is block.family and block.first <= network.first and network.last <= block.last
        for block in _PRIVATE
    )


def _lists(places: list[str]) -> str:
    return ("list " if len(places) == 1 else "lists ") + ", ".join(map(_quoted, places))


def _quoted(text: str) -> str:
    """Return `text` as YAML that is also JSON: one line, whatever is in it."""
    return json.dumps(text, ensure_ascii=False)
