"""`ipsecmig show`: the policy as a table, as the IR or as the flat decision list."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from ipsecmig.cli.exits import Exit
from ipsecmig.cli.options import (
    Format,
    FormatOption,
    HostOptions,
    OutputOptions,
    ReadingOptions,
    Sources,
    WithSecrets,
)
from ipsecmig.cli.printer import Printer

if TYPE_CHECKING:
    from ipsecmig.model.flatten import FlatPolicy
    from ipsecmig.model.policy import PolicyStore


def show(
    sources: Sources,
    flat: Annotated[
        bool, typer.Option("--flat", help="Show what packets meet: every filter, the most specific first.")
    ] = False,
    format_: FormatOption = Format.TEXT,
    with_secrets: WithSecrets = False,
    *,
    reading: ReadingOptions,
    site: HostOptions,
    talk: OutputOptions,
) -> Exit:
    """Show a policy store, or with --flat one policy, as tables or as JSON.

    Example: ipsecmig show policy.cmd --flat
    """
    printer = talk.printer()
    inputs = reading.of(*sources)
    if not flat:
        from ipsecmig.cli.sources import read_store

        store = _only(read_store(inputs, printer), reading.policy)
        _print_store(store, printer, format_, with_secrets=with_secrets)
        return Exit.UNDECIDED if store.not_understood else Exit.DONE
    from ipsecmig.cli.policies import read_flat

    flattened = read_flat(inputs, site, reading.policy, printer)
    _print_flat(flattened, printer, format_)
    return Exit.UNDECIDED if flattened.not_understood else Exit.DONE


def _only(store: PolicyStore, name: str | None) -> PolicyStore:
    """Return the store with the one policy called `name` and what its rules use; all of it without a name."""
    if name is None:
        return store
    from dataclasses import replace

    from ipsecmig.model.flatten import select_policy

    policy = select_policy(store, name)
    lists = {rule.filter_list.casefold() for rule in policy.rules}
    actions = {rule.filter_action.casefold() for rule in policy.rules}
    return replace(
        store,
        policies=(policy,),
        filter_lists=tuple(f for f in store.filter_lists if f.store == policy.store and f.name.casefold() in lists),
        filter_actions=tuple(
            a for a in store.filter_actions if a.store == policy.store and a.name.casefold() in actions
        ),
    )


def _print_store(store: PolicyStore, printer: Printer, format_: Format, *, with_secrets: bool) -> None:
    if format_ is Format.JSON:
        from ipsecmig.model.serial import dumps

        printer.raw(dumps(store, with_secrets=with_secrets))
        return
    from ipsecmig.cli.policy_tables import store_tables

    printer.result(store_tables(store, printer.width, with_secrets=with_secrets))


def _print_flat(flat: FlatPolicy, printer: Printer, format_: Format) -> None:
    if format_ is Format.JSON:
        from ipsecmig.cli.flat_tables import flat_document

        printer.json(flat_document(flat))
        return
    from ipsecmig.cli.flat_tables import flat_tables

    printer.result(flat_tables(flat, printer.width))
