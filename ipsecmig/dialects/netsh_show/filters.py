"""From the printed lines of a filter to the filter."""

from __future__ import annotations

from typing import Final

from ipsecmig.diagnostics import Origin
from ipsecmig.dialects.netsh_show import messages
from ipsecmig.dialects.netsh_show.findings import Findings
from ipsecmig.dialects.netsh_show.values import Side, Values
from ipsecmig.dialects.netsh_show.vocabulary import FILTER_ORDER, Key, Vocabulary
from ipsecmig.model.policy import Filter
from ipsecmig.model.selectors import ANY_PORT, PORT_PROTOCOLS, PortRange

_PLACES: Final = {key: place for place, key in enumerate(FILTER_ORDER)}
_REQUIRED: Final = (
    Key.SOURCE,
    Key.DESTINATION,
    Key.PROTOCOL,
)
_ENGLISH: Final = {
    Key.MIRRORED: "Mirrored",
    Key.SOURCE: "Source IP Address",
    Key.DESTINATION: "Destination IP Address",
    Key.PROTOCOL: "Protocol",
    Key.SOURCE_PORT: "Source Port",
    Key.DESTINATION_PORT: "Destination Port",
}

Fields = dict[Key, str]


class FilterBuilder:
    """Builds filters; what it cannot build it sets aside."""

    def __init__(self, vocabulary: Vocabulary, findings: Findings) -> None:
        self.values = Values(vocabulary)
        self._findings = findings

    def build(self, fields: Fields, line: int, owner: str) -> Filter | None:
        """Return the filter printed as `fields` from `line` on in the list `owner`; None where it is not understood."""
        missing = next((key for key in _REQUIRED if key not in fields), None)
        if missing is not None:
            self._refuse(missing, "", line, owner)
            return None
        self._check_order(fields, line, owner)
        source = self._side(fields, Key.SOURCE, Key.SOURCE_MASK, Key.SOURCE_NAME, line, owner)
        destination = self._side(fields, Key.DESTINATION, Key.DESTINATION_MASK, Key.DESTINATION_NAME, line, owner)
        protocol = self.values.protocol(fields[Key.PROTOCOL])
        mirrored = self.values.yes_no(fields[Key.MIRRORED])
        ports = [self._port(fields, key, protocol) for key in (Key.SOURCE_PORT, Key.DESTINATION_PORT)]
        source_port, destination_port = ports
        if protocol is None or mirrored is None or source_port is None or destination_port is None:
            read = {Key.PROTOCOL: protocol, Key.MIRRORED: mirrored}
            read |= {Key.SOURCE_PORT: source_port, Key.DESTINATION_PORT: destination_port}  # type: ignore[dict-item]
            for key in (key for key, value in read.items() if value is None):
                self._refuse(key, fields.get(key, ""), line, owner)
            return None
        if source is None or destination is None:
            return None
        if protocol not in PORT_PROTOCOLS and not source_port.is_any & destination_port.is_any:
            self._findings.doubt(messages.PORT_WITHOUT_PROTOCOL, line, f"a filter of {owner}")
            return None
        description = self.values.text(fields.get(Key.DESCRIPTION, ""))
        origin = Origin(self._findings.file, line, 1)
        return Filter(
            source.address, destination.address, protocol, source_port, destination_port, mirrored, description, origin
        )

    def _check_order(self, fields: Fields, line: int, owner: str) -> None:
        """Doubt labels that are only translations where the lines do not stand in the order that was seen."""
        if not self.values.vocabulary.relied_on:
            return
        places = [_PLACES[key] for key in fields]
        if places != sorted(places):
            self._findings.doubt(messages.OUT_OF_ORDER, line, f"a filter of {owner}")

    def _side(self, fields: Fields, key: Key, mask: Key, name: Key, line: int, owner: str) -> Side | None:
        side = self.values.side(fields[key], fields.get(mask), fields.get(name))
        if side is None:
            under = f" under the mask {fields[mask]}" if mask in fields else ""
            self._refuse(key, fields[key] + under, line, owner)
        elif side.lacks_mask:
            self._findings.doubt(messages.MISSING_MASK, line, f"a filter of {owner}")
        elif side.role:
            self._findings.note(messages.UNVERIFIED_SERVER, line, value=fields[key], role=side.role)
        return side

    def _port(self, fields: Fields, key: Key, protocol: int | None) -> PortRange | None:
        """Return a port; the line is missing where the protocol has no ports."""
        if key not in fields:
            return None if protocol in PORT_PROTOCOLS else ANY_PORT
        return self.values.port(fields[key])

    def _refuse(self, key: Key, value: str, line: int, owner: str) -> None:
        text = f"a filter of {owner}"
        if value:
            self._findings.doubt(messages.UNKNOWN_VALUE, line, text, label=_ENGLISH[key], value=value)
        else:
            self._findings.doubt(messages.MISSING_LINE, line, text, label=_ENGLISH[key], owner="a filter")
