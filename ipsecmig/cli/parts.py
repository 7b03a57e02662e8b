"""Pieces of JSON documents that several commands share."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ipsecmig.diagnostics import Origin
    from ipsecmig.model.policy import NotUnderstood

Json = dict[str, object]


def location(origin: Origin) -> Json:
    """Return a place as `file`, `line` and `column`, or with `offset` in a binary source; null is not known."""
    found: Json = {"file": origin.file, "line": origin.line or None, "column": origin.column or None}
    return found if origin.offset is None else found | {"offset": origin.offset}


def not_understood_entry(one: NotUnderstood) -> Json:
    """Return one thing that was not understood, with its place."""
    return {"text": one.text, "reason": one.reason, "location": location(one.origin)}
