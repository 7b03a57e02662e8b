"""What is said about stored policies. Codes are stable and never reused.

WARNING is what is damaged, contradictory or unverified; where it leaves something not understood, every answer about
the store is undecided. INFO is worth knowing.
"""

from __future__ import annotations

from typing import Final

from ipsecmig.diagnostics import Severity
from ipsecmig.dialects.notes import Note

_WARNING, _INFO = Severity.WARNING, Severity.INFO
_AGAIN: Final = "Export the store again; if it is the same, open the policy in Windows' own editor and save it anew."
_DECIDE: Final = "Look at the object in Windows' own editor; what is said here about the store is undecided until then."

# ---- Objects and references ----------------------------------------------------------------------------------------
NO_BLOB: Final = Note("SP001", _WARNING, "{name} has no ipsecData, which holds all that it says", _AGAIN)
MALFORMED: Final = Note("SP002", _WARNING, "ipsecData of {name} is malformed: {found} instead of {wanted}", _AGAIN)
TRAILING: Final = Note("SP003", _WARNING, "ipsecData of {name} goes on for {count:,} bytes that are unknown", _DECIDE)
TWICE: Final = Note("SP004", _WARNING, "{name} is there twice, and the two differ; the first is read", _DECIDE)
REPEATED: Final = Note("SP005", _INFO, "{name} is there twice, and both are the same")
BAD_REFERENCE: Final = Note("SP006", _WARNING, "{attribute} of {name} names no object of the class {kind}", _DECIDE)
DANGLING: Final = Note("SP007", _WARNING, "{attribute} of {name} names {target}, which is not there", _AGAIN)
NO_REFERENCE: Final = Note("SP008", _WARNING, "{name} has no {attribute}", _DECIDE)
SEVERAL: Final = Note("SP009", _WARNING, "{name} has {count} values of {attribute}, where one is understood", _DECIDE)
UNUSED: Final = Note("SP010", _INFO, "nothing refers to {name}{called}, so it does nothing")
OTHER_OWNER: Final = Note(
    "SP011", _WARNING, "ipsecOwnersReference of {name} does not name {user}, which uses it", "Windows reads forwards."
)
NOT_LISTED: Final = Note(
    "SP012", _WARNING, "ipsecOwnersReference of {name} names {owner}, which does not refer to it", _DECIDE
)
BAD_OWNER: Final = Note(
    "SP013", _WARNING, "ipsecOwnersReference of {name} names {owner}, an object that owns no such thing", _DECIDE
)
OTHER_ID: Final = Note("SP014", _WARNING, "ipsecID of {name} is {other}", "References go by the name.")
BAD_ASSIGNMENT: Final = Note("SP015", _WARNING, "the policy that is assigned is not there: {path}", _AGAIN)
SEVERAL_ASSIGNED: Final = Note("SP016", _WARNING, "more than one policy is assigned: also {name}", _DECIDE)
SEVERAL_GPOS: Final = Note("SP017", _INFO, 'the group policy object "{gpo}" assigns the policy as well')
VERSION: Final = Note("SP018", _INFO, "{name} states the version of the store and is no rule")
BROKEN_TEXT: Final = Note("SP019", _WARNING, "the {what} is not sound UTF-16 text that ends in a NUL", _AGAIN)

LOST_OWNER: Final = Note("SP056", _INFO, "ipsecOwnersReference of {name} names {owner}, which is not there")
BAD_TYPE: Final = Note(
    "SP057", _WARNING, "{attribute} of {name} is not of the type that it has in every policy", _AGAIN
)

# ---- Main mode -----------------------------------------------------------------------------------------------------
NO_MAIN_MODE: Final = Note("SP020", _WARNING, "there are no main mode methods", _DECIDE)
MAIN_MODE_ALGORITHM: Final = Note("SP021", _WARNING, "the {what} {number} of a main mode method is unknown", _DECIDE)
BAD_FLAG: Final = Note("SP022", _WARNING, "the flag for {what} is {number}, not 0 or 1", _DECIDE)
BAD_OPTIONS: Final = Note("SP023", _WARNING, "the options {number:#x} of main mode are unknown", _DECIDE)
TWO_LIFETIMES: Final = Note(
    "SP024", _WARNING, "the {what} is {number}, and {other} in a main mode method; the first is taken", _DECIDE
)

