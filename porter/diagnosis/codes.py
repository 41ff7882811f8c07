"""Numeric and lettered codes of Ascend's software, spelled out: 107002, ERR00100, EZ9999."""

from __future__ import annotations

import re
from collections.abc import Iterator

from porter.diagnosis.signatures import Table

# A bare number is a code only where a log says so: six digits alone may be anything.
_SAID = r"(?:error|ret|retcode|result|return(?:s|ed)?|code|errno|acl)"
_ACL = re.compile(rf"(?i)\b{_SAID}\b\W{{0,4}}(?:code\b)?\W{{0,4}}(?:is\W{{1,4}})?(\d{{6}})\b")
_ERR = re.compile(r"\bERR(\d\d)(\d{3})\b")
_LETTERS = re.compile(r"\bE([A-Z1-8])(\d{4}|\w{4})\b")


def spelled(text: str, table: Table) -> list[tuple[str, str]]:
    """Each code of the text once, in order, with its meaning."""
    return list(dict.fromkeys(_found(text, table)))


def _found(text: str, table: Table) -> Iterator[tuple[str, str]]:
    bare = text.strip()
    numbers = [bare] if re.fullmatch(r"\d{6}", bare) else _ACL.findall(text)
    for number in numbers:
        meaning = table.acl_codes.get(int(number)) or _range(number, table)
        if meaning:
            yield number, f"ACL: {meaning}"
    for match in _ERR.finditer(text):
        module, kind = table.ascend_modules.get(match[1]), table.ascend_kinds.get(match[2])
        if module and kind:
            yield match[0], f"torch_npu, {module}: {kind}"
    for match in _LETTERS.finditer(text):
        part = table.ascend_letters.get(f"E{match[1]}") or (
            table.ascend_letters.get("E1-E8") if match[1].isdigit() else None
        )
        if part:
            yield match[0], f"CANN, {part}"


def _range(number: str, table: Table) -> str | None:
    for shape, meaning in table.acl_ranges.items():
        if re.fullmatch(shape.replace("x", r"\d"), number):
            return f"{meaning} (the code itself is not in the table)"
    return None
