"""`ipsecmig extract`: the policies of live hosts, read over WinRM into folders of evidence."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ipsecmig.cli.exits import Exit
from ipsecmig.cli.options import Format, FormatOption, Jobs, OutputOptions
from ipsecmig.errors import UsageError
from ipsecmig.remote.target import HostTarget, Limits, Transport, parse_target

if TYPE_CHECKING:
    from ipsecmig.remote.target import Credentials

LIMITS = Limits()


@dataclass(frozen=True, slots=True)
class LoginOptions:
    """How the client proves who it is, and how it knows the hosts."""

    transport: Annotated[
        Transport | None,
        typer.Option(
            "--transport",
            help="How to log in; by default ntlm with --user, certificate with --certificate, else kerberos."
            " credssp and basic hand the password to the host.",
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
        """Return the hosts that are named. Raises UsageError for what names none."""
        return tuple(
            parse_target(host, self.chosen(), plain=self.http, port=self.port, authority=self.authority)
            for host in hosts
        )

    def listed(self, path: Path, groups: list[str]) -> tuple[HostTarget, ...]:
        """Return the hosts of a list, or those of its groups. Raises InputError for a list with mistakes."""
        from ipsecmig.dialects.decoding import read_source
        from ipsecmig.remote.campaign import members, target_of
        from ipsecmig.remote.inventory import read_hosts

        hosts = members(read_hosts(read_source(str(path))), groups)
        transport = self.chosen()
        return tuple(
            target_of(one, transport, plain=self.http, port=self.port, authority=self.authority) for one in hosts
        )


@dataclass(frozen=True, slots=True)
class ManyHosts:
    """A list of hosts, and how a run over many is made."""

    host_list: Annotated[
        Path | None,
        typer.Option("--hosts", metavar="FILE", help="Also these: one host a line, or an Ansible inventory."),
    ] = None
    group: Annotated[
        list[str] | None, typer.Option("--group", metavar="NAME", help="Of --hosts only this group. Repeatable.")
    ] = None
    jobs: Jobs = None
    again: Annotated[
        bool, typer.Option("--again", help="Ask also the hosts whose evidence is there, whole, from an earlier run.")
    ] = False
    since: Annotated[
        Path | None,
        typer.Option("--diff", metavar="FOLDER", help="Say which hosts changed since this earlier evidence."),
    ] = None


def extract(
    hosts: Annotated[
        list[str] | None,
        typer.Argument(metavar="[HOST]...", show_default=False, help="Names or addresses, each also as HOST:PORT."),
    ] = None,
    evidence: Annotated[
        Path, typer.Option("-o", "--output", metavar="FOLDER", help="Where the folders of the hosts are made.")
    ] = Path("evidence"),
    host_timeout: Annotated[
        float, typer.Option("--timeout", metavar="SECONDS", min=1, help="How long one host may take altogether.")
    ] = LIMITS.total,
    format_: FormatOption = Format.TEXT,
    *,
    logging_in: LoginOptions,
    many: ManyHosts,
    talk: OutputOptions,
) -> Exit:
    r"""Read the IPsec policies of live Windows hosts over WinRM; nothing is changed there.

    Example: ipsecmig extract srv1.example.com srv2.example.com --user 'EXAMPLE\admin' -o evidence
    """
    from ipsecmig.cli.extracting import Orders, run
    from ipsecmig.remote.campaign import plan

    printer = talk.printer()
    if many.since is not None and many.since.resolve() == evidence.resolve():
        raise UsageError("--diff compares with an earlier folder: choose another one for -o")
    listed = () if many.host_list is None else logging_in.listed(many.host_list, many.group or [])
    targets = tuple(dict.fromkeys((*logging_in.targets(hosts or ()), *listed)))
    if not targets:
        raise UsageError("no HOST is named; a list of them is given with --hosts")
    campaign = plan(targets, evidence, again=many.again)
    transports = {target.transport for target in campaign.waiting}
    credentials = {transport: _credentials(transport, logging_in) for transport in sorted(transports)}
    orders = Orders(credentials, limits_within(host_timeout), evidence, many.jobs, many.since)
    return run(campaign, orders, printer, format_)


def _credentials(transport: Transport, logging_in: LoginOptions) -> Credentials:
    from ipsecmig.cli.credentials import host_credentials
    from ipsecmig.remote.extraction import require_libraries

    require_libraries(transport)
    return host_credentials(transport, logging_in.login, logging_in.certificate, logging_in.private_key)


def limits_within(seconds: float) -> Limits:
    """Return the limits for a host that may take so many seconds altogether."""
    return LIMITS._replace(
        total=seconds, operation=min(LIMITS.operation, seconds), connect=min(LIMITS.connect, seconds)
    )
