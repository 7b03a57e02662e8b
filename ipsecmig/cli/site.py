"""The site inventory: from a file under `site.schema.json` and the command line to the model's `Site`."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import TYPE_CHECKING

from ipsecmig.errors import InputError, UsageError
from ipsecmig.model.selectors import AddressRange, ServerRole
from ipsecmig.model.site import UNKNOWN_SITE, Site
from ipsecmig.model.windows import WindowsVersion

if TYPE_CHECKING:
    from pathlib import Path

    from ipsecmig.cli.inventory import Document, Step
    from ipsecmig.cli.options import SiteOptions
    from ipsecmig.diagnostics import Diagnostic


def make_site(options: SiteOptions) -> Site:
    """Return what is known of the host: the inventory where one is given, then what the command line says.

    Raises InputError for a file that cannot be read or breaks the schema, UsageError for a wrong address.
    """
    site = UNKNOWN_SITE if options.file is None else read_site(options.file)
    if options.addresses:
        site = replace(site, addresses=tuple(_own_address(text) for text in options.addresses))
    return site if options.windows is None else replace(site, windows=options.windows)


def _own_address(text: str) -> AddressRange:
    try:
        address = AddressRange.parse(text)
    except ValueError:
        address = None
    if address is None or not address.is_host:
        raise UsageError(f'--me takes one address, for example --me 10.0.0.5, not "{text}"')
    return address


def read_site(path: Path) -> Site:
    """Return the inventory in the file `path`; raises InputError with every mistake in it."""
    from ipsecmig.cli.inventory import read_document

    document = read_document(path)
    reader = _Reader(document)
    reader.problems.extend(_schema_problems(document))
    if not reader.problems and isinstance(document.data, dict):
        site = reader.site(document.data)
        if not reader.problems:
            return site
    raise InputError(tuple(reader.problems))


def _schema_problems(document: Document) -> Iterator[Diagnostic]:
    import json

    from jsonschema import Draft202012Validator

    from ipsecmig.cli.inventory import pointer, problem
    from ipsecmig.resources import schema

    validator = Draft202012Validator(json.loads(schema("site.schema.json").read_text(encoding="utf-8")))
    for error in sorted(validator.iter_errors(document.data), key=lambda e: [str(step) for step in e.absolute_path]):
        path = list(error.absolute_path)
        yield problem(document.origin_of(path), f"{pointer(path)}: {error.message}")


class _Reader:
    """Turns data that fits the schema into a `Site`, and gathers what the schema cannot see."""

    def __init__(self, document: Document) -> None:
        self._document = document
        self.problems: list[Diagnostic] = []

    def site(self, data: dict[str, object]) -> Site:
        servers, names = _mapping(data.get("servers")), _mapping(data.get("names"))
        exemptions = data.get("no_default_exempt")
        return Site(
            addresses=self._ranges(("addresses",), data.get("addresses"), single=True),
            servers={ServerRole(role): self._ranges(("servers", role), texts) for role, texts in servers.items()},
            names={name.casefold(): self._ranges(("names", name), texts) for name, texts in names.items()},
            broadcasts=self._ranges(("broadcasts",), data.get("broadcasts"), single=True),
            windows=WindowsVersion(str(data.get("windows", UNKNOWN_SITE.windows.value))),
            exemptions=exemptions if isinstance(exemptions, int) else None,
        )

    def _ranges(self, path: tuple[Step, ...], texts: object, *, single: bool = False) -> tuple[AddressRange, ...]:
        found = []
        for number, text in enumerate(texts if isinstance(texts, list) else []):
            address = self._range((*path, number), str(text), single=single)
            if address is not None:
                found.append(address)
        return tuple(found)

    def _range(self, path: tuple[Step, ...], text: str, *, single: bool) -> AddressRange | None:
        from ipsecmig.cli.inventory import pointer, problem

        expected = "a single address" if single else "an address, a network a/prefix or a range a-b"
        try:
            address = AddressRange.parse(text)
        except ValueError:
            address = None
        if address is None or (single and not address.is_host):
            message = f'{pointer(path)}: "{text}" is not {expected}'
            self.problems.append(problem(self._document.origin_of(path), message, expected))
            return None
        return address


def _mapping(value: object) -> dict[str, object]:
    return value if isinstance(value, dict) else {}
