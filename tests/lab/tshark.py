"""tshark as a second opinion: it dissects packets that were never on a wire, and decrypts them with our keys."""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Final

from ipsecmig.probe.capture import capture

_SECONDS: Final = 60

Layers = Mapping[str, list[str]]
"""The values of the fields that were asked for, by the name of the field; those that a packet lacks are left out."""


def missing_tshark() -> str | None:
    """Return why tshark cannot be used, None if it can."""
    return None if shutil.which("tshark") else "no tshark"


def dissect(folder: Path, packets: Iterable[bytes], fields: Iterable[str], options: Iterable[str]) -> list[Layers]:
    """Return for each packet what tshark sees in it; `options` are preferences. A failure raises with what it said."""
    file = folder / "packets.pcap"
    file.write_bytes(capture(enumerate(packets)))
    wanted = [word for field in ("_ws.malformed", "_ws.expert.message", *fields) for word in ("-e", field)]
    preferences = [word for option in options for word in ("-o", option)]
    command = ["tshark", "-n", "-r", str(file), "-T", "json", *wanted, *preferences]
    environment = {"PATH": "/usr/bin:/bin", "HOME": str(folder), "LC_ALL": "C.UTF-8"}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=_SECONDS, check=False)
    if done.returncode:
        raise RuntimeError(f"{' '.join(command)}: {done.stderr}")
    return [packet["_source"]["layers"] for packet in json.loads(done.stdout)]
