"""What a host is, from whatever it answers: in every language, and not led astray by nonsense."""

from __future__ import annotations

from pathlib import Path

import pytest
from host_evidence import TIME, UTF_8, system_of
from hypothesis import given
from hypothesis import strategies as st

from ipsecmig.remote.commands import REGISTRY_JSON, REGISTRY_LINES, REGISTRY_TEXT, SURVEY, Command, evidence
from ipsecmig.remote.evidence import Answered, Endpoint, read_evidence, write_evidence
from ipsecmig.remote.survey import describe, gather
from ipsecmig.testing.host import Host
from ipsecmig.testing.languages import Language
from ipsecmig.testing.releases import TRAITS, Release


class Asked:
    """Answers as a host, and remembers what it was asked."""

    def __init__(self, host: Host, failing: Command | None = None) -> None:
        self._host = host
        self._failing = failing
        self.commands: list[Command] = []

    def run(self, command: Command) -> Answered:
        self.commands.append(command)
        answer = self._host.run(command.line, UTF_8)
        code = 1 if command is self._failing else answer.exit_code
        return Answered(command, answer.stdout, answer.stderr, code, TIME, TIME)


@pytest.mark.parametrize("release", Release)
@pytest.mark.parametrize("language", Language)
def test_a_host_is_described(release: Release, language: Language) -> None:
    host = Host(release=release, language=language)
    asked = Asked(host)
    system, answers = gather(asked.run)
    traits = TRAITS[release]
    pack = f"Service Pack {traits.service_pack}" if traits.service_pack else ""
    expected = system_of(host)
    assert (system.service_pack, system.version, system.product) == (pack, expected.version, expected.product)
    assert (system.language, system.powershell) == (expected.language, expected.powershell)
    assert (system.ansi_code_page, system.oem_code_page) == (expected.ansi_code_page, expected.oem_code_page)
    assert system.code_page == UTF_8
    assert asked.commands == [*SURVEY, *evidence(traits.powershell_major)]
    assert [answer.command for answer in answers] == asked.commands


@pytest.mark.parametrize(
    ("release", "script"), [(Release.WINDOWS_2008, REGISTRY_LINES), (Release.WINDOWS_2025, REGISTRY_JSON)]
)
def test_a_host_whose_powershell_fails_is_asked_otherwise(release: Release, script: Command) -> None:
    asked = Asked(Host(release=release), failing=script)
    gather(asked.run)
    assert asked.commands[-len(REGISTRY_TEXT) :] == list(REGISTRY_TEXT)


NONSENSE = st.one_of(
    st.binary(max_size=60),
    st.text("0123456789-x_. REGSZDWO\r\n\t", max_size=60).map(lambda text: b"    ACP    REG_SZ    " + text.encode()),
)


@given(outputs=st.lists(NONSENSE, min_size=len(SURVEY), max_size=len(SURVEY)))
def test_nonsense_is_kept_and_can_be_read_back(tmp_path_factory: pytest.TempPathFactory, outputs: list[bytes]) -> None:
    answers = [Answered(command, out, b"", 0, TIME, TIME) for command, out in zip(SURVEY, outputs, strict=True)]
    folder: Path = tmp_path_factory.mktemp("nonsense") / "host"
    write_evidence(folder, Endpoint("host", 5986, "https", "ntlm"), describe(answers), answers)
    assert read_evidence(folder).manifest.system == describe(answers)
