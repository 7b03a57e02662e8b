"""Which traffic quick mode means, and who may have which."""

from __future__ import annotations

from dataclasses import replace
from ipaddress import IPv4Address, IPv4Network, IPv6Address, ip_network

import pytest
from hypothesis import given
from hypothesis import strategies as st
from ike_ends import AH, ESP_3DES, A, B, assert_agreed, ends, negotiate, of_kind

from ipsecmig import crypto
from ipsecmig.ike import quick_mode
from ipsecmig.ike.configuration import Configuration
from ipsecmig.ike.errors import Malformed, Refused
from ipsecmig.ike.events import ChildEstablished, Failed, PeerNotified
from ipsecmig.ike.narrowing import implied, inside, narrowed, permitted, text
from ipsecmig.ike.wire.identification import Identification, host, subnet
from ipsecmig.ike.wire.numbers import IdNumber, NotifyNumber
from ipsecmig.model.treatment import Mode

ANY = subnet(IPv4Network("0.0.0.0/0"))
NET = subnet(IPv4Network("10.9.0.0/24"))
BAD_ID = NotifyNumber.INVALID_ID_INFORMATION


def between(local: Identification, remote: Identification, mode: Mode = Mode.TRANSPORT) -> tuple[Configuration, ...]:
    """Return two ends whose policies are for this traffic, local as the first end sees it."""
    one, other = ends(mode=mode)
    return (
        replace(one, traffic=replace(one.traffic, local=local, remote=remote)),
        replace(other, traffic=replace(other.traffic, local=remote, remote=local)),
    )


@pytest.mark.parametrize(
    ("local", "remote", "means"),
    [
        (ANY, ANY, (host(A), host(B))),
        (NET, host(B, 6, 80), (host(A), host(B, 6, 80))),
        (host(A, 17, 5000), NET._replace(protocol=17), (host(A, 17, 5000), host(B, 17))),
        (Identification(IdNumber.IPV4_RANGE, 0, 0, A.packed + B.packed), NET, (host(A), host(B))),
    ],
)
def test_in_transport_mode_the_two_hosts_are_meant(
    local: Identification, remote: Identification, means: tuple[Identification, Identification]
) -> None:
    one, other = between(local, remote)
    child = assert_agreed(*negotiate((one, other)))
    assert (child.local, child.remote) == means


def test_a_tunnel_means_the_networks() -> None:
    one, other = between(NET, ANY, Mode.TUNNEL)
    child = assert_agreed(*negotiate((one, other)))
    assert (child.local, child.remote) == (NET, ANY)


def test_names_are_not_narrowed() -> None:
    name = Identification(IdNumber.FQDN, 0, 0, b"host.example")
    one, _ = between(name, ANY)
    assert narrowed(one.traffic, A, B) == one.traffic


def test_hosts_outside_of_their_own_traffic_are_said_and_nothing_is_sent_about_it() -> None:
    one, other = between(subnet(IPv4Network("10.1.0.0/16")), ANY)
    mine, theirs = negotiate((one, other))
    (failed,) = of_kind(mine, Failed)
    assert isinstance(failed, Failed)
    assert failed.notify == BAD_ID
    assert failed.reason == "10.9.0.1 to 10.9.0.2 is not in the traffic from 10.1.0.0/255.255.0.0 to 0.0.0.0/0.0.0.0"
    assert of_kind(theirs, PeerNotified) == of_kind(theirs, Failed) == []


@pytest.mark.parametrize(
    ("wanted", "policy"),
    [
        ((host(A), host(B)), (host(A, 6), host(B, 6))),
        ((host(A, 6), host(B, 6, 80)), (host(A, 6), host(B, 6, 443))),
        ((ANY, ANY), (host(A), host(IPv4Address("10.9.0.3")))),
    ],
)
def test_the_responder_refuses_more_than_its_policy_has(
    wanted: tuple[Identification, Identification], policy: tuple[Identification, Identification]
) -> None:
    (one, _), (_, other) = between(*wanted), between(*policy)
    mine, theirs = negotiate((one, other))
    for found in (mine, theirs):
        assert [event.notify for event in found if isinstance(event, Failed)] == [BAD_ID]
    (failed,) = of_kind(theirs, Failed)
    assert isinstance(failed, Failed)
    assert f"the policy has {text(policy[0])} to {text(policy[1])}" in failed.reason


