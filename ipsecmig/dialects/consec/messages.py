"""What is said about connection security rules, in whatever form they are written. Codes are stable, never reused.

WARNING goes with everything that makes the store not understood; INFO is worth knowing; ERROR is what cannot be used.
"""

from __future__ import annotations

from typing import Final

from ipsecmig.diagnostics import Severity
from ipsecmig.dialects.notes import Note

_ERROR, _WARNING, _INFO = Severity.ERROR, Severity.WARNING, Severity.INFO
_BY_HAND: Final = "Check by hand what it does to the traffic of this rule."

# ---- Objects -------------------------------------------------------------------------------------------------------
UNREAD: Final = Note("CS001", _WARNING, "{owner}: {token} means nothing here", _BY_HAND)
NO_ACTION: Final = Note(
    "CS002", _WARNING, "{owner} has no action that is known; its traffic counts as blocked", _BY_HAND
)
REFUSED: Final = Note("CS003", _WARNING, "not understood: {reason}", "Correct it, or check by hand what it does.")
SET_MISSING: Final = Note(
    "CS004",
    _WARNING,
    "{owner} names the {kind} {id}, which the source does not hold; its traffic counts as blocked",
    "Give the whole store: the keys of rules and those of the sets beside them.",
)
DEFAULT_SET: Final = Note(
    "CS005", _INFO, "{owner} uses the default {kind}, which the source does not define: that built into Windows counts"
)
MAIN_MODE_RULE: Final = Note(
    "CS006",
    _WARNING,
    "{owner} gives some peers a main mode of their own, which a policy of one main mode cannot say",
    "Check which peers it names.",
)
SETTING: Final = Note("CS007", _WARNING, "the setting {name} means nothing here", "Check by hand what it does.")
NO_EFFECT: Final = Note("CS008", _INFO, "{owner}: {token} changes no treatment of packets")
UNREAD_SUITE: Final = Note("CS009", _WARNING, "{owner}: the suite {token} means nothing here", _BY_HAND)

# ---- Where and when a rule applies ---------------------------------------------------------------------------------
PROFILES: Final = Note(
    "CS010",
    _WARNING,
    "{owner} applies only while the network is {condition}; it counts where it protects, and not where it permits",
    "Add --assume profile-domain, profile-private or profile-public to say what this host's networks are.",
)
OTHER_PROFILE: Final = Note("CS011", _INFO, "{owner} is for other networks, {condition}, and is left out")
PLATFORM: Final = Note(
    "CS012",
    _WARNING,
    "{owner} is only for some versions of Windows ({condition}); it counts where it protects, and not where it permits",
    "Add --assume platforms if the host runs one of these.",
)
INTERFACE: Final = Note(
    "CS013", _WARNING, "{owner} applies only to {condition}, which is not told apart here", _BY_HAND
)
KEYWORD: Final = Note(
    "CS014",
    _WARNING,
    "{owner}: {keyword} stands for addresses that the host has at the time",
    "Write the addresses in its place.",
)
PORTS: Final = Note(
    "CS015", _WARNING, "{owner} names ports, but protocol {protocol} has none", "Add the protocol TCP or UDP."
)
FAMILIES: Final = Note(
    "CS016",
    _WARNING,
    "{owner} has addresses of IPv4 on one side and of IPv6 on the other only, and so no traffic at all",
    "Correct the addresses.",
)

# ---- What a rule asks for ------------------------------------------------------------------------------------------
TUNNEL: Final = Note(
    "CS020", _WARNING, "{owner} is a tunnel of which {reason}; its traffic counts as blocked", _BY_HAND
)
CLEAR_OUT: Final = Note(
    "CS021",
    _WARNING,
    "{owner} requires protection inbound and sends clear; only the inbound half is taken over",
    _BY_HAND,
)
TUNNEL_BYPASS: Final = Note(
    "CS022", _WARNING, "{owner} keeps traffic that another rule protects out of its tunnel", _BY_HAND
)
KEYING: Final = Note("CS023", _WARNING, "{owner} negotiates by {module}, and not by IKEv1", "Set up the peers for it.")
KEY_MANAGER: Final = Note("CS024", _WARNING, "{owner} takes its keys from another program", _BY_HAND)
AUTHORIZATION: Final = Note(
    "CS025",
    _WARNING,
    "{owner} lets in only peers that an access list names, which the policy model cannot say",
    "Restrict the peers by their certificates or addresses.",
)
METHOD: Final = Note(
    "CS026",
    _WARNING,
    "{owner} authenticates by {method}, which only AuthIP does",
    "Agree with the peers on a preshared key or on certificates.",
)
CERTIFICATE: Final = Note(
    "CS027", _WARNING, "{owner} asks more of certificates than their root: {reason}", "State it to the new IKE daemon."
)
SECOND: Final = Note(
    "CS028",
    _WARNING,
    "{owner} asks for a second authentication, which only AuthIP has",
    "Add --assume computers-only if authenticating the computers is enough.",
)
NOTHING_LEFT: Final = Note(
    "CS029",
    _WARNING,
    "{owner}: nothing is left of its {kind} that the policy model can say; its traffic counts as blocked",
    "Agree with the peers on something else.",
)
ALGORITHM: Final = Note(
    "CS030",
    _WARNING,
    "{owner} offers {algorithm}, which IKEv1 policies do not have here; the offer is left out",
    "Add the offer to what is written, if the other side is to use it.",
)
SUITE_SKIPPED: Final = Note(
    "CS031",
    _WARNING,
    "{owner}: versions of Windows up to schema {version} skip one of its suites; it is taken to be used",
    "Add --assume platforms if the host is newer.",
)
PRECEDENCE: Final = Note(
    "CS032",
    _WARNING,
    "{one} lies inside {other} and treats its traffic otherwise; which one Windows follows is not documented",
    "Add --assume specific-first to take the narrower one, or keep them apart.",
)
MANY_RULES: Final = Note(
    "CS033",
    _WARNING,
    "the rules have {count} filters, too many to look for rules inside others",
    "Add --assume specific-first to take the narrower one wherever rules overlap.",
)
BOTH_STORES: Final = Note(
    "CS034",
    _WARNING,
    "the host's own rules and those of group policy are in force together; each was read by itself",
    "Give the keys of one of them, if the other has no effect.",
)
DEFAULT_EXEMPTIONS: Final = Note(
    "CS035",
    _INFO,
    "the source does not state which traffic is exempt from IPsec: neighbour discovery and DHCP were taken, which is"
    " not verified",
    "State it with `netsh advfirewall set global ipsec defaultexemptions`.",
)
TUNNEL_EXEMPTION: Final = Note(
    "CS036", _WARNING, "{owner} exempts traffic from a tunnel, which is not understood; it is left out", _BY_HAND
)
UNCHECKED_LISTING: Final = Note(
    "CS037",
    _WARNING,
    "{what} in a listing was read as the help describes it; this could not be checked against a real listing",
    "Where you can, give what `reg export` writes of the key FirewallPolicy.",
)
TOO_MANY_FILTERS: Final = Note(
    "CS038",
    _WARNING,
    "{owner} pairs more addresses and ports than can be kept ({limit} pairs for all rules together); it counts for all"
    " addresses where it protects, and not where it permits",
    "Write its addresses as ranges, or split what is converted.",
)
COMPLETED: Final = Note(
    "CS039",
    _INFO,
    "what group policy does not state of exemptions and default sets is taken from the host's own settings beside it",
)
SECOND_LEFT_OUT: Final = Note(
    "CS040", _INFO, "{owner} asks for a second authentication, which is left out as --assume computers-only says"
)
