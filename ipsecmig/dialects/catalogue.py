"""Everything that the readers can say, for those who document it."""

from __future__ import annotations

from types import ModuleType
from typing import Final

from ipsecmig.dialects import decoding, registry
from ipsecmig.dialects.clixml import messages as clixml_messages
from ipsecmig.dialects.consec import messages as consec_messages
from ipsecmig.dialects.containers import messages as container_messages
from ipsecmig.dialects.gpo_report import messages as gpo_messages
from ipsecmig.dialects.ipseccmd import messages as ipseccmd_messages
from ipsecmig.dialects.ldif import messages as ldif_messages
from ipsecmig.dialects.netdiag import messages as netdiag_messages
from ipsecmig.dialects.netsecurity import messages as netsecurity_messages
from ipsecmig.dialects.netsh_show import messages as show_messages
from ipsecmig.dialects.netsh_static import messages
from ipsecmig.dialects.notes import Note
from ipsecmig.dialects.registry_tree import messages as registry_messages
from ipsecmig.dialects.stored import messages as stored_messages
from ipsecmig.dialects.wfp import messages as wfp_messages
from ipsecmig.dialects.xml_input import messages as xml_messages

_MODULES: Final[tuple[ModuleType, ...]] = (
    registry,
    decoding,
    container_messages,
    messages,
    ldif_messages,
    stored_messages,
    wfp_messages,
    gpo_messages,
    clixml_messages,
    xml_messages,
    consec_messages,
    registry_messages,
    ipseccmd_messages,
    show_messages,
    netdiag_messages,
    netsecurity_messages,
)


def notes() -> tuple[Note, ...]:
    """Return every note of the readers, by code."""
    found = {value.code: value for module in _MODULES for value in vars(module).values() if isinstance(value, Note)}
    return tuple(found[code] for code in sorted(found))
