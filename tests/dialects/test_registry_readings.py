"""From registry content to a policy store: what is found, what is said, and what is refused."""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import pytest
from regipy.registry import RegistryHive
from registry_forms import TEXT_FORMS, Keys, add, hive, keys, pol, reg5

from ipsecmig.dialects import registry
from ipsecmig.dialects.base import Reading, ReadOptions, Source
from ipsecmig.dialects.hive import cells
from ipsecmig.errors import InputError, UsageError
from ipsecmig.model.policy import StoreKind
from ipsecmig.stored.registry import RegistryValue

MACHINE = "HKEY_LOCAL_MACHINE"
IPSEC = rf"{MACHINE}\SOFTWARE\Policies\Microsoft\Windows\IPSec"
LOCAL = rf"{IPSEC}\Policy\Local"
SERVICES = rf"{MACHINE}\SYSTEM\CurrentControlSet\Services"
POLICY = "ipsecPolicy{c0ccd3b2-0000-4000-8000-000000000001}"
MAIN_MODE = "ipsecISAKMPPolicy{c0ccd3b2-0000-4000-8000-000000000002}"

ISAKMP_BLOB = bytes.fromhex(
    "b820dc80c82ed111a89e00a0248d302180000000000000000000000000000000000000000000000000000000000000000000000000000000"
    "807000000000000000000000000000000000000000000000010000000000000003000000000000000000000002000000000000000000000000"
    "000000000000000000000000000000020000000000000000000000807000000000000000"
)
POLICY_BLOB = bytes.fromhex("632120224c4fd111863b00a0248d302104000000302a000000")


def stored(store: str = "Local", name: str = "Servers") -> dict[str, list[RegistryValue]]:
    """Return a policy without rules as the registry of Windows 10 holds it."""
    path = rf"SOFTWARE\Policies\Microsoft\Windows\IPSec\Policy\{store}"
    at = rf"{MACHINE}\{path}"
    return {
        at: [RegistryValue("", 1, ""), RegistryValue("ActivePolicy", 1, rf"{path}\{POLICY}")],
        rf"{at}\{POLICY}": [
            RegistryValue("className", 1, "ipsecPolicy"),
            RegistryValue("name", 1, POLICY),
            RegistryValue("ipsecName", 1, name),
            RegistryValue("ipsecID", 1, POLICY[11:]),
            RegistryValue("ipsecDataType", 4, 256),
            RegistryValue("ipsecData", 3, POLICY_BLOB),
            RegistryValue("ipsecISAKMPReference", 1, rf"{path}\{MAIN_MODE}"),
            RegistryValue("whenChanged", 4, 1656389252),
        ],
        rf"{at}\{MAIN_MODE}": [
            RegistryValue("className", 1, "ipsecISAKMPPolicy"),
            RegistryValue("name", 1, MAIN_MODE),
            RegistryValue("ipsecID", 1, MAIN_MODE[17:]),
            RegistryValue("ipsecDataType", 4, 256),
            RegistryValue("ipsecData", 3, ISAKMP_BLOB),
            RegistryValue("ipsecOwnersReference", 7, (rf"{path}\{POLICY}",)),
            RegistryValue("whenChanged", 4, 1656389252),
        ],
    }


def read(data: bytes, name: str = "x", assumptions: frozenset[str] = frozenset()) -> Reading:
    return registry.read(Source(name, data), ReadOptions(assumptions=assumptions))


def read_keys(paths: Mapping[str, Sequence[RegistryValue]]) -> Reading:
    return read(reg5(keys(paths)))


def codes(reading: Reading) -> list[str]:
    return [d.code for d in reading.diagnostics]


@pytest.mark.parametrize("form", TEXT_FORMS)
def test_a_policy_is_found_in_every_form_of_text(form: str) -> None:
    reading = read(TEXT_FORMS[form](keys(stored())))
    (policy,) = reading.store.policies
    assert (policy.name, policy.assigned, policy.store.kind) == ("Servers", True, StoreKind.LOCAL)
    assert (policy.main_mode.lifetime_seconds, reading.store.not_understood) == (28800, ())
    assert policy.origin.line > 1


