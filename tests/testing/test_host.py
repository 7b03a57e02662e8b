"""The model of a host answers as the release, the language and the code page would have it."""

from __future__ import annotations

import json
import re
from base64 import b64decode

import pytest
from hypothesis import given
from hypothesis import strategies as st
from windows_hosts import EXPECTED, FILTER, KEYS, LOCAL, POLICY, from_json, from_lines, from_reg_query

from ipsecmig.remote.commands import (
    COMMANDS,
    POLICIES,
    REGISTRY_JSON,
    REGISTRY_LINES,
    REGISTRY_TEXT,
    SHOW_ALL,
    SHOW_ASSIGNED,
    SURVEY,
    evidence,
)
from ipsecmig.stored.registry import RegistryKey, RegistryValue, ValueType
from ipsecmig.testing.answer import Answer
from ipsecmig.testing.host import Host
from ipsecmig.testing.languages import SPEECH, UTF_8, Language
from ipsecmig.testing.registry import Registry, raw
from ipsecmig.testing.releases import TRAITS, Release

QUERY_POLICIES = next(c for c in REGISTRY_TEXT if POLICIES.path in c.line).line


def under_policies(values: dict[str, object]) -> dict[str, object]:
    return {path: found for path, found in values.items() if path.startswith(LOCAL)}


@pytest.mark.parametrize("release", [Release.WINDOWS_2012, Release.WINDOWS_2025])
def test_powershell_gives_the_registry_as_json(release: Release) -> None:
    answer = Host(release=release, keys=KEYS).run(REGISTRY_JSON.line)
    values, states = from_json(answer.stdout)
    assert under_policies({**values}) == EXPECTED
    assert set(states.values()) == {"absent"}
    assert answer.exit_code == 0


@pytest.mark.parametrize("release", [Release.WINDOWS_2008, Release.WINDOWS_2012])
def test_any_powershell_gives_the_registry_as_lines(release: Release) -> None:
    values, states = from_lines(Host(release=release, keys=KEYS).run(REGISTRY_LINES.line).stdout)
    assert under_policies({**values}) == EXPECTED
    assert set(states.values()) == {"absent"}


def test_powershell_2_knows_no_json() -> None:
    answer = Host(release=Release.WINDOWS_2008, keys=KEYS).run(REGISTRY_JSON.line)
    assert (answer.stdout, answer.exit_code) == (b"", 1)


@pytest.mark.parametrize("language", Language)
def test_a_host_without_powershell_says_so_in_its_language(language: Language) -> None:
    answer = Host(release=Release.WINDOWS_2003, language=language).run(REGISTRY_LINES.line)
    assert (answer.stdout, answer.exit_code) == (b"", 1)
    assert "powershell" in answer.stderr.decode(f"cp{SPEECH[language].oem}")


def test_a_script_of_others_is_not_pretended_to_run() -> None:
    answer = Host().run("powershell -EncodedCommand RwBlAHQALQBEAGEAdABlAA==")
    assert answer.exit_code == 1
    assert answer.stderr


@pytest.mark.parametrize("script", [REGISTRY_JSON.line, REGISTRY_LINES.line])
def test_a_key_that_may_not_be_read_is_said_to_be_so(script: str) -> None:
    host = Host(release=Release.WINDOWS_2012, keys=KEYS, denied=(LOCAL.upper(),))
    read = from_json if script == REGISTRY_JSON.line else from_lines
    values, states = read(host.run(script).stdout)
    assert states[LOCAL] == "SecurityException"
    assert not any(path.startswith(LOCAL) for path in values)


@pytest.mark.parametrize("release", Release)
def test_reg_query_lists_a_key_with_all_below(release: Release) -> None:
    text = Host(release=release, language=Language.CHINESE, keys=KEYS).run(QUERY_POLICIES, UTF_8).stdout.decode()
    old = release is Release.WINDOWS_2003
    assert text.startswith("\r\n! REG.EXE VERSION 3.0\r\n\r\nHKEY_LOCAL_MACHINE" if old else "\r\nHKEY_LOCAL_MACHINE")
    assert text.endswith("\r\n\r\n")
    keys = from_reg_query(text)
    policies = LOCAL.rpartition("\\Policy\\")[0]
    assert list(keys) == [policies, policies + "\\Policy", LOCAL, FILTER, FILTER + "\\below", POLICY]
    assert keys[LOCAL]["<NO NAME>" if old else "(默认)"] == ("REG_SZ", "")
    values = keys[POLICY]
    assert values["ipsecName"] == ("REG_SZ", "Schutz für Ärzte 保護")
    assert values["ipsecDataType"] == ("REG_DWORD", "0x100")
    assert values["ipsecData"] == ("REG_BINARY", bytes(range(25)).hex().upper())
    assert values["ipsecNFAReference"] == ("REG_MULTI_SZ", r"one\0two\0\0" if old else r"one\0two")


