"""A small policy for the tests of the netsh scripts, and ways to change one thing in it."""

from __future__ import annotations

from dataclasses import replace

from ipsecmig.diagnostics import Origin
from ipsecmig.emit.netsh import SCRIPT, emit
from ipsecmig.model.algorithms import DhGroup, Encryption, Integrity
from ipsecmig.model.flatten import flatten
from ipsecmig.model.policy import (
    Action,
    DefaultResponseRule,
    EspTransform,
    Filter,
    FilterAction,
    FilterList,
    Kerberos,
    MainMode,
    MainModeOffer,
    Policy,
    PolicyStore,
    PresharedKey,
    QuickModeOffer,
    Rule,
    Secret,
)
from ipsecmig.model.selectors import (
    ANY_PORT,
    ME,
    AddressRange,
    PortRange,
)
from ipsecmig.model.targets import Emission, EmissionRequest

ESP = QuickModeOffer((EspTransform(Encryption.TRIPLE_DES, Integrity.SHA1),), 3600, 100000)
KEY = "a key of 4 words"
RULE = Rule("Secure SQL", "SQL", "Secure", (Kerberos(), PresharedKey(Secret(KEY))))
SQL = Filter(ME, AddressRange.parse("10.1.0.0/16"), 6, ANY_PORT, PortRange(1433, 1433), origin=Origin("p.bat", 7, 1, 9))
STORE = PolicyStore(
    (
        Policy(
            "Servers",
            MainMode((MainModeOffer(Encryption.TRIPLE_DES, Integrity.SHA1, DhGroup.MODP1024),)),
            (RULE,),
            DefaultResponseRule(active=False),
            assigned=True,
        ),
    ),
    (FilterList("SQL", (SQL,)), FilterList("Unused")),
    (FilterAction("Secure", Action.NEGOTIATE, (ESP,)), FilterAction("Unused", Action.BLOCK)),
)


def emitted(store: PolicyStore) -> Emission:
    """Return what the target makes of the first policy of `store`."""
    policy = store.policies[0]
    return emit(EmissionRequest(store, policy, flatten(store, policy), ("ipsecmig 0.1", "from p.bat")))


def text_of(emission: Emission, path: str = SCRIPT) -> str:
    """Return the file `path`."""
    return next(f.content for f in emission.files if f.path == path).decode()


def commands_of(emission: Emission, path: str = SCRIPT) -> list[str]:
    """Return the lines of the file `path` that are no comments."""
    return [line for line in text_of(emission, path).splitlines() if line and not line.startswith("#")]


def with_policy(**changes: object) -> PolicyStore:
    """Return the store with its policy changed."""
    return replace(STORE, policies=(replace(STORE.policies[0], **changes),))  # type: ignore[arg-type]


def with_rule(**changes: object) -> PolicyStore:
    """Return the store with its rule changed."""
    return with_policy(rules=(replace(RULE, **changes),))  # type: ignore[arg-type]


def with_filter(action: Action = Action.NEGOTIATE, **changes: object) -> PolicyStore:
    """Return the store with its filter changed, and a filter action that does `action`."""
    filters = FilterList("SQL", (replace(SQL, **changes),))  # type: ignore[arg-type]
    offers = (ESP,) if action is Action.NEGOTIATE else ()
    return replace(STORE, filter_lists=(filters,), filter_actions=(FilterAction("Secure", action, offers),))


def with_action(**changes: object) -> PolicyStore:
    """Return the store with its filter action changed."""
    return replace(STORE, filter_actions=(replace(STORE.filter_actions[0], **changes),))  # type: ignore[arg-type]
