"""Hosts of a made-up fleet, and scripts for them."""

from __future__ import annotations

from handmade import store_text

from ipsecmig.fleet.hosts import FleetHost, Text, make_host
from ipsecmig.model.flatten import select_policy
from ipsecmig.model.inventory import UNKNOWN_SURROUNDINGS, Inventory
from ipsecmig.model.selectors import AddressRange
from ipsecmig.model.windows import WindowsVersion

SEAL = b"seal" * 8
KEY = "Very-Secret-Key-0815"
EVERY_CODE = frozenset({"X12", "X01", "P01"})


def script(
    remote: str = "10.0.0.0/24",
    *,
    methods: str = "kerberos=yes",
    main: str = "3DES-SHA1-2",
    quick: str = "ESP[3DES,SHA1]",
    name: str = "Servers",
    action: str = "negotiate",
) -> str:
    """Return a script whose policy secures TCP between this host and `remote`."""
    offers = f'qmsecmethods="{quick}"' if action == "negotiate" else ""
    used = methods if action == "negotiate" else ""
    return f"""netsh ipsec static add policy name="{name}" mmsecmethods="{main}" activatedefaultrule=no assign=no
netsh ipsec static add filterlist name=List
netsh ipsec static add filter filterlist=List srcaddr=me dstaddr={remote.partition("/")[0]} dstmask=24 protocol=TCP
netsh ipsec static add filteraction name=Action action={action} {offers}
netsh ipsec static add rule name=Rule policy="{name}" filterlist=List filteraction=Action {used}
netsh ipsec static set policy name="{name}" assign=yes
"""


def host(
    name: str, text: str, *addresses: str, inventory: Inventory = UNKNOWN_SURROUNDINGS, file: str = "policy.cmd"
) -> FleetHost:
    """Return the host that has the policy of a script."""
    store = store_text(text, file)
    written = Text(store, select_policy(store), WindowsVersion.SERVER_2003)
    return make_host(name, written, SEAL, inventory, EVERY_CODE, tuple(map(AddressRange.parse, addresses)))
