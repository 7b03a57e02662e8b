"""Writes group policy reports as Get-GPOReport and `gpresult /x` do, by their documented and confirmed structure."""

from __future__ import annotations

from collections.abc import Iterable
from xml.sax.saxutils import escape

SETTINGS = "http://www.microsoft.com/GroupPolicy/Settings"
TYPES = "http://www.microsoft.com/GroupPolicy/Types"
RSOP = "http://www.microsoft.com/GroupPolicy/Rsop"
XSI = 'xmlns:xsd="http://www.w3.org/2001/XMLSchema" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"'

AUTH1 = "{212D0BD6-8CEC-4D4C-B4DB-5B4D4B2C4E91}"
AUTH2 = "{967F0C3F-F0BC-4D4C-A3B4-5B4D4B2C4E92}"
MAIN = "{E9A1C5B3-0000-4D4C-A3B4-5B4D4B2C4E93}"
QUICK = "{E9A1C5B3-0000-4D4C-A3B4-5B4D4B2C4E94}"

Pairs = Iterable[tuple[str, str]]


def element(name: str, pairs: Pairs, inner: str = "", prefix: str = "q1") -> str:
    """Return an element of the extension with one child for each pair."""
    children = "".join(f"\n   <{prefix}:{key}>{escape(value)}</{prefix}:{key}>" for key, value in pairs)
    return f"\n  <{prefix}:{name}>{children}{inner}\n  </{prefix}:{name}>"


def rule(name: str = "web", base: str = "", **tokens: str | tuple[str, ...]) -> str:
    """Return a connection security rule; keywords are tokens, a tuple repeats one."""
    given: dict[str, str | tuple[str, ...]] = {
        "Version": "2.10", "Action": "Secure", "Name": name, "Active": "true", "EP2_4": "10.0.0.0/8",
        "Auth1Set": AUTH1, "Crypto2Set": QUICK, **tokens,
    }  # fmt: skip
    pairs = [(key, one) for key, value in given.items() for one in ((value,) if isinstance(value, str) else value)]
    return element("ConnectionSecurityRules", [pair for pair in pairs if pair[1]], base)


def winner(gpo: str, precedence: int) -> str:
    """Return what `gpresult` puts into a setting: whose it is, and its rank."""
    identifier = f'<Identifier xmlns="{TYPES}">{gpo}</Identifier><Domain xmlns="{TYPES}">example.test</Domain>'
    return f'<GPO xmlns="{SETTINGS}">{identifier}</GPO><Precedence xmlns="{SETTINGS}">{precedence}</Precedence>'


def authentication(*suites: Pairs, phase: int = 1, guid: str = AUTH1, name: str = "") -> str:
    kind = name or f"Phase{phase}AuthenticationSets"
    inner = "".join(element("AuthenticationSuites", suite) for suite in suites)
    return element(kind, [("LocalName", "a set"), ("Version", "2.10"), ("GUID", guid)], inner)


def quick_mode(*suites: Pairs, guid: str = QUICK, pfs: str = "Disable") -> str:
    inner = "".join(element("QuickModeSuites", suite) for suite in suites)
    return element("Phase2CryptoSets", [("Version", "2.10"), ("GUID", guid), ("PFS", pfs)], inner)


def main_mode(*suites: Pairs, guid: str = MAIN) -> str:
    inner = "".join(element("MainModeSuites", suite) for suite in suites)
    return element("DefaultPhase1CryptoSet", [("GUID", guid), ("TimeOutMinutes", "60")], inner)


KERBEROS = (("Method", "MachineKerb"),)
KEY = (("Method", "MachineSHKey"), ("SHKey", "hunter2"))
CERTIFICATE = (("Method", "MachineCert"), ("CAName", "DC = test, CN = ca"), ("CertAccountMapping", "false"))
ESP = (
    ("Protocol", "ESP"), ("Encryption", "AES-128"), ("EspHash", "SHA1"), ("TimeOutMinutes", "60"),
    ("TimeOutKbytes", "100000"),
)  # fmt: skip
IKE = (("KeyExchange", "DH2048"), ("Encryption", "AES-256"), ("Hash", "SHA1"))


def extension(body: str, kind: str = "WindowsFirewall", prefix: str = "q1") -> str:
    return f"""<ExtensionData>
 <Extension xmlns:{prefix}="{SETTINGS}/{kind}" xsi:type="{prefix}:{kind}Settings">{body}
 </Extension>
 <Name>{kind}</Name>
</ExtensionData>
"""


OTHER = f"""<ExtensionData>
 <Extension xmlns:q9="{SETTINGS}/Registry" xsi:type="q9:RegistrySettings"><q9:Policy><q9:Name>x</q9:Name></q9:Policy>
 </Extension><Name>Registry</Name>
</ExtensionData>
"""
PROFILE = element("DomainProfile", [], "<q1:EnableFirewall><q1:Value>true</q1:Value></q1:EnableFirewall>"
    "<q1:AllowLocalIPsecPolicyMerge><q1:Value>false</q1:Value></q1:AllowLocalIPsecPolicyMerge>")  # fmt: skip
GLOBAL = element("GlobalSettings", [], "<q1:PolicyVersion><q1:Value>522</q1:Value></q1:PolicyVersion>")


def report(*extensions: str, name: str = "Isolation", enabled: str = "true", inside: bool = False) -> str:
    """Return a report on one group policy object, or its element for a report on several."""
    head = "" if inside else '<?xml version="1.0" encoding="utf-16"?>\n'
    return f"""{head}<GPO {XSI} xmlns="{SETTINGS}">
<Identifier><Identifier xmlns="{TYPES}">{{31B2F340-016D-11D2-945F-00C04FB984F9}}</Identifier>
<Domain xmlns="{TYPES}">example.test</Domain></Identifier>
<Name>{name}</Name>
<IncludeComments>true</IncludeComments>
<Computer>
<VersionDirectory>3</VersionDirectory><VersionSysvol>3</VersionSysvol><Enabled>{enabled}</Enabled>
{"".join(extensions)}</Computer>
<User><VersionDirectory>0</VersionDirectory><Enabled>true</Enabled></User>
<LinksTo><SOMName>example</SOMName></LinksTo>
</GPO>"""


def several(*reports: str) -> str:
    return f'<?xml version="1.0" encoding="utf-8"?>\n<report>\n{"".join(reports)}\n</report>'


def result(*extensions: str) -> str:
    """Return the output of `gpresult /x`."""
    return f"""<?xml version="1.0" encoding="utf-16"?>
<Rsop {XSI} xmlns="{RSOP}">
<ReadTime>2026-11-23T18:00:00Z</ReadTime><DataType>LoggedData</DataType>
<ComputerResults><Version>2228229</Version><Name>EXAMPLE\\PC$</Name><Domain>example.test</Domain>
<GPO><Name>Isolation</Name><Path><Identifier xmlns="{TYPES}">{{1}}</Identifier></Path><Enabled>true</Enabled></GPO>
{"".join(extensions)}</ComputerResults>
<UserResults><Version>1</Version></UserResults>
</Rsop>"""


def whole_body() -> str:
    """Return the body of an extension with one of everything."""
    return (
        GLOBAL + PROFILE + rule() + rule("old", Active="false") + authentication(KERBEROS, CERTIFICATE)
        + authentication((("Method", "UserKerb"),), phase=2, guid=AUTH2) + quick_mode(ESP) + main_mode(IKE)
        + element("InboundFirewallRules", [("Action", "Allow"), ("Name", "RDP"), ("Active", "true")])
    )  # fmt: skip
