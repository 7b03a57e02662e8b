"""Which reader reads which configuration, told by content."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import PurePath

from ipsecmig.diagnostics import Diagnostic, Origin, Severity
from ipsecmig.dialects import registry as dialects
from ipsecmig.dialects.base import Reading, ReadOptions, Source
from ipsecmig.dialects.decoding import decode
from ipsecmig.errors import InputError
from ipsecmig.model.collector import collector_paused
from ipsecmig.model.flatten import flatten, select_policy
from ipsecmig.model.site import Site
from ipsecmig.verify.readback import nft_json, nft_text, swanctl, xfrm
from ipsecmig.verify.readback.nftables import read_ruleset
from ipsecmig.verify.readback.windows import read_policy
from ipsecmig.verify.target import ReadTarget

_KNOWN = "nftables text or JSON, `ip -batch` or `ip xfrm policy`, swanctl.conf, or an IPsec policy of Windows"


def is_configuration(path: str) -> bool:
    """Whether the emitted file `path` is what configures a target, not its rollback, its settings or the manifest."""
    name = PurePath(path).name
    return "-rollback" not in name and not name.endswith((".sh", ".json", "-strongswan.conf", ".md"))


@collector_paused()
def read_targets(sources: Sequence[Source], site: Site, options: ReadOptions) -> tuple[ReadTarget, ...]:
    """Return the targets that `sources` configure; all swanctl files together are one, as charon loads them.

    Raises InputError for a file that is none of the known configurations.
    """
    found: list[ReadTarget] = []
    settings: dict[str, str] = {}
    for source in sources:
        if dialects.certain(source) is not None:
            found.append(_windows(source, site, options))
            continue
        text = decode(source, options).text
        if nft_json.looks_like_nft_json(text):
            found.append(read_ruleset(*nft_json.read_json(text, source.name)))
        elif nft_text.looks_like_nft(text):
            found.append(read_ruleset(*nft_text.read_text(text, source.name)))
        elif swanctl.looks_like_swanctl(text):
            settings[source.name] = text
        elif xfrm.looks_like_xfrm(text):
            found.append(xfrm.read(text, source.name))
        else:
            found.append(_windows(source, site, options))
    if settings:
        found.append(swanctl.read(settings))
    return tuple(found)


def _windows(source: Source, site: Site, options: ReadOptions) -> ReadTarget:
    try:
        dialect = dialects.detect(source)
    except InputError as unknown:
        message = f"not a configuration that can be compared; expected {_KNOWN}"
        raise InputError((Diagnostic("VE001", Severity.ERROR, message, Origin(source.name, 1, 1)),)) from unknown
    return read_windows(dialect.read(source, options), site)


def read_windows(reading: Reading, site: Site) -> ReadTarget:
    """Return the target that the policy of Windows in `reading` is; raises InputError for its mistakes."""
    errors = tuple(d for d in reading.diagnostics if d.severity is Severity.ERROR)
    if errors:
        raise InputError(errors)
    return read_policy(flatten(reading.store, select_policy(reading.store), site))
