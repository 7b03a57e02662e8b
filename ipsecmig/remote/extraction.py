"""Reads one host over WinRM, without changing anything there, into a folder of evidence.

Needs the extra `remote`; to read the folder does not.
"""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING

from ipsecmig.diagnostics import Diagnostic, Origin
from ipsecmig.errors import OutputError, UsageError
from ipsecmig.remote import extraction_messages as messages
from ipsecmig.remote.deadline import Stop
from ipsecmig.remote.evidence import Answered, Endpoint, System, write_evidence
from ipsecmig.remote.survey import gather
from ipsecmig.remote.target import Credentials, HostResult, HostTarget, Limits, Status, Transport

if TYPE_CHECKING:
    from ipsecmig.remote.failures import HostFailure


def extract_host(
    target: HostTarget, credentials: Credentials, limits: Limits, folder: Path, stop: Stop | None = None
) -> HostResult:
    """Read a host into a folder of its own below `folder`, and return what came of it.

    What may pass by itself is tried again. It ends within `limits.total` seconds and those that it takes to delete
    the shell, or once `stop` is set. Raises UsageError for credentials or authorities that are none, and for a
    library that is missing; everything else is in the result.
    """
    require_libraries(target.transport)
    _require_credentials(target.transport, credentials)
    begin = time.monotonic()

    def result(status: Status, manifest: Path | None = None, reason: Diagnostic | None = None) -> HostResult:
        return HostResult(target, status, time.monotonic() - begin, manifest, reason)

    gathered = _persistently(target, credentials, limits, stop or Stop())
    if isinstance(gathered, Diagnostic):
        return result(Status.FAILED, reason=gathered)
    endpoint = Endpoint(target.host, target.port, target.scheme, target.transport.value)
    try:
        return result(Status.EXTRACTED, write_evidence(folder / target.folder_name, endpoint, *gathered))
    except OutputError as failure:
        said = messages.NOT_WRITTEN.say(Origin(target.host), reason=str(failure))
        return result(Status.FAILED, reason=said)


def _persistently(
    target: HostTarget, credentials: Credentials, limits: Limits, stop: Stop
) -> tuple[System, tuple[Answered, ...]] | Diagnostic:
    """Return what the host is and says, or why it does not, after as many attempts as that is worth."""
    from ipsecmig.remote.failures import HostFailure
    from ipsecmig.remote.session import open_shell

    end = time.monotonic() + limits.total
    for attempt in range(1, limits.attempts + 1):
        try:
            with open_shell(target, credentials, limits, end - time.monotonic(), stop) as shell:
                return gather(shell.run)
        except HostFailure as failure:
            pause = limits.pause * 2 ** (attempt - 1)
            if not _is_worth_another(failure, attempt, limits, end - time.monotonic() - pause) or stop.wait(pause):
                return failure.diagnostic
    raise ValueError("a host is tried at least once")


def _is_worth_another(failure: HostFailure, attempt: int, limits: Limits, left: float) -> bool:
    return failure.passing and attempt < limits.attempts and left > 0


def _require_credentials(transport: Transport, credentials: Credentials) -> None:
    """Raise UsageError where what the transport needs is missing."""
    if transport is Transport.CERTIFICATE:
        if credentials.certificate is None or credentials.key is None:
            raise UsageError("certificate: a certificate and its private key are needed")
        for path in (credentials.certificate, credentials.key):
            if not path.is_file():
                raise UsageError(f"{path}: there is no such file")
    elif transport is not Transport.KERBEROS and not (credentials.user and credentials.password is not None):
        raise UsageError(f"{transport}: a name and a password are needed")


def require_libraries(transport: Transport) -> None:
    """Raise UsageError where a library that the transport needs is missing."""
    try:
        from winrm import transport as winrm_transport
    except ImportError:
        needs = 'reading hosts over WinRM needs the extra "remote": pip install "ipsecmig[remote]"'
        raise UsageError(needs) from None
    if transport is Transport.KERBEROS and not winrm_transport.HAVE_KERBEROS:
        raise UsageError('Kerberos needs the extra "kerberos": pip install "ipsecmig[kerberos]"')
    if transport is Transport.CREDSSP and not winrm_transport.HAVE_CREDSSP:
        raise UsageError('CredSSP needs the extra "credssp": pip install "ipsecmig[credssp]"')
