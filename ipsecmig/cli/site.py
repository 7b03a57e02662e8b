"""The site inventory: from a file under `site.schema.json` and the command line to the model's `Inventory`."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import TYPE_CHECKING, TypeVar

from ipsecmig.errors import InputError, UsageError
from ipsecmig.model.inventory import (
    UNKNOWN_SURROUNDINGS,
    AddressPool,
    FirewallKind,
    Gateway,
    Host,
    HostRole,
    Inventory,
    Nat,
    RangeKind,
    Sensitive,
)
from ipsecmig.model.selectors import (
    ANY_PORT,
    ANY_PROTOCOL,
    AddressRange,
    Family,
    PortRange,
    ServerRole,
    parse_protocol,
)
from ipsecmig.model.site import Site
from ipsecmig.model.windows import WindowsVersion

if TYPE_CHECKING:
    from pathlib import Path

    from ipsecmig.cli.inventory import Document, Step
    from ipsecmig.cli.options import HostOptions
    from ipsecmig.diagnostics import Diagnostic

Value = TypeVar("Value")


def make_site(options: HostOptions) -> Site:
    """Return what is known of the host: the inventory where one is given, then what the command line says.

    Raises InputError for a file that cannot be read or breaks the schema, UsageError for a wrong address.
    """
    return make_inventory(options).site


def make_inventory(options: HostOptions) -> Inventory:
    """Return what is known of the host and its surroundings; raises as `make_site`."""
    inventory = UNKNOWN_SURROUNDINGS if options.site is None else read_inventory(options.site)
    site = inventory.site
    if options.me:
        site = replace(site, addresses=tuple(_own_address(text) for text in options.me))
    if options.windows is not None:
        site = replace(site, windows=options.windows)
    return replace(inventory, site=site)


def _own_address(text: str) -> AddressRange:
    try:
        address = AddressRange.parse(text)
    except ValueError:
        address = None
    if address is None or not address.is_host:
        raise UsageError(f'--me takes one address, for example --me 10.0.0.5, not "{text}"')
    return address


def read_site(path: Path) -> Site:
    """Return what the file `path` says of the host; raises InputError with every mistake in it."""
    return read_inventory(path).site


def read_inventory(path: Path) -> Inventory:
    """Return the inventory in the file `path`; raises InputError with every mistake in it."""
    from ipsecmig.cli.inventory import read_document

    return inventory_of(read_document(path))


def inventory_of(document: Document) -> Inventory:
    """Return the inventory that `document` is; raises InputError with every mistake in it."""
    reader = _Reader(document)
    reader.problems.extend(_schema_problems(document))
    if not reader.problems and isinstance(document.data, dict):
        inventory = reader.inventory(document.data)
        if not reader.problems:
            return inventory
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
    """Turns data that fits the schema into an `Inventory`, and gathers what the schema cannot see."""

    def __init__(self, document: Document) -> None:
        self._document = document
        self.problems: list[Diagnostic] = []

    def inventory(self, data: dict[str, object]) -> Inventory:
        firewall = data.get("firewall")
        return Inventory(
            site=self._site(data),
            this=self._host(("this",), {"name": "this host", **_mapping(data.get("this"))}),
            hosts=tuple(self._host(path, entry) for path, entry in _entries(data, "hosts")),
            pools=tuple(
                AddressPool(self._address((*path, "network"), entry["network"]), RangeKind(entry["kind"]))
                for path, entry in _entries(data, "ranges")
            ),
            gateways=tuple(self._gateway(path, entry) for path, entry in _entries(data, "gateways")),
            nats=tuple(
                Nat(*(self._address((*path, side), entry[side]) for side in ("outside", "inside")))
                for path, entry in _entries(data, "nats")
            ),
            sensitive=tuple(self._sensitive(path, entry) for path, entry in _entries(data, "sensitive")),
            policies={name: str(policy) for name, policy in _mapping(data.get("policies")).items()},
            firewall=None if firewall is None else FirewallKind(firewall),
            firewall_admits_ike=_flag(data, "firewall_admits_ike"),
            boot_mode=_text(data, "boot_mode"),
            simple_policy_update=_flag(data, "simple_policy_update"),
            third_party_client=_flag(data, "third_party_client"),
        )

    def _host(self, path: tuple[Step, ...], entry: dict[str, object]) -> Host:
        windows, roles = entry.get("windows"), entry.get("roles")
        return Host(
            name=str(entry["name"]),
            addresses=self._ranges((*path, "addresses"), entry.get("addresses")),
            roles=frozenset(HostRole(role) for role in roles) if isinstance(roles, list) else frozenset(),
            ipsec=_flag(entry, "ipsec"),
            windows=None if windows is None else WindowsVersion(str(windows)),
            domain=_text(entry, "domain"),
            forest=_text(entry, "forest"),
            nat_traversal=_flag(entry, "nat_traversal"),
        )

    def _gateway(self, path: tuple[Step, ...], entry: dict[str, object]) -> Gateway:
        vendor = entry.get("vendor")
        microsoft = None if vendor is None else vendor == "microsoft"
        return Gateway(self._address((*path, "address"), entry["address"]), microsoft, _flag(entry, "l2tp"))

    def _sensitive(self, path: tuple[Step, ...], entry: dict[str, object]) -> Sensitive:
        return Sensitive(
            self._address((*path, "address"), entry["address"]),
            self._number((*path, "protocol"), parse_protocol, entry.get("protocol", "any"), "a protocol", ANY_PROTOCOL),
            self._number((*path, "port"), PortRange.parse, entry.get("port", "any"), "a port or a range a-b", ANY_PORT),
        )

    def _number(
        self, path: tuple[Step, ...], parse: Callable[[str], Value], value: object, expected: str, instead: Value
    ) -> Value:
        from ipsecmig.cli.inventory import pointer, problem

        try:
            return parse(str(value))
        except ValueError:
            message = f'{pointer(path)}: "{value}" is not {expected}'
            self.problems.append(problem(self._document.origin_of(path), message, expected))
            return instead

    def _address(self, path: tuple[Step, ...], text: object) -> AddressRange:
        return self._range(path, str(text), single=False) or AddressRange.whole(Family.IPV4)

    def _site(self, data: dict[str, object]) -> Site:
        servers, names = _mapping(data.get("servers")), _mapping(data.get("names"))
        windows, exemptions = data.get("windows"), data.get("no_default_exempt")
        return Site(
            addresses=self._ranges(("addresses",), data.get("addresses"), single=True),
            servers={ServerRole(role): self._ranges(("servers", role), texts) for role, texts in servers.items()},
            names={name.casefold(): self._ranges(("names", name), texts) for name, texts in names.items()},
            broadcasts=self._ranges(("broadcasts",), data.get("broadcasts"), single=True),
            windows=None if windows is None else WindowsVersion(str(windows)),
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


def _entries(data: dict[str, object], key: str) -> Iterator[tuple[tuple[Step, ...], dict[str, object]]]:
    """Yield the objects of the list at `key`, each with its path."""
    entries = data.get(key)
    for number, entry in enumerate(entries if isinstance(entries, list) else []):
        yield (key, number), _mapping(entry)


def _flag(entry: dict[str, object], key: str) -> bool | None:
    value = entry.get(key)
    return value if isinstance(value, bool) else None


def _text(entry: dict[str, object], key: str) -> str | None:
    value = entry.get(key)
    return value if isinstance(value, str) else None


def _mapping(value: object) -> dict[str, object]:
    return value if isinstance(value, dict) else {}
