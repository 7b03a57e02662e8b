"""`ipsecmig probe`: a negotiation with a live peer, as the old host of a policy would lead it."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final

from ipsecmig.cli.exits import Exit, most_serious
from ipsecmig.cli.options import (
    Access,
    Against,
    Format,
    FormatOption,
    HostOptions,
    Inputs,
    OutputOptions,
    ReadingOptions,
)
from ipsecmig.cli.printer import Printer
from ipsecmig.cli.probe_options import (
    As,
    AuthorityFile,
    CertificateFile,
    Explain,
    Host,
    Listen,
    PacketOption,
    Pcap,
    Ping,
    Port,
    PresharedKeyFile,
    PrivateKeyFile,
    SourcePort,
    Timeout,
)
from ipsecmig.errors import OutputError

if TYPE_CHECKING:
    from pathlib import Path

    from ipsecmig.cli.peer import PeerDifference
    from ipsecmig.model.flatten import FlatPolicy
    from ipsecmig.probe.region import Plan, Region
    from ipsecmig.probe.run import Report
    from ipsecmig.probe.transport import Address


def probe(
    host: Host,
    as_: As,
    packet_: PacketOption = None,
    listen: Listen = False,
    ping: Ping = False,
    explain: Explain = True,
    against: Against = None,
    pcap: Pcap = None,
    timeout: Timeout = 20.0,
    source_port: SourcePort = 500,
    port: Port = 500,
    preshared_key: PresharedKeyFile = None,
    certificate: CertificateFile = None,
    private_key: PrivateKeyFile = None,
    authority: AuthorityFile = None,
    format_: FormatOption = Format.TEXT,
    *,
    reading: ReadingOptions,
    site: HostOptions,
    talk: OutputOptions,
) -> Exit:
    """Speak IKE to a live peer as the old Windows host would, and report what was agreed, or why not.

    Example: ipsecmig probe vpn.example.com --as policy.cmd --packet "out tcp 10.0.0.5:49152 > 10.1.0.9:445"
    """
    import asyncio

    from ipsecmig.cli.credentials import read_keys
    from ipsecmig.probe.region import make_plan
    from ipsecmig.probe.run import Request
    from ipsecmig.probe.run import probe as run
    from ipsecmig.probe.transport import Ports, resolve, source_address

    printer = talk.printer()
    keys = read_keys(preshared_key, certificate, private_key, authority)
    _check_new(pcap)
    peer = resolve(host)
    local = source_address(peer)
    inputs = reading.of(as_)
    flat = _flat(inputs, site, reading.policy, local, printer)
    plan = make_plan(flat, _region(flat, peer, packet_), local, peer, keys)
    comparison = _against(flat, plan, against or [], inputs.access)
    report = asyncio.run(run(Request(plan, Ports(source_port, port), listen, explain, ping, timeout)))
    _save(pcap, report)
    return _print(report, flat, comparison, printer, format_)


def _check_new(path: Path | None) -> None:
    """Raise OutputError for a file that is there already: better before anything is sent than after."""
    if path is not None and path.exists():
        raise OutputError(f"{path}: there is such a file already")


def _flat(inputs: Inputs, site: HostOptions, policy: str | None, local: Address, printer: Printer) -> FlatPolicy:
    """Return the policy as packets meet it; this host's address is the policy's host's where nothing else is said."""
    from ipsecmig.cli.policies import read_flat
    from ipsecmig.cli.site import make_site

    if not make_site(site).addresses:
        site = replace(site, me=[str(local)])
    return read_flat(inputs, site, policy, printer)


def _region(flat: FlatPolicy, peer: Address, packet: str | None) -> Region:
    from ipsecmig.model.packets import parse_packet
    from ipsecmig.probe.region import choose_region

    return choose_region(flat, peer, None if packet is None else parse_packet(packet))


def _against(flat: FlatPolicy, plan: Plan, names: list[str], access: Access) -> tuple[PeerDifference, ...]:
    """Return what differs between the policy and the peer's own configuration; nothing if that is not given."""
    if not names:
        return ()
    from ipsecmig.cli.peer import peer_differences
    from ipsecmig.cli.sources import read_configurations

    return peer_differences(plan.region, read_configurations(names, access, flat.site))


def _save(path: Path | None, report: Report) -> None:
    from ipsecmig.probe.capture import capture

    if path is not None:
        with path.open("xb") as file:
            file.write(capture(report.transcript.on_wire))


def _print(
    report: Report, flat: FlatPolicy, differences: tuple[PeerDifference, ...], printer: Printer, format_: Format
) -> Exit:
    from ipsecmig.cli.probe_document import probe_document
    from ipsecmig.cli.probe_report import probe_lines

    if format_ is Format.JSON:
        printer.json(probe_document(report, flat, differences))
    else:
        printer.result(probe_lines(report, flat, differences))
    undecided = Exit.UNDECIDED if flat.not_understood else Exit.DONE
    silent = Exit.UNDECIDED if report.echo is not None and report.echo.seconds is None else Exit.DONE
    return most_serious((EXITS[report.verdict.outcome.value], undecided, silent))


EXITS: Final = {
    "established": Exit.DONE,
    "no-proposal": Exit.FINDINGS,
    "authentication-failed": Exit.FINDINGS,
    "selectors-refused": Exit.FINDINGS,
    "no-answer": Exit.UNDECIDED,
    "error": Exit.UNDECIDED,
}
"""A peer that refused is a finding; of one that said nothing, or nothing that can be used, nothing is claimed."""
