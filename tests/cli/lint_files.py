"""A policy for the tests of lint, which rule S20 has something to say about."""

from __future__ import annotations

import json
from typing import Any

from fake_parts import Outcome
from jsonschema import Draft202012Validator

from ipsecmig.resources import schema

POLICY = """ipsec static
add filteraction name=secure action=negotiate qmsecmethods="ESP[3DES,SHA1]:100000k/3600s"
add filter filterlist=dc srcaddr=me dstaddr=10.0.0.10
add policy name=Member assign=yes
add rule name=all policy=Member filterlist=dc filteraction=secure kerberos=yes
"""
"""What rule S20 finds, at line 4 and at error level, where the site names 10.0.0.10 a domain controller."""

SITE = "hosts: [{name: DC1, addresses: [10.0.0.10], roles: [dc]}]\n"

S20 = ("lint", "policy.netsh", "--site", "site.yaml", "--select", "S20")
"""The command that finds it."""


def document(outcome: Outcome) -> dict[str, Any]:
    """Return the JSON report that a run printed, after checking that it fits its schema."""
    found = json.loads(outcome.out)
    Draft202012Validator(json.loads(schema("lint.schema.json").read_text())).validate(found)
    assert isinstance(found, dict)
    return found
