"""`ipsecmig diff`: the semantic difference of two policies."""

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


def diff(
    first: Annotated[str, typer.Argument(metavar="A", help="One policy; - is standard input.")],
    second: Annotated[str, typer.Argument(metavar="B", help="The other policy.")],
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
    """Show which packets two policies treat differently, whatever format each is in.

    Example: ipsecmig diff old.cmd new.cmd
    """
    from ipsecmig.cli.differences import print_comparison
    from ipsecmig.cli.policies import read_flat
    from ipsecmig.verify.compare import compare
    from ipsecmig.verify.readback.windows import read_policy

    printer = make_printer(color, quiet=quiet)
    host = SiteOptions(site, tuple(me or ()), windows)
    one, other = (
        read_flat(input_options([name], from_, encoding, define, assume), host, policy, printer)
        for name in (first, second)
    )
    return print_comparison(compare(one, [read_policy(other)]), printer, format_)
