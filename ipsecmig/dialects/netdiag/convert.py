"""The dialect `netdiag`: `netdiag /test:ipsec /debug` of Windows 2000, XP and 2003. Source: Microsoft KB 813878.

Each entry is one direction of one filter. The two that mirror each other become one mirrored filter again, and the
single address that stands for this host in all of them becomes `me`. What does not fit is set aside.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Final, NamedTuple

from ipsecmig.dialects import decoding
from ipsecmig.dialects.base import Reading, ReadOptions, Source
from ipsecmig.dialects.netdiag import messages
from ipsecmig.dialects.netsh_show.findings import Findings
from ipsecmig.dialects.netsh_show.values import GUID, Values
from ipsecmig.dialects.netsh_show.vocabulary import Vocabulary
from ipsecmig.errors import InputError
from ipsecmig.model.policy import Action, Filter, FilterAction, FilterList, MainMode, Policy, PolicyStore, Rule
from ipsecmig.model.selectors import ANY_PORT, ME, PORT_PROTOCOLS, Address, AddressRange, PortRange, format_protocol

_GUID: Final = GUID.pattern
_FILTER: Final = re.compile(
    rf"^[ \t]*Filter Id[ \t]*:[ \t]*{_GUID}\s+Policy Id[ \t]*:[ \t]*{_GUID}"
    r"\s+Src Addr[ \t]*:[ \t]*(?P<source>\S+)[ \t]+Src Mask[ \t]*:[ \t]*(?P<source_mask>\S+)"
    r"\s+Dest Addr[ \t]*:[ \t]*(?P<destination>\S+)[ \t]+Dest Mask[ \t]*:[ \t]*(?P<destination_mask>\S+)"
    r"\s+Tunnel Addr[ \t]*:[ \t]*\S+[ \t]+Src Port[ \t]*:[ \t]*(?P<source_port>\d+)"
    r"[ \t]+Dest Port[ \t]*:[ \t]*(?P<destination_port>\d+)"
    r"\s+Protocol[ \t]*:[ \t]*(?P<protocol>\d+)[ \t]+TunnelFilter[ \t]*:[ \t]*(?P<tunnel>\w+)"
    r"\s+Flags[ \t]*:[ \t]*(?P<flags>[^\n]*)",
    re.MULTILINE | re.IGNORECASE,
)
_NAME: Final = re.compile(r"IPSec Policy Active[ \t]*:[ \t]*'([^\n]*)'", re.IGNORECASE)
_COUNT: Final = re.compile(r"^[ \t]*There (?:are|is) (\d{1,9}) filters?\b", re.MULTILINE | re.IGNORECASE)
_FLAGS: Final = re.compile(r"(inbound|outbound)[ \t]+(block|permit|negotiate)", re.IGNORECASE)


class _Way(NamedTuple):
    """One entry: what it selects, for one direction, and where it stands."""

    source: Address
    destination: Address
    protocol: int
    source_port: PortRange
    destination_port: PortRange
    is_inbound: bool
    action: Action
    line: int

    @property
    def own(self) -> Address:
        """The side that is this host."""
        return self.destination if self.is_inbound else self.source

    def of_host(self) -> _Way:
        """Return it with `me` on the side of this host."""
        return self._replace(destination=ME) if self.is_inbound else self._replace(source=ME)

    def selection(self) -> tuple[object, ...]:
        """Return all but the place."""
        return self[:-1]

    def mirror(self) -> tuple[object, ...]:
        """Return the selection of the entry for the other direction."""
        ends = (self.destination, self.source, self.protocol, self.destination_port, self.source_port)
        return (*ends, not self.is_inbound, self.action)


def read(source: Source, options: ReadOptions) -> Reading:
    """Return the policy of the filters that `source` shows. Raises InputError for what shows none."""
    decoded = decoding.decode(source, options)
    text, findings = decoded.text, Findings(source.name)
    matches = list(_FILTER.finditer(text))
    ways = list(_ways(matches, findings))
    count = _COUNT.search(text)
    if not matches and (count is None or int(count[1])):
        raise InputError((messages.NOTHING.say(findings.origin(1)),))
    findings.note(messages.LOSSY, 1)
    if count is None or int(count[1]) != len(matches):
        stated = 0 if count is None else count[1]
        findings.doubt(messages.WRONG_COUNT, 1, "the filters", stated=stated, found=len(matches))
    store = _store(_named(text), _joined(_with_me(ways, findings), findings), findings)
    return Reading(
        PolicyStore(*store, not_understood=findings.not_understood(), sources=(source.name,)),
        (*decoded.diagnostics, *findings.diagnostics()),
    )


def _named(text: str) -> str:
    found = _NAME.search(text)
    return found[1] if found is not None else "netdiag"


def _ways(matches: Iterable[re.Match[str]], findings: Findings) -> Iterator[_Way]:
    """Yield the entries that are understood; set the others aside."""
    values, line, done = Values(Vocabulary({})), 1, 0
    for match in matches:
        line, done = line + match.string.count("\n", done, match.start()), match.start()
        source = values.side(match["source"], match["source_mask"], None)
        destination = values.side(match["destination"], match["destination_mask"], None)
        ports = [values.port(match[name]) for name in ("source_port", "destination_port")]
        protocol, flags = values.protocol(match["protocol"]), _FLAGS.fullmatch(match["flags"].strip())
        if match["tunnel"].lower() != "no":
            findings.doubt(messages.TUNNEL, line, "a tunnel filter")
        elif protocol is not None and protocol not in PORT_PROTOCOLS and ports != [ANY_PORT, ANY_PORT]:
            findings.doubt(messages.PORTS, line, "a filter", protocol=format_protocol(protocol))
        elif source is None or destination is None or protocol is None or None in ports or flags is None:
            findings.doubt(messages.UNKNOWN_FLAGS, line, "a filter", flags=match["flags"].strip())
        else:
            used = [p or ANY_PORT for p in ports]
            inbound, action = flags[1].lower() == "inbound", Action(flags[2].lower())
            yield _Way(source.address, destination.address, protocol, used[0], used[1], inbound, action, line)


def _with_me(ways: Sequence[_Way], findings: Findings) -> list[_Way]:
    """Return the entries with `me` for the one address that this host has in all of them."""
    own = {way.own.text() for way in ways if isinstance(way.own, AddressRange) and way.own.is_host}
    if len(own) > 1:
        findings.doubt(messages.SEVERAL_HOSTS, 1, "the filters", addresses=", ".join(sorted(own)))
    if len(own) != 1:
        return list(ways)
    findings.note(messages.ME, 1, address=next(iter(own)))
    return [way.of_host() if isinstance(way.own, AddressRange) and way.own.is_host else way for way in ways]


def _joined(ways: Sequence[_Way], findings: Findings) -> Mapping[Action, list[Filter]]:
    """Return the filters of each action; two entries that mirror each other are one filter."""
    lists: dict[Action, list[Filter]] = {}
    waiting = {way.selection(): way for way in ways}
    for selection, way in list(waiting.items()):
        if waiting.pop(selection, None) is None:
            continue
        mirrored = waiting.pop(way.mirror(), None) is not None
        if not mirrored and way.own != ME:
            findings.doubt(messages.ONE_WAY, way.line, "a filter")
            continue
        ports = (way.source_port, way.destination_port)
        origin = findings.origin(way.line)
        made = Filter(way.source, way.destination, way.protocol, *ports, mirrored=mirrored, origin=origin)
        lists.setdefault(way.action, []).append(made)
    return lists


def _store(
    name: str, lists: Mapping[Action, list[Filter]], findings: Findings
) -> tuple[tuple[Policy, ...], tuple[FilterList, ...], tuple[FilterAction, ...]]:
    """Return the policy, with a rule, a filter list and a filter action for each action."""
    origin = findings.origin(1)
    if Action.NEGOTIATE in lists:
        findings.doubt(messages.NEGOTIATED, lists[Action.NEGOTIATE][0].origin.line, "the filters that negotiate")
    rules = tuple(Rule(action.value, action.value, action.value, (), origin=origin) for action in lists)
    policy = Policy(name, MainMode(()), rules, assigned=True, origin=origin)
    return (
        (policy,),
        tuple(FilterList(action.value, tuple(filters), origin=origin) for action, filters in lists.items()),
        tuple(FilterAction(action.value, action, origin=origin) for action in lists),
    )
