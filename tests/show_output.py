"""Writes a policy store as `netsh ipsec static show all level=verbose format=list` prints it.

The block of a filter list is that of a capture; the other blocks are as documented. Labels and words are those of a
language's table, and English where the table has none. Line ends, host names in addresses and dates are as Windows
prints them.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from functools import cache

from ipsecmig.dialects.netsh_show.vocabulary import Key, Word, entries
from ipsecmig.model.algorithms import ENCRYPTION, INTEGRITY, DhGroup, Encryption, Integrity
from ipsecmig.model.policy import (
    Action,
    AhTransform,
    AuthenticationMethod,
    Certificate,
    ConnectionType,
    DefaultResponseRule,
    EspTransform,
    Filter,
    FilterAction,
    FilterList,
    Kerberos,
    MainMode,
    MainModeOffer,
    Policy,
    PolicyStore,
    QuickModeOffer,
    Rule,
    StoreKind,
    StoreLocation,
)
from ipsecmig.model.selectors import Address, AddressRange, AnyAddress, DnsName, Family, Me, PortRange, format_address

GUID = "{00000000-0000-4000-8000-0000000000%02x}"
DATE = "22/04/2021 18:47:44"
PSEUDO = "pseudo"
"""A language of which nothing is known: every label and word is English spelt backwards."""

_GROUPS = {DhGroup.MODP768: "Low(1)", DhGroup.MODP1024: "Medium(2)", DhGroup.MODP2048: "High(3)"}
_PROTOCOLS = {0: Word.ANY, 1: Word.ICMP, 6: Word.TCP, 17: Word.UDP, 255: Word.RAW}
_ACTIONS = {Action.PERMIT: Word.PERMIT, Action.BLOCK: Word.BLOCK, Action.NEGOTIATE: Word.NEGOTIATE}
_KINDS = {ConnectionType.ALL: Word.ALL, ConnectionType.LAN: Word.LAN, ConnectionType.DIALUP: Word.DIALUP}
_STORES = {
    StoreKind.LOCAL: Word.LOCAL_STORE,
    StoreKind.PERSISTENT: Word.PERSISTENT_STORE,
    StoreKind.DOMAIN: Word.DOMAIN_STORE,
}


@cache
def spoken(language: str, meaning: Key | Word) -> str:
    """Return the label or word of `language`; English where it has none."""
    if language == PSEUDO:
        word = spoken("en", meaning)
        return f"<{word[1:-1][::-1]}>" if word.startswith("<") else word[::-1]
    said = {entry.language: entry.text for entry in reversed(entries()) if entry.meaning is meaning}
    return said.get(language, said["en"])


def pseudo_definitions() -> dict[str, str]:
    """Return what a person would have to say to make the pseudo language known."""
    meanings = {entry.meaning for entry in entries() if entry.language == "en"}
    return {spoken(PSEUDO, meaning): spoken("en", meaning) for meaning in meanings}


def render(store: PolicyStore, language: str = "en") -> str:
    """Return all policies, then all filter lists and filter actions that no rule shows."""
    writer = _Writer(language)
    return "\r\n".join(writer.everything(store)) + "\r\n"


def render_lists(store: PolicyStore, language: str = "en") -> str:
    """Return the filter lists alone, as `show filterlist all` prints them."""
    writer = _Writer(language)
    lines = [line for one in store.filter_lists for line in ("", *writer.filter_list(one))]
    return "\r\n".join(lines) + "\r\n"


@dataclass
class _Writer:
    language: str
    guids: dict[tuple[str, str], str] = field(default_factory=dict)

    def everything(self, store: PolicyStore) -> Iterator[str]:
        used = set()
        for policy in store.policies:
            yield ""
            yield from self.policy(policy, store)
            used |= {(kind, name) for r in policy.rules for kind, name in _references(r)}
        for one in store.filter_lists:
            if ("list", one.name.casefold()) not in used:
                yield ""
                yield from self.filter_list(one)
        for action in store.filter_actions:
            if ("action", action.name.casefold()) not in used:
                yield ""
                yield from self.action(action)
        if store.policies:
            yield from ("", self.line(Key.POLICY_COUNT, str(len(store.policies))))
            yield from ("", self.line(Key.STORE, self.store(store.policies[0].store)))

    def say(self, meaning: Key | Word) -> str:
        return spoken(self.language, meaning)

    def line(self, key: Key, value: str) -> str:
        return f"{self.say(key):<23}: {value}"

    def title(self, key: Key, number: int | None = None) -> Iterator[str]:
        text = self.say(key) + ("" if number is None else f"({number})")
        yield from (text, "-" * len(text))

    def text(self, value: str) -> str:
        return value or self.say(Word.NONE)

    def yes(self, value: bool) -> str:
        return self.say(Word.YES if value else Word.NO)

    def guid(self, kind: str, name: str) -> str:
        return self.guids.setdefault((kind, name.casefold()), GUID % (len(self.guids) + 1))

    def store(self, location: StoreLocation) -> str:
        return f"{self.say(_STORES[location.kind])} <{location.domain or 'HOST'}>"

    # ---- Policies and rules ----------------------------------------------------------------------------------------

    def policy(self, policy: Policy, store: PolicyStore) -> Iterator[str]:
        mode = policy.main_mode
        yield self.line(Key.POLICY_NAME, policy.name)
        yield self.line(Key.DESCRIPTION, self.text(policy.description))
        yield self.line(Key.STORE, self.store(policy.store))
        yield self.line(Key.MODIFIED, DATE)
        yield self.line(Key.GUID, self.guid(f"policy {policy.store.kind}", policy.name))
        yield self.line(Key.ASSIGNED, self.yes(policy.assigned))
        yield self.line(Key.POLLING_INTERVAL, f"{policy.polling_interval_seconds // 60} minutes")
        sessions = f"{mode.lifetime_seconds // 60} minutes / {mode.quick_mode_limit} Quick Mode sessions"
        yield self.line(Key.MAIN_MODE_LIFETIME, sessions)
        yield self.line(Key.MASTER_PFS, self.yes(mode.perfect_forward_secrecy))
        yield from self.main_mode(mode)
        response = [] if policy.default_response is None else [policy.default_response]
        yield self.line(Key.RULE_COUNT, str(len(policy.rules) + len(response)))
        yield from self.title(Key.RULE_DETAILS)
        for number, rule in enumerate(policy.rules, start=1):
            yield ""
            yield from self.rule(rule, number, policy, store)
        for one in response:
            yield ""
            yield from self.response(one, len(policy.rules) + 1, policy)

    def main_mode(self, mode: MainMode) -> Iterator[str]:
        yield self.say(Key.MAIN_MODE_METHODS)
        yield f"  {self.say(Key.ENCRYPTION):<16}{self.say(Key.INTEGRITY):<16}{self.say(Key.GROUP)}"
        yield f"  {'-' * 10:<16}{'-' * 9:<16}--------"
        yield from (self._main_mode_offer(offer) for offer in mode.offers)

    def _main_mode_offer(self, offer: MainModeOffer) -> str:
        return f"  {_cipher(offer.encryption):<16}{_hash(offer.integrity):<16}{_GROUPS[offer.group]}"

    def rule(self, rule: Rule, number: int, policy: Policy, store: PolicyStore) -> Iterator[str]:
        yield from self.rule_head(rule.name, rule.description, number, active=rule.active, kind=rule.connection_type)
        if rule.tunnel_endpoint is not None:
            yield from self.tunnel(rule.tunnel_endpoint)
        yield from self.methods(rule.authentication)
        filter_list, action = (
            store.filter_list(rule.filter_list, policy.store),
            store.filter_action(rule.filter_action, policy.store),
        )
        assert filter_list is not None
        assert action is not None
        yield from self.title(Key.LIST_DETAILS)
        yield from self.filter_list(filter_list)
        yield ""
        yield from self.title(Key.ACTION_DETAILS)
        yield from self.action(action)

    def rule_head(
        self, name: str, description: str, number: int, *, active: bool, kind: ConnectionType
    ) -> Iterator[str]:
        yield self.line(Key.RULE_ID, f"{number}, GUID = {self.guid('rule', name or str(number))}")
        yield self.line(Key.RULE_NAME, self.text(name))
        yield self.line(Key.DESCRIPTION, self.text(description))
        yield self.line(Key.MODIFIED, DATE)
        yield self.line(Key.ACTIVATED, self.yes(active))
        yield self.line(Key.CONNECTION_TYPE, self.say(_KINDS[kind]))

    def tunnel(self, endpoint: AddressRange | DnsName) -> Iterator[str]:
        address = endpoint.resolved[0] if isinstance(endpoint, DnsName) else endpoint
        yield self.line(Key.TUNNEL, format_address(address.family, address.first))
        if isinstance(endpoint, DnsName):
            yield self.line(Key.TUNNEL_NAME, endpoint.name)

    def methods(self, methods: Iterable[AuthenticationMethod]) -> Iterator[str]:
        listed = tuple(methods)
        yield from self.title(Key.AUTHENTICATION, len(listed))
        for method in listed:
            if isinstance(method, Kerberos):
                yield f"    {self.say(Word.KERBEROS)}"
            elif isinstance(method, Certificate):
                yield self.line(Key.ROOT_CA, method.authority)
                yield self.line(Key.CERT_MAP, self.yes(method.map_to_account))
                yield self.line(Key.EXCLUDE_NAME, self.yes(method.exclude_authority_name))
            else:
                yield self.line(Key.PRESHARED_KEY, "" if method.secret is None else method.secret.reveal())

    def response(self, response: DefaultResponseRule, number: int, policy: Policy) -> Iterator[str]:
        yield from self.rule_head("", "", number, active=response.active, kind=ConnectionType.ALL)
        yield from self.methods(response.authentication)
        yield from self.title(Key.LIST_DETAILS)
        yield self.say(Key.NO_LIST)
        yield ""
        yield from self.title(Key.ACTION_DETAILS)
        action = FilterAction("Default", Action.NEGOTIATE, response.offers, response.pfs, store=policy.store)
        yield from self.action(action)

    # ---- Filter lists and filter actions -----------------------------------------------------------------------------

    def filter_list(self, one: FilterList) -> Iterator[str]:
        yield self.line(Key.LIST_NAME, one.name)
        yield self.line(Key.DESCRIPTION, self.text(one.description))
        yield self.line(Key.STORE, self.store(one.store))
        yield self.line(Key.MODIFIED, DATE)
        yield self.line(Key.GUID, self.guid(f"list {one.store.kind}", one.name))
        yield self.line(Key.FILTER_COUNT, str(len(one.filters)))
        yield from self.title(Key.FILTERS)
        for number, filter_ in enumerate(one.filters):
            yield from [""] if number else []
            yield from self.filter(filter_)

    def filter(self, one: Filter) -> Iterator[str]:
        yield self.line(Key.DESCRIPTION, self.text(one.description))
        yield self.line(Key.MIRRORED, self.yes(one.mirrored))
        yield from self.side(one.source, Key.SOURCE, Key.SOURCE_MASK, Key.SOURCE_NAME)
        yield from self.side(one.destination, Key.DESTINATION, Key.DESTINATION_MASK, Key.DESTINATION_NAME)
        word = _PROTOCOLS.get(one.protocol)
        yield self.line(Key.PROTOCOL, str(one.protocol) if word is None else self.say(word))
        yield self.line(Key.SOURCE_PORT, self.port(one.source_port))
        yield self.line(Key.DESTINATION_PORT, self.port(one.destination_port))

    def port(self, ports: PortRange) -> str:
        return self.say(Word.ANY) if ports.is_any else str(ports.first)

    def side(self, address: Address, at: Key, under: Key, named: Key) -> Iterator[str]:
        text, mask, name = self.address(address)
        yield self.line(at, text)
        if mask:
            yield self.line(under, mask)
        yield self.line(named, name)

    def address(self, address: Address) -> tuple[str, str, str]:
        match address:
            case AnyAddress():
                token = self.say(Word.ANY_ADDRESS)
                return token, "0.0.0.0", token
            case Me():
                token = self.say(Word.MY_ADDRESS)
                return token, "255.255.255.255", token
            case DnsName(name, resolved):
                text, mask, _ = self.address(resolved[0])
                return text, mask, name
            case AddressRange(family, first):
                return _range(address, format_address(family, first))
            case _:
                token = self.say(Word(address.role.value))
                return token, "255.255.255.255", token

    def action(self, one: FilterAction) -> Iterator[str]:
        yield self.line(Key.ACTION_NAME, one.name)
        yield self.line(Key.DESCRIPTION, self.text(one.description))
        yield self.line(Key.STORE, self.store(one.store))
        yield self.line(Key.ACTION, self.say(_ACTIONS[one.action]))
        yield self.line(Key.SOFT, self.yes(one.soft))
        yield self.line(Key.INBOUND_PASSTHROUGH, self.yes(one.inbound_passthrough))
        yield self.line(Key.OFFER_COUNT, str(len(one.offers)))
        if one.offers:
            yield f"  {self.say(Key.AH):<12}{self.say(Key.ESP):<16}{self.say(Key.LIFE)}"
            yield "  --          ---             -------------"
            yield from (_quick_mode_offer(offer) for offer in one.offers)
        yield self.line(Key.PFS, self.yes(one.pfs))
        yield self.line(Key.MODIFIED, DATE)
        yield self.line(Key.GUID, self.guid(f"action {one.store.kind}", one.name))


def _references(rule: Rule) -> tuple[tuple[str, str], tuple[str, str]]:
    return ("list", rule.filter_list.casefold()), ("action", rule.filter_action.casefold())


def _range(address: AddressRange, first: str) -> tuple[str, str, str]:
    prefix = address.prefix_length
    if address.family is Family.IPV4 and prefix is not None:
        mask = format_address(Family.IPV4, address.family.last ^ (1 << 32 - prefix) - 1)
        return first, mask, first
    if address.is_host:
        return first, "", first
    return f"{first}-{format_address(address.family, address.last)}", "", "NONE"


def _quick_mode_offer(offer: QuickModeOffer) -> str:
    ah = next((_hash(t.integrity) for t in offer.transforms if isinstance(t, AhTransform)), "NONE")
    esp = next((_esp(t) for t in offer.transforms if isinstance(t, EspTransform)), "[NONE]")
    return f"  {f'[{ah}]':<12}{esp:<16}{offer.lifetime_seconds}/{offer.lifetime_kilobytes}"


def _esp(transform: EspTransform) -> str:
    integrity = "NONE" if transform.integrity is None else _hash(transform.integrity)
    return f"[{_cipher(transform.encryption)}, {integrity}]"


def _cipher(encryption: Encryption) -> str:
    return str(ENCRYPTION[encryption].netsh).upper()


def _hash(integrity: Integrity) -> str:
    return str(INTEGRITY[integrity].netsh)