def test_the_old_reg_puts_tabs_and_the_new_one_blanks() -> None:
    line = f'reg query "{POLICY}"'
    old = Host(release=Release.WINDOWS_2003, keys=KEYS).run(line).stdout
    new = Host(release=Release.WINDOWS_2008, keys=KEYS).run(line).stdout
    assert b"\r\n    className\tREG_SZ\tipsecPolicy\r\n" in old
    assert b"\r\n    className    REG_SZ    ipsecPolicy\r\n" in new


@pytest.mark.parametrize(
    "line", [r"reg query hklm\software\policies", r'REG.EXE  Query "HKEY_LOCAL_MACHINE\SOFTWARE\Policies\"']
)
def test_without_s_subkeys_are_only_named(line: str) -> None:
    text = Host(keys=KEYS).run(line).stdout.decode()
    path = re.sub("^hklm", "HKEY_LOCAL_MACHINE", line.split()[-1].strip('"').rstrip("\\"))
    assert text == f"\r\n{path}\r\n{path}\\Microsoft\r\n\r\n"


@pytest.mark.parametrize(("language", "page"), [(Language.GERMAN, 850), (Language.CHINESE, 936)])
def test_without_a_code_page_the_oem_one_is_used(language: Language, page: int) -> None:
    output = Host(language=language, keys=KEYS).run(QUERY_POLICIES).stdout
    expected = "Schutz für Ärzte 保護".encode(f"cp{page}", "replace")
    assert expected in output


@pytest.mark.parametrize("page", [None, 12345])
def test_an_unknown_code_page_leaves_the_oem_one(page: int | None) -> None:
    host = Host(language=Language.GERMAN, keys=KEYS)
    assert host.run(QUERY_POLICIES, page) == host.run(QUERY_POLICIES, 850)


@pytest.mark.parametrize("release", Release)
@pytest.mark.parametrize("language", Language)
def test_a_missing_key_is_an_error_on_the_other_stream(release: Release, language: Language) -> None:
    answer = Host(release=release, language=language).run(r'reg query "HKLM\SOFTWARE\Nothing"', UTF_8)
    assert (answer.stdout, answer.exit_code) == (b"", 1)
    assert SPEECH[language].no_such_key in answer.stderr.decode()


def test_reg_query_says_when_it_may_not_read() -> None:
    answer = Host(keys=KEYS, denied=(POLICY,)).run(QUERY_POLICIES)
    assert (answer.stdout, answer.stderr, answer.exit_code) == (b"", b"ERROR: Access is denied.\r\n", 1)


@pytest.mark.parametrize("release", Release)
def test_the_survey_tells_release_language_and_powershell(release: Release) -> None:
    host = Host(release=release, language=Language.GERMAN)
    answers = {command.name: host.run(command.line) for command in SURVEY}
    text = b"".join(answer.stdout for answer in answers.values()).decode("cp850")
    values = {name: data for key in from_reg_query(text).values() for name, (_, data) in key.items()}
    assert values["CurrentBuildNumber"] == str(TRAITS[release].version[2])
    assert (values["ACP"], values["OEMCP"], values["InstallLanguage"]) == ("1252", "850", "0407")
    assert answers["code-page"].stdout == b"Aktive Codepage: 850.\r\n"
    found = [answers[f"reg-powershell-{number}"].exit_code == 0 for number in (1, 3)]
    major = TRAITS[release].powershell_major
    assert found == [major > 0, major >= 3]
    understood = [command for command in evidence(major) if command not in REGISTRY_TEXT]
    assert all(host.run(command.line).exit_code == 0 for command in understood)