@pytest.mark.parametrize("root", [MACHINE, rf"{MACHINE}\SOFTWARE", rf"{MACHINE}\SOFTWARE\Policies", IPSEC, LOCAL])
def test_a_policy_is_found_in_every_kind_of_hive(root: str) -> None:
    (policy,) = read(hive(keys(stored()), root), "s.ipsec").store.policies
    assert (policy.name, policy.assigned) == ("Servers", True)
    assert policy.origin.offset
    assert POLICY in policy.origin.file


def test_stores_are_told_apart() -> None:
    store = read_keys(stored() | stored("Persistent", "Early")).store
    assert {(p.name, p.store.kind, p.assigned) for p in store.policies} == {
        ("Servers", StoreKind.LOCAL, True),
        ("Early", StoreKind.PERSISTENT, True),
    }


def by_group_policy(name: str = POLICY) -> dict[str, list[RegistryValue]]:
    path = f"LDAP://CN={name},CN=IP Security,CN=System,DC=example,DC=com"
    return {rf"{IPSEC}\GPTIPSECPolicy": [RegistryValue("DSIPSECPolicyPath", 1, path)]}


def test_a_policy_of_the_domain_takes_the_place_of_the_local_one() -> None:
    cache = {path: [v for v in found if v.name != "ActivePolicy"] for path, found in stored("Cache", "Domain").items()}
    reading = read_keys(stored() | cache | by_group_policy())
    assert {(p.name, p.assigned) for p in reading.store.policies} == {("Servers", False), ("Domain", True)}
    assert codes(reading) == ["RG007"]


def test_a_policy_of_the_domain_that_is_not_in_the_file_leaves_everything_undecided() -> None:
    store = read_keys(stored() | by_group_policy()).store
    assert [n.reason for n in store.not_understood] != []
    assert POLICY in store.not_understood[0].text


@pytest.mark.parametrize(("whole", "decided"), [(IPSEC, True), (rf"{IPSEC}\GPTIPSECPolicy", True), (LOCAL, False)])
def test_cached_policies_leave_open_what_is_in_force_unless_the_file_says_that(whole: str, decided: bool) -> None:
    cache = {path: found for path, found in stored("Cache", "Domain").items() if not path.endswith("Cache")}
    reading = read_keys(stored() | cache | ({} if whole == LOCAL else {whole: []}))
    assert (reading.store.not_understood == ()) is decided


@pytest.mark.parametrize("where", [LOCAL, rf"{IPSEC}\GPTIPSECPolicy"])
def test_an_assignment_that_is_no_text_leaves_everything_undecided(where: str) -> None:
    name = "ActivePolicy" if where == LOCAL else "DSIPSECPolicyPath"
    store = read_keys(stored() | {where: [RegistryValue(name, 3, b"\1\2")]}).store
    assert [one.text for one in store.not_understood] == [rf"{where}\{name}"]


@pytest.mark.parametrize(
    ("service", "values", "expected"),
    [
        ("IPSec", {"NoDefaultExempt": 1}, (1, None, None)),
        ("PolicyAgent", {"NoDefaultExempt": 3}, (3, None, None)),
        ("IPSec", {"OperationMode": 3}, (None, "stateful", None)),
        ("IPSec", {"OperationMode": 1, "NoDefaultExempt": 0}, (0, "block", None)),
        ("PolicyAgent", {"Start": 4}, (None, None, True)),
        ("PolicyAgent", {"Start": 2}, (None, None, False)),
        ("IPSec", {"Start": 4}, (None, None, None)),
    ],
)
def test_settings_of_the_services(service: str, values: dict[str, int], expected: tuple[object, ...]) -> None:
    paths = {rf"{SERVICES}\{service}": [RegistryValue(name, 4, number) for name, number in values.items()]}
    for form in TEXT_FORMS.values():
        store = read(form(keys(stored() | paths))).store
        found = store.settings
        assert (found.exemptions, found.boot_mode, found.service_disabled) == expected
        assert store.not_understood == ()


