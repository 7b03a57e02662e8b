"""Settings from `ipsecmig.toml` and `pyproject.toml`."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path

import pytest
from fake_parts import Cli, FakeTargets, loss

from ipsecmig.cli import settings
from ipsecmig.cli.app import COMMANDS, load_command
from ipsecmig.cli.groups import with_groups
from ipsecmig.cli.lint import Level, ReportFormat, Threshold, lint
from ipsecmig.model.targets import SecurityDirection


def test_setting_stands_in_for_a_flag_and_a_flag_wins(cli: Cli, folder: Path, fakes: FakeTargets) -> None:
    fakes.losses = (loss(SecurityDirection.FAILS_OPEN),)
    (folder / "ipsecmig.toml").write_text('to = ["fake", "other"]\nfail-on = "never"\n')
    assert cli("convert", "policy.fake").code == 0
    assert cli("convert", "policy.fake", "--fail-on", "open").code == 1
    assert "other.conf" not in cli("convert", "policy.fake", "--to", "fake").out


def test_settings_in_a_project_file_further_up(cli: Cli, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (folder / "pyproject.toml").write_text('[tool.ipsecmig]\nto = "other"\n')
    (folder / "deep").mkdir()
    (folder / "deep" / "pyproject.toml").write_text("[project]\nname = 'not ipsecmig'\n")
    monkeypatch.chdir(folder / "deep")
    assert "other.conf" in cli("convert", "../policy.fake").out


def test_own_file_goes_before_the_project_file(folder: Path) -> None:
    (folder / "pyproject.toml").write_text('[tool.ipsecmig]\npolicy = "far"\nquiet = true\n')
    (folder / "ipsecmig.toml").write_text('policy = "near"\n')
    assert settings.load_settings(folder) == {"policy": "near"}


def test_paths_count_from_the_file(folder: Path) -> None:
    (folder / "ipsecmig.toml").write_text('site = "lan/site.yaml"\ndefine = {DC = "10.0.0.1"}\n')
    loaded = settings.load_settings(folder / "some" / "where")
    assert loaded == {"site": str(folder / "lan" / "site.yaml"), "define": ["DC=10.0.0.1"]}


@pytest.mark.parametrize(
    ("name", "text", "said"),
    [
        ("ipsecmig.toml", "\nfiorce = true\n", 'ipsecmig.toml:2:1: CLI010 error: there is no setting "fiorce"'),
        ("ipsecmig.toml", "force = true\n", 'there is no setting "force"'),
        ("ipsecmig.toml", "with-secrets = true\n", 'there is no setting "with-secrets"'),
        ("ipsecmig.toml", 'fail-on = "sometimes"\n', "expected: one of open, needs-human, closed, never"),
        ("ipsecmig.toml", "windows = 2003\n", "expected: one of 2000, xp, 2003, vista"),
        ("ipsecmig.toml", "me = [1]\n", "expected: a list of strings"),
        ("ipsecmig.toml", "a = 1\nb = \n", "ipsecmig.toml:2:1: CLI010 error: is no TOML"),
        ("ipsecmig.toml", "[to.x]\ny = 1\n", "ipsecmig.toml:1:1: CLI010 error"),
        (
            "pyproject.toml",
            "[tool.other]\ncolour = 1\n[tool.ipsecmig]\ncolour = 1\n",
            'pyproject.toml:4:1: CLI010 error: there is no setting "colour"',
        ),
        ("pyproject.toml", "[tool.ipsecmig\n", "pyproject.toml:1:1: CLI010 error: is no TOML"),
    ],
)
def test_mistake_is_an_error_with_file_and_line(cli: Cli, folder: Path, name: str, text: str, said: str) -> None:
    (folder / name).write_text(text)
    result = cli("show", "policy.fake")
    assert result.code == 2
    assert said in result.err
    assert cli("show", "--help").code == 0


def test_not_utf8(cli: Cli, folder: Path) -> None:
    (folder / "ipsecmig.toml").write_bytes(b'policy = "\xff"\n')
    result = cli("show", "policy.fake")
    assert (result.code, "is not UTF-8" in result.err) == (2, True)


def test_every_key_is_an_option_of_some_command() -> None:
    parameters = {name for command in map(load_command, COMMANDS) for name in with_groups(command).__annotations__}
    assert {parameter for parameter, _ in settings.KEYS.values()} <= parameters
    assert {parameter for parameter, _ in settings.LINT_KEYS.values()} <= set(with_groups(lint).__annotations__)


@pytest.mark.parametrize(
    ("key", "option"), [("fail-on", Threshold), ("format", ReportFormat), ("severity", Level)], ids=str
)
def test_settings_of_lint_take_what_the_options_take(key: str, option: type[StrEnum]) -> None:
    kind = settings.LINT_KEYS[key][1]
    assert kind.expected == "one of " + ", ".join(option)
