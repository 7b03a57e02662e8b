"""Conversations recorded between real daemons: every octet understood, every key and hash computed again."""

from __future__ import annotations

from functools import cache

import golden_conversations as golden
import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from golden_conversations import Exchanged, Phase1

from ipsecmig.ike import keymat
from ipsecmig.ike.crypto import groups
from ipsecmig.ike.crypto.ciphers import Cbc
from ipsecmig.ike.crypto.hashes import keyed_prf
from ipsecmig.ike.crypto.signatures import is_signature
from ipsecmig.ike.keymat import Phase2Inputs
from ipsecmig.ike.protection import seal_octets
from ipsecmig.ike.wire.association import SecurityAssociation
from ipsecmig.ike.wire.message import SealedMessage, decode_message, encode_message
from ipsecmig.ike.wire.numbers import Exchange, PayloadNumber, Phase2Attribute
from ipsecmig.ike.wire.opaque import Uninterpreted
from ipsecmig.ike.wire.payloads import encode_payloads
from ipsecmig.ike.wire.vendor import identify
from ipsecmig.model.algorithms import INTEGRITY, DhGroup

conversations = pytest.mark.parametrize("name", golden.NAMES)
finished = pytest.mark.parametrize("name", [name for name in golden.NAMES if not name.endswith("noencap")])

ESP_KEY_OCTETS = {2: 8, 3: 24, 11: 0, 12: 32, 22: 32}
"""By ESP transform; in the recorded conversations the keys of AES and Camellia have 256 bits."""


@cache
def agreed_in(name: str) -> Phase1:
    return golden.phase_1(name)


@cache
def exchanged_in(name: str) -> tuple[Exchanged, ...]:
    return golden.exchanged(name, agreed_in(name))


def quick_mode(name: str) -> tuple[Exchanged, ...]:
    return tuple(part for part in exchanged_in(name) if part.message.header.exchange == Exchange.QUICK)


def behind_the_hash(part: Exchanged) -> bytes:
    """Return the bytes that HASH(1) and HASH(2) cover."""
    assert part.payloads[0].number == PayloadNumber.HASH
    return encode_payloads(part.payloads[1:])[1]


def test_all_eight_conversations_are_there() -> None:
    assert len(golden.NAMES) == 8


@conversations
def test_every_message_encodes_to_the_bytes_that_were_on_the_wire(name: str) -> None:
    sent = golden.datagrams(name)
    assert len(sent) >= 8
    for datagram in sent:
        assert encode_message(decode_message(datagram.data)) == datagram.data


@conversations
def test_every_payload_is_understood(name: str) -> None:
    for part in exchanged_in(name):
        assert not any(isinstance(payload, Uninterpreted) for payload in part.payloads)
        assert all(identify(body) for body in part.bodies(PayloadNumber.VENDOR_ID))


@conversations
def test_every_encrypted_message_seals_to_the_bytes_that_were_on_the_wire(name: str) -> None:
    agreed = agreed_in(name)
    cbc, ivs, count = Cbc(agreed.cipher, agreed.key), {0: agreed.iv}, 0
    for part in exchanged_in(name):
        if part.opened is None:
            continue
        assert not any(part.opened.padding)
        assert len(part.opened.padding) <= agreed.cipher.block_octets
        first, plaintext = encode_payloads(part.opened.payloads)
        header = part.message.header
        iv = golden.iv_of(agreed, ivs, header.message_id)
        sealed, ivs[header.message_id] = seal_octets(header, first, plaintext + part.opened.padding, cbc, iv)
        assert encode_message(sealed) == part.datagram.data
        count += 1
    assert count >= 5


@conversations
def test_the_keys_of_phase_1_are_those_of_the_log(name: str) -> None:
    agreed, log = agreed_in(name), golden.logged(name)
    derived = {
        "SKEYID": agreed.keys.skeyid,
        "SKEYID_d": agreed.keys.skeyid_d,
        "SKEYID_a": agreed.keys.skeyid_a,
        "SKEYID_e": agreed.keys.skeyid_e,
        "encryption key Ka": agreed.key,
        "initial IV": agreed.iv,
    }
    assert {key: [value] for key, value in derived.items()} == {key: log[key] for key in derived}


@conversations
def test_the_ivs_are_those_of_the_log(name: str) -> None:
    agreed, log, last_of_phase_1 = agreed_in(name), golden.logged(name), b""
    for part in exchanged_in(name):
        message_id = part.message.header.message_id
        if part.opened is None:
            continue
        if message_id == 0:
            last_of_phase_1 = part.opened.next_iv
        if part.message.header.exchange == Exchange.INFORMATIONAL:
            assert log[f"next IV for MID {message_id}"] == [golden.iv_of(agreed, {0: last_of_phase_1}, message_id)]
        else:
            assert part.opened.next_iv in log[f"next IV for MID {message_id}"]


def phase_1_bodies(name: str, number: int) -> dict[bool, bytes]:
    """Return the payloads of a type in phase 1, by whether the initiator sent them."""
    return {
        part.datagram.from_initiator: body
        for part in exchanged_in(name)
        if part.message.header.exchange in (Exchange.MAIN, Exchange.AGGRESSIVE)
        for body in part.bodies(number)
    }


@conversations
def test_the_hashes_of_phase_1_are_those_of_the_log_and_of_the_messages(name: str) -> None:
    agreed, log = agreed_in(name), golden.logged(name)
    identities = phase_1_bodies(name, PayloadNumber.ID)
    with_skeyid = keyed_prf(agreed.hash_, agreed.keys.skeyid)
    hash_i = keymat.hash_i(with_skeyid, agreed.inputs, identities[True])
    hash_r = keymat.hash_r(with_skeyid, agreed.inputs, identities[False])
    assert ([hash_i], [hash_r]) == (log["HASH_I"], log["HASH_R"])
    if log["preshared key"] != [b""]:
        assert phase_1_bodies(name, PayloadNumber.HASH) == {True: hash_i, False: hash_r}


