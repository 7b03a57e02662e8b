"""`ipsecmig probe --ping` against charon with the kernel's ESP and AH: it answers an echo request."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from ipsecmig.model.targets import OutputFile
from lab.charon import missing_charon, open_charon
from lab.harness import HOST_ADDRESS, Lab, missing, open_lab
from lab.test_probe_charon import KEY, Prober, Settings

pytestmark = pytest.mark.lab

POLICY = f"""
netsh ipsec static add policy name="Lab" assign=yes mmsecmethods="3DES-SHA1-2"
netsh ipsec static add filterlist name="L"
netsh ipsec static add filter filterlist="L" srcaddr=me dstaddr={HOST_ADDRESS}
netsh ipsec static add filteraction name="P" action=negotiate qmsecmethods="{{methods}}"
netsh ipsec static add rule name="R" policy="Lab" filterlist="L" filteraction="P" kerberos=no psk="{KEY}"
"""


@pytest.fixture(scope="module")
def module_lab() -> Iterator[Lab]:
    if missing() or missing_charon():
        pytest.skip(missing() or missing_charon())
    with open_lab() as lab:
        yield lab


@pytest.mark.parametrize(
    ("methods", "proposals"),
    [
        ("ESP[3DES,SHA1]", "esp_proposals = 3des-sha1"),
        ("ESP[NONE,SHA1]", "esp_proposals = null-sha1"),
        ("AH[SHA1]", "ah_proposals = sha1"),
    ],
    ids=["3des", "null", "ah"],
)
def test_the_kernel_answers_the_echo(module_lab: Lab, tmp_path: Path, methods: str, proposals: str) -> None:
    (tmp_path / "policy.cmd").write_text(POLICY.format(methods=methods))
    text = Settings(local="dynamic").file().content.decode().replace("dynamic[tcp]", "dynamic")
    words = text.replace("esp_proposals = 3des-sha1", proposals)
    with open_charon(module_lab.host) as charon:
        charon.loads([OutputFile("swanctl.conf", words.encode(), secret=True)])
        code, found = Prober(module_lab, charon, tmp_path).run("--ping")
    assert (code, found["outcome"]) == (0, "established")
    assert found["echo"]["reason"] == f"{HOST_ADDRESS} answered under protection"
