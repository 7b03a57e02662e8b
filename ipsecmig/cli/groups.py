"""Options that commands share, in groups: a parameter of a command whose type is a dataclass stands for all its fields.

Typer reads a command's signature, one option for each parameter. `with_groups` gives it that flat signature, and the
command its groups, so that an option is written once and works the same everywhere.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import MISSING, Field, fields, is_dataclass
from functools import wraps
from inspect import Parameter, Signature, signature
from typing import Any, TypeVar, get_type_hints

Result = TypeVar("Result")


def with_groups(command: Callable[..., Result]) -> Callable[..., Result]:
    """Return `command` with the fields of its groups for parameters, all by keyword."""
    hints = get_type_hints(command, include_extras=True)
    groups: dict[str, Any] = {name: hint for name, hint in hints.items() if is_dataclass(hint)}

    @wraps(command)
    def run(**given: Any) -> Result:  # noqa: ANN401 (whatever Typer made of the command line)
        made = {
            name: group(**{field.name: given.pop(field.name) for field in fields(group)})
            for name, group in groups.items()
        }
        return command(**given, **made)

    flat = tuple(_flat(command, hints, groups))
    run.__signature__ = Signature(flat)  # type: ignore[attr-defined]
    run.__annotations__ = {parameter.name: parameter.annotation for parameter in flat}
    return run


def _flat(command: Callable[..., object], hints: dict[str, Any], groups: dict[str, Any]) -> Iterator[Parameter]:
    for name, parameter in signature(command).parameters.items():
        group = groups.get(name)
        if group is None:
            yield Parameter(name, Parameter.KEYWORD_ONLY, default=parameter.default, annotation=hints[name])
            continue
        options = get_type_hints(group, include_extras=True)
        for field in fields(group):
            default = _default(field)
            yield Parameter(field.name, Parameter.KEYWORD_ONLY, default=default, annotation=options[field.name])


def _default(field: Field[Any]) -> object:
    return Parameter.empty if field.default is MISSING else field.default