def test_settings_that_mean_nothing_known_are_not_understood() -> None:
    paths = {rf"{SERVICES}\IPSec": [RegistryValue("NoDefaultExempt", 4, 9), RegistryValue("OperationMode", 1, "x")]}
    assert len(read_keys(stored() | paths).store.not_understood) == 2
    both = {rf"{SERVICES}\{s}": [RegistryValue("NoDefaultExempt", 4, n)] for s, n in (("IPSec", 1), ("PolicyAgent", 2))}
    assert len(read_keys(stored() | both).store.not_understood) == 1


@pytest.mark.parametrize(
    ("sets", "selected", "exemptions", "said"),
    [
        ({"ControlSet001": 1}, None, 1, []),
        ({"ControlSet001": 1, "CurrentControlSet": 2}, None, 2, []),
        ({"ControlSet001": 1, "ControlSet002": 2}, 2, 2, []),
        ({"ControlSet001": 1, "ControlSet002": 2}, None, 1, ["RG008"]),
    ],
)
def test_the_control_set_that_windows_uses_counts(
    sets: dict[str, int], selected: int | None, exemptions: int, said: list[str]
) -> None:
    system = rf"{MACHINE}\SYSTEM"
    paths = {rf"{system}\{n}\Services\IPSec": [RegistryValue("NoDefaultExempt", 4, e)] for n, e in sets.items()}
    select = {} if selected is None else {rf"{system}\Select": [RegistryValue("Current", 4, selected)]}
    reading = read(hive(keys(paths | select), system))
    assert (reading.store.settings.exemptions, codes(reading)) == (exemptions, ["RG011", *said])


@pytest.mark.parametrize("name", [r"Policy\Local\ipsecThing{1}", r"Policy\Elsewhere", "Extra", r"Policy\Local\a\b"])
def test_keys_that_no_policy_store_has_are_not_understood(name: str) -> None:
    store = read_keys(stored() | {rf"{IPSEC}\{name}": [RegistryValue("x", 1, "y")]}).store
    assert [name in n.text for n in store.not_understood] == [True]


def test_a_value_that_no_policy_store_has_is_not_understood() -> None:
    paths = stored()
    paths[LOCAL].append(RegistryValue("Surprise", 1, "secret"))
    (unknown,) = read_keys(paths).store.not_understood
    assert unknown.text == rf"{LOCAL}\Surprise"


RULES = rf"{MACHINE}\SOFTWARE\Policies\Microsoft\WindowsFirewall\ConSecRules"
OF_THE_HOST = rf"{SERVICES}\SharedAccess\Parameters\FirewallPolicy\ConSecRules"
RULE = "v2.10|Action=Secure|Active=TRUE|Name=Servers|EP2_4=10.0.0.0/255.0.0.0|"


@pytest.mark.parametrize("path", [RULES, OF_THE_HOST])
@pytest.mark.parametrize("write", [reg5, pol, add, lambda found: hive(found, MACHINE)])
def test_connection_security_rules_become_a_policy(path: str, write: Callable[[Keys], bytes]) -> None:
    (policy,) = read(write(keys({path: [RegistryValue("{1}", 1, RULE)]}))).store.policies
    assert [rule.name for rule in policy.rules] == ["Servers"]


def test_policies_of_both_kinds_are_in_force_at_once() -> None:
    reading = read_keys(stored() | {RULES: [RegistryValue("{1}", 1, RULE)]})
    assert len(reading.store.policies) == 2
    assert "RG009" in codes(reading)
    assert reading.store.not_understood != ()


def test_deletions_are_said() -> None:
    text = reg5(keys(stored())).decode("utf-16").replace("[HKEY", f"[-{LOCAL}]\r\n\r\n[HKEY", 1)
    reading = read(text.encode("utf-16"))
    assert codes(reading) == ["RG005"]
    assert [p.name for p in reading.store.policies] == ["Servers"]


