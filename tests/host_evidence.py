"""Evidence of modelled hosts, gathered without a network: what `extract` would find in them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

from ipsecmig.remote.commands import SURVEY, Command, evidence
from ipsecmig.remote.evidence import Answered, Endpoint, System, write_evidence
from ipsecmig.testing.host import Host

UTF_8 = 65001
TIME = datetime(2026, 3, 1, 12, tzinfo=UTC)


def gather(host: Host, code_page: int = UTF_8) -> list[Answered]:
    """Return what a host answers to everything that it is asked."""
    return [_answered(host, command, code_page) for command in (*SURVEY, *evidence(host.traits.powershell_major))]


def _answered(host: Host, command: Command, code_page: int) -> Answered:
    answer = host.run(command.line, code_page)
    return Answered(command, answer.stdout, answer.stderr, answer.exit_code, TIME, TIME)


def system_of(host: Host, code_page: int = UTF_8) -> System:
    version = ".".join(map(str, host.traits.version))
    return System(
        host.traits.product,
        version,
        language=host.speech.langid,
        powershell=host.traits.powershell,
        ansi_code_page=host.speech.ansi,
        oem_code_page=host.oem_code_page,
        code_page=code_page,
    )


def write_host(folder: Path, host: Host, answers: Sequence[Answered] | None = None) -> Path:
    """Write the evidence of a host, with other answers if they are given, and return the folder."""
    endpoint = Endpoint(host.name.lower(), 5986, "https", "ntlm")
    write_evidence(folder, endpoint, system_of(host), gather(host) if answers is None else answers)
    return folder
