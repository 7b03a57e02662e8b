"""What is said about the commands themselves. Codes are stable and never reused.

ERROR is what netsh refuses or what cannot be understood; WARNING is what netsh accepts but hardly anybody means, or
what rests on an unverified default; INFO is worth knowing.
"""

from __future__ import annotations

from typing import Final

from ipsecmig.diagnostics import Severity
from ipsecmig.dialects.notes import Note

_ERROR, _WARNING, _INFO = Severity.ERROR, Severity.WARNING, Severity.INFO
_ASSUME: Final = "or add --assume errors to go on without it, as netsh does."

# ---- The form of a command -----------------------------------------------------------------------------------------
UNKNOWN_COMMAND: Final = Note("NS001", _ERROR, "netsh has no command that begins so", f"Correct it, {_ASSUME}")
AMBIGUOUS_WORD: Final = Note(
    "NS002", _ERROR, 'the abbreviation "{word}" can mean {candidates}', "Write out the word that is meant."
)
UNKNOWN_TAG: Final = Note(
    "NS003", _ERROR, '"{usage}" has no parameter "{tag}"', f"Correct its name or remove it, {_ASSUME}"
)
AMBIGUOUS_TAG: Final = Note(
    "NS004", _ERROR, 'the abbreviation "{word}=" can mean {candidates}', "Write out the parameter that is meant."
)
GIVEN_TWICE: Final = Note(
    "NS005", _ERROR, 'the parameter "{tag}" is given twice', "Keep one of them; a lost line break can be the cause."
)
MISSING: Final = Note("NS006", _ERROR, '"{usage}" needs {tag}', f"Add it, {_ASSUME}")
EMPTY: Final = Note("NS007", _ERROR, 'the parameter "{tag}" has no value', "Give the value, or remove the parameter.")
SURPLUS: Final = Note(
    "NS008",
    _ERROR,
    '"{usage}" has no parameter left for this word',
    'Put values that hold blanks in quotation marks ("..."); remove remarks behind the command.',
)
UNCLOSED: Final = Note(
    "NS009",
    _ERROR,
    "this quotation mark is never closed, so that the value takes the rest of the line",
    'Add the missing `"`.',
)
GLUED: Final = Note(
    "NS010", _ERROR, "two commands stand on one line without anything between them", "Put back the lost line break."
)
BARE: Final = Note(
    "NS011",
    _WARNING,
    'netsh takes this word as the value of "{tag}", which is hardly meant',
    'Put values that hold blanks in quotation marks ("..."), remove remarks behind the command, or write `{tag}=`.',
)
SINGLE_QUOTED: Final = Note(
    "NS012",
    _WARNING,
    "single quotation marks are part of the value for netsh, and do not hold words together",
    'Use double ones ("...").',
)
INNER_QUOTE: Final = Note(
    "NS013",
    _WARNING,
    "quotation marks inside the value; netsh drops them and keeps what stands on both sides as one value",
    "Check what the value should be, and put all of it between one pair of quotation marks.",
)
TAKEN_BY_WORD: Final = Note(
    "NS014",
    _ERROR,
    'netsh may take this word as the value of "{tag}", which is given as well',
    'Put values that hold blanks in quotation marks ("...").',
)
KEY_WITH_BLANKS: Final = Note(
    "NS015",
    _ERROR,
    "a word follows the preshared key; either the key holds blanks, or the word belongs to nothing",
    'Put the whole key in quotation marks ("...").',
)

