"""How the ends of main mode prove who they are: by preshared key or by RSA signature (RFC 2409 sections 5.4 and 5.1).

The exchange is the same for both; what differs is SKEYID, the identity and the payloads that prove it.
"""

from __future__ import annotations

from typing import Final

from ipsecmig.ike import keymat, x509
from ipsecmig.ike.configuration import Configuration, RsaCredentials
from ipsecmig.ike.crypto import hashes
from ipsecmig.ike.crypto.signatures import is_signature, sign
from ipsecmig.ike.errors import Malformed, Refused
from ipsecmig.ike.exchange import only
from ipsecmig.ike.wire.certificate import Certificate, CertificateRequest
from ipsecmig.ike.wire.generic import Payload
from ipsecmig.ike.wire.identification import Identification, host
from ipsecmig.ike.wire.message import HEADER
from ipsecmig.ike.wire.numbers import AuthenticationMethod, CertificateEncoding, IdNumber, NotifyNumber
from ipsecmig.ike.wire.opaque import Hash, Signature
from ipsecmig.model.algorithms import Integrity
from ipsecmig.model.policy import Secret
from ipsecmig.udp import IKE_PORT

UDP: Final = 17

_NAMED_PORTS: Final = frozenset({(0, 0), (UDP, 0), (UDP, IKE_PORT)})
"""The protocol and port that an identity may have (RFC 2407 section 4.6.2)."""


def method(configuration: Configuration) -> AuthenticationMethod:
    """Return the number of how this end and its peer prove who they are.

    Raises Refused if the policy knows only Kerberos, which is not done here.
    """
    if isinstance(configuration.authentication, Secret):
        return AuthenticationMethod.PRESHARED_KEY
    _credentials(configuration)
    return AuthenticationMethod.RSA_SIGNATURES


def _credentials(configuration: Configuration) -> RsaCredentials:
    credentials = configuration.authentication
    if not isinstance(credentials, RsaCredentials):
        detail = "the policy of this end knows only Kerberos authentication, which the engine does not do"
        raise Refused(NotifyNumber.NO_PROPOSAL_CHOSEN, detail)
    return credentials


def skeyid(configuration: Configuration, hash_: Integrity, ni_b: bytes, nr_b: bytes, g_xy: bytes) -> bytes:
    """Return SKEYID, which depends on the method."""
    if isinstance(configuration.authentication, Secret):
        # A key that a configuration gives as octets need not be text: those that are not stand in it as surrogates.
        octets = configuration.authentication.reveal().encode(errors="surrogateescape")
        return keymat.skeyid_for_preshared_key(hash_, octets, ni_b, nr_b)
    return keymat.skeyid_for_signatures(hash_, ni_b, nr_b, g_xy)


def request(configuration: Configuration) -> tuple[CertificateRequest, ...]:
    """Return the wish for a certificate under the trusted root; nothing where there are no certificates."""
    if isinstance(configuration.authentication, Secret):
        return ()
    root = x509.read(_credentials(configuration).root)
    return (CertificateRequest(CertificateEncoding.X509_SIGNATURE, root.subject),)


def identity(configuration: Configuration) -> Identification:
    """Return who this end is: its address, or the subject of its certificate."""
    if isinstance(configuration.authentication, Secret):
        return host(configuration.local, UDP, IKE_PORT)
    return Identification(IdNumber.DER_DN, 0, 0, x509.read(_credentials(configuration).chain[0]).subject)


def prove(configuration: Configuration, hash_: bytes) -> tuple[Payload, ...]:
    """Return the payloads that prove the identity, given HASH_I or HASH_R of this end."""
    if isinstance(configuration.authentication, Secret):
        return (Hash(hash_),)
    credentials = _credentials(configuration)
    chain = (Certificate(CertificateEncoding.X509_SIGNATURE, der) for der in credentials.chain)
    return (*chain, Signature(sign(credentials.private_key, hash_)))


def check(configuration: Configuration, peer: Identification, payloads: tuple[Payload, ...], hash_: bytes) -> None:
    """Check that the payloads prove the peer's identity, given its HASH_I or HASH_R, and that it is the right peer.

    Raises Malformed for no proof, Refused for that of somebody else.
    """
    credentials = configuration.authentication
    if isinstance(credentials, RsaCredentials):
        _check_signature(credentials, peer, payloads, hash_)
        return
    if not hashes.equal(only(payloads, Hash).data, hash_):
        raise Malformed(HEADER, "a proof that the peer has the same preshared key")
    wanted = configuration.peer_identity or configuration.remote
    if peer != host(wanted, peer.protocol, peer.port) or (peer.protocol, peer.port) not in _NAMED_PORTS:
        raise Refused(NotifyNumber.INVALID_ID_INFORMATION, f"the peer does not identify itself as {wanted}")


def _check_signature(
    credentials: RsaCredentials, peer: Identification, payloads: tuple[Payload, ...], hash_: bytes
) -> None:
    """Check the signature first: as long as it is wrong the message may be forged, and is not worth a refusal."""
    found = [
        payload.data
        for payload in payloads
        if isinstance(payload, Certificate) and payload.encoding == CertificateEncoding.X509_SIGNATURE
    ]
    if not 1 <= len(found) <= x509.MAX_CERTIFICATES:
        raise Malformed(HEADER, f"1 to {x509.MAX_CERTIFICATES} certificates, not {len(found)}")
    own, *others = (x509.read(der) for der in found)
    if not is_signature(own.key, only(payloads, Signature).data, hash_):
        raise Malformed(HEADER, "a signature that the key of the peer's certificate made")
    x509.check_chain(own, tuple(others), x509.read(credentials.root), credentials.at)
    wanted = own.subject if credentials.peer is None else credentials.peer
    if peer.kind != IdNumber.DER_DN or not peer.data == own.subject == wanted:
        raise Refused(NotifyNumber.INVALID_ID_INFORMATION, "the peer's identity is not the subject that it should be")
