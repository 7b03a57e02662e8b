"""Writes files as `netsh wfp show state` and `show filters` do, by the structures that the Windows SDK documents."""

from __future__ import annotations

from collections.abc import Iterable
from xml.sax.saxutils import escape

MAIN = "{aaaaaaaa-0000-0000-0000-000000000001}"
QUICK = "{aaaaaaaa-0000-0000-0000-000000000002}"
TUNNEL = "{aaaaaaaa-0000-0000-0000-000000000003}"


def proposal(cipher: str = "3DES", digest: str = "SHA1", group: str = "2", lifetime: int = 28800) -> str:
    return f"""<item>
 <cipherAlgorithm><algoIdentifier>IKEEXT_CIPHER_{cipher}</algoIdentifier><keyLen>0</keyLen><rounds>0</rounds></cipherAlgorithm>
 <integrityAlgorithm><algoIdentifier>IKEEXT_INTEGRITY_{digest}</algoIdentifier></integrityAlgorithm>
 <maxLifetimeSeconds>{lifetime}</maxLifetimeSeconds>
 <dhGroup>IKEEXT_DH_GROUP_{group}</dhGroup>
 <quickModeLimit>0</quickModeLimit>
</item>"""


def context(key: str, name: str, kind: str, body: str) -> str:
    return f"""<item>
 <providerContextKey>{key}</providerContextKey>
 <displayData><name>{escape(name)}</name><description/></displayData>
 <flags numItems="1"><item>FWPM_PROVIDER_CONTEXT_FLAG_PERSISTENT</item></flags>
 <providerKey>{{decc16ca-3f33-4346-be1e-8fb4ae0f3d62}}</providerKey>
 <type>{kind}</type>
 {body}
</item>"""


def main_mode(key: str = MAIN, methods: Iterable[str] = ("KERBEROS",), proposals: str = "", name: str = "main") -> str:
    items = "".join(
        f"<item><authenticationMethodType>IKEEXT_{method}</authenticationMethodType>"
        "<presharedKeyAuthentication><presharedKey><size>7</size><data>68756e74657232</data></presharedKey>"
        "</presharedKeyAuthentication></item>"
        for method in methods
    )
    body = f"""<ikeMmPolicy><softExpirationTime>0</softExpirationTime>
 <authenticationMethods>{items}</authenticationMethods>
 <initiatorImpersonationType>IKEEXT_IMPERSONATION_NONE</initiatorImpersonationType>
 <ikeProposals numItems="1">{proposals or proposal()}</ikeProposals><flags/></ikeMmPolicy>"""
    return context(key, name, "FWPM_IPSEC_IKE_MM_CONTEXT", body)


def transform(kind: str, digest: str = "", cipher: str = "") -> str:
    auth = (
        f"<authTransform><authTransformId><authType>IPSEC_AUTH_{digest}</authType>"
        f"<authConfig>IPSEC_AUTH_CONFIG_HMAC_{digest}_96</authConfig></authTransformId></authTransform>"
    )
    encryption = (
        f"<cipherTransform><cipherTransformId><cipherType>IPSEC_CIPHER_TYPE_{cipher}</cipherType>"
        f"<cipherConfig>IPSEC_CIPHER_CONFIG_CBC_{cipher}</cipherConfig></cipherTransformId></cipherTransform>"
    )
    inner = (auth if digest else "") + (encryption if cipher else "")
    return (
        f"<item><ipsecTransformType>IPSEC_TRANSFORM_{kind}</ipsecTransformType>"
        f"<espAuthAndCipherTransform>{inner}</espAuthAndCipherTransform></item>"
    )


def offer(transforms: str = "", pfs: str = "NONE", seconds: int = 3600, kilobytes: int = 100000) -> str:
    return f"""<item>
 <lifetime><lifetimeSeconds>{seconds}</lifetimeSeconds><lifetimeKilobytes>{kilobytes}</lifetimeKilobytes>
 <lifetimePackets>2147483647</lifetimePackets></lifetime>
 <saTransforms numItems="1">{transforms or transform("ESP_AUTH_AND_CIPHER", "SHA_1", "3DES")}</saTransforms>
 <pfsGroup>IPSEC_PFS_{pfs}</pfsGroup>
</item>"""


