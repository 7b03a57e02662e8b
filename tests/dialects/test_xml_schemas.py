"""The RELAX NG schemas: what the readers accept is valid, and what they name is not."""

from __future__ import annotations

import clixml_files
import gpo_files
import pytest
import wfp_files
from lxml import etree

from ipsecmig.resources import schema

WFP_CONTEXTS = wfp_files.main_mode() + wfp_files.quick_mode() + wfp_files.tunnel()
WFP_FILTERS = (
    wfp_files.filter_("IPSEC_V4", wfp_files.v4("IP_REMOTE_ADDRESS", "10.0.0.0", "255.0.0.0"), wfp_files.QUICK)
    + wfp_files.filter_("IPSEC_V4", wfp_files.bounds("IP_REMOTE_PORT", "1", "9", "uint16"), wfp_files.TUNNEL)
    + wfp_files.filter_("INBOUND_TRANSPORT_V4", action=wfp_files.CALLOUT)
)
REPORT = gpo_files.report(gpo_files.OTHER, gpo_files.extension(gpo_files.whole_body()))
RANKED = gpo_files.rule("first", gpo_files.winner("{1}", 1))
CLIXML = clixml_files.export(*clixml_files.everything(), tuple(clixml_files.everything()))
STATE = wfp_files.state(WFP_CONTEXTS, WFP_FILTERS)

VALID = [
    ("gpo-report", REPORT),
    ("gpo-report", gpo_files.report(gpo_files.extension("<q1:Policy/>", "IPSec"), gpo_files.OTHER)),
    ("gpo-report", gpo_files.several(gpo_files.report(gpo_files.extension(gpo_files.whole_body()), inside=True))),
    ("gpo-report", gpo_files.result(gpo_files.extension(RANKED + gpo_files.whole_body()), gpo_files.OTHER)),
    ("wfp-state", STATE),
    ("wfp-filters", wfp_files.diagnostic(WFP_FILTERS)),
    ("clixml", CLIXML),
]


def errors(name: str, text: str) -> list[str]:
    grammar = etree.RelaxNG(etree.parse(str(schema(f"{name}.rng"))))
    body = text.split("?>", 1)[-1]
    return [] if grammar.validate(etree.fromstring(body)) else ["not valid", *(str(one) for one in grammar.error_log)]


@pytest.mark.parametrize(("name", "text"), VALID)
def test_what_the_readers_accept_is_valid(name: str, text: str) -> None:
    assert errors(name, text) == []


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("gpo-report", REPORT.replace("q1:EP2_4", "q1:EP9_4")),
        ("gpo-report", REPORT.replace("q1:ConnectionSecurityRules", "q1:NewRules")),
        ("gpo-report", REPORT.replace("q1:CAName", "q1:CA")),
        ("gpo-report", gpo_files.report().replace("<GPO", "<GPX").replace("</GPO", "</GPX")),
        ("wfp-state", STATE.replace("FWP_MATCH_", "MATCH_")),
        ("wfp-state", STATE.replace(wfp_files.QUICK, "quick")),
        ("wfp-state", STATE.replace("<layerKey>FWPM_LAYER_IPSEC_V4</layerKey>", "")),
        ("wfp-state", wfp_files.diagnostic(WFP_FILTERS)),
        ("wfp-filters", STATE),
        ("clixml", CLIXML.replace("<U16 ", "<U17 ").replace("</U16>", "</U17>")),
        ("clixml", CLIXML.replace("<Props>", "<Properties>").replace("</Props>", "</Properties>")),
        ("clixml", CLIXML.replace('<Obj RefId="10">', "<Obj>")),
    ],
)
def test_what_is_unknown_is_not_valid(name: str, text: str) -> None:
    assert errors(name, text)
