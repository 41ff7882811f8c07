"""The port as a unified diff that git applies: byte for byte, with names quoted as git quotes them."""

from __future__ import annotations

import difflib
import os
import re
from collections.abc import Iterator

from porter.model import FilePlan, Plan

CONTEXT = 3
ESCAPES = {7: "a", 8: "b", 9: "t", 10: "n", 11: "v", 12: "f", 13: "r", 34: '"', 92: "\\"}


def patch(plan: Plan) -> bytes:
    """All changed files as one patch, by path."""
    added = [FilePlan(each.path, "", "python", (), each.before, each.content) for each in plan.added]
    files = sorted([*plan.changed, *(file for file in added if file.changed)], key=lambda file: file.path)
    new = {each.path for each in plan.added if not each.before}
    return b"".join(line for file in files for line in _file(file, is_new=file.path in new))


def _file(file: FilePlan, *, is_new: bool) -> Iterator[bytes]:
    old, new = _quoted(f"a/{file.path}"), _quoted(f"b/{file.path}")
    yield b"diff --git %b %b\n" % (old, new)
    yield b"new file mode 100644\n--- /dev/null\n" if is_new else b"--- %b\n" % _ended(old)
    yield b"+++ %b\n" % _ended(new)
    hunks = difflib.diff_bytes(
        difflib.unified_diff, _lines(file.original), _lines(file.ported), n=CONTEXT, lineterm=b"\n"
    )
    for number, line in enumerate(hunks):
        if number < 2:  # difflib's own header, which cannot quote
            continue
        yield line if line.endswith(b"\n") else line + b"\n\\ No newline at end of file\n"


def _lines(data: bytes) -> list[bytes]:
    """Lines as git sees them: only a line feed ends one."""
    return re.findall(rb"[^\n]*\n|[^\n]+", data)


def _quoted(name: str) -> bytes:
    """A C string where the name has control characters, quotes, backslashes or bytes beyond ASCII."""
    raw = os.fsencode(name)
    if all(0x20 <= byte < 0x7F and byte not in ESCAPES for byte in raw):
        return raw
    return b'"%b"' % b"".join(_escaped(byte) for byte in raw)


def _escaped(byte: int) -> bytes:
    if byte in ESCAPES:
        return b"\\" + ESCAPES[byte].encode()
    return bytes([byte]) if 0x20 <= byte < 0x7F else b"\\%03o" % byte


def _ended(name: bytes) -> bytes:
    """An unquoted name with a space needs a tab behind it, for otherwise a date could begin there."""
    return name + b"\t" if b" " in name and not name.startswith(b'"') else name
