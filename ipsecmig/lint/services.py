"""Services by protocol and port, and which of them a policy secures for everybody.

Ports: IANA, Service Name and Transport Protocol Port Number Registry.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Final, NamedTuple

from ipsecmig.lint.addresses import AddressSet
from ipsecmig.lint.finding import Witness
from ipsecmig.lint.inspection import DYNAMIC_PORT, Inspection, Predicate, is_clear, is_protected
from ipsecmig.model.inventory import HostRole, Sensitive
from ipsecmig.model.policy import Filter
from ipsecmig.model.selectors import ANY_PROTOCOL, ICMP, TCP, UDP, AddressRange, PortRange
from ipsecmig.model.space import WITH_PORTS, Box, Direction

_L2TP: Final = 1701


class Service(NamedTuple):
    """A service that a host may use elsewhere; `client` is the port that its clients use, None for any of theirs."""

    name: str
    protocol: int
    port: int = 0
    client: int | None = None

    @property
    def text(self) -> str:
        """The service in words, for example `LDAP (TCP 389)`."""
        if self.protocol not in WITH_PORTS:
            return self.name
        return f"{self.name} ({'TCP' if self.protocol == TCP else 'UDP'} {self.port})"


DOMAIN_CONTROLLER: Final = (
    Service("Kerberos", UDP, 88),
    Service("Kerberos", TCP, 88),
    Service("LDAP", UDP, 389),
    Service("LDAP", TCP, 389),
    Service("SMB", TCP, 445),
    Service("RPC", TCP, 135),
)
"""What members of a domain use of its controllers."""

INFRASTRUCTURE: Final = {
    HostRole.DNS: (Service("DNS", UDP, 53), Service("DNS", TCP, 53)),
    HostRole.WINS: (Service("WINS", UDP, 137, 137),),
    HostRole.DHCP: (Service("DHCP", UDP, 67, 68),),
}
"""What every host uses of the servers for names and addresses."""

TO_GROUPS: Final = (
    Service("multicast", UDP, DYNAMIC_PORT.first),
    Service("DHCP", UDP, 67, 68),
    Service("NetBIOS names", UDP, 137, 137),
    Service("NetBIOS datagrams", UDP, 138, 138),
    Service("SSDP", UDP, 1900),
)
"""What is sent to multicast and broadcast addresses: by programs whose ports no filter names, and by known ones."""

SENSITIVE_TO_DELAY: Final = (
    Service("ICMP", ICMP),
    Service("SIP", UDP, 5060),
    Service("RTP", UDP, 5004),
    Service("H.323", TCP, 1720),
    Service("T.120", TCP, 1503),
    Service("BitTorrent", TCP, 6881),
    Service("Gnutella", TCP, 6346),
)
"""Diagnosis, real-time and peer-to-peer traffic."""


def use(inspection: Inspection, service: Service, remote: Iterable[AddressRange], wanted: Predicate) -> Witness | None:
    """Return a packet that this host, as a client, sends to `service` at `remote` and whose treatment is wanted.

    None when there is no such packet. Raises BudgetExceeded.
    """
    port = client = None
    if service.protocol in WITH_PORTS:
        port = PortRange(service.port, service.port)
        client = DYNAMIC_PORT if service.client is None else PortRange(service.client, service.client)
    boxes = (
        box
        for addresses in remote
        for box in inspection.traffic(
            addresses, service.protocol, service=port, serving=client, directions=(Direction.OUT,)
        )
    )
    return inspection.find(boxes, wanted)


def secured_with_strangers(inspection: Inspection, services: Iterable[Service]) -> Iterator[tuple[Service, Witness]]:
    """Yield those of `services` that are secured with hosts that no filter names. Raises BudgetExceeded."""
    if inspection.stranger is None:
        return
    for service in services:
        found = use(inspection, service, [inspection.stranger], is_protected)
        if found is not None:
            yield service, found


def secured_everywhere(inspection: Inspection, services: Iterable[Service]) -> Iterator[tuple[Service, Witness]]:
    """Yield those of `services` that are secured with hosts that no filter names, and in clear with no address at all.

    Wherever the server is, it is then not exempt. Raises BudgetExceeded.
    """
    for service, found in secured_with_strangers(inspection, services):
        if use(inspection, service, inspection.others, is_clear) is None:
            yield service, found


def use_of(inspection: Inspection, sensitive: Sensitive, clients: Iterable[AddressRange]) -> Iterator[Box]:
    """Yield the packets of a sensitive service: this host serves `clients`, or is itself the client."""
    protocol = TCP if sensitive.protocol == ANY_PROTOCOL else sensitive.protocol
    port = client = None
    if protocol in WITH_PORTS:
        port, client = DYNAMIC_PORT if sensitive.port.is_any else sensitive.port, DYNAMIC_PORT
    ours, here = AddressSet([sensitive.address]), False
    for own in filter(ours.contains, inspection.inventory.site.addresses):
        here = True
        for remote in clients:
            boxes = inspection.traffic(remote, protocol, service=client, serving=port)
            yield from (box for box in boxes if box.local == (own.first, own.last))
    if not here:
        yield from inspection.traffic(sensitive.address, protocol, service=port, serving=client)


def selects_l2tp(filter_: Filter) -> bool:
    """Whether `filter_` is for L2TP: UDP with port 1701 at one end (RFC 2661 8.1)."""
    ports = filter_.source_port, filter_.destination_port
    return filter_.protocol == UDP and any(port.first == port.last == _L2TP for port in ports)
