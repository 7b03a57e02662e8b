"""Changes planted in emitted configurations: of single words, and of structure.

None of them need change what packets meet; the oracles say which do.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterator
from itertools import pairwise
from typing import Final

_SWAPS: Final = {
    "accept": "drop", "drop": "accept", "allow": "block", "block": "allow", "pass": "drop",
    "required": "use", "use": "required", "trap": "none", "exists": "missing",
    "arrived_protected": "leaves_protected", "saddr": "daddr", "daddr": "saddr", "sport": "dport", "dport": "sport",
    "tcp": "udp", "out": "in", "in": "out", "fwd": "out",
}  # fmt: skip
_MUTABLE: Final = re.compile(
    r"^(?:\s*(?:ip6? |meta |tcp |udp |rt |th |[\d.]+|drop$|(?:mode|priority|local_ts|remote_ts|start_action) = )"
    r"|xfrm policy add )"
)


def word_changes(text: str) -> list[str]:
    """Return `text` with one change each: a line left out, a word turned round, a number or prefix moved."""
    lines = text.split("\n")
    found = []
    for number, line in enumerate(lines):
        if _MUTABLE.match(line):
            found += ["\n".join([*lines[:number], *other, *lines[number + 1 :]]) for other in _mutated(line)]
    return found


def _mutated(line: str) -> Iterator[list[str]]:
    if " = " not in line:
        yield []
    code, sign, comment = line.partition(" comment ")
    for match in re.finditer(r"[\w./]+", code):
        word = match[0]
        for other in _other_words(word):
            yield [code[: match.start()] + other + code[match.end() :] + sign + comment]


def _other_words(word: str) -> Iterator[str]:
    if word in _SWAPS:
        yield _SWAPS[word]
    network = re.fullmatch(r"([\d.]+)/(\d+)", word)
    if network and int(network[2]) > 0:
        yield f"{ipaddress.ip_network(f'{network[1]}/{int(network[2]) - 1}', strict=False)}"
    elif re.fullmatch(r"\d+\.\d+\.\d+\.\d+", word):
        yield str(ipaddress.IPv4Address(int(ipaddress.IPv4Address(word)) ^ 1))
    elif word.isdecimal() and int(word) < 60000:
        yield str(int(word) + 1)
        yield str(int(word) + 1000)


# --- structure -------------------------------------------------------------------------------------------------------


def structural_changes(name: str, text: str) -> list[str]:
    """Return the configuration of the target `name` with one change of structure each."""
    return list({"nftables": _of_nft, "xfrm": _of_xfrm, "strongswan": _of_swanctl, "netsh": _of_netsh}[name](text))


def _swapped(lines: list[str], one: int, other: int) -> str:
    changed = list(lines)
    changed[one], changed[other] = changed[other], changed[one]
    return "\n".join(changed)


def _without(lines: list[str], first: int, last: int) -> str:
    """Leave out the lines from `first` up to and with `last`."""
    return "\n".join([*lines[:first], *lines[last + 1 :]])


_RULE: Final = re.compile(r"\s+\S.* (?:accept|drop|goto \w+)(?: comment .*)?$|\s+(?:accept|drop)$")
_VERDICT: Final = re.compile(r"\b(accept|drop|goto \w+)(?= comment|$)")


def _of_nft(text: str) -> Iterator[str]:
    """Rules left out, doubled, in another order or with another's verdict; chains emptied; priorities and policies."""
    lines = text.split("\n")
    rules = [n for n, line in enumerate(lines) if _RULE.match(line) and "type filter" not in line]
    for one, other in pairwise(rules):
        yield _without(lines, one, one)
        yield _swapped(lines, one, other)
        yield "\n".join([*lines[:one], lines[one], *lines[one:]])
        verdict = _VERDICT.search(lines[other])
        if verdict:
            yield "\n".join([*lines[:one], _VERDICT.sub(verdict[0], lines[one]), *lines[one + 1 :]])
    for one, line in enumerate(lines):
        if "type filter" in line:
            yield "\n".join([*lines[:one], line.replace("policy accept", "policy drop"), *lines[one + 1 :]])
            yield "\n".join([*lines[:one], line.replace("priority filter", "priority 7"), *lines[one + 1 :]])
        if re.match(r"\s+chain \w+ \{", line) and "type filter" not in lines[one + 1]:
            end = lines.index("    }", one)
            yield "\n".join([*lines[: one + 1], *lines[end:]])


_PRIORITY: Final = re.compile(r"\bpriority (?:= )?(\d+)")


