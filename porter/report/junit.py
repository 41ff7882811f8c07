"""JUnit XML, which every continuous-integration service reads: a suite of cases, of which some failed."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from xml.etree import ElementTree

from porter.report.safe import plain, visible

# What XML 1.0 cannot hold, not even as an entity.
_FORBIDDEN = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


@dataclass(frozen=True, slots=True)
class Case:
    """A place or a file. `failure` says what is wrong, `note` what is only told."""

    group: str
    name: str
    failure: str = ""
    note: str = ""
    file: str = ""
    line: int = 0


def suite(name: str, cases: Iterable[Case]) -> str:
    """The XML of one suite."""
    listed = list(cases)
    failed = sum(bool(case.failure) for case in listed)
    totals = {"tests": str(len(listed)), "failures": str(failed), "errors": "0", "skipped": "0"}
    root = ElementTree.Element("testsuites", {"name": "porter", **totals})
    inner = ElementTree.SubElement(root, "testsuite", {"name": _text(name), **totals, "time": "0"})
    for case in listed:
        place = {"file": _text(case.file), "line": str(max(1, case.line))} if case.file else {}
        element = ElementTree.SubElement(
            inner, "testcase", {"classname": _text(case.group), "name": _text(case.name), **place, "time": "0"}
        )
        if case.failure:
            failure = ElementTree.SubElement(element, "failure", {"message": _text(visible(case.failure)[:200])})
            failure.text = _text(case.failure)
        elif case.note:
            ElementTree.SubElement(element, "system-out").text = _text(case.note)
    ElementTree.indent(root)
    return '<?xml version="1.0" encoding="UTF-8"?>\n' + ElementTree.tostring(root, encoding="unicode") + "\n"


def _text(text: str) -> str:
    return _FORBIDDEN.sub("\N{REPLACEMENT CHARACTER}", plain(text))
