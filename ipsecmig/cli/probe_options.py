"""The options that `ipsecmig probe` alone has."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

Host = Annotated[str, typer.Argument(metavar="HOST", help="The peer: an address or a name.")]
As = Annotated[str, typer.Option("--as", metavar="SOURCE", help="Whose host to pass for; - is standard input.")]
PacketOption = Annotated[
    str | None,
    typer.Option("--packet", metavar="PACKET", help="Which traffic; by default what is protected to HOST first."),
]
Listen = Annotated[bool, typer.Option("--listen", help="Wait for HOST to begin.")]
Ping = Annotated[bool, typer.Option("--ping", help="Send one echo request under the SA that was negotiated.")]
Explain = Annotated[
    bool, typer.Option(help="Ask a peer that refuses what it would take: up to 3 messages, none followed up.")
]
Pcap = Annotated[Path | None, typer.Option("--pcap", metavar="FILE", help="Write the packets to this new file.")]
Timeout = Annotated[
    float, typer.Option("--timeout", metavar="SECONDS", min=0.1, max=3600, help="How long it may take in all.")
]
SourcePort = Annotated[
    int, typer.Option("--source-port", metavar="PORT", min=0, max=65535, help="The local UDP port; 0 is any.")
]
Port = Annotated[int, typer.Option("--port", metavar="PORT", min=1, max=65535, help="The UDP port of HOST.")]
PresharedKeyFile = Annotated[
    Path | None, typer.Option("--preshared-key", metavar="FILE", help="The key to use in place of the policy's.")
]
CertificateFile = Annotated[
    Path | None, typer.Option("--certificate", metavar="FILE", help="The certificate to show, then its issuers.")
]
PrivateKeyFile = Annotated[
    Path | None, typer.Option("--private-key", metavar="FILE", help="The RSA key of the certificate.")
]
AuthorityFile = Annotated[
    Path | None, typer.Option("--authority", metavar="FILE", help="The root that HOST's certificate must be under.")
]
