"""From a policy store to the files of every target, with everything that must be said about them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ipsecmig import __version__
from ipsecmig.cli.contested import Contests, contests
from ipsecmig.cli.exits import Exit, most_serious
from ipsecmig.cli.options import LossThreshold
from ipsecmig.cli.text import visible
from ipsecmig.cli.verification import NOT_WANTED, Verdict, Verification
from ipsecmig.cli.verification import verify as verification_of
from ipsecmig.diagnostics import place
from ipsecmig.errors import UsageError
from ipsecmig.model.flatten import FlatPolicy, flatten, select_policy
from ipsecmig.model.targets import Emission, EmissionRequest, Loss, LossKind, OutputFile, SecurityDirection, Target

if TYPE_CHECKING:
    from ipsecmig.cli.files import Written
    from ipsecmig.model.policy import NotUnderstood, PolicyStore
    from ipsecmig.model.site import Site

_MOST_PLACES_IN_HEADING = 20


@dataclass(frozen=True, slots=True)
class Conversion:
    """One policy, carried to some targets."""

    store: PolicyStore
    flat: FlatPolicy
    targets: tuple[Target, ...]
    emissions: tuple[Emission, ...]
    contests: Contests
    verification: Verification

    @property
    def losses(self) -> tuple[Loss, ...]:
        """The losses of all targets."""
        return tuple(loss for emission in self.emissions for loss in emission.losses)

    @property
    def files(self) -> tuple[OutputFile, ...]:
        """The files of all targets."""
        return tuple(file for emission in self.emissions for file in emission.files)

    @property
    def not_understood(self) -> tuple[NotUnderstood, ...]:
        """What keeps everything about this conversion undecided."""
        return self.flat.not_understood

    @property
    def may_be_written(self) -> bool:
        """Whether the files did not fail their own verification; a source not understood whole cannot pass it."""
        if self.verification.verdict is Verdict.UNDECIDED:
            return bool(self.not_understood)
        return self.verification.verdict is not Verdict.DIFFERENT


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of the files: `written` is None where they were not, and `output` what -o said."""

    output: str | None
    written: Written | None
    with_secrets: bool = False


def convert_policy(
    store: PolicyStore, policy_name: str | None, site: Site, targets: tuple[Target, ...], *, verify: bool = True
) -> Conversion:
    """Return the conversion of one policy of `store`. Raises UsageError when the name does not single one out."""
    policy = select_policy(store, policy_name)
    flat = flatten(store, policy, site)
    request = EmissionRequest(store, policy, flat, tuple(heading(store, flat, verify=verify)))
    emissions = tuple(target.emit(request) for target in targets)
    verification = verification_of(flat, emissions) if verify else NOT_WANTED
    return Conversion(store, flat, targets, emissions, contests(flat), verification)


def choose_targets(names: str) -> tuple[Target, ...]:
    """Return the targets of a comma-separated list, in its order. Raises UsageError for an unknown or repeated one."""
    from ipsecmig.emit.registry import TARGETS

    known = {target.name: target for target in TARGETS}
    wanted = [name.strip() for name in names.split(",")]
    for name in wanted:
        if name not in known:
            raise UsageError(f'--to: there is no target "{name}"; there are: {", ".join(known)}')
    if len(set(wanted)) < len(wanted):
        raise UsageError("--to names a target twice")
    return tuple(known[name] for name in wanted)


def heading(store: PolicyStore, flat: FlatPolicy, *, verify: bool) -> Iterator[str]:
    """Yield the lines that stand at the head of every file, each safe to put into a comment."""
    yield f"Written by ipsecmig {__version__}. Do not edit: change the policy and convert it again."
    yield visible(f"Source: {', '.join(store.sources)}")
    yield visible(f'Policy: "{flat.policy.name}"')
    for assumption in flat.assumptions:
        yield visible(f"Assumed: {assumption}")
    if flat.not_understood:
        yield "UNDECIDED: nothing is claimed about these files, because this was not understood:"
        for unknown in flat.not_understood[:_MOST_PLACES_IN_HEADING]:
            yield visible(f"  {place(unknown.origin)}: {unknown.reason}")
        more = len(flat.not_understood) - _MOST_PLACES_IN_HEADING
        if more > 0:
            yield f"  and {more:,} more places"
    elif not verify:
        yield "Not verified: --no-verify was given."


def exit_code(conversion: Conversion, threshold: LossThreshold) -> Exit:
    """Return the exit code of a conversion whose files could be written."""
    undecided = (
        bool(conversion.not_understood)
        or not conversion.contests.complete
        or conversion.verification.verdict in {Verdict.DIFFERENT, Verdict.UNDECIDED}
    )
    findings = any(_counts(loss.direction, loss.kind, threshold) for loss in conversion.losses) or any(
        _counts(one.direction, None, threshold) for one in conversion.contests.pairs
    )
    return most_serious((Exit.UNDECIDED if undecided else Exit.DONE, Exit.FINDINGS if findings else Exit.DONE))


def _counts(direction: SecurityDirection, kind: LossKind | None, threshold: LossThreshold) -> bool:
    """Whether a loss, or a conflict, which has no kind, is at or above the threshold."""
    if threshold is LossThreshold.NEVER:
        return False
    if direction is SecurityDirection.FAILS_OPEN or threshold is LossThreshold.CLOSED:
        return True
    return threshold is LossThreshold.NEEDS_HUMAN and kind is LossKind.NEEDS_HUMAN
