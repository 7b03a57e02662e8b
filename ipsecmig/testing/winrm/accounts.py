"""Who may log on to a host."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Account:
    r"""An account: a name alone (local to the host), `DOMAIN\name`, or a Kerberos principal, `name@REALM`.

    Only administrators get a shell. An account without a password logs on with a ticket or a certificate.
    """

    name: str
    password: str = field(default="", repr=False)
    administrator: bool = True


def find(accounts: Sequence[Account], name: str, host: str = "") -> Account | None:
    r"""Return the account of a name, None if there is none; local ones also go by `HOST\name`."""
    domain, separator, local = name.rpartition("\\")
    wanted = {name.casefold()}
    if separator and domain.casefold() in {host.casefold(), "."}:
        wanted.add(local.casefold())
    return next((account for account in accounts if account.name.casefold() in wanted), None)
