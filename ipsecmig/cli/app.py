"""The program: its commands, and how a command line becomes a call."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from importlib import import_module
from pathlib import Path
from typing import Annotated, Any

import typer

from ipsecmig.cli.exits import Exit
from ipsecmig.cli.groups import with_groups
from ipsecmig.cli.guard import guarded
from ipsecmig.cli.printer import print_version
from ipsecmig.cli.settings import load_settings

COMMANDS = (
    "convert",
    "lint",
    "verify",
    "trace",
    "diff",
    "show",
    "probe",
    "extract",
    "fleet",
    "explain",
    "rules",
    "formats",
    "targets",
)
"""Every command: the function of that name in the module of that name."""

GROUPS: Mapping[str, tuple[str, Mapping[str, str]]] = {
    "site": ("The site inventory: what is known besides the policy.", {"init": "site_init"}),
}
"""Commands of two words, by the first: what the group is about, and its commands with their modules."""


def load_command(name: str, module: str | None = None) -> Callable[..., Exit]:
    """Return a command, of the module of its name if none is stated.

    Only the one that is called is imported, and it imports what it works with when it runs.
    """
    command: Callable[..., Exit] = getattr(import_module(f"ipsecmig.cli.{module or name}"), name)
    return command


def _version(wanted: bool) -> None:
    if wanted:
        print_version()
        raise typer.Exit


def _program(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Show the version and exit.")
    ] = False,
) -> None:
    """Hold the options of the program itself."""


def make_app(commands: Iterable[str], groups: Iterable[str] = GROUPS) -> typer.Typer:
    """Return the program with these commands and groups of commands."""
    app = typer.Typer(
        name="ipsecmig",
        help="Read Windows IPsec policies, and carry them, verified, to Linux.",
        epilog="Exit codes: 0 done, 1 findings at or above the threshold, 2 bad usage or input, 3 undecided.",
        no_args_is_help=True,
        add_completion=False,
        rich_markup_mode=None,
        pretty_exceptions_enable=False,
        context_settings={"help_option_names": ["-h", "--help"]},
    )
    app.callback()(_program)
    for command in commands:
        app.command()(guarded(with_groups(load_command(command))))
    for name in groups:
        about, members = GROUPS[name]
        group = typer.Typer(name=name, help=about, no_args_is_help=True, add_completion=False, rich_markup_mode=None)
        for command, module in members.items():
            group.command()(guarded(with_groups(load_command(command, module))))
        app.add_typer(group)
    return app


def run(arguments: Sequence[str]) -> int:
    """Run the command line `arguments`, without the program's name, and return its exit code.

    Raises InputError for a mistake in the settings; everything else is answered here. Typer takes its time with every
    command that it is given, so that it gets only the one that is called, if any is.
    """
    settings = {} if {"-h", "--help"} & set(arguments) else load_settings(Path.cwd())
    defaults: dict[str, dict[str, Any]] = dict.fromkeys(COMMANDS, settings)
    defaults |= {name: dict.fromkeys(members, settings) for name, (_, members) in GROUPS.items()}
    called = [command for command in COMMANDS if command in arguments[:1]]
    groups = [name for name in GROUPS if name in arguments[:1]]
    app = make_app(called, groups) if called or groups else make_app(COMMANDS)
    try:
        app(args=list(arguments), prog_name="ipsecmig", default_map=defaults)
    except SystemExit as leaving:
        return leaving.code if isinstance(leaving.code, int) else 0
    return 0
