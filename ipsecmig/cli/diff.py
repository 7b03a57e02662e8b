"""`ipsecmig diff`: the semantic difference of two policies."""

from __future__ import annotations

from typing import Annotated

import typer

from ipsecmig.cli.exits import Exit
from ipsecmig.cli.options import (
    Format,
    FormatOption,
    HostOptions,
    OutputOptions,
    ReadingOptions,
)


def diff(
    first: Annotated[str, typer.Argument(metavar="A", help="One policy; - is standard input.")],
    second: Annotated[str, typer.Argument(metavar="B", help="The other policy.")],
    format_: FormatOption = Format.TEXT,
    *,
    reading: ReadingOptions,
    site: HostOptions,
    talk: OutputOptions,
) -> Exit:
    """Show which packets two policies treat differently, whatever format each is in.

    Example: ipsecmig diff old.cmd new.cmd
    """
    from ipsecmig.cli.differences import print_comparison
    from ipsecmig.cli.policies import read_flat_pair
    from ipsecmig.verify.compare import compare
    from ipsecmig.verify.readback.windows import read_policy

    printer = talk.printer()
    inputs = reading.of(first), reading.of(second)
    one, other = read_flat_pair(inputs, site, reading.policy, printer)
    return print_comparison(compare(one, [read_policy(other)]), printer, format_)
