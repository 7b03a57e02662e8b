"""`ipsecmig trace`: one packet through the policy."""

from __future__ import annotations

from typing import Annotated

import typer

from ipsecmig.cli.exits import Exit
from ipsecmig.cli.options import (
    Assume,
    Color,
    Define,
    Encoding,
    Format,
    FormatOption,
    FromFormat,
    MyAddresses,
    PolicyName,
    Quiet,
    SiteFile,
    SiteOptions,
    WindowsOption,
    input_options,
)
from ipsecmig.cli.printer import ColorMode, make_printer


def trace(
    source: Annotated[str, typer.Argument(metavar="SOURCE", help="The policy; - is standard input.")],
    packet: Annotated[
        str, typer.Argument(metavar="PACKET", help="For example 'out tcp 10.0.0.5:49152 > 10.1.0.9:445'.")
    ],
    policy: PolicyName = None,
    from_: FromFormat = None,
    site: SiteFile = None,
    me: MyAddresses = None,
    windows: WindowsOption = None,
    define: Define = None,
    assume: Assume = None,
    encoding: Encoding = None,
    format_: FormatOption = Format.TEXT,
    quiet: Quiet = False,
    color: Color = ColorMode.AUTO,
) -> Exit:
    """Show what decides about one packet, what it beats, and why.

    Example: ipsecmig trace policy.cmd "out tcp 10.0.0.5:49152 > 10.1.0.9:445"
    """
    from ipsecmig.cli.explanations import explanation_document, explanation_lines
    from ipsecmig.cli.policies import read_flat
    from ipsecmig.model.explanation import explain
    from ipsecmig.model.packets import parse_packet

    printer = make_printer(color, quiet=quiet)
    point = parse_packet(packet)
    inputs = input_options([source], from_, encoding, define, assume)
    flat = read_flat(inputs, SiteOptions(site, tuple(me or ()), windows), policy, printer)
    explanation = explain(flat, point)
    if format_ is Format.JSON:
        printer.json(explanation_document(explanation))
    else:
        printer.result(explanation_lines(explanation))
    return Exit.UNDECIDED if flat.not_understood else Exit.DONE
