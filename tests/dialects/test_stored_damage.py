"""Damaged, contradictory and unusual stored policies: what is said, and that nothing is dropped silently."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import replace
from struct import pack

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from stored_objects import guid, refer, stored
from strategies.stored import stored_stores

from ipsecmig.diagnostics import NOWHERE
from ipsecmig.dialects.base import Reading
from ipsecmig.dialects.stored.convert import read_containers
from ipsecmig.emit.stored.convert import to_container
from ipsecmig.model.algorithms import DhGroup, Encryption, Integrity
from ipsecmig.model.flatten import flatten
from ipsecmig.model.policy import (
    LOCAL_STORE,
    Certificate,
    ConnectionType,
    Filter,
    Kerberos,
    MainModeOffer,
    PolicyStore,
    PresharedKey,
    Rule,
    Secret,
    StoreKind,
    StoreLocation,
)
from ipsecmig.model.selectors import (
    ANY,
    ANY_PORT,
    ME,
    TCP,
    AddressRange,
    DnsName,
    Family,
    PortRange,
    ServerAddress,
    ServerRole,
)
from ipsecmig.model.site import Site
from ipsecmig.model.targets import EmissionRequest
from ipsecmig.stored.blobs import FilterBlob, IsakmpBlob, NegotiationBlob, NfaBlob, PolicyBlob
from ipsecmig.stored.blobs.filters import FilterSpec
from ipsecmig.stored.blobs.filters_v2 import AddressSpec, FilterSection, FilterSpecV2, PortSpec
from ipsecmig.stored.blobs.isakmp import IsakmpMethod
from ipsecmig.stored.blobs.negotiation import Algorithm, Offer
from ipsecmig.stored.blobs.nfa import VERSION_TYPE, AuthMethod, Extension, MethodFlags
from ipsecmig.stored.blobs.text import WideString
from ipsecmig.stored.objects import Assignment, Attribute, Container, ObjectClass, StoredObject

POLICY, ISAKMP, NFA, ACTION, FILTER = (
    ObjectClass.POLICY,
    ObjectClass.ISAKMP_POLICY,
    ObjectClass.NFA,
    ObjectClass.NEGOTIATION_POLICY,
    ObjectClass.FILTER,
)
ORDINARY = "{62F49E10-6C37-11D1-864C-14A300000000}"
DEFAULT_RESPONSE = "{62F49E13-6C37-11D1-864C-14A300000000}"
NEGOTIATE = "{8A171DD3-77E3-11D1-8659-A04F00000000}"
BLOCK = "{3F91A819-7647-11D1-864D-D46A00000000}"
ALL_INTERFACES = 0xFFFFFFFD
ONES = 0xFFFFFFFF

METHOD = IsakmpMethod(encryption=3, hash=2, group=2)
MAIN_MODE = IsakmpBlob(methods=(METHOD,))
ESP = Algorithm(3, 2, 2)
OFFER = Offer(used=1, slots=(ESP, Algorithm(), Algorithm()))
KERBEROS = AuthMethod(5, bytes(2))
RULE = NfaBlob((KERBEROS,), ALL_INTERFACES, is_active=1)
LIST = FilterBlob((FilterSpec(mirrored=1),), declared=1)

Objects = dict[str, StoredObject]


def sound() -> Objects:
    """Return the objects of a policy with one rule, about which nothing is to be said."""
    return {
        "policy": stored(
            POLICY,
            1,
            PolicyBlob(60),
            ipsecname="P",
            ipsecisakmpreference=refer(ISAKMP, 2),
            ipsecnfareference=refer(NFA, 3),
        ),
        "main mode": stored(ISAKMP, 2, MAIN_MODE, ipsecownersreference=refer(POLICY, 1)),
        "rule": stored(
            NFA,
            3,
            RULE,
            ipsecname="R",
            ipsecownersreference=refer(POLICY, 1),
            ipsecfilterreference=refer(FILTER, 5),
            ipsecnegotiationpolicyreference=refer(ACTION, 4),
        ),
        "action": stored(
            ACTION,
            4,
            NegotiationBlob((OFFER,)),
            ipsecname="A",
            ipsecnegotiationpolicytype=ORDINARY,
            ipsecnegotiationpolicyaction=NEGOTIATE,
        ),
        "list": stored(FILTER, 5, LIST, ipsecname="L"),
    }


def with_attribute(name: str, attribute: str, *values: str | int | bytes) -> Objects:
    """Return the sound objects, with an attribute of one of them set, or taken away if there are no values."""
    objects = sound()
    attributes = {key: value for key, value in objects[name].attributes.items() if key != attribute}
    if values:
        attributes[attribute] = Attribute(values)
    return {**objects, name: replace(objects[name], attributes=attributes)}


def with_blob(name: str, blob: IsakmpBlob | NegotiationBlob | NfaBlob | FilterBlob | PolicyBlob) -> Objects:
    return with_attribute(name, "ipsecdata", blob.write())


def and_also(*objects: StoredObject) -> Objects:
    return {**sound(), **{str(number): one for number, one in enumerate(objects)}}


def read(objects: Objects, *assignments: Assignment, store: StoreLocation = LOCAL_STORE) -> Reading:
    return read_containers([Container(store, tuple(objects.values()), assignments)], ())


def codes(reading: Reading) -> list[str]:
    return [diagnostic.code for diagnostic in reading.diagnostics]


def with_offer(offer: Offer) -> Objects:
    return with_blob("action", NegotiationBlob((offer,)))


def with_filter(spec: FilterSpec) -> Objects:
    return with_blob("list", FilterBlob((spec,), declared=1))


def with_filter_v2(spec: FilterSpecV2, *first: FilterSpec) -> Objects:
    return with_blob("list", FilterBlob(first, FilterSection((spec,)), len(first)))


def test_nothing_is_said_about_sound_objects() -> None:
    reading = read(sound())
    assert codes(reading) == []
    assert reading.store.not_understood == ()


TUNNEL = replace(RULE, tunnel=0xC0000201, is_tunnel=1)
CERTIFICATE = AuthMethod(3, WideString.of("CN=Root").raw)
TEN = AddressSpec(4, 1, bytes((10, *bytes(15))), bytes((255, *bytes(15))))
RANGE = AddressSpec(2, 1, bytes((10, 0, 0, 1, *bytes(12))), bytes((10, 0, 0, 9, *bytes(12))))


@pytest.mark.parametrize(
    ("objects", "code"),
    [
        (with_attribute("list", "ipsecdata"), "SP001"),
        (with_attribute("list", "ipsecdata", b"\1\2"), "SP002"),
        (with_attribute("policy", "ipsecdata", b""), "SP002"),
        (with_blob("list", replace(LIST, rest=b"\0\0\7")), "SP003"),
        (with_blob("rule", replace(RULE, rest=b"\7")), "SP003"),
        (and_also(stored(FILTER, 5, FilterBlob())), "SP004"),
        (with_attribute("rule", "ipsecfilterreference", "nothing"), "SP006"),
        (with_attribute("rule", "ipsecfilterreference", refer(NFA, 3)), "SP006"),
        (with_attribute("rule", "ipsecfilterreference", refer(FILTER, 99)), "SP007"),
        (with_attribute("policy", "ipsecisakmpreference", refer(ISAKMP, 99)), "SP007"),
        (with_attribute("policy", "ipsecnfareference", refer(NFA, 3), refer(NFA, 99)), "SP007"),
        (with_attribute("policy", "ipsecisakmpreference"), "SP008"),
        (with_attribute("rule", "ipsecnegotiationpolicyreference"), "SP008"),
        (with_attribute("rule", "ipsecfilterreference", refer(FILTER, 5), refer(FILTER, 6)), "SP009"),
        (with_attribute("policy", "ipsecnfareference"), "SP012"),
        (with_blob("main mode", IsakmpBlob()), "SP020"),
        (with_blob("main mode", IsakmpBlob(methods=(METHOD._replace(encryption=7),))), "SP021"),
        (with_blob("main mode", IsakmpBlob(methods=(METHOD._replace(hash=9),))), "SP021"),
        (with_blob("main mode", IsakmpBlob(methods=(METHOD._replace(group=5),))), "SP021"),
        (with_blob("main mode", IsakmpBlob(methods=(METHOD._replace(random_function=1),))), "SP021"),
        (with_blob("main mode", replace(MAIN_MODE, new_dh=b"\x09\0\0\0")), "SP021"),
        (with_blob("main mode", replace(MAIN_MODE, pfs=2)), "SP022"),
        (with_blob("main mode", replace(MAIN_MODE, options=8)), "SP023"),
        (with_blob("main mode", IsakmpBlob(lifetime=60, methods=(METHOD._replace(lifetime_seconds=90),))), "SP024"),
        (with_attribute("action", "ipsecnegotiationpolicyaction", "{0}"), "SP030"),
        (with_attribute("action", "ipsecnegotiationpolicyaction"), "SP030"),
        (with_attribute("action", "ipsecnegotiationpolicytype", "{0}"), "SP031"),
        (with_blob("action", NegotiationBlob()), "SP032"),
        (with_blob("action", NegotiationBlob((Offer(),))), "SP032"),
        (with_offer(OFFER._replace(slots=(Algorithm(2, 2, 2), *OFFER.slots[1:]))), "SP034"),
        (with_offer(OFFER._replace(slots=(Algorithm(3, 7, 2), *OFFER.slots[1:]))), "SP034"),
        (with_offer(OFFER._replace(slots=(Algorithm(3, 0, 1), *OFFER.slots[1:]))), "SP034"),
        (with_offer(OFFER._replace(slots=(Algorithm(1, 1, 4), *OFFER.slots[1:]))), "SP034"),
        (with_offer(OFFER._replace(used=2, slots=(ESP, ESP, Algorithm()))), "SP035"),
        (with_offer(OFFER._replace(slots=(Algorithm(0, 0, 2), *OFFER.slots[1:]))), "SP035"),
        (with_offer(OFFER._replace(pfs=7)), "SP022"),
        (with_blob("action", NegotiationBlob((OFFER, OFFER._replace(pfs=1)))), "SP037"),
        (with_blob("rule", replace(RULE, methods=(AuthMethod(4, b""),))), "SP040"),
        (with_blob("rule", replace(RULE, methods=(AuthMethod(5, b"\1\0"),))), "SP041"),
        (with_blob("rule", replace(RULE, methods=(AuthMethod(1, b"odd"),))), "SP041"),
        (with_blob("rule", replace(RULE, extension=Extension((CERTIFICATE,)))), "SP042"),
        (with_blob("rule", replace(RULE, extension=Extension((KERBEROS,), MethodFlags((4,), 1)))), "SP043"),
        (with_blob("rule", replace(RULE, extension=Extension((KERBEROS,), MethodFlags((0, 0), 2)))), "SP043"),
        (with_blob("rule", replace(RULE, methods=())), "SP044"),
        (with_blob("rule", replace(RULE, interface_type=0)), "SP045"),
        (with_blob("rule", replace(RULE, interface_name=WideString.of("eth0"))), "SP046"),
        (with_blob("rule", replace(RULE, is_tunnel=1)), "SP047"),
        (with_blob("rule", replace(RULE, is_active=5)), "SP022"),
        (with_blob("rule", replace(TUNNEL, endpoint_name=WideString(b"a"))), "SP019"),
        (with_attribute("rule", "ipsecfilterreference"), "SP049"),
        (with_attribute("action", "ipsecnegotiationpolicytype", DEFAULT_RESPONSE), "SP050"),
        (with_attribute("list", "ipsecdata", b""), "SP054"),
        (with_blob("rule", replace(RULE, methods=(AuthMethod(3, b"\0\0"),))), "SP055"),
        (with_filter(FilterSpec(source=1, source_mask=0xFF00FF00)), "SP060"),
        (with_filter(FilterSpec(WideString.of("db"))), "SP062"),
        (with_filter(FilterSpec(special=5)), "SP063"),
        (with_blob("rule", replace(TUNNEL, is_tunnel=0)), "SP048"),
        (with_attribute("policy", "ipsecnfareference", b"\1\2"), "SP057"),
        (with_filter(FilterSpec(is_tunnel=1)), "SP064"),
        (with_filter(FilterSpec(tunnel=1)), "SP064"),
        (with_filter(FilterSpec(protocol=256)), "SP065"),
        (with_filter(FilterSpec(protocol=1, source_port=5)), "SP066"),
        (with_filter(FilterSpec(mirrored=2)), "SP022"),
        (with_filter_v2(FilterSpecV2(source=AddressSpec(3, 1))), "SP067"),
        (with_filter_v2(FilterSpecV2(source=AddressSpec(1, 3))), "SP067"),
        (with_filter_v2(FilterSpecV2(source=AddressSpec(2, 1, bytes((9, *bytes(15)))))), "SP067"),
        (with_filter_v2(FilterSpecV2(source=AddressSpec(4, 2, second=bytes((129, *bytes(15)))))), "SP067"),
        (with_filter_v2(FilterSpecV2(source=AddressSpec(8, 1), destination=AddressSpec(8, 1))), "SP067"),
        (with_filter_v2(FilterSpecV2(protocol=TCP, source_ports=PortSpec(2, 9, 1))), "SP068"),
        (with_filter_v2(FilterSpecV2(flags=16)), "SP069"),
        (with_blob("list", FilterBlob(LIST.filters, FilterSection(), 7)), "SP070"),
    ],
)
def test_what_is_not_understood_leaves_everything_undecided(objects: Objects, code: str) -> None:
    reading = read(objects)
    assert code in codes(reading)
    message = next(d.message for d in reading.diagnostics if d.code == code)
    assert message in [one.reason for one in reading.store.not_understood]


def with_default_response(rule: NfaBlob = RULE, action: str = NEGOTIATE, rules: int = 1) -> Objects:
    """Return the sound objects and a default response rule, or more of them."""
    numbers = range(20, 20 + rules)
    links = {"ipsecnegotiationpolicyreference": refer(ACTION, 10)}
    kinds = {"ipsecnegotiationpolicytype": DEFAULT_RESPONSE, "ipsecnegotiationpolicyaction": action}
    return {
        **with_attribute("policy", "ipsecnfareference", *(refer(NFA, n) for n in numbers)),
        **{str(n): stored(NFA, n, rule, **links) for n in numbers},
        "response": stored(ACTION, 10, NegotiationBlob((OFFER,)), **kinds),
        "rule": stored(NFA, 3, RULE),
    }


@pytest.mark.parametrize(
    ("objects", "code"),
    [
        (with_default_response(), None),
        (with_default_response(rules=2), "SP051"),
        (with_default_response(replace(RULE, interface_type=0xFFFFFFFE)), "SP052"),
        (with_default_response(TUNNEL), "SP052"),
        (with_default_response(action=BLOCK), "SP053"),
    ],
)
def test_default_response(objects: Objects, code: str | None) -> None:
    reading = read(objects)
    assert reading.store.policies[0].default_response is not None
    assert {d.code for d in reading.diagnostics} - {"SP010", "SP033"} == ({code} if code else set())
    assert bool(reading.store.not_understood) == bool(code)


@pytest.mark.parametrize(
    ("objects", "code"),
    [
        (and_also(stored(FILTER, 5, LIST, ipsecname="L")), "SP005"),
        (and_also(stored(FILTER, 9, b"\1", ipsecname="old")), "SP010"),
        (and_also(stored(ISAKMP, 9)), "SP010"),
        (with_attribute("list", "ipsecownersreference", refer(NFA, 3), refer(NFA, 9)), "SP056"),
        (with_attribute("main mode", "ipsecownersreference", refer(POLICY, 9)), "SP011"),
        (with_attribute("policy", "ipsecownersreference", refer(NFA, 3)), "SP013"),
        (with_attribute("list", "ipsecownersreference", refer(FILTER, 5)), "SP013"),
        (with_attribute("list", "ipsecid", guid(77)), "SP014"),
        (and_also(stored(NFA, 9, VERSION_TYPE + b"\x50\0\0\0")), "SP018"),
        (with_attribute("action", "ipsecnegotiationpolicyaction", BLOCK), "SP033"),
        (with_offer(OFFER._replace(pfs=1)), "SP036"),
        (with_offer(OFFER._replace(slots=(Algorithm(1, 2, 2), *OFFER.slots[1:]))), "SP038"),
        (with_filter(FilterSpec(source=0x0A000001, source_mask=0xFF000000)), "SP061"),
        (with_filter_v2(FilterSpecV2(source=TEN)), "SP071"),
    ],
)
def test_what_harms_nothing_is_said_alone(objects: Objects, code: str) -> None:
    reading = read(objects)
    assert code in codes(reading)
    assert reading.store.not_understood == ()


def test_places_are_those_of_the_value_and_the_byte() -> None:
    reading = read(with_filter(FilterSpec(protocol=256)))
    (one,) = reading.store.not_understood
    assert one.origin.offset == 24
    spec = FilterSpec(description=WideString.of("ab"))
    (filter_list,) = read(with_blob("list", FilterBlob((spec, spec), declared=2))).store.filter_lists
    assert [f.origin.offset for f in filter_list.filters] == [24, 24 + 70 + 4]


def rule_of(blob: NfaBlob, options: int = 0) -> Rule:
    main_mode = stored(ISAKMP, 2, replace(MAIN_MODE, options=options))
    reading = read({**with_blob("rule", blob), "main mode": main_mode})
    assert reading.store.not_understood == ()
    return reading.store.policies[0].rules[0]


def der(tag: int, *content: bytes) -> bytes:
    joined = b"".join(content)
    assert len(joined) < 128
    return bytes((tag, len(joined))) + joined


COMMON_NAME, ORGANIZATION = b"\x55\x04\x03", b"\x55\x04\x0a"
ROOT = der(
    0x30,
    der(0x31, der(0x30, der(6, ORGANIZATION), der(0x13, b"Example, Inc."))),
    der(0x31, der(0x30, der(6, COMMON_NAME), der(0x1E, "Wurzel".encode("utf-16-be")))),
)
ROOT_TEXT = 'CN=Wurzel, O="Example, Inc."'


@pytest.mark.parametrize(
    ("methods", "extension", "options", "expected"),
    [
        ((KERBEROS,), Extension((AuthMethod(5, b""),), MethodFlags((0,), 1)), 0, (Kerberos(),)),
        ((CERTIFICATE,), Extension(), 0, (Certificate("CN=Root"),)),
        ((CERTIFICATE,), Extension(), 3, (Certificate("CN=Root", True, True),)),
        ((CERTIFICATE,), Extension((CERTIFICATE,), MethodFlags((1,), 1)), 1, (Certificate("CN=Root", True),)),
        ((CERTIFICATE,), Extension((CERTIFICATE,), MethodFlags((2,), 0)), 0, (Certificate("CN=Root", False, True),)),
        ((AuthMethod(3, ROOT),), Extension(), 0, (Certificate(ROOT_TEXT),)),
        (
            (AuthMethod(3, WideString.of('O="Example, Inc.", CN=Wurzel').raw),),
            Extension((AuthMethod(3, ROOT),)),
            0,
            (Certificate('O="Example, Inc.", CN=Wurzel'),),
        ),
        (
            (AuthMethod(1, WideString.of("k1").raw), KERBEROS),
            Extension((AuthMethod(1, "k1".encode("utf-16-le")), AuthMethod(5, b""))),
            0,
            (PresharedKey(Secret("k1")), Kerberos()),
        ),
    ],
)
def test_authentication(
    methods: tuple[AuthMethod, ...], extension: Extension, options: int, expected: tuple[object, ...]
) -> None:
    rule = rule_of(replace(RULE, methods=methods, extension=extension), options)
    assert rule.authentication == expected


@pytest.mark.parametrize("end", range(1, len(ROOT)))
def test_a_cut_der_name_is_not_understood(end: int) -> None:
    reading = read(with_blob("rule", replace(RULE, methods=(AuthMethod(3, ROOT[:end]),))))
    rule = reading.store.policies[0].rules[0]
    assert rule.authentication == () or not reading.store.not_understood
    assert "Wurzel" not in str(rule.authentication)


HOST = AddressRange.parse("192.0.2.1")


@pytest.mark.parametrize(
    ("blob", "endpoint", "connection"),
    [
        (RULE, None, ConnectionType.ALL),
        (replace(RULE, interface_type=0xFFFFFFFE), None, ConnectionType.LAN),
        (replace(TUNNEL, interface_type=0xFFFFFFFF), HOST, ConnectionType.DIALUP),
        (replace(TUNNEL, endpoint_name=WideString.of("gw")), DnsName("gw", (HOST,)), ConnectionType.ALL),
        (replace(TUNNEL, endpoint_name=WideString.of("192.0.2.1")), HOST, ConnectionType.ALL),
        (
            replace(RULE, is_tunnel=1, extension=Extension(tunnel_ipv6=bytes(15) + b"\1")),
            AddressRange.parse("::1"),
            ConnectionType.ALL,
        ),
    ],
)
def test_tunnels_and_interfaces(blob: NfaBlob, endpoint: object, connection: ConnectionType) -> None:
    rule = rule_of(blob)
    assert (rule.tunnel_endpoint, rule.connection_type) == (endpoint, connection)


TRIPLE = MainModeOffer(Encryption.TRIPLE_DES, Integrity.SHA1, DhGroup.MODP1024)
TRIPLE_14 = replace(TRIPLE, group=DhGroup.MODP2048)
DES_14 = MainModeOffer(Encryption.DES, Integrity.MD5, DhGroup.MODP2048)


@pytest.mark.parametrize(
    ("blob", "offers", "lifetime"),
    [
        (replace(MAIN_MODE, new_dh=b"\4\1\0\0"), (TRIPLE_14, DES_14, TRIPLE), 28800),
        (replace(MAIN_MODE, new_dh=b"\1\0\4\0"), (DES_14, TRIPLE), 28800),
        (IsakmpBlob(methods=(METHOD._replace(group=0x10000001),)), (TRIPLE_14,), 28800),
        (IsakmpBlob(methods=(METHOD._replace(random_function=4),)), (TRIPLE_14,), 28800),
        (IsakmpBlob(methods=(METHOD._replace(encryption=2, lifetime_seconds=300),)), (TRIPLE,), 300),
        (IsakmpBlob(lifetime=600, methods=(METHOD,)), (TRIPLE,), 600),
    ],
)
def test_main_mode(blob: IsakmpBlob, offers: tuple[MainModeOffer, ...], lifetime: int) -> None:
    reading = read(with_blob("main mode", blob))
    main_mode = reading.store.policies[0].main_mode
    assert reading.store.not_understood == ()
    assert main_mode.offers == offers
    assert main_mode.lifetime_seconds == lifetime


DNS = ServerAddress(ServerRole.DNS)
WHOLE = AddressRange.whole(Family.IPV4)


@pytest.mark.parametrize(
    ("objects", "expected"),
    [
        (with_filter(FilterSpec(source_mask=ONES)), [Filter(ME, ANY, mirrored=False)]),
        (with_filter(FilterSpec(special=1)), [Filter(DNS, ANY, mirrored=False)]),
        (with_filter(FilterSpec(source_mask=ONES, special=0x81)), [Filter(ME, DNS, mirrored=False)]),
        (
            with_filter(FilterSpec(WideString.of("db"), source=0xC0000201, source_mask=ONES)),
            [Filter(DnsName("db", (HOST,)), ANY, mirrored=False)],
        ),
        (with_filter_v2(FilterSpecV2(source=TEN)), [Filter(AddressRange.parse("10.0.0.0/8"), ANY, mirrored=False)]),
        (with_filter_v2(FilterSpecV2(source=AddressSpec(8, 1))), [Filter(ME, WHOLE, mirrored=False)]),
        (with_filter_v2(FilterSpecV2(source=AddressSpec(0x10, 3))), [Filter(DNS, ANY, mirrored=False)]),
        (
            with_filter_v2(FilterSpecV2(protocol=TCP, destination_ports=PortSpec(2, 10, 20))),
            [Filter(ANY, ANY, TCP, ANY_PORT, PortRange(10, 20), mirrored=False)],
        ),
    ],
)
def test_filters(objects: Objects, expected: list[Filter]) -> None:
    reading = read(objects)
    assert reading.store.not_understood == ()
    assert list(reading.store.filter_lists[0].filters) == expected


def test_filters_that_repeat_a_range_for_older_systems_are_dropped_and_others_kept() -> None:
    expansion = [FilterSpec(source=0x0A000001 + n, source_mask=ONES) for n in range(9)]
    other = FilterSpec(source=0x0A00000A, source_mask=ONES)
    reading = read(with_filter_v2(FilterSpecV2(source=RANGE, flags=8), *expansion, other))
    assert [f.source for f in reading.store.filter_lists[0].filters] == [
        AddressRange.parse("10.0.0.10"),
        AddressRange.parse("10.0.0.1-10.0.0.9"),
    ]
    assert reading.store.not_understood == ()


def test_without_the_flag_filters_of_both_versions_count() -> None:
    one = FilterSpec(source=0x0A000001, source_mask=ONES)
    reading = read(with_filter_v2(FilterSpecV2(source=RANGE), one))
    assert len(reading.store.filter_lists[0].filters) == 2


def test_names_are_kept_apart() -> None:
    objects = and_also(
        stored(FILTER, 6, LIST, ipsecname="l"),
        stored(FILTER, 7, LIST, ipsecname="L (2)"),
        stored(FILTER, 8, LIST),
    )
    lists = read(objects).store.filter_lists
    assert [f.name for f in lists] == ["L", "l (3)", "L (2)", f"Filter list {guid(8)}"]


@pytest.mark.parametrize("name", ["", guid(9), "{00000000-0000-4000-8000-00000000000A}", refer(NFA, 3)])
def test_what_windows_2000_fills_in_is_no_name(name: str) -> None:
    objects = with_attribute("rule", "ipsecname", name)
    action = with_attribute("action", "ipsecname", name)["action"]
    store = read({**objects, "action": action}).store
    assert store.policies[0].rules[0].name == "Rule for L"
    assert store.filter_actions[0].name == "Filter action of L"


def test_a_policy_is_assigned_by_its_path_or_its_group_policy_object() -> None:
    (policy,) = read(sound(), Assignment(refer(POLICY, 1).upper())).store.policies
    assert (policy.assigned, policy.gpo) == (True, "")
    domain = StoreLocation(StoreKind.DOMAIN, "example.com")
    dn = f"CN=ipsecPolicy{guid(1)},CN=IP Security,CN=System,DC=example,DC=com"
    reading = read(sound(), Assignment(dn, "Servers"), Assignment(dn, "Clients"), store=domain)
    assert (reading.store.policies[0].assigned, reading.store.policies[0].gpo) == (True, "Servers")
    assert codes(reading) == ["SP017"]


@pytest.mark.parametrize("path", ["", "nothing", refer(POLICY, 9), refer(NFA, 3)])
def test_an_assigned_policy_that_is_not_there_leaves_everything_undecided(path: str) -> None:
    reading = read(sound(), Assignment(path))
    assert codes(reading) == ["SP015"]
    assert len(reading.store.not_understood) == 1


def test_two_assigned_policies_leave_everything_undecided() -> None:
    other = stored(POLICY, 8, PolicyBlob(60), ipsecisakmpreference=refer(ISAKMP, 2))
    reading = read(and_also(other), Assignment(refer(POLICY, 1)), Assignment(refer(POLICY, 8)))
    assert "SP016" in codes(reading)
    assert reading.store.not_understood


def test_containers_of_one_store_are_read_as_one() -> None:
    objects = list(sound().values())
    parts = [Container(objects=tuple(objects[:2])), Container(objects=tuple(objects[2:]))]
    assert read_containers(parts, ()).store == read(sound()).store


def test_keys_are_in_nothing_that_is_said() -> None:
    key = AuthMethod(1, WideString.of("hunter2").raw)
    for blob in (
        replace(RULE, methods=(key,), extension=Extension((KERBEROS,))),
        replace(RULE, methods=(AuthMethod(1, "hunter2".encode("utf-16-le")),)),
        replace(RULE, methods=(AuthMethod(9, key.data),)),
        replace(RULE, rest=key.data),
    ):
        for data in (blob.write(), blob.write()[:-3]):
            reading = read(with_attribute("rule", "ipsecdata", data))
            said = repr((reading.diagnostics, reading.store)).replace("\\x00", "")
            assert reading.diagnostics
            assert "hunter2" not in said


@given(stored_stores(), st.randoms(use_true_random=False))
@settings(max_examples=60, deadline=None)
def test_damaged_stores_are_read_without_failing(store: PolicyStore, randomness: random.Random) -> None:
    request = EmissionRequest(store, store.policies[0], flatten(store, store.policies[0], Site()))
    container = to_container(request, "reg", LOCAL_STORE, lambda name: name).container
    objects = [_damaged(one, randomness) for one in container.objects if randomness.random() < 0.9]
    reading = read_containers([replace(container, objects=tuple(objects))], ())
    known = {f.name for f in reading.store.filter_lists}, {a.name for a in reading.store.filter_actions}
    for policy in reading.store.policies:
        assert {r.filter_list for r in policy.rules} <= known[0]
        assert {r.filter_action for r in policy.rules} <= known[1]


def _damaged(one: StoredObject, randomness: random.Random) -> StoredObject:
    changes: list[Callable[[bytes], bytes]] = [
        lambda data: data,
        lambda data: data[: randomness.randrange(len(data) + 1)],
        lambda data: data[:16] + pack("<I", 7) + data[20:30] + randomness.randbytes(8) + data[38:],
    ]
    attributes = {}
    for name, attribute in one.attributes.items():
        values = tuple(randomness.choice(changes)(v) if isinstance(v, bytes) else v for v in attribute.values)
        if randomness.random() < 0.95:
            attributes[name] = Attribute(values, NOWHERE)
    return replace(one, attributes=attributes)
