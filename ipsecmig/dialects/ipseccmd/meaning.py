"""What a command line says of main mode, of quick mode and of its rules, in either mode."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final, NamedTuple

from ipsecmig.dialects.ipseccmd import messages
from ipsecmig.dialects.ipseccmd.line import Line
from ipsecmig.dialects.ipseccmd.values import Item, Kind, Negotiation, Rekey
from ipsecmig.dialects.netsh_static import defaults
from ipsecmig.dialects.netsh_static import messages as netsh
from ipsecmig.dialects.netsh_static.session import Session
from ipsecmig.model.algorithms import Encryption, Integrity
from ipsecmig.model.policy import (
    Action,
    AuthenticationMethod,
    ConnectionType,
    EspTransform,
    Filter,
    FilterAction,
    Kerberos,
    MainMode,
    QuickModeOffer,
)
from ipsecmig.model.selectors import AddressRange, DnsName

DEFAULT_OFFERS: Final = tuple(
    QuickModeOffer((EspTransform(encryption, integrity),))
    for encryption in (Encryption.TRIPLE_DES, Encryption.DES)
    for integrity in (Integrity.SHA1, Integrity.MD5)
)
"""-n of a filter that stands in neither brackets nor parentheses. unverified."""

DEFAULT_OFFERS_TEXT: Final = "ESP[3DES,SHA] ESP[3DES,MD5] ESP[DES,SHA] ESP[DES,MD5]"

_ONE_SERVER: Final = "0.0.0.0 without a mask can mean `me` or `any`"


class Part(NamedTuple):
    """The filters of a line that meet one action, without a name; `kind` says how they are written."""

    kind: Kind
    filters: tuple[Filter, ...]
    action: FilterAction

    def name_after(self, name: str) -> str:
        """Return the name of the rule that the filters are in; those in brackets have a rule of their own."""
        return name if self.kind is Kind.FILTER else f"{name} ({self.kind.value})"


def main_mode(session: Session, line: Line, old: MainMode) -> MainMode:
    """Return `old` with what `line` says of main mode; what no model can say of it is set aside."""
    if line.has("-1f"):
        session.diagnostics.append(line.say(messages.MAIN_MODE_FILTERS, "-1f"))
        session.set_aside(line.text, "main mode filters of their own cannot be said of a policy here", line.origin())
    if line.has("-1e"):
        session.diagnostics.append(line.say(netsh.SOFT_EXPIRY, "-1e"))
    rekey = line.get("-1k", Rekey(None, None))
    pfs = line.has("-1p") or old.perfect_forward_secrecy
    limit = old.quick_mode_limit if rekey.quick_modes is None else rekey.quick_modes
    if line.has("-1p") and limit not in (0, defaults.MASTER_PFS_LIMIT):
        session.diagnostics.append(line.say(messages.UNVERIFIED, "-1p", what="-1p beside a number of quick modes"))
    return MainMode(
        line.get("-1s", old.offers),
        old.lifetime_seconds if rekey.seconds is None else rekey.seconds,
        defaults.MASTER_PFS_LIMIT if pfs else limit,
        pfs,
    )


def parts(session: Session, line: Line) -> Iterator[Part]:
    """Yield the filters of `line` by what is done with their packets."""
    items: tuple[Item, ...] = line.get("-f", ())
    by_kind = {kind: tuple(i.filter for i in items if i.kind is kind and i.filter is not None) for kind in Kind}
    _note_filters(session, line, items)
    if by_kind[Kind.FILTER]:
        yield Part(Kind.FILTER, by_kind[Kind.FILTER], action(session, line))
    for kind, fixed in ((Kind.BLOCK, Action.BLOCK), (Kind.PERMIT, Action.PERMIT)):
        if by_kind[kind]:
            yield Part(kind, by_kind[kind], FilterAction("", fixed))


def _note_filters(session: Session, line: Line, items: tuple[Item, ...]) -> None:
    """Set `line` aside where its filters may not mean what they seem to."""
    if any(diagnostic.code == netsh.ZERO_ADDRESS.code for diagnostic in line.diagnostics):
        session.set_aside(line.text, _ONE_SERVER, line.origin("-f"))
    bracketed = any(item.kind in (Kind.BLOCK, Kind.PERMIT) for item in items)
    if bracketed and line.has("-n", "-w"):
        other = "-n" if line.has("-n") else "-w"
        session.diagnostics.append(line.say(messages.CONTRADICTION, "-f", brackets="brackets", other=other))
        session.set_aside(line.text, "what filters in brackets mean here is not documented", line.origin("-f"))


def action(session: Session, line: Line) -> FilterAction:
    """Return what -n and -soft say, without a name."""
    said = line.get("-n", Negotiation(Action.NEGOTIATE))
    if said.action is not Action.NEGOTIATE:
        return FilterAction("", said.action)
    if not said.offers:
        session.diagnostics.append(line.say(messages.DEFAULT_OFFERS, offers=DEFAULT_OFFERS_TEXT))
    if said.pfs_differs:
        session.diagnostics.append(line.say(messages.MIXED_PFS, "-n"))
        session.set_aside(line.text, "only some of its offers ask for session key PFS", line.origin("-n"))
    return FilterAction(
        "",
        Action.NEGOTIATE,
        said.offers or DEFAULT_OFFERS,
        said.pfs,
        said.pfs_group,
        said.inbound_passthrough,
        line.has("-soft"),
    )


def authentication(line: Line) -> tuple[AuthenticationMethod, ...]:
    """Return the methods of -a; without one, Kerberos."""
    return line.get("-a", ()) or (Kerberos(),)


def tunnel_endpoint(line: Line) -> AddressRange | DnsName | None:
    """Return the end of -t; None for transport mode."""
    found = line.values.get("-t")
    return found if isinstance(found, AddressRange | DnsName) else None


def connection_type(line: Line) -> ConnectionType:
    """Return the kind of connection that -lan or -dialup names."""
    if line.has("-lan"):
        return ConnectionType.LAN
    return ConnectionType.DIALUP if line.has("-dialup") else ConnectionType.ALL