@pytest.mark.parametrize(
    ("data", "name", "code"),
    [
        (reg5(keys({rf"{MACHINE}\SOFTWARE\Other": []})), "x.reg", "RG001"),
        (reg5(keys(stored() | {rf"{MACHINE}\old\Policies\Microsoft\Windows\IPSec": []})), "x.reg", "RG002"),
        (reg5(keys({rf"{LOCAL}\{'a' * 3}{chr(92)}{chr(92).join('x' * 600)}": []})), "x.reg", "RG004"),
        (b"no hive", "x.ipsec", "RG041"),
        (b"\0\1\2", "x.wfw", "RG041"),
        (hive(keys({rf"{MACHINE}\SOFTWARE\Other": []}), MACHINE), "x", "RG001"),
        (hive(keys(stored()), MACHINE)[:4096], "x", "RG042"),
        (pol(keys(stored()))[:-1], "x.pol", "RG044"),
        (b"PReg\x02\0\0\0", "x.pol", "RG044"),
    ],
)
def test_what_cannot_be_read_is_one_clear_error(data: bytes, name: str, code: str) -> None:
    with pytest.raises(InputError) as caught:
        read(data, name)
    assert [d.code for d in caught.value.diagnostics] == [code]
    assert caught.value.diagnostics[0].origin.file.startswith(name)


@pytest.mark.parametrize("limit", ["_CELL_LIMIT", "_READ_LIMIT"])
def test_what_would_take_too_long_in_a_hive_is_one_error(monkeypatch: pytest.MonkeyPatch, limit: str) -> None:
    monkeypatch.setattr(cells, limit, {"_CELL_LIMIT": 20, "_READ_LIMIT": 0}[limit])
    with pytest.raises(InputError) as caught:
        read(hive(keys(stored()), MACHINE))
    assert [d.code for d in caught.value.diagnostics] == ["RG042"]


def test_values_that_share_their_data_are_not_copied_for_each() -> None:
    """Thousands of values with one large piece of data: the file is small, what it says would not be."""
    big = bytes(1 << 16)
    values = [RegistryValue(f"v{number}", 3, big if number == 0 else b"12345") for number in range(2000)]
    data = bytearray(hive(keys({LOCAL: values}), MACHINE))
    first = re.search(rb"vk\x02\0(.{8})\x03\0\0\0", data, re.DOTALL)
    assert first is not None
    shared = re.sub(
        rb"(vk..)(?:\x05\0\0\0.{4})(?=\x03\0\0\0)", rb"\1" + re.escape(first[1]), bytes(data), flags=re.DOTALL
    )
    with pytest.raises(InputError, match="lists of many"):
        read(shared)


def test_a_hive_of_a_running_system_is_said_to_be_incomplete() -> None:
    assert codes(read(hive(keys(stored()), MACHINE, clean=False))) == ["RG011", "RG043"]


# --- scripts ---

SCRIPT = add(keys(stored())).decode()


def test_variables_and_comments_of_a_batch_file_work() -> None:
    text = SCRIPT.replace("HKLM\\SOFTWARE", "%ROOT%\\SOFTWARE").replace("@echo off", "set ROOT=HKLM\nrem Reg.exe add x")
    assert [p.name for p in read(text.encode(), "x.cmd").store.policies] == ["Servers"]


def test_what_depends_on_run_time_leaves_everything_undecided() -> None:
    line = next(line for line in SCRIPT.splitlines() if "ActivePolicy" in line)
    text = SCRIPT.replace(line, f"if exist c:\\x {line}")
    reading = read(text.encode(), "x.cmd")
    assert "RG030" in codes(reading)
    assert reading.store.not_understood != ()
    settled = read(text.encode(), "x.cmd", assumptions=frozenset({"conditions"}))
    assert ([p.assigned for p in settled.store.policies], settled.store.not_understood) == ([True], ())


@pytest.mark.parametrize(
    "command",
    [
        rf'reg add "{LOCAL}" /v a /t REG_THING /d 1 /f',
        rf'reg add "{LOCAL}" /v a /t REG_DWORD /d x /f',
        rf'reg add "{LOCAL}" /v a /t REG_BINARY /d 123 /f',
        rf'reg add "{LOCAL}" /d 123 /f',
        rf'reg add "{LOCAL}" /v a b c /f',
        rf'reg add "{LOCAL}" /z /f',
        rf'reg add "\\host\{LOCAL}" /v a /d b /f',
        rf'reg copy HKCU\x "{LOCAL}" /s /f',
        "reg import more.reg",
        r"reg restore HKLM\SOFTWARE\Policies more.hiv",
        "netsh ipsec dynamic set config property=ipsecexempt value=3",
    ],
)
def test_commands_that_are_refused_or_not_known_leave_everything_undecided(command: str) -> None:
    store = registry.read(Source("x.cmd", f"{SCRIPT}{command}\r\n".encode()), ReadOptions(), "reg-add").store
    assert len(store.not_understood) == 1
    assert [p.name for p in store.policies] == ["Servers"]


