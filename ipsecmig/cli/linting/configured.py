"""The suppressions of the settings."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from ipsecmig.cli.linting.catalogue import catalogue, close_to
from ipsecmig.cli.linting.suppressions import Suppression, SuppressionKind
from ipsecmig.cli.settings import load_suppressions
from ipsecmig.diagnostics import Diagnostic, Severity
from ipsecmig.errors import InputError

if TYPE_CHECKING:
    from ipsecmig.cli.settings import SuppressSetting

UNKNOWN_CODE = "CLI031"


def configured_suppressions(folder: Path) -> tuple[Suppression, ...]:
    """Return the suppressions of the settings that hold in `folder`. Raises InputError for one that is wrong."""
    settings = load_suppressions(folder)
    problems = tuple(problem for one in settings for problem in _problems(one))
    if problems:
        raise InputError(problems)
    return tuple(
        Suppression(
            SuppressionKind.CONFIGURED,
            frozenset(one.codes),
            one.reason,
            one.origin,
            one.expires,
            object=one.object,
            file=one.file,
        )
        for one in settings
    )


def _problems(setting: SuppressSetting) -> Iterator[Diagnostic]:
    for code in setting.codes:
        if code not in catalogue():
            message = f'there is no code "{code}"{close_to(code)}'
            yield Diagnostic(UNKNOWN_CODE, Severity.ERROR, message, setting.origin)
