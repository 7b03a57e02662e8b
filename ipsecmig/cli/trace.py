"""`ipsecmig trace`: one packet through the policy."""

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


def trace(
    source: Annotated[str, typer.Argument(metavar="SOURCE", help="The policy; - is standard input.")],
    packet: Annotated[
        str, typer.Argument(metavar="PACKET", help="For example 'out tcp 10.0.0.5:49152 > 10.1.0.9:445'.")
    ],
    format_: FormatOption = Format.TEXT,
    *,
    reading: ReadingOptions,
    site: HostOptions,
    talk: OutputOptions,
) -> Exit:
    """Show what decides about one packet, what it beats, and why.

    Example: ipsecmig trace policy.cmd "out tcp 10.0.0.5:49152 > 10.1.0.9:445"
    """
    from ipsecmig.cli.explanations import explanation_document, explanation_lines
    from ipsecmig.cli.policies import read_flat
    from ipsecmig.model.explanation import explain
    from ipsecmig.model.packets import parse_packet

    printer = talk.printer()
    point = parse_packet(packet)
    inputs = reading.of(source)
    flat = read_flat(inputs, site, reading.policy, printer)
    explanation = explain(flat, point)
    if format_ is Format.JSON:
        printer.json(explanation_document(explanation))
    else:
        printer.result(explanation_lines(explanation))
    return Exit.UNDECIDED if flat.not_understood else Exit.DONE
