"""From the command line to what packets meet: the first step of every command about one policy."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ipsecmig.cli.site import make_site
from ipsecmig.cli.sources import read_store
from ipsecmig.model.flatten import FlatPolicy, flatten, host_of, select_policy

if TYPE_CHECKING:
    from ipsecmig.cli.options import HostOptions, Inputs
    from ipsecmig.cli.printer import Printer


def read_flat(inputs: Inputs, site: HostOptions, policy: str | None, printer: Printer) -> FlatPolicy:
    """Return the policy that is meant, as packets meet it on the host that is meant; prints the diagnostics.

    Raises InputError for input that cannot be read and UsageError for a policy that is not singled out.
    """
    host = make_site(site)
    store = read_store(inputs, printer)
    return flatten(store, select_policy(store, policy), host)


def read_flat_pair(
    inputs: tuple[Inputs, Inputs], site: HostOptions, policy: str | None, printer: Printer
) -> tuple[FlatPolicy, FlatPolicy]:
    """Return two policies for one host, as `read_flat` does; what one source states of the host counts for both."""
    host = make_site(site)
    stores = [read_store(each, printer) for each in inputs]
    host = host_of(stores, host)
    first, second = (flatten(store, select_policy(store, policy), host) for store in stores)
    return first, second