def test_a_tunnel_within_a_wider_policy_is_accepted_as_it_was_proposed() -> None:
    (one, _), (_, other) = between(NET, NET, Mode.TUNNEL), between(ANY, ANY, Mode.TUNNEL)
    assert assert_agreed(*negotiate((one, other))).remote == NET


def test_further_traffic_has_offers_of_its_own() -> None:
    one, other = between(host(A, 17), host(B, 17, 53))
    one = replace(one, traffic=replace(one.traffic, offers=(AH,)))
    further = replace(other.traffic, local=host(B, 17, 53), remote=host(A, 17), offers=(AH,))
    other = replace(other, traffic=replace(other.traffic, local=host(B, 6), offers=(ESP_3DES,)), further=(further,))
    assert assert_agreed(*negotiate((one, other))).suite.transforms == AH.transforms


@pytest.mark.parametrize("found", [(host(A, 6),), (host(A, 6), host(B, 6, 80), host(B))])
def test_a_wrong_number_of_identities_is_not_understood(found: tuple[Identification, ...]) -> None:
    with pytest.raises(Malformed, match="no Identification payload or two"):
        quick_mode._identities(found)


def test_an_initiator_who_names_no_traffic_means_all_between_the_hosts() -> None:
    assert quick_mode._identities(()) == ()
    _, responder = between(ANY, ANY)
    meant = permitted(responder, *implied(responder))
    assert (meant.local, meant.remote) == (host(B), host(A))
    _, responder = between(host(A, 6), host(B, 6))
    with pytest.raises(Refused):
        permitted(responder, *implied(responder))


networks = st.builds(
    lambda address, prefix: ip_network((address, prefix), strict=False),
    st.integers(0x0A000000, 0x0A0000FF),
    st.integers(20, 32),
)


@given(networks, networks)
def test_networks_lie_inside_each_other_as_the_library_says(one: IPv4Network, other: IPv4Network) -> None:
    assert inside(subnet(one), subnet(other)) == one.subnet_of(other)
    both = Identification(IdNumber.IPV4_RANGE, 0, 0, other[0].packed + other[-1].packed)
    assert inside(subnet(one), both) == one.subnet_of(other)
    assert inside(host(one[0]), subnet(other)) == (one[0] in other)


@pytest.mark.parametrize(
    "odd",
    [
        Identification(IdNumber.IPV4_SUBNET, 0, 0, A.packed + bytes((255, 0, 255, 0))),
        Identification(IdNumber.IPV4_SUBNET, 0, 0, A.packed + bytes((255, 255, 255, 0))),
        Identification(IdNumber.IPV4_RANGE, 0, 0, B.packed + A.packed),
        Identification(IdNumber.FQDN, 0, 0, b"host.example"),
        host(IPv6Address("::10.9.0.1")),
    ],
)
def test_what_is_not_plain_addresses_lies_inside_itself_alone(odd: Identification) -> None:
    assert inside(odd, odd)
    assert not inside(odd, ANY)
    assert not inside(host(A), odd)


def test_a_weak_key_of_a_child_ends_quick_mode_at_both_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    main_mode_alone = crypto.weakness

    def weakness(cipher: crypto.BlockCipher, key: bytes) -> str | None:
        return "weak" if cipher is crypto.BlockCipher.TRIPLE_DES else main_mode_alone(cipher, key)

    monkeypatch.setattr(crypto, "weakness", weakness)
    mine, theirs = negotiate(ends(quick=(ESP_3DES,)))
    assert of_kind(mine + theirs, ChildEstablished) == []
    for found in (mine, theirs):
        notifies = [event.notify for event in found if isinstance(event, Failed)]
        assert notifies == [NotifyNumber.INVALID_KEY_INFORMATION]
