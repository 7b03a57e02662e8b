"""What of a format could not be checked against a real file warns where it is used."""

from __future__ import annotations

from collections.abc import Iterator

import clixml_files
import gpo_files
import pytest
import wfp_files
from format_examples import CONSEC_LISTING, NETDIAG, leak
from ground_truth import reading_of
from registry_forms import TEXT_FORMS, hive
from show_output import PSEUDO, render, render_lists

from ipsecmig.diagnostics import Severity
from ipsecmig.dialects.base import ReadOptions, Source
from ipsecmig.dialects.registry import DIALECTS, dialect, read
from ipsecmig.dialects.stored.unverified import UNVERIFIED
from ipsecmig.emit.registry import TARGETS
from ipsecmig.model.flatten import flatten, select_policy
from ipsecmig.model.policy import PolicyStore
from ipsecmig.model.targets import EmissionRequest
from ipsecmig.testing.policies import registry_keys

VISTA, PFS = UNVERIFIED
SOFTWARE = r"HKEY_LOCAL_MACHINE\SOFTWARE"
TABLE = """\
FilterList Name   No. of Filters
---------------   --------------
L                 1

Mirrored Source IP Address Source Mask Destination IP Address Destination Mask Protocol Source Port Destination Port
-------- ----------------- ----------- ---------------------- ---------------- -------- ----------- ----------------
NO       <Any IP Address>  0.0.0.0     <My IP Address>        255.255.255.255  TCP      ANY         135
"""
ACTION = "netsh ipsec static add filteraction name=A"


def small(filter_: str = "dstaddr=10.0.0.5", offers: str = "qmsecmethods=ESP[3DES,SHA1]") -> PolicyStore:
    """Return a policy of one filter."""
    text = (
        f"pushd ipsec static\nadd policy name=P\nadd filter filterlist=F srcaddr=me {filter_}\n"
        f"add filteraction name=A action=negotiate {offers}\n"
        "add rule name=R policy=P filterlist=F filteraction=A kerberos=yes\nset policy name=P assign=yes\n"
    )
    return read(Source("x", text.encode()), ReadOptions()).store


def ldif(store: PolicyStore) -> bytes:
    policy = select_policy(store)
    (target,) = (one for one in TARGETS if one.name == "ldif")
    return target.emit(EmissionRequest(store, policy, flatten(store, policy))).files[0].content


SAMPLE = reading_of(leak()).store
NEW = small("dstaddr=2001:db8::1")
OLD = small(offers="qmpfs=yes qmsecmethods=ESP[3DES,SHA1]")
ASSIGNED = b"""
dn: CN=ipsec,CN=Windows,CN=Microsoft,CN=Machine,CN={31B2F340-016D-11D2-945F-00C04FB984F9},CN=Policies,CN=System,DC=c
objectClass: ipsecPolicy
ipsecOwnersReference: CN=ipsecPolicy{72385230-70FA-11D1-864C-14A300000000},CN=IP Security,CN=System,DC=c

"""
LISTING = CONSEC_LISTING.encode()
GERMAN = render_lists(SAMPLE, "de").encode()
SECOND = LISTING.replace(b"Name:    ", b"Name: Q  ")
TUNNEL = b"Mode: Tunnel\nLocalTunnelEndpoint: 192.0.2.1\nRemoteTunnelEndpoint: 192.0.2.9\n"
GPO = gpo_files.extension(gpo_files.whole_body())
CIM = clixml_files.export(*clixml_files.everything()).encode()
STATE, FILTERS = (wfp_files.state(wfp_files.main_mode()), wfp_files.diagnostic(wfp_files.filter_("IPSEC_V4", key="k")))
AUTHORITIES = b"Auth1CAName: CN=A\nAuth1CertMapping: No\nAuth1CAName: CN=B\nAuth1CertMapping: No\n"

