"""Text from elsewhere made safe to show: in GitHub Markdown, and anywhere control characters would play tricks."""

from __future__ import annotations

import re
from urllib.parse import quote, urlsplit

PROSE = 600  # characters of a reason or an advice that are shown; report.json has the whole
INLINE = 200  # characters of code that are shown in one line

# C0 and C1 controls, line separators, zero-width and bidirectional marks: what is not seen, or makes other text lie.
_HIDDEN = re.compile("[\x00-\x1f\x7f-\x9f\u061c\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff\ufff9-\ufffb]")
_SURROGATE = re.compile("[\ud800-\udfff]")
_NEWLINE = re.compile(r"\r\n|\r|\n")

_TOKEN = re.compile(
    r"(?P<code>(?<!`)`[^`]+`(?!`))"
    r"|(?P<url>https?://[^\s<>`\"'|\\]*[^\s<>`\"'|\\.,;:!?)\]])"
    # What GitHub would make a mention, an issue, a commit, a link or a formula of, even when it is escaped.
    r"|(?P<magic>[\w.+/-]*@\w[\w./-]*|[\w./-]*#\d+|\bGH-\d+|\b[0-9a-f]{40}\b|\bwww\.\S+|\S*\$\S*)",
)
_MARKUP = re.compile(r"[&<>]|[\\`*{}\[\]|~#]|(?<![A-Za-z0-9])_|_(?![A-Za-z0-9])|^[-+=]|^\d+(?=[.)])")
_ENTITIES = re.compile(r"[&<>\"'`*_\[\]|\\~:@#$]")


class Safe(str):
    """Markdown that may stand in the report as it is; every other string is escaped when a template prints it."""

    __slots__ = ()


def plain(text: str) -> str:
    """Without lone surrogates, which no encoder takes: a byte of a file name that is not UTF-8 is shown as \\xNN."""
    return _SURROGATE.sub(_byte, text)


def visible(text: str) -> str:
    """On one line, with every character that a reader would not see, or would be misled by, spelled out."""
    return _HIDDEN.sub(_picture, _NEWLINE.sub("↵", plain(text)).replace("\t", "    "))


def shorten(text: str, limit: int) -> str:
    return text if len(text) <= limit else text[: limit - 1] + "…"


def code(text: str, limit: int = INLINE) -> Safe:
    """Text as inline code: nothing in it is markup, a mention or a link. It may stand in a table."""
    text = shorten(visible(text).strip(), limit)
    if not text or "`" in text or "|" in text:
        return html(text, limit) if text else Safe("")
    return Safe(f"`{text}`")


def html(text: str, limit: int = INLINE) -> Safe:
    """The same for places where Markdown is not read, such as a summary: HTML in which every mark is an entity."""
    text = _ENTITIES.sub(lambda mark: f"&#{ord(mark[0])};", shorten(visible(text).strip(), limit))
    return Safe(f"<code>{text}</code>")


def prose(text: str) -> Safe:
    """A sentence of a rule or of a reason: its `code` stays code, its addresses links, all else is only text."""
    text = shorten(visible(" ".join(text.split())), PROSE)
    parts, end = [], 0
    for token in _TOKEN.finditer(text):
        parts.append(_literal(text[end : token.start()], first=end == 0))
        parts.append(_token(token))
        end = token.end()
    parts.append(_literal(text[end:], first=end == 0))
    return Safe("".join(parts))


def link(url: str, text: str = "") -> Safe:
    """A link with its host as text; what is no web address is shown as code instead."""
    host = _host(url)
    if not host:
        return code(url)
    return Safe(f"[{text or code(host)}]({quote(plain(url), safe='/:?#@!$&,;=+%~*')})")


def _host(url: str) -> str:
    try:
        parts = urlsplit(plain(url))
        return (parts.hostname or "") if parts.scheme in ("http", "https") else ""
    except ValueError:
        return ""


def _token(token: re.Match[str]) -> str:
    if token["code"]:
        return code(token["code"].strip("`"), PROSE)
    if token["url"]:
        return f"<{token['url']}>" if _host(token["url"]) else code(token["url"], PROSE)
    return code(token["magic"], PROSE)


def _literal(text: str, first: bool) -> str:
    """Backslashes before marks; `^` of the pattern means the start of the sentence, where lists and headings begin."""
    return _MARKUP.sub(_escape, text if first else f"\0{text}").removeprefix("\0")


def _escape(mark: re.Match[str]) -> str:
    # A backslash before a digit, as of `1.` at the start, is no escape; before these three an entity is safer.
    return f"&#{ord(mark[0][0])};{mark[0][1:]}" if mark[0][0] in "&<>0123456789" else f"\\{mark[0]}"


def _byte(match: re.Match[str]) -> str:
    value = ord(match[0])
    return f"\\x{value - 0xDC00:02x}" if 0xDC80 <= value <= 0xDCFF else f"\\u{value:04x}"


def _picture(match: re.Match[str]) -> str:
    value = ord(match[0])
    return chr(0x2400 + value) if value < 0x20 else f"⟨U+{value:04X}⟩"