def quick_mode(key: str = QUICK, offers: str = "", name: str = "quick") -> str:
    body = f"""<ikeQmTransportPolicy><ipsecProposals>{offers or offer()}</ipsecProposals><flags/>
 <ndAllowClearTimeoutSeconds>0</ndAllowClearTimeoutSeconds></ikeQmTransportPolicy>"""
    return context(key, name, "FWPM_IPSEC_IKE_QM_TRANSPORT_CONTEXT", body)


def tunnel(key: str = TUNNEL, local: str = "198.51.100.1", remote: str = "203.0.113.9", name: str = "tunnel") -> str:
    body = f"""<ikeQmTunnelPolicy><flags/><ipsecProposals>{offer()}</ipsecProposals>
 <tunnelEndpoints><ipVersion>FWP_IP_VERSION_V4</ipVersion><localV4Address>{local}</localV4Address>
 <remoteV4Address>{remote}</remoteV4Address></tunnelEndpoints></ikeQmTunnelPolicy>"""
    return context(key, name, "FWPM_IPSEC_IKE_QM_TUNNEL_CONTEXT", body)


def condition(field: str, value: str, match: str = "EQUAL") -> str:
    return (
        f"<item><fieldKey>FWPM_CONDITION_{field}</fieldKey><matchType>FWP_MATCH_{match}</matchType>"
        f"<conditionValue>{value}</conditionValue></item>"
    )


def v4(field: str, network: str, mask: str = "255.255.255.255") -> str:
    value = f"<type>FWP_V4_ADDR_MASK</type><v4AddrMask><addr>{network}</addr><mask>{mask}</mask></v4AddrMask>"
    return condition(field, value)


def number(field: str, value: int, bits: int = 16) -> str:
    return condition(field, f"<type>FWP_UINT{bits}</type><uint{bits}>{value}</uint{bits}>")


def bounds(field: str, low: str, high: str, kind: str = "uint32") -> str:
    type_ = {"uint32": "FWP_UINT32", "uint16": "FWP_UINT16", "byteArray16": "FWP_BYTE_ARRAY16_TYPE"}[kind]
    ends = "".join(
        f"<{name}><type>{type_}</type><{kind}>{end}</{kind}></{name}>"
        for name, end in (("valueLow", low), ("valueHigh", high))
    )
    return condition(field, f"<type>FWP_RANGE_TYPE</type><rangeValue>{ends}</rangeValue>", "RANGE")


def filter_(layer: str, conditions: str = "", key: str = "", flags: str = "", action: str = "") -> str:
    refers = f"<providerContextKey>{key}</providerContextKey>" if key else ""
    return f"""<item>
 <filterKey>{{bbbbbbbb-0000-0000-0000-000000000001}}</filterKey>
 <displayData><name>filter</name><description/></displayData>
 <flags>{flags}</flags><providerKey/><layerKey>FWPM_LAYER_{layer}</layerKey>
 <subLayerKey>FWPM_SUBLAYER_UNIVERSAL</subLayerKey>
 <weight><type>FWP_UINT64</type><uint64>1</uint64></weight>
 <filterCondition numItems="1">{conditions}</filterCondition>
 <action>{action or "<type>FWP_ACTION_PERMIT</type><filterType/>"}</action>
 {refers}<filterId>1</filterId>
</item>"""


CALLOUT = "<type>FWP_ACTION_CALLOUT_TERMINATING</type><calloutKey>FWPM_CALLOUT_IPSEC_INBOUND_TRANSPORT_V4</calloutKey>"
FIREWALL = "\n<firewallState><item><name>x</name></item></firewallState>\n"


def state(contexts: str = "", filters: str = "", tail: str = "") -> str:
    """Return the output of `show state`: all filters stand in one layer, which no reader minds."""
    return f"""<?xml version="1.0"?>
<wfpstate>
<timeStamp>2026-11-23T18:00:00.000Z</timeStamp>
<sessions/>
<providers numItems="1"><item><providerKey>FWPM_PROVIDER_IKEEXT</providerKey></item></providers>
<providerContexts numItems="1">{contexts}</providerContexts>
<subLayers/>
<layers numItems="1"><item>
<layer><layerKey>FWPM_LAYER_ALE_AUTH_CONNECT_V4</layerKey></layer>
<callouts/>
<filters numItems="1">{filters}</filters>
</item></layers>
</wfpstate>{tail}"""


def diagnostic(filters: str) -> str:
    """Return the output of `show filters`."""
    return (
        f'<?xml version="1.0"?>\n<wfpdiag><timeStamp>x</timeStamp><filters numItems="1">{filters}</filters></wfpdiag>'
    )