def _priorities_changed(lines: list[str]) -> Iterator[str]:
    """Swap the priorities of two neighbours, and let one go before and after all."""
    found = [n for n, line in enumerate(lines) if _PRIORITY.search(line)]
    for one, other in pairwise(found):
        mine, theirs = _PRIORITY.search(lines[one]), _PRIORITY.search(lines[other])
        assert mine
        assert theirs
        changed = list(lines)
        changed[one], changed[other] = _with_priority(lines[one], theirs[1]), _with_priority(lines[other], mine[1])
        yield "\n".join(changed)
        for extreme in ("1", "99999"):
            yield "\n".join([*lines[:one], _with_priority(lines[one], extreme), *lines[one + 1 :]])


def _with_priority(line: str, priority: str) -> str:
    return _PRIORITY.sub(lambda match: match[0].removesuffix(match[1]) + priority, line)


def _of_xfrm(text: str) -> Iterator[str]:
    """Policies left out, in another order, with other priorities, without ports or protocol, without a template."""
    lines = text.split("\n")
    policies = [n for n, line in enumerate(lines) if line.startswith("xfrm policy add")]
    yield from _priorities_changed(lines)
    for one, other in pairwise(policies):
        yield _without(lines, one, one)
        yield _swapped(lines, one, other)
        for gone in (r" sport \d+", r" dport \d+", r" proto \w+(?: sport \d+)?(?: dport \d+)?(?= dir)", r" tmpl .*"):
            yield "\n".join([*lines[:one], re.sub(gone, "", lines[one]), *lines[one + 1 :]])


def _of_swanctl(text: str) -> Iterator[str]:
    """Children and connections left out, other priorities, selectors without ports or protocol."""
    lines = text.split("\n")
    yield from _priorities_changed(lines)
    for one, line in enumerate(lines):
        if re.match(r"      [\w-]+ \{$", line):
            yield _without(lines, one, lines.index("      }", one))
        if re.match(r"  [\w-]+ \{$", line):
            yield _without(lines, one, lines.index("  }", one))
        if re.match(r"\s+(?:start_action|priority) =", line):
            yield _without(lines, one, one)
        if re.match(r"\s+local_ts = ", line):
            for wider in (r"/\d+\]", r"\[.*\]"):
                both = [re.sub(wider, "]" if wider[0] == "/" else "", each) for each in lines[one : one + 2]]
                yield "\n".join([*lines[:one], *both, *lines[one + 2 :]])


_NETSH_WORDS: Final = {
    "mirrored=yes": "mirrored=no", "mirrored=no": "mirrored=yes", "inpass=yes": "inpass=no", "inpass=no": "inpass=yes",
    "soft=yes": "soft=no", "soft=no": "soft=yes", "activate=yes": "activate=no", "activate=no": "activate=yes",
    "conntype=all": "conntype=lan", "conntype=lan": "conntype=dialup", "conntype=dialup": "conntype=all",
    "action=permit": "action=block", "action=block": "action=permit", "protocol=TCP": "protocol=ANY",
    "protocol=ANY": "protocol=ICMP", "srcaddr=me": "srcaddr=any", "dstaddr=any": "dstaddr=me",
    "srcaddr=any": "srcaddr=me",
}  # fmt: skip


def _of_netsh(text: str) -> Iterator[str]:
    """Leave filters and rules out or double them, with ends swapped, masks and ports moved, other actions and flags."""
    lines = text.split("\n")
    rules = [n for n, line in enumerate(lines) if line.startswith("add rule")]
    for one, line in enumerate(lines):
        if not re.match(r"add (?:filter|rule|filteraction) ", line):
            continue
        if not line.startswith("add filteraction"):
            yield _without(lines, one, one)
        for changed in _other_statements(line):
            yield "\n".join([*lines[:one], changed, *lines[one + 1 :]])
        if line.startswith("add filter "):
            yield "\n".join([*lines[:one], line, *lines[one:]])
    for one, other in pairwise(rules):
        yield _swapped(lines, one, other)
        theirs = re.search(r"filteraction=\S+", lines[other])
        assert theirs
        yield "\n".join([*lines[:one], re.sub(r"filteraction=\S+", theirs[0], lines[one]), *lines[one + 1 :]])


def _other_statements(line: str) -> Iterator[str]:
    for word in line.split():
        if word in _NETSH_WORDS:
            yield line.replace(f" {word}", f" {_NETSH_WORDS[word]}")
    yield line.replace("src", "\0").replace("dst", "src").replace("\0", "dst")
    yield re.sub(r"mask=255\.255\.255\.25\d", "mask=255.255.255.248", line)
    yield re.sub(r"port=[1-9]\d*", "port=0", line)
    yield re.sub(r"(srcport|dstport)=1\b", r"\1=2", line)
