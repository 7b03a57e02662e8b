"""Stored policies as they come: what their objects mean, and what is said about damaged ones."""

from __future__ import annotations

from stored_blobs import (
    WINDOWS_10_FILTER_LIST,
    WINDOWS_10_ISAKMP_POLICY,
    WINDOWS_10_NEGOTIATION_POLICY,
    WINDOWS_10_POLICY,
    WINDOWS_10_RULE,
    WINDOWS_2000_DEFAULT_RESPONSE,
    WINDOWS_2000_FILTER_LIST,
)
from stored_objects import guid, refer, stored

from ipsecmig.dialects.stored.convert import read_containers
from ipsecmig.model.algorithms import DhGroup, Encryption, Integrity
from ipsecmig.model.policy import (
    LOCAL_STORE,
    Action,
    AhTransform,
    DefaultResponseRule,
    EspTransform,
    Filter,
    FilterAction,
    FilterList,
    Kerberos,
    MainMode,
    MainModeOffer,
    Policy,
    PolicyStore,
    QuickModeOffer,
    Rule,
    Transform,
)
from ipsecmig.model.selectors import ANY, UDP, AddressRange, PortRange
from ipsecmig.stored.blobs import IsakmpBlob, NegotiationBlob, PolicyBlob
from ipsecmig.stored.blobs.isakmp import IsakmpMethod
from ipsecmig.stored.blobs.negotiation import Algorithm, Offer
from ipsecmig.stored.blobs.nfa import AuthMethod, NfaBlob
from ipsecmig.stored.objects import Assignment, Container, ObjectClass

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


def test_a_local_policy() -> None:
    rule = NfaBlob.parse(WINDOWS_10_RULE)
    active = NfaBlob(rule.methods, 0xFFFFFFFD, is_active=1, extension=rule.extension)
    container = Container(
        objects=(
            stored(
                POLICY,
                1,
                WINDOWS_10_POLICY,
                ipsecname="Servers",
                ipsecisakmpreference=refer(ISAKMP, 2),
                ipsecnfareference=(refer(NFA, 3), refer(NFA, 4), refer(NFA, 5)),
            ),
            stored(ISAKMP, 2, WINDOWS_10_ISAKMP_POLICY, ipsecownersreference=refer(POLICY, 1)),
            stored(NFA, 3, WINDOWS_10_RULE, ipsecnegotiationpolicyreference=refer(ACTION, 6)),
            stored(
                NFA,
                4,
                active,
                ipsecname="Everything",
                ipsecfilterreference=refer(FILTER, 8),
                ipsecnegotiationpolicyreference=refer(ACTION, 7),
            ),
            stored(
                NFA,
                5,
                active,
                ipsecfilterreference=refer(FILTER, 9),
                ipsecnegotiationpolicyreference=refer(ACTION, 7),
            ),
            stored(
                ACTION,
                6,
                WINDOWS_2000_DEFAULT_RESPONSE,
                ipsecnegotiationpolicytype=DEFAULT_RESPONSE,
                ipsecnegotiationpolicyaction=NEGOTIATE,
            ),
            stored(
                ACTION,
                7,
                WINDOWS_10_NEGOTIATION_POLICY,
                ipsecname="{00000000-0000-4000-8000-000000000007}",
                ipsecnegotiationpolicytype=ORDINARY,
                ipsecnegotiationpolicyaction=NEGOTIATE,
            ),
            stored(FILTER, 8, WINDOWS_10_FILTER_LIST, ipsecname="All"),
            stored(FILTER, 9, WINDOWS_2000_FILTER_LIST, ipsecname="L2TP"),
        ),
        assignments=(Assignment(refer(POLICY, 1)),),
    )
    reading = read_containers([container], ("x.reg",))
    des, triple, md5, sha1 = Encryption.DES, Encryption.TRIPLE_DES, Integrity.MD5, Integrity.SHA1
    esp: list[Transform] = [EspTransform(cipher, hash_) for cipher in (triple, des) for hash_ in (sha1, md5)]
    offers = tuple(QuickModeOffer((t,)) for t in (*esp, AhTransform(sha1), AhTransform(md5)))
    action = "Filter action of Everything"
    assert reading.store == PolicyStore(
        (
            Policy(
                "Servers",
                MainMode((MainModeOffer(triple, sha1, DhGroup.MODP1024),)),
                (
                    Rule("Everything", "All", action, (Kerberos(),), guid=guid(4)),
                    Rule("Rule for L2TP", "L2TP", action, (Kerberos(),), guid=guid(5)),
                ),
                DefaultResponseRule(False, (Kerberos(),), offers),
                assigned=True,
                guid=guid(1),
            ),
        ),
        (
            FilterList("All", (Filter(ANY, ANY),), guid=guid(8)),
            FilterList(
                "L2TP",
                (Filter(ANY, AddressRange.parse("192.0.2.1"), UDP, PortRange(1701, 1701)),),
                guid=guid(9),
            ),
        ),
        (
            FilterAction(
                action,
                Action.NEGOTIATE,
                (QuickModeOffer((EspTransform(triple, sha1),)), QuickModeOffer((AhTransform(sha1),))),
                store=LOCAL_STORE,
                guid=guid(7),
            ),
        ),
        sources=("x.reg",),
    )
    assert [d.code for d in reading.diagnostics] == ["SP038"]
    assert reading.store.filter_lists[1].filters[0].origin.offset == 24


