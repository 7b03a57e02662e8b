"""What lint found as JUnit XML, in the form that GitLab, Jenkins and others read.

Each finding is a test case. It fails from the threshold of `--fail-on` on; one below passes and is told in its output,
one that is suppressed or known is skipped, and what is undecided is an error. A rule that found nothing passes.
"""

from __future__ import annotations

from typing import TYPE_CHECKING
from xml.etree.ElementTree import Element, SubElement, indent, tostring

from ipsecmig.cli.linting.report import Judged, Report, witness_text
from ipsecmig.cli.text import visible
from ipsecmig.diagnostics import place

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ipsecmig.cli.linting.reported import Reported, Undecided
    from ipsecmig.diagnostics import Severity


def junit_text(report: Report, passed: Sequence[str], threshold: Severity | None) -> str:
    """Return the report as an XML document; `passed` are the rules that ran and found nothing."""
    root = Element("testsuites", name="ipsecmig lint")
    suite = SubElement(root, "testsuite", name=_clean(", ".join(report.sources)), time="0")
    for judged in report.judged:
        _finding(suite, judged, threshold)
    for doubt in report.undecided:
        _undecided(suite, doubt)
    for code in passed:
        SubElement(suite, "testcase", classname="rules", name=code, time="0")
    for element in (root, suite):
        element.set("tests", str(len(suite)))
        for count, tag in (("failures", "failure"), ("errors", "error"), ("skipped", "skipped")):
            element.set(count, str(sum(1 for _ in suite.iter(tag))))
    indent(root)
    return '<?xml version="1.0" encoding="UTF-8"?>\n' + tostring(root, encoding="unicode") + "\n"


def _finding(suite: Element, judged: Judged, threshold: Severity | None) -> None:
    one = judged.reported
    origin = one.subject.origin
    name = _clean(f"{one.code} {one.subject.text}" + (f" #{judged.identity.number}" * (judged.identity.number > 1)))
    case = SubElement(suite, "testcase", classname=_clean(origin.file), name=name, time="0", file=_clean(origin.file))
    if origin.line:
        case.set("line", str(origin.line))
    if judged.suppression is not None:
        SubElement(case, "skipped", message=_clean(f"suppressed: {judged.suppression.reason}"))
    elif judged.known:
        SubElement(case, "skipped", message="known from the baseline")
    elif threshold is not None and one.severity >= threshold:
        failure = SubElement(case, "failure", type=f"{one.code} {one.severity.label}", message=_clean(one.message))
        failure.text = _details(one)
    else:
        SubElement(case, "system-out").text = _details(one)


def _details(one: Reported) -> str:
    lines = [f"{place(one.subject.origin)}: {one.code} {one.severity.label}: {one.message}", one.subject.text]
    lines += [] if one.witness is None else [f"packet: {witness_text(one.witness)}"]
    lines += [f"also: {other.text} ({place(other.origin)})" for other in one.related]
    lines += [f"advice: {one.advice}"] if one.advice else []
    return "\n".join(_clean(line) for line in lines)


def _undecided(suite: Element, one: Undecided) -> None:
    file = _clean(one.subject.origin.file)
    case = SubElement(suite, "testcase", classname=file, name=_clean(f"undecided {one.subject.text}"), time="0")
    SubElement(case, "error", type="undecided", message=_clean(one.reason)).text = _clean(place(one.subject.origin))


def _clean(text: str) -> str:
    """Return `text` without the characters that XML 1.0 (2.2) has not."""
    return visible(text)
