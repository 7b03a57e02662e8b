"""An example of every input format or several, by the name of its dialect: what is told apart, and what must warn."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from pathlib import PurePath
from typing import Final

import clixml_files
import gpo_files
import wfp_files
from ground_truth import Sample, emission_request, every_sample, reading_of
from registry_forms import TEXT_FORMS, hive, pol
from show_output import render

from ipsecmig.emit.registry import TARGETS
from ipsecmig.model.policy import PolicyStore
from ipsecmig.model.serial import dumps
from ipsecmig.testing.policies import registry_keys

NETDIAG: Final = """\
IP Security test . . . . . . . . . : Passed
    Local IPSec Policy Active: 'Block UDP 1434 Filter'
    There are 1 filters
    No Name
    Filter Id: {5EC1FD53-0000-4000-8000-000000000001}
    Policy Id: {5EC1FD53-0000-4000-8000-000000000002}
    Src Addr : 0.0.0.0 Src Mask : 0.0.0.0
    Dest Addr : 192.168.1.1 Dest Mask : 255.255.255.255
    Tunnel Addr : 0.0.0.0 Src Port : 0 Dest Port : 1434
    Protocol : 17 TunnelFilter: No
    Flags : Inbound Block
"""
CONSEC_SCRIPT: Final = (
    "netsh advfirewall consec add rule name=R endpoint1=any endpoint2=10.0.0.0/8 action=requireinrequireout\n"
)
CONSEC_LISTING: Final = f"""
Rule Name:                            R
{"-" * 70}
Enabled:                              Yes
Profiles:                             Domain,Private,Public
Type:                                 Static
Mode:                                 Transport
Endpoint1:                            Any
Endpoint2:                            10.0.0.0/255.0.0.0
Protocol:                             Any
Action:                               RequireInRequireOut
Auth1:                                ComputerKerb
MainModeSecMethods:                   DHGroup2-AES128-SHA1
QuickModeSecMethods:                  ESP:SHA1-AES128+60min+100000kb
Ok.
"""
STRINGS: Final = "v2.10|Action=Secure|Active=TRUE|Name=R|EP2_4=10.0.0.0/8|\n"
LOGIN: Final = '@echo off\nipseccmd -w REG -p "P" -r "R" -f *+0:445:TCP -n BLOCK -x\nnetsh interface show interface\n'


@cache
def leak() -> Sample:
    """Return a sample that every form can say."""
    return next(one for one in every_sample() if one.name == "traps/leak.cmd")


def written(target: str, sample: Sample) -> bytes:
    """Return the configuration that `target` writes for `sample`."""
    files = next(one for one in TARGETS if one.name == target).emit(emission_request(sample)).files
    return next(f.content for f in files if "rollback" not in PurePath(f.path).name)


def _registry(store: PolicyStore) -> Iterator[tuple[str, bytes]]:
    keys = registry_keys(store)
    for form, write in TEXT_FORMS.items():
        yield {"reg": "reg", "que": "reg-query", "add": "reg-add"}[form[:3]], write(keys)
    yield "hive", hive(keys, "HKEY_LOCAL_MACHINE\\SOFTWARE")
    yield "registry-pol", pol(keys)


def examples() -> Iterator[tuple[str, bytes]]:
    """Yield the name of each format and a whole input in it."""
    store = reading_of(leak()).store
    for sample in every_sample():
        script = sample.path.read_bytes()
        yield "ipseccmd" if sample.path.stem == "login-script" else "netsh-static", script
    yield "netsh-static", b"pushd ipsec static\nadd filter filterlist=F srcaddr=me dstaddr=any\n"
    yield "netsh-show", render(store).encode()
    yield "netsh-show", render(store, "de").encode("cp850", "replace")
    yield "netsh-show", render(store, "ja").encode("cp932", "replace")
    yield "netdiag", NETDIAG.encode()
    yield "ipseccmd", LOGIN.encode()
    yield "ir", dumps(store).encode()
    yield from _registry(store)
    yield "ldif", written("ldif", leak())
    yield "wfp-state", wfp_files.state(wfp_files.main_mode()).encode()
    yield "wfp-filters", wfp_files.diagnostic(wfp_files.filter_("IPSEC_V4")).encode()
    yield "gpo-report", gpo_files.report(gpo_files.extension(gpo_files.whole_body())).encode()
    yield "gpo-report", gpo_files.result(gpo_files.extension(gpo_files.whole_body())).encode("utf-16")
    yield "clixml", clixml_files.export(*clixml_files.everything()).encode("utf-16")
    yield "consec-strings", STRINGS.encode()
    yield "netsh-consec", CONSEC_SCRIPT.encode()
    yield "netsh-consec-show", CONSEC_LISTING.encode()
    yield "netsecurity-ps1", written("powershell", leak())
