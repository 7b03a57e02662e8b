"""The dialect `netsecurity-ps1`: plain PowerShell scripts of New-NetIPsecRule and its relatives.

Scripts with more than cmdlets, variables and plain values (loops, hash tables, splatting, text with variables) are
kept as not understood where they are so, with their places. Source: the reference of the NetSecurity cmdlets.
"""

from __future__ import annotations

from ipsecmig.diagnostics import Origin
from ipsecmig.dialects import decoding
from ipsecmig.dialects.base import Reading, ReadOptions, Source
from ipsecmig.dialects.consec.policy import convert
from ipsecmig.dialects.netsecurity.messages import UNVERIFIED
from ipsecmig.dialects.netsecurity.session import Session
from ipsecmig.dialects.netsecurity.syntax import statements


def read(source: Source, options: ReadOptions) -> Reading:
    """Return the policy that the script `source` leaves behind.

    Raises InputError for what is no text and UsageError for an unknown encoding.
    """
    decoded = decoding.decode(source, options)
    session = Session()
    session.run(statements(decoded.text, source.name))
    reading = convert(session.store((source.name,)), options.assumptions)
    said = UNVERIFIED.say(Origin(source.name))
    return Reading(reading.store, (*decoded.diagnostics, said, *reading.diagnostics))
