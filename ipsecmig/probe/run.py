"""One probe from beginning to end."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Final

from ipsecmig.ike.events import ChildEstablished, Established, PeerAnnounced, PeerNotified
from ipsecmig.probe.echo import Echo, ping
from ipsecmig.probe.inquiry import inquire
from ipsecmig.probe.region import Plan
from ipsecmig.probe.session import Ending, Session
from ipsecmig.probe.transcript import Transcript
from ipsecmig.probe.transport import USUAL_PORTS, Ports, Wire
from ipsecmig.probe.verdict import Outcome, Verdict, judge
from ipsecmig.udp import IKE_PORT, NAT_T_PORT

DEFAULT_SECONDS: Final = 20.0


@dataclass(frozen=True, slots=True)
class Request:
    """How a plan is to be carried out. `seconds` bounds all of it; `listen` waits for the peer to begin."""

    plan: Plan
    ports: Ports = USUAL_PORTS
    listen: bool = False
    explain: bool = True
    ping: bool = False
    seconds: float = DEFAULT_SECONDS


@dataclass(frozen=True, slots=True)
class Report:
    """What came of a probe."""

    request: Request
    verdict: Verdict
    transcript: Transcript
    announced: PeerAnnounced | None
    phase_1: Established | None
    phase_2: ChildEstablished | None
    echo: Echo | None = None


async def probe(request: Request) -> Report:
    """Negotiate with the peer, ask it what it would take if it refuses, and report.

    Raises UsageError where this host cannot have the port or reach the peer.
    """
    configuration = request.plan.configuration
    began = time.monotonic()
    transcript = Transcript(began, time.time())
    wire = Wire(configuration.local, configuration.remote, request.ports, listen=request.listen)
    try:
        await wire.open(IKE_PORT)
        if request.listen:
            await wire.open(NAT_T_PORT)
        session = Session(configuration, wire, transcript, began + request.seconds)
        ending = await (session.run() if request.listen else session.initiate())
        verdict = await _explained(request, session, ending, judge(configuration, transcript, ending))
        echo = await _echo(request, session, ending)
        await session.close()
    finally:
        wire.close()
    return _report(request, verdict, transcript, ending, echo)


async def _explained(request: Request, session: Session, ending: Ending, verdict: Verdict) -> Verdict:
    refused_by_peer = any(isinstance(event, PeerNotified) for event in ending.events)
    if verdict.outcome is not Outcome.NO_PROPOSAL or request.listen or not request.explain or not refused_by_peer:
        return verdict
    established = any(isinstance(event, Established) for event in ending.events)
    return await inquire(session, request.plan.configuration, verdict, phase_1=not established)


async def _echo(request: Request, session: Session, ending: Ending) -> Echo | None:
    children = [event for event in ending.events if isinstance(event, ChildEstablished)]
    return await ping(session, request.plan, children[0]) if request.ping and children else None


def _report(request: Request, verdict: Verdict, transcript: Transcript, ending: Ending, echo: Echo | None) -> Report:
    events = ending.events
    return Report(
        request,
        verdict,
        transcript,
        next((event for event in events if isinstance(event, PeerAnnounced)), None),
        next((event for event in events if isinstance(event, Established)), None),
        next((event for event in events if isinstance(event, ChildEstablished)), None),
        echo,
    )
