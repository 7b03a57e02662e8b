"""`python -m ipsecmig.testing.winrm SOURCE...`: a Windows host with the policies of the sources, until interrupted."""

from __future__ import annotations

import os
import secrets
import sys
import threading
from contextlib import ExitStack, suppress
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Annotated, Final

import typer

from ipsecmig.cli.exits import Exit
from ipsecmig.cli.groups import with_groups
from ipsecmig.cli.guard import exit_code, guarded
from ipsecmig.cli.options import HostOptions, OutputOptions, ReadingOptions, Sources
from ipsecmig.cli.printer import Piece, Printer, Style
from ipsecmig.cli.site import make_site
from ipsecmig.cli.sources import read_store
from ipsecmig.model.flatten import select_policy
from ipsecmig.testing.certificates import Authority
from ipsecmig.testing.host import Host
from ipsecmig.testing.languages import Language
from ipsecmig.testing.policies import registry_keys
from ipsecmig.testing.releases import Release
from ipsecmig.testing.winrm.accounts import Account
from ipsecmig.testing.winrm.server import Settings, Tls, WinrmServer

PASSWORD_VARIABLE: Final = "IPSECMIG_TESTING_PASSWORD"  # noqa: S105  the name of a variable
"""The environment variable with the password of the account; without it there is a new one each time."""


def serve(
    sources: Sources,
    release: Annotated[Release, typer.Option("--release", help="The release of Windows.")] = Release.WINDOWS_2012,
    language: Annotated[Language, typer.Option("--language", help="The display language.")] = Language.ENGLISH,
    name: Annotated[str, typer.Option("--name", metavar="NAME", help="The host's name.")] = "WINHOST",
    port: Annotated[int, typer.Option("--port", help="The port on loopback; 0 takes a free one.")] = 0,
    https: Annotated[bool, typer.Option("--https", help="Serve HTTPS, with a new authority.")] = False,
    account: Annotated[str, typer.Option("--account", metavar="NAME", help="Who may log on.")] = "Administrator",
    *,
    reading: ReadingOptions,
    site: HostOptions,
    talk: OutputOptions,
) -> Exit:
    """Serve a Windows host that has the policies of the sources, until Ctrl-C.

    Example: python -m ipsecmig.testing.winrm policy.cmd --release 2008 --language de-DE
    """
    printer = talk.printer()
    store = read_store(reading.of(*sources), printer)
    if reading.policy is not None:
        store = replace(store, policies=(select_policy(store, reading.policy),))
    host = Host(name, release, language, registry_keys(store, make_site(site).names))
    administrator = Account(account, os.environ.get(PASSWORD_VARIABLE) or secrets.token_urlsafe(12))
    with ExitStack() as running:
        authority = Authority(Path(running.enter_context(TemporaryDirectory()))) if https else None
        tls = Tls(authority.server(), authority.certificate) if authority is not None else None
        server = running.enter_context(WinrmServer(host, Settings((administrator,), tls=tls, port=port)))
        _tell(printer, server, administrator, authority)
        with suppress(KeyboardInterrupt):
            threading.Event().wait()
    return Exit.DONE


def _tell(printer: Printer, server: WinrmServer, account: Account, authority: Authority | None) -> None:
    """Print how the host is reached."""
    facts = [("url", server.url_for("localhost")), ("user", account.name), ("password", account.password)]
    if authority is not None:
        facts.append(("authority", str(authority.certificate)))
    printer.result((Piece(f"{fact:<10}", Style.FAINT), Piece(value)) for fact, value in facts)
    printer.remark([(Piece("Ctrl-C ends it."),)])
    printer.flush()


def main() -> int:
    """Run the command line, and return its exit code."""
    app = typer.Typer(add_completion=False, rich_markup_mode=None, pretty_exceptions_enable=False)
    app.command()(guarded(with_groups(serve)))
    try:
        app(prog_name="python -m ipsecmig.testing.winrm")
    except SystemExit as leaving:
        return leaving.code if isinstance(leaving.code, int) else 0
    return 0


if __name__ == "__main__":
    sys.exit(exit_code(main))
