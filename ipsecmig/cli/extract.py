"""`ipsecmig extract`: the policies of live hosts, read over WinRM into folders of evidence."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ipsecmig.cli.exits import Exit
from ipsecmig.cli.options import Format, FormatOption, OutputOptions
from ipsecmig.cli.printer import Printer
from ipsecmig.remote.target import HostTarget, Limits, Status, Transport, parse_target

if TYPE_CHECKING:
    from ipsecmig.remote.target import HostResult

LIMITS = Limits()


@dataclass(frozen=True, slots=True)
class LoginOptions:
    """How the client proves who it is, and how it knows the hosts."""

    transport: Annotated[
        Transport | None,
        typer.Option(
            "--transport",
            help="How to log in; by default ntlm with --user, certificate with --certificate, else kerberos.",
        ),
    ] = None
    login: Annotated[
        str | None,
        typer.Option(
            "--user",
            metavar="NAME",
            envvar="IPSECMIG_WINRM_USER",
            help="Who logs in; the password is IPSECMIG_WINRM_PASSWORD, in the keyring, or asked for.",
        ),
    ] = None
    certificate: Annotated[
        Path | None, typer.Option("--certificate", metavar="FILE", help="A client certificate, in PEM, to log in with.")
    ] = None
    private_key: Annotated[
        Path | None, typer.Option("--private-key", metavar="FILE", help="Its private key, in PEM, without a password.")
    ] = None
    authority: Annotated[
        Path | None,
        typer.Option(
            "--ca-file", metavar="FILE", help="The authorities, in PEM, that certificates of hosts may be from."
        ),
    ] = None
    http: Annotated[
        bool, typer.Option("--http", help="Use HTTP, with messages encrypted by NTLM, Kerberos or CredSSP.")
    ] = False
    port: Annotated[
        int | None, typer.Option("--port", metavar="PORT", help="The port; by default 5986, with --http 5985.")
    ] = None

    def chosen(self) -> Transport:
        """Return the transport that is meant."""
        if self.transport is not None:
            return self.transport
        if self.login is not None:
            return Transport.NTLM
        return Transport.CERTIFICATE if self.certificate is not None else Transport.KERBEROS

    def targets(self, hosts: Iterable[str]) -> tuple[HostTarget, ...]:
        """Return the hosts that are named, each once. Raises UsageError for what names none."""
        made = (
            parse_target(host, self.chosen(), plain=self.http, port=self.port, authority=self.authority)
            for host in hosts
        )
        return tuple(dict.fromkeys(made))


def extract(
    hosts: Annotated[
        list[str],
        typer.Argument(metavar="HOST...", show_default=False, help="Names or addresses, each also as HOST:PORT."),
    ],
    evidence: Annotated[
        Path, typer.Option("-o", "--output", metavar="FOLDER", help="Where the folders of the hosts are made.")
    ] = Path("evidence"),
    host_timeout: Annotated[
        float, typer.Option("--timeout", metavar="SECONDS", min=1, help="How long one host may take altogether.")
    ] = LIMITS.total,
    format_: FormatOption = Format.TEXT,
    *,
    logging_in: LoginOptions,
    talk: OutputOptions,
) -> Exit:
    r"""Read the IPsec policies of live Windows hosts over WinRM; nothing is changed there.

    Example: ipsecmig extract srv1.example.com srv2.example.com --user 'EXAMPLE\admin' -o evidence
    """
    from ipsecmig.cli.credentials import host_credentials
    from ipsecmig.remote.extraction import extract_host, require_libraries

    printer = talk.printer()
    targets = logging_in.targets(hosts)
    require_libraries(logging_in.chosen())
    credentials = host_credentials(
        logging_in.chosen(), logging_in.login, logging_in.certificate, logging_in.private_key
    )
    limits = limits_within(host_timeout)
    results = [extract_host(target, credentials, limits, evidence) for target in targets]
    report(results, printer, format_)
    return exit_of(results)


def limits_within(seconds: float) -> Limits:
    """Return the limits for a host that may take so many seconds altogether."""
    return LIMITS._replace(
        total=seconds, operation=min(LIMITS.operation, seconds), connect=min(LIMITS.connect, seconds)
    )


def exit_of(results: Sequence[HostResult]) -> Exit:
    """Return 0 if all hosts were read, 1 if some were not, 2 if none was."""
    failed = sum(one.status is Status.FAILED for one in results)
    if failed == len(results):
        return Exit.BAD_INPUT
    return Exit.FINDINGS if failed else Exit.DONE


def report(results: Sequence[HostResult], printer: Printer, form: Format) -> None:
    """Print what came of the hosts: the reasons of those that failed as diagnostics, the others as a table."""
    printer.diagnostics(one.reason for one in results if one.reason is not None)
    if form is Format.JSON:
        printer.json({"hosts": [_entry(one) for one in results]})
        return
    from ipsecmig.cli.table import Column, table
    from ipsecmig.remote.evidence import read_manifest

    rows = []
    for one in results:
        if one.manifest is not None:
            system = read_manifest(one.manifest.parent).system
            rows.append((one.host, system.product, system.version, f"{one.seconds:.1f} s", str(one.manifest.parent)))
    if rows:
        columns = [Column(title) for title in ("host", "system", "version")]
        printer.result(table([*columns, Column("took", right=True), Column("evidence")], rows, printer.width, indent=0))


def _entry(result: HostResult) -> dict[str, object]:
    reason = result.reason
    return {
        "host": result.host,
        "port": result.target.port,
        "status": result.status.value,
        "evidence": None if result.manifest is None else str(result.manifest.parent),
        "seconds": round(result.seconds, 3),
        "reason": None if reason is None else {"code": reason.code, "message": reason.message, "advice": reason.advice},
    }
