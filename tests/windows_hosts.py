"""A host for tests, with values of every type, and what its registry holds read back from what its programs print."""

from __future__ import annotations

import json
import re
from base64 import b64decode

from ipsecmig.stored.registry import RegistryKey, RegistryValue, ValueType

LOCAL = r"HKEY_LOCAL_MACHINE\SOFTWARE\Policies\Microsoft\Windows\IPSec\Policy\Local"
POLICY = LOCAL + r"\ipsecPolicy{72385230-70fa-11d1-864c-14a300000000}"
FILTER = LOCAL + r"\ipsecFilter{72385233-70fa-11d1-864c-14a300000000}"

RAW = dict[str, list[tuple[str, int, bytes]]]
"""Values by the paths of their keys: name, type, and the data as the registry holds it."""


def registry_key(path: str, *values: RegistryValue) -> RegistryKey:
    return RegistryKey(path, {value.name.lower(): value for value in values})


KEYS = (
    registry_key(
        LOCAL,
        RegistryValue("", ValueType.SZ, ""),
        RegistryValue("ActivePolicy", ValueType.SZ, POLICY.partition("\\")[2]),
    ),
    registry_key(
        POLICY,
        RegistryValue("className", ValueType.SZ, "ipsecPolicy"),
        RegistryValue("ipsecName", ValueType.SZ, "Schutz für Ärzte 保護"),
        RegistryValue("ipsecDataType", ValueType.DWORD, 0x100),
        RegistryValue("ipsecData", ValueType.BINARY, bytes(range(25))),
        RegistryValue("ipsecNFAReference", ValueType.MULTI_SZ, ("one", "two")),
        RegistryValue("whenChanged", ValueType.DWORD, 0xFFFFFFFF),
    ),
    registry_key(FILTER, RegistryValue("ipsecData", ValueType.BINARY, b"")),
    registry_key(FILTER + r"\below", RegistryValue("big", ValueType.QWORD, 1 << 40)),
)

EXPECTED: RAW = {
    LOCAL: [("", 1, b"\0\0"), ("ActivePolicy", 1, (POLICY.partition("\\")[2] + "\0").encode("utf-16-le"))],
    POLICY: [
        ("className", 1, "ipsecPolicy\0".encode("utf-16-le")),
        ("ipsecName", 1, "Schutz für Ärzte 保護\0".encode("utf-16-le")),
        ("ipsecDataType", 4, bytes.fromhex("00010000")),
        ("ipsecData", 3, bytes(range(25))),
        ("ipsecNFAReference", 7, "one\0two\0\0".encode("utf-16-le")),
        ("whenChanged", 4, bytes.fromhex("ffffffff")),
    ],
    FILTER: [("ipsecData", 3, b"")],
    FILTER + r"\below": [("big", 11, bytes.fromhex("0000000000010000"))],
}


def from_json(output: bytes) -> tuple[RAW, dict[str, str]]:
    """Return the values of the keys that were read, and the states of the others."""
    document = json.loads(b64decode(output, validate=True))
    assert document["format"] == "ipsecmig-registry-1"
    values: RAW = {}
    states = {}
    for key in document["keys"]:
        path = f"HKEY_LOCAL_MACHINE\\{key['p']}"
        if key["s"] == "read":
            values[path] = [(v["n"], v["t"], b64decode(v["d"], validate=True)) for v in key["v"]]
        else:
            assert key["v"] == []
            states[path] = key["s"]
    return values, states


def from_lines(output: bytes) -> tuple[RAW, dict[str, str]]:
    """Return the same from the lines of the old script."""
    assert output.endswith(b"\r\n")
    *lines, end = output.decode("ascii").split("\r\n")[:-1]
    assert end == f"E {len(lines)}"
    values: RAW = {}
    states = {}
    path = ""
    for line in lines:
        kind, word, *rest = line.split(" ")
        name = "" if word == "-" else b64decode(word, validate=True).decode("utf-16-le")
        if kind == "V":
            number, data = rest
            values[path].append((name, int(number), b"" if data == "-" else b64decode(data, validate=True)))
            continue
        path = f"HKEY_LOCAL_MACHINE\\{name}"
        if rest == ["read"]:
            values[path] = []
        else:
            (states[path],) = rest
    return values, states


def from_reg_query(text: str) -> dict[str, dict[str, tuple[str, str]]]:
    """Return the type and data of each value by its name, by the path of the key, from either form of reg.exe."""
    keys: dict[str, dict[str, tuple[str, str]]] = {}
    path = ""
    for line in text.split("\r\n"):
        value = re.fullmatch(r"    ([^\t]*?)(?:\t|    )(REG_\w+)(?:\t|    )(.*)", line)
        if value:
            keys[path][value[1]] = (value[2], value[3])
        elif line.startswith("HKEY"):
            path = line
            keys[path] = {}
    return keys