# ---- Values --------------------------------------------------------------------------------------------------------
NOT_LISTED: Final = Note("NS020", _ERROR, '"{tag}" takes no such value', f"Choose one of the listed values, {_ASSUME}")
AMBIGUOUS_VALUE: Final = Note("NS021", _ERROR, "the abbreviated value can mean {candidates}", "Write it out.")
BAD_NUMBER: Final = Note("NS022", _ERROR, '"{tag}" takes a number', "Correct the number.")
BAD_ADDRESS: Final = Note("NS023", _ERROR, "this is no address", f"Correct it, {_ASSUME}")
PLACEHOLDER: Final = Note(
    "NS024", _ERROR, "this stands for an address that was never filled in", "Put the real address in its place."
)
SEVERAL_ADDRESSES: Final = Note(
    "NS025", _ERROR, "a filter takes one address on each side", "Write one `add filter` for each address."
)
OCTAL: Final = Note(
    "NS026",
    _ERROR,
    "an address with leading zeros is read as octal by some versions of Windows and as decimal by others",
    "Write the address without leading zeros.",
)
BAD_MASK: Final = Note("NS027", _ERROR, "this is no subnet mask", "Give a dotted mask or a prefix length.")
MASK_WITH_HOLES: Final = Note(
    "NS028",
    _ERROR,
    "the one bits of this mask do not all stand before its zero bits",
    "Correct the mask; a subnet mask is a row of ones followed by a row of zeros.",
)
MASK_NOT_APPLICABLE: Final = Note(
    "NS029", _ERROR, "a mask does not go with {what}", "Give the mask or the other form, not both."
)
BAD_PORT: Final = Note(
    "NS030",
    _ERROR,
    "this is no port",
    "Give one number; 0 or no port at all means every port; write one filter for each of several ports.",
)
PORT_WITHOUT_PROTOCOL: Final = Note(
    "NS031", _ERROR, "a port needs protocol TCP or UDP; this filter has {protocol}", "Add protocol=TCP or protocol=UDP."
)
BAD_PROTOCOL: Final = Note(
    "NS032", _ERROR, "this is no protocol", "Write one filter for each protocol, by name or by IANA number."
)
BAD_METHODS: Final = Note(
    "NS033",
    _ERROR,
    "these security methods are not written as netsh takes them",
    "Separate the methods by blanks and put all of them in quotation marks.",
)
MODERN_METHODS: Final = Note(
    "NS034",
    _ERROR,
    "the IPsec policies of netsh ipsec know only DES, 3DES, MD5, SHA1 and the groups 1, 2 and 3",
    "Examples with AES, SHA256 or DHGroup14 are for netsh advfirewall; choose legacy methods here.",
)
NO_PROTECTION: Final = Note(
    "NS035", _ERROR, "ESP with neither cipher nor hash protects nothing", "Choose a hash for ESP, or use action=permit."
)
BAD_AUTHORITY: Final = Note(
    "NS045", _ERROR, "this is not how a root certificate is named", "Put all of it between quotation marks."
)
SAME_TWICE: Final = Note(
    "NS036", _ERROR, "an offer joins AH and ESP, not the same one twice", "Write two offers, separated by a blank."
)
LIFETIME_LIMITS: Final = Note(
    "NS037",
    _WARNING,
    "lifetimes go from 300 to 172800 seconds and from 20480 to 2147483647 kilobytes",
    "netsh may refuse this value; choose one within the limits.",
)
MIXED_FAMILIES: Final = Note(
    "NS038", _ERROR, "one side is IPv4 and the other is IPv6", "Give both sides in the same version of IP."
)
SERVER_WITHOUT_ME: Final = Note(
    "NS039", _ERROR, "the other side of a server address must be `me`", "Write `me` as the other address."
)
HOST_BITS: Final = Note(
    "NS040",
    _WARNING,
    "the address has bits set outside its mask; it was read as {network}",
    "Write the address of the network, or correct the mask.",
)
SLASH_FORM: Final = Note(
    "NS041",
    _WARNING,
    "the documentation of netsh has no such notation; it was read as address and prefix length",
    "Write the prefix length as {tag}.",
)
HOST_NAME: Final = Note(
    "NS042",
    _WARNING,
    "Windows resolves this name once, when the command runs; its addresses are not known here",
    "Name its addresses in the site inventory, or write the address.",
)
MASK_IGNORED: Final = Note("NS043", _INFO, "the mask has no effect on `{word}`", "Leave it out.")
ZERO_ADDRESS: Final = Note(
    "NS044",
    _WARNING,
    "0.0.0.0 without a mask is how Windows stores `me`, but is often written for `any`; it was read as `me`",
    "Write `me` or `any`.",
)

# ---- Objects -------------------------------------------------------------------------------------------------------
DEFINED_TWICE: Final = Note(
    "NS050",
    _WARNING,
    'the {kind} "{name}" exists already; netsh reports an error and changes nothing',
    "Remove one of the two, or give them different names.",
)
FILTER_TWICE: Final = Note(
    "NS051",
    _WARNING,
    'the filter list "{name}" has this filter already; netsh changes nothing',
    "Remove one of the two.",
)
NOTHING_TO_DELETE: Final = Note("NS052", _INFO, "there is no {what} to delete at this point")
NEVER_DEFINED: Final = Note(
    "NS053",
    _ERROR,
    'the {kind} "{name}" is nowhere defined in this store',
    f"Correct the name. If the machine had it before the script ran, put its definition before this command, {_ASSUME}",
)
DEFINED_ELSEWHERE: Final = Note(
    "NS054",
    _ERROR,
    'the {kind} "{name}" does not exist when this command runs; line {line} defines it',
    f"Put the definition before this command, {_ASSUME}",
)
MAY_BE_DEFINED: Final = Note(
    "NS055",
    _WARNING,
    'the {kind} "{name}" may come from what was not carried out before; this command was set aside',
    "Settle what is reported above this line, for example with --assume conditions.",
)
IN_USE: Final = Note(
    "NS056",
    _ERROR,
    'the {kind} "{name}" is used by the rule "{rule}" and cannot be deleted',
    f"Delete the rule first, {_ASSUME}",
)
NEAR_MATCH: Final = Note(
    "NS057",
    _WARNING,
    "no filter matches in everything, but one matches in what is given; whether netsh deletes it is not verified",
    "Repeat all parameters of the `add filter` command.",
)
RULE_NUMBER: Final = Note(
    "NS058",
    _WARNING,
    "how Windows numbers rules is not verified; rules were counted in the order of their creation",
    "Give the rule's name, or add --assume rule-ids.",
)