@pytest.mark.parametrize("option", ["/v ActivePolicy", "/va"])
def test_deleted_values_are_gone(option: str) -> None:
    store = read(f'{SCRIPT}reg delete "{LOCAL}" {option} /f\r\n'.encode(), "x.cmd").store
    assert [p.assigned for p in store.policies] == [False]


def test_other_commands_of_a_script_bear_on_the_host() -> None:
    text = (
        f"{SCRIPT}reg add HKLM\\SYSTEM\\CurrentControlSet\\Services\\IPSec /v NoDefaultExempt /t REG_DWORD /d 3 /f\r\n"
    )
    store = read(f"{text}sc config policyagent start= disabled\r\nreg query HKLM\\x\r\n".encode(), "x.cmd").store
    assert (store.settings.exemptions, store.settings.service_disabled, store.not_understood) == (3, True, ())


@pytest.mark.parametrize("key", [b"S\0e\0c\0r\0e\0t\0K\0e\0y\0" * 4])
def test_keys_in_blobs_are_never_shown(key: bytes) -> None:
    command = rf'reg add "{LOCAL}\ipsecNFA{{1}}" /v ipsecData /t REG_BINARY /d "{key.hex()}" /f'
    for text in (
        f"{SCRIPT}if exist x {command}\r\n",
        f"{SCRIPT}{command} /q\r\n",
        f"{SCRIPT}{command.replace('/d', '-d')} /q\r\n",
        f"{SCRIPT}{command.replace('/d', chr(34) + '/d' + chr(34))} /q\r\n",
        f"{SCRIPT}{command} /{key.hex()}\r\n",
        f"if exist x {command.replace('/d', '-d')}\r\n{SCRIPT}",
        f"if defined x {command.replace('/d', chr(34) + '/d' + chr(34))}\r\n{SCRIPT}",
        f"for %%x in (*.y) do {command.replace('/d', '-d')} /v %%x\r\n{SCRIPT}",
        f"{command}\r\nnetsh ipsec static x",
    ):
        for forced in ("reg-add", "netsh-static"):
            try:
                reading = registry.read(Source("x.cmd", text.encode()), ReadOptions(), forced)
                shown = repr((reading.store, reading.diagnostics))
            except InputError as error:
                shown = repr(error.diagnostics)
            assert key.hex()[:40] not in shown.lower()


def test_without_regipy_a_hive_is_a_usage_error_that_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "regipy", None)
    with pytest.raises(UsageError, match=r"ipsecmig\[hive\]"):
        read(hive(keys(stored()), MACHINE))


def test_regipy_reads_the_hives_of_these_tests(tmp_path: Path) -> None:
    """What the writer of the tests makes is a hive to a reader that knows neither it nor ours."""
    path = tmp_path / "hive"
    path.write_bytes(hive(keys(stored()), MACHINE))
    opened = RegistryHive(str(path))  # type: ignore[no-untyped-call]  # regipy annotates little
    key = opened.get_key(rf"\{LOCAL.removeprefix(MACHINE)[1:]}\{POLICY}")  # type: ignore[no-untyped-call]
    assert {value.name: value.value for value in key.iter_values(trim_values=False)}["ipsecName"] == "Servers"


def test_a_damaged_line_of_reg_query_is_not_taken_for_more_of_the_value_before() -> None:
    text = TEXT_FORMS["query"](keys(stored())).decode("cp850")
    line = next(line for line in text.splitlines() if "ipsecISAKMPReference" in line)
    for damaged in (line[1:], line.replace("    ", " "), line.replace("    ", "\t   ")):
        with pytest.raises(InputError) as caught:
            registry.read(Source("x", text.replace(line, damaged).encode("cp850")), ReadOptions(), "reg-query")
        assert [d.code for d in caught.value.diagnostics] == ["RG022"]