CASES: dict[tuple[str, str], tuple[str, bytes]] = {
    ("netsh-static", "the defaults of qmsecmethods"): (
        "NS060",
        f"{ACTION} action=negotiate".encode(),
    ),
    ("netsh-static", "the default of action"): ("NS061", ACTION.encode()),
    ("netsh-static", "rules named by number"): (
        "NS058",
        b"pushd ipsec static\nadd policy name=P\nadd filter filterlist=F srcaddr=me dstaddr=any\n"
        b"add filteraction name=A action=block\nadd rule name=R policy=P filterlist=F filteraction=A\n"
        b"delete rule id=1 policy=P\n",
    ),
    ("netsh-show", "policies, rules and filter actions"): ("SW010", render(SAMPLE).encode()),
    ("netsh-show", "tables"): ("SW013", TABLE.encode()),
    ("netsh-show", "server addresses"): ("SW014", render(small("dstaddr=dns")).encode()),
    ("netsh-show", "labels of languages other than English and Chinese"): (
        "SW011",
        render_lists(SAMPLE, "de").encode(),
    ),
    ("netsh-show", "labels known by their place alone"): ("SW012", render_lists(SAMPLE, PSEUDO).encode()),
    ("hive", "hives of a real machine"): ("RG011", hive(registry_keys(SAMPLE), SOFTWARE)),
    ("hive", "exports of netsh (.ipsec, .wfw): whether they are hives"): (
        "RG011",
        hive(registry_keys(SAMPLE), SOFTWARE),
    ),
    ("reg", "strings in hexadecimal in REGEDIT4 files"): ("RG011", TEXT_FORMS["reg4"](registry_keys(SAMPLE))),
    ("reg-query", "the layout of lines, of all versions of Windows"): (
        "RG011",
        TEXT_FORMS["query"](registry_keys(SAMPLE)),
    ),
    ("ldif", "the assignment by group policy objects"): ("LD012", ldif(SAMPLE) + ASSIGNED),
    ("ldif", "what ldifde itself writes"): ("LD012", ldif(SAMPLE)),
    ("netdiag", "flags other than Inbound Block"): ("ND001", NETDIAG.replace("Inbound", "Outbound").encode()),
    ("netsh-consec", "mainmode add rule"): (
        "CS0",
        b"netsh advfirewall mainmode add rule name=M  endpoint1=any endpoint2=any auth1=computerkerb",
    ),
    ("netsecurity-ps1", "that the cmdlets take what is read here"): (
        "NC001",
        b"New-NetIPsecRule -Name 'r' -DisplayName 'R' -InboundSecurity Require -OutboundSecurity Require",
    ),
    ("netsh-consec-show", "the fields of tunnels"): ("CS037", LISTING.replace(b"Mode: ", TUNNEL + b"Old: ")),
    ("netsh-consec-show", "several certification authorities"): (
        "CS037",
        LISTING.replace(b"ComputerKerb", b"ComputerCert").replace(b"MainModeSec", AUTHORITIES + b"MainModeSec"),
    ),
    ("netsh-consec-show", "the layout of several rules"): (
        "CS037",
        LISTING + SECOND,
    ),
    ("gpo-report", "connection security rules in reports, and what the elements of crypto sets are called"): (
        "GP001",
        gpo_files.report(GPO).encode(),
    ),
    ("gpo-report", "ranks of settings in `gpresult /x`"): ("GP001", gpo_files.result(GPO).encode()),
    ("gpo-report", "the extension of IP security policies"): (
        "GP002",
        gpo_files.report(gpo_files.extension("<q1:Name>P</q1:Name>", "IPSec")).encode(),
    ),
    ("gpo-report", "how a report shows a preshared key"): ("GP001", gpo_files.report(GPO).encode()),
    ("clixml", "the classes and properties of authentication and crypto proposals"): ("CX001", CIM),
    ("clixml", "numbers in place of names, but in Enabled, Profiles and InboundSecurity and OutboundSecurity"): (
        "CX001",
        CIM,
    ),
}


def _stored() -> Iterator[tuple[tuple[str, str], tuple[str, bytes]]]:
    for part, code, store in ((VISTA, "SP071", NEW), (PFS, "SP036", OLD)):
        keys = registry_keys(store)
        for name, form in (("reg", "reg5"), ("reg-query", "query"), ("reg-add", "add")):
            yield (name, part), (code, TEXT_FORMS[form](keys))
        yield ("hive", part), (code, hive(keys, SOFTWARE))
        yield ("ldif", part), (code, ldif(store))


def _lines(name: str, *cases: tuple[str, str, str]) -> Iterator[tuple[tuple[str, str], tuple[str, bytes]]]:
    for part, code, line in cases:
        yield (name, part), (code, f"{line}\n".encode())


def _compiled() -> Iterator[tuple[tuple[str, str], tuple[str, bytes]]]:
    for name, text in (("wfp-state", STATE), ("wfp-filters", FILTERS)):
        for part in dialect(name).unverified:
            yield (name, part), ("WP001", text.encode())


LINE = "ipseccmd -w REG -p P -r R"
COMMANDS = (
    (
        "offers, INPASS and PFS of -n, -1s, -1k, -1p",
        "IC040",
        f"{LINE} -f 0+*:80:TCP -n ESP[3DES,SHA]",
    ),
    ("filters in parentheses", "IC040", "ipseccmd -w REG -p P -r R -f (0+*:80:TCP) -n BLOCK"),
    ("`*` in addresses", "IC040", "ipseccmd -w REG -p P -r R -f 0+10.0.*.*:80:TCP -n BLOCK"),
    ("host names", "IC040", "ipseccmd -w REG -p P -r R -f 0+www.example.com:80:TCP -n BLOCK"),
    ("DEFAULT", "IC040", "ipseccmd -w REG -p P -r R -f DEFAULT -n BLOCK"),
    ("the default of -n", "IC041", "ipseccmd -w REG -p P -r R -f 0+*:80:TCP"),
    ("what a second line about one rule does", "IC044", f"{LINE} -f 0+* -n PASS\n{LINE} -f 0+* -n BLOCK"),
)
ALL = CASES | dict(_stored()) | dict(_lines("ipseccmd", *COMMANDS)) | dict(_compiled())


@pytest.mark.parametrize(("name", "part"), ALL)
def test_what_could_not_be_checked_warns_in_use(name: str, part: str) -> None:
    code, data = ALL[name, part]
    file = "export.ipsec" if ".ipsec" in part else "file"
    said = read(Source(file, data), ReadOptions(), name).diagnostics
    assert [d.code for d in said if d.severity is Severity.WARNING and d.code.startswith(code)], said


def test_every_part_is_listed_and_tried() -> None:
    assert {(one.name, part) for one in DIALECTS for part in one.unverified} == set(ALL)
