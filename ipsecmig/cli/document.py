"""The result of a conversion as JSON under `convert.schema.json`."""

from __future__ import annotations

from collections.abc import Iterator
from hashlib import sha256
from typing import TYPE_CHECKING

from ipsecmig import __version__
from ipsecmig.cli.differences import comparison_document
from ipsecmig.cli.parts import Json, location, not_understood_entry
from ipsecmig.cli.treatments import treatment

if TYPE_CHECKING:
    from ipsecmig.cli.contested import Contested
    from ipsecmig.cli.conversion import Conversion, Outcome
    from ipsecmig.model.flatten import SpecificFilter
    from ipsecmig.model.targets import Emission, Loss, OutputFile
    from ipsecmig.verify.emitted import VerifiedBundle


def document(conversion: Conversion, outcome: Outcome) -> Json:
    """Return the whole result; contents are in it only when they were asked for with `-o -`."""
    written = outcome.written
    return {
        "tool": {"name": "ipsecmig", "version": __version__},
        "policy": conversion.flat.policy.name,
        "sources": list(conversion.store.sources),
        "targets": [emission.target for emission in conversion.emissions],
        "verified": conversion.verification.verdict.value,
        "verification": [_bundle(bundle) for bundle in conversion.verification.bundles],
        "verification_skipped": conversion.verification.reason or None,
        "written": written is not None,
        "files": list(_files(conversion, outcome)),
        "left_over": [] if written is None else list(written.left_over),
        "losses": [_loss(loss) for loss in conversion.losses],
        "exact": {emission.target: emission.exact for emission in conversion.emissions},
        "conflicts": [_contested(one) for one in conversion.contests.pairs],
        "conflicts_complete": conversion.contests.complete,
        "assumptions": list(conversion.flat.assumptions),
        "undecided": [not_understood_entry(one) for one in conversion.not_understood],
        "notes": [{"target": e.target, "text": text} for e in conversion.emissions for text in e.notes],
    }


def _files(conversion: Conversion, outcome: Outcome) -> Iterator[Json]:
    purposes = {target.name: target.files for target in conversion.targets}
    for emission in conversion.emissions:
        for file in emission.files:
            described = _file(file, emission, purposes[emission.target].get(file.path, ""))
            if outcome.output == "-" and conversion.may_be_written:
                hidden = file.secret and not outcome.with_secrets
                described["content"] = None if hidden else file.content.decode("utf-8", "backslashreplace")
            yield described


def _file(file: OutputFile, emission: Emission, purpose: str) -> Json:
    """Describe one file. Size and digest of a secret one are left out: they would let a weak key be guessed."""
    return {
        "path": file.path,
        "target": emission.target,
        "purpose": purpose,
        "size": None if file.secret else len(file.content),
        "secret": file.secret,
        "executable": file.executable,
        "sha256": None if file.secret else sha256(file.content).hexdigest(),
    }


def _loss(loss: Loss) -> Json:
    return {
        "target": loss.target,
        "kind": loss.kind.value,
        "direction": loss.direction.value,
        "attribute": loss.attribute,
        "location": location(loss.origin),
        "reason": loss.reason,
        "advice": loss.advice,
    }


def _bundle(bundle: VerifiedBundle) -> Json:
    return {"targets": list(bundle.targets), **comparison_document(bundle.comparison)}


def _contested(one: Contested) -> Json:
    return {
        "witness": one.witness.text(),
        "direction": one.direction.value,
        "chosen": _filter(one.chosen),
        "other": _filter(one.other),
    }


def _filter(one: SpecificFilter) -> Json:
    return {
        "filter_list": one.filter_list.name,
        "rule": one.rule.name,
        "treatment": treatment(one.treatment),
        "location": location(one.filter.origin),
    }
