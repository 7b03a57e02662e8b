from __future__ import annotations

import random
from dataclasses import replace
from struct import pack

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from stored_blobs import (
    KNOWN,
    WINDOWS_10_FILTER_LIST,
    WINDOWS_10_ISAKMP_POLICY,
    WINDOWS_10_NEGOTIATION_POLICY,
    WINDOWS_10_POLICY,
    WINDOWS_10_RULE,
    WINDOWS_2000_DEFAULT_RESPONSE,
    WINDOWS_2000_FILTER_LIST,
    WINDOWS_2000_NEGOTIATION_POLICY,
)
from strategies.blobs import blobs, wide_strings

from ipsecmig.stored.blobs import (
    PARSERS,
    Blob,
    FilterBlob,
    IsakmpBlob,
    MalformedBlob,
    NegotiationBlob,
    NfaBlob,
    PolicyBlob,
    VersionBlob,
)
from ipsecmig.stored.blobs.filters import FILTER_TYPE, FilterSpec
from ipsecmig.stored.blobs.filters_v2 import SECTION_TYPE, AddressSpec, FilterSection, FilterSpecV2
from ipsecmig.stored.blobs.isakmp import ISAKMP_TYPE, METHOD_SIZE, METHODS_OFFSET, IsakmpMethod
from ipsecmig.stored.blobs.negotiation import NEGOTIATION_TYPE, OFFER_SIZE, OFFERS_OFFSET, Algorithm, Offer
from ipsecmig.stored.blobs.nfa import NFA_TYPE, VERSION_TYPE, AuthMethod, Extension, MethodFlags
from ipsecmig.stored.blobs.text import WideString, guid_bytes, guid_text
from ipsecmig.stored.objects import ObjectClass

UNUSED = Algorithm()


def test_policy_of_windows_10() -> None:
    assert PolicyBlob.parse(WINDOWS_10_POLICY) == PolicyBlob(polling_interval=10800, data_length=4, rest=b"\0")


def test_isakmp_policy_of_windows_10() -> None:
    method = IsakmpMethod(encryption=3, hash=2, group=2, lifetime_seconds=28800)
    assert IsakmpBlob.parse(WINDOWS_10_ISAKMP_POLICY) == IsakmpBlob(lifetime=28800, methods=(method,), data_length=128)


def test_negotiation_policy_of_windows_10() -> None:
    offers = (
        Offer(used=1, slots=(Algorithm(3, 2, 2), UNUSED, UNUSED)),
        Offer(used=1, slots=(Algorithm(2, 0, 1), UNUSED, UNUSED)),
    )
    assert NegotiationBlob.parse(WINDOWS_10_NEGOTIATION_POLICY) == NegotiationBlob(offers, 164)


def test_rule_of_windows_10() -> None:
    assert NfaBlob.parse(WINDOWS_10_RULE) == NfaBlob(
        methods=(AuthMethod(5, b"\0\0"),),
        interface_type=0xFFFFFFFD,
        extension=Extension((AuthMethod(5, b""),), MethodFlags((0,), 1)),
        data_length=42,
    )


def test_filter_list_of_windows_10() -> None:
    every = FilterSpec(guid=guid_bytes("{5cfa2551-ba69-4be6-9f1c-d192432c2fee}"), mirrored=1)
    assert FilterBlob.parse(WINDOWS_10_FILTER_LIST) == FilterBlob((every,), None, declared=1, data_length=70)


def test_filter_list_of_windows_2000() -> None:
    l2tp = FilterSpec(
        guid=guid_bytes("{2aa93c48-1ce1-463f-aaa1-60d818ab6878}"),
        mirrored=1,
        destination=0xC0000201,
        destination_mask=0xFFFFFFFF,
        protocol=17,
        source_port=1701,
    )
    assert FilterBlob.parse(WINDOWS_2000_FILTER_LIST) == FilterBlob(
        (l2tp,), None, declared=1, data_length=74, rest=b"\0"
    )


def test_unused_slots_of_windows_2000_are_junk_that_is_kept_apart() -> None:
    offers = NegotiationBlob.parse(WINDOWS_2000_DEFAULT_RESPONSE).offers
    lengths = bytes.fromhex("4000000008000000")
    expected = [(3, 2, 2), (3, 1, 2), (1, 2, 2), (1, 1, 2), (2, 0, 1), (1, 0, 1)]
    assert [o.algorithms for o in offers] == [(Algorithm(*numbers, lengths),) for numbers in expected]
    assert offers[0].slots[1] == Algorithm(0x29, 0x27, 1, bytes.fromhex("000000002a000000"))


