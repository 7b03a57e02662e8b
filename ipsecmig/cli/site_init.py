"""`ipsecmig site init`: a site inventory to begin with."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from ipsecmig.cli.exits import Exit
from ipsecmig.cli.options import OutputOptions, ReadingOptions, Sources


def init(
    sources: Sources,
    path: Annotated[
        Path | None,
        typer.Option("-o", "--output", metavar="FILE", help="The file to make; without it, standard output."),
    ] = None,
    *,
    reading: ReadingOptions,
    talk: OutputOptions,
) -> Exit:
    """Write a site inventory that says what a policy mentions, with comments on what to fill in.

    Example: ipsecmig site init policy.cmd -o site.yaml
    """
    from ipsecmig.cli.files import write_one
    from ipsecmig.cli.printer import line
    from ipsecmig.cli.sources import read_store
    from ipsecmig.cli.starting_inventory import starting_inventory
    from ipsecmig.model.flatten import select_policy

    printer = talk.printer()
    store = read_store(reading.of(*sources), printer)
    lines = starting_inventory(store, select_policy(store, reading.policy), ", ".join(sources))
    content = "".join(f"{text}\n" for text in lines).encode()
    if path is None:
        printer.content(content)
    else:
        write_one(path, content)
        printer.remark([line(f"{path} is written: fill in what you know")])
    return Exit.UNDECIDED if store.not_understood else Exit.DONE
