"""Lists of Python packages in configurations of other tools: Cog's `python_packages`, Ray's `pip`."""

from __future__ import annotations

import re

from porter.artefacts import in_yaml, manifests
from porter.artefacts.dependencies import requirement
from porter.artefacts.page import Page, Reading
from porter.checkout.walk import Entry

_LIST = re.compile(r"(?i)(python|pip)_(packages|requirements|dependencies|install)|pip")
_NAMED = re.compile(rb"(?im)^[\s-]*[\"']?((python|pip)_(packages|requirements|dependencies|install)|pip)[\"']?[ \t]*:")
_REQUIREMENT = re.compile(r"[A-Za-z][\w.-]*(\[[^\]]*\])?\s*([=<>!~;@].*)?|git\+\S+|https?://\S+")


def concerns(entry: Entry) -> bool:
    return entry.kind == "yaml" and not manifests.concerns(entry)


def wants(data: bytes) -> bool:
    """A pin of torch matters, though it names no accelerator."""
    return _NAMED.search(data) is not None


def read(page: Page) -> Reading:
    reading = Reading()
    if not wants(page.data):
        return reading
    items = [
        each
        for each in in_yaml.scalars(page.data)
        if not each.is_key and each.exact and _LIST.fullmatch(each.names[0] if each.names else "")
    ]
    beside = " ".join(each.text for each in items)
    for each in items:
        if _REQUIREMENT.fullmatch(each.text):
            reading.sites += requirement(page, each.text, each.start, each.end, beside=beside)
    return reading
