"""`ipsecmig verify`: whether a configuration treats every packet as the policy does."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from ipsecmig.cli.exits import Exit
from ipsecmig.cli.options import (
    Against,
    Format,
    FormatOption,
    HostOptions,
    OutputOptions,
    ReadingOptions,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ipsecmig.model.flatten import FlatPolicy
    from ipsecmig.verify.negotiation.result import Negotiation
    from ipsecmig.verify.target import ReadTarget


def verify(
    source: Annotated[str, typer.Argument(metavar="SOURCE", help="The policy; - is standard input.")],
    against: Against,
    negotiate: Annotated[
        bool, typer.Option("--negotiate", help="Also negotiate every protected region, and pass packets, in process.")
    ] = False,
    format_: FormatOption = Format.TEXT,
    *,
    reading: ReadingOptions,
    site: HostOptions,
    talk: OutputOptions,
) -> Exit:
    """Compare configurations, emitted or written by hand, with a policy over all packets.

    Example: ipsecmig verify policy.cmd --against /etc/nftables.conf --against /etc/swanctl/swanctl.conf
    """
    from ipsecmig.cli.differences import print_comparison
    from ipsecmig.cli.policies import read_flat
    from ipsecmig.cli.sources import read_configurations
    from ipsecmig.verify.compare import compare

    printer = talk.printer()
    inputs = reading.of(source)
    flat = read_flat(inputs, site, reading.policy, printer)
    targets = read_configurations(against or (), inputs.access, flat.site)
    negotiations = _negotiations(flat, targets) if negotiate else None
    return print_comparison(compare(flat, targets), printer, format_, negotiations)


def _negotiations(flat: FlatPolicy, targets: Sequence[ReadTarget]) -> tuple[Negotiation, ...]:
    import secrets
    import time

    from ipsecmig.verify.negotiation.negotiate import negotiate

    return negotiate(flat, targets, random=secrets.token_bytes, at=time.time())