def test_signatures_are_of_the_bare_hash() -> None:
    name = "rsa-main-3des-sha1-modp1024"
    log = golden.logged(name)
    signatures, certificates = (phase_1_bodies(name, number) for number in (PayloadNumber.SIG, PayloadNumber.CERT))
    for initiator, expected in ((True, log["HASH_I"][0]), (False, log["HASH_R"][0])):
        key = x509.load_der_x509_certificate(certificates[initiator][1:]).public_key()
        assert isinstance(key, RSAPublicKey)
        numbers = key.public_numbers()
        opened = pow(int.from_bytes(signatures[initiator], "big"), numbers.e, numbers.n).to_bytes(128, "big")
        # PKCS #1 v1.5 block type 1, without the DigestInfo that every other protocol has (RFC 2409 section 5.1).
        assert opened == b"\0\1" + b"\xff" * (125 - len(expected)) + b"\0" + expected
        assert is_signature(key, signatures[initiator], expected)
        assert not is_signature(key, signatures[initiator], expected[:-1])
        assert not is_signature(key, signatures[not initiator], expected)


@conversations
def test_the_hashes_of_quick_mode_are_those_of_the_log_and_of_the_messages(name: str) -> None:
    agreed, log, parts = agreed_in(name), golden.logged(name), quick_mode(name)
    first, second, *_ = parts
    with_skeyid_a, message_id = keyed_prf(agreed.hash_, agreed.keys.skeyid_a), first.message.header.message_id
    (ni_b,), (nr_b,) = first.bodies(PayloadNumber.NONCE), second.bodies(PayloadNumber.NONCE)
    computed = (
        keymat.hash_1(with_skeyid_a, message_id, behind_the_hash(first)),
        keymat.hash_2(with_skeyid_a, message_id, ni_b, behind_the_hash(second)),
        keymat.hash_3(with_skeyid_a, message_id, ni_b, nr_b),
    )[: len(parts)]
    assert tuple(part.bodies(PayloadNumber.HASH)[0] for part in parts) == computed
    assert tuple(log[f"Hash({number})"][0] for number in range(1, len(parts) + 1)) == computed


def test_only_the_conversation_that_was_broken_off_lacks_a_third_message() -> None:
    assert [name for name in golden.NAMES if len(quick_mode(name)) != 3] == [
        "psk-main-3des-sha1-modp1024-transport-noencap"
    ]


@conversations
def test_the_hashes_of_informational_messages_are_those_of_the_log_and_of_the_messages(name: str) -> None:
    agreed, log = agreed_in(name), golden.logged(name)
    parts = [part for part in exchanged_in(name) if part.message.header.exchange == Exchange.INFORMATIONAL]
    assert len(parts) == 2
    for part, expected in zip(parts, log["Hash"], strict=True):
        assert isinstance(part.message, SealedMessage)
        rest = behind_the_hash(part)
        with_skeyid_a = keyed_prf(agreed.hash_, agreed.keys.skeyid_a)
        computed = keymat.hash_1(with_skeyid_a, part.message.header.message_id, rest)
        assert part.bodies(PayloadNumber.HASH) == [computed]
        assert computed == expected


@finished
def test_the_keys_of_esp_are_those_of_the_log(name: str) -> None:
    agreed, log = agreed_in(name), golden.logged(name)
    first, second, *_ = quick_mode(name)
    offer, choice = (
        next(payload for payload in part.payloads if isinstance(payload, SecurityAssociation))
        for part in (first, second)
    )
    (transform,) = choice.proposals[0].transforms
    number = transform.amount(Phase2Attribute.AUTHENTICATION)
    integrity = next(row for row in INTEGRITY.values() if row.doi == number)
    size = ESP_KEY_OCTETS[transform.transform]
    octets = size + {"md5": 16, "sha1": 20, "sha256": 32}[integrity.integrity.value]
    (ni_b,), (nr_b,) = first.bodies(PayloadNumber.NONCE), second.bodies(PayloadNumber.NONCE)
    inputs = Phase2Inputs(ni_b, nr_b, *log.get("DH secret", []))
    # Keys belong to the SA of who receives with the SPI: those of the initiator's packets to the responder's SPI.
    for side, proposal in (("initiator", choice.proposals[0]), ("responder", offer.proposals[0])):
        keys = keymat.keymat(
            keyed_prf(agreed.hash_, agreed.keys.skeyid_d), inputs, proposal.protocol, proposal.spi, octets
        )
        assert [keys[size:]] == log[f"integrity {side} key"]
        assert [keys[:size]] == log.get(f"encryption {side} key", [b""])


def test_pfs_was_recorded() -> None:
    assert sum("DH secret" in golden.logged(name) for name in golden.NAMES) >= 2


@conversations
def test_the_digests_of_nat_detection_are_those_of_the_log(name: str) -> None:
    agreed, log = agreed_in(name), golden.logged(name)
    for end in (golden.INITIATOR, golden.RESPONDER):
        digest = keymat.nat_detection(agreed.hash_, agreed.inputs.cookies, end, 500)
        assert digest in log["natd_hash"]


@conversations
def test_public_values_and_secrets_are_as_long_as_the_prime(name: str) -> None:
    agreed, log = agreed_in(name), golden.logged(name)
    size = groups.octets(DhGroup(agreed.group))
    assert {len(agreed.inputs.g_xi), len(agreed.inputs.g_xr)} == {size}
    assert len(log["shared Diffie Hellman secret"][0]) == size