def test_negotiation_policy_of_windows_2000() -> None:
    (offer,) = NegotiationBlob.parse(WINDOWS_2000_NEGOTIATION_POLICY).offers
    assert offer[:5] == (300, 0, 0, 0, 1)
    assert [a[:3] for a in offer.algorithms] == [(3, 1, 2)]


@pytest.mark.parametrize(("kind", "blob"), KNOWN.values(), ids=KNOWN)
def test_known_blobs_are_written_as_they_were(kind: ObjectClass, blob: bytes) -> None:
    assert PARSERS[kind](blob).write() == blob


@pytest.mark.parametrize("name", [name for name in KNOWN if name.split()[-1] != "policy" or "isakmp" in name])
def test_lengths_are_stated_as_windows_states_them(name: str) -> None:
    kind, data = KNOWN[name]
    blob = PARSERS[kind](data)
    assert not isinstance(blob, PolicyBlob | VersionBlob)
    counts_number = name == "windows 2000 filter list"
    assert blob.usual_length == blob.data_length - (4 if counts_number else 0)


@given(blobs())
@settings(max_examples=200, deadline=None)
def test_every_value_survives_writing_and_reading(blob: Blob) -> None:
    kind = _kind(blob)
    assert PARSERS[kind](blob.write()) == blob


def _kind(blob: Blob) -> ObjectClass:
    kinds = {
        PolicyBlob: ObjectClass.POLICY,
        IsakmpBlob: ObjectClass.ISAKMP_POLICY,
        NfaBlob: ObjectClass.NFA,
        VersionBlob: ObjectClass.NFA,
        NegotiationBlob: ObjectClass.NEGOTIATION_POLICY,
        FilterBlob: ObjectClass.FILTER,
    }
    return kinds[type(blob)]


@pytest.mark.parametrize(("kind", "blob"), KNOWN.values(), ids=KNOWN)
def test_every_prefix_is_malformed_or_a_value_that_gives_it_back(kind: ObjectClass, blob: bytes) -> None:
    for end in range(len(blob)):
        _check(kind, blob[:end])


@given(st.sampled_from(sorted(KNOWN)), st.randoms(use_true_random=False), blobs())
@settings(max_examples=200, deadline=None)
def test_damaged_blobs_are_malformed_or_a_value_that_gives_them_back(
    name: str, randomness: random.Random, other: Blob
) -> None:
    for kind, blob in (KNOWN[name], (_kind(other), other.write())):
        damaged = bytearray(blob)
        for _ in range(randomness.randrange(1, 4)):
            place = randomness.randrange(len(damaged))
            damaged[place] = randomness.choice((0, 1, 2, 255, randomness.randrange(256)))
        if randomness.random() < 0.3:
            place = randomness.randrange(len(damaged))
            damaged[place:place] = damaged[: randomness.randrange(40)]
        _check(kind, bytes(damaged))


@given(st.sampled_from(ObjectClass), st.binary(max_size=300))
@settings(max_examples=100, deadline=None)
def test_any_bytes_are_malformed_or_a_value_that_gives_them_back(kind: ObjectClass, data: bytes) -> None:
    _check(kind, data)


def _check(kind: ObjectClass, data: bytes) -> None:
    offset = 0
    written = data
    try:
        written = PARSERS[kind](data).write()
    except MalformedBlob as error:
        offset = error.offset
    assert 0 <= offset <= len(data)
    assert written == data


HUGE = b"\xff\xff\xff\xff"


@pytest.mark.parametrize(
    ("kind", "data", "offset", "found", "expected"),
    [
        (ObjectClass.POLICY, WINDOWS_10_RULE, 0, "the type {11bbac00-498d-11d1-8639-00a0248d3021}", "a policy"),
        (ObjectClass.POLICY, WINDOWS_10_POLICY[:22], 20, "2 bytes", "4 bytes of the polling interval"),
        (
            ObjectClass.ISAKMP_POLICY,
            WINDOWS_10_ISAKMP_POLICY[:80] + HUGE,
            80,
            "a number of 4,294,967,295 main mode methods",
            "one of at most 0",
        ),
        (
            ObjectClass.NEGOTIATION_POLICY,
            NEGOTIATION_TYPE + bytes(4) + HUGE + bytes(160),
            20,
            "a number of 4,294,967,295 offers",
            "one of at most 2",
        ),
        (
            ObjectClass.NEGOTIATION_POLICY,
            NegotiationBlob((Offer(used=3)._replace(used=4),)).write(),
            40,
            "a number of 4 algorithms",
            "one of at most 3",
        ),
        (ObjectClass.NFA, NFA_TYPE + bytes(4) + HUGE, 20, "authentication methods", "one of at most 0"),
        (ObjectClass.NFA, NFA_TYPE + pack("<IIII", 0, 1, 1, 99), 28, "a number of 99 bytes of a method", "at most 0"),
        (ObjectClass.FILTER, FILTER_TYPE + bytes(4) + HUGE, 20, "4,294,967,295 filters", "one of at most 0"),
        (
            ObjectClass.FILTER,
            FILTER_TYPE + bytes(8) + SECTION_TYPE + bytes(8) + HUGE,
            48,
            "4,294,967,295 filters of the second version",
            "one of at most 0",
        ),
    ],
)
def test_what_is_wrong_and_where_is_said(
    kind: ObjectClass, data: bytes, offset: int, found: str, expected: str
) -> None:
    with pytest.raises(MalformedBlob) as caught:
        PARSERS[kind](data)
    assert caught.value.offset == offset
    assert found in caught.value.found
    assert expected in caught.value.expected