def test_windows_10_and_later_keep_the_old_version_number() -> None:
    text = Host(release=Release.WINDOWS_2025).run(SURVEY[1].line).stdout.decode()
    values = next(iter(from_reg_query(text).values()))
    assert values["CurrentVersion"] == ("REG_SZ", "6.3")
    assert values["CurrentMajorVersionNumber"] == ("REG_DWORD", "0xa")


def test_netsh_names_the_policies_and_the_assigned_one() -> None:
    host = Host(language=Language.GERMAN, keys=KEYS)
    shown = host.run(SHOW_ALL.line).stdout.decode("cp850")
    assert re.search(r"^Policy Name +: Schutz für Ärzte \?\?\r$", shown, re.MULTILINE)
    assert re.search(r"^Assigned +: YES\r$", shown, re.MULTILINE)
    assigned = host.run(SHOW_ASSIGNED.line).stdout.decode("cp850")
    assert re.search(r"^Local IPsec Policy Name *: Schutz für Ärzte \?\?\r$", assigned, re.MULTILINE)


def test_netsh_says_when_there_is_nothing_and_when_it_may_not_look() -> None:
    assert Host().run(SHOW_ALL.line) == Answer(b"ERR IPsec[05072] : No Policies in Policy Store\r\n")
    assert b"05073" in Host(keys=KEYS, denied=(LOCAL,)).run(SHOW_ALL.line).stdout


@pytest.mark.parametrize(("release", "obeys"), [(Release.WINDOWS_2008, False), (Release.WINDOWS_2012, True)])
def test_old_netsh_does_not_heed_the_code_page(release: Release, obeys: bool) -> None:
    shown = Host(release=release, language=Language.GERMAN, keys=KEYS).run(SHOW_ALL.line, UTF_8).stdout
    assert ("Schutz für Ärzte".encode() in shown) == obeys


def test_answers_of_ones_own_go_first() -> None:
    mine = Answer(b"mine", b"", 7)
    host = Host(answers={"ipconfig /all": mine, SHOW_ALL.line: mine})
    assert host.run(" ipconfig /all ") == host.run(SHOW_ALL.line) == mine


def test_what_is_no_command_is_none_of_the_host() -> None:
    answer = Host().run("format c:")
    assert answer.exit_code == 1
    assert answer.stderr.startswith(b"'format' is not recognized")


@pytest.mark.parametrize("release", Release)
def test_every_command_prints_either_what_was_asked_for_or_an_error(release: Release) -> None:
    host = Host(release=release)
    for command in COMMANDS:
        answer = host.run(command.line)
        assert (answer.exit_code == 0, answer.exit_code == 0) == (bool(answer.stdout), not answer.stderr), command.name


TEXT = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=8)
VALUES = st.one_of(
    st.builds(RegistryValue, TEXT, st.just(ValueType.SZ), TEXT),
    st.builds(RegistryValue, TEXT, st.just(ValueType.BINARY), st.binary(max_size=40)),
    st.builds(RegistryValue, TEXT, st.just(ValueType.DWORD), st.integers(0, 2**32 - 1)),
    st.builds(RegistryValue, TEXT, st.just(ValueType.QWORD), st.integers(0, 2**64 - 1)),
    st.builds(RegistryValue, TEXT, st.just(ValueType.MULTI_SZ), st.lists(TEXT.filter(bool), max_size=3).map(tuple)),
)


@given(st.lists(st.tuples(st.sampled_from(["a", "b", r"a\c", r"a\c\d", "e f"]), st.lists(VALUES, max_size=4))))
def test_both_scripts_tell_the_same(parts: list[tuple[str, list[RegistryValue]]]) -> None:
    keys = tuple(RegistryKey(f"{LOCAL}\\{path}", {v.name.lower(): v for v in values}) for path, values in parts)
    host = Host(release=Release.WINDOWS_2025, keys=keys)
    by_json = from_json(host.run(REGISTRY_JSON.line).stdout)
    assert by_json == from_lines(host.run(REGISTRY_LINES.line).stdout)
    for key in Registry(keys).walk(LOCAL):
        assert by_json[0][key.path] == [(v.name, v.type, raw(v)) for v in key.values.values()]


def test_json_is_utf_8_below_the_base64() -> None:
    output = Host(keys=(RegistryKey(LOCAL + "\\ключ", {}),)).run(REGISTRY_JSON.line).stdout
    assert any(key["p"].endswith("ключ") for key in json.loads(b64decode(output).decode("utf-8"))["keys"])
