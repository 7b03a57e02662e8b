"""What a start of the program imports, and what every command says about itself."""

from __future__ import annotations

import subprocess
import sys

import pytest
from fake_parts import Cli

from ipsecmig import __version__
from ipsecmig.cli.app import COMMANDS, load_command

HEAVY = (
    "ipsecmig.testing",
    "lark",
    "lxml",
    "cryptography",
    "winrm",
    "jsonschema",
    "jsonschema_rs",
    "yaml",
    "rich",
    "ipsecmig.model.flatten",
)

REPORT = """
import sys
sys.argv = ["ipsecmig", *{arguments!r}]
from ipsecmig.__main__ import main
try:
    main()
except SystemExit as leaving:
    assert leaving.code in (0, None), leaving.code
print(*sorted(sys.modules), file=sys.stderr)
"""


def start(*arguments: str) -> tuple[str, set[str]]:
    """Run the program in a new interpreter; return its output and the modules that it imported."""
    script = REPORT.format(arguments=list(arguments))
    result = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    return result.stdout, set(result.stderr.split())


def test_version_does_without_typer() -> None:
    out, modules = start("--version")
    assert out == f"ipsecmig {__version__}\n"
    assert not modules & {"typer", "click", *HEAVY}


@pytest.mark.parametrize("arguments", [("--help",), ("convert", "--help"), ("lint", "--help"), ("--version", "show")])
def test_help_does_without_what_commands_need(arguments: tuple[str, ...]) -> None:
    out, modules = start(*arguments)
    assert out
    assert not modules & set(HEAVY)


def test_only_the_command_that_is_called_is_imported() -> None:
    _, modules = start("show", "--help")
    assert {f"ipsecmig.cli.{name}" for name in COMMANDS} & modules == {"ipsecmig.cli.show"}


@pytest.mark.parametrize("arguments", [("rules",), ("explain", "NS053"), ("explain", "S20", "--format", "json")])
def test_documentation_does_without_what_readers_need(arguments: tuple[str, ...]) -> None:
    out, modules = start(*arguments)
    assert out
    assert not modules & {"lark", "lxml", "cryptography", "jsonschema", "jsonschema_rs", "yaml", "rich"}


@pytest.mark.parametrize("name", COMMANDS)
def test_help_of_every_command_has_one_example(cli: Cli, name: str) -> None:
    result = cli(name, "--help")
    assert result.code == 0
    assert result.out.count(f"Example: ipsecmig {name}") == 1


def test_an_option_is_the_same_on_every_command_that_has_it() -> None:
    meanings: dict[str, set[str]] = {}
    for command in map(load_command, COMMANDS):
        for parameter, meaning in command.__annotations__.items():
            meanings.setdefault(parameter, set()).add(str(meaning))
    assert {parameter: found for parameter, found in meanings.items() if len(found) > 1} == {}


def test_without_a_command_the_help_shows(cli: Cli) -> None:
    result = cli()
    assert "Commands:" in result.out + result.err


def test_module_and_version_agree_in_a_new_process() -> None:
    result = subprocess.run([sys.executable, "-m", "ipsecmig", "--version"], capture_output=True, text=True, check=True)
    assert result.stdout == f"ipsecmig {__version__}\n"
