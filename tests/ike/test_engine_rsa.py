"""Authentication by RSA signatures and X.509 certificates between two engines."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from ike_certificates import (
    BADLY_SIGNED,
    BETWEEN,
    EXPIRED,
    FAR,
    FOREIGN,
    FORGED,
    NOT_TO_SIGN,
    NOW,
    ONE,
    ROOT,
    TWO,
    UNDER_A_HOST,
    Owned,
)
from ike_ends import assert_child_agreed, ends, few_losses, negotiate, of_kind

from ipsecmig.ike import x509
from ipsecmig.ike.configuration import Configuration, RsaCredentials
from ipsecmig.ike.errors import Malformed
from ipsecmig.ike.events import Discarded, Established, Event, Failed
from ipsecmig.ike.wire.identification import Identification
from ipsecmig.ike.wire.numbers import IdNumber, NotifyNumber


def credentials(owned: Owned, *issuers: Owned) -> RsaCredentials:
    return RsaCredentials((owned.der, *(issuer.der for issuer in issuers)), owned.key, ROOT.der, NOW)


def rsa_ends(mine: RsaCredentials, theirs: RsaCredentials) -> tuple[Configuration, Configuration]:
    one, other = ends()
    return replace(one, authentication=mine), replace(other, authentication=theirs)


def peers(found: list[Event]) -> list[Identification]:
    return [event.peer for event in found if isinstance(event, Established)]


@pytest.mark.parametrize(
    ("mine", "theirs"),
    [
        (credentials(ONE), credentials(TWO)),
        (credentials(FAR, BETWEEN), credentials(TWO)),
        (credentials(ONE), credentials(FAR, BETWEEN, ROOT)),
        (replace(credentials(ONE), peer=TWO.subject), replace(credentials(TWO), peer=ONE.subject)),
    ],
    ids=["under the root", "intermediate", "root sent too", "names wanted"],
)
def test_two_ends_agree(mine: RsaCredentials, theirs: RsaCredentials) -> None:
    one, other = negotiate(rsa_ends(mine, theirs))
    assert_child_agreed(one, other)
    for found, credential in ((one, theirs), (other, mine)):
        assert peers(found) == [Identification(IdNumber.DER_DN, 0, 0, x509.read(credential.chain[0]).subject)]


@pytest.mark.parametrize(
    ("mine", "wanted", "notify"),
    [
        (credentials(FOREIGN), None, NotifyNumber.INVALID_CERT_AUTHORITY),
        (credentials(FORGED), None, NotifyNumber.INVALID_CERT_AUTHORITY),
        (credentials(FAR), None, NotifyNumber.INVALID_CERT_AUTHORITY),
        (credentials(UNDER_A_HOST, ONE), None, NotifyNumber.INVALID_CERT_AUTHORITY),
        (credentials(BADLY_SIGNED, NOT_TO_SIGN), None, NotifyNumber.INVALID_CERT_AUTHORITY),
        (credentials(EXPIRED), None, NotifyNumber.INVALID_CERTIFICATE),
        (credentials(ONE), FAR.subject, NotifyNumber.INVALID_ID_INFORMATION),
    ],
    ids=[
        "other root",
        "namesake of the root",
        "a link is missing",
        "a host signed",
        "an authority that must not sign",
        "expired",
        "other name",
    ],
)
@pytest.mark.parametrize("as_initiator", [True, False])
def test_a_peer_that_cannot_be_trusted_is_refused(
    mine: RsaCredentials, wanted: bytes | None, notify: int, as_initiator: bool
) -> None:
    theirs = replace(credentials(TWO), peer=wanted)
    one, other = negotiate(rsa_ends(mine, theirs) if as_initiator else rsa_ends(theirs, mine))
    refusing = other if as_initiator else one
    assert [event.notify for event in refusing if isinstance(event, Failed)][:1] == [notify]
    assert peers(refusing) == []


@pytest.mark.parametrize("as_initiator", [True, False])
def test_a_signature_of_another_key_is_discarded(as_initiator: bool) -> None:
    stolen, honest = replace(credentials(ONE), private_key=TWO.key), credentials(TWO)
    one, other = negotiate(rsa_ends(stolen, honest) if as_initiator else rsa_ends(honest, stolen))
    deceived = other if as_initiator else one
    reasons = [event.reason for event in deceived if isinstance(event, Discarded)]
    assert reasons
    assert all("a signature that the key of the peer's certificate made" in reason for reason in reasons)
    assert peers(deceived) == []


def test_an_identity_that_is_not_the_subject_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    lie = Identification(IdNumber.DER_DN, 0, 0, TWO.subject)
    monkeypatch.setattr("ipsecmig.ike.proof.identity", lambda _: lie)
    _, other = negotiate(rsa_ends(credentials(ONE), credentials(TWO)))
    assert [event.notify for event in other if isinstance(event, Failed)] == [NotifyNumber.INVALID_ID_INFORMATION]


def test_certificates_and_preshared_keys_do_not_agree_and_the_reason_says_so() -> None:
    one, other = ends()
    _, found = negotiate((replace(one, authentication=credentials(ONE)), other))
    (failed,) = of_kind(found, Failed)
    assert isinstance(failed, Failed)
    assert failed.reason == "the peer offers des-md5-group1-rsa; acceptable are des-md5-group1-psk"


@given(st.lists(st.sampled_from(["arrive", "drop", "twice", "late", "cut"]), max_size=16).map(tuple).filter(few_losses))
@settings(max_examples=20)
def test_a_wire_that_loses_repeats_delays_and_cuts_changes_nothing(fates: tuple[str, ...]) -> None:
    assert_child_agreed(*negotiate(rsa_ends(credentials(FAR, BETWEEN), credentials(TWO)), fates))


@given(st.integers(0, len(ONE.der) - 1), st.integers(1, 255))
@settings(max_examples=200)
def test_a_damaged_certificate_is_malformed_or_not_of_the_root_or_says_the_same(at: int, change: int) -> None:
    """What stands beside the signed part, for example the parameters of the outer algorithm, may be encoded freely."""
    damaged = ONE.der[:at] + bytes((ONE.der[at] ^ change,)) + ONE.der[at + 1 :]
    try:
        holder = x509.read(damaged)
    except Malformed:
        return
    if x509._issued(x509.read(ROOT.der), holder):
        signed = x509.read(ONE.der).certificate.tbs_certificate_bytes
        assert holder.certificate.tbs_certificate_bytes == signed


def test_private_keys_never_show() -> None:
    assert "key" not in repr(credentials(ONE)).replace("\\x", "")
