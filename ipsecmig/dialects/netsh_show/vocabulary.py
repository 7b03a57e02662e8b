"""The labels and the words of all languages, from the tables beside this module.

netsh translates its labels and keeps their structure. One label never means two things, so that the languages need not
be told apart: a host can print English for a service and its own language for a user. What no capture confirmed is
marked `unverified` in its table, and is reported when it is relied on.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from enum import Enum
from functools import cache
from pathlib import Path
from typing import Final, NamedTuple

SEEN: Final = "seen"

_FOLDER: Final = Path(__file__).parent / "labels"


class Key(Enum):
    """What a label means, by its name in the tables."""

    __hash__ = object.__hash__  # looked up for every line

    POLICY_NAME = "policy_name"
    DESCRIPTION = "description"
    STORE = "store"
    MODIFIED = "modified"
    GUID = "guid"
    ASSIGNED = "assigned"
    POLLING_INTERVAL = "polling_interval"
    MAIN_MODE_LIFETIME = "main_mode_lifetime"
    MASTER_PFS = "master_pfs"
    MAIN_MODE_METHODS = "main_mode_methods"
    ENCRYPTION = "encryption"
    INTEGRITY = "integrity"
    GROUP = "group"
    RULE_COUNT = "rule_count"
    RULE_DETAILS = "rule_details"
    POLICY_COUNT = "policy_count"
    RULE_ID = "rule_id"
    RULE_NAME = "rule_name"
    ACTIVATED = "activated"
    CONNECTION_TYPE = "connection_type"
    AUTHENTICATION = "authentication"
    PRESHARED_KEY = "preshared_key"
    ROOT_CA = "root_ca"
    CERT_MAP = "cert_map"
    EXCLUDE_NAME = "exclude_name"
    TUNNEL = "tunnel"
    TUNNEL_NAME = "tunnel_name"
    LIST_DETAILS = "list_details"
    ACTION_DETAILS = "action_details"
    NO_LIST = "no_list"
    LIST_NAME = "list_name"
    FILTER_COUNT = "filter_count"
    FILTERS = "filters"
    MIRRORED = "mirrored"
    SOURCE = "source"
    SOURCE_MASK = "source_mask"
    SOURCE_NAME = "source_name"
    DESTINATION = "destination"
    DESTINATION_MASK = "destination_mask"
    DESTINATION_NAME = "destination_name"
    PROTOCOL = "protocol"
    SOURCE_PORT = "source_port"
    DESTINATION_PORT = "destination_port"
    ACTION_NAME = "action_name"
    ACTION = "action"
    SOFT = "soft"
    INBOUND_PASSTHROUGH = "inbound_passthrough"
    OFFER_COUNT = "offer_count"
    AH = "ah"
    ESP = "esp"
    LIFE = "life"
    PFS = "pfs"
    SOURCE_MACHINE = "source_machine"
    GPO = "gpo"
    LOCAL_POLICY = "local_policy"
    DIRECTORY_POLICY = "directory_policy"
    DIRECTORY_DN = "directory_dn"
    LOCAL_ASSIGNED = "local_assigned"


class Word(Enum):
    """What a printed word means, by its name in the tables."""

    YES = "yes"
    NO = "no"
    NONE = "none"
    ANY = "any"
    ANY_ADDRESS = "any_address"
    MY_ADDRESS = "my_address"
    DNS = "dns"
    WINS = "wins"
    DHCP = "dhcp"
    GATEWAY = "gateway"
    TCP = "tcp"
    UDP = "udp"
    ICMP = "icmp"
    RAW = "raw"
    LOCAL_STORE = "local_store"
    PERSISTENT_STORE = "persistent_store"
    DOMAIN_STORE = "domain_store"
    PERMIT = "permit"
    BLOCK = "block"
    NEGOTIATE = "negotiate"
    ALL = "all"
    LAN = "lan"
    DIALUP = "dialup"
    KERBEROS = "kerberos"
    LOW = "low"
    MEDIUM = "medium"
    DYNAMIC_LIST = "dynamic_list"


FILTER_ORDER: Final = (
    Key.DESCRIPTION,
    Key.MIRRORED,
    Key.SOURCE,
    Key.SOURCE_MASK,
    Key.SOURCE_NAME,
    Key.DESTINATION,
    Key.DESTINATION_MASK,
    Key.DESTINATION_NAME,
    Key.PROTOCOL,
    Key.SOURCE_PORT,
    Key.DESTINATION_PORT,
)
"""The lines of one filter, as seen in a capture. The masks and the names can be missing."""

LIST_ORDER: Final = (Key.LIST_NAME, Key.DESCRIPTION, Key.STORE, Key.MODIFIED, Key.GUID, Key.FILTER_COUNT)
"""The lines at the head of a filter list, as seen in a capture."""


class Entry(NamedTuple):
    """One row of a table. `language` is the name of its file; `meaning` is a key or a word."""

    language: str
    meaning: Key | Word
    text: str
    confidence: str


@cache
def entries() -> tuple[Entry, ...]:
    """Return all rows of all tables."""
    return tuple(entry for path in sorted(_FOLDER.glob("*.tsv")) for entry in _table(path))


def _table(path: Path) -> Iterator[Entry]:
    lines = (line for line in path.read_text(encoding="utf-8").splitlines() if not line.startswith("#"))
    next(lines)  # the names of the columns
    for line in lines:
        kind, meaning, text, confidence = line.split("\t")
        yield Entry(path.stem, Key(meaning) if kind == "label" else Word(meaning), text, confidence)


def normal(text: str) -> str:
    """Return `text` as it is compared: without case, and with single blanks."""
    return " ".join(text.split()).casefold()


@cache
def _known() -> tuple[Mapping[str, Entry], Mapping[str, tuple[Entry, ...]]]:
    """Return labels and words by their normal text; where languages share a label, one that was seen counts."""
    labels: dict[str, Entry] = {}
    words: dict[str, tuple[Entry, ...]] = {}
    for entry in sorted(entries(), key=lambda e: e.confidence != SEEN):
        text = normal(entry.text)
        if isinstance(entry.meaning, Key):
            labels.setdefault(text, entry)
        else:
            words[text] = (*words.get(text, ()), entry)
    return labels, words


class Vocabulary:
    """What the labels and words of one source mean.

    `definitions` are labels and words that a person knows, each with the English one that it stands for; `learnt` are
    labels known by their place. `relied_on` collects the languages of unverified labels and words that were used.
    """

    def __init__(self, definitions: Mapping[str, str], learnt: Mapping[str, Key] | None = None) -> None:
        self._labels, self._words = _known()
        self._defined = {normal(name): normal(value) for name, value in definitions.items()}
        self._learnt = learnt or {}
        self._keys: dict[str, Key | None] = {}
        self.relied_on: set[str] = set()

    def key(self, label: str) -> Key | None:
        """Return what `label` means, with whatever blanks around it; None where it is not known."""
        try:
            return self._keys[label]
        except KeyError:
            found = self._keys[label] = self._look_up(normal(label))
            return found

    def _look_up(self, label: str) -> Key | None:
        entry = self._labels.get(self._defined.get(label, label))
        if entry is None or not isinstance(entry.meaning, Key):
            return self._learnt.get(label)
        self._rely(entry)
        return entry.meaning

    def means(self, text: str, word: Word) -> bool:
        """Return whether `text` is `word` in some language."""
        text = normal(text)
        for entry in self._words.get(self._defined.get(text, text), ()):
            if entry.meaning is word:
                self._rely(entry)
                return True
        return False

    def _rely(self, entry: Entry) -> None:
        if entry.confidence != SEEN and entry.language != "en":
            self.relied_on.add(entry.language)
