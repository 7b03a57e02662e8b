"""The one door at which failures become a message and an exit code."""

from __future__ import annotations

import os
import sys
import traceback
from collections.abc import Callable
from functools import wraps
from types import TracebackType
from typing import ParamSpec

from ipsecmig.cli.exits import Exit
from ipsecmig.cli.printer import ColorMode, Printer, make_printer
from ipsecmig.errors import BudgetExceeded, InputError, IpsecmigError

_P = ParamSpec("_P")

TRACEBACK_VARIABLE = "IPSECMIG_TRACEBACK"
"""The environment variable that asks for the traceback of a defect. It may show parts of the input."""


def exit_code(action: Callable[[], int], color: ColorMode = ColorMode.AUTO) -> int:
    """Run `action` and return its exit code, or that of its failure, which is reported on standard error."""
    printer = make_printer(color)
    try:
        code = action()
        printer.flush()
    except KeyboardInterrupt:
        printer.error("interrupted")
        return Exit.INTERRUPTED
    except BudgetExceeded as failure:
        printer.error(str(failure))
        return Exit.UNDECIDED
    except IpsecmigError as failure:
        _report(printer, failure)
        return Exit.BAD_INPUT
    except BrokenPipeError:
        _discard_output()
        return Exit.BROKEN_PIPE
    except OSError as failure:
        printer.error(f"{failure.filename or 'standard output'}: {failure.strerror or failure}")
        _discard_output()
        return Exit.BAD_INPUT
    except Exception as defect:  # the door itself: whatever else arrives here is a defect of ipsecmig
        printer.error(_defect_message(defect))
        return Exit.DEFECT
    return code


def guarded(command: Callable[_P, Exit]) -> Callable[_P, None]:
    """Make a command that returns its exit code into one for Typer, which leaves with that code."""

    @wraps(command)
    def run(*args: _P.args, **kwargs: _P.kwargs) -> None:
        import typer

        color = kwargs.get("color")
        mode = color if isinstance(color, ColorMode) else ColorMode.AUTO
        raise typer.Exit(exit_code(lambda: command(*args, **kwargs), mode))

    return run


def _report(printer: Printer, failure: IpsecmigError) -> None:
    if isinstance(failure, InputError):
        printer.diagnostics(failure.diagnostics)
    else:
        printer.error(str(failure))


def _discard_output() -> None:
    """Point standard output nowhere, so that the interpreter does not fail once more when it leaves."""
    with open(os.devnull, "w", encoding="utf-8") as nowhere:  # noqa: PTH123 (a descriptor is wanted)
        os.dup2(nowhere.fileno(), sys.stdout.fileno())


def _defect_message(defect: Exception) -> str:
    """Say where it happened, but not the exception's own words, which may quote a secret from the input."""
    if os.environ.get(TRACEBACK_VARIABLE):
        return "".join(traceback.format_exception(defect)).rstrip()
    return (
        f"this is a defect of ipsecmig ({type(defect).__name__} at {_innermost(defect.__traceback__)});"
        f" nothing more was done. Please report it; {TRACEBACK_VARIABLE}=1 shows the traceback"
    )


def _innermost(trace: TracebackType | None) -> str:
    frames = traceback.extract_tb(trace)
    return f"{os.path.basename(frames[-1].filename)}:{frames[-1].lineno}" if frames else "an unknown place"  # noqa: PTH119