JUNK = bytes.fromhex("cdcd")
LENGTHS = bytes.fromhex("4000000008000000")


def test_memory_that_windows_2000_left_in_reserved_fields_says_nothing() -> None:
    method = IsakmpMethod(
        reserved=JUNK,
        encryption=3,
        reserved_encryption=LENGTHS,
        hash=1,
        reserved_hash=LENGTHS + JUNK * 4,
        reserved_random=bytes(4) + b"\xcd" * 3,
        group=1,
        lifetime_seconds=28800,
        pfs_identity=0xCDCDCDCD,
    )
    path = "SOFTWARE\\Policies".encode("utf-16-le")
    slots = (
        Algorithm(3, 2, 2, LENGTHS),
        Algorithm(0x530051, 0x720065, 0x2D0031, path[:8]),
        Algorithm(7, 7, 7, path[8:16]),
    )
    offer = Offer(900, 100000, 0, 0, 1, slots)
    container = Container(
        objects=(
            stored(
                POLICY,
                1,
                PolicyBlob(0),
                ipsecname="Server (Request Security)",
                ipsecisakmpreference=refer(ISAKMP, 2),
                ipsecnfareference=refer(NFA, 3),
                ipsecdatatype="598",
            ),
            stored(ISAKMP, 2, IsakmpBlob(instance=JUNK * 8, methods=(method,))),
            stored(
                NFA,
                3,
                NfaBlob((AuthMethod(5, bytes(2)),), 0xFFFFFFFD, is_active=1),
                ipsecname="Request Security (Optional) Rule",
                ipsecfilterreference=refer(FILTER, 5),
                ipsecnegotiationpolicyreference=refer(ACTION, 4),
            ),
            stored(
                ACTION,
                4,
                NegotiationBlob((offer, Offer(slots=slots))),
                ipsecname="Request Security (Optional)",
                ipsecnegotiationpolicytype=ORDINARY,
                ipsecnegotiationpolicyaction="{3F91A81A-7647-11D1-864D-D46A00000000}",
            ),
            stored(FILTER, 5, WINDOWS_2000_FILTER_LIST, ipsecname="L2TP"),
        )
    )
    reading = read_containers([container], ())
    assert reading.diagnostics == ()
    (policy,), (action,) = reading.store.policies, reading.store.filter_actions
    des3 = Encryption.TRIPLE_DES
    assert policy.main_mode == MainMode((MainModeOffer(des3, Integrity.MD5, DhGroup.MODP768),))
    assert policy.polling_interval_seconds == 10800
    assert action.offers == (QuickModeOffer((EspTransform(des3, Integrity.SHA1),), 900, 100000),)
    assert (action.soft, action.inbound_passthrough, action.pfs) == (True, True, False)
