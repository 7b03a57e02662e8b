"""HTTP of pywinrm with limits: how long a connection and an answer may take, and how large an answer may be.

Needs the extra `remote`; whoever imports this module has looked whether it is there.
"""

from __future__ import annotations

import socket
from collections.abc import Iterator, Mapping
from typing import Any, Final

import requests
from requests.adapters import HTTPAdapter
from urllib3 import HTTPConnectionPool, HTTPResponse, HTTPSConnectionPool
from urllib3.connection import HTTPConnection, HTTPSConnection

from ipsecmig.remote.deadline import Patience
from ipsecmig.remote.target import Limits

ANSWER_LIMIT: Final = 4 << 20
"""How large one answer may be, in octets: eight times the largest envelope of a host as Windows comes."""

_PIECE: Final = 1 << 16


class TooLargeError(requests.RequestException):
    """An answer goes beyond the limit."""


class BoundedAdapter(HTTPAdapter):
    """Sends requests, each at most once.

    `offered` are the ways to log in that the last refusal named, `last` is the last answer, whatever it was.
    """

    def __init__(self, limits: Limits, patience: Patience) -> None:
        self._limits = limits
        self._patience = patience
        self.offered = ""
        self.last: requests.Response | None = None
        super().__init__(max_retries=0)
        self.poolmanager.pool_classes_by_scheme = _pools(patience)

    def send(
        self,
        request: requests.PreparedRequest,
        stream: bool = False,
        timeout: object = None,
        verify: bool | str = True,
        cert: Any = None,  # noqa: ANN401  what requests takes
        proxies: Mapping[str, str] | None = None,
    ) -> requests.Response:
        """Send a request, and return the response, whose body is read piece by piece up to the limit."""
        left = max(0.001, self._patience.left)
        times = (min(self._limits.connect, left), min(self._limits.operation, left))
        response = super().send(request, stream=True, timeout=times, verify=verify, cert=cert)
        response.raw.stream = _bounded(response.raw)
        self.last = response
        if response.status_code == requests.codes.unauthorized:
            self.offered = response.headers.get("WWW-Authenticate", "")
        return response


def _bounded(raw: HTTPResponse) -> Any:  # noqa: ANN401  it stands for a method whose signature is another's
    def stream(amt: int = _PIECE, decode_content: bool | None = None) -> Iterator[bytes]:
        octets = 0
        # Nothing was asked for in another encoding, and nothing is unpacked that may unfold without end.
        while piece := raw.read1(_PIECE, decode_content=False):
            octets += len(piece)
            if octets > ANSWER_LIMIT:
                raw.close()
                raise TooLargeError
            yield piece

    return stream


def _pools(patience: Patience) -> dict[str, type[HTTPConnectionPool]]:
    """Return the pools whose connections `patience` watches from their first moment on."""

    class Plain(HTTPConnection):
        def _new_conn(self) -> socket.socket:
            made = super()._new_conn()
            patience.watch(made)
            return made

    class Secure(HTTPSConnection):
        def _new_conn(self) -> socket.socket:
            made = super()._new_conn()
            patience.watch(made)
            return made

    class PlainPool(HTTPConnectionPool):
        ConnectionCls = Plain

    class SecurePool(HTTPSConnectionPool):
        ConnectionCls = Secure

    return {"http": PlainPool, "https": SecurePool}
