"""The names of all attributes that a policy can have."""

from __future__ import annotations

from enum import Enum
from typing import Final


class AttributeKind(Enum):
    """Every kind of attribute that a policy can have; the value is its name in reports."""

    POLICY_NAME = "name"
    POLICY_STORE = "store"
    POLICY_POLLING_INTERVAL = "polling interval"
    POLICY_ASSIGNED = "assigned"
    POLICY_GPO = "group policy object"
    POLICY_CONNECTION_SECURITY = "connection security of Windows Firewall"
    MAIN_MODE_OFFERS = "main mode offers"
    MAIN_MODE_LIFETIME = "main mode lifetime"
    MAIN_MODE_QUICK_MODE_LIMIT = "quick modes per main mode"
    MAIN_MODE_PFS = "master key PFS"
    DEFAULT_RESPONSE = "default response rule"
    RULE_AUTHENTICATION = "authentication method"
    RULE_TUNNEL = "tunnel endpoint"
    RULE_CONNECTION_TYPE = "connection type"
    RULE_ACTIVE = "active"
    ACTION_ACTION = "action"
    ACTION_OFFERS = "quick mode offers"
    ACTION_LIFETIMES = "quick mode lifetimes"
    ACTION_PFS = "session key PFS"
    ACTION_INBOUND_PASSTHROUGH = "inbound pass-through"
    ACTION_SOFT = "soft"
    FILTER_SOURCE = "source address"
    FILTER_DESTINATION = "destination address"
    FILTER_PROTOCOL = "protocol"
    FILTER_SOURCE_PORT = "source port"
    FILTER_DESTINATION_PORT = "destination port"
    FILTER_MIRRORED = "mirrored"


SELECTION: Final = frozenset(
    {
        AttributeKind.FILTER_SOURCE,
        AttributeKind.FILTER_DESTINATION,
        AttributeKind.FILTER_PROTOCOL,
        AttributeKind.FILTER_SOURCE_PORT,
        AttributeKind.FILTER_DESTINATION_PORT,
        AttributeKind.FILTER_MIRRORED,
    }
)
"""The attributes that say which packets a filter selects."""

NEGOTIATED: Final = frozenset(
    {
        AttributeKind.MAIN_MODE_OFFERS,
        AttributeKind.MAIN_MODE_LIFETIME,
        AttributeKind.MAIN_MODE_QUICK_MODE_LIMIT,
        AttributeKind.MAIN_MODE_PFS,
        AttributeKind.DEFAULT_RESPONSE,
        AttributeKind.RULE_AUTHENTICATION,
        AttributeKind.ACTION_OFFERS,
        AttributeKind.ACTION_LIFETIMES,
        AttributeKind.ACTION_PFS,
    }
)
"""The attributes that are the business of an IKE daemon, and no packet filter's."""