def test_a_section_ends_the_first_filters_whatever_their_number_says() -> None:
    old, new = FilterSpec(source=1), FilterSpecV2(source=AddressSpec(8, 3), flags=8)
    section = FilterSection((new, new), first_version=2)
    for declared in (0, 1, 2, 3, 2**32 - 1):
        blob = FilterBlob((old, old), section, declared=declared)
        assert FilterBlob.parse(blob.write()) == blob


def test_what_follows_without_a_section_is_kept_and_not_read() -> None:
    extra = WINDOWS_10_FILTER_LIST[24:]
    assert FilterBlob.parse(WINDOWS_10_FILTER_LIST + extra).rest == extra


def test_the_documented_zero_before_the_flags_is_followed_by_one_for_each_method() -> None:
    method = AuthMethod(3, WideString.of("CN=Root").raw)
    rule = NfaBlob((method,), extension=Extension((method,), MethodFlags((3,), 0), bytes(range(16))))
    assert NfaBlob.parse(rule.write()) == rule


def test_the_version_of_a_store_is_no_rule() -> None:
    assert PARSERS[ObjectClass.NFA](VERSION_TYPE + b"\x50\0\0\0") == VersionBlob(b"\x50\0\0\0")


def test_preshared_keys_are_in_no_text() -> None:
    key = AuthMethod(1, WideString.of("hunter2").raw)
    rule = NfaBlob((key,), extension=Extension((key,)), rest=key.data)
    with pytest.raises(MalformedBlob) as caught:
        NfaBlob.parse(rule.write()[: 24 + key.size - 2])
    for text in (repr(rule), str(caught.value), repr(caught.value)):
        assert "hunter2" not in text.replace("\\x00", "")


def test_offsets_are_where_things_stand() -> None:
    isakmp = IsakmpBlob(methods=(IsakmpMethod(), IsakmpMethod(major=77)))
    assert isakmp.write()[METHODS_OFFSET + METHOD_SIZE] == 77
    assert isakmp.write()[:16] == ISAKMP_TYPE
    negotiation = NegotiationBlob((Offer(), Offer(lifetime_seconds=77)))
    assert negotiation.write()[OFFERS_OFFSET + OFFER_SIZE] == 77


@given(wide_strings())
@settings(deadline=None)
def test_sound_strings_say_all_that_is_stored(string: WideString) -> None:
    if string.is_sound:
        assert not string.raw or WideString.of(string.text) == string
    assert string.write()[4:] == string.raw


@pytest.mark.parametrize(
    ("raw", "text", "sound"),
    [
        (b"", "", True),
        (b"\0\0", "", True),
        (b"a\0\0\0", "a", True),
        (b"a\0", "a", False),
        (b"a\0\0\0b\0\0\0", "a", False),
        (b"a\0\0\0\0\0", "a", False),
        (b"a\0\0", "a\ufffd", False),
        (b"\x00\xd8\0\0", "\ufffd", False),
        ("\ufffd\0".encode("utf-16-le"), "\ufffd", True),
    ],
)
def test_strings(raw: bytes, text: str, sound: bool) -> None:
    assert (WideString(raw).text, WideString(raw).is_sound) == (text, sound)


def test_guids() -> None:
    assert guid_text(guid_bytes("{80DC20B8-2EC8-11D1-A89E-00A0248D3021}")) == "{80dc20b8-2ec8-11d1-a89e-00a0248d3021}"
    with pytest.raises(ValueError, match="not a GUID"):
        guid_bytes("80DC20B8-2EC8-11D1-A89E-00A0248D3021")


def test_other_lengths_are_kept() -> None:
    rule = replace(NfaBlob.parse(WINDOWS_10_RULE), data_length=2**32 - 1)
    assert NfaBlob.parse(rule.write()) == rule
