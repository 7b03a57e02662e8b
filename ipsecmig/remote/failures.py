"""From what the libraries raise to one message for each host, and whether it is worth another attempt.

Needs the extra `remote`; whoever imports this module has looked whether it is there.
"""

from __future__ import annotations

import socket
import ssl
import struct
import xml.etree.ElementTree as ET
from collections.abc import Iterator
from http.client import HTTPException
from typing import Final, NamedTuple, TypeVar

import requests
import spnego.exceptions
import urllib3.exceptions
from winrm.exceptions import InvalidCredentialsError, WinRMError, WinRMTransportError, WSManFaultError
from winrm.vendor.requests_kerberos.exceptions import KerberosExchangeError, MutualAuthenticationError

from ipsecmig.diagnostics import Diagnostic, Origin
from ipsecmig.dialects.notes import Note
from ipsecmig.remote import extraction_messages as messages
from ipsecmig.remote.bounded_http import ANSWER_LIMIT, TooLargeError
from ipsecmig.remote.target import HostTarget, Limits

_Failure = TypeVar("_Failure", bound=BaseException)

_SHOWN: Final = 300
_ACCESS_DENIED: Final = 5
_QUOTA_SUBCODE: Final = "QuotaLimit"
_UNAVAILABLE: Final = 503
_EXPIRED, _OTHER_NAME, _OTHER_ADDRESS = 10, 62, 64
"""X509_V_ERR_CERT_HAS_EXPIRED, X509_V_ERR_HOSTNAME_MISMATCH and X509_V_ERR_IP_ADDRESS_MISMATCH of OpenSSL."""

_OF_CERTIFICATES: Final = {_EXPIRED: "it has expired", _OTHER_NAME: "it is for another name"}
_SCHEMES: Final = {
    "negotiate": "ntlm, kerberos",
    "kerberos": "kerberos",
    "ntlm": "ntlm",
    "credssp": "credssp",
    "basic": "basic",
}


class UnencryptedError(Exception):
    """An answer came in the clear where it had to be encrypted."""


class HostFailure(Exception):  # noqa: N818  it is what becomes of a host, not a mistake
    """A host could not be read. `passing` says whether it may be otherwise in a moment."""

    def __init__(self, diagnostic: Diagnostic, *, passing: bool) -> None:
        self.diagnostic = diagnostic
        self.passing = passing
        super().__init__(diagnostic.message)


def _credssp_failures() -> tuple[type[Exception], ...]:
    """Return what the library for CredSSP raises of its own; nothing where the extra is not there."""
    try:
        from requests_credssp.exceptions import AuthenticationException, NTStatusException
    except ImportError:
        return ()
    return (AuthenticationException, NTStatusException)


CREDSSP_FAILURES: Final[tuple[type[Exception], ...]] = _credssp_failures()
"""That no token came, that one is wrong, or that it tells the status of Windows with which the host refuses."""

FAILURES: Final[tuple[type[Exception], ...]] = (
    # What the libraries say on purpose:
    requests.RequestException,
    urllib3.exceptions.HTTPError,
    HTTPException,
    WinRMError,
    WinRMTransportError,
    spnego.exceptions.SpnegoError,
    UnencryptedError,
    *CREDSSP_FAILURES,
    OSError,
    # What pywinrm and the ways to log in stumble over, where an answer lacks what they look for:
    ET.ParseError,
    struct.error,
    ValueError,
    TypeError,
    LookupError,
    AttributeError,
    AssertionError,
    StopIteration,
)
"""Everything that a host can bring about."""


class Circumstances(NamedTuple):
    """What is known besides the exception.

    `offered` are the ways to log in that the host named when it refused. `torn`: the connection had been replaced by
    another, on which the messages of the first mean nothing.
    """

    target: HostTarget
    limits: Limits
    user: str
    offered: str
    timed_out: bool
    stopped: bool
    torn: bool


def explain(failure: BaseException, where: Circumstances) -> HostFailure:
    """Return what one of FAILURES means for the host."""
    if where.stopped:
        return _failure(where, messages.STOPPED)
    if where.timed_out:
        return _failure(where, messages.TIMED_OUT, seconds=f"{where.limits.total:g}")
    if where.torn:
        return _failure(where, messages.CUT, passing=True, reason="the host closed it")
    if isinstance(failure, WSManFaultError):
        return _of_fault(failure, where)
    if isinstance(failure, WinRMTransportError):
        return _failure(where, messages.STATUS, passing=failure.code == _UNAVAILABLE, status=failure.code)
    if isinstance(failure, InvalidCredentialsError | PermissionError):
        return _of_refusal(where)
    if isinstance(failure, CREDSSP_FAILURES):
        return _of_credssp(failure, where)
    if isinstance(failure, KerberosExchangeError | MutualAuthenticationError):
        return _failure(where, messages.NO_TICKET, reason=_said(failure))
    if isinstance(failure, UnencryptedError):
        return _failure(where, messages.UNENCRYPTED)
    if isinstance(failure, TooLargeError):
        return _failure(where, messages.TOO_MUCH, limit=min(ANSWER_LIMIT, where.limits.octets) >> 20)
    return _of_network(failure, where)


