"""Messages of WS-Management: requests as they are read, and responses as they are written (DSP0226, [MS-WSMV] 2.2)."""

from __future__ import annotations

import re
import uuid
import xml.etree.ElementTree as ET
from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum
from typing import Final
from xml.sax.saxutils import escape, quoteattr

from ipsecmig.testing.winrm.faults import MALFORMED, Fault, Refused

_TRANSFER: Final = "http://schemas.xmlsoap.org/ws/2004/09/transfer"
SHELL: Final = "http://schemas.microsoft.com/wbem/wsman/1/windows/shell"
CMD_SHELL: Final = f"{SHELL}/cmd"
ANONYMOUS: Final = "http://schemas.xmlsoap.org/ws/2004/08/addressing/role/anonymous"
_FAULT_ACTION: Final = "http://schemas.dmtf.org/wbem/wsman/1/wsman/fault"
_FAULT: Final = "http://schemas.microsoft.com/wbem/wsman/1/wsmanfault"
_IDENTITY: Final = "http://schemas.dmtf.org/wbem/wsman/identity/1/wsmanidentity.xsd"
_PROTOCOL: Final = "http://schemas.dmtf.org/wbem/wsman/1/wsman.xsd"

NAMESPACES: Final = {
    "s": "http://www.w3.org/2003/05/soap-envelope",
    "a": "http://schemas.xmlsoap.org/ws/2004/08/addressing",
    "x": _TRANSFER,
    "w": _PROTOCOL,
    "rsp": SHELL,
}


class Action(Enum):
    """What a client can ask for; the value is the URI."""

    IDENTIFY = _IDENTITY
    CREATE = f"{_TRANSFER}/Create"
    DELETE = f"{_TRANSFER}/Delete"
    COMMAND = f"{SHELL}/Command"
    SEND = f"{SHELL}/Send"
    RECEIVE = f"{SHELL}/Receive"
    SIGNAL = f"{SHELL}/Signal"


@dataclass(frozen=True, slots=True)
class Request:
    """A request. `action` is None for one that is not known; `timeout` is in seconds, `envelope` in octets."""

    action: Action | None
    message_id: str
    resource: str
    shell_id: str
    timeout: float | None
    envelope: int | None
    options: Mapping[str, str]
    body: ET.Element


def parse_request(data: bytes) -> Request:
    """Return the request that an envelope holds. Raises Refused for what is no envelope."""
    # SOAP 1.2 part 1 section 5 forbids document type declarations, and with them entities.
    if b"<!DOCTYPE" in data:
        raise Refused(MALFORMED)
    try:
        root = ET.fromstring(data)  # noqa: S314  without a DTD there is nothing to expand
    except ET.ParseError:
        raise Refused(MALFORMED) from None
    body = root.find("s:Body", NAMESPACES)
    if body is None:
        raise Refused(MALFORMED)
    if body.find(f"{{{_IDENTITY}}}Identify") is not None:
        return Request(Action.IDENTIFY, "", "", "", None, None, {}, body)
    return _request(root, body)


def _request(root: ET.Element, body: ET.Element) -> Request:
    def header(name: str) -> str:
        return (root.findtext(f"s:Header/{name}", "", NAMESPACES) or "").strip()

    selectors = _named(root, "s:Header/w:SelectorSet/w:Selector")
    envelope = header("w:MaxEnvelopeSize")
    actions = {action.value: action for action in Action}
    return Request(
        action=actions.get(header("a:Action")),
        message_id=header("a:MessageID"),
        resource=header("w:ResourceURI"),
        shell_id=selectors.get("ShellId", ""),
        timeout=seconds(header("w:OperationTimeout")),
        envelope=int(envelope) if envelope.isdecimal() else None,
        options=_named(root, "s:Header/w:OptionSet/w:Option"),
        body=body,
    )


def _named(root: ET.Element, path: str) -> dict[str, str]:
    return {one.get("Name", ""): (one.text or "").strip() for one in root.findall(path, NAMESPACES)}


_DURATION: Final = re.compile(r"P(?:(\d+)D)?(?:T(?:(\d+)H)?(?:(\d+)M)?(?:(\d+(?:\.\d+)?)S)?)?")


def seconds(duration: str) -> float | None:
    """Return an xs:duration of days or less in seconds, None for what is none."""
    found = _DURATION.fullmatch(duration)
    if found is None or not any(found.groups()):
        return None
    days, hours, minutes, rest = (float(part or 0) for part in found.groups())
    return ((days * 24 + hours) * 60 + minutes) * 60 + rest


def response(request: Request, body: str) -> bytes:
    """Return the envelope that answers a request with `body`, which is XML."""
    action = _FAULT_ACTION if request.action is None else f"{request.action.value}Response"
    return _envelope(action, request.message_id, body)


def fault(message_id: str, refused: Fault, machine: str) -> bytes:
    """Return the envelope of a fault; `machine` is the name of the host."""
    reason = escape(refused.reason)
    body = (
        f"<s:Fault><s:Code><s:Value>s:{'Sender' if refused.by_sender else 'Receiver'}</s:Value>"
        f"<s:Subcode><s:Value>{refused.subcode}</s:Value></s:Subcode></s:Code>"
        f'<s:Reason><s:Text xml:lang="en-US">{reason}</s:Text></s:Reason>'
        f'<s:Detail><f:WSManFault xmlns:f="{_FAULT}" Code="{refused.code}" Machine={quoteattr(machine)}>'
        f"<f:Message>{reason}</f:Message></f:WSManFault></s:Detail></s:Fault>"
    )
    return _envelope(_FAULT_ACTION, message_id, body)


def identity(version: str) -> bytes:
    """Return the answer to Identify; `version` says operating system and stack."""
    return (
        f'<s:Envelope xml:lang="en-US" xmlns:s="{NAMESPACES["s"]}"><s:Header/><s:Body>'
        f'<wsmid:IdentifyResponse xmlns:wsmid="{_IDENTITY}">'
        f"<wsmid:ProtocolVersion>{_PROTOCOL}</wsmid:ProtocolVersion>"
        f"<wsmid:ProductVendor>Microsoft Corporation</wsmid:ProductVendor>"
        f"<wsmid:ProductVersion>{escape(version)}</wsmid:ProductVersion>"
        "</wsmid:IdentifyResponse></s:Body></s:Envelope>"
    ).encode()


def _envelope(action: str, relates_to: str, body: str) -> bytes:
    declared = " ".join(f'xmlns:{prefix}="{uri}"' for prefix, uri in NAMESPACES.items())
    return (
        f'<s:Envelope xml:lang="en-US" {declared}><s:Header><a:Action>{action}</a:Action>'
        f"<a:MessageID>uuid:{new_id()}</a:MessageID><a:To>{ANONYMOUS}</a:To>"
        f"<a:RelatesTo>{escape(relates_to)}</a:RelatesTo></s:Header><s:Body>{body}</s:Body></s:Envelope>"
    ).encode()


def new_id() -> str:
    """Return a new GUID as Windows writes it."""
    return str(uuid.uuid4()).upper()
