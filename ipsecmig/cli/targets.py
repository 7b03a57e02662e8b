"""`ipsecmig targets`: what can be written."""

from __future__ import annotations

from ipsecmig.cli.exits import Exit
from ipsecmig.cli.options import Color, Format, FormatOption
from ipsecmig.cli.printer import ColorMode


def targets(format_: FormatOption = Format.TEXT, color: Color = ColorMode.AUTO) -> Exit:
    """List the targets, the files of each, and what each can say of a policy.

    Example: ipsecmig targets
    """
    return Exit.DONE
