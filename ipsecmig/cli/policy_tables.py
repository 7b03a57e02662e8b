"""A policy store as tables: policies, rules, filter lists, filter actions and what was not understood."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from ipsecmig.cli.printer import Line, Piece, Style, line
from ipsecmig.cli.table import Cell, Column, table
from ipsecmig.cli.text import count, listed
from ipsecmig.diagnostics import place
from ipsecmig.model import words
from ipsecmig.model.policy import Action, Filter, FilterAction, FilterList, Policy, PolicyStore, Rule
from ipsecmig.model.selectors import format_protocol

ACTION_STYLES = {Action.PERMIT: Style.GOOD, Action.BLOCK: Style.BAD, Action.NEGOTIATE: Style.CAREFUL}


def store_tables(store: PolicyStore, width: int | None, *, with_secrets: bool) -> Iterator[Line]:
    """Yield the whole store; keys only with `with_secrets`."""
    yield line(f"{listed(store.sources)}: {_contents(store)}")
    yield from not_understood(store, width)
    for policy in store.policies:
        yield from _policy(policy, width, with_secrets=with_secrets)
    yield from _actions(store.filter_actions, width)
    for filter_list in store.filter_lists:
        yield from _filters(filter_list, width)


def not_understood(store: PolicyStore, width: int | None) -> Iterator[Line]:
    """Yield what was read but not understood."""
    if store.not_understood:
        title = f"Not understood: {count(len(store.not_understood), 'place')}; nothing is claimed"
        rows = [[place(n.origin), n.text, n.reason] for n in store.not_understood]
        yield from _section(title, (Column("place"), Column("text"), Column("reason")), rows, width, Style.BAD)


def _contents(store: PolicyStore) -> str:
    filters = sum(len(filter_list.filters) for filter_list in store.filter_lists)
    return ", ".join(
        (
            count(len(store.policies), "policy", "policies"),
            count(len(store.filter_lists), "filter list"),
            count(filters, "filter"),
            count(len(store.filter_actions), "filter action"),
        )
    )


def _section(
    title: str,
    columns: Sequence[Column],
    rows: Sequence[Sequence[Cell]],
    width: int | None,
    style: Style = Style.STRONG,
) -> Iterator[Line]:
    yield line()
    yield line(title, style)
    yield from table(columns, rows, width)


def _policy(policy: Policy, width: int | None, *, with_secrets: bool) -> Iterator[Line]:
    rows: list[list[Cell]] = [
        ["assigned", words.yes_no(policy.assigned)],
        ["store", words.store(policy.store)],
        ["main mode", words.main_mode_offers(policy.main_mode.offers)],
        ["main mode lasts", words.main_mode(policy.main_mode)],
        ["default response", _default_response(policy, with_secrets=with_secrets)],
        ["polling interval", f"{policy.polling_interval_seconds} s"],
    ]
    if policy.connection_security is not None:
        rows.append(["exempt by firewall", words.firewall_exemptions(policy.connection_security)])
    rows += [["group policy object", policy.gpo]] if policy.gpo else []
    rows += [["description", policy.description]] if policy.description else []
    yield line()
    yield line(f'Policy "{policy.name}"', Style.STRONG)
    _, *lines = table((Column(""), Column("")), rows, width)
    yield from lines
    columns = tuple(
        Column(t)
        for t in ("rule", "filter list", "filter action", "authentication", "tunnel to", "interfaces", "active")
    )
    rule_rows = [_rule_row(rule, with_secrets=with_secrets) for rule in policy.rules]
    yield from _section(f'Rules of "{policy.name}"; their order means nothing', columns, rule_rows, width)


def _default_response(policy: Policy, *, with_secrets: bool) -> str:
    rule = policy.default_response
    if rule is None or not rule.active:
        return "off"
    methods = words.authentication(rule.authentication, with_secrets=with_secrets)
    return "; ".join(part for part in (methods, words.quick_mode_offers(rule.offers)) if part)


def _rule_row(rule: Rule, *, with_secrets: bool) -> list[Cell]:
    return [
        rule.name,
        rule.filter_list,
        rule.filter_action,
        words.authentication(rule.authentication, with_secrets=with_secrets),
        words.endpoint(rule.tunnel_endpoint),
        rule.connection_type.value,
        words.yes_no(rule.active),
    ]


def _actions(actions: Sequence[FilterAction], width: int | None) -> Iterator[Line]:
    if actions:
        titles = ("name", "action", "offers, best first", "session PFS", "inbound clear", "fallback to clear")
        rows = [_action_row(action) for action in actions]
        yield from _section("Filter actions", [Column(title) for title in titles], rows, width)


def _action_row(action: FilterAction) -> list[Cell]:
    kind = Piece(action.action.value, ACTION_STYLES[action.action])
    if action.action is not Action.NEGOTIATE:
        return [action.name, kind, "", "", "", ""]
    return [
        action.name,
        kind,
        words.quick_mode_offers(action.offers),
        words.yes_no(action.pfs),
        words.yes_no(action.inbound_passthrough),
        words.yes_no(action.soft),
    ]


def _filters(filter_list: FilterList, width: int | None) -> Iterator[Line]:
    titles = ("source", "destination", "protocol", "mirrored", "description", "place")
    title = f'Filter list "{filter_list.name}" ({count(len(filter_list.filters), "filter")})'
    rows = [_filter_row(filter_) for filter_ in filter_list.filters]
    yield from _section(title, [Column(text) for text in titles], rows, width)


def _filter_row(filter_: Filter) -> list[Cell]:
    return [
        words.side(words.address(filter_.source), filter_.source_port),
        words.side(words.address(filter_.destination), filter_.destination_port),
        format_protocol(filter_.protocol),
        words.yes_no(filter_.mirrored),
        filter_.description,
        Piece(place(filter_.origin), Style.FAINT),
    ]
