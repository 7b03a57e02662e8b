"""The JSON form of a policy store: exact round trip, versions, secrets, and two validators that agree."""

from __future__ import annotations

import copy
import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.strategies import DrawFn
from jsonschema import Draft202012Validator
from strategies import stores

from ipsecmig import resources
from ipsecmig.diagnostics import NOWHERE, Origin
from ipsecmig.errors import InputError
from ipsecmig.model.algorithms import DhGroup, Encryption, Integrity
from ipsecmig.model.policy import (
    Action,
    AhTransform,
    Certificate,
    ConnectionType,
    DefaultResponseRule,
    EspTransform,
    Filter,
    FilterAction,
    FilterList,
    HostSettings,
    Kerberos,
    MainMode,
    MainModeOffer,
    NotUnderstood,
    Policy,
    PolicyStore,
    PresharedKey,
    QuickModeOffer,
    Rule,
    Secret,
    StoreKind,
    StoreLocation,
)
from ipsecmig.model.selectors import ANY, ANY_PORT, ME, AddressRange, DnsName, PortRange, ServerAddress, ServerRole
from ipsecmig.model.serial import dumps, from_json, loads, to_json
from ipsecmig.model.serial.validate import explain, is_valid
from ipsecmig.model.windows import WindowsVersion

KEY = "correct horse battery staple"


def _with_key() -> PolicyStore:
    rule = Rule("R", "L", "A", (PresharedKey(Secret(KEY)), Kerberos()))
    return PolicyStore((Policy("P", MainMode(()), (rule,)),))


def _one_filter(**changes: object) -> dict[str, Any]:
    """Return the document of a store with one filter, whose keys are set to `changes`."""
    document = to_json(PolicyStore(filter_lists=(FilterList("L", (Filter(ME, AddressRange.parse("10.0.0.0/8")),)),)))
    copied: dict[str, Any] = json.loads(json.dumps(document))
    copied["filter_lists"][0]["filters"][0].update(changes)
    return copied


@settings(deadline=None, max_examples=80)
@given(stores())
def test_a_store_survives_the_round_trip_with_its_origins_and_secrets(store: PolicyStore) -> None:
    document = to_json(store, with_secrets=True)
    again = from_json(document)
    assert again == store
    assert to_json(again, with_secrets=True) == document  # equality of the model leaves origins out


@settings(deadline=None, max_examples=40)
@given(stores())
def test_text_and_document_say_the_same(store: PolicyStore) -> None:
    text = dumps(store, with_secrets=True)
    assert json.loads(text) == to_json(store, with_secrets=True)
    assert to_json(loads(text), with_secrets=True) == to_json(store, with_secrets=True)
    assert to_json(loads(text.encode()), with_secrets=True) == to_json(store, with_secrets=True)


def test_the_text_is_the_same_every_time_and_has_a_line_for_each_filter() -> None:
    filters = tuple(Filter(ANY, AddressRange.parse(f"10.0.0.{n}")) for n in range(5))
    store = PolicyStore(filter_lists=(FilterList("L", filters),))
    assert dumps(store) == dumps(store)
    assert sum('"destination": "10.0.0.' in line for line in dumps(store).splitlines()) == 5


def test_a_secret_is_written_only_when_asked_for() -> None:
    store = _with_key()
    assert KEY not in dumps(store)
    assert '"secret": null' in dumps(store)
    assert loads(dumps(store)).policies[0].rules[0].authentication == (PresharedKey(None), Kerberos())
    assert loads(dumps(store, with_secrets=True)) == store


def test_an_origin_nowhere_is_left_out_and_comes_back() -> None:
    store = PolicyStore(filter_lists=(FilterList("L", origin=NOWHERE), FilterList("M", origin=Origin("f", 2, 3, 9))))
    document: Any = to_json(store)
    nowhere, placed = document["filter_lists"]
    assert "origin" not in nowhere
    assert placed["origin"] == {"file": "f", "line": 2, "column": 3, "end_column": 9}
    assert [f.origin for f in from_json(to_json(store)).filter_lists] == [NOWHERE, Origin("f", 2, 3, 9)]


@pytest.mark.parametrize("version", ["1.0", "1.1", "1.2", "1.12"])
def test_every_minor_version_of_the_own_major_version_is_read(version: str) -> None:
    assert from_json({**to_json(_with_key()), "version": version}).policies[0].name == "P"


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"version": "2.0"}, "/version: is of another version"),
        ({"version": "10.0"}, "/version: is of another version"),
        ({"version": 1}, "/version: a number that is not a version 1.x"),
        ({"format": "other"}, '/format: a string that is not "ipsecmig-ir"'),
        ({"extra": 1}, "(document): has the unknown key(s) 'extra'"),
        ({"policies": {}}, "/policies: an object that is not an array"),
        ({"settings": {}}, "/settings: lacks exemptions, boot_mode, boot_exemptions, service_disabled"),
        ({"sources": [1]}, "/sources/0: a number that is not a string"),
    ],
)
def test_a_document_that_breaks_the_schema_is_refused_with_its_place(changes: dict[str, object], said: str) -> None:
    with pytest.raises(InputError) as refused:
        from_json({**to_json(_with_key()), **changes}, "ir.json")
    assert said in refused.value.diagnostics[0].message
    assert refused.value.diagnostics[0].origin.file == "ir.json"


