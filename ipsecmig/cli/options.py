"""The options that commands share, each defined once, so that it works the same everywhere."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from types import MappingProxyType
from typing import Annotated, NamedTuple

import typer

from ipsecmig.cli.printer import ColorMode, Printer, make_printer
from ipsecmig.errors import UsageError
from ipsecmig.model.windows import WindowsVersion


class Format(StrEnum):
    """The forms that a result can take."""

    TEXT = "text"
    JSON = "json"


class LossThreshold(StrEnum):
    """From which loss on a conversion counts as one with findings; each level includes those before it."""

    NEVER = "never"
    OPEN = "open"
    NEEDS_HUMAN = "needs-human"
    CLOSED = "closed"


Sources = Annotated[
    list[str],
    typer.Argument(
        metavar="SOURCE...",
        show_default=False,
        help="Files, folders or ldaps://SERVER to read, in order; - is standard input.",
    ),
]
FromFormat = Annotated[
    str | None,
    typer.Option("--from", metavar="FORMAT", help="Read the sources as this format; see `ipsecmig formats`."),
]
Encoding = Annotated[
    str | None, typer.Option("--encoding", metavar="NAME", help="The sources' character encoding, for example cp1252.")
]
Define = Annotated[
    list[str] | None,
    typer.Option("--define", metavar="NAME=VALUE", help="The value of a script's variable or parameter. Repeatable."),
]
Assume = Annotated[
    list[str] | None,
    typer.Option("--assume", metavar="NAME", help="Settle what a script leaves to run time. Repeatable."),
]
PolicyName = Annotated[
    str | None,
    typer.Option("--policy", metavar="NAME", help="The policy meant; by default the assigned one, else the only one."),
]
SiteFile = Annotated[
    Path | None, typer.Option("--site", metavar="FILE", help="The site inventory, YAML or JSON (site.schema.json).")
]
MyAddresses = Annotated[
    list[str] | None,
    typer.Option(
        "--me", metavar="ADDRESS", help="An address of the policy's host; overrides the inventory. Repeatable."
    ),
]
WindowsOption = Annotated[
    WindowsVersion | None,
    typer.Option("--windows", help="The source's Windows version; overrides the inventory and the source."),
]
User = Annotated[
    str | None,
    typer.Option(
        "--user",
        metavar="NAME",
        envvar="IPSECMIG_LDAP_USER",
        help="Who reads an ldap source, by password; without it, the Kerberos ticket's owner.",
    ),
]
CaFile = Annotated[
    Path | None,
    typer.Option(
        "--ca-file", metavar="FILE", help="The authorities, in PEM, that an ldap server's certificate may be from."
    ),
]
Against = Annotated[
    list[str] | None,
    typer.Option(
        "--against",
        metavar="FILE",
        help="A configuration or a folder of them; packets meet several one after another. Repeatable.",
    ),
]
FormatOption = Annotated[Format, typer.Option("--format", help="The form of the result.")]
Color = Annotated[ColorMode, typer.Option("--color", help="When to colour; NO_COLOR is honoured.")]
Quiet = Annotated[bool, typer.Option("--quiet", help="Say nothing but errors on standard error.")]
WithSecrets = Annotated[bool, typer.Option("--with-secrets", help="Show preshared keys; without it they never appear.")]


Jobs = Annotated[
    int | None,
    typer.Option("--jobs", min=1, metavar="N", help="How many hosts at a time; by default what suits."),
]


@dataclass(frozen=True, slots=True)
class ReadingOptions:
    """How the sources are read, and which policy of theirs is meant."""

    policy: PolicyName = None
    from_: FromFormat = None
    define: Define = None
    assume: Assume = None
    encoding: Encoding = None
    user: User = None
    ca_file: CaFile = None

    def of(self, *names: str) -> Inputs:
        """Return the sources called `names`, to be read so. Raises UsageError for a definition without `=`."""
        definitions, assumptions = _definitions(self.define or []), frozenset(self.assume or [])
        access = Access(self.user, self.ca_file)
        return Inputs(names, self.from_, self.encoding, definitions, assumptions, access)


class Access(NamedTuple):
    """How a directory is read: by whom (None: the owner of the Kerberos ticket), and which authorities are trusted."""

    user: str | None = None
    authority: Path | None = None


class Inputs(NamedTuple):
    """The sources that a command reads."""

    names: tuple[str, ...]
    format: str | None = None
    encoding: str | None = None
    definitions: Mapping[str, str] = MappingProxyType({})
    assumptions: frozenset[str] = frozenset()
    access: Access = Access()


@dataclass(frozen=True, slots=True)
class HostOptions:
    """What the command line says about the policy's host and its surroundings."""

    site: SiteFile = None
    me: MyAddresses = None
    windows: WindowsOption = None


@dataclass(frozen=True, slots=True)
class OutputOptions:
    """How a command talks."""

    quiet: Quiet = False
    color: Color = ColorMode.AUTO

    def printer(self) -> Printer:
        """Return the printer that talks so."""
        return make_printer(self.color, quiet=self.quiet)


def _definitions(pairs: list[str]) -> dict[str, str]:
    found: dict[str, str] = {}
    for pair in pairs:
        name, separator, value = pair.partition("=")
        if not separator or not name:
            # The text is not repeated: it may be a preshared key.
            raise UsageError("--define takes NAME=VALUE, for example --define SERVER=10.0.0.5")
        found[name] = value
    return found
