"""Faults of WS-Management, with the codes that Windows gives them (WSManFault, `winrm helpmsg`).

Clients are known to rely on the codes of TIMED_OUT, SHELL_NOT_FOUND, TOO_MANY_SHELLS, TOO_MANY_OPERATIONS and
ACCESS_DENIED. The other codes were not compared with those of a real host.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class Fault:
    """One fault: its subcode (DSP0226 section 14), Windows' error code, its words, and which side is to blame."""

    subcode: str
    code: int
    reason: str
    by_sender: bool = True


class Refused(Exception):  # noqa: N818  an answer, not a mistake
    """The request is answered with a fault."""

    def __init__(self, fault: Fault) -> None:
        self.fault = fault
        super().__init__(fault.reason)


ACCESS_DENIED: Final = Fault("w:AccessDenied", 5, "Access is denied. ")
NO_SUCH_RESOURCE: Final = Fault(
    "w:InvalidResourceURI",
    0x80338000,
    "The WS-Management service cannot process the request. The service cannot find the resource identified by the "
    "resource URI and selectors. ",
)
SHELL_NOT_FOUND: Final = Fault(
    "w:InvalidSelectors",
    0x8033805B,
    "The request for the Windows Remote Shell failed because the shell was not found on the server. Possible causes "
    "are: the specified ShellId is incorrect or the shell no longer exists on the server. ",
)
COMMAND_NOT_FOUND: Final = Fault(
    "w:InvalidSelectors",
    0x8033805B,
    "The Windows Remote Shell received a request to perform an operation on a command identifier that does not exist. "
    "Either the command has completed execution or the client specified an invalid command identifier. ",
)
TIMED_OUT: Final = Fault(
    "w:TimedOut",
    0x80338029,
    "The WS-Management service cannot complete the operation within the time specified in OperationTimeout.  ",
    by_sender=False,
)
ACTION_NOT_SUPPORTED: Final = Fault(
    "a:ActionNotSupported",
    0x80338011,
    "The WS-Management service cannot process the request because the action is not supported. ",
)
MALFORMED: Final = Fault(
    "w:SchemaValidationError",
    0x80338041,
    "The WS-Management service cannot process the request because the XML is invalid. ",
)
TOO_MANY_SHELLS: Final = Fault(
    "w:QuotaLimit",
    0x803381A5,
    "The WS-Management service cannot process the request. The maximum number of concurrent shells for this user has "
    "been exceeded. Close existing shells or raise the quota for this user. ",
)
TOO_MANY_OPERATIONS: Final = Fault(
    "w:QuotaLimit",
    0x803381A6,
    "The WS-Management service cannot process the request. The maximum number of concurrent operations for this user "
    "has been exceeded. Close existing operations for this user, or raise the quota for this user. ",
)