@pytest.mark.parametrize(
    ("changes", "said", "expected"),
    [
        ({"source": "10.0.0.1/8"}, "/source: not the shortest notation", "10.0.0.0/8"),
        ({"source": "10.0.0.300"}, "/source: not an address", "a CIDR block"),
        ({"destination": "010.0.0.1"}, "/destination: not an address", "a CIDR block"),
        ({"destination": "300.0.0.1"}, "/destination: not an address", "a CIDR block"),
        ({"destination": "2001:DB8::1"}, "/destination: not the shortest notation", "2001:db8::1"),
        ({"destination": {"name": "a", "resolved": ["?"]}}, "/destination/resolved/0: not an address", "a range"),
        ({"source_port": [5, 4]}, "/source_port: the last port is below the first", "an ascending range"),
        ({"protocol": 256}, "/protocol: a number that is not a whole number from 0 to 255", "0 to 255"),
        ({"protocol": True}, "/protocol: a boolean that is not a whole number", "0 to 255"),
        ({"mirrored": "yes"}, "/mirrored: a string that is not a boolean", "a boolean"),
    ],
)
def test_a_filter_that_means_nothing_is_refused_with_its_place(
    changes: dict[str, object], said: str, expected: str
) -> None:
    with pytest.raises(InputError) as refused:
        from_json(_one_filter(**changes))
    (diagnostic,) = refused.value.diagnostics
    assert diagnostic.message.startswith(f"/filter_lists/0/filters/0{said}")
    assert expected in diagnostic.expected


@pytest.mark.parametrize("windows", [None, *WindowsVersion])
def test_the_version_of_windows_is_there_only_where_it_is_stated(windows: WindowsVersion | None) -> None:
    document: Any = to_json(PolicyStore(settings=HostSettings(windows=windows)))
    assert document["settings"].get("windows", "not stated") == ("not stated" if windows is None else windows.value)
    assert from_json(document).settings.windows is windows


def test_names_that_differ_only_in_case_are_refused() -> None:
    document = to_json(PolicyStore(filter_lists=(FilterList("Web"), FilterList("WEB"))))
    with pytest.raises(InputError) as refused:
        from_json(document)
    assert refused.value.diagnostics[0].message.startswith("/filter_lists/1/name: ")


@pytest.mark.parametrize(
    "break_it",
    [
        lambda method: method.update(secert=method.pop("secret")),
        lambda method: method.update(method="psk"),
        lambda method: method.update(secret=[method["secret"]]),
    ],
)
def test_a_message_never_holds_a_secret(break_it: Any) -> None:
    document: Any = to_json(_with_key(), with_secrets=True)
    break_it(document["policies"][0]["rules"][0]["authentication"][0])
    with pytest.raises(InputError) as refused:
        from_json(document)
    assert KEY not in repr(refused.value.diagnostics)
    assert "/policies/0/rules/0/authentication/0" in refused.value.diagnostics[0].message


@pytest.mark.parametrize(
    ("text", "line", "column"),
    [("", 1, 1), ("{\n  nonsense\n}", 2, 3), ('{"format": NaN}', 1, 1)],
)
def test_what_is_not_json_is_refused_with_line_and_column(text: str, line: int, column: int) -> None:
    with pytest.raises(InputError) as refused:
        loads(text, "ir.json")
    assert refused.value.diagnostics[0].origin == Origin("ir.json", line, column)


@pytest.mark.parametrize("text", [b"\xff\xfe", b'{"format": "\xff"}', "[" * 100_000, '{"\\ud800": 1}', '"\\ud800"'])
def test_hostile_input_is_refused_as_input(text: str | bytes) -> None:
    with pytest.raises(InputError):
        loads(text)


def test_a_string_that_is_half_of_a_surrogate_pair_is_refused() -> None:
    text = dumps(PolicyStore(sources=("HERE",))).replace("HERE", "\\ud800")
    with pytest.raises(InputError):
        loads(text)


@settings(deadline=None, max_examples=200)
@given(st.text(max_size=40) | st.binary(max_size=40))
def test_random_input_is_refused_as_input(text: str | bytes) -> None:
    with pytest.raises(InputError):
        loads(text)


# Two validators, one schema.