# ---- Meaning -------------------------------------------------------------------------------------------------------
DEFAULT_OFFERS: Final = Note(
    "NS060",
    _WARNING,
    "negotiate without qmsecmethods: the defaults of netsh were taken, which are not verified ({offers})",
    "Add qmsecmethods=.",
)
DEFAULT_ACTION: Final = Note(
    "NS061",
    _WARNING,
    "no action is given; netsh's default, which is not verified, was taken: negotiate",
    "Add action=.",
)
NOT_NEGOTIATED: Final = Note(
    "NS062", _WARNING, '"{tag}" has no effect with action={action}', "Remove it, or correct the action."
)
FORCED_LIMIT: Final = Note(
    "NS063",
    _WARNING,
    "mmpfs=yes makes qmpermm 1; the {given} given here has no effect",
    "Remove qmpermm, or say mmpfs=no.",
)
NO_AUTHENTICATION: Final = Note(
    "NS064",
    _ERROR,
    'the rule "{rule}" negotiates, but has no authentication method left',
    "Give kerberos=yes, psk= or rootca=.",
)
DEFAULT_AUTHENTICATION: Final = Note(
    "NS065", _INFO, "no authentication method is given; netsh's default was taken: Kerberos", "Add kerberos=yes."
)
ASSIGN_IN_DOMAIN: Final = Note(
    "NS066",
    _WARNING,
    "assign has no effect in a domain store, whose policies are assigned by group policy",
    "Choose the policy with --policy.",
)
NO_TUNNEL: Final = Note(
    "NS067", _WARNING, "tunnel=no belongs to `set rule`; it was read as no tunnel", "Remove tunnel=no."
)
ASSIGNED_INSTEAD: Final = Note(
    "NS068",
    _INFO,
    'one policy is assigned at a time: "{other}" no longer is',
    "Remove the assignment that is not meant.",
)
HALF_BUILT: Final = Note(
    "NS069",
    _INFO,
    'the policy "{name}" is assigned already, so that it is in force half-built while the script runs',
    "Create it without assign=yes, and end the script with `set policy name=... assign=yes`.",
)

# ---- What is kept, but not carried out -----------------------------------------------------------------------------
IMPORT: Final = Note(
    "NS080",
    _WARNING,
    "what the imported file holds is not known here",
    "Convert the file itself, or the registry of a machine that imported it.",
)
EXAMPLES: Final = Note(
    "NS081", _WARNING, "Microsoft's example policies are not known here", "Extract them from a machine that has them."
)
DYNAMIC: Final = Note(
    "NS082",
    _WARNING,
    "changes how IPsec works until the service stops, in a way that no policy states; it is not carried out",
    "State it in the policy if it is to last.",
)
DYNAMIC_NO_EFFECT: Final = Note("NS083", _INFO, "the setting {name} changes no treatment of packets")
OTHER_CONTEXT: Final = Note(
    "NS084", _WARNING, "the netsh context `{context}` is not understood", "Check whether it bears on the same traffic."
)
CONDITIONAL: Final = Note(
    "NS090",
    _WARNING,
    "this runs only {condition}; it was not carried out",
    "Add --assume conditions to take all such commands to run, or give a script without the condition.",
)
OPAQUE: Final = Note("NS091", _WARNING, "not carried out: {reason}", "Give its outcome in place of the command.")

# ---- Dynamic rules -------------------------------------------------------------------------------------------------
DYNAMIC_RULES: Final = Note(
    "NS100",
    _INFO,
    "rules made in dynamic mode are in force only until the IPsec service stops; they were read as a policy of their"
    ' own, "{name}"',
    "Add --assume restart if the service has been restarted since.",
)
BESIDE_DYNAMIC: Final = Note(
    "NS101",
    _WARNING,
    'these dynamic rules are in force beside the policy "{policy}"; what packets meet under both together is not'
    " worked out",
    "Add --assume restart to leave the dynamic rules out, or put them into the policy.",
)
GONE_BY_RESTART: Final = Note("NS102", _INFO, "left out, as the IPsec service has been restarted since")
SERVICE_STOPS: Final = Note(
    "NS103",
    _WARNING,
    "the IPsec service stops here, and with it what was put into force in dynamic mode before",
    "Put the dynamic commands behind this one if they are meant to hold.",
)
SOFT_EXPIRY: Final = Note(
    "NS104",
    _WARNING,
    "how long a connection in the clear lasts after a failed negotiation is not kept; no target can say it",
    "Remove the parameter, or do without fallback to clear text.",
)
SPLIT_BY_DIRECTION: Final = Note(
    "NS105",
    _WARNING,
    "the actions for the two directions differ, and which direction is inbound is known only if one address is `me`",
    "Write `me` for this computer.",
)
OTHER_MAIN_MODE: Final = Note(
    "NS106",
    _WARNING,
    "this rule negotiates with another main mode than the dynamic rules before it; a policy here has one",
    "Give all dynamic rules the same main mode policy.",
)
RULE_TWICE: Final = Note(
    "NS107", _WARNING, "this dynamic rule exists already; netsh reports an error and changes nothing", "Remove one."
)
DELETE_ALL_DYNAMIC: Final = Note(
    "NS108",
    _WARNING,
    'deletes what is in force of the policy "{policy}" too, until Windows applies it again',
    "Delete the dynamic rules one by one, or add --assume restart.",
)
