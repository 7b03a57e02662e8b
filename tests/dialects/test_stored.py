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
from ipsecmig.stored.blobs.nfa import NfaBlob
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
