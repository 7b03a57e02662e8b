"""`python -m ipsecmig`, and the entry point of the console script."""

from __future__ import annotations

import gc
import sys

# Nearly all that a start allocates stays: looking for garbage in it takes a sixth of the time.
gc.set_threshold(100_000)

from ipsecmig.cli.guard import exit_code  # noqa: E402 (after the threshold)


def main() -> None:
    """Run the command line and leave with its exit code."""
    sys.exit(exit_code(lambda: _run(sys.argv[1:])))


def _run(arguments: list[str]) -> int:
    if arguments == ["--version"]:
        from ipsecmig.cli.printer import print_version

        print_version()
        return 0
    from ipsecmig.cli.app import run

    return run(arguments)


if __name__ == "__main__":
    main()
