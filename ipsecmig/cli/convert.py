"""`ipsecmig convert`: source policy to target configuration, verified before it is written."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from ipsecmig.cli.exits import Exit
from ipsecmig.cli.options import (
    Format,
    FormatOption,
    HostOptions,
    LossThreshold,
    OutputOptions,
    ReadingOptions,
    Sources,
    WithSecrets,
)
from ipsecmig.cli.printer import Printer

if TYPE_CHECKING:
    from ipsecmig.cli.conversion import Conversion, Outcome
    from ipsecmig.cli.files import Written

STANDARD_OUTPUT = "-"


def convert(
    sources: Sources,
    to: Annotated[str, typer.Option("--to", metavar="TARGET[,TARGET]", help="What to write; see `ipsecmig targets`.")],
    output: Annotated[
        str | None,
        typer.Option("-o", "--output", metavar="PATH", help="The folder to write to; - prints the files instead."),
    ] = None,
    format_: FormatOption = Format.TEXT,
    fail_on: Annotated[
        LossThreshold,
        typer.Option(
            "--fail-on",
            help="Exit with 1 from which loss on: those that fail open, also those that need a person, or all of them.",
        ),
    ] = LossThreshold.OPEN,
    force: Annotated[bool, typer.Option("--force", help="Replace files that ipsecmig did not write.")] = False,
    no_verify: Annotated[bool, typer.Option("--no-verify", help="Write without verifying.")] = False,
    with_secrets: WithSecrets = False,
    *,
    reading: ReadingOptions,
    site: HostOptions,
    talk: OutputOptions,
) -> Exit:
    """Convert a policy to the configuration of other systems.

    Example: ipsecmig convert policy.cmd --to nftables,strongswan -o out/
    """
    from ipsecmig.cli.conversion import Outcome, choose_targets, convert_policy, exit_code
    from ipsecmig.cli.site import make_site
    from ipsecmig.cli.sources import read_store

    printer = talk.printer()
    inputs = reading.of(*sources)
    targets = choose_targets(to)
    host = make_site(site)
    store = read_store(inputs, printer)
    conversion = convert_policy(store, reading.policy, host, targets, verify=not no_verify)
    written = _write(conversion, output, force=force)
    outcome = Outcome(output, written, with_secrets=with_secrets)
    if output == STANDARD_OUTPUT and format_ is Format.TEXT:
        _print_files(conversion, outcome, printer)
    else:
        _print_report(conversion, outcome, printer, format_)
    return exit_code(conversion, fail_on)


def _write(conversion: Conversion, output: str | None, *, force: bool) -> Written | None:
    if output in {None, STANDARD_OUTPUT} or not conversion.may_be_written:
        return None
    from pathlib import Path

    from ipsecmig.cli.files import write_all

    return write_all(Path(str(output)), conversion.files, force=force)


def _print_report(conversion: Conversion, outcome: Outcome, printer: Printer, format_: Format) -> None:
    if format_ is Format.JSON:
        from ipsecmig.cli.document import document

        printer.json(document(conversion, outcome))
        return
    from ipsecmig.cli.report import report

    printer.result(report(conversion, outcome, printer.width))


def _print_files(conversion: Conversion, outcome: Outcome, printer: Printer) -> None:
    """Print the files on standard output, one file as it is and several with their names, and the report beside."""
    from ipsecmig.cli.printer import Piece, Style, line
    from ipsecmig.cli.report import report

    printer.remark(report(conversion, outcome, None))
    if not conversion.may_be_written:
        return
    for file in conversion.files:
        if len(conversion.files) > 1:
            printer.result([line(f"==> {file.path} <==", Style.STRONG)])
        if file.secret and not outcome.with_secrets:
            printer.remark([(Piece(file.path), Piece(" holds secrets; it is shown only with --with-secrets"))])
        else:
            printer.content(file.content)
