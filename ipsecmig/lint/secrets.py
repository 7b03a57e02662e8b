"""How good a preshared key is, told without showing anything of it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from ipsecmig.model.policy import Secret

SHORTEST: Final = 20
"""Characters below which a key can be searched for."""

_KINDS: Final = (str.islower, str.isupper, str.isdigit)
_LEET: Final = str.maketrans("013457@$!", "oieastasi")
_WORDS: Final = re.compile(
    "password|passwort|passwd|pass|secret|geheim|presharedkey|preshared|shared|psk|ipsec|vpn|tunnel|gateway|firewall|"
    "microsoft|windows|server|client|admin|administrator|default|example|change|changeme|welcome|letmein|login|test|"
    "demo|temp|open|sesame|monkey|dragon|master|summer|winter|spring|autumn|company|office|network|domain|internet|"
    "hello|love|king|qwerty|qwertz|azerty|asdf|zxcv|abc|key|foo|bar|baz"
)
_REPEATED: Final = re.compile(r"(.)\1{2,}|(.{2,}?)\2+")


def weaknesses(secret: Secret) -> Iterator[str]:
    """Yield in words why `secret` is weak; nothing says what it holds."""
    text = secret.reveal()
    if len(text) < SHORTEST:
        yield f"it has fewer than {SHORTEST} characters"
    if sum(any(kind(c) for c in text) for kind in _KINDS) + any(not c.isalnum() for c in text) < 2:
        yield "it has characters of one kind only"
    if _is_guessable(text):
        yield "half of it or more is common words or patterns"


def _is_guessable(text: str) -> bool:
    """Whether words and patterns that lists of passwords begin with make up at least half of `text`."""
    plain = text.casefold()
    rest = min((_rest(spelling) for spelling in (plain, plain.translate(_LEET))), key=len)
    return 2 * len(rest) <= len(text)


def _rest(text: str) -> str:
    return _REPEATED.sub("", _without_runs(_WORDS.sub("", text)))


def _without_runs(text: str) -> str:
    """Return `text` without runs of three or more characters that ascend one by one, as 1234 and abcd do."""
    kept: list[str] = []
    run = ""
    for character in text:
        if run and ord(character) == ord(run[-1]) + 1:
            run += character
        else:
            kept.append(run if len(run) < 3 else "")
            run = character
    kept.append(run if len(run) < 3 else "")
    return "".join(kept)
