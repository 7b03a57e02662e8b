"""The kernel's policies as a batch for ip(8), and the one that deletes them again."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from ipsecmig.emit.common import header, one_line
from ipsecmig.emit.xfrm.database import KernelPolicy, database_of
from ipsecmig.emit.xfrm.losses import NAME, capabilities
from ipsecmig.model.accounting import account, always_exact
from ipsecmig.model.collector import collector_paused
from ipsecmig.model.flatten import FlatPolicy
from ipsecmig.model.targets import Emission, EmissionRequest, OutputFile, Target
from ipsecmig.model.treatment import Protect

_SECTIONS: Final = (
    ("blocked", "action block"),
    ("protected: without an SA nothing goes out, and in only where the level is 'use'", "tmpl "),
    ("permitted", "action allow"),
)
"""What closes comes first: a load that breaks off has opened nothing. Order in the file decides nothing else."""


def _batch(request: EmissionRequest, policies: list[KernelPolicy]) -> bytes:
    lines = [
        *_head(request),
        "# load into a host without XFRM policies of its own: ip -batch ipsecmig-xfrm.batch",
        "# a lower priority number decides first; the order of the lines does not matter",
    ]
    for title, start in _SECTIONS:
        section = [policy for policy in policies if policy.action.startswith(start)]
        lines += ["", f"# {title}"] if section else []
        label = ""
        for policy in section:
            if policy.label != label:
                label = policy.label
                lines.append(f"#   {one_line(label)}")
            words = f"{policy.selector} dir {policy.direction} priority {policy.priority} {policy.action}"
            lines.append(f"xfrm policy add {words}")
    return "\n".join([*lines, ""]).encode()


def _rollback(request: EmissionRequest, policies: list[KernelPolicy]) -> bytes:
    lines = [
        *_head(request),
        "# takes the policies of ipsecmig-xfrm.batch away again: ip -batch ipsecmig-xfrm-rollback.batch",
        "# after a load that broke off: ip -force -batch ipsecmig-xfrm-rollback.batch",
        *(f"xfrm policy delete {policy.selector} dir {policy.direction}" for policy in policies),
    ]
    return "\n".join([*lines, ""]).encode()


def _head(request: EmissionRequest) -> list[str]:
    return [f"# {line}" for line in header(request)]


def _notes(flat: FlatPolicy) -> Iterator[str]:
    if not flat.site.addresses and any(f.source.me for f in flat.filters):
        yield "this host's addresses are not known, so policies for what it sends also meet what it forwards"
    if any(isinstance(f.treatment, Protect) for f in flat.filters):
        yield "protected regions stay closed until a key manager has set up associations with the templates' reqid"


def emit(request: EmissionRequest) -> Emission:
    """Return the batch that adds the policies and the one that deletes them, and what they cannot say."""
    with collector_paused():
        database = database_of(request.flat)
        policies = list(database.policies.values())
        losses, exact = account(request, capabilities(database.unsaid))
        files = (
            OutputFile("ipsecmig-xfrm.batch", _batch(request, policies)),
            OutputFile("ipsecmig-xfrm-rollback.batch", _rollback(request, policies)),
        )
        return Emission(NAME, files, losses, exact, tuple(_notes(request.flat)))


TARGET: Final = Target(
    NAME,
    "Linux kernel policies (ip xfrm)",
    emit,
    {
        "ipsecmig-xfrm.batch": "adds the policies: ip -batch ipsecmig-xfrm.batch",
        "ipsecmig-xfrm-rollback.batch": "deletes them again: ip -batch ipsecmig-xfrm-rollback.batch",
    },
    always_exact(capabilities({})),
)