def _failure(where: Circumstances, note: Note, *, passing: bool = False, **fields: str | int) -> HostFailure:
    origin = Origin(where.target.host)
    texts = {name: str(value) for name, value in fields.items()}
    return HostFailure(note.say(origin, "", "", **texts), passing=passing)


def _of_fault(fault: WSManFaultError, where: Circumstances) -> HostFailure:
    reason = " ".join(fault.reason.split())[:_SHOWN]
    if fault.wsman_fault_code == _ACCESS_DENIED:
        return _failure(where, messages.NO_ADMINISTRATOR)
    if (fault.fault_subcode or "").endswith(_QUOTA_SUBCODE):
        return _failure(where, messages.QUOTA, passing=True, reason=reason)
    return _failure(where, messages.FAULT, reason=reason)


def _of_refusal(where: Circumstances) -> HostFailure:
    schemes = where.offered.lower()
    offered = [name for scheme, name in _SCHEMES.items() if scheme in schemes]
    transport = where.target.transport
    if offered and not any(transport in names for names in offered) and transport != "certificate":
        return _failure(where, messages.NOT_OFFERED, transport=transport, offered=", ".join(dict.fromkeys(offered)))
    who = f'"{where.user}"' if where.user else "the certificate" if transport == "certificate" else "the ticket's owner"
    return _failure(where, messages.REFUSED, who=who)


def _of_credssp(failure: BaseException, where: Circumstances) -> HostFailure:
    """Return what stopped a login by CredSSP: the host refused it, or its tokens prove nothing."""
    cause = failure.__cause__
    if isinstance(cause, spnego.exceptions.SpnegoError) and cause.base_error is None:
        return _failure(where, messages.GARBAGE)
    return _of_refusal(where)


def _of_network(failure: BaseException, where: Circumstances) -> HostFailure:
    port = where.target.port
    if (certificate := _among(failure, ssl.SSLCertVerificationError)) is not None:
        code = _OTHER_NAME if certificate.verify_code == _OTHER_ADDRESS else certificate.verify_code
        return _failure(where, messages.UNTRUSTED, reason=_OF_CERTIFICATES.get(code, certificate.verify_message))
    if _among(failure, socket.gaierror) is not None:
        return _failure(where, messages.UNKNOWN)
    if _among(failure, urllib3.exceptions.NewConnectionError) is not None:
        errors = (one.strerror for one in _all(failure) if isinstance(one, OSError) and one.strerror)
        reason = next(errors, "it is refused")
        return _failure(where, messages.NO_CONNECTION, port=port, reason=reason)
    if _among(failure, requests.ConnectTimeout) or _among(failure, urllib3.exceptions.ConnectTimeoutError):
        return _failure(where, messages.TIMED_OUT, passing=True, seconds=f"{where.limits.connect:g}")
    if _among(failure, TimeoutError) or _among(failure, requests.Timeout) or _among(failure, _READ_TIMEOUT):
        return _failure(where, messages.TIMED_OUT, seconds=f"{where.limits.operation:g}")
    if (broken := _among(failure, ConnectionResetError) or _among(failure, BrokenPipeError)) is not None:
        return _failure(where, messages.CUT, passing=True, reason=broken.strerror or "reset")
    if (tls := _among(failure, ssl.SSLError)) is not None and not _among(failure, ssl.SSLEOFError):
        return _failure(where, messages.NO_TLS, port=port, reason=tls.reason or "no TLS")
    if isinstance(failure, requests.ConnectionError | requests.exceptions.ChunkedEncodingError | HTTPException):
        return _failure(where, messages.CUT, passing=True, reason="the host closed it")
    return _failure(where, messages.GARBAGE)


_READ_TIMEOUT: Final = urllib3.exceptions.ReadTimeoutError


def _among(failure: BaseException, kind: type[_Failure]) -> _Failure | None:
    """Return the first of a kind among an exception, what it wraps and what caused it."""
    return next((one for one in _all(failure) if isinstance(one, kind)), None)


def _all(failure: BaseException) -> Iterator[BaseException]:
    waiting, seen = [failure], set[int]()
    while waiting:
        one = waiting.pop(0)
        if id(one) in seen:
            continue
        seen.add(id(one))
        yield one
        around = (*one.args, getattr(one, "reason", None), one.__cause__, one.__context__)
        waiting += [other for other in around if isinstance(other, BaseException)]


def _said(failure: BaseException) -> str:
    return " ".join(str(failure).split())[:_SHOWN] or type(failure).__name__
