"""From a file's bytes to UTF-8 and back, without loss: byte-order mark, cookie, fallback; newlines untouched."""

from __future__ import annotations

import codecs
import re
from dataclasses import dataclass

from porter.checkout.kind import HEAD, kind_of
from porter.errors import UndecodableError

NEWLINE = re.compile(rb"\r\n|\r|\n")
# PEP 263: a comment on line 1, or on line 2 when line 1 is blank or a comment.
COOKIE = re.compile(rb"[ \t\f]*#.*?coding[:=][ \t]*([-\w.]+)")
BLANK = re.compile(rb"[ \t\f]*(#|$)")

# Longest first, since the mark of UTF-32 begins with that of UTF-16.
MARKS = (
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
# Chinese repos write GBK, of which gb18030 is the superset; latin-1 takes any bytes.
FALLBACKS = ("utf-8", "gb18030", "latin-1")


@dataclass(frozen=True, slots=True)
class Text:
    """A file as UTF-8, and what it needs to go back to its own bytes."""

    data: bytes
    encoding: str
    mark: bytes = b""

    def encode(self, data: bytes) -> bytes:
        """`data`, which is UTF-8, in the file's own encoding and with its byte-order mark."""
        if self.encoding == "utf-8":
            return self.mark + data
        try:
            return self.mark + data.decode("utf-8").encode(self.encoding)
        except UnicodeEncodeError as error:
            line = error.object.count("\n", 0, error.start) + 1
            reason = f"{error.object[error.start : error.end]!r} cannot be written in {self.encoding}"
            raise UndecodableError(line, reason) from error


def decode(raw: bytes, name: str) -> Text:
    """The bytes of the file `name` as text; UndecodableError where they do not come back unchanged."""
    if kind_of(name, lambda: raw[:HEAD]) == "python":
        return _decode_python(raw)
    marked = [(mark, encoding) for mark, encoding in MARKS if raw.startswith(mark)]
    for mark, encoding in [*marked, *((b"", encoding) for encoding in FALLBACKS)]:
        try:
            return _faithful(raw, encoding, mark)
        except UndecodableError:
            continue
    raise AssertionError("latin-1 decodes every byte")


def _decode_python(raw: bytes) -> Text:
    mark = codecs.BOM_UTF8 if raw.startswith(codecs.BOM_UTF8) else b""
    line, declared = _cookie(raw[len(mark) :])
    try:
        encoding = _normal(declared) if declared else "utf-8"
    except (LookupError, ValueError) as error:
        raise UndecodableError(line, f"the declared encoding {declared} is unknown") from error
    if mark and encoding != "utf-8":
        raise UndecodableError(line, f"the file has a UTF-8 byte-order mark but declares {declared}")
    return _faithful(raw, encoding, mark)


def _cookie(raw: bytes) -> tuple[int, str]:
    """The line and name of the declared encoding, or an empty name."""
    for number, text in enumerate(NEWLINE.split(raw, maxsplit=2)[:2], start=1):
        found = COOKIE.match(text)
        if found:
            return number, found[1].decode("latin-1")
        if not BLANK.match(text):
            break
    return 1, ""


def _normal(declared: str) -> str:
    """The codec's own name; editors add a suffix such as -unix, which CPython passes over for these two families."""
    lowered = declared[:12].lower().replace("_", "-")
    if re.match(r"utf-?8(-|$)", lowered):
        return "utf-8"
    if re.match(r"(latin-1|iso-8859-1|iso-latin-1)(-|$)", lowered):
        return "iso8859-1"
    return codecs.lookup(declared).name


def _faithful(raw: bytes, encoding: str, mark: bytes) -> Text:
    body = raw[len(mark) :]
    try:
        data = body.decode(encoding).encode("utf-8")
        text = Text(data, encoding, mark)
        same = text.encode(data) == raw
    except UnicodeDecodeError as error:
        line = len(NEWLINE.findall(body, 0, error.start)) + 1
        raise UndecodableError(line, f"not {encoding}: {error.reason}") from error
    except (ValueError, LookupError, ArithmeticError) as error:  # a codec that is not for text, such as rot13 or idna
        raise UndecodableError(1, f"{encoding} cannot hold this file: {error}") from error
    if not same:
        raise UndecodableError(1, f"the file does not come back unchanged from {encoding}")
    return text
