"""The numbers of ISAKMP and of the IPsec DOI that have names here.

Fields hold plain integers, since a peer may send any; these give the known ones their names.
Sources: RFC 2408 sections 3.1 and 3.14, RFC 2407 section 4, RFC 2409 appendix A, RFC 3947,
draft-ietf-ipsec-nat-t-ike-02 and [MS-IKEE] 2.2.
"""

from __future__ import annotations

from enum import IntEnum, IntFlag
from typing import Final

VERSION: Final = 0x10
"""Version 1.0, major in the high four bits."""

DOI_IPSEC: Final = 1

SITUATION_IDENTITY_ONLY: Final = 1

KEY_IKE: Final = 1
"""The only transform of phase 1 (RFC 2407 section 4.4.2)."""


class Exchange(IntEnum):
    """The exchange types."""

    BASE = 1
    MAIN = 2
    AUTHENTICATION_ONLY = 3
    AGGRESSIVE = 4
    INFORMATIONAL = 5
    TRANSACTION = 6
    QUICK = 32
    NEW_GROUP = 33


class Flag(IntFlag):
    """The flags of the header."""

    ENCRYPTED = 1
    COMMIT = 2
    AUTHENTICATION_ONLY = 4


class PayloadNumber(IntEnum):
    """The payload types, and the numbers of the drafts and of Microsoft."""

    NONE = 0
    SA = 1
    PROPOSAL = 2
    TRANSFORM = 3
    KE = 4
    ID = 5
    CERT = 6
    CR = 7
    HASH = 8
    SIG = 9
    NONCE = 10
    NOTIFY = 11
    DELETE = 12
    VENDOR_ID = 13
    ATTRIBUTES = 14
    NAT_D = 20
    NAT_OA = 21
    GSS = 129
    NAT_D_DRAFT = 130
    NAT_OA_DRAFT = 131
    FRAGMENT = 132


class Protocol(IntEnum):
    """The protocol identifiers of proposals, notifies and deletes."""

    ISAKMP = 1
    AH = 2
    ESP = 3
    IPCOMP = 4


class Phase1Attribute(IntEnum):
    """The attributes of a phase 1 transform."""

    ENCRYPTION = 1
    HASH = 2
    AUTHENTICATION = 3
    GROUP = 4
    GROUP_TYPE = 5
    LIFE_TYPE = 11
    LIFE_DURATION = 12
    PRF = 13
    KEY_LENGTH = 14
    GSS_IDENTITY = 16384


class Phase2Attribute(IntEnum):
    """The attributes of an AH or ESP transform."""

    LIFE_TYPE = 1
    LIFE_DURATION = 2
    GROUP = 3
    ENCAPSULATION = 4
    AUTHENTICATION = 5
    KEY_LENGTH = 6
    KEY_ROUNDS = 7
    ESN = 11


class Encapsulation(IntEnum):
    """The encapsulation modes, those in UDP by the RFC and by the draft."""

    TUNNEL = 1
    TRANSPORT = 2
    UDP_TUNNEL = 3
    UDP_TRANSPORT = 4
    UDP_TUNNEL_DRAFT = 61443
    UDP_TRANSPORT_DRAFT = 61444


class LifeType(IntEnum):
    """What a life duration counts."""

    SECONDS = 1
    KILOBYTES = 2


class AuthenticationMethod(IntEnum):
    """The authentication methods of phase 1. Microsoft's Kerberos has the number that others use for XAUTH."""

    PRESHARED_KEY = 1
    DSS_SIGNATURES = 2
    RSA_SIGNATURES = 3
    RSA_ENCRYPTION = 4
    RSA_REVISED_ENCRYPTION = 5
    GSS_API = 65001


class EspTransform(IntEnum):
    """The ESP transforms."""

    DES = 2
    TRIPLE_DES = 3
    NULL = 11
    AES_CBC = 12
    CAMELLIA_CBC = 22


class IdNumber(IntEnum):
    """The kinds of identification."""

    IPV4 = 1
    FQDN = 2
    USER_FQDN = 3
    IPV4_SUBNET = 4
    IPV6 = 5
    IPV6_SUBNET = 6
    IPV4_RANGE = 7
    IPV6_RANGE = 8
    DER_DN = 9
    DER_GN = 10
    KEY_ID = 11
    CGA = 250


class CertificateEncoding(IntEnum):
    """The certificate encodings that Windows uses."""

    PKCS7 = 1
    X509_SIGNATURE = 4
    X509_KEY_EXCHANGE = 5
    CRL = 7


class NotifyNumber(IntEnum):
    """The notify messages: errors below 16384, then status, Microsoft's own from 0x9C43."""

    INVALID_PAYLOAD_TYPE = 1
    DOI_NOT_SUPPORTED = 2
    SITUATION_NOT_SUPPORTED = 3
    INVALID_COOKIE = 4
    INVALID_MAJOR_VERSION = 5
    INVALID_MINOR_VERSION = 6
    INVALID_EXCHANGE_TYPE = 7
    INVALID_FLAGS = 8
    INVALID_MESSAGE_ID = 9
    INVALID_PROTOCOL_ID = 10
    INVALID_SPI = 11
    INVALID_TRANSFORM_ID = 12
    ATTRIBUTES_NOT_SUPPORTED = 13
    NO_PROPOSAL_CHOSEN = 14
    BAD_PROPOSAL_SYNTAX = 15
    PAYLOAD_MALFORMED = 16
    INVALID_KEY_INFORMATION = 17
    INVALID_ID_INFORMATION = 18
    INVALID_CERT_ENCODING = 19
    INVALID_CERTIFICATE = 20
    CERT_TYPE_UNSUPPORTED = 21
    INVALID_CERT_AUTHORITY = 22
    INVALID_HASH_INFORMATION = 23
    AUTHENTICATION_FAILED = 24
    INVALID_SIGNATURE = 25
    ADDRESS_NOTIFICATION = 26
    NOTIFY_SA_LIFETIME = 27
    CERTIFICATE_UNAVAILABLE = 28
    UNSUPPORTED_EXCHANGE_TYPE = 29
    UNEQUAL_PAYLOAD_LENGTHS = 30
    CONNECTED = 16384
    RESPONDER_LIFETIME = 24576
    REPLAY_STATUS = 24577
    INITIAL_CONTACT = 24578
    R_U_THERE = 36136
    R_U_THERE_ACK = 36137
    MS_STATUS = 0x9C43
    MS_DOS_COOKIE = 0x9C44
    MS_EXCHANGE_INFO = 0x9C45