def test_the_schema_is_one_and_knows_every_value_of_the_model() -> None:
    schema = json.loads(resources.schema("ir.schema.json").read_text(encoding="utf-8"))
    Draft202012Validator.check_schema(schema)
    parts = schema["$defs"]
    for part, enumeration in (("encryption", Encryption), ("integrity", Integrity), ("group", DhGroup)):
        assert parts[part]["enum"] == [member.value for member in enumeration]
    assert parts["settings"]["properties"]["windows"]["enum"] == [member.value for member in WindowsVersion]
    for part, key, kinds in (
        ("store", "kind", StoreKind),
        ("filter_action", "action", Action),
        ("rule", "connection_type", ConnectionType),
    ):
        assert parts[part]["properties"][key]["enum"] == [member.value for member in kinds]


_ODD_VALUES = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-3, 70000),
    st.sampled_from([0.0, 1.5, 6.0, -1.0, 2**40]),
    st.sampled_from(["", "any", "me", "esp", "ah", "local", "null", "1.x", "2.0"]),
    st.just([]),
    st.just({}),
    st.lists(st.integers(0, 9), max_size=3),
)


_OFFERS = (
    QuickModeOffer((AhTransform(Integrity.MD5), EspTransform(Encryption.DES, None)), 3600, 0),
    QuickModeOffer((EspTransform(Encryption.NULL, Integrity.SHA1),)),
)
_METHODS = (Kerberos(), PresharedKey(Secret(KEY)), PresharedKey(None), Certificate("CN=Root", map_to_account=True))
_RICH_STORE = PolicyStore(
    (
        Policy(
            "P",
            MainMode((MainModeOffer(Encryption.TRIPLE_DES, Integrity.SHA1, DhGroup.MODP1024),)),
            (
                Rule("R", "L", "A", _METHODS, AddressRange.parse("192.0.2.1"), ConnectionType.LAN),
                Rule("S", "L", "A", tunnel_endpoint=DnsName("gw", (AddressRange.parse("192.0.2.2"),))),
            ),
            DefaultResponseRule(offers=_OFFERS, origin=Origin("p", 3, 1, 9)),
            store=StoreLocation(StoreKind.DOMAIN, "example.com"),
        ),
        Policy("Q", MainMode(())),
    ),
    (
        FilterList(
            "L",
            (
                Filter(ME, ServerAddress(ServerRole.DNS), 17, ANY_PORT, PortRange(53, 53), origin=Origin("p", 1, 1, 5)),
                Filter(AddressRange.parse("2001:db8::/32"), DnsName("host"), 6, PortRange(1, 9), ANY_PORT),
            ),
        ),
    ),
    (FilterAction("A", Action.NEGOTIATE, _OFFERS, pfs_group=DhGroup.MODP2048), FilterAction("B", Action.BLOCK)),
    HostSettings(3, "stateful", "none", service_disabled=False, windows=WindowsVersion.VISTA),
    (NotUnderstood("goto end", "run time", Origin("p", offset=9)),),
    ("p",),
)
_RICH_DOCUMENT = to_json(_RICH_STORE, with_secrets=True)


def _places(document: object, path: tuple[str | int, ...] = ()) -> list[tuple[str | int, ...]]:
    found = [path]
    if isinstance(document, dict):
        for key, value in document.items():
            found += _places(value, (*path, key))
    elif isinstance(document, list):
        for position, value in enumerate(document):
            found += _places(value, (*path, position))
    return found


@st.composite
def mutated_documents(draw: DrawFn) -> Any:
    """Draw the rich document with one to three values replaced, removed or added."""
    document: Any = copy.deepcopy(_RICH_DOCUMENT)
    for _ in range(draw(st.integers(1, 3))):
        *above, last = draw(st.sampled_from(_places(document)[1:]))
        container = document
        for step in above:
            container = container[step]
        kind = draw(st.sampled_from(["replace", "remove", "add"]))
        if kind == "replace":
            container[last] = draw(_ODD_VALUES)
        elif kind == "remove":
            del container[last]
        elif isinstance(container, dict):
            container[draw(st.sampled_from(["extra", "name", "origin", "secret"]))] = draw(_ODD_VALUES)
        else:
            container.append(draw(_ODD_VALUES))
    return document


@settings(deadline=None, max_examples=60)
@given(stores())
def test_both_validators_accept_what_is_written(store: PolicyStore) -> None:
    document = to_json(store)
    assert is_valid(document)
    assert list(explain(document, "-")) == []


@settings(deadline=None, max_examples=300)
@given(mutated_documents())
def test_both_validators_agree_on_mutated_documents(document: Any) -> None:
    assert is_valid(document) == (next(explain(document, "-"), None) is None)


@settings(deadline=None, max_examples=200)
@given(mutated_documents())
def test_a_mutated_document_is_refused_or_read_back_exactly(document: Any) -> None:
    try:
        store = from_json(document)
    except InputError:
        return
    assert to_json(from_json(to_json(store, with_secrets=True)), with_secrets=True) == to_json(store, with_secrets=True)