# ---- Filter actions ------------------------------------------------------------------------------------------------
ACTION: Final = Note("SP030", _WARNING, "the action {guid} of {name} is unknown", _DECIDE)
ACTION_TYPE: Final = Note("SP031", _WARNING, "the type {guid} of {name} is unknown", _DECIDE)
NO_OFFERS: Final = Note("SP032", _WARNING, "{name} negotiates security but has no security methods", _DECIDE)
OFFERS_UNUSED: Final = Note("SP033", _INFO, "{name} has security methods, which its action does not use")
QUICK_MODE_ALGORITHM: Final = Note("SP034", _WARNING, "the {what} {number} of a security method is unknown", _DECIDE)
BAD_OFFER: Final = Note("SP035", _WARNING, "a security method is neither AH nor ESP nor one of each", _DECIDE)
PFS_UNVERIFIED: Final = Note(
    "SP036",
    _WARNING,
    "session key PFS is taken to be on, as the flag is 1; Microsoft's documentation has it the other way round",
    'Compare with the box "Use session key perfect forward secrecy" in Windows\' own editor.',
)
PFS_DIFFERS: Final = Note(
    "SP037", _WARNING, "security methods differ in session key PFS; the first one counts", _DECIDE
)
DES_UNVERIFIED: Final = Note(
    "SP038",
    _WARNING,
    "the ESP algorithm 1 is taken for DES, as the policies that come with Windows 2000 have it; Microsoft's"
    " documentation has 1 for no encryption and 2 for DES",
    "Look at the security methods of the filter action in Windows' own editor: it names the algorithm, DES or none.",
)

# ---- Rules ---------------------------------------------------------------------------------------------------------
METHOD_TYPE: Final = Note("SP040", _WARNING, "the authentication method of type {number} is unknown", _DECIDE)
METHOD_DATA: Final = Note(
    "SP041", _WARNING, "the data of an authentication method are not what its type needs", _DECIDE
)
METHODS_DIFFER: Final = Note(
    "SP042", _WARNING, "what Windows Vista and later read as authentication differs from what earlier ones do", _DECIDE
)
METHOD_FLAGS: Final = Note("SP043", _WARNING, "the flags of the authentication methods are not understood", _DECIDE)
NO_METHODS: Final = Note("SP044", _WARNING, "the rule negotiates security but has no authentication methods", _DECIDE)
INTERFACE: Final = Note("SP045", _WARNING, "the interface type {number:#x} is unknown", _DECIDE)
INTERFACE_NAME: Final = Note("SP046", _WARNING, "the rule is for one interface alone", _DECIDE)
NO_ENDPOINT: Final = Note("SP047", _WARNING, "the rule is a tunnel without an endpoint", _DECIDE)
ENDPOINT_UNUSED: Final = Note("SP048", _WARNING, "the rule has a tunnel endpoint, but is no tunnel", _DECIDE)
NO_FILTER_LIST: Final = Note(
    "SP049", _WARNING, "the rule has no filter list, but its filter action is not that of default response", _DECIDE
)
DEFAULT_WITH_LIST: Final = Note(
    "SP050", _WARNING, "the rule has a filter list, but its filter action is that of default response", _DECIDE
)
TWO_DEFAULTS: Final = Note("SP051", _WARNING, "the policy has more than one default response rule", _DECIDE)
DEFAULT_TUNNEL: Final = Note(
    "SP052", _WARNING, "the default response rule has a tunnel or is limited to some interfaces", _DECIDE
)
DEFAULT_ACTION: Final = Note("SP053", _WARNING, "the default response rule does not negotiate security", _DECIDE)
LEFT_OUT: Final = Note("SP054", _WARNING, "the rule is left out, as what it refers to is not understood", _DECIDE)
AUTHORITY: Final = Note("SP055", _WARNING, "the name of a certification authority is not understood", _DECIDE)

# ---- Filters -------------------------------------------------------------------------------------------------------
MASK: Final = Note("SP060", _WARNING, "the mask {mask} of a filter has holes", _DECIDE)
HOST_BITS: Final = Note("SP061", _WARNING, "the address {address} of a filter is outside its mask; {network} is taken")
NAME_WITHOUT_ADDRESS: Final = Note(
    "SP062", _WARNING, 'the filter for "{dns_name}" has no address, which Windows finds when it makes a filter', _DECIDE
)
SPECIAL: Final = Note("SP063", _WARNING, "the kind of server {number:#x} in a filter is unknown", _DECIDE)
FILTER_TUNNEL: Final = Note("SP064", _WARNING, "a filter has a tunnel of its own", _DECIDE)
PROTOCOL: Final = Note("SP065", _WARNING, "the protocol {number} of a filter is unknown", _DECIDE)
PORTS: Final = Note("SP066", _WARNING, "a filter has ports, but its protocol {protocol} has none", _DECIDE)
ADDRESS_TYPE: Final = Note("SP067", _WARNING, "the {what} of an address in a filter is not understood", _DECIDE)
PORT_TYPE: Final = Note("SP068", _WARNING, "the ports of a filter are not understood", _DECIDE)
FILTER_FLAGS: Final = Note("SP069", _WARNING, "the flags {number:#x} of a filter are unknown", _DECIDE)
FILTER_COUNT: Final = Note("SP070", _WARNING, "the numbers of filters in {name} contradict each other", _DECIDE)
SECOND_VERSION: Final = Note(
    "SP071",
    _WARNING,
    "{name} holds filters in the form of Windows Vista, which was read by its documentation alone: no sample is known",
    "Compare the filters with those in Windows' own editor.",
)
