"""Turns the log of a charon into the values that the tests compare with: `from_log.py LOG KEY > values.json`.

KEY is the preshared key, or empty. The log must have been written at level 4 for `ike` and `chd`.
"""

from __future__ import annotations

import json
import re
import sys
from pathlib import Path

WANTED = (
    "shared Diffie Hellman secret|SKEYID(?:_[dae])?|encryption key Ka|initial IV|natd_hash|HASH_[IR]"
    "|Hash(?:\\([123]\\))?|DH secret|(?:encryption|integrity) (?:initiator|responder) key|next IV for MID \\d+"
)
DUMP = re.compile(rf"\] ({WANTED}) => \d+ bytes.*\n((?:.*\]\s+\d+: .*\n)+)")
LINE = re.compile(r"\]\s+\d+: ((?:[0-9A-F]{2} ?){1,16})")


def values(log: str) -> dict[str, list[str]]:
    """Return the dumps of each name in the order of the log, in hexadecimal."""
    found: dict[str, list[str]] = {}
    for name, dump in DUMP.findall(log):
        octets = "".join(LINE.findall(dump)).replace(" ", "").lower()
        found.setdefault(name, []).append(octets)
    return found


if __name__ == "__main__":
    log, key = sys.argv[1:]
    json.dump({"preshared key": [key.encode().hex()]} | values(Path(log).read_text()), sys.stdout, indent=1)
    sys.stdout.write("\n")
